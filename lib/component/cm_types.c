#include "component/cm_types.h"

#include "component/cm_layout.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const words[] = {
    "bool", "s8",     "u8",     "s16",    "u16",    "s32",      "u32",  "s64",      "u64",
    "f32",  "f64",    "char",   "string", "record", "variant",  "list", "tuple",    "flags",
    "enum", "option", "result", "own",    "borrow", "resource", "func", "instance", "component"};

const char *wm_type_word(const Type *type) { return words[type->kind]; }

const char *wm_type_class(const Type *type) {
  switch ((TypeKind)type->kind) {
  case TYPE_RESOURCE: return "resource";
  case TYPE_FUNC: return "func type";
  case TYPE_INSTANCE: return "instance type";
  case TYPE_COMPONENT: return "component type";
  default: return "defined type";
  }
}

const char *wm_sort_word(Sort sort) {
  static const char *const sorts[] = {"module", "func", "value", "type", "instance", "component"};
  return sorts[sort];
}

bool wm_types_fail(TypeTable *t, const char *format, ...) {
  char message[sizeof t->err->message];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  return wm_error_set(t->err, ERR_INVALID, t->at, "%s", message);
}

bool wm_types_spend(TypeTable *t, u64 steps) {
  if (t->fuel >= steps) {
    t->fuel -= steps;
    return true;
  }
  t->fuel = 0;
  return wm_error_set(t->err, ERR_LIMIT, t->at, "the component's types take too long to compare");
}

bool wm_types_step(TypeTable *t) { return wm_types_spend(t, 1); }

bool wm_types_make(TypeTable *t) {
  if (t->nodes > 0) {
    t->nodes--;
    return true;
  }
  return wm_error_set(t->err, ERR_LIMIT, t->at, "the component's types take too much memory");
}

void wm_types_free(TypeTable *t) {
  free(t->slots);
  for (Interface *i = t->interfaces; i; i = i->next) {
    vec_free(&i->imports.list);
    vec_free(&i->exports.list);
    wm_namemap_free(&i->imports.map);
    wm_namemap_free(&i->exports.map);
    vec_free(&i->imported);
    vec_free(&i->defined);
    vec_free(&i->exported);
  }
}

/* ---- items and paths ---- */

enum { FEW_ITEMS = 8 };

static bool index_items(Items *items) {
  u32 first = items->list.len == FEW_ITEMS + 1 ? 0 : items->list.len - 1;
  for (u32 i = first; i < items->list.len; i++) {
    Name name = items->list.data[i].name;
    if (!wm_namemap_add(&items->map, name.text, name.len, i, NULL)) return false;
  }
  return true;
}

bool wm_items_push(Items *items, Name name, Entity entity) {
  Item *item = vec_push(&items->list);
  if (!item) return false;
  *item = (Item){name, entity};
  return items->list.len <= FEW_ITEMS || index_items(items);
}

const Item *wm_items_find(const Items *items, Name name) {
  u32 at;
  if (items->list.len > FEW_ITEMS)
    return wm_namemap_get(&items->map, name.text, name.len, &at) ? &items->list.data[at] : NULL;
  for (u32 i = 0; i < items->list.len; i++)
    if (wm_name_equal(items->list.data[i].name, name)) return &items->list.data[i];
  return NULL;
}

bool wm_paths_push(TypeTable *t, Paths *paths, Resource *resource, u32 first, const u32 *steps,
                   u32 count) {
  if (!wm_types_make(t)) return false;
  u32 *all = arena_array(t->arena, u32, (u64)count + 1);
  Path *path = all ? vec_push(paths) : NULL;
  if (!path) return wm_error_out_of_memory(t->err);
  all[0] = first;
  if (count) memcpy(all + 1, steps, count * sizeof *steps);
  *path = (Path){resource, all, count + 1};
  return true;
}

const Path *wm_paths_find(TypeTable *t, const Paths *paths, const Resource *resource) {
  for (u32 i = paths->len; i-- > 0 && wm_types_step(t);)
    if (paths->data[i].resource == resource) return &paths->data[i];
  return NULL;
}

/* ---- making types ---- */

#define PRIMITIVE(k, s, v)                                                                         \
  {.kind = (k),                                                                                    \
   .is_packed = (k) != TYPE_BOOL && (k) != TYPE_CHAR,                                              \
   .size = (s),                                                                                    \
   .align = (s),                                                                                   \
   .c_size = (s),                                                                                  \
   .c_align = (s) == 8 ? C_ALIGN_64 : (s),                                                         \
   .flat_count = 1,                                                                                \
   .flat = {(v)},                                                                                  \
   .weight = 1,                                                                                    \
   .depth = 1}
