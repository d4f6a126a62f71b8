/* Step 9: programs under WASI.
 *
 * libwasi's functions are imports as others. A program gets what its configuration grants: here
 * arguments, and output that the host keeps. An exit is a trap that carries the status. */
#include "step.h"

#include <wasi.h>

static const char program[] =
    "(module\n"
    "  (import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) "
    "(result i32)))\n"
    "  (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))\n"
    "  (memory (export \"memory\") 1)\n"
    "  (data (i32.const 0) \"\\10\\00\\00\\00\\06\\00\\00\\00\") (data (i32.const 16) "
    "\"hello\\n\")\n"
    "  (func (export \"_start\")\n"
    "    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))\n"
    "    (call $exit (i32.const 3))))";

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  wasm_module_t *module = load(store, program);

  const char *argv[] = {"hello"};
  wasi_config_t *config = wasi_config_new();
  wasi_config_set_argv(config, 1, argv);
  wasi_config_capture_stdout(config, 1000);
  wasi_ctx_t *wasi = wasi_ctx_new(store, config, NULL); /* the config is the context's now */
  need(wasi && wasi_ctx_define(wasi, linker), "WASI");

  wasm_instance_t *instance = wasmx_linker_instantiate(linker, module, NULL, NULL);
  wasm_trap_t *trap = NULL;
  int status = 0;
  need(instance && wasi_start(instance, &trap, NULL), "start");
  bool ok = wasmx_trap_exit_status(trap, &status) && status == 3;
  wasm_byte_vec_t output;
  wasi_ctx_take_stdout(wasi, &output);
  printf("status %d, output: %.*s", status, (int)output.size, output.data);
  ok &= output.size == 6;

  wasm_byte_vec_delete(&output);
  wasm_trap_delete(trap);
  wasm_instance_delete(instance);
  wasi_ctx_delete(wasi);
  wasm_module_delete(module);
  wasmx_linker_delete(linker);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return !ok;
}
