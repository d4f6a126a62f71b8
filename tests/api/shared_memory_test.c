/* Shared memories: the same one in several stores and threads, its growth and limits, waiting and
 * everything that ends it, and a fork in the middle. */
#include "api/fixture.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 20000, CHILD_SECONDS = 60 };

static const char program[] =
    "(module (import \"\" \"m\" (memory 1 100 shared))"
    " (func (export \"count\") (param i32) (result i32)"
    "   (loop $l (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))"
    "     (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
    "   (i32.atomic.load (i32.const 0)))"
    " (func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0)))"
    " (func (export \"size\") (param i32) (result i32) (memory.size))"
    " (func (export \"load\") (param i32) (result i32) (i32.load (local.get 0)))"
    /* waits while the word is 0; -1: for ever, INT64_MAX too */
    " (func (export \"wait\") (param i32) (result i32)"
    "   (memory.atomic.wait32 (local.get 0) (i32.const 0) (i64.const -1)))"
    " (func (export \"wait_long\") (param i32) (result i32)"
    "   (memory.atomic.wait64 (local.get 0) (i64.const 0) (i64.const 0x7FFFFFFFFFFFFFFF)))"
    " (func (export \"wait_short\") (param i32) (result i32)"
    "   (memory.atomic.wait32 (local.get 0) (i32.const 0) (i64.const 1000000)))"
    " (func (export \"notify\") (param i32) (result i32)"
    "   (memory.atomic.notify (local.get 0) (i32.const 1))))";

/* A memory of 1 to 100 pages, shared. */
static wasm_memory_t *memory_new(wasm_store_t *store) {
  wasm_memorytype_t *type = wasmx_memorytype_new((wasmx_limits64_t){1, 100}, false, true);
  wasm_memory_t *memory = wasm_memory_new(store, type);
  assert_non_null(memory);
  wasm_memorytype_delete(type);
  return memory;
}

static wasmx_shared_memory_t *shared_new(wasm_store_t *store) {
  wasm_memory_t *memory = memory_new(store);
  wasmx_shared_memory_t *shared = wasmx_memory_share(memory);
  assert_non_null(shared);
  wasm_memory_delete(memory);
  return shared;
}

/* A program with the memory, in a store. Any thread. */
static wasm_instance_t *program_with(wasm_store_t *store, const wasmx_shared_memory_t *shared,
                                     const char *text) {
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)(uintptr_t)text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  wasm_memory_t *memory = module ? wasmx_memory_obtain(store, shared) : NULL;
  wasm_extern_t *list[1] = {memory ? wasm_memory_as_extern(memory) : NULL};
  wasm_extern_vec_t imports = {1, list};
  wasm_instance_t *instance = memory ? wasm_instance_new(store, module, &imports, NULL) : NULL;
  wasm_memory_delete(memory);
  wasm_module_delete(module);
  return instance;
}

static wasm_instance_t *instance_with(wasm_store_t *store, const wasmx_shared_memory_t *shared) {
  return program_with(store, shared, program);
}

/* Calls an export; -1000 - code: it trapped. Any thread. */
static int32_t call(const wasm_instance_t *instance, const char *name, int32_t arg) {
  wasm_func_t *func = wasmx_instance_func(instance, name);
  wasmx_slot_t slots[1] = {wasmx_slot_i32(arg)};
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  int32_t result = trap ? -1000 - (int32_t)wasmx_trap_code(trap) : slots[0].i32;
  wasm_trap_delete(trap);
  wasm_func_delete(func);
  return result;
}

/* ---- threads with a store each ---- */

typedef struct Job {
  wasm_engine_t *engine;
  const wasmx_shared_memory_t *shared;
  const char *name;
  int32_t arg, result;
  wasm_store_t *store; /* when it is made elsewhere */
  pthread_t thread;
} Job;

static void *run_job(void *env) {
  Job *job = env;
  wasm_store_t *store = job->store ? job->store : wasm_store_new(job->engine);
  wasm_instance_t *instance = store ? instance_with(store, job->shared) : NULL;
  job->result = instance ? call(instance, job->name, job->arg) : -1;
  wasm_instance_delete(instance);
  if (!job->store) wasm_store_delete(store);
  return NULL;
}

