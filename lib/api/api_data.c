/* The host's data of stores and instances: a field of each, so that host functions find it in one
 * step. */
#include "api/handle.h"

void wm_host_info_replace(HostInfo *place, HostInfo info) {
  HostInfo old = *place;
  *place = info;
  if (old.finalizer && old.info != info.info) old.finalizer(old.info);
}

static Instance *instance_of(const wasm_instance_t *ref) {
  const Handle *h = handle_of(ref);
  return handle_store(h) ? (Instance *)h->object : NULL;
}

bool wasmx_store_set_data(wasm_store_t *home, void *data, void (*finalizer)(void *)) {
  if (!store_of(home)) return wm_api_fail(ERR_ARGUMENT, "there is no store, or it is deleted");
  wm_host_info_replace(&home->data, (HostInfo){data, finalizer});
  return true;
}

/* Finalizers of what goes with the store may still ask. */
void *wasmx_store_get_data(const wasm_store_t *home) { return home ? home->data.info : NULL; }

bool wasmx_instance_set_data(wasm_instance_t *ref, void *data, void (*finalizer)(void *)) {
  Instance *in = instance_of(ref);
  if (!in) return wm_api_fail(ERR_ARGUMENT, "the instance is NULL or its store deleted");
  wm_host_info_replace(&in->data, (HostInfo){data, finalizer});
  return true;
}

void *wasmx_instance_get_data(const wasm_instance_t *ref) {
  const Instance *in = instance_of(ref);
  return in ? in->data.info : NULL;
}

void *wasmx_caller_data(wasmx_caller_t *caller) {
  return caller && caller->instance ? caller->instance->data.info : NULL;
}
