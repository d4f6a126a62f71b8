/* `wasm component header`: a C header from a component's own types.
 *
 *   for each interface that it imports    types; a struct of callbacks; NAME_define
 *   for each that it exports              types; a struct of functions; NAME_open, NAME_close;
 *                                         for each function NAME_x
 *
 * All calls go by wasmcm_func_call_struct and wasmcm_linker_define_struct_func, whose types are
 * compared when functions are looked up or linked. Names of the header's own in functions end with
 * "_": in WIT no name does. */
#include "tools/component_c_types.h"

typedef struct Part { /* an interface, or what a component has without one */
  const char *iface;  /* NULL: no interface */
  const char *stem;   /* C names begin so */
  const Items *items;
  bool is_import;
} Part;

typedef Vec(Part) Parts;

/* ---- functions ---- */

typedef struct CFunc {
  const char *field;  /* in the struct */
  const char *symbol; /* what functions of the header for it are called */
  Name name;
  const Type *type;
  const char **params, **types;
  const char *result; /* NULL: none */
} CFunc;

typedef Vec(CFunc) CFuncs;

/* "[method]thing.number": thing_number; "[constructor]thing": thing_new. */
static const char *field_of(CHeader *h, NameMap *taken, Name text) {
  ExternName name;
  Error err = {0};
  if (!wm_extern_name_parse(text, 0, &err, &name) || name.form == NAME_LABEL)
    return member_name(h, taken, text);
  bool is_new = name.form == NAME_CONSTRUCTOR;
  const char *member = is_new ? "new" : snake_of(h, name.member);
  return safe_name(h, taken, header_text(h, "%s_%s", snake_of(h, name.resource), member));
}

static bool fill_func(CHeader *h, CFunc *f) {
  NameMap taken = {0};
  f->params = arena_array(&h->arena, const char *, f->type->count + 1);
  f->types = arena_array(&h->arena, const char *, f->type->count + 1);
  h->failed |= !f->params || !f->types;
  for (u32 i = 0; !h->failed && i < f->type->count; i++) {
    f->params[i] = member_name(h, &taken, f->type->names[i]);
    f->types[i] = c_type(h, f->type->of[i]);
  }
  if (!h->failed && f->type->result) f->result = c_type(h, f->type->result);
  wm_namemap_free(&taken);
  return !h->failed;
}

static void gather_funcs(CHeader *h, const Part *part, const char *stem, NameMap *fields,
                         CFuncs *funcs) {
  for (u32 i = 0; i < part->items->list.len && !h->failed; i++) {
    const Item *item = &part->items->list.data[i];
    if (item->entity.sort != SORT_FUNC) continue;
    CFunc f = {.name = item->name, .type = item->entity.type};
    f.field = field_of(h, fields, item->name);
    f.symbol = unique_name(h, &h->used, header_text(h, "%s_%s", stem, f.field));
    CFunc *slot = fill_func(h, &f) ? vec_push(funcs) : NULL;
    if (slot) *slot = f;
    h->failed |= !slot;
  }
}

/* ---- text ---- */

static void put_wit(CHeader *h, const Type *type) {
  wasm_byte_vec_t wit;
  if (wasmcm_type_wit((const wasmcm_type_t *)(const void *)type, NULL, &wit)) {
    wm_buffer_bytes(&h->out, wit.data, wit.size);
    wasm_byte_vec_delete(&wit);
  } else {
    h->failed = true;
  }
}

enum { MAX_LITERAL = 4000 }; /* C99 promises 4095 characters */

/* `static const char type_[] = ...`: a literal, or an array when it is too long for one. */
static void put_type_text(CHeader *h, const Type *type) {
  put(h, "  static const char type_[] = ");
  size_t begin = h->out.len;
  put_wit(h, type);
  size_t len = h->out.len - begin;
  const char *text = header_text(h, "%.*s", (int)len, (const char *)h->out.data + begin);
  h->out.len = begin;
  if (len <= MAX_LITERAL) {
    put(h, "\"%s\";\n", text);
    return;
  }
  put(h, "{");
  for (size_t i = 0; i < len; i++) put(h, "%s'%c',", i % 16 ? "" : "\n    ", text[i]);
  put(h, " 0};\n");
}