static void start(Job *job) {
  assert_int_equal(pthread_create(&job->thread, NULL, run_job, job), 0);
}

static int32_t join(Job *job) {
  assert_int_equal(pthread_join(job->thread, NULL), 0);
  return job->result;
}

/* The address has a waiter. */
static void wake(wasmx_shared_memory_t *shared, uint64_t address, uint32_t count) {
  while (count) {
    count -= wasmx_shared_memory_notify(shared, address, 1);
    sched_yield();
  }
}

static void threads_count_together(void **state) {
  (void)state;
  World w = world_new();
  wasmx_shared_memory_t *shared = shared_new(w.store);
  Job jobs[THREADS];
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (Job){.engine = w.engine, .shared = shared, .name = "count", .arg = ROUNDS};
    start(&jobs[i]);
  }
  int32_t most = 0;
  for (int i = 0; i < THREADS; i++) most = join(&jobs[i]) > most ? jobs[i].result : most;
  assert_int_equal(most, THREADS * ROUNDS); /* that of the last one */
  wasmx_shared_memory_delete(shared);
  world_delete(&w);
}

/* ---- one memory, several stores; it may outlive all ---- */

static void it_outlives_its_stores(void **state) {
  (void)state;
  World w = world_new();
  wasm_memory_t *first = memory_new(w.store);
  wasmx_shared_memory_t *shared = wasmx_memory_share(first), *again = wasmx_memory_share(first);
  wasm_store_t *other = wasm_store_new(w.engine);
  wasm_memory_t *second = wasmx_memory_obtain(other, shared);
  assert_ptr_equal(wasm_memory_data(first), wasm_memory_data(second));
  assert_ptr_equal(wasm_memory_data(first), wasmx_shared_memory_data(shared));
  assert_true(wasm_memory_grow(second, 2));
  assert_int_equal(wasm_memory_size(first), 3);
  wasm_memorytype_t *type = wasm_memory_type(first);
  assert_int_equal(wasmx_memorytype_limits(type).min, 3);
  assert_true(wasmx_memorytype_is_shared(type));
  wasm_memorytype_delete(type);
  assert_true(wasmx_memory_write(second, 3 * 65536 - 1, "x", 1));
  assert_false(wasmx_memory_write(second, 3 * 65536, "x", 1));
  assert_false(wasm_memory_grow(first, 98));
  wasm_memory_delete(first);
  wasm_memory_delete(second);
  wasm_store_delete(other);
  wasmx_shared_memory_delete(again);
  world_delete(&w);
  assert_int_equal(wasmx_shared_memory_data_size(shared), 3 * 65536);
  assert_int_equal(wasmx_shared_memory_data(shared)[3 * 65536 - 1], 'x');
  assert_int_equal(wasmx_shared_memory_notify(shared, 0, 1), 0); /* all stores are gone */
  wasmx_shared_memory_delete(shared);
}

static void wrong_arguments(void **state) {
  (void)state;
  World w = world_new();
  wasm_memorytype_t *type = wasmx_memorytype_new((wasmx_limits64_t){1, UINT64_MAX}, false, true);
  assert_null(wasm_memory_new(w.store, type));
  assert_last_error(WASMX_ARGUMENT, "must have a maximum");
  wasm_memorytype_delete(type);
  type = wasmx_memorytype_new((wasmx_limits64_t){1, 1}, false, false);
  wasm_memory_t *own = wasm_memory_new(w.store, type);
  assert_null(wasmx_memory_share(own));
  assert_last_error(WASMX_ARGUMENT, "not shared");
  assert_null(wasmx_memory_share(NULL));
  assert_null(wasmx_memory_obtain(w.store, NULL));
  assert_null(wasmx_store_new_beside(NULL));
  assert_null(wasmx_shared_memory_data(NULL));
  assert_int_equal(wasmx_shared_memory_data_size(NULL), 0);
  assert_int_equal(wasmx_shared_memory_notify(NULL, 0, 1), 0);
  wasmx_shared_memory_delete(NULL);
  wasm_memory_delete(own);
  wasm_memorytype_delete(type);
  world_delete(&w);
}

