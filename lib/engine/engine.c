/* Engines (engine.h): what outlives modules and stores, and the way from bytes to a module that
 * runs. */
#include "engine/engine.h"

#include "binary/decode.h"
#include "engine/artifact.h"
#include "engine/cache.h"
#include "engine/deadlines.h"
#include "engine/tiers.h"
#include "interp/interp.h"

#include <stdlib.h>

struct Engine {
  _Atomic u32 references;
  Config config;
  TypeRegistry *types; /* owned */
  MemoryPool *pool;    /* owned */
  JitOptions options;
  Tiers *tiers; /* owned; NULL: interpreter only */
  Deadlines deadlines;
};

enum { CALL_THRESHOLD = 200, LOOP_THRESHOLD = 8 * DEFAULT_TICKS, MAX_DEFAULT_THREADS = 8 };

/* Half of the processors; a single one compiles when it must. */
static u32 default_threads(void) {
  u32 processors = wm_os_processors();
  return min_u32(processors / 2, MAX_DEFAULT_THREADS);
}

Config wm_config_default(void) {
  return (Config){.features = wm_features_default(),
                  .stack_bytes = DEFAULT_STACK_BYTES,
                  .native_stack_bytes = DEFAULT_NATIVE_STACK_BYTES,
                  .compile_threads = default_threads(),
                  .signals = true,
                  .call_threshold = CALL_THRESHOLD,
                  .loop_threshold = LOOP_THRESHOLD,
                  .cache_bytes = DEFAULT_CACHE_BYTES,
                  .jit = {.cpu = UINT32_MAX}};
}

/* ---- the compiler, where it is built ---- */

#if WITH_JIT

bool wm_config_can_compile(void) {
  u32 cpu;
  return wm_tiers_available(&cpu);
}

static JitOptions jit_options(const Config *config, bool guards) {
  JitOptions options = config->jit;
  u32 cpu;
  wm_tiers_available(&cpu);
  options.cpu &= cpu;
  options.explicit_bounds = !guards;
  options.canonical_nan = config->canonical_nan;
  options.fuel = config->fuel;
  return options;
}

/* Whether guards tell the ends of memories is the same for all of the engine's code. */
static bool make_tiers(Engine *engine) {
  if (!wm_config_can_compile()) engine->config.tier = TIER_INTERP;
  if (engine->config.tier == TIER_INTERP) return true;
  bool guards = engine->config.signals && wm_pool_want_guards(engine->pool);
  engine->options = jit_options(&engine->config, guards);
  engine->tiers = wm_tiers_new(&engine->config, &engine->options);
  return engine->tiers != NULL;
}

static void free_tiers(Engine *engine) {
  if (engine->tiers) wm_tiers_delete(engine->tiers);
}

/* Of an engine that keeps what it compiles: more was than when the module was loaded. */
static bool is_worth_keeping(const LoadedModule *lm) {
  const Engine *engine = lm->engine;
  return engine->config.cache[0] && lm->bodies && lm->bodies != lm->cached_bodies;
}

/* The module's last user is gone. */
static void end_module(LoadedModule *lm) {
  const Engine *engine = lm->engine;
  wm_tiers_forget(lm);
  if (is_worth_keeping(lm))
    wm_cache_store(engine->config.cache, engine->config.cache_bytes, &engine->options, lm);
}

static void adopt(Engine *engine, LoadedModule *lm) {
  if (!engine->tiers) return;
  wm_tiers_adopt(engine->tiers, lm);
  lm->on_unused = end_module;
}

void wm_engine_compile(LoadedModule *lm) {
  Engine *engine = lm->engine;
  if (engine->config.tier == TIER_JIT) wm_tiers_compile_all(engine->tiers, lm);
}

static bool prepare_faults(const Engine *engine) {
  return !engine->tiers || engine->options.explicit_bounds || wm_native_catch_faults();
}

TierStats wm_engine_tier_stats(const Engine *engine) {
  return engine->tiers ? wm_tiers_stats(engine->tiers) : (TierStats){0};
}

#else

TierStats wm_engine_tier_stats(const Engine *engine) {
  (void)engine;
  return (TierStats){0};
}

bool wm_config_can_compile(void) { return false; }

static bool make_tiers(Engine *engine) {
  engine->config.tier = TIER_INTERP;
  return true;
}

