/* Linear memories of the host's bytes, in every tier: who is asked for what, that nothing is read
 * beyond, that all is given back. */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "support/failing_alloc.h"

static const char program[] =
    "(module (memory (export \"m\") 2 4) (data (i32.const 131070) \"ab\")\n"
    " (func (export \"get\") (param i32) (result i32) (i32.load8_u (local.get 0)))\n"
    " (func (export \"wide\") (param i32) (result i64) (i64.load offset=65528 (local.get 0)))\n"
    " (func (export \"put\") (param i32 i32) (i32.store (local.get 0) (local.get 1)))\n"
    " (func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0)))\n"
    " (func (export \"fill\") (param i32 i32 i32)\n"
    "   (memory.fill (local.get 0) (local.get 1) (local.get 2))))";

static const struct {
  wasmx_tier_t tier;
  bool eager;
} tiers[] = {{WASMX_TIER_INTERP, false}, {WASMX_TIER_JIT, false}, {WASMX_TIER_AUTO, true}};
enum { TIERS = 3, PAGE = 65536, SYSTEM_PAGE = 4096 };

/* A host with a heap, or with reservations of its own that fault. */
typedef struct Host {
  bool maps;
  uint64_t largest; /* what it gives at most; 0: no limit */
  uint64_t committable;
  _Atomic int reserved, released, commits, finalized;
  uint64_t last_bytes;
  void *last;
} Host;

static void *host_reserve(void *env, uint64_t bytes) {
  Host *h = env;
  if (h->largest && bytes > h->largest) return NULL;
  h->last_bytes = bytes;
  char *start;
  if (h->maps) {
    start = mmap(NULL, bytes + SYSTEM_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                 -1, 0);
    if (start == MAP_FAILED) return NULL;
    if (mprotect(start, SYSTEM_PAGE, PROT_READ | PROT_WRITE)) abort();
    h->last = start + SYSTEM_PAGE;
  } else {
    start = malloc(bytes + WASMX_MEMORY_HEADER);
    if (!start) return NULL;
    memset(start, 0xEE, bytes + WASMX_MEMORY_HEADER);
    h->last = start + WASMX_MEMORY_HEADER;
  }
  h->reserved++;
  return h->last;
}

static bool host_commit(void *env, void *base, uint64_t from, uint64_t to) {
  Host *h = env;
  if (h->committable && to > h->committable) return false;
  h->commits++;
  assert_true(from % SYSTEM_PAGE == 0 && to % SYSTEM_PAGE == 0 && from < to);
  if (h->maps) return mprotect((char *)base + from, to - from, PROT_READ | PROT_WRITE) == 0;
  memset((char *)base + from, 0, to - from);
  return true;
}

static void host_release(void *env, void *base, uint64_t bytes) {
  Host *h = env;
  h->released++;
  if (h->maps)
    munmap((char *)base - SYSTEM_PAGE, bytes + SYSTEM_PAGE);
  else
    free((char *)base - WASMX_MEMORY_HEADER);
}

static void host_end(void *env) { ((Host *)env)->finalized++; }

static wasmx_memory_hooks_t hooks_of(Host *h) {
  wasmx_memory_hooks_t hooks = {.size = sizeof hooks,
                                .env = h,
                                .reserve = host_reserve,
                                .commit = host_commit,
                                .release = host_release,
                                .finalizer = host_end,
                                .guards = h->maps};
  return hooks;
}

static bool world_of(World *w, Host *h, int tier) {
  wasm_config_t *config = wasm_config_new();
  wasmx_memory_hooks_t hooks = hooks_of(h);
  assert_true(wasmx_config_set_memory_hooks(config, &hooks));
  return world_in_tier(w, config, tiers[tier].tier, tiers[tier].eager);
}

static uint32_t call(wasm_instance_t *in, const char *name, wasmx_slot_t *slots) {
  wasm_func_t *func = wasmx_instance_func(in, name);
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  uint32_t code = wasmx_trap_code(trap);
  wasm_trap_delete(trap);
  wasm_func_delete(func);
  return code;
}

static uint32_t call1(wasm_instance_t *in, const char *name, int32_t arg, int32_t *result) {
  wasmx_slot_t slots[1] = {wasmx_slot_i32(arg)};
  uint32_t code = call(in, name, slots);
  *result = slots[0].i32;
  return code;
}

