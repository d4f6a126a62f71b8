/* A store's birth and death, and the host info of its objects (store.h). */
#include "runtime/store.h"

#include "runtime/collect.h"
#include "runtime/native.h"

#include <stdlib.h>

Store *wm_store_new(TypeRegistry *types, MemoryPool *pool, void *engine) {
  Store *store = calloc(1, sizeof *store);
  if (!store) return NULL;
  store->types = types;
  store->pool = pool;
  store->engine = engine;
  store->threshold_bytes = COLLECT_MIN_DEBT_BYTES;
  store->stack_bytes = DEFAULT_STACK_BYTES;
  store->native_stack_bytes = DEFAULT_NATIVE_STACK_BYTES;
  store->limits = (StoreLimits){UINT64_MAX, UINT64_MAX, UINT64_MAX};
  if (!wm_mutex_init(&store->limit_lock)) {
    free(store);
    return NULL;
  }
  store->out_of_memory = wm_trap_new(store, TRAP_OUT_OF_MEMORY, NULL, 0);
  if (store->out_of_memory) return store;
  wm_mutex_destroy(&store->limit_lock);
  free(store);
  return NULL;
}

bool wm_store_delete(Store *store) {
  if (!store) return true;
  wm_store_forget_dead(store);
  if (store->activation || store->collecting) return false;
  wm_store_free_objects(store);
  wm_ptrmap_free(&store->host_info);
  size_t stack_bytes = (size_t)(store->stack_end - store->stack) * sizeof(u64);
  wm_os_release(store->stack, stack_bytes + wm_os_page_size());
  wm_mutex_destroy(&store->limit_lock);
  free(store);
  return true;
}

const void *wm_store_enter(Store *store) {
  const void *self = wm_os_thread_token();
  const void *before = atomic_exchange(&store->thread, self);
  assert((!before || before == self) && "two threads are in one store");
  return before;
}

void wm_store_leave(Store *store, const void *before) { atomic_store(&store->thread, before); }

/* ---- stopping: native_limit, or the highest address, which no stack pointer reaches ---- */

void wm_store_interrupt(Store *store) {
  wm_mutex_lock(&store->limit_lock);
  atomic_store_explicit(&store->interrupt, 1, memory_order_relaxed);
  for (Instance *in = store->limited; in; in = in->next_limited)
    atomic_store_explicit(&in->stack_limit, UINTPTR_MAX, memory_order_relaxed);
  wm_mutex_unlock(&store->limit_lock);
}

/* Instances get their limit back when compiled code is entered. */
void wm_store_clear_interrupt(Store *store) {
  wm_mutex_lock(&store->limit_lock);
  atomic_store_explicit(&store->interrupt, 0, memory_order_relaxed);
  for (Instance *in = store->limited; in; in = in->next_limited)
    atomic_store_explicit(&in->stack_limit, (uintptr_t)store->native_limit, memory_order_relaxed);
  wm_mutex_unlock(&store->limit_lock);
}

TrapCode wm_store_poll(Store *store) {
  bool stop = atomic_load_explicit(&store->interrupt, memory_order_relaxed) != 0;
  return stop ? TRAP_INTERRUPTED : TRAP_NONE;
}

void wm_store_update_limit(Store *store, Instance *in) {
  wm_mutex_lock(&store->limit_lock);
  bool stop = atomic_load_explicit(&store->interrupt, memory_order_relaxed) != 0;
  uintptr_t limit = stop ? UINTPTR_MAX : (uintptr_t)store->native_limit;
  atomic_store_explicit(&in->stack_limit, limit, memory_order_relaxed);
  wm_mutex_unlock(&store->limit_lock);
}

void wm_store_add_limited(Store *store, Instance *in) {
  wm_mutex_lock(&store->limit_lock);
  in->next_limited = store->limited;
  in->link_limited = &store->limited;
  if (in->next_limited) in->next_limited->link_limited = &in->next_limited;
  store->limited = in;
  wm_mutex_unlock(&store->limit_lock);
  wm_store_update_limit(store, in);
}

void wm_store_remove_limited(Store *store, Instance *in) {
  wm_mutex_lock(&store->limit_lock);
  if (in->next_limited) in->next_limited->link_limited = in->link_limited;
  if (in->link_limited) *in->link_limited = in->next_limited;
  wm_mutex_unlock(&store->limit_lock);
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
