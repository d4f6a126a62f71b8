/* Sweeps of failing allocations: a step is a real use of some functions, run again and again with
 * each of its allocations failing in turn, alone and with all that come after it. What could not be
 * made must say that memory ran out, nothing may be left behind (the sanitizers look), and the same
 * step must work right after. */
#ifndef TESTS_API_SWEEP_H
#define TESTS_API_SWEEP_H

#include "api/fixture.h"

#include "support/failing_alloc.h"

static uint64_t refused;    /* in this run of a step, how often something was not made */
static const char *current; /* the step that runs */

static inline bool made_or_says(bool good, const wasmx_error_t *err) {
  if (!good && err->code != WASMX_OUT_OF_MEMORY)
    fail_msg("%s: error %u, %s", current, err->code, err->message);
  if (!good) refused++;
  return good;
}

/* Was it made? If not, memory is why. */
static inline bool made(bool good) { return made_or_says(good, wasmx_last_error()); }

static inline wasmx_error_t no_error(void) {
  wasmx_error_t err = {.size = sizeof err};
  return err;
}

/* Deletes it. Whether it is of that code (0: there is none); if not, memory is why. */
static inline bool ended_with(uint32_t code, wasm_trap_t *trap) {
  uint32_t found = wasmx_trap_code(trap);
  if (found != code && found != WASMX_TRAP_OUT_OF_MEMORY) {
    wasm_message_t message = WASM_EMPTY_VEC;
    if (trap) wasm_trap_message(trap, &message);
    fail_msg("%s: trap %u, not %u, %s", current, found, code, message.data ? message.data : "");
  }
  wasm_trap_delete(trap);
  if (found != code) refused++;
  return found == code;
}

static inline bool no_trap(wasm_trap_t *trap) { return ended_with(0, trap); }

typedef struct Step {
  const char *name;
  void (*run)(void);
} Step;

#define STEP(function) {#function, function}

/* With allocation number n failing, and those after it if `lasting`; then with none. Whether there
 * was an allocation n. */
static inline bool step_fails_at(const Step *step, uint64_t n, bool lasting) {
  refused = 0;
  if (lasting)
    failing_alloc_start_all(n);
  else
    failing_alloc_start(n);
  step->run();
  bool failed = failing_alloc_stop();
  if (failed) {
    refused = 0;
    step->run();
  }
  if (refused) fail_msg("%s does not work after allocation %d failed", step->name, (int)n);
  return failed;
}

/* What a step allocates for the first time and keeps is not its own: it is run once before. */
static inline uint64_t sweep(const Step *step) {
  current = step->name;
  refused = 0;
  step->run();
  assert_int_equal(refused, 0);
  uint64_t n = 1;
  while (step_fails_at(step, n, false)) n++;
  for (uint64_t from = 1; step_fails_at(step, from, true);) from++;
  return n - 1;
}

/* All of them; how many allocations failed. */
static inline uint64_t sweep_all(const Step *steps, size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += sweep(&steps[i]);
  print_message("%d steps, %d allocations, each failed in turn\n", (int)count, (int)sum);
  return sum;
}

/* ---- what those that run in two tiers share ---- */

static inline wasmx_val_t of_i32(int32_t v) {
  wasmx_val_t val = {.kind = WASM_I32, .of = {.i32 = v}};
  return val;
}
static inline wasmx_val_t of_ref(wasm_ref_t *ref) {
  wasmx_val_t val = {.kind = WASM_EXTERNREF, .of = {.ref = ref}};
  return val;
}

#define HOST_TYPE "(i32, externref) -> externref"

static inline wasm_trap_t *hand_back(void *env, wasmx_caller_t *caller, const wasm_val_vec_t *args,
                                     wasm_val_vec_t *results) {
  (void)env, (void)caller;
  wasm_val_copy(&results->data[0], &args->data[1]);
  made(results->data[0].of.ref || !args->data[1].of.ref);
  return NULL;
}

/* Counts fuel; eager: everything is compiled at its first call. */
static inline wasm_engine_t *sweep_engine(bool eager) {
  wasm_config_t *config = wasm_config_new();
  assert_true(compiled_configure(config, eager) && wasmx_config_set_compile_threads(config, 0) &&
              wasmx_config_set_fuel(config, true));
  return wasm_engine_new_with_config(config);
}

/* Of such an engine; has all the fuel. */
static inline wasm_store_t *sweep_store(wasm_engine_t *engine) {
  wasm_store_t *store = wasm_store_new(engine);
  if (made(store != NULL)) assert_true(wasmx_store_set_fuel(store, UINT64_MAX));
  return store;
}

static inline void assert_compiled(const wasm_engine_t *engine) {
  wasmx_engine_stats_t stats = {.size = sizeof stats};
  wasmx_engine_stats(engine, &stats);
  if (wasmx_has("jit")) assert_true(stats.native_functions > 0);
}

/* ---- programs of sweeps ---- */

/* All steps, in a world whose code is compiled at once or interpreted. */
typedef void SweepInTier(bool eager);

static inline void interpreted_code_stands_it(void **state) { (**(SweepInTier **)*state)(false); }
static inline void compiled_code_stands_it(void **state) { (**(SweepInTier **)*state)(true); }

static inline int sweep_in_both_tiers(SweepInTier *sweep_in_tier) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(interpreted_code_stands_it, &sweep_in_tier),
      cmocka_unit_test_prestate(compiled_code_stands_it, &sweep_in_tier)};
  wasm_trap_delete(wasmx_func_call_raw(NULL, NULL)); /* this thread's last error has its place */
  return run_with_text(tests);
}

#endif
