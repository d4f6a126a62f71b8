/* The interpreter against direct evaluation of random programs (program.h): every scalar
 * instruction in every operand class, and the ways in which values travel between instructions,
 * branches and calls. */
#include "program.h"
#include "runtime/fixture.h"

enum { PROGRAMS = 2000, RUNS = 6 };

static bool is_nan(char type, u64 bits) {
  f32 f = f32_of_bits((u32)bits);
  f64 d = f64_of_bits(bits);
  return type == 'f' ? f != f : type == 'd' && d != d;
}

static bool same_value(char type, u64 a, u64 b) {
  return a == b || (is_nan(type, a) && is_nan(type, b));
}

/* The ints byte by byte; of the floats' part only what is a NaN may differ. */
static bool same_memory(const u8 *a, const u8 *b) {
  if (memcmp(a, b, INT_BYTES) != 0) return false;
  for (u32 i = INT_BYTES; i < MEMORY_BYTES; i += 8) {
    u64 x = load_u64(a + i), y = load_u64(b + i);
    bool halves = same_value('f', (u32)x, (u32)y) && same_value('f', x >> 32, y >> 32);
    if (!halves && !same_value('d', x, y)) return false;
  }
  return true;
}

static u64 argument(u64 seed, u32 i, char type) {
  u64 bits = (seed + i + 1) * UINT64_C(0x9E3779B97F4A7C15);
  bits >>= (seed * 7 + i * 13) % 64;
  switch (type) {
  case 'i': return (u32)bits;
  case 'l': return bits;
  case 'f': return bits_of_f32((f32)(i64)bits);
  default: return bits_of_f64((f64)(i64)bits / 16);
  }
}

static void compare_run(Fixture *f, Instance *in, const Program *p, u32 index, u64 seed) {
  static u8 expected_memory[MEMORY_BYTES];
  const Function *func = &p->funcs[index];
  u64 args[PARAMS], slots[PARAMS + 2], expected[2] = {0};
  u8 *memory = in->memory0_base;
  for (u32 i = 0; func->params[i]; i++) args[i] = argument(seed, i, func->params[i]);
  memcpy(slots, args, sizeof args);
  memcpy(expected_memory, memory, MEMORY_BYTES);
  TrapCode expected_trap;
  if (!program_run(p, index, args, expected_memory, expected, &expected_trap)) return;
  char name[2] = {(char)('0' + index), 0};
  TrapCode trap = wm_call(f->store, (Func *)export_named(in, name), slots);
  if (trap) wm_store_take_trap(f->store);
  if (trap != expected_trap) fail_msg("program %llu: trap", (unsigned long long)p->seed);
  for (u32 i = 0; func->results[i] && !trap; i++) {
    if (!same_value(func->results[i], slots[i], expected[i]))
      fail_msg("program %llu, function %u: %llx, not %llx", (unsigned long long)p->seed, index,
               (unsigned long long)slots[i], (unsigned long long)expected[i]);
  }
  if (!same_memory(memory, expected_memory))
    fail_msg("program %llu, function %u: memory", (unsigned long long)p->seed, index);
  memcpy(memory, expected_memory, MEMORY_BYTES); /* the same NaNs from here */
}

static void compare_program(Fixture *f, u64 seed) {
  Program p;
  Buffer bytes = {0};
  Error err = {0};
  program_make(&p, seed);
  program_encode(&p, &bytes);
  LoadedModule *lm = wm_engine_load(f->engine, bytes.data, bytes.len, &err);
  if (!lm) fail_msg("program %llu: %s", (unsigned long long)seed, err.message);
  Instance *in = wm_instance_new(f->store, lm, NULL, 0, &err);
  assert_non_null(in);
  object_hold(&in->head);
  for (u32 run = 0; run < RUNS; run++)
    for (u32 i = 0; i < FUNCS; i++) compare_run(f, in, &p, i, seed * RUNS + run);
  object_let_go(&in->head);
  wm_loaded_release(lm);
  wm_buffer_free(&bytes);
  program_free(&p);
  wm_store_safepoint(f->store);
}

static void random_programs(void **state) {
  const char *first = getenv("PROGRAM_SEED"), *count = getenv("PROGRAM_COUNT");
  u64 seed = first ? strtoull(first, NULL, 10) : 1,
      n = count ? strtoull(count, NULL, 10) : PROGRAMS;
  for (u64 i = 0; i < n; i++) compare_program(*state, seed + i);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(random_programs, setup, teardown),
  };
  return cmocka_run_group_tests_name("translate", tests, NULL, NULL);
}
