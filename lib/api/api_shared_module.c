/* Modules without a store: the engine's LoadedModule under a handle of its own (api_module.c). */
#include "api/handle.h"

#include <stdlib.h>

/* Takes over the count of `lm`, which may be NULL with err set. */
static wasm_shared_module_t *shared_handle(LoadedModule *lm, Error *err, wasmx_error_t *out) {
  wasm_shared_module_t *shared = lm ? malloc(sizeof *shared) : NULL;
  if (lm && !shared) wm_error_out_of_memory(err);
  if (shared) {
    shared->module = lm;
    return shared;
  }
  if (lm) wm_loaded_release(lm);
  wm_api_report(err, out);
  return NULL;
}

wasm_shared_module_t *wasm_module_share(const wasm_module_t *ref) {
  Error err = {0};
  LoadedModule *lm = NULL;
  if (wm_api_handle_store(handle_of(ref), &err)) {
    lm = ((ModuleObject *)handle_of(ref)->object)->module;
    wm_loaded_retain(lm);
  }
  return shared_handle(lm, &err, NULL);
}

void wasm_shared_module_delete(wasm_shared_module_t *shared) {
  if (!shared) return;
  wm_loaded_release(shared->module);
  free(shared);
}

/* ---- from bytes, to bytes ---- */

static bool check(const wasm_engine_t *engine, const wasm_byte_vec_t *bytes, Error *err) {
  if (engine && bytes && (bytes->data || !bytes->size)) return true;
  return wm_error_set(err, ERR_ARGUMENT, 0, "the engine or the bytes are NULL");
}

wasm_shared_module_t *wasmx_shared_module_new(wasm_engine_t *engine, const wasm_byte_vec_t *bytes,
                                              uint32_t flags, void (*release)(void *env), void *env,
                                              wasmx_error_t *out) {
  Error err = {0};
  LoadedModule *lm = NULL;
  bool borrows = flags & WASMX_BORROW_BYTES;
  if ((flags & ~(uint32_t)WASMX_BORROW_BYTES) || (release && !borrows))
    wm_error_set(&err, ERR_ARGUMENT, 0, "unknown flags, or what to run for bytes that are copied");
  else if (check(engine, bytes, &err))
    lm = borrows ? wm_engine_load_borrowed(engine_of(engine), (const u8 *)bytes->data, bytes->size,
                                           &err)
                 : wm_engine_load(engine_of(engine), (const u8 *)bytes->data, bytes->size, &err);
  wasm_shared_module_t *shared = shared_handle(lm, &err, out);
  /* Not before all is well: a failure releases nothing. */
  if (shared) lm->release = release;
  if (shared) lm->release_env = env;
  return shared;
}

bool wasmx_shared_module_serialize(const wasm_shared_module_t *shared, wasm_byte_vec_t *out) {
  Buffer bytes = {0};
  if (out) wasm_byte_vec_new_empty(out);
  if (!shared || !out) return wm_api_fail(ERR_ARGUMENT, "the module or the result is NULL");
  if (!wm_engine_serialize(shared->module, &bytes)) {
    wm_buffer_free(&bytes);
    return wm_api_out_of_memory(), false;
  }
  /* Vectors of bytes are freed as buffers are. */
  *out = (wasm_byte_vec_t){bytes.len, (byte_t *)bytes.data};
  return true;
}

wasm_shared_module_t *wasmx_shared_module_deserialize(wasm_engine_t *engine,
                                                      const wasm_byte_vec_t *bytes,
                                                      wasmx_error_t *out) {
  Error err = {0};
  LoadedModule *lm = NULL;
  if (check(engine, bytes, &err))
    lm = wm_engine_deserialize(engine_of(engine), (const u8 *)bytes->data, bytes->size, &err);
  return shared_handle(lm, &err, out);
}

wasm_shared_module_t *wasmx_shared_module_deserialize_file(wasm_engine_t *engine, const char *path,
                                                           uint64_t offset, uint64_t size,
                                                           wasmx_error_t *out) {
  Error err = {0};
  LoadedModule *lm = NULL;
  if (!engine || !path)
    wm_error_set(&err, ERR_ARGUMENT, 0, "the engine or the path is NULL");
  else
    lm = wm_engine_deserialize_part(engine_of(engine), path, offset, size, &err);
  return shared_handle(lm, &err, out);
}

/* ---- imports and exports, without type objects ---- */

