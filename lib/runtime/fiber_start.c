/* The start of a call that can be suspended (fiber.h). */
#include "runtime/fiber.h"

#include "runtime/instance.h"

/* Wasm has its arguments in its frame; what is below is no root any more. */
static void run(void *env) {
  Fiber *f = env;
  if (f->func->instance) f->store->stack = f->store->stack_top;
  f->trap = f->has_options ? wm_call_with(f->store, f->func, f->slots, &f->options)
                           : wm_call(f->store, f->func, f->slots);
}

static void link_to_store(Fiber *f, Store *store) {
  f->store = store;
  f->next = store->fibers;
  f->link = &store->fibers;
  if (f->next) f->next->link = &f->next;
  store->fibers = f;
}

/* The arguments, and later the results, lie below all frames. Until the call begins, they are what
 * the collector finds on the stack. */
static Stacks empty_stacks(const Fiber *f, const FuncCode *code) {
  u32 room = max_u32(code->param_slots, code->result_slots);
  return (Stacks){.stack = f->slots,
                  .stack_end = f->slots + f->stack_bytes / sizeof(u64),
                  .stack_top = f->slots + room,
                  .native.budget_bytes = f->native_bytes};
}

Fiber *wm_fiber_new(Store *store, Func *func, u64 stack_bytes, u64 native_bytes) {
  Fiber *f =
      wm_fiber_pool_take(store->fiber_pool, stack_bytes ? stack_bytes : DEFAULT_FIBER_STACK_BYTES,
                         native_bytes ? native_bytes : DEFAULT_FIBER_STACK_BYTES);
  if (!f) return NULL;
  f->outer = NULL;
  f->func = func;
  f->options = (CallOptions){.interrupt = NULL};
  f->has_options = false;
  f->state = FIBER_SUSPENDED;
  f->trap = TRAP_NONE;
  f->was_begun = f->is_dropped = false;
  f->stacks = empty_stacks(f, func->code);
  wm_os_coroutine_begin(&f->coroutine, run, f);
  link_to_store(f, store);
  return f;
}

void wm_fiber_set_options(Fiber *f, const CallOptions *options) {
  f->options = *options;
  f->has_options = true;
  if (options->interrupt) wm_interrupt_retain(options->interrupt);
}
