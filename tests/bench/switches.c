/* What suspending and resuming a call costs, by tier, and beside it swapcontext: medians of several
 * rounds, in nanoseconds. A switch is one way, half of what resume and suspend take together, the
 * host function's call by wasm included. */
#include "rounds.h"

#include <wasmx.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum { SWITCHES = 200000, GUESTS = 1000, STARTS = 20000, STACK_BYTES = 64 << 10 };

static const char text[] = "(module (import \"h\" \"next\" (func $next))\n"
                           "  (func (export \"run\") (loop (call $next) (br 0)))\n"
                           "  (func (export \"once\") (call $next)))";

static wasm_trap_t *next(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env, (void)slots;
  return wasmx_call_suspend(caller, NULL, NULL);
}

static wasmx_call_t *start(const wasm_func_t *func) {
  wasmx_call_t *call = wasmx_call_start(func, NULL, NULL, NULL);
  if (!call || wasmx_call_resume(call, NULL, NULL, NULL) != WASMX_CALL_SUSPENDED) abort();
  return call;
}

/* ---- what is measured: nanoseconds of one, `count` times ---- */

static wasmx_call_t *guests[GUESTS];

/* In turn among `among` guests. */
static void switch_guests(int count, int among) {
  for (int i = 0; i < count / 2; i++) wasmx_call_resume(guests[i % among], NULL, NULL, NULL);
}
static void switch_one(int count) { switch_guests(count, 1); }
static void switch_all(int count) { switch_guests(count, GUESTS); }

static const wasm_func_t *once;
static void start_and_return(int count) {
  for (int i = 0; i < count; i++) {
    wasmx_call_t *call = start(once);
    if (wasmx_call_resume(call, NULL, NULL, NULL) != WASMX_CALL_RETURNED) abort();
    wasmx_call_delete(call);
  }
}
static void start_and_drop(int count) {
  for (int i = 0; i < count; i++) wasmx_call_delete(start(once));
}

static ucontext_t here, there;
static void go_back(void) {
  for (;;) swapcontext(&there, &here);
}
static void swap_contexts(int count) {
  for (int i = 0; i < count / 2; i++) swapcontext(&here, &there);
}

static double measure(void (*run)(int count), int count) {
  double times[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    double from = now_ns();
    run(count);
    times[i] = (now_ns() - from) / count;
  }
  return median_of(times);
}

/* ---- */

static void print_all(const wasm_instance_t *instance, const char *name) {
  wasm_func_t *run = wasmx_instance_func(instance, "run"),
              *f = wasmx_instance_func(instance, "once");
  once = f;
  for (int i = 0; i < GUESTS; i++) guests[i] = start(run);
  double one = measure(switch_one, SWITCHES), swap = measure(swap_contexts, SWITCHES);
  printf("%-12s a switch        %7.1f ns; swapcontext %7.1f ns\n", name, one, swap);
  printf("%-12s among %d guests %5.1f ns\n", name, GUESTS, measure(switch_all, SWITCHES));
  for (int i = 0; i < GUESTS; i++) wasmx_call_delete(guests[i]);
  printf("%-12s start, suspend, return %7.1f ns; dropped %7.1f ns\n", name,
         measure(start_and_return, STARTS), measure(start_and_drop, STARTS));
  wasm_func_delete(run);
  wasm_func_delete(f);
}

static bool run(wasm_engine_t *engine, const char *name) {
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_func_t *host = wasmx_func_new_raw(store, type, next, NULL, NULL);
  wasm_extern_t *list[] = {wasm_func_as_extern(host)};
  wasm_extern_vec_t imports = WASM_ARRAY_VEC(list);
  wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
  if (instance) print_all(instance, name);
  wasm_instance_delete(instance);
  wasm_func_delete(host);
  wasm_functype_delete(type);
  wasm_module_delete(module);
  wasm_store_delete(store);
  return instance != NULL;
}

int main(void) {
  static const wasmx_tier_t tiers[] = {WASMX_TIER_INTERP, WASMX_TIER_JIT};
  static const char *const names[] = {"interpreter", "compiled"};
  if (!wasmx_has("suspend")) return puts("calls cannot be suspended on this system"), 77;
  void *stack = malloc(STACK_BYTES);
  if (!stack || getcontext(&there) != 0) return 1;
  there.uc_stack = (stack_t){.ss_sp = stack, .ss_size = STACK_BYTES};
  makecontext(&there, go_back, 0);
  bool good = true;
  for (int i = 0; i < 2; i++) {
    wasm_config_t *config = wasm_config_new();
    if (!wasmx_config_set_tier(config, tiers[i])) {
      wasm_config_delete(config);
      continue;
    }
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    good &= run(engine, names[i]);
    wasm_engine_delete(engine);
  }
  free(stack);
  return good ? 0 : 1;
}
