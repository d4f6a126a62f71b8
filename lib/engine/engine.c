/* Engines (engine.h): what outlives modules and stores, and the way from bytes to a module that
 * runs. */
#include "engine/engine.h"

#include "binary/decode.h"
#include "interp/interp.h"

#include <stdlib.h>

struct Engine {
  _Atomic u32 references;
  Config config;
  TypeRegistry *types; /* owned */
  MemoryPool *pool;    /* owned */
};

Config wm_config_default(void) {
  return (Config){.features = wm_features_default(),
                  .stack_bytes = DEFAULT_STACK_BYTES,
                  .native_stack_bytes = DEFAULT_NATIVE_STACK_BYTES};
}

static void free_engine(Engine *engine) {
  if (engine->types) wm_types_delete(engine->types);
  if (engine->pool) wm_pool_delete(engine->pool);
  free(engine);
}

Engine *wm_engine_new(const Config *config) {
  Engine *engine = calloc(1, sizeof *engine);
  if (!engine) return NULL;
  atomic_init(&engine->references, 1);
  engine->config = config ? *config : wm_config_default();
  engine->types = wm_types_new();
  engine->pool = wm_pool_new();
  if (engine->types && engine->pool) return engine;
  free_engine(engine);
  return NULL;
}

void wm_engine_retain(Engine *engine) {
  atomic_fetch_add_explicit(&engine->references, 1, memory_order_relaxed);
}

void wm_engine_release(Engine *engine) {
  if (engine && atomic_fetch_sub_explicit(&engine->references, 1, memory_order_acq_rel) == 1)
    free_engine(engine);
}

TypeRegistry *wm_engine_types(Engine *engine) { return engine->types; }

/* ---- modules ---- */

static void forget_module(LoadedModule *lm) {
  wm_module_release_types(&lm->module, lm->types);
  wm_engine_release(lm->engine);
}

/* Bytes to a valid module; on failure `m` is empty. */
static bool read_module(Engine *engine, const u8 *bytes, size_t size, Module *m, Error *err) {
  if (wm_module_decode(m, bytes, size, err) &&
      wm_module_validate(m, engine->types, engine->config.features, err))
    return true;
  wm_module_free(m);
  return false;
}

LoadedModule *wm_engine_load(Engine *engine, const u8 *bytes, size_t size, Error *err) {
  Error unheard = {.code = ERR_NONE};
  if (!err) err = &unheard;
  Module m = {0};
  if (!read_module(engine, bytes, size, &m, err)) return NULL;
  LoadedModule *lm = wm_loaded_new(&m, engine->types);
  if (!lm) {
    wm_error_out_of_memory(err);
    wm_module_release_types(&m, engine->types);
    wm_module_free(&m);
    return NULL;
  }
  lm->engine = engine;
  lm->on_free = forget_module;
  wm_engine_retain(engine);
  wm_interp_prepare(lm);
  return lm;
}

bool wm_engine_validate(Engine *engine, const u8 *bytes, size_t size, Error *err) {
  Error unheard = {.code = ERR_NONE};
  Module m = {0};
  if (!read_module(engine, bytes, size, &m, err ? err : &unheard)) return false;
  wm_module_release_types(&m, engine->types);
  wm_module_free(&m);
  return true;
}

/* ---- stores ---- */

Store *wm_engine_store_new(Engine *engine) {
  Store *store = wm_store_new(engine->types, engine->pool, engine);
  if (!store) return NULL;
  store->stack_bytes = engine->config.stack_bytes;
  store->native_stack_bytes = engine->config.native_stack_bytes;
  wm_interp_prepare_store(store);
  wm_engine_retain(engine);
  return store;
}

bool wm_engine_store_delete(Store *store) {
  if (!store) return true;
  Engine *engine = store->engine;
  if (!wm_store_delete(store)) return false;
  wm_engine_release(engine);
  return true;
}
