/* A process that forks in the middle of everything: the child works on, in every tier. */
#include "api/fixture.h"
#include "engine/cache.h"
#include "engine/tiers.h"
#include "support/temporary.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 25, NOISE_THREADS = 2, FUNCTIONS = 60, CHILD_SECONDS = 60 };

static const wasmx_tier_t tiers[] = {WASMX_TIER_INTERP, WASMX_TIER_JIT, WASMX_TIER_AUTO};
static const char *const tier_names[] = {"interp", "jit", "auto"};
enum { TIERS = 3 };

static const char own_program[] =
    "(module (import \"\" \"here\" (func $here)) (memory 1)"
    " (func $fib (export \"fib\") (param i32) (result i32)"
    "   (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))"
    "     (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))"
    "       (call $fib (i32.sub (local.get 0) (i32.const 2)))))))"
    " (func (export \"outside\") (param i32) (result i32) (i32.load (i32.const -4)))"
    " (func (export \"forever\") (loop $l (br $l)))"
    " (func (export \"calls\") (call $here)))";

/* Many functions with loops, each other than in every other module. */
static char *large_program(unsigned number) {
  char *text = malloc(FUNCTIONS * 300 + 100), *at = text;
  at += sprintf(at, "(module");
  for (int i = 0; i < FUNCTIONS; i++)
    at += sprintf(at,
                  " (func (export \"f%d\") (param i32) (result i32) (local i32) (loop $l"
                  " (local.set 1 (i32.mul (i32.add (local.get 1) (local.get 0)) (i32.const %u)))"
                  " (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
                  " (local.get 1))",
                  i, number * 2 + 1);
  sprintf(at, ")");
  return text;
}

/* ---- what is there when the process forks ---- */

static char folder[TEMPORARY_SIZE];

static wasm_engine_t *engine_new(wasmx_tier_t tier) {
  wasm_config_t *config = wasm_config_new();
  if (!wasmx_config_set_tier(config, tier)) {
    wasm_config_delete(config);
    return NULL;
  }
  assert_true(compiled_configure(config, false));
  assert_true(wasmx_config_set_compile_threads(config, 2));
  assert_true(wasmx_config_set_cache(config, folder));
  assert_true(wasmx_config_set_hidden(config, "call-threshold=20"));
  return wasm_engine_new_with_config(config);
}

static bool run(wasm_store_t *store, wasm_instance_t *in, const char *name, int32_t arg,
                uint32_t code) {
  wasm_func_t *func = wasmx_instance_func(in, name);
  wasmx_slot_t slot = {.u64 = (uint32_t)arg};
  wasm_trap_t *trap = wasmx_func_call_raw(func, &slot);
  bool as_wanted = wasmx_trap_code(trap) == code;
  wasm_trap_delete(trap);
  wasm_func_delete(func);
  (void)store;
  return as_wanted;
}

/* Loads, translates, compiles, sets deadlines, keeps in the cache. */
static void make_noise(wasm_engine_t *engine, unsigned number) {
  wasm_store_t *store = wasm_store_new(engine);
  char *text = large_program(number);
  wasm_byte_vec_t source = {strlen(text), text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  wasm_instance_t *in = wasmx_instance_new(store, module, NULL, NULL, NULL);
  wasmx_store_set_deadline(store, 1000000);
  for (int i = 0; i < FUNCTIONS * 30; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%d", i % FUNCTIONS);
    run(store, in, name, 20, 0);
    wasmx_store_clear_interrupt(store);
  }
  wasm_instance_delete(in);
  wasm_module_delete(module);
  wasm_store_delete(store);
  free(text);
}

static _Atomic bool noise_ends;
static _Atomic unsigned numbers;

static void *noise(void *engine) {
  while (!noise_ends) make_noise(engine, ++numbers);
  return NULL;
}

/* A store of the thread that forks. */
typedef struct Own {
  wasm_engine_t *engine;
  wasm_store_t *store;
  wasm_instance_t *instance;
} Own;

static wasm_trap_t *fork_here(void *pid, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)caller, (void)slots;
  *(pid_t *)pid = fork();
  return NULL;
}

static void own_delete(Own *own) {
  wasm_instance_delete(own->instance);
  if (!wasmx_store_try_delete(own->store)) _exit(9);
  wasm_engine_delete(own->engine);
}

static Own own_new(wasm_engine_t *engine, pid_t *pid) {
  Own own = {engine, wasm_store_new(engine), NULL};
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_func_t *here = wasmx_func_new_raw(own.store, type, fork_here, pid, NULL);
  wasm_extern_t *list[1] = {wasm_func_as_extern(here)};
  own.instance = instance_of_n(own.store, own_program, 1, list);
  wasm_func_delete(here);
  wasm_functype_delete(type);
  return own;
}

