/* Scopes of calls (scope.h). */
#include "runtime/scope.h"

#include "runtime/activation.h"

/* Those around the innermost entry's included. */
static CallScope *innermost(const Store *store) {
  return store->activation ? store->activation->entry->scope : NULL;
}

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

/* False: out of memory. */
static bool set_clock(Store *store) {
  u64 until = until_of(innermost(store));
  if (store->call_until_ns == until) return true;
  store->call_until_ns = until;
  return store->set_call_deadline(store, until);
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
  return set_clock(store);
}

/* ---- end ---- */

/* The host may have set much of it inside. */
static void add_fuel(i64 *fuel, i64 more) {
  if (__builtin_add_overflow(*fuel, more, fuel)) *fuel = INT64_MAX;
}

/* Stops what is left to be stopped: an interrupt that came for it may have been the scope's own. */
static void leave_interrupt(Store *store, CallScope *scope) {
  if (!scope->use.interrupt) return;
  wm_interrupt_leave(&scope->use);
  wm_stop_take_back(store->stop, STOP_CALL_INTERRUPT);
  for (CallScope *s = innermost(store); s; s = s->outer)
    if (s->use.interrupt && atomic_load(&s->use.told))
      wm_stop_request(store->stop, STOP_CALL_INTERRUPT);
}

void wm_scope_end(Store *store, const Activation *entry) {
  CallScope *scope = wm_scope_of_entry(entry);
  if (!scope) return;
  if (scope->has_fuel) {
    scope->fuel_left = store->fuel > 0 ? (u64)store->fuel : 0;
    store->fuel = (i64)scope->fuel_left;
    add_fuel(&store->fuel, scope->kept_fuel);
  }
  leave_interrupt(store, scope);
  set_clock(store);
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
  set_clock(store);
}
