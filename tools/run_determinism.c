/* How the options of run_determinism.h are spelled. */
#include "tools/run_determinism.h"

#include "base/quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "A" or "A:B"; false: it is something else, or there are not `count`. */
static bool read_numbers(const char *text, int count, uint64_t numbers[2]) {
  char first[24];
  const char *colon = strchr(text, ':');
  size_t len = colon ? (size_t)(colon - text) : strlen(text);
  if (len >= sizeof first || (count == 2) != (colon != NULL)) return false;
  memcpy(first, text, len);
  first[len] = 0;
  return wm_quantity_number(first, &numbers[0]) &&
         (!colon || wm_quantity_number(colon + 1, &numbers[1]));
}

/* What stands behind the kind. */
static bool set_kind(wasi_config_t *config, int kind, const char *rest) {
  uint64_t n[2] = {0, 0};
  bool is_coarse = kind == WASI_CLOCK_COARSE;
  if (kind == WASI_CLOCK_REAL) return !rest && wasi_config_set_clock(config, kind, 0, 0);
  if (!rest || !read_numbers(rest, kind == WASI_CLOCK_STEPPED ? 2 : 1, n)) return false;
  return wasi_config_set_clock(config, kind, n[0], is_coarse ? n[0] : n[1]);
}

static int set_clock(wasi_config_t *config, const char *text) {
  static const char *const kinds[] = {"real", "frozen", "stepped", "coarse"};
  size_t len = strcspn(text, ":");
  for (int kind = WASI_CLOCK_REAL; kind <= WASI_CLOCK_COARSE; kind++) {
    if (len != strlen(kinds[kind]) || memcmp(text, kinds[kind], len) != 0) continue;
    if (set_kind(config, kind, text[len] ? text + len + 1 : NULL)) return STATUS_OK;
  }
  return complain_usage("run",
                        "--clock wants real, frozen:NS, stepped:NS:STEP or coarse:NS (no step 0)");
}

static int set_seed(wasi_config_t *config, const char *text) {
  uint64_t seed;
  if (!wm_quantity_number(text, &seed))
    return complain_usage("run", "--random-seed wants a number");
  wasi_config_set_random_seed(config, seed);
  return STATUS_OK;
}

static int set_all(wasi_config_t *config, wasm_config_t *engine_config, const char *text) {
  uint64_t seed;
  if (!wm_quantity_number(text, &seed))
    return complain_usage("run", "--deterministic wants a number");
  wasi_config_set_deterministic(config, seed);
  wasmx_config_set_canonical_nan(engine_config, true);
  return STATUS_OK;
}

/* Those that need a value. */
static bool take_valued(Options *o, wasi_config_t *config, int *status) {
  const char *value, *name = o->argv[o->at];
  bool is_clock = take_option(o, "--clock", &value);
  if (!is_clock && !take_option(o, "--random-seed", &value)) return false;
  if (value)
    *status = is_clock ? set_clock(config, value) : set_seed(config, value);
  else
    *status = complain_usage("run", "%s needs a value", printable(name));
  return true;
}

bool take_determinism_option(Options *o, wasi_config_t *config, wasm_config_t *engine_config,
                             int *status) {
  const char *seed = "0";
  *status = STATUS_OK;
  /* Its value is behind a '=' or not there: the next argument is another one. */
  if (take_flag(o, "--deterministic") || take_option(o, "--deterministic", &seed))
    *status = set_all(config, engine_config, seed);
  else if (take_flag(o, "--sorted-dirs"))
    wasi_config_set_sorted_dirs(config, true);
  else if (take_flag(o, "--fixed-stat"))
    wasi_config_set_fixed_stat(config, true);
  else
    return take_valued(o, config, status);
  return true;
}
