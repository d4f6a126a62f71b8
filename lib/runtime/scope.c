/* Scopes of calls (scope.h). */
#include "runtime/scope.h"

#include "runtime/activation.h"
#include "runtime/fiber.h"

/* Those around the innermost entry's included. */
static CallScope *innermost_of(const Activation *act) { return act ? act->entry->scope : NULL; }

static CallScope *innermost(const Store *store) { return innermost_of(store->activation); }

CallScope *wm_scope_of_entry(const Activation *entry) {
  const void *above = entry + 1;
  return (const void *)entry->scope == above ? entry->scope : NULL;
}

/* ---- deadlines ---- */

static u64 until_of(const CallScope *scope) { return scope ? scope->until_ns : 0; }

static u64 earlier(u64 a, u64 b) { return !a || (b && b < a) ? b : a; }

static void set_until(CallScope *scope) {
  scope->until_ns = earlier(scope->deadline_ns, until_of(scope->outer));
}

u64 wm_scope_until(const Store *store) {
  return earlier(until_of(innermost(store)), store->outer_deadline_ns);
}

bool wm_scope_set_clock(Store *store) {
  u64 until = wm_scope_until(store);
  if (store->call_until_ns == until) return true;
  if (!store->set_call_deadline(store, until)) return false;
  store->call_until_ns = until;
  return true;
}

/* ---- begin ---- */

static void take_fuel(Store *store, CallScope *scope, u64 fuel) {
  i64 there = store->fuel > 0 ? store->fuel : 0;
  i64 given = (u64)there < fuel ? there : (i64)fuel;
  scope->has_fuel = true;
  scope->kept_fuel = there - given;
  store->fuel = given;
}

bool wm_scope_begin(Store *store, Activation *entry, const CallOptions *options) {
  CallScope *scope = (CallScope *)(void *)store->stack_top;
  *scope = (CallScope){.outer = entry->scope, .deadline_ns = options->deadline_ns};
  store->stack_top += SCOPE_SLOTS;
  entry->scope = scope;
  set_until(scope);
  if (options->fuel) take_fuel(store, scope, options->fuel);
  if (options->interrupt) wm_interrupt_enter(options->interrupt, store->stop, &scope->use);
  return wm_scope_set_clock(store);
}

/* ---- end ---- */

/* The host may have set much of it inside. */
static void add_fuel(i64 *fuel, i64 more) {
  if (__builtin_add_overflow(*fuel, more, fuel)) *fuel = INT64_MAX;
}

static void repeat_interrupts(Store *store, const CallScope *inner) {
  for (const CallScope *s = inner; s; s = s->outer)
    if (s->use.interrupt && atomic_load(&s->use.stop) && atomic_load(&s->use.told))
      wm_stop_request(store->stop, STOP_CALL_INTERRUPT);
}

/* Some that told the store to stop may be none any more: of the chain in force, and of those of who
 * resumed it. */
static void find_interrupts(Store *store) {
  wm_stop_take_back(store->stop, STOP_CALL_INTERRUPT);
  repeat_interrupts(store, innermost(store));
  for (const Fiber *f = store->fiber; f; f = f->outer)
    repeat_interrupts(store, innermost_of(f->stacks.activation));
}

/* Stops what is left to be stopped: an interrupt that came for it may have been the scope's own. */
static void leave_interrupt(Store *store, CallScope *scope) {
  if (!scope->use.interrupt) return;
  wm_interrupt_leave(&scope->use);
  find_interrupts(store);
}

void wm_scope_end(Store *store, const Activation *entry) {
  CallScope *scope = wm_scope_of_entry(entry);
  if (!scope) return;
  if (scope->has_fuel) {
    i64 own = scope->held_fuel;
    store->fuel = max_i64(store->fuel, 0);
    add_fuel(&own, store->fuel);
    scope->fuel_left = (u64)own;
    add_fuel(&store->fuel, scope->kept_fuel);
  }
  leave_interrupt(store, scope);
  wm_scope_set_clock(store);
}

/* What is inside the scope belongs to what is around it from now on. */
static void unlink_scope(Store *store, const CallScope *scope) {
  for (Activation *a = store->activation; a; a = a->entry->outer)
    if (a->entry->scope == scope) a->entry->scope = scope->outer;
  for (CallScope *s = innermost(store); s; s = s->outer)
    if (s->outer == scope) s->outer = scope->outer;
}

/* The part of the chain that is inside of `outer`: an inner scope needs what those around it have.
 */
static void set_untils(CallScope *inner, const CallScope *outer) {
  for (const CallScope *end = outer; inner && inner != end;) {
    CallScope *s = inner;
    while (s->outer != end) s = s->outer;
    set_until(s);
    end = s;
  }
}

/* What it kept is what the next inside of it keeps, or what is left. */
static void return_kept_fuel(Store *store, const CallScope *scope) {
  CallScope *keeper = NULL;
  for (CallScope *s = innermost(store); s && s != scope->outer; s = s->outer)
    if (s->has_fuel) keeper = s;
  add_fuel(keeper ? &keeper->kept_fuel : &store->fuel, scope->kept_fuel);
}

void wm_scope_take_out(Store *store, const Activation *entry) {
  CallScope *scope = wm_scope_of_entry(entry);
  if (!scope) return;
  unlink_scope(store, scope);
  set_untils(innermost(store), scope->outer);
  if (scope->has_fuel) return_kept_fuel(store, scope);
  leave_interrupt(store, scope);
  wm_scope_set_clock(store);
}

/* ---- suspended ---- */

/* Of each what it has itself, or less: what is around all has no more. Inner ones never have more
 * than outer ones. */
static void take_fuel_again(Store *store, CallScope *inner) {
  i64 around = max_i64(store->fuel, 0), inside = 0;
  CallScope *last = NULL;
  for (CallScope *s = inner; s; s = s->outer) {
    if (!s->has_fuel) continue;
    i64 left = min_i64(s->held_fuel, around);
    s->held_fuel -= left;
    *(last ? &last->kept_fuel : &store->fuel) = left - inside;
    last = s;
    inside = left;
  }
  if (last) last->kept_fuel = around - inside;
}

static void give_fuel_back(Store *store, CallScope *inner) {
  for (CallScope *s = inner; s; s = s->outer) {
    if (!s->has_fuel) continue;
    store->fuel = max_i64(store->fuel, 0);
    add_fuel(&s->held_fuel, store->fuel);
    add_fuel(&store->fuel, s->kept_fuel);
  }
}

void wm_scopes_go_on(Store *store) {
  CallScope *inner = innermost(store);
  take_fuel_again(store, inner);
  for (CallScope *s = inner; s; s = s->outer)
    if (s->use.interrupt) wm_interrupt_go_on(&s->use, store->stop);
}

void wm_scopes_pause(Store *store) {
  CallScope *inner = innermost(store);
  give_fuel_back(store, inner);
  bool may_be_told = false;
  for (CallScope *s = inner; s; s = s->outer) {
    if (!s->use.interrupt) continue;
    wm_interrupt_pause(&s->use);
    may_be_told = true;
  }
  if (may_be_told) find_interrupts(store);
}

void wm_scopes_forget(const Activation *innermost_one) {
  for (CallScope *s = innermost_of(innermost_one); s; s = s->outer)
    if (s->use.interrupt) wm_interrupt_leave(&s->use);
}
