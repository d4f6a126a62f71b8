/* Calls that are suspended and resumed (fiber.h). */
#include "runtime/fiber.h"

#include "runtime/activation.h"
#include "runtime/instance.h"

static void unlink_from_store(Fiber *f) {
  *f->link = f->next;
  if (f->next) f->next->link = f->link;
}

void wm_fiber_free(Fiber *f) {
  assert(f->state != FIBER_RUNNING);
  wm_os_coroutine_abandon(&f->coroutine);
  wm_scopes_forget(f->stacks.activation);
  wm_interrupt_release(f->options.interrupt);
  unlink_from_store(f);
  wm_fiber_pool_give(f->store->fiber_pool, f);
}

/* ---- between two pairs of stacks ---- */

static void exchange(Store *store, Stacks *other) {
  const Stacks now = {store->stack,      store->stack_end, store->stack_top,
                      store->activation, store->native,    store->outer_deadline_ns};
  store->stack = other->stack;
  store->stack_end = other->stack_end;
  store->stack_top = other->stack_top;
  store->activation = other->activation;
  store->native = other->native;
  store->outer_deadline_ns = other->outer_deadline_ns;
  *other = now;
}

/* On the other pair there was another deadline. One that is over is told now and not when the
 * clock's thread comes to it. */
static bool change_deadline(Store *store) {
  u64 before = store->call_until_ns;
  if (!wm_scope_set_clock(store)) return false;
  u64 now = store->call_until_ns;
  if (UNLIKELY(now != before) && now && wm_os_monotonic_ns() >= now)
    wm_stop_request(store->stop, STOP_CALL_DEADLINE);
  return true;
}

/* Compiled code goes on that did not enter its instance since: others did, with their limits. */
static void update_limits(Store *store) {
  uintptr_t limit = (uintptr_t)store->native.limit;
  for (const Activation *a = store->activation; a; a = a->outer)
    if (a->native_sp &&
        atomic_load_explicit(&a->instance->stack_limit, memory_order_relaxed) != limit)
      wm_store_update_limit(store, a->instance);
}

/* Another thread may resume it than before, and this may be its first wasm: as at an outermost
 * entry, it takes faults from now on. */
static void enter_thread(NativeStack *s) {
  const void *thread = wm_os_thread_token();
  u32 ended = wm_os_threads_ended();
  if (LIKELY(thread == s->thread && ended == s->threads_ended)) return;
  (void)wm_os_stack_range();
  s->thread = thread;
  s->threads_ended = ended;
}

static void change_to(Fiber *f) {
  Store *store = f->store;
  u64 around = wm_scope_until(store);
  exchange(store, &f->stacks);
  f->outer = store->fiber;
  store->fiber = f;
  store->outer_deadline_ns = around;
  wm_scopes_go_on(store);
}

static void change_back(Fiber *f) {
  wm_scopes_pause(f->store);
  exchange(f->store, &f->stacks);
  f->store->fiber = f->outer;
  f->outer = NULL;
}

/* ---- switching ---- */

/* False: the deadline cannot be had. */
static bool go_in(Fiber *f) {
  Store *store = f->store;
  change_to(f);
  if (!change_deadline(store) && !f->is_dropped) {
    change_back(f);
    return false;
  }
  enter_thread(&store->native);
  update_limits(store);
  f->state = FIBER_RUNNING;
  f->was_begun = true;
  return true;
}

static void come_back(Fiber *f) {
  Store *store = f->store;
  change_back(f);
  /* A deadline that is not kept any more is over. */
  if (!change_deadline(store)) wm_stop_request(store->stop, STOP_CALL_DEADLINE);
  update_limits(store);
  f->state = f->coroutine.has_ended ? FIBER_ENDED : FIBER_SUSPENDED;
}

bool wm_fiber_resume(Fiber *f) {
  if (!go_in(f)) return false;
  f->resumed_at = __builtin_frame_address(0);
  wm_os_coroutine_enter(&f->coroutine);
  come_back(f);
  return true;
}

static void end_drop(Store *store) {
  if (--store->drops == 0) wm_stop_take_back(store->stop, STOP_DROPPED);
}

void wm_fiber_drop(Fiber *f) {
  if (!f->was_begun || f->state != FIBER_SUSPENDED) return;
  Store *store = f->store;
  f->is_dropped = true;
  store->drops++;
  wm_stop_request(store->stop, STOP_DROPPED);
  wm_fiber_resume(f);
  end_drop(store);
}

void wm_fiber_suspend(Fiber *f) { wm_os_coroutine_leave(&f->coroutine); }

/* ---- left by a longjmp ---- */

/* The innermost. */
static void lose(Fiber *f) {
  wm_os_coroutine_lose(&f->coroutine);
  come_back(f);
  if (f->is_dropped) end_drop(f->store);
}

static bool is_within_range(StackRange range, const u8 *at) {
  return range.low && at >= range.low && at < range.high;
}

/* Whether `here` is on the stack of the fiber's resumer, where nothing runs before that is back. On
 * any other stack there is nothing to be seen. */
static bool is_left(const Fiber *f, const u8 *here) {
  StackRange outer = f->coroutine.back.range;
  if (!outer.low) outer = wm_os_stack_range();
  return is_within_range(outer, here) && is_within_range(outer, f->resumed_at);
}

void wm_fibers_forget_left(Store *store, const void *here) {
  const Fiber *left = store->fiber;
  while (left && !is_left(left, here)) left = left->outer;
  if (!left) return;
  const Fiber *outer = left->outer;
  while (store->fiber != outer) lose(store->fiber);
}

static bool is_running(const Store *store, const Activation *act) {
  const Activation *a = store->activation;
  while (a && a != act) a = a->outer;
  return a != NULL;
}

void wm_fibers_return_to(Store *store, const Activation *act) {
  while (store->fiber && !is_running(store, act)) lose(store->fiber);
}
