/* Runs a WASI program from C: arguments, a captured standard output, nothing else given. The
 * program is a few lines of text here; one compiled by clang --target=wasm32-wasi works the same.
 * Usage: wasi [FILE.wasm [ARGUMENT...]] */
#include <wasi.h>

#include <stdio.h>
#include <string.h>

static const char text[] =
    "(module\n"
    "  (import \"wasi_snapshot_preview1\" \"fd_write\"\n"
    "    (func $fd_write (param i32 i32 i32 i32) (result i32)))\n"
    "  (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $proc_exit (param i32)))\n"
    "  (memory (export \"memory\") 1)\n"
    "  (data (i32.const 0) \"\\10\\00\\00\\00\\0f\\00\\00\\00\") ;; one buffer: at 16, 15 bytes\n"
    "  (data (i32.const 16) \"hello from WASI\")\n"
    "  (func (export \"_start\")\n"
    "    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))\n"
    "    (call $proc_exit (i32.const 3))))";

static bool load(const char *path, wasm_byte_vec_t *out) {
  FILE *file = fopen(path, "rb");
  long size = file && !fseek(file, 0, SEEK_END) ? ftell(file) : -1;
  out->data = NULL;
  if (size > 0) wasm_byte_vec_new_uninitialized(out, (size_t)size);
  bool ok =
      out->data && !fseek(file, 0, SEEK_SET) && fread(out->data, 1, out->size, file) == out->size;
  if (file) fclose(file);
  return ok;
}

int main(int argc, char **argv) {
  wasm_byte_vec_t source;
  wasm_byte_vec_new(&source, argc > 1 ? 0 : strlen(text), text);
  if (argc > 1 && !load(argv[1], &source)) {
    fprintf(stderr, "wasi: cannot read %s\n", argv[1]);
    return 1;
  }
  wasmx_error_t err = {.size = sizeof err};
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, &err);

  wasi_config_t *config = wasi_config_new();
  const char *self[] = {"program"};
  wasi_config_set_argv(config, argc > 1 ? (size_t)argc - 1 : 1,
                       argc > 1 ? (const char **)argv + 1 : self);
  wasi_config_capture_stdout(config, 1 << 20);
  wasi_config_inherit_stderr(config);
  wasi_ctx_t *wasi = wasi_ctx_new(store, config, &err);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  wasi_ctx_define(wasi, linker);

  wasm_trap_t *trap = NULL;
  int status = 0;
  wasm_instance_t *instance = module ? wasmx_linker_instantiate(linker, module, &trap, &err) : NULL;
  if (!instance || !wasi_start(instance, &trap, &err)) {
    fprintf(stderr, "wasi: %s\n%s", err.message, err.context);
    return 1;
  }
  bool ended = !trap || wasmx_trap_exit_status(trap, &status);
  wasm_byte_vec_t output;
  wasi_ctx_take_stdout(wasi, &output);
  printf("the program %s %d and wrote %zu bytes: \"%.*s\"\n",
         ended ? "ended with" : "trapped:", status, output.size, (int)output.size,
         output.size ? output.data : "");

  wasm_byte_vec_delete(&output);
  if (trap) wasm_trap_delete(trap);
  wasm_instance_delete(instance);
  wasmx_linker_delete(linker);
  wasi_ctx_delete(wasi);
  wasm_module_delete(module);
  wasm_byte_vec_delete(&source);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return ended ? 0 : 1;
}