static void check_ends(wasm_instance_t *in, int32_t end) {
  int32_t r;
  assert_int_equal(call1(in, "get", end - 1, &r), 0);
  assert_int_equal(call1(in, "get", end, &r), WASMX_TRAP_MEMORY_OUT_OF_BOUNDS);
  assert_int_equal(call1(in, "get", -1, &r), WASMX_TRAP_MEMORY_OUT_OF_BOUNDS);
  assert_int_equal(call1(in, "wide", end - 65536, &r), 0);
  assert_int_equal(call1(in, "wide", end - 65535, &r), WASMX_TRAP_MEMORY_OUT_OF_BOUNDS);
  assert_int_equal(call1(in, "wide", -1, &r), WASMX_TRAP_MEMORY_OUT_OF_BOUNDS);
  wasmx_slot_t slots[3] = {wasmx_slot_i32(end - 3), wasmx_slot_i32(1), wasmx_slot_i32(4)};
  assert_int_equal(call(in, "fill", slots), WASMX_TRAP_MEMORY_OUT_OF_BOUNDS);
}

/* The same program in a heap of the host's and in its mappings, with guards and without. */
static void memories_are_the_hosts(void **state) {
  (void)state;
  for (int i = 0; i < 2 * TIERS; i++) {
    Host h = {.maps = i % 2, .committable = 3 * PAGE};
    World w;
    if (!world_of(&w, &h, i / 2)) continue;
    wasm_instance_t *in = instance_of(w.store, program);
    wasm_memory_t *memory = wasmx_instance_memory(in, "m");
    int32_t r;
    assert_int_equal(h.reserved, 1);
    assert_true(h.last_bytes >= 4 * PAGE);
    /* Compiled code leans on guards, where there are any. */
    bool leans = h.maps && tiers[i / 2].tier != WASMX_TIER_INTERP;
    assert_int_equal(h.last_bytes > UINT64_C(1) << 33, leans);
    assert_ptr_equal(wasm_memory_data(memory), h.last);
    assert_int_equal(call1(in, "get", 131071, &r), 0);
    assert_int_equal(r, 'b');
    assert_int_equal(((char *)h.last)[131070], 'a');
    check_ends(in, 2 * PAGE);
    assert_int_equal(call1(in, "grow", 1, &r), 0);
    assert_int_equal(r, 2);
    assert_int_equal(call1(in, "get", 3 * PAGE - 1, &r), 0);
    assert_int_equal(r, 0);
    check_ends(in, 3 * PAGE);
    assert_int_equal(call1(in, "grow", 1, &r), 0); /* which the host does not give */
    assert_int_equal(r, -1);
    check_ends(in, 3 * PAGE);
    assert_false(wasm_memory_grow(memory, 1));
    wasm_memory_delete(memory);
    wasm_instance_delete(in);
    wasmx_store_collect(w.store);
    assert_int_equal(h.released, 1);
    assert_int_equal(h.finalized, 0);
    world_delete(&w);
    assert_int_equal(h.finalized, 1);
  }
}

/* A host that has little: it is asked again for less, down to what is needed now. */
static void hosts_may_have_little(void **state) {
  (void)state;
  for (int tier = 0; tier < TIERS; tier++) {
    Host h = {.largest = 2 * PAGE};
    World w;
    if (!world_of(&w, &h, tier)) continue;
    wasm_instance_t *in =
        instance_of(w.store, "(module (memory 1) (func (export \"grow\") (param i32) (result i32)"
                             " (memory.grow (local.get 0))))");
    int32_t r;
    assert_int_equal(h.last_bytes, PAGE);
    assert_int_equal(call1(in, "grow", 1, &r), 0);
    assert_int_equal(r, -1);
    wasm_module_t *large = module_of(w.store, "(module (memory 3))");
    wasmx_error_t err = {.size = sizeof err};
    assert_null(wasmx_instance_new(w.store, large, NULL, NULL, &err));
    assert_int_equal(err.code, WASMX_OUT_OF_MEMORY);
    wasm_module_delete(large);
    /* Made and not given in the end. */
    h.largest = 0;
    h.committable = PAGE;
    large = module_of(w.store, "(module (memory 3 3))");
    assert_null(wasmx_instance_new(w.store, large, NULL, NULL, &err));
    wasm_module_delete(large);
    wasm_instance_delete(in);
    world_delete(&w);
    assert_int_equal(h.reserved, h.released);
  }
}

