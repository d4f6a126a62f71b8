/* What hosts do in callbacks, at random: return with garbage in unused bits, trap, longjmp or throw
 * (built as C++: mischief_throw.cc) away, re-enter, collect, drop and make instances, interrupt,
 * let calls run out of time, grow memory, fork. Whatever came before, each call gives the value,
 * the trap and the backtrace that it should, in every tier. Usage: mischief SEED COUNT */
#include "tests/support/compiled.h"

#include <setjmp.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(condition)                                                                            \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: round %llu: %s\n", __FILE__, __LINE__, (unsigned long long)number,   \
              #condition);                                                                         \
      _exit(1);                                                                                    \
    }                                                                                              \
  } while (0)

static const char guest_text[] =
    "(module (import \"h\" \"f\" (func $f (param i64 i32) (result i32))) (memory 1 64)"
    " (func $call (param i64 i32) (result i32)"
    "  (i32.load8_u (i32.const 9)) (drop)"
    "  (i32.add (call $f (local.get 0) (local.get 1)) (i32.const 1)))"
    " (table funcref (elem $call)) (type $t (func (param i64 i32) (result i32)))"
    " (func (export \"go\") (type $t) (i32.add (call $call (local.get 0) (local.get 1))"
    "  (i32.const 1)))"
    " (func (export \"far\") (type $t) (i32.add (call_indirect (type $t) (local.get 0) (local.get "
    "1)"
    "  (i32.const 0)) (i32.const 1)))"
    " (func (export \"looped\") (type $t) (local $r i32) (loop $l"
    "  (local.set $r (call $call (local.get 0) (local.get 1)))"
    "  (br_if $l (i32.eq (local.get $r) (i32.const -5)))) (i32.add (local.get $r) (i32.const 1)))"
    " (func (export \"spin\") (param i32) (loop $l"
    "  (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1))) (br $l)))"
    " (func (export \"extend\") (param i32) (result i64) (i64.extend_i32_u (local.get 0)))"
    " (func $fail (unreachable)) (func (export \"fail\") (param i32) (call $fail)))";

enum { GUESTS = 3, WAYS = 3, MAX_LEVEL = 5, GO_FRAMES = 2, FAIL_FRAMES = 2, FORK_ONE_IN = 300 };

typedef struct Guest {
  wasm_instance_t *instance;
  wasm_func_t *go[WAYS], *spin, *extend, *fail;
} Guest;

/* How a call of go ends. */
typedef enum Ending { RETURNED, TRAPPED, INTERRUPTED } Ending;

static uint64_t number, random_state;
static wasm_engine_t *engine;
static Expect expect; /* of it */
static wasm_store_t *store;
static wasm_module_t *module;
static Guest guests[GUESTS];
static int place_count, live; /* attempts to leave to; callbacks that run */
static int budget;            /* of decisions, so that a round ends */
static bool forked;

static uint32_t choose(uint32_t count) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)(random_state >> 20) % count;
}

static uint64_t garbage(void) { return (uint64_t)choose(UINT32_MAX) << 32; }

/* ---- leaving a callback ---- */

static void call_go_at(int level);

#ifdef __cplusplus
static void leave(void) { throw 1; }
static void attempt(int level) {
  place_count++;
  try {
    call_go_at(level);
  } catch (int) {
  }
}
#else
static jmp_buf *places[MAX_LEVEL + 2];
static void leave(void) { longjmp(*places[choose((uint32_t)place_count)], 1); }
static void attempt(int level) {
  jmp_buf place;
  places[place_count++] = &place;
  if (!setjmp(place)) call_go_at(level);
}
#endif

/* ---- guests ---- */

static wasm_trap_t *host(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots);

static wasm_functype_t *host_type(void) {
  wasm_valtype_t *params[] = {wasm_valtype_new(WASM_I64), wasm_valtype_new(WASM_I32)};
  wasm_valtype_t *results[] = {wasm_valtype_new(WASM_I32)};
  wasm_valtype_vec_t p, r;
  wasm_valtype_vec_new(&p, 2, params);
  wasm_valtype_vec_new(&r, 1, results);
  return wasm_functype_new(&p, &r);
}