/* Code that leans on guard pages must not get a memory without. */
static void engines_with_and_without_guards(void **state) {
  (void)state;
  World w = world_new();
  wasm_config_t *config = wasm_config_new();
  wasmx_config_set_signals(config, false);
  wasm_engine_t *plain = wasm_engine_new_with_config(config);
  wasm_store_t *store = wasm_store_new(plain);
  wasmx_shared_memory_t *guarded = shared_new(w.store), *bare = shared_new(store);
  wasm_memory_t *memory = wasmx_memory_obtain(store, guarded);
  assert_non_null(memory);
  wasm_memory_delete(memory);
  memory = wasmx_memory_obtain(w.store, bare);
  bool relies = wasmx_has("jit") && !test_wants_jit() ? !memory : true;
  if (memory)
    wasm_memory_delete(memory);
  else
    assert_last_error(WASMX_ARGUMENT, "guards");
  assert_true(relies);
  wasmx_shared_memory_delete(guarded);
  wasmx_shared_memory_delete(bare);
  wasm_store_delete(store);
  wasm_engine_delete(plain);
  world_delete(&w);
}

/* ---- limits: counted once, for who made it, whoever makes it grow ---- */

static uint64_t memory_in_use(const wasm_store_t *store) {
  wasmx_limits_t usage = {.size = sizeof usage};
  wasmx_store_get_usage(store, &usage);
  return usage.memory_bytes;
}

static void limits_follow_the_maker(void **state) {
  (void)state;
  World w = world_new();
  wasmx_limits_t limits = {sizeof limits, 4 * 65536, UINT64_MAX, UINT64_MAX, 0, 0};
  assert_true(wasmx_store_set_limits(w.store, &limits));
  wasmx_shared_memory_t *shared = shared_new(w.store);
  wasm_store_t *other = wasm_store_new(w.engine), *beside = wasmx_store_new_beside(w.store);
  wasm_instance_t *in_other = instance_with(other, shared),
                  *in_beside = instance_with(beside, shared);
  assert_int_equal(memory_in_use(w.store), 65536);
  assert_int_equal(memory_in_use(other), 0);
  assert_int_equal(memory_in_use(beside), 65536); /* one account */
  assert_int_equal(call(in_other, "grow", 2), 1);
  assert_int_equal(call(in_other, "grow", 2), -1);
  assert_int_equal(call(in_beside, "grow", 1), 3);
  assert_int_equal(call(in_beside, "grow", 1), -1);
  assert_int_equal(memory_in_use(w.store), 4 * 65536);
  limits.memory_bytes = 5 * 65536;
  assert_true(wasmx_store_set_limits(beside, &limits));
  assert_int_equal(call(in_other, "grow", 1), 4);
  assert_int_equal(call(in_other, "size", 0), 5);
  assert_int_equal(call(in_other, "load", 5 * 65536 - 4), 0);
  assert_int_equal(call(in_other, "load", 5 * 65536 - 3), -1000 - WASMX_TRAP_MEMORY_OUT_OF_BOUNDS);
  wasm_instance_delete(in_other);
  wasm_instance_delete(in_beside);
  wasm_store_delete(other);
  wasmx_shared_memory_delete(shared);
  wasmx_store_collect(w.store);
  assert_int_equal(memory_in_use(w.store), 5 * 65536); /* the store beside still has it */
  wasm_store_delete(beside);
  assert_int_equal(memory_in_use(w.store), 0);
  world_delete(&w);
}

/* Growth from all sides at once neither loses nor doubles a page, nor passes the limit. */
static void *grow_much(void *env) {
  Job *job = env;
  wasm_instance_t *instance = instance_with(job->store, job->shared);
  job->result = 0;
  for (int i = 0; i < 60; i++) job->result += call(instance, "grow", 1) >= 0;
  wasm_instance_delete(instance);
  return NULL;
}

