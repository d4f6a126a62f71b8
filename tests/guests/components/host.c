/* A host of commands of WASI 0.2, for what `wasm run` does not do: many instances of one linker,
 * taking away what was given, memory that runs out. Usage: host DEED COMPONENT (deeds[]) */
#include "support/failing_alloc.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi.h>
#include <wasmcm.h>

typedef struct Host {
  wasm_engine_t *engine;
  wasmcm_component_t *component;
  wasm_store_t *store;
  wasi_ctx_t *wasi;
  wasmcm_linker_t *linker;
} Host;

static bool read_component(Host *h, const char *path) {
  static char bytes[1 << 20];
  wasmx_error_t err = {.size = sizeof err};
  FILE *file = fopen(path, "rb");
  size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
  if (file) fclose(file);
  h->engine = wasm_engine_new();
  h->component = wasmcm_component_new(h->engine, bytes, size, 0, &err);
  if (!h->component) printf("%s\n", err.message);
  return h->component != NULL;
}

static wasi_config_t *config_of(size_t argc, const char *argv[]) {
  wasi_config_t *config = wasi_config_new();
  if (!config) return NULL;
  wasi_config_set_argv(config, argc, argv);
  wasi_config_capture_stdout(config, 1 << 16);
  return config;
}

/* The config is used up. */
static bool open_world(Host *h, wasi_config_t *config) {
  h->store = wasm_store_new(h->engine);
  h->wasi = wasi_ctx_new(h->store, config, NULL);
  h->linker = h->store ? wasmcm_linker_new(h->store) : NULL;
  return h->wasi && h->linker && wasi_ctx_define_components(h->wasi, h->linker);
}

/* What is left of it holds the context until the store goes. */
static void close_world(Host *h) {
  wasmcm_linker_delete(h->linker);
  wasi_ctx_delete(h->wasi);
  wasm_store_delete(h->store);
  h->linker = NULL;
  h->wasi = NULL;
  h->store = NULL;
}

/* One instance, from its begin to its end. */
static bool run(const Host *h) {
  wasmcm_instance_t *instance = wasmcm_linker_instantiate(h->linker, h->component, NULL, NULL);
  wasmcm_func_t *func =
      instance ? wasmcm_instance_func(instance, "wasi:cli/run@0.2.0", "run") : NULL;
  wasmcm_result_t result = {{0}, NULL};
  wasm_trap_t *trap = func ? wasmcm_func_call(func, NULL, &result) : NULL;
  bool good = func && !trap && result.value.of.variant.index == 0;
  wasmcm_result_delete(&result);
  wasm_trap_delete(trap);
  wasmcm_func_delete(func);
  wasmcm_instance_delete(instance);
  return good;
}

static void show_output(Host *h) {
  wasm_byte_vec_t out;
  wasi_ctx_take_stdout(h->wasi, &out);
  fwrite(out.data, 1, out.size, stdout);
  wasm_byte_vec_delete(&out);
}

/* ---- leaks ---- */

static int open_files(void) {
  int count = 0;
  DIR *dir = opendir("/proc/self/fd");
  while (dir && readdir(dir)) count++;
  if (dir) closedir(dir);
  return count;
}

/* The guest opens all it may, and drops nothing. */
static int count_leaks_of(Host *h, wasi_config_t *config) {
  if (!open_world(h, config)) return 1;
  int before = 0; /* what a store has for its waits is none of the guest's */
  bool good = true;
  size_t used = 0;
  for (int i = 0; i < 60; i++) {
    good &= run(h);
    wasm_byte_vec_t out;
    wasi_ctx_take_stdout(h->wasi, &out);
    wasm_byte_vec_delete(&out);
    if (i == 0) before = open_files();
    if (i == 29) used = mallinfo2().uordblks;
  }
  size_t more = mallinfo2().uordblks - used;
  printf("ran %d, files left open %d, memory %s\n", good, open_files() - before,
         more < 65536 || more > SIZE_MAX / 2 ? "as before" : "more");
  close_world(h);
  return 0;
}

static int count_leaks(Host *h) {
  const char *argv[] = {"guest", "many"};
  wasi_config_t *config = config_of(2, argv);
  wasi_config_preopen_dir(config, ".", ".", true);
  return count_leaks_of(h, config);
}

static int count_net_leaks(Host *h) {
  const char *argv[] = {"guest",
                        "tcp 0 4",
                        "start-bind 0 127.0.0.1:0",
                        "finish-bind 0",
                        "start-listen 0",
                        "finish-listen 0",
                        "tcp 1 4",
                        "connect 1 127.0.0.1:@0",
                        "accept 0 2",
                        "subscribe 0 in 1",
                        "resolve 0 127.0.0.1",
                        "udp 3 4",
                        "start-bind 3 127.0.0.1:0",
                        "finish-bind 3",
                        "stream 3",
                        "subscribe 1 incoming 3",
                        "drop 3 socket"};
  wasi_config_t *config = config_of(sizeof argv / sizeof *argv, argv);
  return wasi_config_allow_net(config, "all", NULL) ? count_leaks_of(h, config) : 1;
}

