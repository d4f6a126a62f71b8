/* Types of an engine as the host has them (wasmx_gc.h): the registry's entries themselves, so that
 * equal ones are the same pointer. An own one counts its group in the registry, and the engine.
 *
 * New ones are written down as the registry wants them, with references to types that there are by
 * id and to those of the group by GROUP_TYPE + index, entered, and only then compared with their
 * supertypes, as by then all references are ids. */
#include "api/handle.h"
#include "base/arena.h"

/* By wasmx_heaptype_t. */
static const HeapType heap_types[] = {HEAP_ANY,    HEAP_EQ,       HEAP_I31,  HEAP_STRUCT,
                                      HEAP_ARRAY,  HEAP_NONE,     HEAP_FUNC, HEAP_NOFUNC,
                                      HEAP_EXTERN, HEAP_NOEXTERN, HEAP_EXN,  HEAP_NOEXN};
_Static_assert(ARRAY_LEN(heap_types) == WASMX_HEAP_TYPE, "one for each abstract heap type");

static TypeRegistry *registry_of(const wasmx_type_t *type) {
  return wm_types_registry_of(subtype_of(type));
}

/* ---- counts ---- */

wasmx_type_t *wm_type_own(const SubType *type) {
  TypeRegistry *types = wm_types_registry_of(type);
  wm_types_retain(types, type->type_id);
  wm_engine_retain(wm_types_owner(types));
  return (wasmx_type_t *)(uintptr_t)type;
}

wasmx_type_t *wasmx_type_copy(const wasmx_type_t *type) {
  return type ? wm_type_own(subtype_of(type)) : NULL;
}

void wasmx_type_delete(wasmx_type_t *type) {
  if (!type) return;
  TypeRegistry *types = registry_of(type);
  wm_types_release(types, subtype_of(type)->type_id);
  wm_engine_release(wm_types_owner(types));
}

/* ---- between public and canonical types ---- */

static ValType no_type(Error *err, const char *message) {
  wm_error_set(err, ERR_ARGUMENT, 0, "%s", message);
  return VAL_BOTTOM;
}

static ValType ref_type(bool is_nullable, HeapType heap) {
  return is_nullable ? REF_NULL_TYPE(heap) : REF_TYPE(heap);
}

/* Of a reference; `group_len` types may be meant by their index. */
static ValType read_ref(const TypeRegistry *types, const wasmx_valtype_t *t, u32 group_len,
                        Error *err) {
  if (t->heap < WASMX_HEAP_TYPE) return ref_type(t->nullable, heap_types[t->heap]);
  if (t->heap == WASMX_HEAP_GROUP) {
    if (t->index < group_len) return ref_type(t->nullable, GROUP_TYPE + t->index);
    return no_type(err, "there is no type of that number in the group");
  }
  if (t->heap > WASMX_HEAP_GROUP || !t->type)
    return no_type(err, "a reference type without a type");
  if (registry_of(t->type) != types) return no_type(err, "a type is of another engine");
  return ref_type(t->nullable, subtype_of(t->type)->type_id);
}

static ValType read_type(const TypeRegistry *types, const wasmx_valtype_t *t, u32 group_len,
                         Error *err) {
  if (t->kind == WASMX_REF) return read_ref(types, t, group_len, err);
  ValType type = wm_valtype_of_kind(t->kind);
  return type == VAL_BOTTOM ? no_type(err, "a value type of no kind") : type;
}

static ValType read_storage(const TypeRegistry *types, const wasmx_valtype_t *t, u32 group_len,
                            Error *err) {
  if (t->kind == WASMX_I8) return VAL_I8;
  if (t->kind == WASMX_I16) return VAL_I16;
  return read_type(types, t, group_len, err);
}

ValType wm_valtype_of_public(const TypeRegistry *types, const wasmx_valtype_t *type, Error *err) {
  return type ? read_type(types, type, 0, err) : no_type(err, "the type is NULL");
}

static wasmx_heaptype_t public_heap(HeapType heap) {
  wasmx_heaptype_t i = 0;
  while (heap_types[i] != heap) i++;
  return i;
}

wasmx_valtype_t wm_public_of_valtype(TypeRegistry *types, ValType t) {
  if (t == VAL_I8) return wasmx_valtype_of_kind(WASMX_I8);
  if (t == VAL_I16) return wasmx_valtype_of_kind(WASMX_I16);
  if (!val_is_ref(t)) return wasmx_valtype_of_kind(wm_kind_of_valtype(types, t));
  HeapType heap = val_heap(t);
  bool is_nullable = val_is_nullable(t);
  if (heap_is_abstract(heap)) return wasmx_valtype_of_heap(public_heap(heap), is_nullable);
  const void *type = wm_types_get(types, heap);
  return wasmx_valtype_of_type(type, is_nullable);
}

