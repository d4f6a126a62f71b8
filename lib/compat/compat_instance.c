/* Instances and their exports. */
#include "compat/compat.h"

/* What went wrong, when no trap tells it. */
static wasmtime_error_t *error_of(const wasmx_error_t *err) {
  return wm_compat_error("%s", *err->message ? err->message : "it cannot be instantiated");
}

static wasmtime_error_t *keep(wasmtime_context_t *c, const wasmtime_module_t *module,
                              wasm_instance_t *handle, wasmtime_instance_t *instance) {
  Exports *exports = calloc(1, sizeof *exports);
  u32 number = 0;
  if (exports)
    number = wm_compat_tell(c, KIND_INSTANCE, (wasm_extern_t *)(void *)handle);
  else
    wasm_instance_delete(handle);
  if (!number) return free(exports), wm_compat_error("out of memory");
  exports->module = wasmtime_module_clone((wasmtime_module_t *)(uintptr_t)module);
  object_at(c, number, KIND_INSTANCE)->exports = exports;
  *instance = (wasmtime_instance_t){c->id, number};
  return NULL;
}

wasmtime_error_t *wm_compat_instantiate(wasmtime_context_t *c, const wasmtime_module_t *module,
                                        const wasm_extern_vec_t *imports,
                                        wasmtime_instance_t *instance, wasm_trap_t **trap) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *left = NULL;
  wasm_module_t *here = wasm_module_obtain(c->store, module->shared);
  if (!here) return wm_compat_last_error();
  wasm_instance_t *made = wasmx_instance_new(c->store, here, imports, &left, &err);
  wasm_module_delete(here);
  if (made) return keep(c, module, made, instance);
  return left ? wm_compat_end(left, trap) : error_of(&err);
}

/* Handles of the imports, borrowed or in `made`. NULL, or why not. */
static wasmtime_error_t *collect(wasmtime_context_t *c, const wasmtime_extern_t *imports,
                                 size_t count, wasm_extern_t **handles, wasm_extern_t **made) {
  for (size_t i = 0; i < count; i++) {
    handles[i] = wm_compat_handle_of(c, &imports[i], &made[i]);
    if (!handles[i]) return wm_compat_error("import %zu is none of this store", i);
  }
  return NULL;
}

wasmtime_error_t *wasmtime_instance_new(wasmtime_context_t *store, const wasmtime_module_t *module,
                                        const wasmtime_extern_t *imports, size_t nimports,
                                        wasmtime_instance_t *instance, wasm_trap_t **trap) {
  if (trap) *trap = NULL;
  if (!store || !module || !instance) return wm_compat_error("no store, module or instance");
  if (nimports != module->imports.size || (nimports && !imports))
    return wm_compat_error("expected %zu imports, found %zu", module->imports.size, nimports);
  wasm_extern_t **handles = calloc(2 * nimports + 1, sizeof(wasm_extern_t *));
  if (!handles) return wm_compat_error("out of memory");
  wasm_extern_t **made = handles + nimports;
  wasmtime_error_t *error = collect(store, imports, nimports, handles, made);
  wasm_extern_vec_t vec = {nimports, handles};
  if (!error) error = wm_compat_instantiate(store, module, &vec, instance, trap);
  for (size_t i = 0; i < nimports; i++) wasm_extern_delete(made[i]);
  free(handles);
  return error;
}

/* ---- exports ---- */

static Object *instance_of(const wasmtime_context_t *c, const wasmtime_instance_t *instance) {
  return instance ? object_of(c, instance->store_id, instance->__private, KIND_INSTANCE) : NULL;
}

bool wasmtime_instance_export_get(wasmtime_context_t *store, const wasmtime_instance_t *instance,
                                  const char *name, size_t name_len, wasmtime_extern_t *item) {
  const Object *o = instance_of(store, instance);
  if (!o || !name || !item) return false;
  return wm_compat_item_of(store, wasmx_instance_export_n(o->instance, name, name_len), item);
}

/* Tells the host of all exports at once. NULL: out of memory. */
static u32 *tell_exports(wasmtime_context_t *c, const wasm_instance_t *instance, size_t count) {
  wasm_extern_vec_t handles;
  wasm_instance_exports(instance, &handles);
  u32 *numbers = calloc(count + 1, sizeof *numbers);
  bool fine = numbers && handles.size == count;
  for (size_t i = 0; fine && i < count; i++) {
    numbers[i] = wm_compat_tell_extern(c, handles.data[i]);
    handles.data[i] = NULL;
    fine = numbers[i] != 0;
  }
  wasm_extern_vec_delete(&handles);
  if (!fine) free(numbers);
  return fine ? numbers : NULL;
}

bool wasmtime_instance_export_nth(wasmtime_context_t *store, const wasmtime_instance_t *instance,
                                  size_t index, char **name, size_t *name_len,
                                  wasmtime_extern_t *item) {
  const Object *o = instance_of(store, instance);
  if (!o || !name || !name_len || !item) return false;
  Exports *e = o->exports;
  if (index >= e->module->exports.size) return false;
  if (!e->numbers) e->numbers = tell_exports(store, o->instance, e->module->exports.size);
  if (!e->numbers) return false;
  const wasm_name_t *text = wasm_exporttype_name(e->module->exports.data[index]);
  u32 number = e->numbers[index];
  *name = text->data;
  *name_len = text->size;
  *item = wm_compat_item(store, store->objects.data[number - 1].kind, number);
  return item->kind != KIND_TAG;
}