/* ---- revoke ---- */

static int take_away(Host *h) {
  const char *argv[] = {"guest", "refused"};
  wasi_config_t *config = config_of(2, argv);
  wasi_config_preopen_dir(config, ".", ".", false);
  if (!open_world(h, config)) return 1;
  bool good = wasi_ctx_restrict(h->wasi, ".", WASI_DIR_PERMS_READ, WASI_FILE_PERMS_READ) && run(h);
  show_output(h);
  good = good && wasi_ctx_revoke(h->wasi, ".") && !run(h); /* it wants a directory */
  close_world(h);
  return good ? 0 : 1;
}

/* It binds a socket; then it may have none. */
static int take_network(Host *h) {
  const char *argv[] = {"guest", "tcp 0 4", "start-bind 0 127.0.0.1:0"};
  wasi_config_t *config = config_of(3, argv);
  if (!wasi_config_allow_net(config, "tcp-bind", NULL) || !open_world(h, config)) return 1;
  bool good = run(h) && wasi_ctx_revoke(h->wasi, "network") && !run(h);
  show_output(h);
  close_world(h);
  return good ? 0 : 1;
}

/* ---- memory ---- */

enum { READ_WRITE = 3 };

static bool run_in_memory(Host *h, size_t argc, const char *argv[]) {
  wasi_config_t *config = config_of(argc, argv);
  wasi_fs_t *fs = wasi_fs_new_memory(1 << 20);
  bool good = config && fs && wasi_config_mount(config, fs, ".", READ_WRITE, READ_WRITE);
  wasi_fs_delete(fs);
  if (!good) wasi_config_delete(config);
  good = good && open_world(h, config) && run(h);
  close_world(h);
  return good;
}

/* Each allocation fails once; the steps between become longer, or it would take minutes. */
typedef bool RunOnce(Host *h, size_t argc, const char *argv[]);

/* How often it was run; 0: not well when nothing failed. */
static uint64_t run_with_failures(Host *h, RunOnce *once, size_t argc, const char *argv[]) {
  uint64_t tries = 0;
  for (uint64_t n = 1;; n += 1 + n / 64) {
    failing_alloc_start(n);
    bool good = once(h, argc, argv);
    bool failed = failing_alloc_stop();
    tries++;
    if (!failed) return good ? tries : 0;
  }
}

static void say_how_it_ended(bool well, uint64_t tries) {
  printf("ended well %d, tries %d\n", well, tries > 100);
}

static int run_out(Host *h) {
  static const char *const names[] = {"files", "list", "poll", "write-asked"};
  uint64_t tries = 0;
  bool well = true;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *argv[] = {"guest", names[i]};
    uint64_t ran = run_with_failures(h, run_in_memory, 2, argv);
    well &= ran > 0;
    tries += ran;
  }
  say_how_it_ended(well, tries);
  return 0;
}

static bool run_in_network(Host *h, size_t argc, const char *argv[]) {
  wasi_config_t *config = config_of(argc, argv);
  bool good = config && wasi_config_allow_net(config, "all", NULL) &&
              wasi_config_allow_net(config, "lookup=*.example.com", NULL);
  if (!good) wasi_config_delete(config);
  good = good && open_world(h, config) && run(h);
  close_world(h);
  return good;
}

static int run_out_of_network(Host *h) {
  const char *argv[] = {"guest",
                        "tcp 0 4",
                        "start-bind 0 127.0.0.1:0",
                        "finish-bind 0",
                        "local-address 0",
                        "start-listen 0",
                        "finish-listen 0",
                        "tcp 1 4",
                        "connect 1 127.0.0.1:@0",
                        "accept 0 2",
                        "write 1 text",
                        "wait-and-read 2 10",
                        "hops 2",
                        "resolve 0 127.0.0.1",
                        "next 0",
                        "resolve 1 localhost",
                        "udp 3 4",
                        "start-bind 3 127.0.0.1:0",
                        "finish-bind 3",
                        "stream 3",
                        "check-send 3",
                        "send 3 text 127.0.0.1:@3",
                        "receive 3 5"};
  uint64_t tries = run_with_failures(h, run_in_network, sizeof argv / sizeof *argv, argv);
  say_how_it_ended(tries > 0, tries);
  return 0;
}

static const struct {
  const char *name;
  int (*does)(Host *h);
} deeds[] = {{"leaks", count_leaks},       {"revoke", take_away},
             {"memory", run_out},          {"net-leaks", count_net_leaks},
             {"net-revoke", take_network}, {"net-memory", run_out_of_network}};

int main(int argc, char **argv) {
  Host h = {0};
  if (argc < 3 || !read_component(&h, argv[2])) return 2;
  int status = 2;
  for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
    if (strcmp(argv[1], deeds[i].name) == 0) status = deeds[i].does(&h);
  wasmcm_component_delete(h.component);
  wasm_engine_delete(h.engine);
  return status;
}