const char *wm_api_type_fault(const Store *store, const wasmx_type_t *type, CompositeKind kind) {
  if (!type) return "the type is NULL";
  if (registry_of(type) != store->types) return "the type is of another engine";
  return subtype_of(type)->kind == kind ? NULL : "the type is of another kind";
}

u32 wm_api_type_id(const Store *store, const wasmx_type_t *type, CompositeKind kind, Error *err) {
  const char *fault = wm_api_type_fault(store, type, kind);
  if (!fault) return subtype_of(type)->type_id;
  wm_error_set(err, ERR_ARGUMENT, 0, "%s", fault);
  return NO_TYPE;
}

/* ---- making them ---- */

typedef struct NewGroup {
  TypeRegistry *registry;
  Arena arena; /* of all below */
  SubType *types;
  u32 len;
  Error *err;
} NewGroup;

static const ValType *read_list(NewGroup *g, const wasmx_valtype_t *from, size_t count,
                                u32 *slots) {
  ValType *list = arena_array(&g->arena, ValType, count);
  if (!list) return wm_error_out_of_memory(g->err), NULL;
  for (size_t i = 0; i < count; i++) {
    list[i] = read_type(g->registry, &from[i], g->len, g->err);
    *slots += val_slots(list[i]);
  }
  return list;
}

static bool read_func(NewGroup *g, const wasmx_typedef_t *def, SubType *t) {
  if (def->param_count > MAX_PARAMS || def->result_count > MAX_RESULTS)
    return wm_error_set(g->err, ERR_LIMIT, 0, "more than %d parameters or %d results", MAX_PARAMS,
                        MAX_RESULTS);
  if ((def->param_count && !def->params) || (def->result_count && !def->results))
    return wm_error_set(g->err, ERR_ARGUMENT, 0, "the parameters or results are NULL");
  t->param_count = (u32)def->param_count;
  t->result_count = (u32)def->result_count;
  t->params = read_list(g, def->params, def->param_count, &t->param_slots);
  t->results = read_list(g, def->results, def->result_count, &t->result_slots);
  return !g->err->code;
}

static bool read_fields(NewGroup *g, const wasmx_typedef_t *def, SubType *t) {
  if (def->field_count > MAX_FIELDS)
    return wm_error_set(g->err, ERR_LIMIT, 0, "more than %d fields", MAX_FIELDS);
  if ((def->field_count && !def->fields) || (t->kind == COMP_ARRAY && def->field_count != 1))
    return wm_error_set(g->err, ERR_ARGUMENT, 0, "the fields are NULL, or an array's not one");
  FieldType *fields = arena_array(&g->arena, FieldType, def->field_count);
  if (!fields) return wm_error_out_of_memory(g->err);
  for (size_t i = 0; i < def->field_count; i++) {
    fields[i].type = read_storage(g->registry, &def->fields[i].type, g->len, g->err);
    fields[i].is_mutable = def->fields[i].mutability == WASM_VAR;
  }
  t->fields = fields;
  t->field_count = (u32)def->field_count;
  return !g->err->code;
}

static const SubType *super_of(const NewGroup *g, const SubType *t) {
  if (t->super == NO_TYPE) return NULL;
  return t->super >= GROUP_TYPE ? &g->types[t->super - GROUP_TYPE]
                                : wm_types_get(g->registry, t->super);
}

static u32 count_ancestors(const NewGroup *g, const SubType *t) {
  u32 count = 0;
  for (; t && t->super != NO_TYPE && count <= MAX_SUBTYPE_DEPTH; count++) t = super_of(g, t);
  return count;
}

static bool read_super(NewGroup *g, const wasmx_typedef_t *def, SubType *t) {
  u32 index = (u32)(t - g->types), number = def->super_number;
  t->super = NO_TYPE;
  if (def->super && registry_of(def->super) != g->registry)
    return wm_error_set(g->err, ERR_ARGUMENT, 0, "a supertype is of another engine");
  if (def->super)
    t->super = subtype_of(def->super)->type_id;
  else if (number > index)
    return wm_error_set(g->err, ERR_INVALID, 0, "the supertype of type %u is not before it", index);
  else if (number)
    t->super = GROUP_TYPE + number - 1;
  const SubType *super = super_of(g, t);
  if (super && super->is_final)
    return wm_error_set(g->err, ERR_INVALID, 0, "the supertype of type %u is final", index);
  return count_ancestors(g, t) <= MAX_SUBTYPE_DEPTH ||
         wm_error_set(g->err, ERR_LIMIT, 0, "a sub type is more than %d types deep",
                      MAX_SUBTYPE_DEPTH);
}

