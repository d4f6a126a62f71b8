/* Linkers: externals by module and name. Both names are of any bytes, so a key is
 *
 *   [ length of the module's name: 4 bytes | module's name | name ]  */
#include "api/linker.h"

#include "api/handle.h"
#include "base/vec.h"

#include <stdlib.h>

typedef struct Definition {
  u8 *key;        /* owned; NameMap borrows it */
  Handle *handle; /* owned */
} Definition;

/* Definitions stay in their places: redefining replaces the handle, nothing is ever removed. */
struct wasmx_linker_t {
  wasm_store_t *home; /* counted */
  NameMap map;        /* key -> index in definitions */
  Vec(Definition) definitions;
};

wasmx_linker_t *wasmx_linker_new(wasm_store_t *home) {
  Error err = {0};
  wasmx_linker_t *linker = NULL;
  if (wm_api_store(home, &err)) {
    linker = calloc(1, sizeof *linker);
    if (!linker) wm_error_out_of_memory(&err);
  }
  if (!linker) return wm_api_report(&err, NULL), NULL;
  linker->home = home;
  wm_home_hold(home);
  return linker;
}

void wasmx_linker_delete(wasmx_linker_t *linker) {
  if (!linker) return;
  for (u32 i = 0; i < linker->definitions.len; i++) {
    wm_handle_delete(linker->definitions.data[i].handle);
    free(linker->definitions.data[i].key);
  }
  vec_free(&linker->definitions);
  wm_namemap_free(&linker->map);
  wm_home_release(linker->home);
  free(linker);
}

wasm_store_t *wm_linker_home(const wasmx_linker_t *linker) { return linker->home; }

/* ---- keys ---- */

/* NULL when out of memory. The caller frees it. */
static u8 *key_new(const void *module, size_t module_len, const void *name, size_t name_len,
                   u32 *len) {
  u64 total;
  if (!checked_add(module_len, name_len, &total) || total > INT32_MAX) return NULL;
  u8 *key = malloc(4 + (size_t)total);
  if (!key) return NULL;
  store_u32(key, (u32)module_len);
  if (module_len) memcpy(key + 4, module, module_len);
  if (name_len) memcpy(key + 4 + module_len, name, name_len);
  *len = 4 + (u32)total;
  return key;
}

/* The definition of a key, or NULL. */
static Definition *find(const wasmx_linker_t *linker, const u8 *key, u32 len) {
  u32 index;
  if (!wm_namemap_get(&linker->map, key, len, &index)) return NULL;
  return &linker->definitions.data[index];
}

Handle *wm_linker_find(const wasmx_linker_t *linker, const void *module, size_t module_len,
                       const void *name, size_t name_len, bool *failed) {
  u32 len;
  u8 *key = key_new(module, module_len, name, name_len, &len);
  *failed = !key;
  Definition *definition = key ? find(linker, key, len) : NULL;
  free(key);
  return definition ? definition->handle : NULL;
}

/* ---- defining ---- */

bool wm_linker_take(wasmx_linker_t *linker, const void *module, size_t module_len, const void *name,
                    size_t name_len, Handle *handle) {
  u32 len;
  u8 *key = handle ? key_new(module, module_len, name, name_len, &len) : NULL;
  Definition *old = key ? find(linker, key, len) : NULL;
  if (old) {
    Handle *before = old->handle;
    old->handle = handle;
    free(key);
    wm_handle_delete(before); /* last: finalizers may run, and define something */
    return true;
  }
  u32 index = linker->definitions.len;
  if (key && vec_reserve(&linker->definitions, 1) &&
      wm_namemap_add(&linker->map, key, len, index, NULL)) {
    /* NOLINTNEXTLINE(*.NullDereference): its room is reserved */
    *vec_push(&linker->definitions) = (Definition){key, handle};
    return true;
  }
  free(key);
  wm_handle_delete(handle);
  return wm_api_out_of_memory();
}

bool wasmx_linker_define_n(wasmx_linker_t *linker, const char *module, size_t module_len,
                           const char *name, size_t name_len, const wasm_extern_t *item) {
  const Handle *h = handle_of(item);
  if (!linker || !handle_store(h) || h->home != linker->home)
    return wm_api_fail(ERR_ARGUMENT, "the linker and the external are not of one living store");
  if ((!module && module_len) || (!name && name_len))
    return wm_api_fail(ERR_ARGUMENT, "a name is NULL");
  return wm_linker_take(linker, module, module_len, name, name_len, wm_handle_copy(h));
}