static void growth_takes_turns(void **state) {
  (void)state;
  World w = world_new();
  wasmx_limits_t limits = {sizeof limits, 51 * 65536, UINT64_MAX, UINT64_MAX, 0, 0};
  assert_true(wasmx_store_set_limits(w.store, &limits));
  wasmx_shared_memory_t *shared = shared_new(w.store);
  Job jobs[THREADS];
  int grown = 0;
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (Job){.shared = shared, .store = wasmx_store_new_beside(w.store)};
    assert_non_null(jobs[i].store);
  }
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&jobs[i].thread, NULL, grow_much, &jobs[i]), 0);
  for (int i = 0; i < THREADS; i++) grown += join(&jobs[i]);
  assert_int_equal(grown, 50);
  assert_int_equal(wasmx_shared_memory_data_size(shared), 51 * 65536);
  for (int i = 0; i < THREADS; i++) wasm_store_delete(jobs[i].store);
  wasmx_shared_memory_delete(shared);
  world_delete(&w);
}

/* ---- pages of one byte: it ends anywhere ---- */

static const char byte_program[] =
    "(module (import \"\" \"m\" (memory 3 70001 shared (pagesize 1)))"
    " (func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0)))"
    " (func (export \"size\") (param i32) (result i32) (memory.size))"
    " (func (export \"add8\") (param i32) (result i32)"
    "   (i32.atomic.rmw8.add_u (local.get 0) (i32.const 1)))"
    " (func (export \"add64\") (param i32) (result i32)"
    "   (i32.wrap_i64 (i64.atomic.rmw.add (local.get 0) (i64.const 1))))"
    " (func (export \"exchange16\") (param i32) (result i32)"
    "   (i32.atomic.rmw16.cmpxchg_u (local.get 0) (i32.const 0) (i32.const 7)))"
    " (func (export \"store\") (param i32) (result i32)"
    "   (i32.atomic.store (local.get 0) (i32.const 9)) (i32.const 0)))";

enum { BYTES = 3, MAX_BYTES = 70001, OUTSIDE = -1000 - WASMX_TRAP_MEMORY_OUT_OF_BOUNDS };

static wasmx_shared_memory_t *shared_bytes_new(wasm_store_t *store) {
  wasmx_limits64_t limits = {BYTES, MAX_BYTES};
  wasm_memorytype_t *type = wasmx_memorytype_new_paged(limits, false, true, 1);
  wasm_memory_t *memory = wasm_memory_new(store, type);
  wasmx_shared_memory_t *shared = memory ? wasmx_memory_share(memory) : NULL;
  assert_non_null(shared);
  wasm_memory_delete(memory);
  wasm_memorytype_delete(type);
  return shared;
}

/* Sizes around the ends of host pages, seen from another store than the one that grows. */
static void bytes_grow_to_odd_sizes(World *w) {
  static const int32_t sizes[] = {4, 7, 8, 9, 4095, 4097, 65535, 65536, 65537, 70001};
  wasmx_shared_memory_t *shared = shared_bytes_new(w->store);
  wasm_store_t *other = wasm_store_new(w->engine);
  wasm_instance_t *grows = program_with(other, shared, byte_program),
                  *looks = program_with(w->store, shared, byte_program);
  int32_t size = BYTES;
  assert_int_equal(call(looks, "store", 0), OUTSIDE);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    assert_int_equal(call(grows, "grow", sizes[i] - size), size);
    size = sizes[i];
    assert_int_equal(call(looks, "size", 0), size);
    assert_int_equal(wasmx_shared_memory_data_size(shared), size);
    assert_int_equal(memory_in_use(w->store), size);
    assert_int_equal(call(looks, "add8", size - 1), 0);
    assert_int_equal(wasmx_shared_memory_data(shared)[size - 1], 1);
    wasmx_shared_memory_data(shared)[size - 1] = 0;
    assert_int_equal(call(looks, "add8", size), OUTSIDE);
    assert_int_equal(call(looks, "add64", size / 8 * 8), OUTSIDE);
    assert_int_equal(call(looks, "store", size / 4 * 4), OUTSIDE);
    assert_int_equal(call(looks, "store", size / 4 * 4 - 4), 0);
    assert_int_equal(call(looks, "exchange16", size / 2 * 2), OUTSIDE);
    if (size >= 8) assert_true(call(looks, "add64", size / 8 * 8 - 8) >= 0);
  }
  assert_int_equal(call(grows, "grow", 1), -1);
  wasm_instance_delete(grows);
  wasm_instance_delete(looks);
  wasm_store_delete(other);
  wasmx_shared_memory_delete(shared);
}

