/* What makes a program do the same each time: wasi_config_set_clock and its neighbours, and what
 * the context has of them. */
#include "wasi/wasi_ctx.h"

/* Of wasi_config_set_deterministic: 2023-11-14 22:13:20 UTC. Some programs take a date long gone
 * for a clock that was never set. */
#define DETERMINISTIC_START UINT64_C(1700000000000000000)
enum { DETERMINISTIC_STEP = 1000 };

/* ---- configuring ---- */

bool wasi_config_set_clock(wasi_config_t *config, int clock, uint64_t start_ns, uint64_t step_ns) {
  bool is_virtual = clock == WASI_CLOCK_FROZEN || clock == WASI_CLOCK_STEPPED;
  bool steps = clock == WASI_CLOCK_STEPPED || clock == WASI_CLOCK_COARSE;
  if (!config || clock < WASI_CLOCK_REAL || clock > WASI_CLOCK_COARSE || (steps && !step_ns))
    return false;
  config->determinism.clock = clock;
  config->determinism.clock_start = is_virtual ? start_ns : 0;
  config->determinism.clock_step = steps ? step_ns : 0;
  return true;
}

void wasi_config_set_random_seed(wasi_config_t *config, uint64_t seed) {
  if (!config) return;
  config->determinism.is_seeded = true;
  config->determinism.seed = seed;
}

void wasi_config_set_sorted_dirs(wasi_config_t *config, bool on) {
  if (config) config->determinism.sorts_dirs = on;
}

void wasi_config_set_fixed_stat(wasi_config_t *config, bool on) {
  if (config) config->determinism.fixes_stat = on;
}

void wasi_config_set_deterministic(wasi_config_t *config, uint64_t seed) {
  wasi_config_set_clock(config, WASI_CLOCK_STEPPED, DETERMINISTIC_START, DETERMINISTIC_STEP);
  wasi_config_set_random_seed(config, seed);
  wasi_config_set_sorted_dirs(config, true);
  wasi_config_set_fixed_stat(config, true);
}

/* ---- the context ---- */

bool wm_determinism_apply(const Determinism *d, wasi_ctx_t *ctx) {
  ctx->clock.kind = d->clock;
  ctx->clock.start = d->clock_start;
  ctx->clock.step = d->clock_step;
  if (d->is_seeded) wm_random_seed(&ctx->random, d->seed);
  ctx->sorts_dirs = d->sorts_dirs;
  if (d->fixes_stat) ctx->file_ids = wm_file_ids_new(d->clock_start);
  return !d->fixes_stat || ctx->file_ids;
}

/* By a clock of the host's these times would not be fixed. */
static u64 time_of_change(const Clock *c) {
  return wm_clock_is_virtual(c) ? wm_clock_now(c, CLOCK_ID_REALTIME) : 0;
}

void wm_note_made(wasi_ctx_t *ctx, const struct stat *st) {
  wm_file_ids_add(ctx->file_ids, st, time_of_change(&ctx->clock));
}

void wm_note_times(wasi_ctx_t *ctx, const struct stat *st, const struct timespec times[2]) {
  wm_file_ids_set_times(ctx->file_ids, st, times, time_of_change(&ctx->clock));
}
