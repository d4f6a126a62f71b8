/* Calls that can be suspended: what the host holds is this, the call itself a Fiber of the store's
 * (runtime/fiber.h), which is gone when it has ended. */
#include "runtime/fiber.h"

#include "api/handle.h"

#include <stdlib.h>

struct wasmx_call_t {
  wasm_store_t *home; /* counted */
  Fiber *fiber;       /* owned; NULL: it has ended (but for a longjmp), or its store is deleted */
  wasmx_call_options_t options; /* the host's, for fuel_left */
  u32 result_slots;
  wasmx_callstate_t ended; /* how, when it has */
  void *value, *given;     /* the host's: out of the call, into it */
};

/* ---- starting ---- */

enum { MIN_STACK_BYTES = 64 << 10, MAX_STACK_BYTES = 1 << 30 };

static bool is_stack_size(size_t bytes) {
  return bytes == 0 || (bytes >= MIN_STACK_BYTES && bytes <= MAX_STACK_BYTES);
}

/* Of what the struct of the caller's version has. */
static bool read_options(const wasmx_suspend_options_t *given, wasmx_suspend_options_t *out,
                         Error *err) {
  *out = (wasmx_suspend_options_t){.size = sizeof *out};
  if (!given) return true;
  if (given->size < sizeof given->size)
    return wm_error_set(err, ERR_ARGUMENT, 0, "the options have no size");
  memcpy(out, given, given->size < sizeof *out ? given->size : sizeof *out);
  if (is_stack_size(out->stack_size) && is_stack_size(out->native_stack_size)) return true;
  return wm_error_set(err, ERR_ARGUMENT, 0, "a stack has %d bytes to %d bytes", MIN_STACK_BYTES,
                      MAX_STACK_BYTES);
}

/* Why no call may begin or go on in the store now; NULL: it may. */
static const char *obstacle(const Store *store) {
  if (store->collecting) return "a finalizer of the store runs, or it is asked about growth";
  return store->drops ? "a call of the store is being dropped" : NULL;
}

static bool may_start(const Store *store, const Handle *h, const wasmx_slot_t *args, Error *err) {
  if (!wm_os_has_coroutines())
    return wm_error_set(err, ERR_UNSUPPORTED, 0, "calls cannot be suspended on this system");
  if (h->type->param_slots && !args)
    return wm_error_set(err, ERR_ARGUMENT, 0, "the function needs arguments");
  const char *why = obstacle(store);
  return !why || wm_error_set(err, ERR_ARGUMENT, 0, "%s", why);
}

static Fiber *fiber_of(const Handle *h, const wasmx_slot_t *args, const wasmx_suspend_options_t *o,
                       const CallOptions *options, Error *err) {
  Store *store = h->home->store;
  const SubType *type = h->type;
  Fiber *f = wm_fiber_new(store, (Func *)h->object, o->stack_size, o->native_stack_size);
  if (!f) return wm_error_out_of_memory(err), NULL;
  if (type->param_slots) memcpy(f->slots, args, type->param_slots * sizeof *args);
  if (options) wm_fiber_set_options(f, options);
  if (!h->looks_at_params || wm_slots_take(store, type->params, type->param_count, f->slots))
    return f;
  wm_fiber_free(f);
  wm_error_set(err, ERR_ARGUMENT, 0,
               "a reference is not of the store, or not of the parameter's type");
  return NULL;
}

static wasmx_call_t *start(const Handle *h, const wasmx_slot_t *args,
                           const wasmx_suspend_options_t *given, Error *err) {
  wasmx_suspend_options_t all;
  CallOptions options;
  Store *store = wm_api_handle_store(h, err);
  if (!store || !may_start(store, h, args, err) || !read_options(given, &all, err)) return NULL;
  if (all.call && !wm_call_options_of(store, all.call, &options, err)) return NULL;
  wasmx_call_t *call = malloc(sizeof *call);
  if (!call) return wm_error_out_of_memory(err), NULL;
  *call = (wasmx_call_t){.home = h->home, .result_slots = h->type->result_slots};
  if (all.call) call->options = wm_call_options_whole(all.call);
  call->fiber = fiber_of(h, args, &all, all.call ? &options : NULL, err);
  if (!call->fiber) return free(call), NULL;
  call->fiber->owner = call;
  wm_home_hold(h->home);
  return call;
}

wasmx_call_t *wasmx_call_start(const wasm_func_t *func, const wasmx_slot_t *args,
                               const wasmx_suspend_options_t *options, wasmx_error_t *out) {
  Error err = {0};
  wasmx_call_t *call = start(handle_of(func), args, options, &err);
  if (!call) wm_api_report(&err, out);
  return call;
}

/* ---- resuming ---- */

/* It ended: its stacks go at once. What left it is to be thrown on: then it has not said what it
 * left of its fuel. */
static void *end(wasmx_call_t *call, wasmx_callstate_t how) {
  void *exception = fiber_exception(call->fiber);
  if (!exception) wm_call_options_tell(&call->options, &call->fiber->options);
  call->ended = how;
  call->value = NULL;
  wm_fiber_free(call->fiber);
  call->fiber = NULL;
  return exception;
}

static void take_results(const wasmx_call_t *call, wasmx_slot_t *results) {
  if (results && call->result_slots)
    memcpy(results, call->fiber->slots, call->result_slots * sizeof *results);
}