static void bytes_in_every_tier(void **state) {
  (void)state;
  const wasmx_tier_t tiers[] = {WASMX_TIER_INTERP, WASMX_TIER_JIT, WASMX_TIER_AUTO};
  for (int k = 0; k < 6; k++) {
    World w;
    wasm_config_t *config = wasm_config_new();
    wasmx_config_set_signals(config, k < 3);
    if (!world_in_tier(&w, config, tiers[k % 3], true)) continue;
    bytes_grow_to_odd_sizes(&w);
    world_delete(&w);
  }
}

static pthread_barrier_t all_ready;

/* Each byte that growing gave is one's own, whoever else grows: nobody else has counted in it. */
static void *grow_bytes(void *env) {
  Job *job = env;
  wasm_instance_t *instance = program_with(job->store, job->shared, byte_program);
  job->result = 0;
  pthread_barrier_wait(&all_ready);
  for (int i = 0; i < ROUNDS; i++) {
    int32_t at = call(instance, "grow", 1);
    job->result += at >= 0 && call(instance, "add8", at) == 0;
  }
  wasm_instance_delete(instance);
  return NULL;
}

static void threads_grow_bytes(void **state) {
  (void)state;
  World w = world_new();
  wasmx_shared_memory_t *shared = shared_bytes_new(w.store);
  Job jobs[THREADS];
  int grown = 0;
  pthread_barrier_init(&all_ready, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (Job){.shared = shared, .store = wasmx_store_new_beside(w.store)};
    assert_non_null(jobs[i].store);
  }
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&jobs[i].thread, NULL, grow_bytes, &jobs[i]), 0);
  for (int i = 0; i < THREADS; i++) grown += join(&jobs[i]);
  assert_int_equal(grown, MAX_BYTES - BYTES);
  assert_int_equal(wasmx_shared_memory_data_size(shared), MAX_BYTES);
  assert_int_equal(memory_in_use(w.store), MAX_BYTES);
  pthread_barrier_destroy(&all_ready);
  for (int i = 0; i < THREADS; i++) wasm_store_delete(jobs[i].store);
  wasmx_shared_memory_delete(shared);
  world_delete(&w);
}

/* ---- waiting ---- */

static void notified_by_host_and_wasm(void **state) {
  (void)state;
  World w = world_new();
  wasmx_shared_memory_t *shared = shared_new(w.store);
  wasm_instance_t *instance = instance_with(w.store, shared);
  Job jobs[THREADS];
  for (int i = 0; i < THREADS; i++) {
    const char *name = i % 2 ? "wait_long" : "wait";
    jobs[i] = (Job){.engine = w.engine, .shared = shared, .name = name, .arg = 8 + 64 * (i / 2)};
    start(&jobs[i]);
  }
  assert_int_equal(wasmx_shared_memory_notify(shared, 16, UINT32_MAX), 0); /* nobody there */
  wake(shared, 72, 2);
  assert_int_equal(join(&jobs[2]), 0);
  assert_int_equal(join(&jobs[3]), 0);
  for (int left = 2; left; sched_yield()) left -= call(instance, "notify", 8);
  assert_int_equal(join(&jobs[0]), 0);
  assert_int_equal(join(&jobs[1]), 0);
  assert_int_equal(call(instance, "notify", 8), 0);
  assert_int_equal(call(instance, "wait_short", 8), 2);
  wasmx_shared_memory_data(shared)[8] = 1;
  assert_int_equal(call(instance, "wait", 8), 1);
  wasm_instance_delete(instance);
  wasmx_shared_memory_delete(shared);
  world_delete(&w);
}

/* An interrupt, a deadline, and the deadline of a call end a wait; a store that waits stays. */
static void *interrupt_soon(void *env) {
  usleep(20000);
  wasmx_interrupt_raise(env);
  return NULL;
}

