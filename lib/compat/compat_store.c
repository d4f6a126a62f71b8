/* Stores: their life, limits, fuel, deadlines by epochs, and their world of WASI. */
#include "compat/compat.h"

static void drop_object(Object *o) {
  if (o->kind == KIND_INSTANCE) {
    if (o->exports) {
      wasmtime_module_delete(o->exports->module);
      free(o->exports->numbers);
    }
    free(o->exports);
    wasm_instance_delete(o->instance);
  } else {
    free(o->shape);
    wasm_extern_delete(o->external);
  }
}

static void drop_wasi(wasmtime_context_t *c) {
  wasmx_linker_delete(c->world);
  wasi_ctx_delete(c->wasi);
  c->world = NULL;
  c->wasi = NULL;
}

/* What the context holds of the store, which may be gone; finalizers of host objects have run. */
static void context_end(wasmtime_context_t *c) {
  drop_wasi(c);
  for (u32 i = 0; i < c->objects.len; i++) drop_object(&c->objects.data[i]);
  for (u32 i = 0; i < c->roots.len; i++) wasm_ref_delete(c->roots.data[i].ref);
  for (u32 i = 0; i < c->raws.len; i++) wasm_ref_delete(c->raws.data[i]);
  vec_free(&c->objects);
  vec_free(&c->roots);
  vec_free(&c->raws);
  wm_ptrmap_free(&c->defs);
  if (c->on_deadline_finalizer) c->on_deadline_finalizer(c->on_deadline_data);
  wasm_engine_delete(c->engine);
}

static bool ask_at_deadline(void *env);

/* Addresses have 47 bits. A store starts at its deadline, which is epoch 0. */
static bool context_begin(wasmtime_context_t *c, wasm_engine_t *engine) {
  c->info = wm_compat_engine_info(engine);
  c->store = c->info ? wasm_store_new(engine) : NULL;
  if (!c->store) return false;
  c->engine = wasmx_engine_copy(engine);
  u64 count = atomic_fetch_add(&c->info->stores, 1);
  c->id = (u64)(uintptr_t)c << 16 | (count & 0xffff);
  if (!c->info->has_epochs) return true;
  c->epoch = wm_compat_epoch_enter(c->info, c->store);
  wasmtime_context_set_epoch_deadline(c, 0);
  return c->epoch && wasmx_store_set_stop_handler(c->store, ask_at_deadline, c);
}

wasmtime_store_t *wasmtime_store_new(wasm_engine_t *engine, void *data, void (*finalizer)(void *)) {
  wasmtime_store_t *store = engine ? calloc(1, sizeof *store) : NULL;
  if (!store) return NULL;
  if (!context_begin(&store->context, engine)) {
    wm_compat_epoch_leave(store->context.info, store->context.epoch);
    wasm_store_delete(store->context.store);
    context_end(&store->context);
    return free(store), NULL;
  }
  store->context.data = data;
  store->context.finalizer = finalizer;
  return store;
}

/* The store's objects go first, so that their finalizers find what they were made with. */
void wasmtime_store_delete(wasmtime_store_t *store) {
  if (!store || !wasmx_store_try_delete(store->context.store)) return;
  wasmtime_context_t *c = &store->context;
  wm_compat_epoch_leave(c->info, c->epoch);
  context_end(c);
  if (c->finalizer) c->finalizer(c->data);
  free(store);
}

wasmtime_context_t *wasmtime_store_context(wasmtime_store_t *store) {
  return store ? &store->context : NULL;
}

void *wasmtime_context_get_data(const wasmtime_context_t *context) {
  return context ? context->data : NULL;
}

void wasmtime_context_set_data(wasmtime_context_t *context, void *data) {
  if (context) context->data = data;
}

void wasmtime_context_gc(wasmtime_context_t *context) {
  if (!context) return;
  wm_compat_drop_raws(context);
  wasmx_store_collect(context->store);
}

/* ---- limits ---- */

static u64 limit_of(int64_t wanted) { return wanted < 0 ? UINT64_MAX : (u64)wanted; }

void wasmtime_store_limiter(wasmtime_store_t *store, int64_t memory_size, int64_t table_elements,
                            int64_t instances, int64_t tables, int64_t memories) {
  (void)tables, (void)memories;
  if (!store) return;
  wasmx_limits_t limits = {
      sizeof limits, limit_of(memory_size), limit_of(table_elements), limit_of(instances), 0, 0};
  wasmx_store_set_limits(store->context.store, &limits);
}