static wasmx_callstate_t finish(wasmx_call_t *call, wasmx_slot_t *results, wasm_trap_t **trap) {
  bool has_trapped = call->fiber->trap != TRAP_NONE;
  if (!has_trapped) take_results(call, results);
  void *exception = end(call, has_trapped ? WASMX_CALL_TRAPPED : WASMX_CALL_RETURNED);
  if (UNLIKELY(exception != NULL)) {
    call->ended = WASMX_CALL_TRAPPED;
    wm_os_throw_on(exception);
  }
  if (!has_trapped) return call->ended;
  wasm_trap_t *taken = wm_api_take_trap(call->home);
  if (trap)
    *trap = taken;
  else
    wm_handle_delete(handle_of(taken));
  return WASMX_CALL_TRAPPED;
}

static wasmx_callstate_t refuse(const char *why) {
  return wm_api_fail(ERR_ARGUMENT, "%s", why), WASMX_CALL_NONE;
}

static wasmx_callstate_t out_of_memory(void) { return wm_api_out_of_memory(), WASMX_CALL_NONE; }

wasmx_callstate_t wasmx_call_resume(wasmx_call_t *call, void *given, wasmx_slot_t *results,
                                    wasm_trap_t **trap) {
  if (trap) *trap = NULL;
  if (UNLIKELY(!call)) return refuse("the call is NULL");
  Fiber *f = call->fiber;
  if (UNLIKELY(!f)) return refuse("the call has ended");
  Store *store = f->store;
  FORGET_DEAD(store);
  if (UNLIKELY(f->state == FIBER_ENDED)) return refuse("the call has ended");
  if (UNLIKELY(f->state == FIBER_RUNNING)) return refuse("the call runs already");
  const char *why = obstacle(store);
  if (UNLIKELY(why != NULL)) return refuse(why);
  call->given = given;
  const void *before = store_enter(store);
  bool done = wm_fiber_resume(f);
  store_leave(store, before);
  if (UNLIKELY(!done)) return out_of_memory();
  return f->state == FIBER_SUSPENDED ? WASMX_CALL_SUSPENDED : finish(call, results, trap);
}

/* ---- suspending ---- */

/* Another call, of another store, may have been resumed in it. */
static bool is_on_stack(const Fiber *f, const u8 *here) {
  return here >= f->coroutine.own.range.low && here < f->coroutine.own.range.high;
}

static wasm_trap_t *interrupted(Store *store, const Fiber *f) {
  static const char dropped[] = "the call was dropped while it was suspended";
  const char *text = f->is_dropped ? dropped : NULL;
  Trap *trap = wm_trap_new(store, TRAP_INTERRUPTED, text, text ? sizeof dropped - 1 : 0);
  Handle *h = trap ? wm_handle_new(home_of(store), &trap->head) : NULL;
  return (wasm_trap_t *)(h ? h : wm_handle_out_of_memory());
}

wasm_trap_t *wasmx_call_suspend(wasmx_caller_t *caller, void *value, void **given) {
  if (given) *given = NULL;
  if (UNLIKELY(!caller)) return wm_api_misuse(NULL, "the caller is NULL");
  Store *store = caller->store;
  Fiber *f = store->fiber;
  if (UNLIKELY(!f || !is_on_stack(f, __builtin_frame_address(0))))
    return wm_api_misuse(home_of(store), "no call that can be suspended is around this function");
  if (UNLIKELY(store->collecting)) return wm_api_misuse(home_of(store), "%s", obstacle(store));
  wasmx_call_t *call = f->owner;
  if (LIKELY(!f->is_dropped)) {
    call->value = value;
    wm_fiber_suspend(f);
    call->value = NULL;
  }
  if (UNLIKELY(wm_store_poll(store))) return interrupted(store, f);
  if (given) *given = call->given;
  return NULL;
}

/* ---- questions ---- */

void *wasmx_call_value(const wasmx_call_t *call) { return call ? call->value : NULL; }

wasmx_callstate_t wasmx_call_state(const wasmx_call_t *call) {
  static const wasmx_callstate_t states[] = {[FIBER_SUSPENDED] = WASMX_CALL_SUSPENDED,
                                             [FIBER_RUNNING] = WASMX_CALL_RUNNING,
                                             [FIBER_ENDED] = WASMX_CALL_TRAPPED};
  if (!call) return WASMX_CALL_NONE;
  return call->fiber ? states[call->fiber->state] : call->ended;
}

wasm_store_t *wasmx_call_store(const wasmx_call_t *call) {
  return call && call->home->store ? call->home : NULL;
}

wasmx_call_t *wasmx_store_call(const wasm_store_t *home) {
  const Store *store = store_of(home);
  return store && store->fiber ? store->fiber->owner : NULL;
}

/* ---- ending ---- */

/* What left it, or NULL. A safe point, as what deletes handles is: traps were made. */
static void *drop(Fiber *f) {
  Store *store = f->store;
  wasmx_call_t *call = f->owner;
  if (f->state == FIBER_ENDED) call->options.fuel_left = NULL; /* a longjmp left it */
  const void *before = store_enter(store);
  wm_fiber_drop(f);
  if (f->trap) wm_store_take_trap(store);
  store_leave(store, before);
  void *exception = end(call, WASMX_CALL_TRAPPED);
  wm_store_safepoint(store);
  return exception;
}

bool wasmx_call_delete(wasmx_call_t *call) {
  if (!call) return true;
  void *exception = NULL;
  if (call->fiber) {
    FORGET_DEAD(call->fiber->store);
    if (call->fiber->state == FIBER_RUNNING) return wm_api_fail(ERR_ARGUMENT, "the call runs");
    exception = drop(call->fiber);
  }
  wm_home_release(call->home);
  free(call);
  if (exception) wm_os_throw_on(exception);
  return true;
}

void wm_api_drop_calls(Store *store) {
  while (store->fibers) {
    void *exception = drop(store->fibers);
    if (exception) wm_os_throw_on(exception);
  }
}
