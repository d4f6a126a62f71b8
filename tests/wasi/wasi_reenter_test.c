/* Callbacks of a host that come back: into the guest, into the context, into the config, while the
 * call that runs them holds something of each. */
#include "wasi/program.h"

#include <stdint.h>

/* "go" writes "ab\n" and "cd\n" by two vectors; "take" reads six bytes by two vectors and gives
 * what it read last; "churn" closes 1 and opens so much that every table moves; "swap" puts 2 in
 * the place of 1; "grow" makes the memory larger; "again" writes from within. */
static const char text[] = WASI_IMPORT("fd_write", "i32 i32 i32 i32") WASI_IMPORT("fd_read",
                                                                                  "i32 i32 i32 i32")
    WASI_IMPORT("fd_close", "i32") WASI_IMPORT("fd_renumber", "i32 i32") WASI_IMPORT(
        "path_open",
        "i32 i32 i32 i32 i32 i64 i64 i32 i32") "(memory (export \"memory\") 1)"
                                               "(data (i32.const 0) "
                                               "\"\\10\\00\\00\\00\\03\\00\\00\\00\\13\\00\\00\\00"
                                               "\\03\\00\\00\\00ab\\ncd\\n."
                                               "\")"
                                               "(func (export \"go\") (result i32)"
                                               "  (if (call $fd_write (i32.const 1) (i32.const 0) "
                                               "(i32.const 2) (i32.const 100))"
                                               "    (then (return (i32.const -1)))) (i32.load "
                                               "(i32.const 100)))"
                                               "(func (export \"take\") (result i32)"
                                               "  (if (call $fd_read (i32.const 0) (i32.const 0) "
                                               "(i32.const 2) (i32.const 100))"
                                               "    (then (return (i32.const -1)))) (i32.load8_u "
                                               "(i32.const 21)))"
                                               "(func (export \"churn\") (result i32) (local i32)"
                                               "  (drop (call $fd_close (i32.const 1))) (drop "
                                               "(call $fd_close (i32.const 0)))"
                                               "  (loop (drop (call $path_open (i32.const 3) "
                                               "(i32.const 0) (i32.const 22) (i32.const 1)"
                                               "      (i32.const 0) (i64.const 0) (i64.const 0) "
                                               "(i32.const 0) (i32.const 200)))"
                                               "    (br_if 0 (i32.lt_u (local.tee 0 (i32.add "
                                               "(local.get 0) (i32.const 1))) (i32.const 200))))"
                                               "  (i32.load (i32.const 200)))"
                                               "(func (export \"swap\") (result i32) (call "
                                               "$fd_renumber (i32.const 2) (i32.const 1)))"
                                               "(func (export \"grow\") (result i32) (memory.grow "
                                               "(i32.const 100)))";

typedef struct Host {
  Program p;
  const char *inner; /* called by the callback, at its first turn */
  bool drop_all, take;
  int turns, finalized;
  char seen[64];
  size_t len;
} Host;

static void come_back(Host *h) {
  if (h->turns++) return;
  if (h->inner) program_call(&h->p, h->inner, NULL);
  if (h->take) {
    wasm_byte_vec_t out;
    wasi_ctx_take_stdout(h->p.ctx, &out);
    wasm_byte_vec_delete(&out);
    wasi_ctx_take_stderr(h->p.ctx, &out);
    wasm_byte_vec_delete(&out);
  }
  if (!h->drop_all) return;
  wasi_ctx_delete(h->p.ctx);
  wasm_instance_delete(h->p.instance);
  h->p.ctx = NULL;
  h->p.instance = NULL;
  wasmx_store_collect(h->p.store);
}

static ptrdiff_t take_output(void *data, const unsigned char *bytes, size_t size) {
  Host *h = data;
  come_back(h);
  memcpy(h->seen + h->len, bytes, size);
  h->len += size;
  return (ptrdiff_t)size;
}

static ptrdiff_t give_input(void *data, unsigned char *bytes, size_t size) {
  come_back(data);
  memset(bytes, 'x', size);
  return (ptrdiff_t)size;
}

static void finalize(void *data) { ((Host *)data)->finalized++; }

static void host_new(Host *h, const char *inner) {
  *h = (Host){.inner = inner};
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_preopen_dir(config, "/tmp", "/", true));
  wasi_config_set_stdin_custom(config, give_input, h, finalize);
  wasi_config_set_stdout_custom(config, take_output, h, finalize);
  wasi_config_capture_stderr(config, 1000);
  program_new(&h->p, config, text);
}

static void output_comes_back(void **state) {
  (void)state;
  static const char *const inner[] = {"churn", "swap", "grow", "go", NULL};
  for (size_t i = 0; i < 5; i++) {
    for (int how = 0; how < 3; how++) {
      Host h;
      host_new(&h, inner[i]);
      h.take = how == 1;
      h.drop_all = how == 2;
      assert_int_equal(program_call(&h.p, "go", NULL), 6);
      bool nested = inner[i] && strcmp(inner[i], "go") == 0;
      assert_string_equal(h.seen, nested ? "ab\ncd\nab\ncd\n" : "ab\ncd\n");
      program_delete(&h.p);
      assert_int_equal(h.finalized, 2);
    }
  }
}

static void input_comes_back(void **state) {
  (void)state;
  static const char *const inner[] = {"churn", "swap", "grow", "take", NULL};
  for (size_t i = 0; i < 5; i++) {
    Host h;
    host_new(&h, inner[i]);
    h.drop_all = i & 1;
    assert_int_equal(program_call(&h.p, "take", NULL), 'x');
    program_delete(&h.p);
    assert_int_equal(h.finalized, 2);
  }
}

/* ---- finalizers ---- */

typedef struct Owner {
  wasi_config_t *config;
  int runs;
  bool deletes;
} Owner;

static void set_again(void *data) {
  Owner *o = data;
  if (o->runs++) return;
  if (o->deletes)
    wasi_config_delete(o->config);
  else
    wasi_config_set_stdout_custom(o->config, take_output, o, set_again);
}

static void finalizers_may_do_anything(void **state) {
  (void)state;
  Owner o = {.config = wasi_config_new()};
  wasi_config_set_stdout_custom(o.config, take_output, &o, set_again);
  wasi_config_capture_stdout(o.config, 10); /* the finalizer's comes after and stays */
  assert_int_equal(o.runs, 1);
  wasi_config_delete(o.config);
  assert_int_equal(o.runs, 2);
  o = (Owner){.config = wasi_config_new(), .deletes = true};
  wasi_config_set_stdout_custom(o.config, take_output, &o, set_again);
  wasm_byte_vec_t input;
  wasm_byte_vec_new(&input, 3, "abc");
  wasi_config_set_stdin_bytes(o.config, &input);
  wasi_config_set_stdout_custom(o.config, NULL, NULL, NULL);
  wasi_config_capture_stdout(o.config, 10); /* the config is gone when this returns */
  assert_int_equal(o.runs, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(output_comes_back),
      cmocka_unit_test(input_comes_back),
      cmocka_unit_test(finalizers_may_do_anything),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
