/* Kept code while memory is short: whichever allocation fails, loading, learning of what was not
 * kept, and keeping end in an orderly error or do without; and the next run is right. */
#include "engine/image.h"

#include "kept.h"

/* What the folder holds before the run whose allocations fail, and what that run does. */
typedef enum Before { NOTHING, ALL_KEPT, HALF_KEPT } Before;

typedef struct Way {
  const char *name;
  Tier tier;
  Before before;
  bool by_file; /* wm_engine_deserialize_file of what is in the folder */
} Way;

static const Way ways[] = {
    {"all is compiled and kept", TIER_JIT, NOTHING, false},
    {"what ran is compiled and kept", TIER_AUTO, NOTHING, false},
    {"all is read", TIER_JIT, ALL_KEPT, false},
    {"half is read, half learnt", TIER_AUTO, HALF_KEPT, false},
    {"half is read, half compiled", TIER_JIT, HALF_KEPT, false},
    {"a file is read", TIER_JIT, ALL_KEPT, true},
    {"a file is read and learnt of", TIER_AUTO, HALF_KEPT, true},
};

/* Functions that are so small a part of the code that a file without them is not written anew. */
enum { LEFT_OUT = 2 };

static Buffer binary;

/* Two calls; how many of them trapped because memory was short. */
static u32 call(Store *store, Instance *in, const char *name, u64 argument, TrapCode expected) {
  u32 count = 0;
  for (u32 i = 0; i < 2; i++) {
    u64 slots[1] = {argument};
    TrapCode trap = wm_call(store, (Func *)export_named(in, name), slots);
    count += trap == TRAP_OUT_OF_MEMORY;
    if (trap == TRAP_OUT_OF_MEMORY) continue;
    assert_int_equal(trap, expected);
    if (!trap) assert_int_equal(slots[0], 388);
  }
  return count;
}

/* An engine without address space for guards takes no code that was compiled for them. */
static bool may_refuse(const Way *way, const Engine *engine, const Error *err) {
  return err->code == ERR_OUT_OF_MEMORY ||
         (way->by_file && wm_engine_jit_options(engine).explicit_bounds);
}

static LoadedModule *load_by(const Way *way, Engine *engine, const char *path) {
  Error err = {0};
  LoadedModule *lm = way->by_file ? wm_engine_deserialize_file(engine, path, &err)
                                  : wm_engine_load(engine, binary.data, binary.len, &err);
  if (!lm && !may_refuse(way, engine, &err)) fail_msg("%s: %s", way->name, err.message);
  return lm;
}

/* The scenario, all of it or what there is memory for; how many calls had too little. */
static u32 play(const Way *way, const Config *config, const char *path) {
  Engine *engine = wm_engine_new(config);
  Store *store = engine ? wm_engine_store_new(engine) : NULL;
  LoadedModule *lm = store ? load_by(way, engine, path) : NULL;
  Instance *in = lm ? wm_instance_new(store, lm, NULL, 0, NULL) : NULL;
  u32 count = in ? call(store, in, "sum", 10, TRAP_NONE) : 0;
  if (in && way->before != NOTHING) count += call(store, in, "trap", 5, TRAP_MEMORY_OUT_OF_BOUNDS);
  if (store) assert_true(wm_engine_store_delete(store));
  wm_loaded_release(lm);
  wm_engine_release(engine);
  return count;
}

static Config config_of(const Way *way, const Folder *f) {
  Config config = jit_config();
  config.tier = way->tier;
  snprintf(config.cache, sizeof config.cache, "%s", f->path);
  return config;
}

/* Puts the folder into the state before; of a half only "sum" ran, and what it calls. */
static void prepare(const Way *way, Folder *f, char *path, size_t size) {
  wm_cache_trim(f->path, 0);
  *path = 0;
  if (way->before == NOTHING) return;
  Way first = {way->name, way->before == HALF_KEPT ? TIER_AUTO : TIER_JIT, NOTHING, false};
  Config config = config_of(&first, f);
  play(&first, &config, NULL);
  file_of(f, path, size);
}

typedef void Start(uint64_t n);

/* Every state that a failure leaves behind is one from which the next run goes on; without guards
 * it kept code of another kind, in a second file. */
static uint64_t fail_each(const Way *way, Start *start) {
  Folder f = folder_new();
  char path[160];
  Config config = config_of(way, &f), other = jit_config();
  uint64_t n = 1;
  for (bool failed = true; failed; n++) {
    prepare(way, &f, path, sizeof path);
    start(n);
    u32 count = play(way, &config, path);
    assert_true(count <= 1 || start != failing_alloc_start); /* the next call has what it needs */
    failed = failing_alloc_stop();
    run_cached(&f, &other);
    assert_in_range(run_cached(&f, &other), 0, LEFT_OUT);
    assert_in_range(count_files(&f), 1, 2);
  }
  folder_delete(&f);
  return n - 2;
}

static void every_allocation_fails_once(void **state) {
  (void)state;
  if (!wm_config_can_compile()) skip();
  for (u32 i = 0; i < ARRAY_LEN(ways); i++) {
    uint64_t count = fail_each(&ways[i], failing_alloc_start);
    print_message("%s: %llu allocations\n", ways[i].name, (unsigned long long)count);
    assert_true(count > 50);
  }
}

static void memory_stays_short(void **state) {
  (void)state;
  if (!wm_config_can_compile()) skip();
  for (u32 i = 0; i < ARRAY_LEN(ways); i++) fail_each(&ways[i], failing_alloc_start_all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_allocation_fails_once),
      cmocka_unit_test(memory_stays_short),
  };
  binary = binary_of(program);
  int status = cmocka_run_group_tests(tests, NULL, NULL);
  wm_buffer_free(&binary);
  return status;
}
