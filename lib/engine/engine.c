/* Engines (engine.h): what outlives modules and stores, and the way from bytes to a module that
 * runs. */
#include "engine/engine.h"

#include "binary/decode.h"
#include "engine/artifact.h"
#include "engine/cache.h"
#include "engine/deadlines.h"
#include "engine/image.h"
#include "engine/tiers.h"
#include "interp/interp.h"
#include "os/os_fault.h"
#include "runtime/fiber.h"

#include <stdlib.h>

struct Engine {
  _Atomic u32 references;
  Config config;
  TypeRegistry *types; /* owned */
  MemoryPool *pool;    /* owned */
  JitOptions options;
  Tiers *tiers; /* owned; NULL: interpreter only */
  Deadlines deadlines;
  FiberPool fibers;
  _Atomic(HostNote *) note; /* owned; NULL: none */
};

enum {
  WORTH_REWRITING = 8, /* the part of the code that was kept that must be new */
  CODE_PER_WASM = 4,   /* bytes of code that a byte of wasm makes, about */
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

/* The bytes of a module: to be copied; from malloc, and taken over by who reads it; or borrowed. */
typedef enum InputKind { INPUT_COPIED, INPUT_OWNED, INPUT_BORROWED } InputKind;
typedef struct Input {
  const u8 *bytes;
  size_t size_bytes;
  InputKind kind;
} Input;

static u64 fingerprint_of(const Engine *engine) {
  return wm_artifact_fingerprint(&engine->options, engine->config.features);
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
  options.relaxed_fast = config->relaxed_fast;
  return options;
}

/* Whether guards tell the ends of memories is the same for all of the engine's code. */
static bool make_tiers(Engine *engine) {
  if (!wm_config_can_compile()) engine->config.tier = TIER_INTERP;
  if (engine->config.tier == TIER_INTERP) return true;
  bool faults = engine->config.signals && wm_os_null_faults();
  bool guards = faults && wm_pool_want_guards(engine->pool);
  engine->options = jit_options(&engine->config, guards);
  engine->tiers = wm_tiers_new(&engine->config, &engine->options);
  return engine->tiers != NULL;
}

static void free_tiers(Engine *engine) {
  if (engine->tiers) wm_tiers_delete(engine->tiers);
}

/* Of code that was not kept yet. */
static u64 fresh_bytes(const LoadedModule *lm) {
  u64 sum = 0;
  for (const NativeBody *b = lm->bodies; b; b = b->next)
    if (!b->osr_offset && !native_is_of_image(lm, b)) sum += b->size_bytes;
  return sum;
}

/* Whether the artifact is to be written anew: much is new, or what was kept is damaged. */
static bool is_worth_keeping(const LoadedModule *lm, u64 fresh) {
  return fresh > wm_image_code_bytes(lm) / WORTH_REWRITING || wm_image_is_damaged(lm);
}

/* All that ran is kept, also what was not hot: the next run is to begin with code. */
static void keep(Engine *engine, LoadedModule *lm) {
  u64 coming = wm_tiers_called_bytes(lm) * CODE_PER_WASM;
  if (coming && is_worth_keeping(lm, fresh_bytes(lm) + coming))
    wm_tiers_compile_called(engine->tiers, lm);
}

/* The module's last user is gone. */
static void end_module(LoadedModule *lm) {
  Engine *engine = lm->engine;
  const Config *config = &engine->config;
  if (config->cache[0]) keep(engine, lm);
  wm_tiers_forget(lm);
  if (config->cache[0] && is_worth_keeping(lm, fresh_bytes(lm)))
    wm_cache_store(config->cache, config->cache_bytes, fingerprint_of(engine), lm);
}

/* A module whose bodies were valid when its code was kept: each is checked when it is needed. */
static bool validate_kept(Engine *engine, Module *m, Error *err) {
  return wm_module_validate_outside(m, engine->types, engine->config.features, err);
}

static bool learn(LoadedModule *lm, u32 func_index) {
  const Engine *engine = lm->engine;
  return wm_module_validate_body(&lm->module, lm->types, engine->config.features, func_index);
}

static void adopt(Engine *engine, LoadedModule *lm) {
  if (!engine->tiers) return;
  wm_tiers_adopt(engine->tiers, lm);
  lm->learn = learn;
  lm->on_unused = end_module;
}

void wm_engine_compile(LoadedModule *lm) {
  Engine *engine = lm->engine;
  if (engine->config.tier == TIER_JIT) wm_tiers_compile_all(engine->tiers, lm);
}

static bool open_kept(const Engine *engine, const Input *in, Artifact *out) {
  return engine->tiers && engine->config.cache[0] &&
         wm_cache_open(engine->config.cache, fingerprint_of(engine), in->bytes, in->size_bytes,
                       out);
}

static bool attach(LoadedModule *lm, Artifact *artifact, Error *err) {
  if (lm->machine) return wm_image_attach(lm, artifact, err);
  wm_artifact_close(artifact);
  return true;
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

static bool validate_kept(Engine *engine, Module *m, Error *err) {
  return (void)engine, (void)m, (void)err, false;
}

static bool open_kept(const Engine *engine, const Input *in, Artifact *out) {
  return (void)engine, (void)in, (void)out, false;
}

static bool attach(LoadedModule *lm, Artifact *artifact, Error *err) {
  (void)lm, (void)err;
  wm_artifact_close(artifact);
  return true;
}

static bool prepare_faults(const Engine *engine) {
  (void)engine;
  return true;
}

#endif

JitOptions wm_engine_jit_options(const Engine *engine) { return engine->options; }

bool wm_engine_charges_fuel(const Engine *engine) { return engine->config.fuel; }

PoolStats wm_engine_pool_stats(const Engine *engine) { return wm_pool_stats(engine->pool); }

Demangle wm_engine_demangle(const Engine *engine) { return engine->config.demangle; }

/* ---- engines ---- */

static void free_engine(Engine *engine) {
  wm_deadlines_end(&engine->deadlines);
  free_tiers(engine);
  wm_fiber_pool_end(&engine->fibers);
  if (engine->types) wm_types_delete(engine->types);
  if (engine->pool) wm_pool_delete(engine->pool);
  wm_host_note_free(atomic_load(&engine->note));
  free(engine);
}

void wm_host_note_free(HostNote *note) {
  if (note && note->finalizer) note->finalizer(note->info);
  free(note);
}

bool wm_engine_set_note(Engine *engine, HostNote *note) {
  HostNote *none = NULL;
  return atomic_compare_exchange_strong(&engine->note, &none, note);
}

const HostNote *wm_engine_note(const Engine *engine) { return atomic_load(&engine->note); }

Engine *wm_engine_new(const Config *config) {
  Engine *engine = calloc(1, sizeof *engine);
  if (!engine) return NULL;
  atomic_init(&engine->references, 1);
  engine->config = config ? *config : wm_config_default();
  engine->types = wm_types_new();
  if (engine->types) wm_types_set_owner(engine->types, engine);
  engine->pool = wm_pool_new();
  if (engine->pool) wm_pool_use_source(engine->pool, engine->config.memory_source);
  if (engine->types && engine->pool && wm_deadlines_init(&engine->deadlines) &&
      wm_fiber_pool_init(&engine->fibers) && make_tiers(engine))
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

static bool decode(const Input *in, Module *m, Error *err) {
  switch (in->kind) {
  case INPUT_OWNED:
    return wm_module_decode_owned(m, (u8 *)(uintptr_t)in->bytes, in->size_bytes, err);
  case INPUT_BORROWED: return wm_module_decode_borrowed(m, in->bytes, in->size_bytes, err);
  default: return wm_module_decode(m, in->bytes, in->size_bytes, err);
  }
}

/* Bytes to a valid module; on failure `m` is empty. is_known: its bodies were valid before. */
static bool read_module(Engine *engine, const Input *in, bool is_known, Module *m, Error *err) {
  const Config *config = &engine->config;
  if (decode(in, m, err) && (is_known ? validate_kept(engine, m, err)
                                      : wm_module_validate(m, engine->types, config->features,
                                                           config->compile_threads, err)))
    return true;
  wm_module_free(m);
  return false;
}

static LoadedModule *new_module(Engine *engine, const Input *in, bool is_known, Error *err) {
  Module m = {0};
  if (!read_module(engine, in, is_known, &m, err)) return NULL;
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

LoadedModule *wm_engine_read(Engine *engine, const u8 *bytes, size_t size, Error *err) {
  Error unheard = {.code = ERR_NONE};
  return new_module(engine, &(Input){bytes, size, INPUT_COPIED}, false, err ? err : &unheard);
}

/* Of a module whose bodies are known to be valid: all that is missing without an image. */
static bool learn_all(LoadedModule *lm, Error *err) {
  const Module *m = &lm->module;
  for (u32 i = m->func_import_count; i < m->func_count; i++)
    if (!wm_loaded_learn(lm, i)) return wm_error_out_of_memory(err);
  wm_interp_prepare(lm);
  return true;
}

/* With what is kept of it. The artifact, which is damaged or too much, is gone when it is of no
 * use. */
static LoadedModule *load_kept(Engine *engine, const Input *in, Artifact *kept, Error *err) {
  Error ignored = {.code = ERR_NONE};
  LoadedModule *lm = new_module(engine, in, true, err);
  if (!lm) {
    wm_artifact_close(kept);
    return NULL;
  }
  if (attach(lm, kept, &ignored) || learn_all(lm, err)) return lm;
  wm_loaded_release(lm);
  return NULL;
}

static LoadedModule *load(Engine *engine, const Input *in, Error *err) {
  Error unheard = {.code = ERR_NONE};
  Artifact kept;
  if (!err) err = &unheard;
  LoadedModule *lm = open_kept(engine, in, &kept) ? load_kept(engine, in, &kept, err)
                                                  : new_module(engine, in, false, err);
  if (lm) wm_engine_compile(lm);
  return lm;
}

LoadedModule *wm_engine_load(Engine *engine, const u8 *bytes, size_t size, Error *err) {
  return load(engine, &(Input){bytes, size, INPUT_COPIED}, err);
}

LoadedModule *wm_engine_load_owned(Engine *engine, u8 *bytes, size_t size, Error *err) {
  return load(engine, &(Input){bytes, size, INPUT_OWNED}, err);
}

LoadedModule *wm_engine_load_borrowed(Engine *engine, const u8 *bytes, size_t size, Error *err) {
  return load(engine, &(Input){bytes, size, INPUT_BORROWED}, err);
}

bool wm_engine_serialize(LoadedModule *lm, Buffer *out) {
  return wm_artifact_write(lm, fingerprint_of(lm->engine), out);
}

/* The artifact's module without its code. Where nothing is compiled there is no image: all bodies
 * are validated at once. */
static LoadedModule *module_of(Engine *engine, const Artifact *artifact, Error *err) {
  u8 *bytes = wm_artifact_module(artifact, err);
  Input in = {bytes, (size_t)artifact->header.module_bytes, INPUT_OWNED};
  return bytes ? new_module(engine, &in, engine->tiers != NULL, err) : NULL;
}

static LoadedModule *deserialize(Engine *engine, const ArtifactSource *source, Error *err) {
  Artifact artifact;
  if (!wm_artifact_open(fingerprint_of(engine), source, &artifact, err)) return NULL;
  LoadedModule *lm = module_of(engine, &artifact, err);
  if (!lm) {
    wm_artifact_close(&artifact);
    return NULL;
  }
  if (!attach(lm, &artifact, err)) {
    wm_loaded_release(lm);
    return NULL;
  }
  wm_engine_compile(lm);
  return lm;
}

LoadedModule *wm_engine_deserialize(Engine *engine, const u8 *bytes, size_t size, Error *err) {
  static const u8 none[1];
  return deserialize(engine, &(ArtifactSource){.bytes = bytes ? bytes : none, .size_bytes = size},
                     err);
}

LoadedModule *wm_engine_deserialize_part(Engine *engine, const char *path, u64 at, u64 size,
                                         Error *err) {
  ArtifactSource source = {.file_at = at};
  if (!wm_os_open_trusted_file(path, FILE_OWN_OR_ROOT, &source.file)) {
    wm_error_set(
        err, ERR_ARGUMENT, 0,
        "the file cannot be read, is neither this user's nor root's, or others may write it");
    return NULL;
  }
  u64 behind = source.file.size_bytes - min_u64(at, source.file.size_bytes);
  source.size_bytes = min_u64(size, behind);
  return deserialize(engine, &source, err);
}

LoadedModule *wm_engine_deserialize_file(Engine *engine, const char *path, Error *err) {
  return wm_engine_deserialize_part(engine, path, 0, UINT64_MAX, err);
}

bool wm_engine_validate(Engine *engine, const u8 *bytes, size_t size, Error *err) {
  Error unheard = {.code = ERR_NONE};
  Module m = {0};
  if (!read_module(engine, &(Input){bytes, size, INPUT_COPIED}, false, &m, err ? err : &unheard))
    return false;
  wm_module_release_types(&m, engine->types);
  wm_module_free(&m);
  return true;
}

/* ---- stores ---- */

static bool set_call_deadline(Store *store, u64 at_ns) {
  Engine *engine = store->engine;
  return wm_deadlines_set(&engine->deadlines, store->stop, STOP_CALL_DEADLINE, at_ns);
}

static Store *make_store(Engine *engine, Account *account) {
  if (!prepare_faults(engine)) return NULL;
  Store *store = wm_store_new(engine->types, engine->pool, engine, account);
  if (!store) return NULL;
  store->stack_bytes = engine->config.stack_bytes;
  store->heap_stress = (u8)engine->config.heap_stress;
  store->heap_full_only = engine->config.heap_full_only;
  store->native.budget_bytes = engine->config.native_stack_bytes;
  store->set_call_deadline = set_call_deadline;
  store->fiber_pool = &engine->fibers;
  wm_interp_prepare_store(store);
  wm_engine_retain(engine);
  return store;
}

Store *wm_engine_store_new(Engine *engine) { return make_store(engine, NULL); }

Store *wm_engine_store_new_beside(const Store *other) {
  Engine *engine = other->engine;
  Store *store = make_store(engine, other->account);
  if (store && !wm_deadlines_copy(&engine->deadlines, other->stop, store->stop, STOP_DEADLINE)) {
    wm_engine_store_delete(store);
    store = NULL;
  }
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
