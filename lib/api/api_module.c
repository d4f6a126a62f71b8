/* Modules: a handle of a ModuleObject, which is a store's view of the engine's LoadedModule; a
 * shared module is the LoadedModule alone.
 *
 *   store A: handle -> ModuleObject -+
 *                                    +-> LoadedModule (counted; code, types, bytes)
 *   store B: handle -> ModuleObject -+         ^
 *   wasm_shared_module_t ----------------------+   any thread
 *
 * Whatever makes a module ends in module_handle, which takes over the count and the error. */
#include "api/handle.h"

#include "api/source.h"
#include "base/hashmap.h"
#include "binary/names.h"
#include "os/os_file.h"
#include "wasm/limits.h"

#include <stdlib.h>

/* How many bytes an escaped module name may take. */
/* The name section's, cut to what people read. */
enum { MODULE_NAME_BYTES = 128 };

static LoadedModule *module_of(const wasm_module_t *ref) {
  const Handle *h = handle_of(ref);
  return handle_store(h) ? ((ModuleObject *)h->object)->module : NULL;
}

LoadedModule *wm_api_module(const wasm_store_t *home, const wasm_module_t *ref, Error *err) {
  Store *store = wm_api_store(home, err), *own = wm_api_handle_store(handle_of(ref), err);
  if (!store || !own) return NULL;
  if (store->engine == own->engine) return module_of(ref);
  wm_error_set(err, ERR_ARGUMENT, 0, "the module is of another engine");
  return NULL;
}

/* ---- loading ---- */

/* Takes over the caller's count of `lm`, which may be NULL with err set. */
static wasm_module_t *module_handle(wasm_store_t *home, LoadedModule *lm, Error *err,
                                    wasmx_error_t *out) {
  Handle *h = lm ? wm_api_begin(home, err) : NULL;
  ModuleObject *object = h ? wm_module_object_new(home->store, lm, err) : NULL;
  h = wm_api_finish(h, (Object *)object, err);
  if (!h && out) wm_api_report(err, out);
  wm_loaded_release(lm);
  return (wasm_module_t *)h;
}

/* Of a vector that check_bytes saw. */
static const u8 *bytes_of(const wasm_byte_vec_t *vec) { return (const u8 *)vec->data; }

static bool check_bytes(const wasm_byte_vec_t *bytes, Error *err) {
  if (bytes && (bytes->data || !bytes->size)) return true;
  return wm_error_set(err, ERR_ARGUMENT, 0, "the bytes are NULL");
}

/* The bytes are copied: the host's may go when this returns. */
wasm_module_t *wasmx_module_new(wasm_store_t *home, const wasm_byte_vec_t *bytes, uint32_t flags,
                                wasmx_error_t *out) {
  Error err = {0};
  LoadedModule *lm = NULL;
  Buffer text = {0};
  Store *store = wm_api_store(home, &err);
  Source source;
  if (store && check_bytes(bytes, &err) &&
      wm_source_open(bytes_of(bytes), bytes->size, flags & WASMX_ALLOW_TEXT, &text, &source, &err))
    lm = wm_engine_load(store->engine, source.bytes, source.size, &err);
  wm_buffer_free(&text);
  return module_handle(home, lm, &err, out);
}

wasm_module_t *wasm_module_new(wasm_store_t *home, const wasm_byte_vec_t *binary) {
  return wasmx_module_new(home, binary, 0, NULL);
}

