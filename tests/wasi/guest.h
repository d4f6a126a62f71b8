/* Calls the handlers as a program would, without wasm: a memory, a context, arguments. */
#ifndef TESTS_WASI_GUEST_H
#define TESTS_WASI_GUEST_H

#include "support/temporary.h"
#include "wasi/wasi_ctx.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { GUEST_MEMORY = 1 << 16, SCRATCH = 1024, OUT = 64, FIRST_DIR = 3 };

typedef struct Guest {
  wasm_engine_t *engine; /* these are its own, or NULL */
  wasm_store_t *store;
  wasi_ctx_t *ctx;
  char folder[TEMPORARY_SIZE]; /* preopened as descriptor 3, when made */
  _Alignas(16) u8 memory[GUEST_MEMORY];
} Guest;

static inline Errno guest_call(Guest *g, Handler handler, u32 count, const u64 *args) {
  wasmx_slot_t slots[16];
  memset(slots, 0, sizeof slots);
  for (u32 i = 0; i < count; i++) slots[i].u64 = args[i];
  Call call = {.ctx = g->ctx, .args = slots, .memory = g->memory, .memory_size = GUEST_MEMORY};
  return handler(&call);
}

/* RUN(g, fd_read, fd, iovs, count, out): the handler's errno. */
#define RUN(g, name, ...)                                                                          \
  guest_call((g), wm_call_##name, sizeof((u64[]){__VA_ARGS__}) / sizeof(u64), (u64[]){__VA_ARGS__})

/* The same with a path at SCRATCH: PATH(text) is its address and length. */
static inline u64 put_text(Guest *g, u32 at, const char *text) {
  memcpy(g->memory + at, text, strlen(text));
  return at;
}
#define PATH_AT(g, at, text) put_text((g), (at), (text)), strlen(text)
#define PATH(g, text)        PATH_AT(g, SCRATCH, text)
#define PATH2(g, text)       PATH_AT(g, 2 * SCRATCH, text)

static inline u32 out_u32(const Guest *g) { return load_u32(g->memory + OUT); }
static inline u64 out_u64(const Guest *g) { return load_u64(g->memory + OUT); }

/* In a store of the caller's. */
static inline Guest *guest_new_in(wasm_store_t *store, wasi_config_t *config) {
  Guest *g = calloc(1, sizeof *g);
  assert_non_null(g);
  wasmx_error_t err = {.size = sizeof err};
  g->ctx = wasi_ctx_new(store, config, &err);
  assert_non_null(g->ctx);
  return g;
}

static inline Guest *guest_new(wasi_config_t *config) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  Guest *g = guest_new_in(store, config);
  g->engine = engine;
  g->store = store;
  return g;
}

/* A config with a fresh folder as descriptor 3; name it in the guest by guest_take_folder. */
static inline wasi_config_t *config_with_folder(char folder[TEMPORARY_SIZE], bool writable,
                                                int resolver) {
  if (!folder[0]) {
    assert_non_null(temporary_folder(folder, "wasi_guest"));
  }
  wasi_config_t *config = wasi_config_new();
  wasi_config_set_resolver(config, resolver);
  assert_true(wasi_config_preopen_dir(config, folder, "/", writable));
  return config;
}

static inline void guest_free(Guest *g) {
  wasi_ctx_delete(g->ctx);
  wasm_store_delete(g->store);
  wasm_engine_delete(g->engine);
  free(g);
}

static inline void remove_folder(const char *folder) {
  char command[96];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  assert_int_equal(system(command), 0);
}

/* Opens `path` below descriptor 3; the errno, and the number in *fd. */
static inline Errno guest_open(Guest *g, const char *path, u32 oflags, Rights rights, u32 *fd) {
  Errno e = RUN(g, path_open, FIRST_DIR, LOOKUP_SYMLINK_FOLLOW, PATH(g, path), oflags, rights,
                RIGHTS_DIR | RIGHTS_FILE, 0, OUT);
  *fd = out_u32(g);
  return e;
}

/* Writes one vector at SCRATCH - 64 that covers memory[address .. address + len). */
static inline u32 put_vector(Guest *g, u32 address, u32 len) {
  store_u32(g->memory + SCRATCH - 64, address);
  store_u32(g->memory + SCRATCH - 60, len);
  return SCRATCH - 64;
}

static inline Errno guest_write(Guest *g, u32 fd, const char *text) {
  u32 at = (u32)put_text(g, SCRATCH, text);
  return RUN(g, fd_write, fd, put_vector(g, at, (u32)strlen(text)), 1, OUT);
}

/* Reads up to 100 bytes; *text is terminated. */
static inline Errno guest_read(Guest *g, u32 fd, const char **text) {
  u8 *at = g->memory + SCRATCH;
  memset(at, 0, 128);
  *text = (const char *)at;
  return RUN(g, fd_read, fd, put_vector(g, SCRATCH, 100), 1, OUT);
}

#endif
