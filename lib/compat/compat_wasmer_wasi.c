/* WASI as wasmer.h has it, on libwasi. A configuration is a struct of our own around libwasi's,
 * whose first member tells it from a store: wasmer 2 called wasi_env_new with it alone. */
#include "base/base.h"
#include "base/vec.h"
#include "wasi.h"

/* libwasi's, under names that wasmer.h does not take. */
static wasi_config_t *real_new(void) { return wasi_config_new(); }
static void real_delete(wasi_config_t *config) { wasi_config_delete(config); }
static void real_inherit_stdin(wasi_config_t *config) { wasi_config_inherit_stdin(config); }
static void real_inherit_stdout(wasi_config_t *config) { wasi_config_inherit_stdout(config); }
static void real_inherit_stderr(wasi_config_t *config) { wasi_config_inherit_stderr(config); }
static bool real_preopen_dir(wasi_config_t *config, const char *dir, const char *name) {
  return wasi_config_preopen_dir(config, dir, name, true);
}
static void real_capture_stdout(wasi_config_t *config, size_t limit) {
  wasi_config_capture_stdout(config, limit);
}
static void real_capture_stderr(wasi_config_t *config, size_t limit) {
  wasi_config_capture_stderr(config, limit);
}

#include "compat/compat_named.h"

/* What captured output may come to before the program is told that the device is full. */
#define CAPTURE_BYTES ((size_t)1 << 30)

static const char mark;

/* A wasi_config_t to programs. */
typedef struct Config {
  const void *mark; /* &mark */
  wasi_config_t *real;
  Vec(char *) args; /* owned */
  bool has_stdin, captures_stdout, captures_stderr, failed;
} Config;

/* Output that was taken from the context and not yet read. */
typedef struct Pipe {
  wasm_byte_vec_t bytes;
  size_t read;
} Pipe;

struct wasi_env_t {
  const void *mark; /* &mark */
  Config *config;   /* owned; NULL once there is a context */
  wasi_ctx_t *ctx;  /* owned */
  wasm_store_t *store;
  Pipe out, err;
};

/* ---- configuration ---- */

static Config *config_of(wasi_config_t *config) { return (Config *)(void *)config; }

static void config_free(Config *c) {
  if (!c) return;
  real_delete(c->real);
  for (u32 i = 0; i < c->args.len; i++) free(c->args.data[i]);
  vec_free(&c->args);
  free(c);
}

static void add_arg(Config *c, const char *arg) {
  char *copy = arg ? strdup(arg) : NULL;
  char **place = copy ? vec_push(&c->args) : NULL;
  if (place)
    *place = copy;
  else
    free(copy);
  c->failed |= !place;
}

wasi_config_t *wasmer_wasi_config_new(const char *program_name) {
  Config *c = calloc(1, sizeof *c);
  if (!c) return NULL;
  c->mark = &mark;
  c->real = real_new();
  c->has_stdin = true;
  add_arg(c, program_name ? program_name : "");
  if (c->real && !c->failed) return (wasi_config_t *)(void *)c;
  return config_free(c), NULL;
}

void wasmer_wasi_config_delete(wasi_config_t *config) { config_free(config_of(config)); }

void wasmer_wasi_config_arg(wasi_config_t *config, const char *arg) {
  if (config) add_arg(config_of(config), arg);
}

void wasmer_wasi_config_env(wasi_config_t *config, const char *key, const char *value) {
  if (!config) return;
  Config *c = config_of(config);
  c->failed |= !key || !value || !wasi_config_add_env(c->real, key, value);
}

bool wasmer_wasi_config_preopen_dir(wasi_config_t *config, const char *dir) {
  return config && dir && real_preopen_dir(config_of(config)->real, dir, dir);
}

bool wasmer_wasi_config_mapdir(wasi_config_t *config, const char *alias, const char *dir) {
  return config && alias && dir && real_preopen_dir(config_of(config)->real, dir, alias);
}

#define STREAM(name, field, value)                                                                 \
  void wasmer_wasi_config_##name(wasi_config_t *config) {                                          \
    if (config) config_of(config)->field = value;                                                  \
  }
