/* Fuzz target: bytes -> a program (generate.h), run plain and with barriers. */
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/generate.h"
#include "tests/fuzz/program.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  Buffer modules[2] = {{0}}, outs[2] = {{0}};
  for (u32 i = 0; i < 2; i++) {
    generate_program(data, size, i == 1, &modules[i]);
    run_program(&modules[i], &outs[i]);
  }
  if (outs[0].len != outs[1].len || memcmp(outs[0].data, outs[1].data, outs[0].len) != 0)
    __builtin_trap();
  for (u32 i = 0; i < 2; i++) {
    wm_buffer_free(&modules[i]);
    wm_buffer_free(&outs[i]);
  }
  return 0;
}
