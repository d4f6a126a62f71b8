/* Replays seeds through a fuzz target without a fuzzer: each file as it is, every truncation, and
 * mutations of every byte. Usage: replay FILE... ; .wat files are converted first when the target
 * takes modules. */
#include "tests/fuzz/fuzz.h"

#include "base/buffer.h"
#include "text/wat.h"

#include <stdio.h>
#include <stdlib.h>

static u64 inputs;

/* An exact copy on the heap, so that a sanitizer sees a read past the end. */
static void try_input(const u8 *data, size_t size) {
  u8 *copy = malloc(size ? size : 1);
  if (!copy) return;
  if (size) memcpy(copy, data, size);
  LLVMFuzzerTestOneInput(copy, size);
  free(copy);
  inputs++;
}

static void try_mutations(u8 *data, size_t size) {
  static const u8 values[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0x0B, 0x40, 0x60};
  try_input(data, size);
  for (size_t i = 0; i < size; i++) {
    u8 kept = data[i];
    try_input(data, i);
    for (size_t k = 0; k < ARRAY_LEN(values) + 8; k++) {
      data[i] = k < 8 ? (u8)(kept ^ 1u << k) : values[k - 8];
      if (data[i] != kept) try_input(data, size);
    }
    data[i] = kept;
  }
}

static bool read_file(const char *path, Buffer *out) {
  FILE *file = fopen(path, "rb");
  size_t got = 1;
  while (file && got && wm_buffer_reserve(out, 4096)) {
    got = fread(out->data + out->len, 1, 4096, file);
    out->len += got;
  }
  if (file) fclose(file);
  return file && !out->failed;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    Buffer input = {0}, binary = {0};
    Error err = {0};
    size_t len = strlen(argv[i]);
    if (!read_file(argv[i], &input)) {
      fprintf(stderr, "replay: cannot read %s\n", argv[i]);
      return 1;
    }
    bool is_text = len > 4 && !strcmp(argv[i] + len - 4, ".wat");
    if (is_text && TARGET_TAKES_MODULES) {
      if (!wm_wat_to_binary((const char *)input.data, input.len, &binary, &err)) {
        fprintf(stderr, "replay: %s:%u:%u: %s\n", argv[i], err.line, err.column, err.message);
        return 1;
      }
      try_mutations(binary.data, binary.len);
    } else {
      try_mutations(input.data, input.len);
    }
    wm_buffer_free(&input);
    wm_buffer_free(&binary);
  }
  printf("%llu inputs\n", (unsigned long long)inputs);
  return inputs ? 0 : 1;
}
