/* Where precise types are found, and what is made of them: modules and externals (wasmx_gc.h).
 * Functions of such types are in api_func.c. */
#include "api/handle.h"

/* ---- modules ---- */

static const LoadedModule *module_of(const wasm_module_t *ref) {
  Error err = {0};
  const LoadedModule *lm = ref ? wm_api_module(handle_of(ref)->home, ref, &err) : NULL;
  if (!lm) wm_api_fail(ERR_ARGUMENT, "the module is NULL or its store deleted");
  return lm;
}

size_t wasmx_module_type_count(const wasm_module_t *ref) {
  const LoadedModule *lm = module_of(ref);
  return lm ? lm->module.type_count : 0;
}

wasmx_type_t *wasmx_module_type(const wasm_module_t *ref, size_t index) {
  const LoadedModule *lm = module_of(ref);
  if (!lm) return NULL;
  if (index >= lm->module.type_count)
    return wm_api_fail(ERR_ARGUMENT, "the module has no type %zu", index), NULL;
  return wm_type_own(wm_types_get(lm->types, lm->module.types[index].type_id));
}

static bool no_such(void) {
  return wm_api_fail(ERR_ARGUMENT, "there is no such thing, it is a memory, or nowhere to tell");
}

/* Of a function, tag, global or table of the module; VAL_BOTTOM: a memory. */
static ValType declared_type(const Module *m, ExternKind kind, u32 index) {
  switch (kind) {
  case EXTERN_FUNC: return REF_TYPE(module_func_type(m, index)->type_id);
  case EXTERN_TAG: return REF_TYPE(m->types[m->tags[index].type_index].type_id);
  case EXTERN_GLOBAL: return module_canonical(m, m->globals[index].type.type);
  case EXTERN_TABLE: return module_canonical(m, m->tables[index].type.element);
  default: return VAL_BOTTOM;
  }
}

static bool tell(TypeRegistry *types, ValType t, wasmx_valtype_t *out) {
  if (t == VAL_BOTTOM) return no_such();
  *out = wm_public_of_valtype(types, t);
  return true;
}

bool wasmx_module_import_type(const wasm_module_t *ref, size_t index, wasmx_valtype_t *out) {
  if (out) *out = (wasmx_valtype_t){0};
  const LoadedModule *lm = module_of(ref);
  if (!lm) return false;
  if (!out || index >= lm->module.import_count) return no_such();
  const Import *import = &lm->module.imports[index];
  return tell(lm->types, declared_type(&lm->module, import->kind, import->index), out);
}

bool wasmx_module_export_type(const wasm_module_t *ref, const char *name, wasmx_valtype_t *out) {
  if (out) *out = (wasmx_valtype_t){0};
  const LoadedModule *lm = module_of(ref);
  if (!lm) return false;
  size_t len = name ? strlen(name) : SIZE_MAX;
  u32 at;
  if (!out || len > UINT32_MAX || !wm_namemap_get(&lm->module.export_map, name, (u32)len, &at))
    return no_such();
  const Export *export_ = &lm->module.exports[at];
  return tell(lm->types, declared_type(&lm->module, export_->kind, export_->index), out);
}

/* ---- externals ---- */

static ValType type_of_object(const Object *object) {
  switch (object->kind) {
  case OBJ_FUNC: return REF_TYPE(((const Func *)object)->type_id);
  case OBJ_TAG: return REF_TYPE(((const Tag *)object)->type_id);
  case OBJ_GLOBAL: return ((const Global *)object)->type.type;
  case OBJ_TABLE: return ((const Table *)object)->type.element;
  default: return VAL_BOTTOM;
  }
}

bool wasmx_extern_type(const wasm_extern_t *ref, wasmx_valtype_t *out) {
  if (out) *out = (wasmx_valtype_t){0};
  const Store *store = handle_store(handle_of(ref));
  if (!store || !out) return no_such();
  return tell(store->types, type_of_object(handle_of(ref)->object), out);
}

wasm_global_t *wasmx_global_new_of_type(wasm_store_t *home, const wasmx_valtype_t *type,
                                        wasm_mutability_t mutability, const wasmx_val_t *init) {
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  Global *global = NULL;
  ValType t = h ? wm_valtype_of_public(home->store->types, type, &err) : VAL_BOTTOM;
  u64 slots[2] = {0};
  if (t != VAL_BOTTOM && init && wm_slots_of_value(home->store, init, t, slots))
    global = wm_global_new(home->store, &(GlobalType){t, mutability == WASM_VAR}, slots, &err);
  else
    wm_error_set(&err, ERR_ARGUMENT, 0, "the initial value is not of the global's type");
  return (wasm_global_t *)wm_api_finish(h, (Object *)global, &err);
}

/* The limits are those of a table of any references. */
static bool table_type(wasmx_limits64_t limits, bool is_64, ValType element, TableType *out,
                       Error *err) {
  wasm_tabletype_t *plain = wasmx_tabletype_new(wasm_valtype_new(WASM_EXTERNREF), limits, is_64);
  if (!plain) return wm_error_out_of_memory(err);
  bool good = wm_tabletype_of(plain, out, err);
  wasm_tabletype_delete(plain);
  out->element = element;
  return good && (val_is_ref(element) ||
                  wm_error_set(err, ERR_ARGUMENT, 0, "a table's element is a reference type"));
}

wasm_table_t *wasmx_table_new_of_type(wasm_store_t *home, const wasmx_valtype_t *type,
                                      wasmx_limits64_t limits, bool is_64,
                                      const wasmx_val_t *init) {
  static const wasmx_val_t null = {.kind = WASM_EXTERNREF};
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  Table *table = NULL;
  TableType inner;
  ValType t = h ? wm_valtype_of_public(home->store->types, type, &err) : VAL_BOTTOM;
  u64 slots[2] = {0};
  if (t != VAL_BOTTOM && table_type(limits, is_64, t, &inner, &err)) {
    if (wm_slots_of_value(home->store, init ? init : &null, t, slots))
      table = wm_table_new(home->store, &inner, ref_of_slot(slots[0]), &err);
    else
      wm_error_set(&err, ERR_ARGUMENT, 0, "the initial reference is not of the element's type");
  }
  return (wasm_table_t *)wm_api_finish(h, (Object *)table, &err);
}

wasm_tag_t *wasmx_tag_new_of_type(wasm_store_t *home, const wasmx_type_t *type) {
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  u32 id = h ? wm_api_type_id(home->store, type, COMP_FUNC, &err) : NO_TYPE;
  Tag *tag = NULL;
  if (id != NO_TYPE && subtype_of(type)->result_count)
    wm_error_set(&err, ERR_ARGUMENT, 0, "the type of a tag has no results");
  else if (id != NO_TYPE)
    tag = wm_tag_new(home->store, id, &err);
  return (wasm_tag_t *)wm_api_finish(h, (Object *)tag, &err);
}
