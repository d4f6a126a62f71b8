/* What a component imports and exports, in WIT's words (wasmcm_component_wit), and types by
 * themselves (wasmcm_type_wit), with all that is in them where there are no names for it.
 *
 *   package root:component;
 *   world root { imports; exports }                     the component's own names
 *   package wasi:io@0.2.6 { interface streams {...} }   each interface that it names, once
 *
 * A type is printed where it is first exported, and used from there elsewhere. */
#include "component/cm_api.h"

#include "base/buffer.h"

typedef struct NamedInterface {
  ExternName name;
  const Interface *interface;
  bool is_printed;
} NamedInterface;

typedef struct Wit {
  Buffer out;
  Vec(NamedInterface) named; /* in order */
  const Items *types; /* among which a type of its own is looked for; NULL: no type has a name */
  const Items *other_types;  /* and then there; NULL: nowhere */
  const ExternName *package; /* of the interface that is printed; NULL: the world */
  u32 depth;
  u64 fuel;      /* steps that are left: a few bytes can be a name for much */
  bool is_whole; /* types without a name are written with all that is in them */
  bool failed;
} Wit;

enum { MAX_TEXT = 64 << 20, MAX_STEPS = 100000000 };

/* ---- text ---- */

static void put_bytes(Wit *w, Name name) {
  w->failed |= w->out.len > MAX_TEXT;
  if (!w->failed) wm_buffer_bytes(&w->out, name.text, name.len);
}
static void put(Wit *w, const char *text) { put_bytes(w, (Name){text, (u32)strlen(text)}); }
static void indent(Wit *w) {
  for (u32 i = 0; i < w->depth; i++) put(w, "  ");
}

/* A name that is a word of WIT's has a sign before it. */
static void put_label(Wit *w, Name name) {
  static const char *const words[] = {
      "as",        "async", "bool",         "borrow", "char", "constructor", "enum",   "export",
      "f32",       "f64",   "flags",        "from",   "func", "future",      "import", "include",
      "interface", "list",  "map",          "option", "own",  "package",     "record", "resource",
      "result",    "s16",   "s32",          "s64",    "s8",   "static",      "stream", "string",
      "tuple",     "type",  "u16",          "u32",    "u64",  "u8",          "use",    "variant",
      "with",      "world", "error-context"};
  for (u32 i = 0; i < ARRAY_LEN(words); i++)
    if (wm_name_is(name, words[i])) put(w, "%");
  put_bytes(w, name);
}

/* "ns:package" of "ns:package/interface@1.0.0", and "interface". */
static Name package_of(const ExternName *name) {
  const char *slash = memchr(name->text.text, '/', name->text.len);
  return (Name){name->text.text, slash ? (u32)(slash - name->text.text) : name->text.len};
}

static Name interface_of(const ExternName *name) {
  u32 begin = package_of(name).len + 1;
  u32 behind = name->version.text ? name->version.len + 1 : 0;
  return (Name){name->text.text + begin, name->text.len - begin - behind};
}

static void put_package(Wit *w, const ExternName *name) {
  put_bytes(w, package_of(name));
  if (!name->version.text) return;
  put(w, "@");
  put_bytes(w, name->version);
}

static bool same_package(const ExternName *a, const ExternName *b) {
  return wm_name_equal(package_of(a), package_of(b)) && !a->version.text == !b->version.text &&
         (!a->version.text || wm_name_equal(a->version, b->version));
}

static bool parse_name(Wit *w, Name text, ExternName *name) {
  Error err = {0};
  bool good = wm_extern_name_parse(text, 0, &err, name);
  w->failed |= !good;
  return good;
}

/* ---- which type is which ---- */

static bool is_nominal(const Type *type) {
  return type->kind == TYPE_RECORD || type->kind == TYPE_VARIANT || type->kind == TYPE_ENUM ||
         type->kind == TYPE_FLAGS;
}

static const Type *root_of(const Type *type) {
  while (type->origin) type = type->origin;
  return type;
}

/* Whether it is the one, under whatever name. */
static bool is_same(const Type *a, const Type *b) {
  if (a->resource || b->resource) return a->resource == b->resource;
  return a == b || (is_nominal(a) && root_of(a) == root_of(b));
}

static bool step(Wit *w) {
  if (w->fuel) w->fuel--;
  w->failed |= !w->fuel;
  return !w->failed;
}

static const Item *find_type(Wit *w, const Items *items, const Type *type) {
  for (u32 i = 0; items && i < items->list.len && step(w); i++) {
    const Item *item = &items->list.data[i];
    bool is_type = item->entity.sort == SORT_TYPE &&
                   (is_nominal(type) || (type->resource && item->entity.type->resource));
    if (is_type && is_same(item->entity.type, type)) return item;
  }
  return NULL;
}

