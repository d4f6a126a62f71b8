/* An engine: configuration, the type registry, the memory pool. Loads modules and hands them to the
 * interpreter. Every function may be called from any thread, on a store from one at a time. */
#ifndef WM_ENGINE_ENGINE_H
#define WM_ENGINE_ENGINE_H

#include "runtime/instance.h"
#include "valid/valid.h"

typedef struct Config {
  FeatureSet features;
  u64 stack_bytes;        /* value stack of a store */
  u64 native_stack_bytes; /* native stack that nested entries may use below the outermost one */
} Config;

Config wm_config_default(void);

typedef struct Engine Engine;

/* Counted: the creator holds one count, each store and module one. config NULL: the default. NULL:
 * out of memory. */
Engine *wm_engine_new(const Config *config);
void wm_engine_retain(Engine *engine);
void wm_engine_release(Engine *engine);
TypeRegistry *wm_engine_types(Engine *engine); /* borrowed */

/* Decodes and validates `bytes` (copied) and makes its functions callable. One reference is the
 * caller's. NULL with err set. Any thread. */
LoadedModule *wm_engine_load(Engine *engine, const u8 *bytes, size_t size, Error *err);
/* Decodes and validates only; false with err (may be NULL) set. */
bool wm_engine_validate(Engine *engine, const u8 *bytes, size_t size, Error *err);

/* A store in this engine; holds a count of it until wm_engine_store_delete. NULL: out of memory. */
Store *wm_engine_store_new(Engine *engine);
/* As wm_store_delete (runtime/store.h), whose false it hands on. */
bool wm_engine_store_delete(Store *store);

#endif