bool wasmx_linker_define(wasmx_linker_t *linker, const char *module, const char *name,
                         const wasm_extern_t *item) {
  if (!module || !name) return wm_api_fail(ERR_ARGUMENT, "a name is NULL");
  return wasmx_linker_define_n(linker, module, strlen(module), name, strlen(name), item);
}

bool wasmx_linker_define_instance(wasmx_linker_t *linker, const char *module, size_t module_len,
                                  const wasm_instance_t *instance) {
  const Handle *h = handle_of(instance);
  if (!linker || !handle_store(h) || h->home != linker->home)
    return wm_api_fail(ERR_ARGUMENT, "the linker and the instance are not of one living store");
  if (!module && module_len) return wm_api_fail(ERR_ARGUMENT, "the name is NULL");
  /* Finalizers of what is replaced may delete the host's handle. */
  Handle *held = wm_handle_copy(h);
  bool ok = held != NULL;
  Instance *in = (Instance *)h->object;
  u32 count = ok ? in->module->module.export_count : 0;
  for (u32 i = 0; ok && i < count; i++) {
    const Export *e = &in->module->module.exports[i];
    Handle *item = wm_handle_new(linker->home, wm_instance_export(in, e));
    ok = wm_linker_take(linker, module, module_len, e->name.bytes, e->name.len, item);
  }
  wm_handle_delete(held);
  return ok;
}

/* ---- using ---- */

/* The caller's own handle. Without a definition NULL, and no error: asking is allowed. */
wasm_extern_t *wasmx_linker_get_n(const wasmx_linker_t *linker, const char *module,
                                  size_t module_len, const char *name, size_t name_len) {
  if (!linker || (!module && module_len) || (!name && name_len) || !store_of(linker->home))
    return wm_api_fail(ERR_ARGUMENT, "no linker, or a name is NULL"), NULL;
  bool failed;
  const Handle *h = wm_linker_find(linker, module, module_len, name, name_len, &failed);
  if (failed) wm_api_out_of_memory();
  return (wasm_extern_t *)wm_handle_copy(h);
}

wasm_extern_t *wasmx_linker_get(const wasmx_linker_t *linker, const char *module,
                                const char *name) {
  if (!module || !name) return wm_api_fail(ERR_ARGUMENT, "a name is NULL"), NULL;
  return wasmx_linker_get_n(linker, module, strlen(module), name, strlen(name));
}

/* What is not defined stays NULL: instantiation says what was wanted. */
static bool import_objects(const wasmx_linker_t *linker, const LoadedModule *lm, Object **objects,
                           Error *err) {
  for (u32 i = 0; i < lm->module.import_count; i++) {
    const Import *import = &lm->module.imports[i];
    bool failed;
    const Handle *h = wm_linker_find(linker, import->module.bytes, import->module.len,
                                     import->name.bytes, import->name.len, &failed);
    if (failed) return wm_error_out_of_memory(err);
    objects[i] = h ? h->object : NULL;
  }
  return true;
}

wasm_instance_t *wasmx_linker_instantiate_with(const wasmx_linker_t *linker,
                                               const wasm_module_t *module,
                                               const wasmx_call_options_t *options,
                                               wasm_trap_t **trap, wasmx_error_t *out) {
  Error err = {0};
  if (trap) *trap = NULL;
  wasm_instance_t *instance = NULL;
  LoadedModule *lm = NULL;
  if (linker)
    lm = wm_api_module(linker->home, module, &err);
  else
    wm_error_set(&err, ERR_ARGUMENT, 0, "the linker is NULL");
  u32 count = lm ? lm->module.import_count : 0;
  /* One more than there are: malloc(0) may be NULL. */
  Object **objects AUTO_FREE = lm ? malloc((count + (size_t)1) * sizeof *objects) : NULL;
  if (lm && !objects) wm_error_out_of_memory(&err);
  if (objects && import_objects(linker, lm, objects, &err))
    instance =
        wm_api_instantiate(linker->home, lm, &(ImportList){objects, count}, options, trap, &err);
  if (!instance) wm_api_report(&err, out);
  return instance;
}

wasm_instance_t *wasmx_linker_instantiate(const wasmx_linker_t *linker, const wasm_module_t *module,
                                          wasm_trap_t **trap, wasmx_error_t *out) {
  return wasmx_linker_instantiate_with(linker, module, NULL, trap, out);
}