static void put_struct_of_args(CHeader *h, const CFunc *f, const char *before) {
  put(h, "  %sstruct {\n", before);
  for (u32 i = 0; i < f->type->count; i++) put(h, "    %s %s;\n", f->types[i], f->params[i]);
}

static void put_params(CHeader *h, const CFunc *f, const char *first) {
  put(h, "(%s", first);
  for (u32 i = 0; i < f->type->count; i++) put(h, ", %s %s", f->types[i], f->params[i]);
  if (f->result) put(h, ", %s *result_", f->result);
}

/* NULL for functions of the component itself. */
static const char *iface_literal(CHeader *h, const Part *part) {
  return part->iface ? header_text(h, "\"%s\"", part->iface) : "NULL";
}

static void put_comment(CHeader *h, const Part *part) {
  put(h, "\n/* ---- %s, which the component %s ---- */\n",
      part->iface ? part->iface : "without an interface", part->is_import ? "imports" : "exports");
}

/* ---- exports ---- */

static void put_exports_struct(CHeader *h, const char *stem, const CFuncs *funcs) {
  put(h, "\ntypedef struct %s_t {\n", stem);
  for (u32 i = 0; i < funcs->len; i++) put(h, "  wasmcm_func_t *%s;\n", funcs->data[i].field);
  put(h, "} %s_t;\n", stem);
}

static void put_call(CHeader *h, const char *stem, const CFunc *f) {
  bool has_memory = f->result && f->type->result->has_pointer;
  put(h, "\nstatic inline wasm_trap_t *%s", f->symbol);
  put_params(h, f, header_text(h, "const %s_t *self_", stem));
  put(h, "%s) {\n", has_memory ? ", wasmcm_memory_t **memory_" : "");
  if (f->type->count) put_struct_of_args(h, f, "");
  if (f->type->count) put(h, "  } args_;\n");
  for (u32 i = 0; i < f->type->count; i++) put(h, "  args_.%s = %s;\n", f->params[i], f->params[i]);
  put(h, "  return wasmcm_func_call_struct(self_->%s, %s, %s, %s);\n}\n", f->field,
      f->type->count ? "&args_" : "NULL", f->result ? "result_" : "NULL",
      has_memory ? "memory_" : "NULL");
}

static void put_find(CHeader *h, const Part *part, const CFunc *f) {
  put(h, "\nstatic inline wasmcm_func_t *wasmcm_find_%s(const wasmcm_instance_t *instance_) {\n",
      f->symbol);
  put_type_text(h, f->type);
  put(h, "  return wasmcm_instance_func_of_type(instance_, %s, \"%.*s\", type_);\n}\n",
      iface_literal(h, part), (int)f->name.len, f->name.text);
}

static void put_close(CHeader *h, const char *stem, const CFuncs *funcs) {
  put(h, "\nstatic inline void %s_close(%s_t *self_) {\n", stem, stem);
  for (u32 i = 0; i < funcs->len; i++) {
    const char *field = funcs->data[i].field;
    put(h, "  wasmcm_func_delete(self_->%s);\n  self_->%s = NULL;\n", field, field);
  }
  put(h, "}\n");
}

static void put_open(CHeader *h, const char *stem, const CFuncs *funcs) {
  put(h,
      "\n/* To be closed. False: a function is missing or of another type, or there is no memory. "
      "*/\n"
      "static inline bool %s_open(%s_t *self_, const wasmcm_instance_t *instance_) {\n",
      stem, stem);
  for (u32 i = 0; i < funcs->len; i++)
    put(h, "  self_->%s = wasmcm_find_%s(instance_);\n", funcs->data[i].field,
        funcs->data[i].symbol);
  put(h, "  if (");
  for (u32 i = 0; i < funcs->len; i++)
    put(h, "%sself_->%s", i ? " &&\n      " : "", funcs->data[i].field);
  put(h, ") return true;\n  %s_close(self_);\n  return false;\n}\n", stem);
}