static void make_guest(Guest *g) {
  wasm_functype_t *type = host_type();
  wasm_func_t *func = wasmx_func_new_raw(store, type, host, NULL, NULL);
  wasm_extern_t *list[] = {wasm_func_as_extern(func)};
  wasm_extern_vec_t imports = {1, list};
  g->instance = wasm_instance_new(store, module, &imports, NULL);
  MUST(g->instance);
  g->go[0] = wasmx_instance_func(g->instance, "go");
  g->go[1] = wasmx_instance_func(g->instance, "far");
  g->go[2] = wasmx_instance_func(g->instance, "looped");
  g->spin = wasmx_instance_func(g->instance, "spin");
  g->extend = wasmx_instance_func(g->instance, "extend");
  g->fail = wasmx_instance_func(g->instance, "fail");
  wasm_func_delete(func);
  wasm_functype_delete(type);
}

static void drop_guest(Guest *g) {
  for (int i = 0; i < WAYS; i++) wasm_func_delete(g->go[i]);
  wasm_func_delete(g->spin);
  wasm_func_delete(g->extend);
  wasm_func_delete(g->fail);
  wasm_instance_delete(g->instance);
}

/* Of a new engine in a tier that the round chooses. */
static void make_world(void) {
  static const char *const settings[] = {"call-threshold=0", "call-threshold=3", "no-inline=1",
                                         "no-lowering=1"};
  wasm_config_t *config = wasm_config_new();
  wasmx_tier_t tier = (wasmx_tier_t)choose(3);
  expect = tier == WASMX_TIER_JIT ? EXPECT_ALL : EXPECT_NO_FAULT;
  wasmx_config_set_tier(config, tier);
  MUST(compiled_configure(config, false));
  wasmx_config_set_compile_threads(config, choose(3));
  wasmx_config_set_signals(config, choose(4) > 0);
  wasmx_config_set_hidden(config, settings[choose(4)]);
  engine = wasm_engine_new_with_config(config);
  store = wasm_store_new(engine);
  MUST(store);
  wasm_byte_vec_t text = {sizeof guest_text - 1, (char *)(uintptr_t)guest_text};
  module = wasmx_module_new(store, &text, WASMX_ALLOW_TEXT, NULL);
  MUST(module);
  for (int i = 0; i < GUESTS; i++) make_guest(&guests[i]);
}

static void delete_world(void) {
  for (int i = 0; i < GUESTS; i++) drop_guest(&guests[i]);
  wasm_module_delete(module);
  MUST(wasmx_store_try_delete(store));
  MUST(!compiled_fault(engine, expect));
  wasm_engine_delete(engine);
}

/* ---- what is done ---- */

static void expect_frames(wasm_trap_t *trap, size_t own) {
  wasm_frame_vec_t frames;
  wasm_trap_trace(trap, &frames);
  MUST(frames.size == own + (size_t)live * GO_FRAMES);
  wasm_frame_vec_delete(&frames);
}

/* A pure call and one that fails are as ever. */
static void look(void) {
  const Guest *g = &guests[choose(GUESTS)];
  uint32_t value = choose(UINT32_MAX);
  wasmx_slot_t slots[1] = {wasmx_slot_u64(value | garbage())};
  MUST(!wasmx_func_call_raw(g->extend, slots) && slots[0].u64 == value);
  slots[0] = wasmx_slot_u64(garbage());
  wasm_trap_t *trap = wasmx_func_call_raw(g->fail, slots);
  MUST(wasmx_trap_code(trap) == WASMX_TRAP_UNREACHABLE);
  expect_frames(trap, FAIL_FRAMES);
  wasm_trap_delete(trap);
}

static void run_out_of_time(void) {
  wasmx_slot_t slots[1] = {wasmx_slot_u64(garbage())};
  wasm_trap_t *trap =
      wasmx_func_call_within(guests[choose(GUESTS)].spin, slots, 1 + choose(300000));
  MUST(wasmx_trap_code(trap) == WASMX_TRAP_INTERRUPTED);
  expect_frames(trap, 1);
  wasm_trap_delete(trap);
  MUST(!wasmx_store_interrupted(store));
}