static void free_tiers(Engine *engine) { (void)engine; }

static void adopt(Engine *engine, LoadedModule *lm) {
  (void)engine;
  (void)lm;
}

void wm_engine_compile(LoadedModule *lm) { (void)lm; }

static bool prepare_faults(const Engine *engine) {
  (void)engine;
  return true;
}

#endif

Tier wm_engine_tier(const Engine *engine) { return engine->config.tier; }

JitOptions wm_engine_jit_options(const Engine *engine) { return engine->options; }

bool wm_engine_charges_fuel(const Engine *engine) { return engine->config.fuel; }

Demangle wm_engine_demangle(const Engine *engine) { return engine->config.demangle; }

/* ---- engines ---- */

static void free_engine(Engine *engine) {
  wm_deadlines_end(&engine->deadlines);
  free_tiers(engine);
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
  if (engine->types && engine->pool && wm_deadlines_init(&engine->deadlines) && make_tiers(engine))
    return engine;
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
      wm_module_validate(m, engine->types, engine->config.features, engine->config.compile_threads,
                         err))
    return true;
  wm_module_free(m);
  return false;
}

LoadedModule *wm_engine_read(Engine *engine, const u8 *bytes, size_t size, Error *err) {
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
  lm->charges_fuel = engine->config.fuel;
  lm->canonical_nan = engine->config.canonical_nan;
  wm_interp_prepare(lm);
  adopt(engine, lm);
  return lm;
}

LoadedModule *wm_engine_load(Engine *engine, const u8 *bytes, size_t size, Error *err) {
  LoadedModule *lm = wm_engine_read(engine, bytes, size, err);
  if (!lm) return NULL;
  if (lm->machine && engine->config.cache[0]) {
    wm_cache_load(engine->config.cache, &engine->options, lm);
    lm->cached_bodies = lm->bodies;
  }
  wm_engine_compile(lm);
  return lm;
}

bool wm_engine_serialize(LoadedModule *lm, Buffer *out) {
  const Engine *engine = lm->engine;
  return wm_artifact_write(lm, &engine->options, out);
}

LoadedModule *wm_engine_deserialize(Engine *engine, const u8 *bytes, size_t size, Error *err) {
  size_t module_size;
  const u8 *module = wm_artifact_module(&engine->options, bytes, size, &module_size, err);
  LoadedModule *lm = module ? wm_engine_read(engine, module, module_size, err) : NULL;
  if (!lm) return NULL;
  if (lm->machine && !wm_artifact_attach(lm, bytes, size)) {
    wm_error_out_of_memory(err);
    wm_loaded_release(lm);
    return NULL;
  }
  wm_engine_compile(lm);
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

static bool set_call_deadline(Store *store, u64 at_ns) {
  Engine *engine = store->engine;
  return wm_deadlines_set(&engine->deadlines, store->stop, STOP_CALL_DEADLINE, at_ns);
}

Store *wm_engine_store_new(Engine *engine) {
  if (!prepare_faults(engine)) return NULL;
  Store *store = wm_store_new(engine->types, engine->pool, engine);
  if (!store) return NULL;
  store->stack_bytes = engine->config.stack_bytes;
  store->native.budget_bytes = engine->config.native_stack_bytes;
  store->set_call_deadline = set_call_deadline;
  wm_interp_prepare_store(store);
  wm_engine_retain(engine);
  return store;
}

bool wm_engine_set_deadline(Store *store, u64 nanoseconds) {
  Engine *engine = store->engine;
  u64 at = 0, now = nanoseconds ? wm_os_monotonic_ns() : 0;
  if (nanoseconds && !checked_add(now, nanoseconds, &at)) at = 0;
  bool ok = wm_deadlines_set(&engine->deadlines, store->stop, STOP_DEADLINE, at);
  if (!nanoseconds) wm_stop_take_back(store->stop, STOP_ASKED);
  return ok;
}

bool wm_engine_store_delete(Store *store) {
  if (!store) return true;
  Engine *engine = store->engine;
  if (!store->activation) wm_deadlines_set(&engine->deadlines, store->stop, STOP_DEADLINE, 0);
  if (!wm_store_delete(store)) return false;
  wm_engine_release(engine);
  return true;
}