STREAM(capture_stdin, has_stdin, false)
STREAM(inherit_stdin, has_stdin, true)
STREAM(capture_stdout, captures_stdout, true)
STREAM(inherit_stdout, captures_stdout, false)
STREAM(capture_stderr, captures_stderr, true)
STREAM(inherit_stderr, captures_stderr, false)

/* ---- environments ---- */

static void set_streams(const Config *c) {
  if (c->has_stdin) real_inherit_stdin(c->real);
  if (c->captures_stdout)
    real_capture_stdout(c->real, CAPTURE_BYTES);
  else
    real_inherit_stdout(c->real);
  if (c->captures_stderr)
    real_capture_stderr(c->real, CAPTURE_BYTES);
  else
    real_inherit_stderr(c->real);
}

/* Uses the configuration up. */
static bool make_ctx(wasi_env_t *env, wasm_store_t *store) {
  Config *c = env->config;
  bool fine =
      !c->failed && wasi_config_set_argv(c->real, c->args.len, (const char **)(void *)c->args.data);
  if (fine) {
    set_streams(c);
    env->ctx = wasi_ctx_new(store, c->real, NULL);
    c->real = NULL;
  }
  env->store = store;
  env->config = NULL;
  config_free(c);
  return env->ctx != NULL;
}

/* Of an object that there is: a word can be read. */
static bool is_ours(const void *p) { return p && *(const void *const *)p == &mark; }

wasi_env_t *wasmer_wasi_env_new(wasm_store_t *store, wasi_config_t *config) {
  bool is_alone = is_ours(store); /* as in version 2: what `config` is then nobody knows */
  Config *c = is_alone ? (Config *)(void *)store : config_of(config);
  if (!c || !store) return config_free(c), NULL;
  wasi_env_t *env = calloc(1, sizeof *env);
  if (!env) return config_free(c), NULL;
  env->mark = &mark;
  env->config = c;
  if (is_alone || make_ctx(env, store)) return env;
  return free(env), NULL;
}

void wasmer_wasi_env_delete(wasi_env_t *env) {
  if (!env) return;
  config_free(env->config);
  wasi_ctx_delete(env->ctx);
  wasm_byte_vec_delete(&env->out.bytes);
  wasm_byte_vec_delete(&env->err.bytes);
  free(env);
}

void wasmer_wasi_env_set_memory(wasi_env_t *env, const wasm_memory_t *memory) {
  (void)env, (void)memory;
}

bool wasmer_wasi_env_initialize_instance(wasi_env_t *env, wasm_store_t *store,
                                         wasm_instance_t *instance) {
  return env && store && instance;
}

static intptr_t read_pipe(Pipe *pipe, char *buffer, size_t length) {
  size_t count = pipe->bytes.size - pipe->read;
  if (count > length) count = length;
  if (count) memcpy(buffer, pipe->bytes.data + pipe->read, count);
  pipe->read += count;
  return (intptr_t)count;
}

static bool is_empty(const Pipe *pipe) { return pipe->read == pipe->bytes.size; }

static void refill(Pipe *pipe, wasi_ctx_t *ctx, void (*take)(wasi_ctx_t *, wasm_byte_vec_t *)) {
  wasm_byte_vec_delete(&pipe->bytes);
  pipe->read = 0;
  take(ctx, &pipe->bytes);
}

intptr_t wasmer_wasi_env_read_stdout(wasi_env_t *env, char *buffer, uintptr_t length) {
  if (!env || (!buffer && length)) return -1;
  if (is_empty(&env->out) && env->ctx) refill(&env->out, env->ctx, wasi_ctx_take_stdout);
  return read_pipe(&env->out, buffer, length);
}

intptr_t wasmer_wasi_env_read_stderr(wasi_env_t *env, char *buffer, uintptr_t length) {
  if (!env || (!buffer && length)) return -1;
  if (is_empty(&env->err) && env->ctx) refill(&env->err, env->ctx, wasi_ctx_take_stderr);
  return read_pipe(&env->err, buffer, length);
}