static void call_go(int level);

static void fork_here(void) {
  if (forked || choose(FORK_ONE_IN)) return;
  pid_t child = fork();
  MUST(child >= 0);
  if (child == 0) {
    forked = true;
    alarm(60);
    return; /* goes on with the round, and ends with it */
  }
  int status;
  MUST(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The host has its turn between calls; what runs is `live` deep. */
static void do_something(int level) {
  switch (choose(9)) {
  case 0: look(); break;
  case 1: wasmx_store_collect(store); break;
  case 2: run_out_of_time(); break;
  case 3: fork_here(); break;
  case 4: {
    Guest *g = &guests[choose(GUESTS)]; /* may be one that runs */
    drop_guest(g);
    make_guest(g);
    break;
  }
  case 5: wasm_foreign_delete(wasm_foreign_new(store)); break;
  default:
    if (level < MAX_LEVEL) call_go(level + 1);
    break;
  }
}

/* The argument tells the callback what its caller expects of it, which is decided beforehand. */
static wasm_trap_t *host(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  int level = slots[1].i32 & 0xFF, ending = slots[1].i32 >> 8 & 0xFF;
  (void)env, (void)caller;
  live++;
  while (budget-- > 0 && choose(3)) do_something(level);
  live--;
  if (place_count && !choose(12)) leave();
  if (ending == TRAPPED) {
    live++;
    wasm_message_t text;
    wasm_name_new_from_string_nt(&text, "host says no");
    wasm_trap_t *trap = wasm_trap_new(store, &text);
    wasm_name_delete(&text);
    live--;
    return trap;
  }
  if (ending == INTERRUPTED) wasmx_store_interrupt(store);
  slots[0].i32 = level; /* what was above stays: garbage */
  return NULL;
}

static void call_go_at(int level) {
  Ending ending = choose(4) ? RETURNED : choose(2) ? TRAPPED : INTERRUPTED;
  wasmx_slot_t slots[2] = {wasmx_slot_u64(garbage() | choose(UINT32_MAX))};
  slots[1] = wasmx_slot_u64(garbage() | (uint32_t)level | (uint32_t)ending << 8);
  wasm_trap_t *trap = wasmx_func_call_raw(guests[choose(GUESTS)].go[choose(WAYS)], slots);
  static const uint32_t codes[] = {0, WASMX_TRAP_HOST, WASMX_TRAP_INTERRUPTED};
  MUST(wasmx_trap_code(trap) == codes[ending]);
  if (ending == RETURNED) MUST(slots[0].u64 == (uint64_t)level + 2);
  if (trap) expect_frames(trap, GO_FRAMES);
  wasm_trap_delete(trap);
  wasmx_store_clear_interrupt(store);
}

/* One level deeper, with holes in the stack, and perhaps a place for longjmp to come to. */
static void call_go(int level) {
  volatile char hole[512];
  hole[choose(sizeof hole)] = 1;
  if (choose(2)) {
    call_go_at(level);
    return;
  }
  volatile int places_before = place_count, live_before = live;
  attempt(level);
  place_count = places_before;
  live = live_before;
  wasmx_store_clear_interrupt(store);
}

static void play_round(void) {
  make_world();
  place_count = live = 0;
  for (int i = 0; i < 12; i++) {
    budget = 20;
    do_something(0);
    look();
  }
  delete_world();
  if (forked) _exit(0);
}

int main(int argc, char **argv) {
  if (!wasmx_has("text")) return 77;
  if (argc < 3) return 2;
  uint64_t seed = strtoull(argv[1], NULL, 10), count = strtoull(argv[2], NULL, 10);
  for (number = 0; number < count; number++) {
    random_state =
        (seed + 1) * UINT64_C(0x9E3779B97F4A7C15) + number * UINT64_C(0xBF58476D1CE4E5B9) + 1;
    for (int i = 0; i < 8; i++) choose(2);
    play_round();
  }
  return 0;
}