/* ---- what the child does: answers are exit statuses, the only limit of time is alarm() ---- */

static uint64_t compiled(const Own *own) {
  return wm_engine_tier_stats((const Engine *)(const void *)own->engine).functions;
}

/* Calls until the function is compiled that no worker had seen before the fork. */
static void run_until_hot(const Own *own, bool compiles) {
  char text[200]; /* that the cache does not know */
  snprintf(text, sizeof text,
           "(module (func (export \"new\") (param i32) (result i32)"
           " (i32.mul (local.get 0) (i32.const %u))))",
           (unsigned)getpid() * 8 + ++numbers % 8);
  wasm_instance_t *in = instance_of(own->store, text);
  uint64_t before = compiled(own);
  do
    if (!run(own->store, in, "new", 3, 0)) _exit(1);
  while (compiles && compiled(own) == before);
  wasm_instance_delete(in);
}

/* The deadline was set before the fork. */
static void work_in_child(Own *own, bool compiles) {
  if (!run(own->store, own->instance, "forever", 0, WASMX_TRAP_INTERRUPTED)) _exit(2);
  wasmx_store_set_deadline(own->store, 0);
  if (!run(own->store, own->instance, "fib", 15, 0)) _exit(3);
  run_until_hot(own, compiles);
  if (!run(own->store, own->instance, "outside", 0, WASMX_TRAP_MEMORY_OUT_OF_BOUNDS)) _exit(4);
  wasmx_store_set_deadline(own->store, 2000000);
  if (!run(own->store, own->instance, "forever", 0, WASMX_TRAP_INTERRUPTED)) _exit(5);
}

static void be_child(Own *shared, Own *alone, wasmx_tier_t tier) {
  pid_t pid = 1;
  bool compiles = tier == WASMX_TIER_AUTO;
  alarm(CHILD_SECONDS);
  work_in_child(shared, compiles);
  own_delete(shared);
  wasmx_store_set_deadline(alone->store, 2000000);
  work_in_child(alone, compiles);
  own_delete(alone); /* with its threads */
  Own fresh = own_new(engine_new(tier), &pid);
  wasmx_store_set_deadline(fresh.store, 2000000);
  work_in_child(&fresh, compiles);
  own_delete(&fresh);
  _exit(0);
}

/* ---- the test ---- */

