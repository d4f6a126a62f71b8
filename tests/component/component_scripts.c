/* Does what scripts.py asks for, a line each on the standard input, and answers with a line:
 *
 *   read FILE    ok | error CODE OFFSET PROPOSAL|- MESSAGE     (CODE of wasmx.h)
 */
#include "base/buffer.h"

#include <wasmcm.h>

#include <stdio.h>

static bool read_file(const char *path, Buffer *out) {
  u8 part[4096];
  FILE *file = fopen(path, "rb");
  if (!file) return false;
  for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;) wm_buffer_bytes(out, part, got);
  fclose(file);
  return !out->failed;
}

static void answer(const wasmx_error_t *err) {
  if (err->code == WASMX_OK)
    puts("ok");
  else
    printf("error %u %llu %s\t%s\n", err->code, (unsigned long long)err->offset,
           err->proposal[0] ? err->proposal : "-", err->message);
  fflush(stdout);
}

static void do_read(wasm_engine_t *engine, const char *path) {
  Buffer bytes = {0};
  wasmx_error_t err = {.size = sizeof err};
  if (read_file(path, &bytes))
    wasmcm_component_delete(wasmcm_component_new(engine, bytes.data, bytes.len, 0, &err));
  else
    err.code = WASMX_IO;
  wm_buffer_free(&bytes);
  answer(&err);
}

int main(void) {
  static char line[4096];
  wasm_engine_t *engine = wasm_engine_new();
  while (engine && fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    if (strncmp(line, "read ", 5) != 0) return 2;
    do_read(engine, line + 5);
  }
  wasm_engine_delete(engine);
  return 0;
}
