/* An engine, a store and modules written as text, for the tests of runtime/ and engine/. */
#ifndef WM_TESTS_RUNTIME_FIXTURE_H
#define WM_TESTS_RUNTIME_FIXTURE_H

#include "engine/engine.h"
#include "runtime/collect.h"
#include "support/compiled.h"
#include "support/failing_alloc.h"
#include "text/wat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* A test of one tier says so before it includes this. */
#ifndef FIXTURE_TIER
#define FIXTURE_TIER TIER_AUTO
#endif

typedef struct Fixture {
  Tier tier;
  Engine *engine;
  Store *store;
} Fixture;

/* A tier's configuration for tests: the compiler checks itself. */
static inline Config config_of_tier(Tier tier) {
  Config config = wm_config_default();
  config.tier = tier;
  config.jit.verify = true;
  config.jit.sabotage = !strcmp(test_sabotage(), "drop")     ? SABOTAGE_DROP
                        : !strcmp(test_sabotage(), "reject") ? SABOTAGE_REJECT
                                                             : SABOTAGE_NONE;
  return config;
}

/* Whether an engine of this tier compiles what it loads. */
static inline bool compiles_all(Tier tier) { return tier == TIER_JIT && wm_config_can_compile(); }

/* Releases the engine of a test, in which modules were loaded. */
static inline void release_checked(Engine *engine, Expect expect) {
  if (!wm_config_can_compile()) expect = EXPECT_NO_FAULT;
  const char *fault = compiled_fault((const wasm_engine_t *)(const void *)engine, expect);
  wm_engine_release(engine);
  if (fault) fail_msg("%s", fault);
}

static inline int setup(void **state) {
  Fixture *f = calloc(1, sizeof *f);
  bool jit = FIXTURE_TIER == TIER_AUTO && test_wants_jit();
  f->tier = jit ? TIER_JIT : FIXTURE_TIER;
  Config config = config_of_tier(f->tier);
  f->engine = wm_engine_new(&config);
  f->store = wm_engine_store_new(f->engine);
  *state = f;
  return f->store ? 0 : -1;
}

static inline int teardown(void **state) {
  Fixture *f = *state;
  bool deleted = !f->store || wm_engine_store_delete(f->store);
  release_checked(f->engine, compiles_all(f->tier) ? EXPECT_ALL : EXPECT_NO_FAULT);
  free(f);
  return deleted ? 0 : -1;
}

/* The module's binary; the caller frees it. */
static inline Buffer binary_of(const char *wat) {
  Buffer out = {0};
  Error err = {0};
  if (!wm_wat_to_binary(wat, strlen(wat), &out, &err)) fail_msg("%s", err.message);
  return out;
}

static inline LoadedModule *load(Fixture *f, const char *wat) {
  Buffer b = binary_of(wat);
  Error err = {0};
  LoadedModule *lm = wm_engine_load(f->engine, b.data, b.len, &err);
  wm_buffer_free(&b);
  if (!lm) fail_msg("%s", err.message);
  return lm;
}

/* An instance that nothing holds yet; its module lives as long as it. */
static inline Instance *instantiate(Fixture *f, const char *wat, Object *const *imports,
                                    u32 count) {
  LoadedModule *lm = load(f, wat);
  Error err = {0};
  Instance *in = wm_instance_new(f->store, lm, imports, count, &err);
  wm_loaded_release(lm);
  if (!in) fail_msg("%s", err.message);
  return in;
}

static inline Object *export_named(Instance *in, const char *name) {
  u32 index;
  if (!wm_namemap_get(&in->module->module.export_map, name, (u32)strlen(name), &index))
    fail_msg("no export %s", name);
  return wm_instance_export(in, &in->module->module.exports[index]);
}

static inline u64 count_objects(const Store *store, ObjectKind kind) {
  u64 n = 0;
  for (const Object *o = store->objects; o; o = o->next) n += o->kind == kind;
  return n;
}

static inline void count_call(void *counter) { ++*(int *)counter; }

#endif