static const Type primitives[] = {PRIMITIVE(TYPE_BOOL, 1, CORE_I32),
                                  PRIMITIVE(TYPE_S8, 1, CORE_I32),
                                  PRIMITIVE(TYPE_U8, 1, CORE_I32),
                                  PRIMITIVE(TYPE_S16, 2, CORE_I32),
                                  PRIMITIVE(TYPE_U16, 2, CORE_I32),
                                  PRIMITIVE(TYPE_S32, 4, CORE_I32),
                                  PRIMITIVE(TYPE_U32, 4, CORE_I32),
                                  PRIMITIVE(TYPE_S64, 8, CORE_I64),
                                  PRIMITIVE(TYPE_U64, 8, CORE_I64),
                                  PRIMITIVE(TYPE_F32, 4, CORE_F32),
                                  PRIMITIVE(TYPE_F64, 8, CORE_F64),
                                  PRIMITIVE(TYPE_CHAR, 4, CORE_I32),
                                  {.kind = TYPE_STRING,
                                   .has_pointer = true,
                                   .size = 8,
                                   .align = 4,
                                   .c_size = 2 * sizeof(void *),
                                   .c_align = sizeof(void *),
                                   .flat_count = 2,
                                   .flat = {CORE_I32, CORE_I32},
                                   .weight = 1,
                                   .depth = 1}};

const Type *wm_type_primitive(TypeKind kind) { return &primitives[kind]; }

static void *no_memory(TypeTable *t) {
  wm_error_out_of_memory(t->err);
  return NULL;
}

/* What the parts add up to. */
static bool add_part(TypeTable *t, Type *type, const Type *part) {
  if (!part) return true;
  type->has_borrow |= part->has_borrow;
  type->has_resource |= part->has_resource;
  type->has_pointer |= part->has_pointer;
  type->depth = (u8)max_u32(type->depth, part->depth + 1u);
  type->weight += part->weight;
  u32 deepest = type_is_value(type) ? MAX_TYPE_DEPTH : 2 * MAX_TYPE_DEPTH;
  if (type->depth > deepest) return wm_types_fail(t, "type nesting is too deep");
  if (type->weight <= MAX_TYPE_WEIGHT) return true;
  return wm_error_set(t->err, ERR_LIMIT, t->at, "effective type size exceeds the limit of %u",
                      MAX_TYPE_WEIGHT);
}

static bool add_parts(TypeTable *t, Type *type) {
  for (u32 i = 0; type->of && i < type->count; i++)
    if (!add_part(t, type, type->of[i])) return false;
  return add_part(t, type, type->result);
}

static u64 hash_of(const TypeTable *t, const Type *type) {
  u64 hash = wm_hash_u64(hash_seed(t) ^ type->kind);
  if (type->count && type->of)
    hash ^= wm_hash_bytes(type->of, type->count * sizeof *type->of, hash);
  for (u32 i = 0; type->names && i < type->count; i++)
    hash ^= wm_hash_bytes(type->names[i].text, type->names[i].len, hash + i);
  return wm_hash_u64(hash ^ (u64)(uintptr_t)type->result) | 1;
}

static bool same_names(const Type *a, const Type *b) {
  if (!a->names != !b->names) return false;
  for (u32 i = 0; a->names && i < a->count; i++)
    if (!wm_name_equal(a->names[i], b->names[i])) return false;
  return true;
}

static bool same_parts(const Type *a, const Type *b) {
  if (a->hash != b->hash || a->kind != b->kind || a->count != b->count || a->result != b->result)
    return false;
  if (!a->of != !b->of) return false;
  if (a->of && a->count && memcmp(a->of, b->of, a->count * sizeof *a->of) != 0) return false;
  return same_names(a, b);
}

static const Type **slot_of(TypeTable *t, const Type *type) {
  for (u32 at = (u32)type->hash & (t->cap - 1);; at = (at + 1) & (t->cap - 1))
    if (!t->slots[at] || same_parts(t->slots[at], type)) return &t->slots[at];
}

static bool grow_slots(TypeTable *t) {
  if (t->used * 2 < t->cap) return true;
  u32 old_cap = t->cap;
  const Type **old = t->slots;
  const Type **slots = calloc(old_cap ? old_cap * 2u : 64, sizeof *slots);
  if (!slots) return wm_error_out_of_memory(t->err);
  t->slots = slots;
  t->cap = old_cap ? old_cap * 2 : 64;
  for (u32 i = 0; i < old_cap; i++)
    if (old[i]) *slot_of(t, old[i]) = old[i];
  free(old);
  return true;
}

