/* How the clocks of a program go: see wasi_clock.h. */
#include "wasi/wasi_clock.h"

#include <stdatomic.h>

static u64 virtual_time(const Clock *c, u32 id, u64 passed) {
  return id == CLOCK_ID_REALTIME ? saturating_add(c->start, passed) : passed;
}

/* What had passed before the reading. */
static u64 step_on(Clock *c) {
  u64 before = atomic_load(&c->passed);
  while (!atomic_compare_exchange_weak(&c->passed, &before, saturating_add(before, c->step))) {
  }
  return before;
}

void wm_clock_skip(Clock *c, u32 id, u64 time) {
  u64 start = id == CLOCK_ID_REALTIME ? c->start : 0, before = atomic_load(&c->passed);
  u64 passed = time > start ? time - start : 0;
  while (before < passed && !atomic_compare_exchange_weak(&c->passed, &before, passed)) {
  }
}

/* ---- all clocks ---- */

static u64 round_down(const Clock *c, u64 ns) {
  return c->kind == WASI_CLOCK_COARSE ? ns - ns % c->step : ns;
}

static u64 host_now(u32 id) {
  struct timespec t;
  return clock_gettime(wm_host_clock(id), &t) ? 0 : wm_nanoseconds(&t);
}

u64 wm_clock_now(const Clock *c, u32 id) {
  if (wm_clock_is_virtual(c)) return virtual_time(c, id, atomic_load(&c->passed));
  return round_down(c, host_now(id));
}

/* A coarse clock shows the time only with the multiple behind it. */
u64 wm_clock_until(const Clock *c, u32 id, u64 time) {
  u64 now = wm_clock_is_virtual(c) ? wm_clock_now(c, id) : host_now(id);
  if (round_down(c, time) != time) time = saturating_add(round_down(c, time), c->step);
  return time > now ? time - now : 0;
}

u64 wm_clock_read(Clock *c, u32 id) {
  return wm_clock_is_virtual(c) ? virtual_time(c, id, step_on(c)) : wm_clock_now(c, id);
}