static void put_exports(CHeader *h, const Part *part, const char *stem, const CFuncs *funcs) {
  put_exports_struct(h, stem, funcs);
  for (u32 i = 0; i < funcs->len; i++) put_find(h, part, &funcs->data[i]);
  put_close(h, stem, funcs);
  put_open(h, stem, funcs);
  for (u32 i = 0; i < funcs->len; i++) put_call(h, stem, &funcs->data[i]);
}

/* ---- imports ---- */

static bool is_resource(const Item *item) {
  return item->entity.sort == SORT_TYPE && item->entity.type->kind == TYPE_RESOURCE;
}

typedef struct ResourceFields {
  const char *resource, *drop;
} ResourceFields;

/* A callback and the resource for each; their names, in the order of the items. */
static ResourceFields *put_resources(CHeader *h, const Part *part, NameMap *taken) {
  const Items *items = part->items;
  ResourceFields *fields = arena_array(&h->arena, ResourceFields, items->list.len + 1);
  h->failed |= !fields;
  for (u32 i = 0; fields && i < items->list.len; i++) {
    if (!is_resource(&items->list.data[i])) continue;
    const char *name = header_text(h, "%s_resource", snake_of(h, items->list.data[i].name));
    fields[i].resource = unique_name(h, taken, name);
    fields[i].drop = unique_name(h, taken, header_text(h, "drop_%s", fields[i].resource));
    put(h, "  wasmcm_resource_t *%s; /* for handles; set when it is defined */\n",
        fields[i].resource);
    put(h, "  wasmcm_destructor_t %s; /* may be NULL */\n", fields[i].drop);
  }
  return fields;
}

static ResourceFields *put_imports_struct(CHeader *h, const Part *part, const char *stem,
                                          NameMap *taken, const CFuncs *funcs) {
  put(h, "\ntypedef struct %s_t {\n  void *env_; /* for the callbacks */\n", stem);
  ResourceFields *resources = put_resources(h, part, taken);
  for (u32 i = 0; i < funcs->len; i++) {
    put(h, "  wasm_trap_t *(*%s)", funcs->data[i].field);
    put_params(h, &funcs->data[i], "void *env_, wasmcm_call_t *call_");
    put(h, ");\n");
  }
  put(h, "} %s_t;\n", stem);
  return resources;
}

static void put_callback(CHeader *h, const char *stem, const CFunc *f) {
  put(h,
      "\nstatic inline wasm_trap_t *wasmcm_call_%s(void *self_, wasmcm_call_t *call_, const void "
      "*in_,\n"
      "    void *out_) {\n  const %s_t *host_ = (const %s_t *)self_;\n",
      f->symbol, stem, stem);
  if (f->type->count) put_struct_of_args(h, f, "typedef ");
  if (f->type->count) put(h, "  } args_t_;\n  const args_t_ *args_ = (const args_t_ *)in_;\n");
  if (!f->type->count) put(h, "  (void)in_;\n");
  if (!f->result) put(h, "  (void)out_;\n");
  /* In parentheses it is no macro of the host's. */
  put(h, "  return (host_->%s)(host_->env_, call_", f->field);
  for (u32 i = 0; i < f->type->count; i++) put(h, ", args_->%s", f->params[i]);
  if (f->result) put(h, ", (%s *)out_", f->result);
  put(h, ");\n}\n");
}

static void put_define_func(CHeader *h, const Part *part, const char *stem, const CFunc *f) {
  put(h, "\nstatic inline bool wasmcm_define_%s(wasmcm_linker_t *linker_, %s_t *host_) {\n",
      f->symbol, stem);
  put_type_text(h, f->type);
  put(h,
      "  return wasmcm_linker_define_struct_func(linker_, %s, \"%.*s\", type_, wasmcm_call_%s, "
      "host_,\n"
      "                                          NULL);\n}\n",
      iface_literal(h, part), (int)f->name.len, f->name.text, f->symbol);
}