static void interrupts_end_waits(void **state) {
  (void)state;
  World w = world_new();
  wasmx_shared_memory_t *shared = shared_new(w.store);
  wasm_instance_t *instance = instance_with(w.store, shared);
  const int32_t interrupted = -1000 - WASMX_TRAP_INTERRUPTED;
  wasmx_interrupt_t *handle = wasmx_store_interrupt_handle(w.store);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, handle), 0);
  assert_int_equal(call(instance, "wait", 0), interrupted);
  pthread_join(thread, NULL);
  assert_int_equal(call(instance, "wait_long", 0), interrupted); /* still is */
  wasmx_store_clear_interrupt(w.store);
  assert_true(wasmx_store_set_deadline(w.store, 20000000));
  assert_int_equal(call(instance, "wait_long", 0), interrupted);
  wasm_store_t *beside = wasmx_store_new_beside(w.store); /* has the same, which is over */
  wasm_instance_t *other = instance_with(beside, shared);
  assert_int_equal(call(other, "wait_long", 0), interrupted);
  wasm_instance_delete(other);
  assert_true(wasmx_store_set_deadline(w.store, 0));
  wasm_func_t *wait = wasmx_instance_func(instance, "wait");
  wasmx_slot_t slots[1] = {wasmx_slot_i32(0)};
  assert_trap(wasmx_func_call_within(wait, slots, 20000000), "interrupted");
  assert_int_equal(call(instance, "wait_short", 0), 2);
  assert_int_equal(wasmx_shared_memory_notify(shared, 0, 1), 0);
  wasm_func_delete(wait);
  wasm_store_delete(beside);
  wasmx_interrupt_delete(handle);
  wasm_instance_delete(instance);
  wasmx_shared_memory_delete(shared);
  world_delete(&w);
}

/* A deadline set before the store beside was made holds there too. */
static void deadlines_go_along(void **state) {
  (void)state;
  World w = world_new();
  wasmx_shared_memory_t *shared = shared_new(w.store);
  assert_true(wasmx_store_set_deadline(w.store, 100000000));
  Job job = {.shared = shared, .name = "wait", .store = wasmx_store_new_beside(w.store)};
  start(&job);
  int32_t result = join(&job);
  /* Interrupted while it waited, or before it was there, on a slow machine. */
  assert_true(result == -1000 - WASMX_TRAP_INTERRUPTED || result == -1);
  wasm_store_delete(job.store);
  wasmx_shared_memory_delete(shared);
  world_delete(&w);
}

/* In the child of a fork nobody waits, and the memory works. */
static void forks(void **state) {
  (void)state;
  World w = world_new();
  wasmx_shared_memory_t *shared = shared_new(w.store);
  wasm_instance_t *instance = instance_with(w.store, shared);
  Job jobs[THREADS];
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (Job){.engine = w.engine, .shared = shared, .name = "wait"};
    start(&jobs[i]);
  }
  usleep(50000);
  pid_t pid = fork();
  if (pid == 0) {
    alarm(CHILD_SECONDS);
    bool good = wasmx_shared_memory_notify(shared, 0, 10) == 0 &&
                call(instance, "notify", 0) == 0 && call(instance, "wait_short", 0) == 2 &&
                call(instance, "grow", 1) == 1;
    _exit(good ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  wake(shared, 0, THREADS);
  for (int i = 0; i < THREADS; i++) assert_int_equal(join(&jobs[i]), 0);
  wasm_instance_delete(instance);
  wasmx_shared_memory_delete(shared);
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(threads_count_together),
      cmocka_unit_test(it_outlives_its_stores),
      cmocka_unit_test(wrong_arguments),
      cmocka_unit_test(engines_with_and_without_guards),
      cmocka_unit_test(limits_follow_the_maker),
      cmocka_unit_test(growth_takes_turns),
      cmocka_unit_test(bytes_in_every_tier),
      cmocka_unit_test(threads_grow_bytes),
      cmocka_unit_test(notified_by_host_and_wasm),
      cmocka_unit_test(interrupts_end_waits),
      cmocka_unit_test(deadlines_go_along),
      cmocka_unit_test(forks),
  };
  return run_with_text(tests);
}
