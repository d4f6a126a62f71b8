/* Programs from random tapes, run plain and with barriers (generate.h): both must do the same.
 * Usage: differ SEED COUNT [PACK]
 * With PACK, also writes the programs to that file for other engines (differ.mjs), each after its
 * length, and their results to standard output. The first difference ends it; the programs then are
 * in differ_plain.wasm and differ_barriers.wasm. */
#include "tests/fuzz/generate.h"
#include "tests/fuzz/program.h"

#include <stdio.h>
#include <stdlib.h>

static u64 random_state;

static u64 next_random(void) { /* xorshift64* */
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return random_state * UINT64_C(2685821657736338717);
}

static void write_file(const char *path, const Buffer *b) {
  FILE *file = fopen(path, "wb");
  if (!file) return;
  fwrite(b->data, 1, b->len, file);
  fclose(file);
}

static bool same(const Buffer *a, const Buffer *b) {
  return a->len == b->len && a->len && !memcmp(a->data, b->data, a->len);
}

/* One program; false: a difference. */
static bool try_program(u64 number, FILE *pack) {
  u8 tape[4096];
  size_t len = 100 + next_random() % (next_random() % 4 ? 900 : 3900);
  for (size_t i = 0; i < len; i++) tape[i] = (u8)(next_random() >> 33);
  Buffer plain = {0}, barriers = {0}, plain_out = {0}, barriers_out = {0};
  generate_program(tape, len, false, &plain);
  generate_program(tape, len, true, &barriers);
  run_program(&plain, &plain_out);
  run_program(&barriers, &barriers_out);
  bool equal = same(&plain_out, &barriers_out);
  if (!equal) {
    fprintf(stderr, "program %llu\nplain:\n%.*sbarriers:\n%.*s", (unsigned long long)number,
            (int)plain_out.len, (char *)plain_out.data, (int)barriers_out.len,
            (char *)barriers_out.data);
    write_file("differ_plain.wasm", &plain);
    write_file("differ_barriers.wasm", &barriers);
  }
  if (pack) {
    u32 size = (u32)plain.len;
    fwrite(&size, sizeof size, 1, pack);
    fwrite(plain.data, 1, plain.len, pack);
    printf("%llu\n%.*s", (unsigned long long)number, (int)plain_out.len, (char *)plain_out.data);
  }
  wm_buffer_free(&plain);
  wm_buffer_free(&barriers);
  wm_buffer_free(&plain_out);
  wm_buffer_free(&barriers_out);
  return equal;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  u64 seed = strtoull(argv[1], NULL, 10), count = strtoull(argv[2], NULL, 10);
  FILE *pack = argc > 3 ? fopen(argv[3], "wb") : NULL;
  bool equal = true;
  for (u64 i = 0; i < count && equal; i++) {
    random_state = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15) + i * UINT64_C(0xBF58476D1CE4E5B9) + 1;
    for (u32 k = 0; k < 4; k++) (void)next_random();
    equal = try_program(i, pack);
  }
  if (pack) fclose(pack);
  return equal ? 0 : 1;
}
