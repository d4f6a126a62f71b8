/* Between the host's type objects and the runtime's types.
 *
 * The host knows three kinds of reference: more precise types of the runtime appear as the kind of
 * the hierarchy they are in (spec 3.3.3), functions WASM_FUNCREF, exceptions WASMX_EXNREF, and all
 * others WASM_EXTERNREF. */
#include "api/handle.h"
#include "wasm/limits.h"

#include <stdlib.h>

/* `t` is canonical: its index is an id of the registry. */
wasm_valkind_t wm_kind_of_valtype(TypeRegistry *types, ValType t) {
  switch (t) {
  case VAL_I32: return WASM_I32;
  case VAL_I64: return WASM_I64;
  case VAL_F32: return WASM_F32;
  case VAL_F64: return WASM_F64;
  case VAL_V128: return WASMX_V128;
  default: break;
  }
  HeapType heap = val_heap(t);
  if (heap == HEAP_EXN || heap == HEAP_NOEXN) return WASMX_EXNREF;
  bool is_func = heap_is_abstract(heap) ? heap == HEAP_FUNC || heap == HEAP_NOFUNC
                                        : wm_types_get(types, heap)->kind == COMP_FUNC;
  return is_func ? WASM_FUNCREF : WASM_EXTERNREF;
}

ValType wm_valtype_of_kind(wasm_valkind_t kind) {
  switch (kind) {
  case WASM_I32: return VAL_I32;
  case WASM_I64: return VAL_I64;
  case WASM_F32: return VAL_F32;
  case WASM_F64: return VAL_F64;
  case WASMX_V128: return VAL_V128;
  case WASM_EXTERNREF: return VAL_EXTERNREF;
  case WASM_FUNCREF: return VAL_FUNCREF;
  case WASMX_EXNREF: return VAL_EXNREF;
  default: return VAL_BOTTOM;
  }
}

/* ---- host to runtime ---- */

/* Types of more than 32 values go by way of the heap; counts are checked first, so the sum is
 * small. */
u32 wm_typeid_of_functype(TypeRegistry *types, const wasm_functype_t *type, Error *err) {
  const wasm_valtype_vec_t *params = wasm_functype_params(type);
  const wasm_valtype_vec_t *results = wasm_functype_results(type);
  if (!type) return wm_error_set(err, ERR_ARGUMENT, 0, "the function type is NULL"), NO_TYPE;
  if (params->size > MAX_PARAMS || results->size > MAX_RESULTS) {
    wm_error_set(err, ERR_LIMIT, 0, "more than %d parameters or %d results", MAX_PARAMS,
                 MAX_RESULTS);
    return NO_TYPE;
  }
  enum { ON_STACK = 32 };
  ValType few[ON_STACK];
  size_t count = params->size + results->size;
  void *many AUTO_FREE = NULL;
  ValType *all = few_or_many(few, sizeof few, count * sizeof *all, &many);
  u32 id = NO_TYPE;
  if (all) {
    for (size_t i = 0; i < count; i++) {
      const wasm_valtype_t *t =
          i < params->size ? params->data[i] : results->data[i - params->size];
      /* Vectors of a functype have no holes (api_types.c). */
      all[i] = wm_valtype_of_kind(wasm_valtype_kind(t));
    }
    id =
        wm_types_intern_func(types, all, (u32)params->size, all + params->size, (u32)results->size);
  }
  if (id == NO_TYPE) wm_error_out_of_memory(err);
  return id;
}

/* `most`: what a type of this kind may say at all (spec 3.2.15); `what`, for the message. */
static bool limits_of(wasmx_limits64_t bounds, bool is_64, bool is_shared, u64 most,
                      const char *what, Limits *out, Error *err) {
  bool has_max = bounds.max != UINT64_MAX;
  if (bounds.min > most || (has_max && bounds.max > most))
    return wm_error_set(err, ERR_ARGUMENT, 0, "%s size is beyond what there can be", what);
  if (has_max && bounds.min > bounds.max)
    return wm_error_set(err, ERR_ARGUMENT, 0, "size minimum must not be greater than maximum");
  *out = (Limits){.min = bounds.min,
                  .max = has_max ? bounds.max : 0,
                  .has_max = has_max,
                  .is_64 = is_64,
                  .is_shared = is_shared};
  return true;
}

bool wm_memorytype_of(const wasm_memorytype_t *type, MemoryType *out, Error *err) {
  if (!type) return wm_error_set(err, ERR_ARGUMENT, 0, "the memory type is NULL");
  bool is_64 = wasmx_memorytype_is_64(type);
  bool is_paged = wasmx_memorytype_page_size(type) == PAGE_BYTES;
  u8 page_log2 = is_paged ? PAGE_LOG2 : 0;
  if (!limits_of(wasmx_memorytype_limits(type), is_64, wasmx_memorytype_is_shared(type),
                 most_pages(is_64, page_log2), "memory", &out->limits, err))
    return false;
  if (out->limits.is_shared && !out->limits.has_max)
    return wm_error_set(err, ERR_ARGUMENT, 0, "a shared memory must have a maximum");
  out->limits.page_log2 = page_log2;
  out->limits.has_page_size = !is_paged;
  return true;
}

