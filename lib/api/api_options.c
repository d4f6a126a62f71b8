/* What calls and instantiations may be given for themselves, and the interrupts among that
 * (runtime/scope.h, runtime/interrupt.h). */
#include "api/handle.h"

/* ---- interrupts ---- */

/* A handle is the runtime's Interrupt, counted. */
static Interrupt *interrupt_of(const wasmx_interrupt_t *handle) {
  return (Interrupt *)(void *)(uintptr_t)handle;
}

static wasmx_interrupt_t *interrupt_new(Stop *stop) {
  Interrupt *interrupt = wm_interrupt_new(stop);
  if (!interrupt) wm_api_out_of_memory();
  return (wasmx_interrupt_t *)(void *)interrupt;
}

wasmx_interrupt_t *wasmx_store_interrupt_handle(wasm_store_t *home) {
  Error err = {0};
  Store *store = wm_api_store(home, &err);
  if (!store) return wm_api_report(&err, NULL), NULL;
  return interrupt_new(store->stop);
}

wasmx_interrupt_t *wasmx_interrupt_new(void) { return interrupt_new(NULL); }

void wasmx_interrupt_raise(wasmx_interrupt_t *handle) {
  if (handle) wm_interrupt_raise(interrupt_of(handle));
}

void wasmx_interrupt_clear(wasmx_interrupt_t *handle) {
  if (handle) wm_interrupt_clear(interrupt_of(handle));
}

bool wasmx_interrupt_is_raised(const wasmx_interrupt_t *handle) {
  return handle && wm_interrupt_is_raised(interrupt_of(handle));
}

void wasmx_interrupt_delete(wasmx_interrupt_t *handle) {
  wm_interrupt_release(interrupt_of(handle));
}

/* ---- options ---- */

u64 wm_call_deadline_in(u64 nanoseconds) {
  u64 at;
  return checked_add(wm_os_monotonic_ns(), nanoseconds, &at) ? at : 0;
}

wasmx_call_options_t wm_call_options_whole(const wasmx_call_options_t *given) {
  wasmx_call_options_t all = {.size = sizeof all};
  memcpy(&all, given, given->size < sizeof all ? given->size : sizeof all);
  return all;
}

bool wm_call_options_of(const Store *store, const wasmx_call_options_t *given, CallOptions *out,
                        Error *err) {
  if (given->size < sizeof given->size)
    return wm_error_set(err, ERR_ARGUMENT, 0, "the options have no size");
  wasmx_call_options_t all = wm_call_options_whole(given);
  if (all.fuel && !wm_engine_charges_fuel(store->engine))
    return wm_error_set(err, ERR_ARGUMENT, 0, "the engine was made without counting fuel");
  Interrupt *interrupt = interrupt_of(all.interrupt);
  if (interrupt && interrupt->store_stop)
    return wm_error_set(err, ERR_ARGUMENT, 0, "the interrupt is one for a store, not for calls");
  *out = (CallOptions){.deadline_ns = all.deadline_ns ? wm_call_deadline_in(all.deadline_ns) : 0,
                       .fuel = all.fuel,
                       .interrupt = interrupt,
                       .fuel_left = all.fuel};
  return true;
}

void wm_call_options_tell(const wasmx_call_options_t *given, const CallOptions *options) {
  if (!given) return;
  wasmx_call_options_t all = wm_call_options_whole(given);
  if (all.fuel_left) *all.fuel_left = options->fuel_left;
}