/* The file's bytes, from malloc; NULL: err. */
static u8 *read_file(const char *path, size_t *size, Error *err) {
  OpenFile file;
  u8 *bytes = NULL;
  if (!path || !wm_os_open_file(path, &file)) {
    wm_error_set(err, ERR_ARGUMENT, 0, "there is no such file that can be read");
    return NULL;
  }
  *size = (size_t)file.size_bytes;
  if (file.size_bytes > MAX_MODULE_BYTES)
    wm_error_set(err, ERR_LIMIT, 0, "file of %llu bytes is too large, at most %u",
                 (unsigned long long)file.size_bytes, (u32)MAX_MODULE_BYTES);
  else
    bytes = malloc(*size + 1);
  if (!bytes) wm_error_out_of_memory(err); /* unless it is too large */
  /* All of it is written now: few faults. */
  if (bytes) wm_os_prefer_large_pages(bytes, *size);
  if (bytes && !wm_os_read_file(&file, 0, bytes, *size))
    wm_error_set(err, ERR_ARGUMENT, 0, "the file cannot be read, or became shorter");
  bool is_read = err->code == ERR_NONE;
  wm_os_close_file(&file);
  if (is_read) return bytes;
  free(bytes);
  return NULL;
}

/* Takes over the bytes. */
/* A binary's bytes become the module's without a copy; a text's are done with after its
 * translation. */
static LoadedModule *load_owned(Store *store, u8 *bytes, size_t size, bool allow_text, Error *err) {
  Buffer text = {0};
  Source source;
  bool ok = wm_source_open(bytes, size, allow_text, &text, &source, err);
  if (ok && source.bytes == bytes) return wm_engine_load_owned(store->engine, bytes, size, err);
  free(bytes);
  LoadedModule *lm = ok ? wm_engine_load(store->engine, source.bytes, source.size, err) : NULL;
  wm_buffer_free(&text);
  return lm;
}

wasm_module_t *wasmx_module_new_file(wasm_store_t *home, const char *path, uint32_t flags,
                                     wasmx_error_t *out) {
  Error err = {0};
  size_t size = 0;
  Store *store = wm_api_store(home, &err);
  u8 *bytes = store ? read_file(path, &size, &err) : NULL;
  LoadedModule *lm = bytes ? load_owned(store, bytes, size, flags & WASMX_ALLOW_TEXT, &err) : NULL;
  return module_handle(home, lm, &err, out);
}

bool wasmx_module_validate(wasm_store_t *home, const wasm_byte_vec_t *bytes, uint32_t flags,
                           wasmx_error_t *out) {
  Error err = {0};
  Buffer text = {0};
  Store *store = wm_api_store(home, &err);
  Source source;
  bool ok = store && check_bytes(bytes, &err) &&
            wm_source_open(bytes_of(bytes), bytes->size, flags & WASMX_ALLOW_TEXT, &text, &source,
                           &err) &&
            wm_engine_validate(store->engine, source.bytes, source.size, &err);
  wm_buffer_free(&text);
  if (!ok) wm_api_report(&err, out);
  return ok;
}

bool wasm_module_validate(wasm_store_t *home, const wasm_byte_vec_t *binary) {
  return wasmx_module_validate(home, binary, 0, NULL);
}

/* ---- imports, exports ---- */

/* A name for a type object; false when memory ran out. */
static bool copy_name(wasm_name_t *out, Name name) {
  wasm_byte_vec_new(out, name.len, (const wasm_byte_t *)name.bytes);
  return out->size == name.len;
}

static wasm_importtype_t *import_type(const LoadedModule *lm, const Import *import) {
  wasm_name_t module, name;
  bool ok = copy_name(&module, import->module);
  ok = copy_name(&name, import->name) && ok;
  wasm_externtype_t *type = ok ? wm_externtype_of_module(lm, import->kind, import->index) : NULL;
  return wasm_importtype_new(&module, &name, type);
}

static wasm_exporttype_t *export_type(const LoadedModule *lm, const Export *export_) {
  wasm_name_t name;
  bool ok = copy_name(&name, export_->name);
  wasm_externtype_t *type = ok ? wm_externtype_of_module(lm, export_->kind, export_->index) : NULL;
  return wasm_exporttype_new(&name, type);
}