static void tell_func(const LoadedModule *lm, u32 type_id, wasmx_externinfo_t *out) {
  const SubType *type = wm_types_get(lm->types, type_id);
  out->param_count = type->param_count;
  out->result_count = type->result_count;
  out->registry = lm->types;
  out->type = type;
}

static void tell_limits(const Limits *limits, wasmx_externinfo_t *out) {
  out->min = limits->min;
  out->max = limits->has_max ? limits->max : UINT64_MAX;
  out->is_64 = limits->is_64;
  out->is_shared = limits->is_shared;
}

/* As wm_externtype_of_module has them. */
static void tell_type(const LoadedModule *lm, ExternKind kind, u32 index, wasmx_externinfo_t *out) {
  const Module *m = &lm->module;
  ValType content = VAL_I32;
  switch (kind) {
  case EXTERN_FUNC: tell_func(lm, module_func_type(m, index)->type_id, out); break;
  case EXTERN_TAG: tell_func(lm, m->types[m->tags[index].type_index].type_id, out); break;
  case EXTERN_GLOBAL:
    content = m->globals[index].type.type;
    out->is_mutable = m->globals[index].type.is_mutable;
    break;
  case EXTERN_TABLE:
    content = m->tables[index].type.element;
    tell_limits(&m->tables[index].type.limits, out);
    break;
  case EXTERN_MEMORY:
    tell_limits(&m->memories[index].limits, out);
    out->page_size = UINT32_C(1) << m->memories[index].limits.page_log2;
    break;
  }
  if (kind == EXTERN_GLOBAL || kind == EXTERN_TABLE)
    out->content = wm_kind_of_valtype(lm->types, module_canonical(m, content));
}

static bool tell(const LoadedModule *lm, bool is_import, size_t i, wasmx_externinfo_t *out) {
  static const wasm_externkind_t kinds[] = {WASM_EXTERN_FUNC, WASM_EXTERN_TABLE, WASM_EXTERN_MEMORY,
                                            WASM_EXTERN_GLOBAL, WASM_EXTERN_TAG};
  if (!lm || !out || out->size < sizeof out->size) return false;
  const Module *m = &lm->module;
  if (i >= (is_import ? m->import_count : m->export_count)) return false;
  const Name none = {(const u8 *)"", 0};
  Name module = is_import ? m->imports[i].module : none;
  Name name = is_import ? m->imports[i].name : m->exports[i].name;
  ExternKind kind = is_import ? m->imports[i].kind : m->exports[i].kind;
  wasmx_externinfo_t all = {.size = out->size,
                            .module = (const char *)module.bytes,
                            .module_size = module.len,
                            .name = (const char *)name.bytes,
                            .name_size = name.len,
                            .kind = kinds[kind]};
  tell_type(lm, kind, is_import ? m->imports[i].index : m->exports[i].index, &all);
  memcpy(out, &all, out->size < sizeof all ? out->size : sizeof all);
  return true;
}

static const LoadedModule *module_of(const wasm_module_t *ref) {
  const Handle *h = handle_of(ref);
  return handle_store(h) ? ((ModuleObject *)h->object)->module : NULL;
}

bool wasmx_module_import_info(const wasm_module_t *ref, size_t i, wasmx_externinfo_t *out) {
  return tell(module_of(ref), true, i, out);
}

bool wasmx_module_export_info(const wasm_module_t *ref, size_t i, wasmx_externinfo_t *out) {
  return tell(module_of(ref), false, i, out);
}

bool wasmx_shared_module_import_info(const wasm_shared_module_t *shared, size_t i,
                                     wasmx_externinfo_t *out) {
  return tell(shared ? shared->module : NULL, true, i, out);
}

bool wasmx_shared_module_export_info(const wasm_shared_module_t *shared, size_t i,
                                     wasmx_externinfo_t *out) {
  return tell(shared ? shared->module : NULL, false, i, out);
}

wasm_valkind_t wasmx_externinfo_value(const wasmx_externinfo_t *info, size_t i) {
  bool is_whole = info && info->size >= sizeof *info;
  const SubType *type = is_whole ? info->type : NULL;
  if (!type || i >= (size_t)type->param_count + type->result_count) return 0;
  ValType t = i < type->param_count ? type->params[i] : type->results[i - type->param_count];
  return wm_kind_of_valtype((TypeRegistry *)(uintptr_t)info->registry, t);
}
