/* Programs from random tapes, run by the interpreter plain and with barriers (generate.h) and in
 * every other way (program.h): all must do the same, and trap at the same place. Usage: differ SEED
 * COUNT [PACK] With PACK, also writes the programs to that file for other engines (differ.mjs),
 * each after its length, and their results to standard output. The first difference ends it; the
 * programs then are in differ_plain.wasm, differ_plain_peer.wasm and the same of differ_barriers.
 */
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

static void write_program(const char *name, const Program *p) {
  char path[64];
  snprintf(path, sizeof path, "%s.wasm", name);
  write_file(path, &p->module);
  snprintf(path, sizeof path, "%s_peer.wasm", name);
  write_file(path, &p->peer);
}

static bool same(const Buffer *a, const Buffer *b) {
  return a->len == b->len && a->len && !memcmp(a->data, b->data, a->len);
}

enum { MAX_WAYS = 30, ALWAYS = 3 }; /* the ways from there on take turns */
static Engine *engines[MAX_WAYS];
static u32 way_count;

static bool complain(u64 number, const char *way, const Buffer *want, const Buffer *have) {
  fprintf(stderr, "program %llu\ninterp:\n%.*s%s:\n%.*s", (unsigned long long)number,
          (int)want->len, (char *)want->data, way, (int)have->len, (char *)have->data);
  return false;
}

/* Runs it in one way; false: other than the interpreter. */
static bool try_way(u64 number, u32 way, const Program *program, const Buffer *want) {
  Buffer out = {0}, model = {0};
  run_program(engines[way], program, true, &out);
  if (program_model(way)) {
    run_program(engines[program_model(way)], program, true, &model);
    want = &model;
  }
  bool equal = same(want, &out);
  if (!equal) complain(number, program_way(way), want, &out);
  const char *fault = program_trouble(engines[way], way);
  if (fault)
    fprintf(stderr, "program %llu, %s: %s\n", (unsigned long long)number, program_way(way), fault);
  wm_buffer_free(&model);
  wm_buffer_free(&out);
  return equal && !fault;
}

static bool try_barriers(u64 number, const Program *barriers, const Program *plain) {
  Buffer want = {0}, have = {0};
  run_program(engines[0], plain, false, &want);
  run_program(engines[0], barriers, false, &have);
  bool equal = same(&want, &have);
  if (!equal) complain(number, "barriers", &want, &have);
  wm_buffer_free(&want);
  wm_buffer_free(&have);
  return equal;
}

static void add_to_pack(u64 number, const Program *program, FILE *pack) {
  Buffer out = {0};
  const Buffer *modules[] = {&program->module, &program->peer};
  for (u32 i = 0; i < 2; i++) {
    u32 size = (u32)modules[i]->len;
    fwrite(&size, sizeof size, 1, pack);
    fwrite(modules[i]->data, 1, modules[i]->len, pack);
  }
  run_program(engines[1], program, false, &out);
  printf("%llu\n%.*s", (unsigned long long)number, (int)out.len, (char *)out.data);
  wm_buffer_free(&out);
}

/* A program that did not begin, as it is not valid, or has no memory. */
static bool began(u64 number, const Buffer *out) {
  bool good = out->len > 4 && !memcmp(out->data, "0.f0", 4);
  if (!good)
    fprintf(stderr, "program %llu: %.*s", (unsigned long long)number, (int)out->len,
            (char *)out->data);
  return good;
}

/* One program; false: a difference. */
static bool try_program(u64 number, FILE *pack) {
  u8 tape[8192];
  size_t len = 100 + next_random() % (next_random() % 4 ? 2900 : 7900);
  for (size_t i = 0; i < len; i++) tape[i] = (u8)(next_random() >> 33);
  Program plain = generate_program(tape, len, false), barriers = generate_program(tape, len, true);
  Buffer want = {0};
  run_program(engines[0], &plain, true, &want);
  bool equal = began(number, &want);
  if (equal) equal = number % 8 || try_barriers(number, &barriers, &plain);
  for (u32 way = 1; equal && way < way_count; way++)
    if (way < ALWAYS || way == ALWAYS + number % (way_count - ALWAYS))
      equal = try_way(number, way, &plain, &want);
  if (!equal) {
    write_program("differ_plain", &plain);
    write_program("differ_barriers", &barriers);
  }
  if (pack) add_to_pack(number, &plain, pack);
  program_free(&plain);
  program_free(&barriers);
  wm_buffer_free(&want);
  return equal;
}

static bool release(u32 way) {
  const char *fault = program_fault(engines[way], way);
  wm_engine_release(engines[way]);
  if (fault) fprintf(stderr, "%s: %s\n", program_way(way), fault);
  return !fault;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  u64 seed = strtoull(argv[1], NULL, 10), count = strtoull(argv[2], NULL, 10);
  FILE *pack = argc > 3 ? fopen(argv[3], "wb") : NULL;
  bool equal = true;
  for (; program_way(way_count); way_count++)
    if (!(engines[way_count] = program_engine(way_count))) return 2;
  for (u64 i = 0; i < count && equal; i++) {
    random_state = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15) + i * UINT64_C(0xBF58476D1CE4E5B9) + 1;
    for (u32 k = 0; k < 4; k++) (void)next_random();
    equal = try_program(i, pack);
  }
  if (pack) fclose(pack);
  bool compiled = true;
  for (u32 way = 0; way < way_count; way++) compiled &= release(way);
  return equal && compiled ? 0 : 1;
}
