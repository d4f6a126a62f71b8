/* An engine, a store and modules written as text, for the tests of runtime/ and engine/. */
#ifndef WM_TESTS_RUNTIME_FIXTURE_H
#define WM_TESTS_RUNTIME_FIXTURE_H

#include "engine/engine.h"
#include "runtime/collect.h"
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
  Engine *engine;
  Store *store;
} Fixture;

static inline int setup(void **state) {
  Fixture *f = calloc(1, sizeof *f);
  Config config = wm_config_default();
  config.tier = FIXTURE_TIER;
  f->engine = wm_engine_new(&config);
  f->store = wm_engine_store_new(f->engine);
  *state = f;
  return f->store ? 0 : -1;
}

static inline int teardown(void **state) {
  Fixture *f = *state;
  bool deleted = !f->store || wm_engine_store_delete(f->store);
  wm_engine_release(f->engine);
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