void wasm_module_imports(const wasm_module_t *ref, wasm_importtype_vec_t *out) {
  if (!out) return;
  wasm_importtype_vec_new_empty(out);
  const LoadedModule *lm = module_of(ref);
  if (!lm) return;
  /* Deleting the vector makes its size 0, which ends the loop. */
  wasm_importtype_vec_new_uninitialized(out, lm->module.import_count);
  for (size_t i = 0; i < out->size; i++) {
    out->data[i] = import_type(lm, &lm->module.imports[i]);
    if (out->data[i]) continue;
    wasm_importtype_vec_delete(out);
    wm_api_out_of_memory();
  }
}

void wasm_module_exports(const wasm_module_t *ref, wasm_exporttype_vec_t *out) {
  if (!out) return;
  wasm_exporttype_vec_new_empty(out);
  const LoadedModule *lm = module_of(ref);
  if (!lm) return;
  wasm_exporttype_vec_new_uninitialized(out, lm->module.export_count);
  for (size_t i = 0; i < out->size; i++) {
    out->data[i] = export_type(lm, &lm->module.exports[i]);
    if (out->data[i]) continue;
    wasm_exporttype_vec_delete(out);
    wm_api_out_of_memory();
  }
}

const char *wasmx_module_name(const wasm_module_t *ref) {
  Handle *h = handle_of(ref);
  LoadedModule *lm = module_of(ref);
  if (!lm) return "";
  if (!h->name) {
    Name name = {0};
    char text[MODULE_NAME_BYTES];
    wm_names_find_module(&lm->module, &name);
    /* Kept by the handle, as the host gets no ownership of it. */
    h->name = strdup(wm_escape(text, sizeof text, name.bytes, name.len));
    if (!h->name) return wm_api_out_of_memory(), "";
  }
  return h->name;
}

/* ---- obtain ---- */

/* Engines are told apart by their registries: the store's and the module's type ids must mean the
 * same. */
wasm_module_t *wasm_module_obtain(wasm_store_t *home, const wasm_shared_module_t *shared) {
  Error err = {0};
  LoadedModule *lm = NULL;
  Store *store = wm_api_store(home, &err);
  if (!shared)
    wm_error_set(&err, ERR_ARGUMENT, 0, "the shared module is NULL");
  else if (store && store->types != shared->module->types)
    wm_error_set(&err, ERR_ARGUMENT, 0, "the shared module is of another engine");
  else if (store)
    lm = shared->module;
  if (lm) wm_loaded_retain(lm);
  return module_handle(home, lm, &err, NULL);
}

/* ---- serialization ---- */

void wasm_module_serialize(const wasm_module_t *ref, wasm_byte_vec_t *out) {
  if (!out) return;
  wasm_byte_vec_new_empty(out);
  Error err = {0};
  if (!wm_api_handle_store(handle_of(ref), &err)) {
    wm_api_report(&err, NULL);
    return;
  }
  Buffer bytes = {0};
  if (wm_engine_serialize(module_of(ref), &bytes))
    wasm_byte_vec_new(out, bytes.len, (const byte_t *)bytes.data);
  else
    wm_api_out_of_memory();
  wm_buffer_free(&bytes);
}

wasm_module_t *wasm_module_deserialize(wasm_store_t *home, const wasm_byte_vec_t *from) {
  Error err = {0};
  LoadedModule *lm = NULL;
  Store *store = wm_api_store(home, &err);
  if (store && check_bytes(from, &err))
    lm = wm_engine_deserialize(store->engine, bytes_of(from), from->size, &err);
  return module_handle(home, lm, &err, NULL);
}

wasm_module_t *wasmx_module_deserialize_file(wasm_store_t *home, const char *path,
                                             wasmx_error_t *out) {
  Error err = {0};
  LoadedModule *lm = NULL;
  Store *store = wm_api_store(home, &err);
  if (store && !path) wm_error_set(&err, ERR_ARGUMENT, 0, "the path is NULL");
  if (store && path) lm = wm_engine_deserialize_file(store->engine, path, &err);
  return module_handle(home, lm, &err, out);
}