/* Memories of other kinds: 64 bit, pages of a byte, empty, shared beyond the engine's end. */
static void memories_of_all_kinds(void **state) {
  (void)state;
  static const char *const texts[] = {
      "(module (memory (export \"m\") i64 1 3))",
      "(module (memory (export \"m\") 0 2))",
      "(module (memory (export \"m\") 100 5000 (pagesize 1)))",
      "(module (memory (export \"m\") 1 2 shared))",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    Host h = {.maps = i % 2};
    World w;
    if (!world_of(&w, &h, 0)) continue;
    wasm_instance_t *in = instance_of(w.store, texts[i]);
    wasm_memory_t *memory = wasmx_instance_memory(in, "m");
    wasmx_shared_memory_t *shared = i == 3 ? wasmx_memory_share(memory) : NULL;
    uint64_t old = 9;
    assert_true(wasmx_memory_grow(memory, 1, &old));
    size_t size = wasm_memory_data_size(memory);
    assert_true(size > 0);
    assert_int_equal(wasm_memory_data(memory)[size - 1], 0);
    wasm_memory_data(memory)[size - 1] = 1;
    wasm_memory_delete(memory);
    wasm_instance_delete(in);
    world_delete(&w);
    assert_int_equal(h.finalized, shared ? 0 : 1);
    if (shared) assert_int_equal(wasmx_shared_memory_data(shared)[size - 1], 1);
    wasmx_shared_memory_delete(shared);
    assert_int_equal(h.finalized, 1);
    assert_int_equal(h.reserved, h.released);
  }
}

static void wrong_hooks(void **state) {
  (void)state;
  Host h = {0};
  wasm_config_t *config = wasm_config_new();
  wasmx_memory_hooks_t hooks = hooks_of(&h);
  assert_false(wasmx_config_set_memory_hooks(config, NULL));
  assert_false(wasmx_config_set_memory_hooks(NULL, &hooks));
  hooks.reserve = NULL;
  assert_false(wasmx_config_set_memory_hooks(config, &hooks));
  hooks = hooks_of(&h);
  hooks.commit = NULL;
  assert_false(wasmx_config_set_memory_hooks(config, &hooks));
  hooks = hooks_of(&h);
  hooks.release = NULL;
  assert_false(wasmx_config_set_memory_hooks(config, &hooks));
  hooks = hooks_of(&h);
  hooks.size = 8;
  assert_false(wasmx_config_set_memory_hooks(config, &hooks));
  assert_last_error(WASMX_ARGUMENT, "hooks");
  assert_int_equal(h.finalized, 0);
  /* Those that others take the place of, and those of no engine. */
  hooks = hooks_of(&h);
  assert_true(wasmx_config_set_memory_hooks(config, &hooks));
  assert_true(wasmx_config_set_memory_hooks(config, &hooks));
  assert_int_equal(h.finalized, 1);
  wasm_config_delete(config);
  assert_int_equal(h.finalized, 2);
}

static void every_allocation_fails(void **state) {
  (void)state;
  for (uint64_t n = 1;; n++) {
    Host h = {0};
    failing_alloc_start(n);
    wasm_config_t *config = wasm_config_new();
    wasmx_memory_hooks_t hooks = hooks_of(&h);
    bool set = config && wasmx_config_set_memory_hooks(config, &hooks);
    wasm_engine_t *engine = set ? wasm_engine_new_with_config(config) : NULL;
    if (!set) wasm_config_delete(config);
    wasm_store_t *store = engine ? wasm_store_new(engine) : NULL;
    wasm_limits_t limits = {1, 2};
    wasm_memorytype_t *type = wasm_memorytype_new(&limits);
    wasm_memory_t *memory = store && type ? wasm_memory_new(store, type) : NULL;
    if (memory) wasm_memory_grow(memory, 1);
    bool failed = failing_alloc_stop();
    assert_true(failed || memory);
    wasm_memory_delete(memory);
    wasm_memorytype_delete(type);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    assert_int_equal(h.finalized, set ? 1 : 0);
    assert_int_equal(h.reserved, h.released);
    if (!failed) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memories_are_the_hosts), cmocka_unit_test(hosts_may_have_little),
      cmocka_unit_test(memories_of_all_kinds),  cmocka_unit_test(wrong_hooks),
      cmocka_unit_test(every_allocation_fails),
  };
  return run_with_text(tests);
}
