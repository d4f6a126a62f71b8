/* What commands of WASI 0.2 without a library have in common: values as the canonical ABI lays them
 * out, imports, memory. */
#ifndef TESTS_GUESTS_WASI2_GUEST_H
#define TESTS_GUESTS_WASI2_GUEST_H

#include <stddef.h>
#include <stdint.h>

typedef int32_t Handle;
#define IMPORT(iface, name) __attribute__((import_module(iface "@0.2.6"), import_name(name)))
#define IO(name)            IMPORT("wasi:io/streams", name)

typedef struct Text {
  const char *data;
  size_t size;
} Text;
typedef struct Texts {
  const Text *data;
  size_t count;
} Texts;
typedef struct Numbers {
  const uint32_t *data;
  size_t count;
} Numbers;
typedef struct ReadResult {
  uint8_t failed;
  union {
    Text bytes;
    struct {
      uint8_t closed;
      Handle error;
    };
  };
} ReadResult;
typedef struct WriteResult {
  uint8_t failed;
  uint8_t pad[3];
  uint8_t closed;
  Handle error;
} WriteResult;
typedef struct CountResult {
  uint8_t failed;
  union {
    uint64_t count;
    struct {
      uint8_t closed;
      Handle error;
    };
  };
} CountResult;

IMPORT("wasi:cli/environment", "get-arguments") void get_arguments(Texts *);
IMPORT("wasi:cli/stdout", "get-stdout") Handle get_stdout(void);
IMPORT("wasi:clocks/monotonic-clock", "subscribe-duration") Handle after(uint64_t);
IMPORT("wasi:io/poll", "poll") void poll(const Handle *, size_t, Numbers *);
IMPORT("wasi:io/poll", "[method]pollable.ready") int32_t is_ready(Handle);
IMPORT("wasi:io/poll", "[method]pollable.block") void block(Handle);
IMPORT("wasi:io/poll", "[resource-drop]pollable") void drop_pollable(Handle);
IO("[method]input-stream.subscribe") Handle input_subscribe(Handle);
IO("[method]output-stream.check-write") void check_write(Handle, CountResult *);
IO("[method]output-stream.blocking-write-and-flush")
void write_blocking(Handle, const char *, size_t, WriteResult *);
IO("[method]output-stream.subscribe") Handle output_subscribe(Handle);
IO("[resource-drop]input-stream") void drop_input(Handle);
IO("[resource-drop]output-stream") void drop_output(Handle);

/* ---- memory, never given back ---- */

static _Alignas(16) char heap[8 << 20];
static size_t used;

__attribute__((export_name("cabi_realloc"))) void *give(void *old, size_t old_size, size_t align,
                                                        size_t size) {
  (void)old, (void)old_size;
  used = (used + align - 1) & ~(align - 1);
  if (used + size > sizeof heap) __builtin_trap();
  used += size;
  return heap + used - size;
}

/* ---- texts ---- */

static inline size_t length(const char *text) {
  size_t size = 0;
  while (text[size]) size++;
  return size;
}

static inline int is(Text a, const char *b) {
  size_t i = 0;
  while (i < a.size && b[i] == a.data[i]) i++;
  return i == a.size && !b[i];
}

#endif