/* ---- types ---- */

static void put_type(Wit *w, const Type *type);

/* "record { x: u32, y: u8 }" */
static void put_whole(Wit *w, const Type *type) {
  put(w, wm_type_word(type));
  for (u32 i = 0; i < type->count && step(w); i++) {
    const Type *part = type->of ? type->of[i] : NULL;
    put(w, i ? ", " : " { ");
    put_label(w, type->names[i]);
    if (part) put(w, type->kind == TYPE_RECORD ? ": " : "(");
    if (part) put_type(w, part);
    if (part && type->kind != TYPE_RECORD) put(w, ")");
  }
  put(w, " }");
}

static void put_name_of(Wit *w, const Type *type) {
  const Item *item = find_type(w, w->types, type);
  if (!item) item = find_type(w, w->other_types, type);
  if (item)
    put_label(w, item->name);
  else if (type->resource)
    put(w, type->kind == TYPE_OWN ? "own<resource>" : "resource");
  else if (w->is_whole)
    put_whole(w, type);
  else
    put(w, wm_type_word(type)); /* a component that did not come from WIT */
}

static void put_parts(Wit *w, const char *open, const Type *const *of, u32 count) {
  put(w, open);
  for (u32 i = 0; i < count; i++) {
    put(w, i ? ", " : "");
    if (of[i])
      put_type(w, of[i]);
    else
      put(w, "_");
  }
  put(w, ">");
}

static void put_result(Wit *w, const Type *type) {
  u32 count = !type->of ? 0 : type->of[1] ? 2 : type->of[0] ? 1 : 0;
  if (count)
    put_parts(w, "result<", type->of, count);
  else
    put(w, "result");
}

static void put_structure(Wit *w, const Type *type) {
  switch ((TypeKind)type->kind) {
  case TYPE_LIST: put_parts(w, "list<", type->of, 1); break;
  case TYPE_TUPLE: put_parts(w, "tuple<", type->of, type->count); break;
  case TYPE_OPTION: put_parts(w, "option<", type->of + 1, 1); break;
  case TYPE_RESULT: put_result(w, type); break;
  case TYPE_BORROW:
    put(w, "borrow<");
    put_name_of(w, type);
    put(w, ">");
    break;
  default:
    if (type->kind <= TYPE_STRING)
      put(w, wm_type_word(type));
    else
      put_name_of(w, type);
  }
}

/* The name of `type name = ...`; NULL: it has none. */
static const Item *find_alias(Wit *w, const Items *items, const Type *type) {
  for (u32 i = 0; items && type->origin && i < items->list.len && step(w); i++) {
    const Item *item = &items->list.data[i];
    if (item->entity.sort == SORT_TYPE && item->entity.type == type) return item;
  }
  return NULL;
}

static void put_type(Wit *w, const Type *type) {
  const Item *alias = find_alias(w, w->types, type);
  if (!alias) alias = find_alias(w, w->other_types, type);
  if (alias)
    put_label(w, alias->name);
  else
    put_structure(w, type);
}

/* "(a: u32) -> u32", without the first `skip` parameters. */
static void put_signature(Wit *w, const Type *func, u32 skip, bool with_result) {
  put(w, "(");
  for (u32 i = skip; i < func->count; i++) {
    put(w, i > skip ? ", " : "");
    put_label(w, func->names[i]);
    put(w, ": ");
    put_type(w, func->of[i]);
  }
  put(w, ")");
  if (!func->result || !with_result) return;
  put(w, " -> ");
  put_type(w, func->result);
}

static void put_func(Wit *w, Name name, const Type *func) {
  put_label(w, name);
  put(w, ": func");
  put_signature(w, func, 0, true);
  put(w, ";\n");
}

/* ---- definitions ---- */

static void put_cases(Wit *w, const char *word, Name name, const Type *type) {
  put(w, word);
  put_label(w, name);
  put(w, " {\n");
  w->depth++;
  for (u32 i = 0; i < type->count; i++) {
    const Type *part = type->of ? type->of[i] : NULL;
    indent(w);
    put_label(w, type->names[i]);
    if (part) put(w, type->kind == TYPE_RECORD ? ": " : "(");
    if (part) put_type(w, part);
    put(w, part && type->kind != TYPE_RECORD ? "),\n" : ",\n");
  }
  w->depth--;
  indent(w);
  put(w, "}\n");
}