static void assert_child_works(pid_t pid, const char *tier, int round) {
  int status;
  alarm(2 * CHILD_SECONDS); /* one that comes not even out of fork() */
  assert_int_equal(waitpid(pid, &status, 0), pid);
  alarm(0);
  if (status)
    fail_msg("%s, fork %d: the child %s %d", tier, round,
             WIFEXITED(status) ? "fails at" : "dies by",
             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* The workers of `alone` have something to do at this moment. */
static wasm_instance_t *keep_busy(const Own *alone) {
  char *text = large_program(++numbers);
  wasm_instance_t *in = instance_of(alone->store, text);
  for (int i = 0; i < FUNCTIONS * 22; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%d", i % FUNCTIONS);
    run(alone->store, in, name, 2, 0);
  }
  free(text);
  return in;
}

/* From the host, or from inside a call, with a deadline that is set before. Where the machine is so
 * slow that the time is over before the call comes to the fork, again. */
static void fork_with_deadline(const Own *shared, pid_t *pid, bool in_call) {
  enum { NANOSECONDS = 20000000 };
  *pid = -1;
  while (*pid < 0) {
    assert_true(wasmx_store_set_deadline(shared->store, NANOSECONDS));
    if (in_call)
      run(shared->store, shared->instance, "calls", 0, 0);
    else
      assert_true((*pid = fork()) >= 0);
  }
}

static void fork_once(Own *shared, Own *alone, pid_t *pid, int t, int round) {
  wasm_instance_t *busy = keep_busy(alone);
  fork_with_deadline(shared, pid, round % 2 == 0);
  if (*pid == 0) {
    wasm_instance_delete(busy);
    be_child(shared, alone, tiers[t]);
  }
  assert_child_works(*pid, tier_names[t], round);
  wasmx_store_set_deadline(shared->store, 0);
  assert_true(run(shared->store, shared->instance, "fib", 10, 0));
  wasm_instance_delete(busy);
}

static void fork_in_tier(int t) {
  wasm_engine_t *engine = engine_new(tiers[t]);
  if (!engine) return;
  pid_t pid = -1;
  Own shared = own_new(engine, &pid), alone = own_new(engine_new(tiers[t]), &pid);
  pthread_t threads[NOISE_THREADS];
  noise_ends = false;
  for (int i = 0; i < NOISE_THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, noise, engine), 0);
  for (int round = 0; round < ROUNDS; round++) fork_once(&shared, &alone, &pid, t, round);
  noise_ends = true;
  for (int i = 0; i < NOISE_THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  const char *fault =
      compiled_fault(engine, tiers[t] == WASMX_TIER_JIT ? EXPECT_ALL : EXPECT_NO_FAULT);
  if (fault) fail_msg("%s: %s", tier_names[t], fault);
  own_delete(&shared);
  own_delete(&alone);
}

static void children_work_on(void **state) {
  (void)state;
  for (int t = 0; t < TIERS; t++) fork_in_tier(t);
}

static bool is_readable(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  return poll(&p, 1, 0) == 1;
}

static void *hammer(void *handle) {
  while (!noise_ends) wasmx_interrupt_raise(handle);
  return NULL;
}

enum { INSTANCES = 20, INTERRUPTED_FORKS = 100 };

/* The child deletes what the parent was just telling to stop. */
static void forget_interrupts(World *w, wasm_instance_t **instances) {
  alarm(CHILD_SECONDS);
  for (int i = 0; i < INSTANCES; i++) wasm_instance_delete(instances[i]);
  world_delete(w);
  _exit(0);
}

static void children_of_interrupted_stores(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *instances[INSTANCES];
  for (int i = 0; i < INSTANCES; i++) instances[i] = instance_of(w.store, "(module (func))");
  wasmx_interrupt_t *handle = wasmx_store_interrupt_handle(w.store);
  pthread_t thread;
  noise_ends = false;
  assert_int_equal(pthread_create(&thread, NULL, hammer, handle), 0);
  for (int i = 0; i < INTERRUPTED_FORKS; i++) {
    pid_t pid = fork();
    if (pid == 0) forget_interrupts(&w, instances);
    assert_child_works(pid, "interrupts", i);
  }
  noise_ends = true;
  pthread_join(thread, NULL);
  for (int i = 0; i < INSTANCES; i++) wasm_instance_delete(instances[i]);
  wasmx_interrupt_delete(handle);
  world_delete(&w);
}

static void be_interrupted_child(wasm_store_t *store, int fd) {
  bool before = is_readable(fd);
  wasmx_store_clear_interrupt(store);
  bool cleared = !is_readable(fd);
  wasmx_store_interrupt(store);
  _exit(!before || !cleared || !is_readable(fd));
}

/* The descriptors of parent and child tell of their own stores. */
static void events_stay_apart(void **state) {
  (void)state;
  World w = world_new();
  int fd = wasmx_store_interrupt_fd(w.store);
  wasmx_store_interrupt(w.store);
  pid_t pid = fork();
  if (pid == 0) be_interrupted_child(w.store, fd);
  wasmx_store_clear_interrupt(w.store);
  assert_child_works(pid, "events", 0);
  assert_false(is_readable(fd));
  world_delete(&w);
}

/* What the child compiles is written to its own file, not to the parent's. */
static void profiles_stay_apart(void **state) {
  (void)state;
  if (!wasmx_has("jit")) skip();
  wasm_config_t *config = wasm_config_new();
  assert_true(wasmx_config_set_tier(config, WASMX_TIER_JIT));
  assert_true(wasmx_config_set_profile(config, WASMX_PROFILE_JITDUMP));
  World w = {.engine = wasm_engine_new_with_config(config)};
  w.store = wasm_store_new(w.engine);
  wasm_instance_delete(instance_of(w.store, "(module (func))"));
  char path[64];
  struct stat before, after;
  snprintf(path, sizeof path, "jit-%d.dump", (int)getpid());
  assert_int_equal(stat(path, &before), 0);
  pid_t pid = fork();
  if (pid == 0) {
    alarm(CHILD_SECONDS);
    wasm_instance_delete(instance_of(w.store, "(module (func (drop (i32.const 1))))"));
    snprintf(path, sizeof path, "jit-%d.dump", (int)getpid());
    _exit(unlink(path) != 0);
  }
  assert_child_works(pid, "jitdump", 0);
  assert_int_equal(stat(path, &after), 0);
  assert_int_equal(after.st_size, before.st_size);
  unlink(path);
  world_delete(&w);
}

static int enter_folder(void **state) {
  (void)state;
  return temporary_folder(folder, "libwasm_fork") && chdir(folder) == 0 ? 0 : -1;
}

/* Nothing but what the cache keeps was left. */
static int leave_folder(void **state) {
  (void)state;
  wm_cache_trim(folder, 0);
  return rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(children_work_on),
      cmocka_unit_test(children_of_interrupted_stores),
      cmocka_unit_test(events_stay_apart),
      cmocka_unit_test(profiles_stay_apart),
  };
  if (!wasmx_has("text")) return 77;
  return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
