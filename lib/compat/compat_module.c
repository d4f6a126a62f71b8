/* Modules of an engine. Reading one takes a store, which is made for that and goes at once. */
#include "compat/compat.h"

static void module_free(wasmtime_module_t *module) {
  wasm_shared_module_delete(module->shared);
  wasm_importtype_vec_delete(&module->imports);
  wasm_exporttype_vec_delete(&module->exports);
  wasm_engine_delete(module->engine);
  free(module);
}

void wasmtime_module_delete(wasmtime_module_t *module) {
  if (module && atomic_fetch_sub(&module->references, 1) == 1) module_free(module);
}

wasmtime_module_t *wasmtime_module_clone(wasmtime_module_t *module) {
  if (module) atomic_fetch_add(&module->references, 1);
  return module;
}

/* The module's outside. False: out of memory. */
static bool describe(wasmtime_module_t *module, wasm_engine_t *engine, const wasm_module_t *from) {
  atomic_init(&module->references, 1);
  module->engine = wasmx_engine_copy(engine);
  module->shared = wasm_module_share(from);
  wasm_module_imports(from, &module->imports);
  wasm_module_exports(from, &module->exports);
  return module->shared != NULL;
}

/* Takes the handle and its store; NULL: the last error says why there is none. */
static wasmtime_error_t *keep(wasm_engine_t *engine, wasm_store_t *store, wasm_module_t *handle,
                              wasmtime_module_t **ret) {
  wasmtime_error_t *error = handle ? NULL : wm_compat_last_error();
  wasmtime_module_t *module = handle ? calloc(1, sizeof *module) : NULL;
  bool is_whole = module && describe(module, engine, handle);
  if (is_whole)
    *ret = module;
  else if (module)
    module_free(module);
  if (handle && !is_whole) error = wm_compat_error("out of memory");
  wasm_module_delete(handle);
  wasm_store_delete(store);
  return error;
}

static wasmtime_error_t *no_bytes(void) {
  return wm_compat_error("no engine, no bytes, or nowhere to put the module");
}

static wasm_byte_vec_t view_of(const uint8_t *bytes, size_t len) {
  return (wasm_byte_vec_t){bytes ? len : 0, (wasm_byte_t *)(uintptr_t)bytes};
}

static u32 allowed(void) { return wasmx_has("text") ? WASMX_ALLOW_TEXT : 0; }

wasmtime_error_t *wasmtime_module_new(wasm_engine_t *engine, const uint8_t *wasm, size_t wasm_len,
                                      wasmtime_module_t **ret) {
  if (!engine || !wasm || !ret) return no_bytes();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t bytes = view_of(wasm, wasm_len);
  return keep(engine, store, store ? wasmx_module_new(store, &bytes, allowed(), NULL) : NULL, ret);
}

wasmtime_error_t *wasmtime_module_deserialize(wasm_engine_t *engine, const uint8_t *bytes,
                                              size_t bytes_len, wasmtime_module_t **ret) {
  if (!engine || !bytes || !ret) return no_bytes();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t view = view_of(bytes, bytes_len);
  return keep(engine, store, store ? wasm_module_deserialize(store, &view) : NULL, ret);
}

wasmtime_error_t *wasmtime_module_deserialize_file(wasm_engine_t *engine, const char *path,
                                                   wasmtime_module_t **ret) {
  if (!engine || !path || !ret) return no_bytes();
  wasm_store_t *store = wasm_store_new(engine);
  return keep(engine, store, store ? wasmx_module_deserialize_file(store, path, NULL) : NULL, ret);
}

wasmtime_error_t *wasmtime_module_validate(wasm_engine_t *engine, const uint8_t *wasm,
                                           size_t wasm_len) {
  if (!engine || !wasm) return no_bytes();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t bytes = view_of(wasm, wasm_len);
  bool is_valid = store && wasmx_module_validate(store, &bytes, 0, NULL);
  wasmtime_error_t *error = is_valid ? NULL : wm_compat_last_error();
  wasm_store_delete(store);
  return error;
}

wasmtime_error_t *wasmtime_module_serialize(wasmtime_module_t *module, wasm_byte_vec_t *ret) {
  if (!module || !ret) return wm_compat_error("no module, or nowhere to put its bytes");
  wasm_store_t *store = wasm_store_new(module->engine);
  wasm_module_t *handle = store ? wasm_module_obtain(store, module->shared) : NULL;
  wasm_byte_vec_new_empty(ret);
  if (handle) wasm_module_serialize(handle, ret);
  wasmtime_error_t *error = ret->data ? NULL : wm_compat_last_error();
  wasm_module_delete(handle);
  wasm_store_delete(store);
  return error;
}

void wasmtime_module_imports(const wasmtime_module_t *module, wasm_importtype_vec_t *out) {
  wasm_importtype_vec_copy(out, module ? &module->imports : NULL);
}

void wasmtime_module_exports(const wasmtime_module_t *module, wasm_exporttype_vec_t *out) {
  wasm_exporttype_vec_copy(out, module ? &module->exports : NULL);
}

void wasmtime_module_image_range(const wasmtime_module_t *module, void **start, void **end) {
  (void)module;
  if (start) *start = NULL;
  if (end) *end = NULL;
}

wasmtime_error_t *wasmtime_wat2wasm(const char *wat, size_t wat_len, wasm_byte_vec_t *ret) {
  if (!wat || !ret) return wm_compat_error("no text, or nowhere to put the module");
  return wasmx_wat2wasm(wat, wat_len, ret, NULL) ? NULL : wm_compat_last_error();
}
