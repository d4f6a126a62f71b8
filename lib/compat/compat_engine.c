/* What engines have here beside those of wasm.h: epochs.
 *
 *   increment:  epoch + 1, then each slot whose deadline it is: its store is interrupted
 *   a store:    sets its slot's deadline, then looks at the epoch: either sees the other
 *
 * Increments come from any thread and from signal handlers: they take no lock. */
#include "compat/compat.h"

#include <sched.h>

static void info_free(void *p) {
  EngineInfo *info = p;
  for (EpochSlot *slot = atomic_load(&info->slots), *next; slot; slot = next) {
    next = slot->next;
    free(slot);
  }
  free(info);
}

EngineInfo *wm_compat_config_info(wasm_config_t *config) {
  EngineInfo *info = wasmx_config_host_info(config);
  if (info || !config) return info;
  info = calloc(1, sizeof *info);
  if (info && wasmx_config_set_host_info(config, info, info_free)) return info;
  free(info);
  return NULL;
}

/* Another thread may be first. */
EngineInfo *wm_compat_engine_info(wasm_engine_t *engine) {
  EngineInfo *info = wasmx_engine_host_info(engine);
  if (info || !engine) return info;
  info = calloc(1, sizeof *info);
  if (info && wasmx_engine_set_host_info(engine, info, info_free)) return info;
  free(info);
  return wasmx_engine_host_info(engine);
}

wasm_engine_t *wasmtime_engine_clone(wasm_engine_t *engine) { return wasmx_engine_copy(engine); }

bool wasmtime_engine_is_pulley(wasm_engine_t *engine) {
  (void)engine;
  return false;
}

void wasmtime_engine_increment_epoch(wasm_engine_t *engine) {
  EngineInfo *info = wasmx_engine_host_info(engine);
  if (!info) return;
  u64 epoch = atomic_fetch_add(&info->epoch, 1) + 1;
  atomic_fetch_add(&info->walkers, 1);
  for (EpochSlot *slot = atomic_load(&info->slots); slot; slot = slot->next)
    if (epoch >= atomic_load(&slot->deadline)) wasmx_interrupt_raise(atomic_load(&slot->raisable));
  atomic_fetch_sub(&info->walkers, 1);
}

/* ---- slots ---- */

static EpochSlot *take_free(EngineInfo *info) {
  for (EpochSlot *slot = atomic_load(&info->slots); slot; slot = slot->next) {
    bool taken = false;
    if (atomic_compare_exchange_strong(&slot->is_taken, &taken, true)) return slot;
  }
  return NULL;
}

static EpochSlot *take_new(EngineInfo *info) {
  EpochSlot *slot = calloc(1, sizeof *slot);
  if (!slot) return NULL;
  atomic_init(&slot->is_taken, true);
  atomic_init(&slot->deadline, UINT64_MAX);
  slot->next = atomic_load(&info->slots);
  while (!atomic_compare_exchange_weak(&info->slots, &slot->next, slot)) {
  }
  return slot;
}

EpochSlot *wm_compat_epoch_enter(EngineInfo *info, wasm_store_t *store) {
  wasmx_interrupt_t *raisable = wasmx_store_interrupt_handle(store);
  EpochSlot *slot = raisable ? take_free(info) : NULL;
  if (raisable && !slot) slot = take_new(info);
  if (!slot) return wasmx_interrupt_delete(raisable), NULL;
  atomic_store(&slot->raisable, raisable);
  return slot;
}

/* Who walks may have read the handle that goes; who comes later reads none. */
void wm_compat_epoch_leave(EngineInfo *info, EpochSlot *slot) {
  if (!slot) return;
  atomic_store(&slot->deadline, UINT64_MAX);
  wasmx_interrupt_t *raisable = atomic_exchange(&slot->raisable, NULL);
  while (atomic_load(&info->walkers)) sched_yield();
  wasmx_interrupt_delete(raisable);
  atomic_store(&slot->is_taken, false);
}