static bool read_def(NewGroup *g, const wasmx_typedef_t *given, SubType *t) {
  static const CompositeKind kinds[] = {COMP_FUNC, COMP_STRUCT, COMP_ARRAY};
  wasmx_typedef_t def = {0};
  memcpy(&def, given, given->size < sizeof def ? given->size : sizeof def);
  if (def.kind >= ARRAY_LEN(kinds))
    return wm_error_set(g->err, ERR_ARGUMENT, 0, "a type of no kind");
  t->kind = kinds[def.kind];
  t->is_final = !def.is_open;
  if (!read_super(g, &def, t)) return false;
  return t->kind == COMP_FUNC ? read_func(g, &def, t) : read_fields(g, &def, t);
}

/* Definitions may be of another length than here. */
static const wasmx_typedef_t *def_at(const wasmx_typedef_t *defs, size_t i) {
  return (const wasmx_typedef_t *)(const void *)((const char *)defs + i * defs->size);
}

static bool read_group(NewGroup *g, const wasmx_typedef_t *defs) {
  g->types = arena_array(&g->arena, SubType, g->len);
  if (!g->types) return wm_error_out_of_memory(g->err);
  for (u32 i = 0; i < g->len; i++) {
    const wasmx_typedef_t *def = def_at(defs, i);
    if (def->size != defs->size)
      return wm_error_set(g->err, ERR_ARGUMENT, 0, "definition %u has another size", i);
    if (!read_def(g, def, &g->types[i])) return false;
  }
  return true;
}

/* With one count of the group when it is valid. */
static bool enter_group(const NewGroup *g) {
  if (!wm_types_intern_group(g->registry, g->types, g->len)) return wm_error_out_of_memory(g->err);
  for (u32 i = 0; i < g->len; i++)
    if (!wm_types_fits_super(g->registry, g->types[i].type_id))
      wm_error_set(g->err, ERR_INVALID, 0, "sub type %u does not match its super type", i);
  if (g->err->code) wm_types_release(g->registry, g->types[0].type_id);
  return !g->err->code;
}

static void give_types(const NewGroup *g, wasmx_type_t **out) {
  for (u32 i = 0; i < g->len; i++)
    out[i] = wm_type_own(wm_types_get(g->registry, g->types[i].type_id));
  wm_types_release(g->registry, g->types[0].type_id);
}

static bool types_new(wasm_engine_t *engine, const wasmx_typedef_t *defs, size_t count,
                      wasmx_type_t **out, Error *err) {
  if (!engine || !defs || !count || !out || defs->size < sizeof defs->size)
    return wm_error_set(err, ERR_ARGUMENT, 0, "no engine, no types, or no place for them");
  if (count > MAX_RECURSION_GROUP)
    return wm_error_set(err, ERR_LIMIT, 0, "more than %d types", MAX_RECURSION_GROUP);
  NewGroup g = {.registry = wm_engine_types(engine_of(engine)), .len = (u32)count, .err = err};
  bool done = read_group(&g, defs) && enter_group(&g);
  if (done) give_types(&g, out);
  wm_arena_free(&g.arena);
  return done;
}

bool wasmx_types_new(wasm_engine_t *engine, const wasmx_typedef_t *defs, size_t count,
                     wasmx_type_t **out, wasmx_error_t *error) {
  Error err = {0};
  bool done = types_new(engine, defs, count, out, &err);
  if (!done) wm_api_report(&err, error);
  return done;
}

static wasmx_type_t *type_new(wasm_engine_t *engine, wasmx_typedef_t def) {
  wasmx_type_t *type = NULL;
  def.size = sizeof def;
  return wasmx_types_new(engine, &def, 1, &type, NULL) ? type : NULL;
}

wasmx_type_t *wasmx_type_new_struct(wasm_engine_t *engine, const wasmx_field_t *fields,
                                    size_t count) {
  return type_new(
      engine, (wasmx_typedef_t){.kind = WASMX_TYPE_STRUCT, .fields = fields, .field_count = count});
}

