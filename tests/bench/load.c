/* How fast a module is made ready: decoding with validation, and translation of every function, in
 * MB of wasm a second; internal code a byte of wasm. Usage: load FILE.wasm [ROUNDS] */
#include "base/buffer.h"
#include "engine/engine.h"
#include "interp/interp.h"
#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>

static int compare(const void *a, const void *b) {
  u64 x = *(const u64 *)a, y = *(const u64 *)b;
  return (x > y) - (x < y);
}

static double megabytes_a_second(u64 *times, int count, size_t bytes) {
  qsort(times, (size_t)count, sizeof *times, compare);
  return (double)bytes * 1e3 / (double)times[count / 2];
}

static bool read_file(const char *path, Buffer *out) {
  FILE *file = fopen(path, "rb");
  size_t got = 1;
  while (file && got && wm_buffer_reserve(out, 1 << 20)) {
    got = fread(out->data + out->len, 1, 1 << 20, file);
    out->len += got;
  }
  if (file) fclose(file);
  return file && !out->failed;
}

int main(int argc, char **argv) {
  int rounds = argc > 2 ? atoi(argv[2]) : 7;
  Buffer bytes = {0};
  if (argc < 2 || rounds < 1 || !read_file(argv[1], &bytes)) {
    fprintf(stderr, "usage: load FILE.wasm [ROUNDS]\n");
    return 2;
  }
  Engine *engine = wm_engine_new(NULL);
  u64 *validated = calloc((size_t)rounds, sizeof *validated);
  u64 *translated = calloc((size_t)rounds, sizeof *translated);
  size_t body_bytes = 0, cell_bytes = 0;
  for (int i = 0; i < rounds; i++) {
    Error err = {0};
    u64 start = wm_os_monotonic_ns();
    if (!wm_engine_validate(engine, bytes.data, bytes.len, &err)) {
      fprintf(stderr, "load: byte %llu: %s\n", (unsigned long long)err.offset, err.message);
      return 1;
    }
    validated[i] = wm_os_monotonic_ns() - start;
    LoadedModule *lm = wm_engine_load(engine, bytes.data, bytes.len, &err);
    if (!lm) return 1;
    const Module *m = &lm->module;
    body_bytes = cell_bytes = 0;
    start = wm_os_monotonic_ns();
    for (u32 f = 0; f < m->func_count - m->func_import_count; f++)
      if (!wm_interp_translate(&lm->codes[f])) return 1;
    translated[i] = wm_os_monotonic_ns() - start;
    for (u32 f = 0; f < m->func_count - m->func_import_count; f++) {
      const FuncCode *code = &lm->codes[f];
      const u8 *first = code->cells;
      body_bytes += m->funcs[m->func_import_count + f].code_bytes;
      cell_bytes += (size_t)((const u8 *)code->code_end - first);
    }
    wm_loaded_release(lm);
  }
  printf("%zu bytes, %zu of code\n", bytes.len, body_bytes);
  printf("decode and validate  %7.1f MB/s\n", megabytes_a_second(validated, rounds, bytes.len));
  printf("translate            %7.1f MB/s of code\n",
         megabytes_a_second(translated, rounds, body_bytes));
  printf("internal code        %7.2f bytes a byte of code\n",
         (double)cell_bytes / (double)(body_bytes ? body_bytes : 1));
  free(validated);
  free(translated);
  wm_buffer_free(&bytes);
  wm_engine_release(engine);
  return 0;
}
