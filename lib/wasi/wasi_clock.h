/* What time it is to a program (wasi_config_set_clock).
 *
 *   real      as the host's clocks
 *   frozen    virtual: as long as the program sleeps, it passes
 *   stepped   virtual: also with each reading, by `step`
 *   coarse    as the host's clocks, rounded down to a multiple of `step`
 *
 * Of a virtual clock the realtime is start + passed, the other three are what has passed. All in
 * nanoseconds, realtime since 1970; sums end at UINT64_MAX. Several threads may use one clock. */
#ifndef WM_WASI_WASI_CLOCK_H
#define WM_WASI_WASI_CLOCK_H

#include "wasi.h"
#include "wasi/wasi_abi.h"

#include <time.h>

typedef struct Clock {
  int kind; /* WASI_CLOCK_* */
  u64 start, step;
  _Atomic u64 passed; /* of a virtual clock */
} Clock;              /* all-zero is the host's */

static inline bool wm_clock_is_virtual(const Clock *c) {
  return c->kind == WASI_CLOCK_FROZEN || c->kind == WASI_CLOCK_STEPPED;
}

/* That of the host's for one of WASI's four. */
static inline clockid_t wm_host_clock(u32 id) {
  static const clockid_t clocks[] = {[CLOCK_ID_REALTIME] = CLOCK_REALTIME,
                                     [CLOCK_ID_MONOTONIC] = CLOCK_MONOTONIC,
                                     [CLOCK_ID_PROCESS] = CLOCK_PROCESS_CPUTIME_ID,
                                     [CLOCK_ID_THREAD] = CLOCK_THREAD_CPUTIME_ID};
  return clocks[id];
}

/* What the clock `id` (one of the four) shows, which is no reading: a stepped clock stays. One of
 * the host's that cannot be read stands still at 0. */
u64 wm_clock_now(const Clock *c, u32 id);
/* The same for the program, which moves a stepped clock on. */
u64 wm_clock_read(Clock *c, u32 id);
/* How long it takes until the clock `id` shows `time`: of the host's time, or what a virtual clock
 * has to skip. */
u64 wm_clock_until(const Clock *c, u32 id, u64 time);
/* A virtual clock goes on to where `id` shows `time`, unless it is there already. */
void wm_clock_skip(Clock *c, u32 id, u64 time);

/* The realtime of the program for which a file system is used at the moment; NULL: the host's. */
u64 wm_fs_now(const wasi_fs_t *fs);

/* Times as WASI has them. */
static inline u64 wm_nanoseconds(const struct timespec *t) {
  return (u64)t->tv_sec * 1000000000u + (u64)t->tv_nsec;
}
static inline struct timespec wm_timespec_of(u64 ns) {
  return (struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
}

static inline u64 saturating_add(u64 a, u64 b) {
  u64 sum;
  return checked_add(a, b, &sum) ? sum : UINT64_MAX;
}

#endif