wasmx_type_t *wasmx_type_new_array(wasm_engine_t *engine, const wasmx_field_t *element) {
  return type_new(engine,
                  (wasmx_typedef_t){.kind = WASMX_TYPE_ARRAY, .fields = element, .field_count = 1});
}

wasmx_type_t *wasmx_type_new_func(wasm_engine_t *engine, const wasmx_valtype_t *params,
                                  size_t param_count, const wasmx_valtype_t *results,
                                  size_t result_count) {
  return type_new(engine, (wasmx_typedef_t){.kind = WASMX_TYPE_FUNC,
                                            .params = params,
                                            .param_count = param_count,
                                            .results = results,
                                            .result_count = result_count});
}

/* ---- what they are made of ---- */

wasmx_typekind_t wasmx_type_kind(const wasmx_type_t *type) {
  if (!type || subtype_of(type)->kind == COMP_FUNC) return WASMX_TYPE_FUNC;
  return subtype_of(type)->kind == COMP_STRUCT ? WASMX_TYPE_STRUCT : WASMX_TYPE_ARRAY;
}

bool wasmx_type_is_final(const wasmx_type_t *type) { return !type || subtype_of(type)->is_final; }

const wasmx_type_t *wasmx_type_super(const wasmx_type_t *type) {
  if (!type || subtype_of(type)->super == NO_TYPE) return NULL;
  return (const void *)wm_types_get(registry_of(type), subtype_of(type)->super);
}

size_t wasmx_type_field_count(const wasmx_type_t *type) {
  return type ? subtype_of(type)->field_count : 0;
}

size_t wasmx_type_param_count(const wasmx_type_t *type) {
  return type ? subtype_of(type)->param_count : 0;
}

size_t wasmx_type_result_count(const wasmx_type_t *type) {
  return type ? subtype_of(type)->result_count : 0;
}

static bool no_index(void) {
  return wm_api_fail(ERR_ARGUMENT, "no place for it, or there is none of that index");
}

bool wasmx_type_field(const wasmx_type_t *type, size_t index, wasmx_field_t *out) {
  if (out) *out = (wasmx_field_t){{0}, WASM_CONST};
  if (!out || index >= wasmx_type_field_count(type)) return no_index();
  const FieldType *field = &subtype_of(type)->fields[index];
  out->type = wm_public_of_valtype(registry_of(type), field->type);
  out->mutability = field->is_mutable ? WASM_VAR : WASM_CONST;
  return true;
}

static bool type_at(const wasmx_type_t *type, const ValType *list, size_t count, size_t index,
                    wasmx_valtype_t *out) {
  if (out) *out = (wasmx_valtype_t){0};
  if (!out || index >= count) return no_index();
  *out = wm_public_of_valtype(registry_of(type), list[index]);
  return true;
}

bool wasmx_type_param(const wasmx_type_t *type, size_t index, wasmx_valtype_t *out) {
  const ValType *list = type ? subtype_of(type)->params : NULL;
  return type_at(type, list, wasmx_type_param_count(type), index, out);
}

bool wasmx_type_result(const wasmx_type_t *type, size_t index, wasmx_valtype_t *out) {
  const ValType *list = type ? subtype_of(type)->results : NULL;
  return type_at(type, list, wasmx_type_result_count(type), index, out);
}

/* ---- matching ---- */

bool wasmx_type_is_sub(const wasmx_type_t *sub, const wasmx_type_t *super) {
  if (!sub || !super || registry_of(sub) != registry_of(super)) return false;
  return wm_types_is_sub(registry_of(sub), subtype_of(sub)->type_id, subtype_of(super)->type_id);
}

/* NULL: it names no type of an engine. */
static TypeRegistry *registry_of_valtype(const wasmx_valtype_t *t) {
  bool names_type = t->kind == WASMX_REF && t->heap == WASMX_HEAP_TYPE && t->type;
  return names_type ? registry_of(t->type) : NULL;
}

bool wasmx_valtype_matches(const wasmx_valtype_t *sub, const wasmx_valtype_t *super) {
  if (!sub || !super) return false;
  TypeRegistry *types = registry_of_valtype(sub);
  if (!types) types = registry_of_valtype(super);
  ValType a = read_storage(types, sub, 0, NULL), b = read_storage(types, super, 0, NULL);
  return a != VAL_BOTTOM && b != VAL_BOTTOM && wm_valtype_matches(types, a, b);
}
