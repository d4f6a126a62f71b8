/* wasi_ctx_*: a program's world, made of a config; the table of calls as host functions.
 *
 *   host --> wasi_ctx_t <-- Binding <-- wasm_func_t      a function holds its context
 *              |
 *              args, env, streams, descriptors            moved out of the config, which is used up
 *
 * A call: dispatch finds memory 0 of the instance that called, runs the row's handler, and puts its
 * Errno into the result's slot; `trap` instead ends the program. */
#include "wasi/wasi_audit.h"
#include "wasi/wasi_node.h"
#include "wasi/wasi_record.h"

#include <stdio.h>
#include <stdlib.h>

const CallRow wm_call_rows[ALL_CALLS] = {
#define CALL(name, params, since, locks) {#name, params, CALL_##name, since, locks, wm_call_##name},
#define TERMINAL(name, params)                                                                     \
  {"terminal_" #name, params, CALL_terminal_##name, true, true, wm_terminal_##name},
#include "wasi/wasi.def"
#undef CALL
};

static const char *const module_names[CALL_MODULES] = {
    [MODULE_SNAPSHOT] = "wasi_snapshot_preview1",
    [MODULE_UNSTABLE] = "wasi_unstable",
    [MODULE_TERMINAL] = "wasm_terminal",
};

/* ---- life ---- */

void wm_ctx_hold(wasi_ctx_t *ctx) { atomic_fetch_add(&ctx->holders, 1); }

static void end_locks(wasi_ctx_t *ctx) {
  pthread_mutex_destroy(&ctx->lock);
  pthread_mutex_destroy(&ctx->careful_lock);
  if (ctx->random.seeded) pthread_mutex_destroy(&ctx->random.lock);
  for (int i = 0; i < 3; i++) pthread_mutex_destroy(&ctx->stream_locks[i]);
}

void wm_ctx_release(wasi_ctx_t *ctx) {
  if (atomic_fetch_sub(&ctx->holders, 1) > 1) return;
  wm_threads_free(&ctx->threads);
  wm_terminal_drop_all(&ctx->terminal);
  end_locks(ctx);
  wm_fds_free(&ctx->fds);
  wm_file_ids_free(ctx->file_ids);
  wm_vdso_random_free(&ctx->random.vdso);
  wm_buffer_free(&ctx->args.bytes);
  wm_buffer_free(&ctx->env.bytes);
  for (u32 i = 0; i < ctx->grant_count; i++) free(ctx->grants[i].name);
  free(ctx->grants);
  wm_net_rules_free(&ctx->net);
  wm_lookups_release(ctx->lookups);
  wm_changes_free(&ctx->changes);
  wm_audit_end(&ctx->audit);
  wm_record_end(&ctx->record);
  wm_streams_close(ctx->streams, ctx);
}

/* There is room for all. NULL: out of memory. */
static const Grant *add_grant(wasi_ctx_t *ctx, const char *name, Rights rights, bool special) {
  Grant *g = &ctx->grants[ctx->grant_count];
  g->name = strdup(name);
  if (!g->name) return NULL;
  g->rights = rights;
  g->special = special;
  atomic_init(&g->allowed, ~(Rights)0);
  ctx->grant_count++;
  return g;
}

/* By its address, where it has one. */
static const Grant *add_socket_grant(wasi_ctx_t *ctx, const wasi_config_t *config, u32 i,
                                     Rights rights) {
  char name[256] = "socket";
  wasi_config_socket_address(config, i, name, sizeof name);
  return add_grant(ctx, name, rights, false);
}

/* Descriptor 0, 1 or 2 out of its stream. What the process holds there may do more than was given:
 * a terminal or a socket goes both ways, a directory leads to all that is below it. */
static Errno open_stream(wasi_ctx_t *ctx, u32 number) {
  Stream *s = &ctx->streams[number];
  static const char *const names[] = {"stdin", "stdout", "stderr"};
  Descriptor d = {.kind = FD_STREAM, .stream = s};
  Rights given = number ? RIGHTS_OUTPUT : RIGHTS_INPUT;
  d.base =
      given & (RIGHT_FD_READ | RIGHT_FD_WRITE | RIGHT_POLL_FD_READWRITE | RIGHT_FD_FILESTAT_GET |
               RIGHT_FD_FDSTAT_SET_FLAGS | RIGHT_FD_SYNC | RIGHT_FD_DATASYNC);
  /* The process may have been started without this descriptor: then the stream is empty. */
  if (s->kind == STREAM_HOST && wm_descriptor_of_host(&d, s->fd, false) == E_SUCCESS)
    d.stream = NULL;
  d.base &= given;
  d.grant = add_grant(ctx, names[number], given, false);
  return d.grant ? wm_fds_add(&ctx->fds, &d, &number) : E_NOMEM;
}

/* What was handed over is taken from the config. */
static Errno open_preopen(wasi_ctx_t *ctx, Preopen *p) {
  u32 number;
  NodeFile *file = NULL;
  Errno e = p->fs ? wm_node_open_root(p->fs, &ctx->clock, &file) : E_SUCCESS;
  if (e) return e;
  Descriptor d = {.kind = p->fs ? FD_NODE : FD_HOST,
                  .type = FILETYPE_DIRECTORY,
                  .owned = true,
                  .fd = p->fd,
                  .base = p->base,
                  .inheriting = p->inheriting,
                  .grant = add_grant(ctx, p->name, p->inheriting, p->special),
                  .preopen = p->name,
                  .file = file};
  e = d.grant ? wm_fds_add(&ctx->fds, &d, &number) : E_NOMEM;
  if (e) {
    wm_node_file_free(file);
    return e;
  }
  p->fd = -1;
  p->name = NULL;
  return E_SUCCESS;
}

/* From 3 on, in the order in which they were named. */
static Errno open_preopens(wasi_ctx_t *ctx, wasi_config_t *config) {
  Errno e = E_SUCCESS;
  for (u32 i = 0; !e && i < config->preopens.len; i++)
    e = open_preopen(ctx, &config->preopens.data[i]);
  return e;
}

static Errno describe_socket(Descriptor *d, const GivenSocket *s) {
  Errno e = wm_descriptor_of_host(d, s->fd, s->owned);
  if (e) return e;
  d->pipe = false; /* no guest can ask to be spared a signal */
  d->flags = s->nonblocking ? FDFLAG_NONBLOCK : 0;
  d->base = d->listens ? RIGHTS_LISTENER : RIGHTS_CONNECTION;
  d->inheriting = d->listens ? RIGHTS_CONNECTION : 0;
  return E_SUCCESS;
}

/* Behind the directories: programs look for those from 3 on, and stop at what is none. */
static Errno open_sockets(wasi_ctx_t *ctx, wasi_config_t *config) {
  for (u32 i = 0; i < config->sockets.len; i++) {
    GivenSocket *s = &config->sockets.data[i];
    Descriptor d;
    u32 number;
    Errno e = describe_socket(&d, s);
    if (!e) d.grant = add_socket_grant(ctx, config, i, d.base | d.inheriting);
    if (!e) e = d.grant ? wm_fds_add(&ctx->fds, &d, &number) : E_NOMEM;
    if (e) return e;
    s->owned = false;
  }
  return E_SUCCESS;
}

static Errno open_network(wasi_ctx_t *ctx) {
  const Rights connection = RIGHTS_CONNECTION, listener = RIGHTS_LISTENER;
  ctx->network = add_grant(ctx, "network", connection | listener, false);
  return ctx->network ? E_SUCCESS : E_NOMEM;
}

static bool make_locks(wasi_ctx_t *ctx) {
  pthread_mutexattr_t recursive;
  if (pthread_mutexattr_init(&recursive)) return false;
  pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
  bool ok = pthread_mutex_init(&ctx->lock, NULL) == 0;
  ok = pthread_mutex_init(&ctx->careful_lock, NULL) == 0 && ok;
  for (int i = 0; i < 3; i++) ok = pthread_mutex_init(&ctx->stream_locks[i], &recursive) == 0 && ok;
  pthread_mutexattr_destroy(&recursive);
  return ok; /* on Linux none of these fails */
}

static void bind_rows(wasi_ctx_t *ctx) {
  for (u32 module = 0; module < CALL_MODULES; module++)
    for (u32 row = 0; row < ALL_CALLS; row++)
      ctx->bindings[module][row] =
          (Binding){.ctx = ctx, .row = &wm_call_rows[row], .unstable = module == MODULE_UNSTABLE};
}

static bool make_parts(wasi_ctx_t *ctx, const wasi_config_t *config) {
  u64 grants = UINT64_C(4) + config->preopens.len + config->sockets.len;
  ctx->grants = calloc(grants, sizeof *ctx->grants);
  bind_rows(ctx);
  bool ok = wm_threads_init(&ctx->threads, config->max_threads) && make_locks(ctx);
  ok = wm_changes_init(&ctx->changes) && ok && ctx->grants;
  return ok && wm_determinism_apply(&config->determinism, ctx);
}

wasi_ctx_t *wasi_ctx_new(wasm_store_t *store, wasi_config_t *config, wasmx_error_t *err) {
  bool usable = store && config;
  wasi_ctx_t *ctx = usable && !config->failed ? calloc(1, sizeof *ctx) : NULL;
  if (!ctx) {
    wasi_config_delete(config);
    if (!usable) return wm_wasi_fail(err, WASMX_ARGUMENT, "wasi_ctx_new: store or config is NULL");
    return wm_wasi_fail(err, WASMX_OUT_OF_MEMORY, "out of memory");
  }
  ctx->store = store;
  ctx->holders = 1;
  ctx->args = config->args;
  ctx->env = config->env;
  memcpy(ctx->streams, config->streams, sizeof ctx->streams);
  ctx->fds.max = config->max_fds;
  ctx->output_limit = config->limits.output_bytes;
  ctx->resolver = (Resolver){.mode = config->resolver, .store = store};
  /* From here on the config owns none of it. */
  ctx->raise_sigpipe = config->raise_sigpipe;
  ctx->terminal.configured = config->grants_terminal;
  ctx->audit = config->audit;
  config->audit = (Audit){0};
  ctx->record = config->record;
  config->record = (Record){0};
  ctx->net = config->net;
  config->net = (NetRules){0};
  ctx->is_watched = ctx->audit.callback || ctx->record.file;
  config->args = config->env = (StringList){0};
  memset(config->streams, 0, sizeof config->streams);
  Errno e = make_parts(ctx, config) ? E_SUCCESS : E_NOMEM;
  for (u32 i = 0; !e && i < 3; i++) e = open_stream(ctx, i);
  if (!e) e = open_preopens(ctx, config);
  if (!e) e = open_sockets(ctx, config);
  if (!e) e = open_network(ctx);
  if (!e && ctx->audit.callback) wm_audit_begin(ctx);
  wasi_config_delete(config);
  if (!e) return ctx;
  wm_ctx_release(ctx);
  if (e == E_BADF) return wm_wasi_fail(err, WASMX_ARGUMENT, "a socket that was lent is closed");
  if (e == E_MFILE)
    return wm_wasi_fail(err, WASMX_LIMIT,
                        "more preopened directories and sockets than descriptors");
  if (e != E_NOMEM) return wm_wasi_fail(err, WASMX_IO, "a file system cannot be opened");
  return wm_wasi_fail(err, WASMX_OUT_OF_MEMORY, "out of memory");
}

void wasi_ctx_delete(wasi_ctx_t *ctx) {
  if (!ctx) return;
  wm_threads_drop_trap(&ctx->threads);
  wm_terminal_drop_all(&ctx->terminal);
  wm_ctx_release(ctx);
}

/* Other threads may write meanwhile. */
static void take(wasi_ctx_t *ctx, u32 number, wasm_byte_vec_t *out) {
  Stream *s = &ctx->streams[number];
  if (!out) return;
  SCOPE_LOCK lock = wm_stream_lock(ctx, s);
  wasm_byte_vec_new(out, s->output.len, (const byte_t *)s->output.data);
  if (out->size == s->output.len) wm_buffer_free(&s->output); /* else it waits for more memory */
}

void wasi_ctx_take_stdout(wasi_ctx_t *ctx, wasm_byte_vec_t *out) {
  if (ctx) take(ctx, 1, out);
}

void wasi_ctx_take_stderr(wasi_ctx_t *ctx, wasm_byte_vec_t *out) {
  if (ctx) take(ctx, 2, out);
}

/* ---- calls ---- */

static NOINLINE Errno run_watched(Call *call, const CallRow *row) {
  return call->ctx->record.file ? wm_record_run(call, row) : wm_audit_run(call, row);
}

static inline Errno run(Call *call, const CallRow *row) {
  if (row->locks) wm_call_lock(call);
  return UNLIKELY(call->ctx->is_watched) ? run_watched(call, row) : row->handler(call);
}

Errno wm_call_run(Call *call, const CallRow *row) { return run(call, row); }

/* The host function behind every import. A C++ exception may leave it. */
static wasm_trap_t *dispatch(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  const Binding *b = env;
  Call call __attribute__((cleanup(wm_call_unlock))) = {
      .ctx = b->ctx, .caller = caller, .args = slots, .unstable = b->unstable};
  call.memory = (u8 *)wasmx_caller_memory(caller, &call.memory_size);
  slots[0].u64 = run(&call, b->row);
  return call.trap;
}

/* The finalizer of a function: it goes with the store, or when nothing reaches it. */
static void unbind(void *env) { wm_ctx_release(((Binding *)env)->ctx); }

static wasm_functype_t *type_of_row(const CallRow *row) {
  size_t count = strlen(row->params);
  bool returns = row->handler != wm_call_proc_exit;
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_new_uninitialized(&params, count);
  wasm_valtype_vec_new_uninitialized(&results, returns);
  for (size_t i = 0; i < params.size; i++)
    params.data[i] = wasm_valtype_new(row->params[i] == 'I' ? WASM_I64 : WASM_I32);
  if (results.size) results.data[0] = wasm_valtype_new(WASM_I32);
  if (params.size == count && results.size == returns) return wasm_functype_new(&params, &results);
  wasm_valtype_vec_delete(&params);
  wasm_valtype_vec_delete(&results);
  return NULL;
}

static wasm_func_t *make_func(wasi_ctx_t *ctx, wasm_store_t *store, u32 module, u32 row) {
  wasm_functype_t *type = type_of_row(&wm_call_rows[row]);
  if (!type) return NULL;
  wm_ctx_hold(ctx);
  wasm_func_t *func =
      wasmx_func_new_raw(store, type, dispatch, &ctx->bindings[module][row], unbind);
  if (!func) wm_ctx_release(ctx);
  wasm_functype_delete(type);
  return func;
}

/* Whether `module` has the row, by number. */
static bool has_row(u32 module, u32 row) {
  if (module == MODULE_TERMINAL || row >= WASI_CALLS)
    return module == MODULE_TERMINAL && row >= WASI_CALLS;
  return module == MODULE_SNAPSHOT || !wm_call_rows[row].snapshot_only;
}

/* The import's name. */
static const char *name_of_row(u32 row) {
  return wm_call_rows[row].name + (row < WASI_CALLS ? 0 : strlen("terminal_"));
}

static bool same_name(const char *name, const char *text, size_t len) {
  return strlen(name) == len && memcmp(name, text, len) == 0;
}

/* Imports may be of both versions in one module. */
static bool find_module(const char *text, size_t len, u32 *module) {
  for (*module = 0; *module < MODULE_TERMINAL; ++*module)
    if (same_name(module_names[*module], text, len)) return true;
  return false;
}

static bool find_row(u32 module, const char *text, size_t len, u32 *row) {
  for (*row = 0; *row < WASI_CALLS; ++*row)
    if (same_name(wm_call_rows[*row].name, text, len)) return has_row(module, *row);
  return false;
}

wasm_func_t *wasi_ctx_func(wasi_ctx_t *ctx, const char *module, const char *name) {
  u32 m, r;
  if (!ctx || !module || !name || !find_module(module, strlen(module), &m)) return NULL;
  return find_row(m, name, strlen(name), &r) ? make_func(ctx, ctx->store, m, r) : NULL;
}

static bool define(wasi_ctx_t *ctx, wasm_store_t *store, wasmx_linker_t *linker, u32 module,
                   u32 row) {
  wasm_func_t *func = make_func(ctx, store, module, row);
  if (!func) return false;
  bool ok = wasmx_linker_define(linker, module_names[module], name_of_row(row),
                                wasm_func_as_extern(func));
  wasm_func_delete(func);
  return ok;
}

bool wm_ctx_define_all(wasi_ctx_t *ctx, wasm_store_t *store, wasmx_linker_t *linker,
                       CallModule module) {
  for (u32 r = 0; r < ALL_CALLS; r++)
    if (has_row(module, r) && !define(ctx, store, linker, module, r)) return false;
  return true;
}

bool wasi_ctx_define(wasi_ctx_t *ctx, wasmx_linker_t *linker) {
  return ctx && linker && wm_ctx_define_all(ctx, ctx->store, linker, MODULE_SNAPSHOT) &&
         wm_ctx_define_all(ctx, ctx->store, linker, MODULE_UNSTABLE);
}

/* Only what is imported: 92 functions would cost more than most programs' start. */
bool wm_ctx_define_for(wasi_ctx_t *ctx, wasm_store_t *store, wasmx_linker_t *linker,
                       const wasm_module_t *module) {
  wasm_importtype_vec_t imports;
  wasm_module_imports(module, &imports);
  bool ok = true;
  for (size_t i = 0; ok && i < imports.size; i++) {
    const wasm_name_t *from = wasm_importtype_module(imports.data[i]);
    const wasm_name_t *name = wasm_importtype_name(imports.data[i]);
    u32 m, r;
    if (find_module(from->data, from->size, &m) && find_row(m, name->data, name->size, &r))
      ok = define(ctx, store, linker, m, r);
  }
  wasm_importtype_vec_delete(&imports);
  return ok;
}

bool wasi_ctx_define_for(wasi_ctx_t *ctx, wasmx_linker_t *linker, const wasm_module_t *module) {
  return ctx && linker && module && wm_ctx_define_for(ctx, ctx->store, linker, module);
}

/* ---- terminals ---- */

static bool imports_terminal(const wasm_module_t *module) {
  const char *name = module_names[MODULE_TERMINAL];
  wasm_importtype_vec_t imports;
  wasm_module_imports(module, &imports);
  bool found = false;
  for (size_t i = 0; i < imports.size; i++) {
    const wasm_name_t *from = wasm_importtype_module(imports.data[i]);
    found |= same_name(name, from->data, from->size);
  }
  wasm_importtype_vec_delete(&imports);
  return found;
}

bool wasi_ctx_define_terminal(wasi_ctx_t *ctx, wasmx_linker_t *linker, const wasm_module_t *module,
                              bool granted) {
  if (!ctx || !linker || !module) return false;
  if (!imports_terminal(module)) return true;
  ctx->terminal.defined = true;
  ctx->terminal.granted = granted || ctx->terminal.configured;
  return wm_ctx_define_all(ctx, ctx->store, linker, MODULE_TERMINAL);
}

/* ---- starting ---- */

/* The exported function `name` without parameters and results, or NULL. */
static wasm_func_t *entry(const wasm_instance_t *instance, const char *name) {
  wasm_func_t *func = wasmx_instance_func(instance, name);
  if (func && (wasm_func_param_arity(func) || wasm_func_result_arity(func))) {
    wasm_func_delete(func);
    return NULL;
  }
  return func;
}

bool wasi_start(const wasm_instance_t *instance, wasm_trap_t **trap, wasmx_error_t *err) {
  if (trap) *trap = NULL;
  wasm_func_t *func = instance ? entry(instance, "_start") : NULL;
  if (!func && instance) func = entry(instance, "_initialize");
  if (!func) {
    wm_wasi_fail(err, WASMX_ARGUMENT, "the module exports neither _start nor _initialize");
    return false;
  }
  wasmx_slot_t none;
  wasm_trap_t *result = wasmx_func_call_raw(func, &none);
  wasm_func_delete(func);
  if (trap)
    *trap = result;
  else
    wasm_trap_delete(result);
  return true;
}