static void put_member(Wit *w, const ExternName *name, const Type *func) {
  bool is_method = name->form == NAME_METHOD, is_new = name->form == NAME_CONSTRUCTOR;
  indent(w);
  if (is_new)
    put(w, "constructor");
  else
    put_label(w, name->member);
  if (!is_new) put(w, is_method ? ": func" : ": static func");
  bool shows_result = !is_new || func->result->kind == TYPE_RESULT;
  put_signature(w, func, is_method ? 1 : 0, shows_result);
  put(w, ";\n");
}

/* The functions of the resource are among the items. */
static void put_members(Wit *w, const Items *items, Name resource) {
  for (u32 i = 0; i < items->list.len && step(w); i++) {
    const Item *item = &items->list.data[i];
    ExternName name;
    if (item->entity.sort != SORT_FUNC || !parse_name(w, item->name, &name)) continue;
    bool is_member = name.form >= NAME_CONSTRUCTOR && name.form <= NAME_STATIC;
    if (is_member && wm_name_equal(name.resource, resource))
      put_member(w, &name, item->entity.type);
  }
}

static void put_resource(Wit *w, const Items *items, Name name) {
  put(w, "resource ");
  put_label(w, name);
  put(w, " {\n");
  w->depth++;
  put_members(w, items, name);
  w->depth--;
  indent(w);
  put(w, "}\n");
}

static void put_definition(Wit *w, const Items *items, Name name, const Type *type) {
  switch ((TypeKind)type->kind) {
  case TYPE_RESOURCE: put_resource(w, items, name); break;
  case TYPE_RECORD: put_cases(w, "record ", name, type); break;
  case TYPE_VARIANT: put_cases(w, "variant ", name, type); break;
  case TYPE_ENUM: put_cases(w, "enum ", name, type); break;
  case TYPE_FLAGS: put_cases(w, "flags ", name, type); break;
  default:
    put(w, "type ");
    put_label(w, name);
    put(w, " = ");
    put_structure(w, type);
    put(w, ";\n");
  }
}

/* Where it is from: an interface that comes before `self` (NULL: all do). NULL: from here. */
static const NamedInterface *source_of(Wit *w, const Interface *self, const Type *type,
                                       const Item **there) {
  for (u32 i = 0; i < w->named.len && w->named.data[i].interface != self; i++) {
    *there = find_type(w, &w->named.data[i].interface->exports, type);
    if (*there) return &w->named.data[i];
  }
  return NULL;
}

static void put_type_item(Wit *w, const Interface *self, const Items *items, const Item *item) {
  const Item *there;
  const NamedInterface *source = source_of(w, self, item->entity.type, &there);
  indent(w);
  if (!source) {
    put_definition(w, items, item->name, item->entity.type);
    return;
  }
  put(w, "use ");
  if (w->package && same_package(w->package, &source->name))
    put_label(w, interface_of(&source->name));
  else
    put_bytes(w, source->name.text);
  put(w, ".{");
  put_label(w, there->name);
  if (!wm_name_equal(there->name, item->name)) put(w, " as ");
  if (!wm_name_equal(there->name, item->name)) put_label(w, item->name);
  put(w, "};\n");
}

/* ---- interfaces ---- */

static void put_plain_func(Wit *w, const char *before, const Item *item) {
  ExternName name;
  if (!parse_name(w, item->name, &name) || name.form != NAME_LABEL) return;
  indent(w);
  put(w, before);
  put_func(w, item->name, item->entity.type);
}

/* What is in it, in braces. */
static void put_interface(Wit *w, const Interface *interface) {
  const Items *items = &interface->exports;
  w->types = items;
  w->other_types = NULL;
  put(w, " {\n");
  w->depth++;
  for (u32 i = 0; i < items->list.len; i++) {
    const Item *item = &items->list.data[i];
    if (item->entity.sort == SORT_TYPE) put_type_item(w, interface, items, item);
    if (item->entity.sort == SORT_FUNC) put_plain_func(w, "", item);
  }
  w->depth--;
  indent(w);
  put(w, "}\n");
}

/* All of a package that were not printed yet, from the one on. */
static void put_package_from(Wit *w, u32 first) {
  const ExternName *package = &w->named.data[first].name;
  put(w, "\npackage ");
  put_package(w, package);
  put(w, " {\n");
  w->depth++;
  w->package = package;
  for (u32 i = first; i < w->named.len && step(w); i++) {
    NamedInterface *named = &w->named.data[i];
    if (named->is_printed || !same_package(&named->name, package)) continue;
    named->is_printed = true;
    indent(w);
    put(w, "interface ");
    put_label(w, interface_of(&named->name));
    put_interface(w, named->interface);
  }
  w->depth--;
  put(w, "}\n");
}

/* ---- the world ---- */

static bool is_named(const Wit *w, Name name) {
  for (u32 i = 0; i < w->named.len; i++)
    if (wm_name_equal(w->named.data[i].name.text, name)) return true;
  return false;
}

