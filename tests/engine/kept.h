/* A program, artifacts of it and a folder to keep them in, for the tests of kept code. */
#ifndef WM_TESTS_ENGINE_KEPT_H
#define WM_TESTS_ENGINE_KEPT_H

#include "engine/cache.h"
#include "engine/tiers.h"
#include "runtime/fixture.h"
#include "support/temporary.h"

#include <sys/stat.h>
#include <unistd.h>

static const char *const program =
    "(module (memory 1) (global $g (mut i32) (i32.const 3)) (table 2 funcref) (elem (i32.const 0) "
    "$sq $bad)"
    " (func $sq (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))"
    " (func $bad (param i32) (result i32) (i32.load (i32.sub (i32.const 0) (local.get 0))))"
    " (func (export \"sum\") (param i32) (result i32) (local i32)"
    "   (loop $l (local.set 1 (i32.add (local.get 1)"
    "     (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))"
    "     (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
    "   (i32.add (local.get 1) (global.get $g)))"
    " (func (export \"trap\") (param i32) (result i32)"
    "   (call_indirect (param i32) (result i32) (local.get 0) (i32.const 1))))";

static inline Config jit_config(void) {
  Config config = config_of_tier(TIER_JIT);
  config.compile_threads = 0;
  return config;
}

static inline Buffer artifact_of(Engine *engine, const char *wat) {
  Buffer binary = binary_of(wat), out = {0};
  Error err = {0};
  LoadedModule *lm = wm_engine_load(engine, binary.data, binary.len, &err);
  assert_non_null(lm);
  assert_true(wm_engine_serialize(lm, &out));
  wm_loaded_release(lm);
  wm_buffer_free(&binary);
  return out;
}

/* Runs it: the sum, and where the trap was. */
static inline void run_module(Engine *engine, LoadedModule *lm) {
  Fixture f = {.engine = engine, .store = wm_engine_store_new(engine)};
  Error err = {0};
  Instance *in = wm_instance_new(f.store, lm, NULL, 0, &err);
  assert_non_null(in);
  u64 slots[1] = {10};
  assert_int_equal(wm_call(f.store, (Func *)export_named(in, "sum"), slots), TRAP_NONE);
  assert_int_equal(slots[0], 388);
  slots[0] = 5;
  assert_int_equal(wm_call(f.store, (Func *)export_named(in, "trap"), slots),
                   TRAP_MEMORY_OUT_OF_BOUNDS);
  Trap *trap = wm_store_take_trap(f.store);
  assert_int_equal(trap->frame_count, 2);
  assert_int_equal(trap->frames[0].func_index, 1);
  assert_int_equal(trap->frames[1].func_index, 3);
  assert_true(wm_engine_store_delete(f.store));
}

/* ---- a folder for the cache ---- */

typedef struct Folder {
  char path[TEMPORARY_SIZE];
  u32 files;
  char name[64];
} Folder;

static inline Folder folder_new(void) {
  Folder f = {0};
  assert_non_null(temporary_folder(f.path, "libwasm_cache"));
  return f;
}

static inline void note_file(void *env, const FileInfo *info) {
  Folder *f = env;
  f->files++;
  snprintf(f->name, sizeof f->name, "%s", info->name);
}

static inline u32 count_files(Folder *f) {
  f->files = 0;
  wm_os_list_folder(f->path, note_file, f);
  return f->files;
}

static inline void folder_delete(Folder *f) {
  wm_cache_trim(f->path, 0);
  assert_int_equal(rmdir(f->path), 0);
}

/* Loads and runs the program with the cache; how many functions had to be compiled. */
static inline u64 run_binary(const Folder *f, const Config *base, const Buffer *binary,
                             Expect expect) {
  Config config = *base;
  snprintf(config.cache, sizeof config.cache, "%s", f->path);
  Engine *engine = wm_engine_new(&config);
  LoadedModule *lm = wm_engine_load(engine, binary->data, binary->len, NULL);
  assert_non_null(lm);
  u64 compiled = wm_engine_tier_stats(engine).functions;
  run_module(engine, lm);
  wm_loaded_release(lm);
  release_checked(engine, expect);
  return compiled;
}

static inline u64 run_cached_as(const Folder *f, const Config *base, Expect expect) {
  Buffer binary = binary_of(program);
  u64 compiled = run_binary(f, base, &binary, expect);
  wm_buffer_free(&binary);
  return compiled;
}

static inline u64 run_cached(const Folder *f, const Config *base) {
  return run_cached_as(f, base, EXPECT_ALL);
}

/* The cache's only file. */
static inline void file_of(Folder *f, char *path, size_t size) {
  assert_int_equal(count_files(f), 1);
  snprintf(path, size, "%s/%s", f->path, f->name);
}

/* With one file in it, whose path goes to path[size]. */
static inline Folder filled_folder(const Config *config, char *path, size_t size) {
  Folder f = folder_new();
  run_cached(&f, config);
  file_of(&f, path, size);
  return f;
}

#endif