static void put_define(CHeader *h, const Part *part, const char *stem, const CFuncs *funcs,
                       const ResourceFields *resources) {
  put(h,
      "\n/* *host_ must outlive the linker and its instances. False: no memory. */\n"
      "static inline bool %s_define(wasmcm_linker_t *linker_, %s_t *host_) {\n",
      stem, stem);
  for (u32 i = 0; i < part->items->list.len; i++) {
    const Item *item = &part->items->list.data[i];
    if (!is_resource(item)) continue;
    put(h,
        "  host_->%s = wasmcm_linker_define_resource(linker_, %s, \"%.*s\",\n"
        "                                            host_->%s, host_->env_, NULL);\n"
        "  if (!host_->%s) return false;\n",
        resources[i].resource, iface_literal(h, part), (int)item->name.len, item->name.text,
        resources[i].drop, resources[i].resource);
  }
  for (u32 i = 0; i < funcs->len; i++)
    put(h, "  if (!wasmcm_define_%s(linker_, host_)) return false;\n", funcs->data[i].symbol);
  put(h, "  return true;\n}\n");
}

static void put_imports(CHeader *h, const Part *part, const char *stem, NameMap *taken,
                        const CFuncs *funcs) {
  const ResourceFields *resources = put_imports_struct(h, part, stem, taken, funcs);
  if (!resources) return;
  for (u32 i = 0; i < funcs->len; i++) put_callback(h, stem, &funcs->data[i]);
  for (u32 i = 0; i < funcs->len; i++) put_define_func(h, part, stem, &funcs->data[i]);
  put_define(h, part, stem, funcs, resources);
}

static bool has_resources(const Items *items) {
  for (u32 i = 0; i < items->list.len; i++)
    if (is_resource(&items->list.data[i])) return true;
  return false;
}

/* What the names of the part's struct and functions begin with. */
static const char *take_stem(CHeader *h, const Part *part) {
  static const char *const exports[] = {"_t", "_open", "_close", NULL}, *const imports[] = {
                                                                            "_t", "_define", NULL};
  const char *stem = part->is_import ? header_text(h, "%s_imports", part->stem) : part->stem;
  return unique_stem(h, stem, part->is_import ? imports : exports);
}

static void put_part(CHeader *h, const Part *part) {
  CFuncs funcs = {0};
  NameMap fields = {0};
  put_comment(h, part);
  for (u32 i = 0; i < part->items->list.len && !h->failed; i++)
    if (part->items->list.data[i].entity.sort == SORT_TYPE)
      declare_item(h, &part->items->list.data[i], part->stem);
  const char *stem = take_stem(h, part);
  gather_funcs(h, part, stem, &fields, &funcs);
  if (!part->is_import && funcs.len) put_exports(h, part, stem, &funcs);
  if (part->is_import && (funcs.len || has_resources(part->items)))
    put_imports(h, part, stem, &fields, &funcs);
  wm_namemap_free(&fields);
  vec_free(&funcs);
}

/* ---- the whole ---- */

/* Names of the library's own are not to be made again. */
static const char *apart(CHeader *h, const char *stem) {
  static const char *const ours[] = {"wasm", "wasmx", "wasmcm"};
  size_t len = strcspn(stem, "_");
  for (u32 i = 0; i < ARRAY_LEN(ours); i++)
    if (strlen(ours[i]) == len && memcmp(stem, ours[i], len) == 0)
      return header_text(h, "component_%s", stem);
  return stem;
}

/* "ns_package_interface" of "ns:package/interface@1.0.0"; with a prefix "prefix_interface". */
static const char *stem_of(CHeader *h, Name name) {
  const char *version = memchr(name.text, '@', name.len);
  const char *slash = memchr(name.text, '/', name.len);
  Name text = {name.text, version ? (u32)(version - name.text) : name.len};
  if (h->prefix && slash) text = (Name){slash + 1, (u32)(text.text + text.len - slash - 1)};
  const char *snake = snake_of(h, text);
  return h->prefix ? header_text(h, "%s_%s", h->prefix, snake) : apart(h, snake);
}

static void add_part(CHeader *h, Parts *parts, const Part *part) {
  Part *slot = vec_push(parts);
  h->failed |= !slot;
  if (slot) *slot = *part;
}