static void note_interfaces(Wit *w, const Items *items) {
  for (u32 i = 0; i < items->list.len && step(w); i++) {
    const Item *item = &items->list.data[i];
    ExternName name;
    if (item->entity.sort != SORT_INSTANCE || !parse_name(w, item->name, &name)) continue;
    if (name.form != NAME_INTERFACE || is_named(w, item->name)) continue;
    NamedInterface *slot = vec_push(&w->named);
    w->failed |= !slot;
    if (slot) *slot = (NamedInterface){name, item->entity.type->interface, false};
  }
}

/* `way`: "import " or "export ". */
static void put_instance(Wit *w, const char *way, const Item *item, const Interface *world) {
  indent(w);
  put(w, way);
  put_bytes(w, item->name);
  if (is_named(w, item->name)) {
    put(w, ";\n");
    return;
  }
  put(w, ": interface");
  put_interface(w, item->entity.type->interface);
  w->types = &world->imports;
  w->other_types = &world->exports;
}

/* Types that it exports without importing them are told as if they were the world's own. */
static void put_world_items(Wit *w, const char *way, const Items *items, const Interface *world) {
  for (u32 i = 0; i < items->list.len && step(w); i++) {
    const Item *item = &items->list.data[i];
    switch ((Sort)item->entity.sort) {
    case SORT_INSTANCE: put_instance(w, way, item, world); break;
    case SORT_FUNC: put_plain_func(w, way, item); break;
    case SORT_TYPE:
      if (items == &world->imports || !find_type(w, &world->imports, item->entity.type))
        put_type_item(w, NULL, items, item);
      break;
    default:
      indent(w);
      put(w, "// ");
      put(w, way);
      put_bytes(w, item->name);
      put(w, ": ");
      put(w, wm_sort_word((Sort)item->entity.sort));
      put(w, "\n");
    }
  }
}

static void put_world(Wit *w, const Interface *world) {
  note_interfaces(w, &world->imports);
  note_interfaces(w, &world->exports);
  w->types = &world->imports;
  w->other_types = &world->exports;
  put(w, "package root:component;\n\nworld root {\n");
  w->depth++;
  put_world_items(w, "import ", &world->imports, world);
  put_world_items(w, "export ", &world->exports, world);
  w->depth--;
  put(w, "}\n");
  for (u32 i = 0; i < w->named.len; i++)
    if (!w->named.data[i].is_printed) put_package_from(w, i);
}

bool wm_text_give(Buffer *text, bool good, wasm_byte_vec_t *out) {
  *out = (wasm_byte_vec_t){0, NULL};
  if (good && !text->failed) wasm_byte_vec_new(out, text->len, (const wasm_byte_t *)text->data);
  wm_buffer_free(text);
  return out->data != NULL;
}

bool wasmcm_component_wit(const wasmcm_component_t *component, wasm_byte_vec_t *out) {
  if (!component || !out) return false;
  Wit w = {.fuel = MAX_STEPS};
  put_world(&w, component->component->body->type->interface);
  vec_free(&w.named);
  return wm_text_give(&w.out, !w.failed, out);
}

/* ---- a type alone ---- */

static void put_any(Wit *w, const Type *type) {
  if (type->kind == TYPE_FUNC) {
    put(w, "func");
    put_signature(w, type, 0, true);
  } else if (type_is_value(type)) {
    put_type(w, type);
  } else {
    put(w, wm_type_word(type));
  }
}

bool wasmcm_type_wit(const wasmcm_type_t *type, const wasmcm_type_t *within, wasm_byte_vec_t *out) {
  const Type *around = wm_api_type(within);
  if (!type || !out) return false;
  Wit w = {.fuel = MAX_STEPS, .is_whole = true};
  if (around && around->interface) w.types = &around->interface->exports;
  if (around && around->interface) w.other_types = &around->interface->imports;
  put_any(&w, wm_api_type(type));
  return wm_text_give(&w.out, !w.failed, out);
}

const char *wm_type_text(char *out, size_t size, const Type *type) {
  Wit w = {.fuel = MAX_STEPS, .is_whole = true};
  put_any(&w, type);
  wm_escape(out, size, w.out.data ? (const char *)w.out.data : "", w.out.len);
  wm_buffer_free(&w.out);
  return out;
}

bool wm_type_text_is(const Type *type, const char *text) {
  Wit w = {.fuel = MAX_STEPS, .is_whole = true};
  put_any(&w, type);
  bool same = !w.failed && !w.out.failed && w.out.len == strlen(text) &&
              memcmp(w.out.data, text, w.out.len) == 0;
  wm_buffer_free(&w.out);
  return same;
}
