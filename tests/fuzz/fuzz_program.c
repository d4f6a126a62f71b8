/* Fuzz target: bytes -> a program (generate.h), run by the interpreter, and by the compiler where
 * it is built in; the last byte says which of the interpreter with barriers and the compiler's
 * other ways (program.h) has its turn. All must do the same. */
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/generate.h"
#include "tests/fuzz/program.h"

#include <stdio.h>
#include <stdlib.h>

enum { INTERP, JIT, FIRST_IN_TURN };

#define MUST(condition, way)                                                                       \
  if (!(condition)) fail(#condition, way)

/* An exit, which the fuzzer takes for a crash and tests/sabotage.py for a red test. */
static void fail(const char *condition, const char *way) {
  fprintf(stderr, "fuzz_program: %s: not %s\n", way, condition);
  exit(1);
}

/* Of programs that began, which are valid. */
static bool same(const Buffer *a, const Buffer *b) {
  return a->len > 4 && !memcmp(a->data, "0.f0", 4) && a->len == b->len &&
         !memcmp(a->data, b->data, a->len);
}

/* One engine each, which may not run out of anything by being used again and again. */
static Engine *engine_of(u32 way) {
  static Engine *engines[30];
  if (!engines[way]) engines[way] = program_engine(way);
  return engines[way];
}

static Buffer output_of(u32 way, const Program *p, bool places) {
  Buffer out = {0};
  run_program(engine_of(way), p, places, &out);
  return out;
}

/* A trap's place differs: barriers are code, too. */
static void try_barriers(const u8 *data, size_t size, const Program *plain) {
  Program barriers = generate_program(data, size, true);
  Buffer want = output_of(INTERP, plain, false), have = output_of(INTERP, &barriers, false);
  MUST(same(&want, &have), "barriers");
  wm_buffer_free(&want);
  wm_buffer_free(&have);
  program_free(&barriers);
}

static void try_way(u32 way, const Program *program) {
  Buffer want = output_of(program_model(way), program, true), have = output_of(way, program, true);
  /* Other ways leave some of a program to the interpreter. */
  const char *fault =
      way == JIT ? program_fault(engine_of(way), way) : program_trouble(engine_of(way), way);
  MUST(same(&want, &have), program_way(way));
  MUST(!fault, fault);
  wm_buffer_free(&want);
  wm_buffer_free(&have);
}

/* The last way is a model, of no use here: its turn is the barriers'. */
static u32 last_way(void) {
  u32 way = FIRST_IN_TURN;
  while (WITH_JIT && program_way(way + 1)) way++;
  return way;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  Program plain = generate_program(data, size, false);
  u32 last = last_way(), turns = last - FIRST_IN_TURN + 1;
  u32 way = size ? last - data[size - 1] % turns : last;
  if (WITH_JIT) try_way(JIT, &plain);
  if (way < last)
    try_way(way, &plain);
  else
    try_barriers(data, size, &plain);
  program_free(&plain);
  return 0;
}