static void add_parts(CHeader *h, Parts *parts, const Items *items, bool is_import) {
  Part own = {.stem = h->base, .items = items, .is_import = is_import};
  bool has_own = false;
  for (u32 i = 0; i < items->list.len && !h->failed; i++) {
    const Item *item = &items->list.data[i];
    has_own |= item->entity.sort == SORT_FUNC || item->entity.sort == SORT_TYPE;
    if (item->entity.sort != SORT_INSTANCE) continue;
    Part part = {.iface = header_text(h, "%.*s", (int)item->name.len, item->name.text),
                 .stem = stem_of(h, item->name),
                 .items = &item->entity.type->interface->exports,
                 .is_import = is_import};
    add_part(h, parts, &part);
  }
  if (has_own) add_part(h, parts, &own);
}

/* Whether the option --interface, when there is one, names it: whole, or without its version. */
static bool is_wanted(const Part *part, const char *interface) {
  if (!interface) return true;
  if (!part->iface) return false;
  size_t len = strlen(interface);
  return strncmp(part->iface, interface, len) == 0 &&
         (!part->iface[len] || part->iface[len] == '@');
}

static const char opening[] =
    "/* Generated by `wasm component header`: what a component imports and exports, as C (see\n"
    " * wasmcm.h, \"structs\"). C99 and C++. */\n"
    "#ifndef %s\n#define %s\n\n#include <wasmcm.h>\n\n"
    "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
    "#ifndef WASMCM_SIZE_IS /* as the library lays it out, where pointers have %u bytes */\n"
    "#define WASMCM_SIZE_IS(type, size) \\\n"
    "  typedef char type##_size_[sizeof(void *) != %u || sizeof(type) == (size) ? 1 : -1]\n"
    "#endif\n";

/* How many parts it took. */
static u32 put_header(CHeader *h, const Interface *world, const char *interface,
                      const char *guard) {
  Parts parts = {0};
  u32 count = 0;
  unsigned word = sizeof(void *);
  put(h, opening, guard, guard, word, word);
  add_parts(h, &parts, &world->imports, true);
  add_parts(h, &parts, &world->exports, false);
  for (u32 i = 0; i < parts.len; i++) name_types(h, parts.data[i].items, parts.data[i].stem);
  for (u32 i = 0; i < parts.len && !h->failed; i++) {
    if (!is_wanted(&parts.data[i], interface)) continue;
    put_part(h, &parts.data[i]);
    count++;
  }
  put(h, "\n#ifdef __cplusplus\n} /* extern \"C\" */\n#endif\n\n#endif\n");
  vec_free(&parts);
  return count;
}

static void free_header(CHeader *h) {
  wm_buffer_free(&h->out);
  wm_arena_free(&h->arena);
  wm_namemap_free(&h->used);
  wm_namemap_free(&h->anonymous);
  vec_free(&h->shapes);
  wm_ptrmap_free(&h->named);
  vec_free(&h->types);
}

/* "name" of "folder/name.wasm". */
static const char *base_of(CHeader *h, const char *path) {
  const char *slash = strrchr(path, '/');
  const char *base = slash ? slash + 1 : path;
  const char *name = snake_of(h, (Name){base, (u32)strcspn(base, ".")});
  return *name >= 'a' && *name <= 'z' ? apart(h, name) : header_text(h, "component_%s", name);
}

bool make_component_header(const wasmcm_component_t *component, const HeaderOptions *o,
                           wasm_byte_vec_t *out, size_t *parts) {
  CHeader h = {0};
  if (o->prefix) h.prefix = snake_of(&h, (Name){o->prefix, (u32)strlen(o->prefix)});
  h.base = h.prefix ? h.prefix : base_of(&h, o->path);
  const char *file = base_of(&h, o->output ? o->output : o->path);
  const char *guard = header_text(&h, "WASMCM_%s_H", upper_of(&h, file));
  take_system_types(&h);
  *parts = put_header(&h, component->component->body->type->interface, o->interface, guard);
  bool good = !h.failed && !h.out.failed;
  *out = (wasm_byte_vec_t){0, NULL};
  if (good) wasm_byte_vec_new(out, h.out.len, (const wasm_byte_t *)h.out.data);
  free_header(&h);
  return good && out->data;
}
