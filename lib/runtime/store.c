/* A store's birth and death, and the host info of its objects (store.h). */
#include "runtime/store.h"

#include "runtime/activation.h"
#include "runtime/collect.h"
#include "runtime/fiber.h"
#include "runtime/heap.h"
#include "runtime/native.h"

#include <stdlib.h>

Store *wm_store_new(TypeRegistry *types, MemoryPool *pool, void *engine, Account *account) {
  Store *store = calloc(1, sizeof *store);
  if (!store) return NULL;
  if (account) wm_account_retain(account);
  store->account = account ? account : wm_account_new();
  store->types = types;
  store->pool = pool;
  store->engine = engine;
  store->threshold_bytes = COLLECT_MIN_DEBT_BYTES;
  store->stack_bytes = DEFAULT_STACK_BYTES;
  store->native.budget_bytes = DEFAULT_NATIVE_STACK_BYTES;
  store->ways_in = wm_ways_in;
  store->stop = store->account ? wm_stop_new() : NULL;
  if (store->stop) store->out_of_memory = wm_trap_new(store, TRAP_OUT_OF_MEMORY, NULL, 0);
  if (store->out_of_memory) return store;
  wm_stop_release(store->stop);
  wm_account_release(store->account);
  free(store);
  return NULL;
}

bool wm_store_delete(Store *store) {
  if (!store) return true;
  if (store->activation || store->fiber || store->collecting) return false;
  while (store->fibers) wm_fiber_free(store->fibers);
  wm_store_free_objects(store);
  wm_heap_delete(store->heap);
  wm_ptrmap_free(&store->host_info);
  size_t stack_bytes = (size_t)(store->stack_end - store->stack) * sizeof(u64);
  wm_os_release(store->stack, stack_bytes + wm_os_page_size());
  wm_stop_release(store->stop);
  wm_account_release(store->account);
  free(store);
  return true;
}

bool wm_store_set_info(Store *store, Object *object, void *info, void (*finalizer)(void *)) {
  if (store->closing) return false;
  u64 found = 0;
  if (wm_ptrmap_get(&store->host_info, object, &found)) {
    HostInfo *slot = (HostInfo *)(uintptr_t)found, old = *slot;
    *slot = (HostInfo){info, finalizer};
    if (old.finalizer && old.info != info) old.finalizer(old.info);
    return true;
  }
  HostInfo *slot = malloc(sizeof *slot);
  if (!slot) return false;
  *slot = (HostInfo){info, finalizer};
  if (!wm_ptrmap_set(&store->host_info, object, (u64)(uintptr_t)slot)) {
    free(slot);
    return false;
  }
  object->has_info = true;
  store->debt_bytes += HOST_INFO_WEIGHT_BYTES;
  return true;
}

void *wm_store_get_info(const Store *store, const Object *object) {
  u64 found = 0;
  if (!object->has_info || !wm_ptrmap_get(&store->host_info, object, &found)) return NULL;
  return ((HostInfo *)(uintptr_t)found)->info;
}
