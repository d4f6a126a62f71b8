/* Fuzz target: bytes -> a program (generate.h), run plain, with barriers, and by the compiler. */
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/generate.h"
#include "tests/fuzz/program.h"

#define MUST(condition)                                                                            \
  if (!(condition)) __builtin_trap()

static bool same(const Buffer *a, const Buffer *b) {
  return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

/* One engine each, which may not run out of anything by being used again and again. */
static Engine *engine_of(u32 way) {
  static Engine *engines[24];
  if (!engines[way]) engines[way] = program_engine(way);
  return engines[way];
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  Program plain = generate_program(data, size, false),
          barriers = generate_program(data, size, true);
  Buffer plain_out = {0}, barriers_out = {0};
  run_program(engine_of(0), &plain, false, &plain_out);
  run_program(engine_of(0), &barriers, false, &barriers_out);
  MUST(same(&plain_out, &barriers_out));
  for (u32 way = 1; program_way(way); way++) {
    Buffer out = {0}, model = {0};
    run_program(engine_of(way), &plain, true, &out);
    run_program(engine_of(program_model(way)), &plain, true, &model);
    MUST(same(&model, &out));
    MUST(!program_fault(engine_of(way), way));
    wm_buffer_free(&out);
    wm_buffer_free(&model);
  }
  Buffer *all[] = {&plain_out, &barriers_out};
  for (u32 i = 0; i < ARRAY_LEN(all); i++) wm_buffer_free(all[i]);
  program_free(&plain);
  program_free(&barriers);
  return 0;
}