/* ---- imports ---- */

/* Names have a zero behind them; one with a zero inside is none of WASI's. */
static wasm_extern_t *import_of(wasi_env_t *env, const wasm_importtype_t *import) {
  const wasm_name_t *module = wasm_importtype_module(import), *name = wasm_importtype_name(import);
  if (!module->data || !name->data) return NULL;
  wasm_func_t *func = wasi_ctx_func(env->ctx, module->data, name->data);
  return func ? wasm_func_as_extern(func) : NULL;
}

/* Moves the items to *imports. */
static bool give(wasm_extern_vec_t *imports, wasm_extern_vec_t *made, bool whole) {
  if (!whole) wasm_extern_vec_delete(made);
  *imports = *made;
  return whole;
}

static bool get_imports(wasi_env_t *env, wasm_store_t *store, const wasm_module_t *module,
                        wasm_extern_vec_t *imports) {
  wasm_importtype_vec_t types;
  wasm_extern_vec_t made;
  if (env->config && !make_ctx(env, store)) return false;
  if (!env->ctx || env->store != store) return false;
  wasm_module_imports(module, &types);
  wasm_extern_vec_new_uninitialized(&made, types.size);
  bool whole = made.size == types.size;
  for (size_t i = 0; whole && i < types.size; i++) {
    made.data[i] = import_of(env, types.data[i]);
    whole = made.data[i] != NULL;
  }
  wasm_importtype_vec_delete(&types);
  return give(imports, &made, whole);
}

/* Which of the two is the environment only a look at it tells. */
bool wasmer_wasi_get_imports(const wasm_store_t *store, wasi_env_t *env,
                             const wasm_module_t *module, wasm_extern_vec_t *imports) {
  if (!store || !env || !module || !imports) return false;
  wasm_store_t *home = (wasm_store_t *)(uintptr_t)store;
  if (is_ours(env)) return get_imports(env, home, module, imports);
  if (!is_ours(module)) return false;
  const void *first = env;
  return get_imports((wasi_env_t *)(uintptr_t)module, home, first, imports);
}

/* In place of NULL what is not WASI's is left out. */
bool wasmer_wasi_get_unordered_imports(wasi_env_t *env, const wasm_module_t *module,
                                       wasmer_named_extern_vec_t *imports) {
  wasm_importtype_vec_t types;
  if (!imports) return false;
  wasmer_named_extern_vec_new_empty(imports);
  if (!env || !env->ctx || !module) return false;
  wasm_module_imports(module, &types);
  wasmer_named_extern_vec_new_uninitialized(imports, types.size);
  size_t count = 0;
  for (size_t i = 0; i < imports->size; i++) {
    wasm_extern_t *external = import_of(env, types.data[i]);
    if (!external) continue;
    imports->data[count++] = wm_compat_named_extern(wasm_importtype_module(types.data[i]),
                                                    wasm_importtype_name(types.data[i]), external);
  }
  bool whole = imports->size == types.size;
  imports->size = count;
  wasm_importtype_vec_delete(&types);
  return whole;
}

wasm_func_t *wasmer_wasi_get_start_function(wasm_instance_t *instance) {
  return instance ? wasmx_instance_func(instance, "_start") : NULL;
}

static bool name_is(const wasm_name_t *name, const char *text) {
  return name->size == strlen(text) && memcmp(name->data, text, name->size) == 0;
}

wasi_version_t wasmer_wasi_get_wasi_version(const wasm_module_t *module) {
  wasi_version_t version = INVALID_VERSION;
  wasm_importtype_vec_t types;
  if (!module) return version;
  wasm_module_imports(module, &types);
  for (size_t i = 0; i < types.size && version == INVALID_VERSION; i++) {
    const wasm_name_t *name = wasm_importtype_module(types.data[i]);
    if (name_is(name, "wasi_snapshot_preview1")) version = SNAPSHOT1;
    if (name_is(name, "wasi_unstable")) version = SNAPSHOT0;
  }
  wasm_importtype_vec_delete(&types);
  return version;
}
