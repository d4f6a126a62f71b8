/* Threads of a program: see wasi_threads.h. */
#include "wasi/wasi_ctx.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- a thread ---- */

/* NULL: it came back. */
static wasm_trap_t *call_start(const WasiThread *t) {
  wasm_func_t *func = wasmx_instance_func(t->instance, "wasi_thread_start");
  wasmx_slot_t slots[2] = {wasmx_slot_i32(t->tid), wasmx_slot_u32(t->arg)};
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  wasm_func_delete(func);
  return trap;
}

/* ---- making one ---- */

static bool define_memories(const ThreadGroup *group, wasm_store_t *store, wasmx_linker_t *linker) {
  for (u32 i = 0; i < group->memories.len; i++) {
    const ThreadMemory *m = &group->memories.data[i];
    wasm_memory_t *memory = wasmx_memory_obtain(store, m->memory);
    bool ok = memory && wasmx_linker_define_n(linker, m->module.data, m->module.size, m->name.data,
                                              m->name.size, wasm_memory_as_extern(memory));
    wasm_memory_delete(memory);
    if (!ok) return false;
  }
  return true;
}

static bool define_spawn(wasi_ctx_t *ctx, wasm_store_t *store, wasmx_linker_t *linker,
                         bool is_main);

/* Whether the export is there: i32, i32 -> nothing. */
static bool has_start(const wasm_instance_t *instance) {
  wasm_func_t *func = wasmx_instance_func(instance, "wasi_thread_start");
  wasm_functype_t *type = func ? wasm_func_type(func) : NULL;
  const wasm_valtype_vec_t *params = type ? wasm_functype_params(type) : NULL;
  bool fits = params && params->size == 2 && wasm_func_result_arity(func) == 0 &&
              wasm_valtype_kind(params->data[0]) == WASM_I32 &&
              wasm_valtype_kind(params->data[1]) == WASM_I32;
  wasm_functype_delete(type);
  wasm_func_delete(func);
  return fits;
}

/* The thread's own instance of the program, in its own store. */
static wasm_instance_t *instantiate(wasi_ctx_t *ctx, wasm_store_t *store, wasm_trap_t **trap) {
  ThreadGroup *group = &ctx->threads;
  wasm_module_t *module = wasm_module_obtain(store, group->module);
  wasmx_linker_t *linker = module ? wasmx_linker_new(store) : NULL;
  bool ok = linker && wm_ctx_define_for(ctx, store, linker, module) &&
            (!ctx->terminal.defined || wm_ctx_define_all(ctx, store, linker, MODULE_TERMINAL)) &&
            define_spawn(ctx, store, linker, false) && define_memories(group, store, linker);
  wasm_instance_t *instance = ok ? wasmx_linker_instantiate(linker, module, trap, NULL) : NULL;
  wasmx_linker_delete(linker);
  wasm_module_delete(module);
  return instance;
}

/* What its start function ended by: an exit is one of the program, a trap that of a thread that
 * does not come to be. */
static void end_making(WasiThread *t, wasm_trap_t *trap) {
  int status;
  if (trap && wasmx_trap_exit_status(trap, &status))
    wm_threads_end_program(&t->ctx->threads, t, trap);
  else
    wasm_trap_delete(trap);
}

/* Its own instance, or the answer that there is none. */
static bool make_instance(WasiThread *t) {
  wasm_trap_t *trap = NULL;
  t->instance = instantiate(t->ctx, t->store, &trap);
  if (t->instance && has_start(t->instance)) {
    wm_threads_answer(&t->ctx->threads, t, true, 0);
    return true;
  }
  u64 fuel = wasmx_store_fuel(t->store);
  end_making(t, trap);
  wasm_instance_delete(t->instance);
  wasm_store_delete(t->store);
  wm_threads_answer(&t->ctx->threads, t, false, fuel);
  return false;
}

static void run_instance(WasiThread *t) {
  ThreadGroup *group = &t->ctx->threads;
  wasm_trap_t *trap = call_start(t);
  wasm_instance_delete(t->instance);
  if (trap) wm_threads_end_program(group, t, trap);
  wasm_store_delete(t->store);
  wm_threads_leave(group, t);
}

static void *run_thread(void *env) {
  WasiThread *t = env;
  wasi_ctx_t *ctx = t->ctx;
  if (make_instance(t)) run_instance(t);
  wm_ctx_release(ctx); /* not the last: who joins it holds it too */
  return NULL;
}

static void drop_thread(WasiThread *t) {
  wasm_store_delete(t->store);
  wm_thread_free(t);
}