/* The type as it is kept: one that is there already, or a copy with its parts. */
static const Type *keep(TypeTable *t, const Type *type) {
  if (!wm_types_make(t)) return NULL;
  Type *kept = arena_new(t->arena, Type);
  const Type **of = type->of ? arena_array(t->arena, const Type *, type->count) : NULL;
  Name *names = type->names ? arena_array(t->arena, Name, type->count) : NULL;
  if (!kept || (type->of && !of) || (type->names && !names)) return no_memory(t);
  *kept = *type;
  if (of && type->count) memcpy(of, type->of, type->count * sizeof *of);
  if (names && type->count) memcpy(names, type->names, type->count * sizeof *names);
  kept->of = of;
  kept->names = names;
  return kept;
}

static bool is_nominal(TypeKind kind) {
  return kind == TYPE_RECORD || kind == TYPE_VARIANT || kind == TYPE_FLAGS || kind == TYPE_ENUM;
}

static const Type *intern(TypeTable *t, Type *type) {
  if (!add_parts(t, type)) return NULL;
  if (!wm_type_lay_out(type)) {
    wm_types_fail(t, "type exceeds maximum byte size of %u", MAX_VALUE_BYTES - 1);
    return NULL;
  }
  if (!wm_types_step(t)) return NULL;
  if (is_nominal((TypeKind)type->kind)) return keep(t, type);
  type->hash = hash_of(t, type);
  if (!grow_slots(t)) return NULL;
  const Type **slot = slot_of(t, type);
  if (*slot) return *slot;
  const Type *kept = keep(t, type);
  if (!kept) return NULL;
  t->used++;
  return *slot = kept;
}

const Type *wm_type_new(TypeTable *t, TypeKind kind, u32 count, const Type *const *of,
                        const Name *names) {
  Type type = {.kind = (u8)kind,
               .count = count,
               .of = of,
               .names = names,
               .weight = 1,
               .depth = 1,
               .has_pointer = kind == TYPE_LIST};
  return intern(t, &type);
}

const Type *wm_type_handle(TypeTable *t, TypeKind kind, const Type *resource) {
  Type type = {.kind = (u8)kind, .count = 1, .of = &resource, .weight = 1, .depth = 1};
  type.resource = resource->resource;
  type.has_borrow = kind == TYPE_BORROW;
  return intern(t, &type);
}

static bool all_plain(const Type *func) {
  for (u32 i = 0; i < func->count; i++)
    if (!type_is_plain(func->of[i])) return false;
  return !func->result || type_is_plain(func->result);
}

const Type *wm_type_func(TypeTable *t, u32 count, const Type *const *params, const Name *names,
                         const Type *result) {
  Type type = {.kind = TYPE_FUNC,
               .count = count,
               .of = params,
               .names = names,
               .result = result,
               .weight = 1,
               .depth = 1};
  type.params = wm_type_new(t, TYPE_TUPLE, count, params, NULL);
  type.is_plain = count <= MAX_FLAT && all_plain(&type);
  return type.params ? intern(t, &type) : NULL;
}

const Type *wm_type_resource(TypeTable *t) {
  Type *type = arena_new(t->arena, Type);
  Resource *resource = arena_new(t->arena, Resource);
  if (!type || !resource) return no_memory(t);
  if (!wm_types_make(t)) return NULL;
  resource->id = ++t->next_resource;
  *type = (Type){
      .kind = TYPE_RESOURCE, .resource = resource, .has_resource = true, .weight = 1, .depth = 1};
  return type;
}

static bool add_items(TypeTable *t, Type *type, const Items *items) {
  for (u32 i = 0; i < items->list.len; i++)
    if (!add_part(t, type, items->list.data[i].entity.type)) return false;
  return true;
}

const Type *wm_type_interface(TypeTable *t, TypeKind kind, Interface *interface) {
  Type *type = arena_new(t->arena, Type);
  if (!type) return no_memory(t);
  *type = (Type){.kind = (u8)kind, .interface = interface, .weight = 1, .depth = 1, .align = 1};
  bool fits = add_items(t, type, &interface->imports) && add_items(t, type, &interface->exports);
  return fits && wm_types_make(t) ? type : NULL;
}

const Type *wm_type_alias(TypeTable *t, const Type *type) {
  Type *alias = arena_new(t->arena, Type);
  if (!alias) return no_memory(t);
  if (!wm_types_make(t)) return NULL;
  *alias = *type;
  alias->origin = type;
  return alias;
}

Interface *wm_interface_new(TypeTable *t) {
  Interface *interface = arena_new(t->arena, Interface);
  if (!interface) return no_memory(t);
  interface->next = t->interfaces;
  t->interfaces = interface;
  return interface;
}
