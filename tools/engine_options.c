/* Options that say how wasm runs: see tool.h. */
#include "tools/tool.h"

#include "base/quantity.h"

#include <string.h>

static int wants(const char *verb, const char *what) { return complain_usage(verb, "%s", what); }

static int set_tier(Options *o, wasm_config_t *config, const char *verb, const char *name) {
  static const char *const names[] = {"auto", "interp", "jit"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    wasmx_tier_t tier = (wasmx_tier_t)i;
    o->tier = tier;
    if (wasmx_config_set_tier(config, tier)) return STATUS_OK;
    return complain("%s", wasmx_last_error()->message);
  }
  return wants(verb, "--tier wants auto, interp or jit");
}

static int set_threads(wasm_config_t *config, const char *verb, const char *text) {
  uint64_t count;
  if (!wm_quantity_number(text, &count) || count > UINT32_MAX ||
      !wasmx_config_set_compile_threads(config, (uint32_t)count))
    return wants(verb, "--compile-threads wants a number from 0 to 64");
  return STATUS_OK;
}

static int set_profile(wasm_config_t *config, const char *verb, const char *name) {
  static const char *const names[] = {"perfmap", "jitdump", "gdb"};
  for (uint32_t i = 0; i < 3; i++)
    if (strcmp(name, names[i]) == 0 && wasmx_config_set_profile(config, 1u << i)) return STATUS_OK;
  return wants(verb, "--profile wants perfmap, jitdump or gdb");
}

static int set_hidden(Options *o, wasm_config_t *config, const char *verb, const char *setting) {
  o->verifies |= strcmp(setting, "verify=1") == 0;
  if (wasmx_config_set_hidden(config, setting)) return STATUS_OK;
  return wants(verb, "-X wants a setting for tests, as NAME=VALUE");
}

bool take_engine_option(Options *o, const char *verb, wasm_config_t *config, int *status) {
  const char *value;
  *status = STATUS_OK;
  if (take_flag(o, "--no-signals"))
    wasmx_config_set_signals(config, false);
  else if (take_flag(o, "--canonical-nan"))
    wasmx_config_set_canonical_nan(config, true);
  else if (take_flag(o, "--relaxed-simd-fast"))
    wasmx_config_set_relaxed_simd_fast(config, true);
  else if (take_option(o, "--tier", &value))
    *status = set_tier(o, config, verb, value ? value : "");
  else if (take_option(o, "--compile-threads", &value))
    *status = set_threads(config, verb, value ? value : "");
  else if (take_option(o, "--profile", &value))
    *status = set_profile(config, verb, value ? value : "");
  else if (take_option(o, "-X", &value)) {
    *status = set_hidden(o, config, verb, value ? value : "");
  } else {
    return false;
  }
  return true;
}