static WasiThread *make_thread(wasi_ctx_t *ctx, wasm_store_t *parent, u32 arg) {
  WasiThread *t = calloc(1, sizeof *t);
  if (!t) return NULL;
  t->ctx = ctx;
  t->arg = arg;
  t->store = wasmx_store_new_beside(parent);
  t->interrupt = t->store ? wasmx_store_interrupt_handle(t->store) : NULL;
  if (t->interrupt) return t;
  drop_thread(t);
  return NULL;
}

/* Takes none of the host's signals, but that of a pipe that nobody reads where it is wanted. */
static bool start(WasiThread *t, bool raises_sigpipe) {
  sigset_t all, before;
  sigfillset(&all);
  if (raises_sigpipe) sigdelset(&all, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  bool done = pthread_create(&t->thread, NULL, run_thread, t) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return done;
}

/* Lets the thread run. The list has it before, so that it can be interrupted. */
static bool launch(ThreadGroup *group, WasiThread *t) {
  wm_ctx_hold(t->ctx);
  pthread_mutex_lock(&group->lock);
  bool runs = !group->ends && start(t, t->ctx->raise_sigpipe);
  if (runs) {
    t->next = group->threads;
    group->threads = t;
  }
  pthread_mutex_unlock(&group->lock);
  if (!runs) wm_ctx_release(t->ctx);
  return runs;
}

/* With half of the caller's fuel, of which it gets back what a thread that fails leaves. */
static i32 run_beside(WasiThread *t, wasm_store_t *parent) {
  Spawn spawn = {.result = -E_AGAIN};
  ThreadGroup *group = &t->ctx->threads;
  u64 fuel = wasmx_store_fuel(parent), half = fuel / 2;
  if (fuel) wasmx_store_set_fuel(t->store, half); /* only an engine that counts it has some */
  t->spawn = &spawn;
  if (!launch(group, t)) {
    drop_thread(t);
    wm_threads_leave(group, NULL);
    return -E_AGAIN;
  }
  wm_threads_wait_made(group, parent, t, &spawn);
  if (fuel) wasmx_store_set_fuel(parent, fuel - half + spawn.fuel);
  return spawn.result;
}

static i32 spawn(wasi_ctx_t *ctx, wasm_store_t *parent, u32 arg) {
  ThreadGroup *group = &ctx->threads;
  if (wm_threads_are_gone(group)) return -E_AGAIN;
  if (!group->used) {
    group->used = true;
    group->process = getpid();
    group->main_store = parent;
  }
  wm_threads_reap(group, false);
  if (!wm_threads_enter(group)) return -E_AGAIN;
  WasiThread *t = make_thread(ctx, parent, arg);
  if (t) return run_beside(t, parent);
  wm_threads_leave(group, NULL);
  return -E_AGAIN;
}

/* ---- the import ---- */

static wasm_trap_t *call_spawn(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  slots[0] = wasmx_slot_i32(spawn(env, wasmx_caller_store(caller), slots[0].u32));
  return NULL;
}

static void unbind(void *env) { wm_ctx_release(env); }

/* That of the main thread's store goes with it, and all threads do. */
static void unbind_main(void *env) {
  wasi_ctx_t *ctx = env;
  wasm_trap_delete(wm_threads_end(&ctx->threads, NULL));
  wm_threads_drop_trap(&ctx->threads);
  wm_ctx_release(ctx);
}

static bool define_spawn(wasi_ctx_t *ctx, wasm_store_t *store, wasmx_linker_t *linker,
                         bool is_main) {
  wasm_functype_t *type =
      wasm_functype_new_1_1(wasm_valtype_new(WASM_I32), wasm_valtype_new(WASM_I32));
  wasm_func_t *func = NULL;
  wm_ctx_hold(ctx);
  if (type) func = wasmx_func_new_raw(store, type, call_spawn, ctx, is_main ? unbind_main : unbind);
  if (!func) wm_ctx_release(ctx);
  wasm_functype_delete(type);
  bool ok = func && wasmx_linker_define(linker, "wasi", "thread-spawn", wasm_func_as_extern(func));
  wasm_func_delete(func);
  return ok;
}

/* ---- a program that has threads ---- */

static bool is_named(const wasm_name_t *name, const char *text) {
  return name->size == strlen(text) && memcmp(name->data, text, name->size) == 0;
}

static bool is_spawn(const wasm_importtype_t *import) {
  return is_named(wasm_importtype_module(import), "wasi") &&
         is_named(wasm_importtype_name(import), "thread-spawn");
}

static const wasm_memorytype_t *shared_memory_of(const wasm_importtype_t *import) {
  const wasm_memorytype_t *type = wasm_externtype_as_memorytype_const(wasm_importtype_type(import));
  return type && wasmx_memorytype_is_shared(type) ? type : NULL;
}

/* The memory that the host has defined under the name, or a new one. */
static wasm_extern_t *find_or_make(wasmx_linker_t *linker, wasm_store_t *store,
                                   const wasm_importtype_t *import) {
  const wasm_name_t *module = wasm_importtype_module(import), *name = wasm_importtype_name(import);
  wasm_extern_t *found =
      wasmx_linker_get_n(linker, module->data, module->size, name->data, name->size);
  if (found) return found;
  wasm_memory_t *memory = wasm_memory_new(store, shared_memory_of(import));
  if (memory && !wasmx_linker_define_n(linker, module->data, module->size, name->data, name->size,
                                       wasm_memory_as_extern(memory))) {
    wasm_memory_delete(memory);
    memory = NULL;
  }
  return memory ? wasm_memory_as_extern(memory) : NULL;
}

static bool copy_name(wasm_name_t *to, const wasm_name_t *from) {
  wasm_byte_vec_copy(to, from);
  return to->size == from->size;
}

static bool add_memory(ThreadGroup *group, wasmx_linker_t *linker, wasm_store_t *store,
                       const wasm_importtype_t *import) {
  wasm_extern_t *external = find_or_make(linker, store, import);
  wasm_memory_t *memory = external ? wasm_extern_as_memory(external) : NULL;
  wasmx_shared_memory_t *shared = memory ? wasmx_memory_share(memory) : NULL;
  wasm_extern_delete(external);
  ThreadMemory *added = shared ? vec_push(&group->memories) : NULL;
  if (!added) {
    wasmx_shared_memory_delete(shared);
    return false;
  }
  *added = (ThreadMemory){.memory = shared};
  return copy_name(&added->module, wasm_importtype_module(import)) &&
         copy_name(&added->name, wasm_importtype_name(import));
}

static bool add_memories(ThreadGroup *group, wasmx_linker_t *linker, wasm_store_t *store,
                         const wasm_importtype_vec_t *imports) {
  for (size_t i = 0; i < imports->size; i++)
    if (shared_memory_of(imports->data[i]) && !add_memory(group, linker, store, imports->data[i]))
      return false;
  return true;
}

static bool prepare(wasi_ctx_t *ctx, wasm_store_t *store, wasmx_linker_t *linker,
                    const wasm_module_t *module, const wasm_importtype_vec_t *imports) {
  ThreadGroup *group = &ctx->threads;
  group->module = wasm_module_share(module);
  group->main = wasmx_store_interrupt_handle(store);
  return group->module && group->main && add_memories(group, linker, store, imports) &&
         define_spawn(ctx, store, linker, true);
}

static bool copy_error(wasmx_error_t *err) {
  if (err && err->size >= sizeof *err) *err = *wasmx_last_error();
  return false;
}

static bool define_threads(wasi_ctx_t *ctx, wasmx_linker_t *linker, const wasm_module_t *module,
                           const wasm_importtype_vec_t *imports, wasmx_error_t *err) {
  if (ctx->record.file) {
    wm_wasi_fail(err, WASMX_ARGUMENT, "a program with threads cannot be recorded");
    return false;
  }
  if (prepare(ctx, ctx->store, linker, module, imports)) return true;
  copy_error(err);
  wm_threads_forget_program(&ctx->threads);
  return false;
}

bool wasi_ctx_define_threads(wasi_ctx_t *ctx, wasmx_linker_t *linker, const wasm_module_t *module,
                             wasmx_error_t *err) {
  if (!ctx || !linker || !module || ctx->threads.module) {
    wm_wasi_fail(err, WASMX_ARGUMENT,
                 "wasi_ctx_define_threads: an argument is NULL, or it is called again");
    return false;
  }
  wasm_importtype_vec_t imports;
  wasm_module_imports(module, &imports);
  bool wanted = false, ok = true;
  for (size_t i = 0; i < imports.size; i++)
    wanted |= is_spawn(imports.data[i]) || shared_memory_of(imports.data[i]);
  if (wanted) ok = define_threads(ctx, linker, module, &imports, err);
  wasm_importtype_vec_delete(&imports);
  return ok;
}

wasm_trap_t *wasi_ctx_end_threads(wasi_ctx_t *ctx, wasm_trap_t *trap) {
  return ctx ? wm_threads_end(&ctx->threads, trap) : trap;
}