wasmtime_error_t *wasmtime_context_set_fuel(wasmtime_context_t *context, uint64_t fuel) {
  if (!context) return wm_compat_error("there is no store");
  return wasmx_store_set_fuel(context->store, fuel) ? NULL : wm_compat_last_error();
}

/* Whether fuel counts only setting it tells. */
wasmtime_error_t *wasmtime_context_get_fuel(const wasmtime_context_t *context, uint64_t *fuel) {
  if (!context || !fuel) return wm_compat_error("there is no store, or nowhere to put its fuel");
  *fuel = wasmx_store_fuel(context->store);
  return wasmx_store_set_fuel(context->store, *fuel) ? NULL : wm_compat_last_error();
}

/* ---- epochs ---- */

static bool is_over(const wasmtime_context_t *c) {
  return atomic_load(&c->info->epoch) >= atomic_load(&c->epoch->deadline);
}

static void set_deadline(wasmtime_context_t *c, u64 ticks) {
  u64 deadline;
  if (!checked_add(atomic_load(&c->info->epoch), ticks, &deadline)) deadline = UINT64_MAX;
  atomic_store(&c->epoch->deadline, deadline);
}

/* An increment that comes between raises once more, or is seen here. */
void wasmtime_context_set_epoch_deadline(wasmtime_context_t *context, uint64_t ticks) {
  if (!context || !context->epoch) return;
  wasmx_store_clear_interrupt(context->store);
  set_deadline(context, ticks);
  if (is_over(context)) wasmx_store_interrupt(context->store);
}

/* Whether wasm goes on: the host says so, or the deadline was moved meanwhile. What the callback
 * has to say against it is lost but for that it does: the trap says INTERRUPT. */
static bool ask_at_deadline(void *env) {
  wasmtime_context_t *c = env;
  if (!is_over(c)) return true;
  if (!c->on_deadline) return false;
  u64 ticks = 0;
  wasmtime_update_deadline_kind_t kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  wasmtime_error_t *error = c->on_deadline(c, c->on_deadline_data, &ticks, &kind);
  wasmtime_error_delete(error);
  if (!error) set_deadline(c, ticks);
  return !error && !is_over(c);
}

void wasmtime_store_epoch_deadline_callback(
    wasmtime_store_t *store,
    wasmtime_error_t *(*func)(wasmtime_context_t *context, void *data,
                              uint64_t *epoch_deadline_delta,
                              wasmtime_update_deadline_kind_t *update_kind),
    void *data, void (*finalizer)(void *)) {
  if (!store) return;
  wasmtime_context_t *c = &store->context;
  if (c->on_deadline_finalizer) c->on_deadline_finalizer(c->on_deadline_data);
  c->on_deadline = func;
  c->on_deadline_data = data;
  c->on_deadline_finalizer = finalizer;
}

/* ---- WASI ---- */

wasmtime_error_t *wasmtime_context_set_wasi(wasmtime_context_t *context, wasi_config_t *config) {
  if (!context || !config) {
    wasi_config_delete(config);
    return wm_compat_error("there is no store, or no config");
  }
  drop_wasi(context);
  context->wasi = wasi_ctx_new(context->store, config, NULL);
  context->world = context->wasi ? wasmx_linker_new(context->store) : NULL;
  if (context->world && wasi_ctx_define(context->wasi, context->world)) return NULL;
  wasmtime_error_t *error = wm_compat_last_error();
  drop_wasi(context);
  return error;
}

u32 wm_compat_wasi_func(wasmtime_context_t *context, const wasm_name_t *module,
                        const wasm_name_t *name) {
  if (!context->world) return 0;
  wasm_extern_t *func =
      wasmx_linker_get_n(context->world, module->data, module->size, name->data, name->size);
  return wm_compat_tell(context, WASMTIME_EXTERN_FUNC, func);
}

/* With the same numbers as libwasi's. */
bool wasmtime_wasi_config_preopen_dir(wasi_config_t *config, const char *host_path,
                                      const char *guest_path, wasi_dir_perms dir_perms,
                                      wasi_file_perms file_perms) {
  const size_t known_dir = WASI_DIR_PERMS_READ | WASI_DIR_PERMS_WRITE;
  const size_t known_file = WASI_FILE_PERMS_READ | WASI_FILE_PERMS_WRITE;
  if ((dir_perms & ~known_dir) || (file_perms & ~known_file)) return false;
  return wasi_config_preopen_dir_perms(config, host_path, guest_path, dir_perms, file_perms);
}
