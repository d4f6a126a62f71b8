/* A plugin with files that are on no disk: the host puts its input into a directory in memory, runs
 * two instances in one WASI context, reads what they wrote, and takes their input away. */
#include <wasi.h>

#include <stdio.h>
#include <string.h>

/* Reads /in/name (descriptor 3 is /in), writes "hello " and that into /out/greeting (4 is /out). */
static const char text[] =
    "(module\n"
    "  (import \"wasi_snapshot_preview1\" \"path_open\" (func $open\n"
    "    (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))\n"
    "  (import \"wasi_snapshot_preview1\" \"fd_read\"\n"
    "    (func $read (param i32 i32 i32 i32) (result i32)))\n"
    "  (import \"wasi_snapshot_preview1\" \"fd_write\"\n"
    "    (func $write (param i32 i32 i32 i32) (result i32)))\n"
    "  (import \"wasi_snapshot_preview1\" \"fd_close\" (func $close (param i32) (result i32)))\n"
    "  (memory (export \"memory\") 1)\n"
    "  (data (i32.const 0) \"name\") (data (i32.const 8) \"greeting\")\n"
    "  (data (i32.const 64) \"\\06\\02\\00\\00\\40\\00\\00\\00\") ;; read to 518, at most 64\n"
    "  (data (i32.const 72) \"\\00\\02\\00\\00\\00\\00\\00\\00\") ;; write from 512\n"
    "  (data (i32.const 512) \"hello \")\n"
    "  (func (export \"greet\") (result i32) (local $error i32)\n"
    "    (local.set $error (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4)\n"
    "      (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)))\n"
    "    (if (local.get $error) (then (return (local.get $error))))\n"
    "    (drop (call $read (i32.load (i32.const 32)) (i32.const 64) (i32.const 1)\n"
    "      (i32.const 36)))\n"
    "    (drop (call $close (i32.load (i32.const 32))))\n"
    "    (i32.store (i32.const 76) (i32.add (i32.load (i32.const 36)) (i32.const 6)))\n"
    "    (local.set $error (call $open (i32.const 4) (i32.const 0) (i32.const 8) (i32.const 8)\n"
    "      (i32.const 9) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 32)))\n"
    "    (if (local.get $error) (then (return (local.get $error))))\n"
    "    (drop (call $write (i32.load (i32.const 32)) (i32.const 72) (i32.const 1)\n"
    "      (i32.const 36)))\n"
    "    (call $close (i32.load (i32.const 32)))))";

/* The plugin's answer: an errno of WASI. */
static int greet(const wasm_instance_t *instance) {
  wasm_func_t *func = wasmx_instance_func(instance, "greet");
  wasmx_slot_t slot[1] = {{0}};
  wasm_trap_t *trap = func ? wasmx_func_call_raw(func, slot) : NULL;
  int error = func && !trap ? slot[0].i32 : -1;
  if (trap) wasm_trap_delete(trap);
  if (func) wasm_func_delete(func);
  return error;
}

/* Whether what it wrote is that. */
static bool wrote(wasi_fs_t *out, const char *want) {
  wasm_byte_vec_t bytes;
  if (!wasi_fs_get_file(out, "greeting", &bytes)) return false;
  printf("/out/greeting: \"%.*s\"\n", (int)bytes.size, bytes.data);
  bool same = bytes.size == strlen(want) && memcmp(bytes.data, want, bytes.size) == 0;
  wasm_byte_vec_delete(&bytes);
  return same;
}

int main(void) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t source;
  wasm_byte_vec_new(&source, strlen(text), text);
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, &err);

  wasi_fs_t *in = wasi_fs_new_memory(1 << 20), *out = wasi_fs_new_memory(1 << 20);
  wasi_config_t *config = wasi_config_new();
  wasi_config_mount(config, in, "/in", WASI_DIR_PERMS_READ, WASI_FILE_PERMS_READ);
  wasi_config_mount(config, out, "/out", WASI_DIR_PERMS_READ | WASI_DIR_PERMS_WRITE,
                    WASI_FILE_PERMS_READ | WASI_FILE_PERMS_WRITE);
  wasi_ctx_t *wasi = wasi_ctx_new(store, config, &err);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  wasi_ctx_define(wasi, linker);

  bool good = module != NULL;
  wasm_instance_t *plugins[2] = {NULL, NULL};
  static const char *const names[2] = {"Ada", "Grace"}, *const greetings[2] = {"hello Ada",
                                                                               "hello Grace"};
  for (int i = 0; good && i < 2; i++) {
    plugins[i] = wasmx_linker_instantiate(linker, module, NULL, &err);
    good = plugins[i] && wasi_fs_put_file(in, "name", names[i], strlen(names[i])) &&
           greet(plugins[i]) == 0 && wrote(out, greetings[i]);
  }
  if (good) {
    wasi_ctx_revoke(wasi, "/in"); /* from any thread, while they run */
    int error = greet(plugins[0]);
    printf("without /in: errno %d (76 is ENOTCAPABLE)\n", error);
    good = error == 76;
  }
  if (!good) fprintf(stderr, "mounts: %s\n", err.message);

  for (int i = 0; i < 2; i++)
    if (plugins[i]) wasm_instance_delete(plugins[i]);
  wasmx_linker_delete(linker);
  wasi_ctx_delete(wasi);
  wasi_fs_delete(in);
  wasi_fs_delete(out);
  if (module) wasm_module_delete(module);
  wasm_byte_vec_delete(&source);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return good ? 0 : 1;
}