/* How many elements a table may have is not a type's question: wm_table_new has its limit. */
bool wm_tabletype_of(const wasm_tabletype_t *type, TableType *out, Error *err) {
  if (!type) return wm_error_set(err, ERR_ARGUMENT, 0, "the table type is NULL");
  bool is_64 = wasmx_tabletype_is_64(type);
  out->element = wm_valtype_of_kind(wasm_valtype_kind(wasm_tabletype_element(type)));
  return limits_of(wasmx_tabletype_limits(type), is_64, false, is_64 ? UINT64_MAX : UINT32_MAX,
                   "table", &out->limits, err);
}

/* ---- runtime to host ---- */

/* False: out of memory; *out is to be deleted either way. */
static bool add_types(TypeRegistry *types, wasm_valtype_vec_t *out, const ValType *from, u32 len) {
  wasm_valtype_vec_new_uninitialized(out, len);
  for (u32 i = 0; i < out->size; i++)
    out->data[i] = wasm_valtype_new(wm_kind_of_valtype(types, from[i]));
  return out->size == len;
}

wasm_functype_t *wm_functype_of_subtype(TypeRegistry *types, const SubType *type) {
  wasm_valtype_vec_t params, results;
  bool ok = add_types(types, &params, type->params, type->param_count);
  ok = add_types(types, &results, type->results, type->result_count) && ok;
  if (ok) return wasm_functype_new(&params, &results);
  wasm_valtype_vec_delete(&params);
  wasm_valtype_vec_delete(&results);
  return NULL;
}

static wasm_externtype_t *func_type(TypeRegistry *types, u32 type_id) {
  return wasm_functype_as_externtype(wm_functype_of_subtype(types, wm_types_get(types, type_id)));
}

static wasm_externtype_t *tag_type(TypeRegistry *types, u32 type_id) {
  wasm_functype_t *func = wm_functype_of_subtype(types, wm_types_get(types, type_id));
  return func ? wasm_tagtype_as_externtype(wasm_tagtype_new(func)) : NULL;
}

static wasm_externtype_t *global_type(TypeRegistry *types, const GlobalType *type) {
  wasm_valtype_t *content = wasm_valtype_new(wm_kind_of_valtype(types, type->type));
  return wasm_globaltype_as_externtype(
      wasm_globaltype_new(content, type->is_mutable ? WASM_VAR : WASM_CONST));
}

/* `min` apart: the type of what exists has its size now (spec 4.2.7, 4.2.8). */
static wasmx_limits64_t host_limits(const Limits *limits, u64 min) {
  return (wasmx_limits64_t){min, limits->has_max ? limits->max : UINT64_MAX};
}

static wasm_externtype_t *table_type(TypeRegistry *types, const TableType *type, u64 min) {
  wasm_valtype_t *element = wasm_valtype_new(wm_kind_of_valtype(types, type->element));
  return wasm_tabletype_as_externtype(
      wasmx_tabletype_new(element, host_limits(&type->limits, min), type->limits.is_64));
}

static wasm_externtype_t *memory_type(const MemoryType *type, u64 min) {
  return wasm_memorytype_as_externtype(
      wasmx_memorytype_new_paged(host_limits(&type->limits, min), type->limits.is_64,
                                 type->limits.is_shared, 1u << type->limits.page_log2));
}

/* The types of what exists: sizes are those of now. */
wasm_externtype_t *wm_externtype_of_object(Store *store, const Object *object) {
  switch (object->kind) {
  case OBJ_FUNC: return func_type(store->types, ((const Func *)object)->type_id);
  case OBJ_TAG: return tag_type(store->types, ((const Tag *)object)->type_id);
  case OBJ_GLOBAL: return global_type(store->types, &((const Global *)object)->type);
  case OBJ_TABLE: {
    const Table *table = (const Table *)object;
    return table_type(store->types, &table->type, table->length);
  }
  case OBJ_MEMORY: {
    const Memory *memory = (const Memory *)object;
    return memory_type(&memory->type, wm_memory_pages(memory));
  }
  default: return wm_api_fail(ERR_ARGUMENT, "the object is no external"), NULL;
  }
}

/* The types that the module declares: indices of its own types become ids before they are looked
 * up. */
wasm_externtype_t *wm_externtype_of_module(const LoadedModule *lm, ExternKind kind, u32 index) {
  const Module *m = &lm->module;
  switch (kind) {
  case EXTERN_FUNC: return func_type(lm->types, module_func_type(m, index)->type_id);
  case EXTERN_TAG: return tag_type(lm->types, m->types[m->tags[index].type_index].type_id);
  case EXTERN_GLOBAL: {
    GlobalType type = m->globals[index].type;
    type.type = module_canonical(m, type.type);
    return global_type(lm->types, &type);
  }
  case EXTERN_TABLE: {
    TableType type = m->tables[index].type;
    type.element = module_canonical(m, type.element);
    return table_type(lm->types, &type, type.limits.min);
  }
  default: return memory_type(&m->memories[index], m->memories[index].limits.min);
  }
}
