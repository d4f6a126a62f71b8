/* The threads that hosts have: signals blocked, small stacks, alternate stacks of every size; and a
 * library's threads, which take no signals. */
#include "api/fixture.h"
#include "support/temporary.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static const wasmx_tier_t tiers[] = {WASMX_TIER_INTERP, WASMX_TIER_JIT, WASMX_TIER_AUTO};
enum { TIERS = 3 };

/* "hot" is compiled in the thread that calls it, "outside" faults 60 calls deep. */
static const char program[] =
    "(module (memory 1)"
    " (func $outside (export \"outside\") (param i32) (result i32) (if (result i32) (local.get 0)"
    "   (then (i32.add (call $outside (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))"
    "   (else (i32.load (i32.const -4)))))"
    " (func $hot (param i32) (result i32) (i32.rem_u (i32.mul (local.get 0) (i32.const 7))"
    "   (i32.const 1000)))"
    " (func (export \"hot\") (param i32) (result i32) (local i32)"
    "   (loop $l (local.set 1 (i32.add (local.get 1) (call $hot (local.get 0))))"
    "     (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
    "   (local.get 1))"
    " (func (export \"forever\") (param i32) (result i32) (loop $l (br $l)) (i32.const 0)))";

typedef struct Thread {
  wasmx_tier_t tier;
  size_t stack_bytes;     /* 0: the usual */
  size_t alternate_bytes; /* 0: none */
  bool again;             /* in a second thread, which is likely to have the first one's stack */
  World world;
  wasm_instance_t *instance;
  uint32_t outside, hot, forever; /* trap codes */
  int32_t sum;
} Thread;

static uint32_t call(Thread *t, const char *name, int32_t arg, int32_t *result) {
  wasm_func_t *func = wasmx_instance_func(t->instance, name);
  wasmx_slot_t slot = {.u64 = (uint32_t)arg};
  wasm_trap_t *trap = wasmx_func_call_raw(func, &slot);
  uint32_t code = wasmx_trap_code(trap);
  if (result) *result = slot.i32;
  wasm_trap_delete(trap);
  wasm_func_delete(func);
  return code;
}

static void *run(void *env) {
  Thread *t = env;
  sigset_t all, now;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  stack_t stack = {.ss_size = t->alternate_bytes};
  if (stack.ss_size) stack.ss_sp = malloc(stack.ss_size);
  if (stack.ss_size && sigaltstack(&stack, NULL) != 0) t->hot = 1000;
  t->outside = call(t, "outside", 60, NULL);
  t->hot = call(t, "hot", 100000, &t->sum);
  wasmx_store_set_deadline(t->world.store, 5000000);
  t->forever = call(t, "forever", 0, NULL);
  wasmx_store_set_deadline(t->world.store, 0);
  /* What is not needed stays blocked. */
  pthread_sigmask(SIG_SETMASK, NULL, &now);
  if (!sigismember(&now, SIGTERM) || !sigismember(&now, SIGALRM)) t->hot = 1001;
  if (stack.ss_size) {
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
    free(stack.ss_sp);
  }
  return NULL;
}

static bool thread_world(Thread *t) {
  wasm_config_t *config = wasm_config_new();
  assert_true(wasmx_config_set_compile_threads(config, 0));
  if (!world_in_tier(&t->world, config, t->tier, false)) return false;
  t->instance = instance_of(t->world.store, program);
  return true;
}

static void run_in_thread(Thread *t) {
  pthread_attr_t attr;
  pthread_t thread;
  pthread_attr_init(&attr);
  if (t->stack_bytes) assert_int_equal(pthread_attr_setstacksize(&attr, t->stack_bytes), 0);
  assert_int_equal(pthread_create(&thread, &attr, run, t), 0);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attr);
}

/* On a stack that is too small wasm says so. */
static void assert_ran(const Thread *t, uint32_t code, uint32_t wanted) {
  bool may_be_short = t->stack_bytes && t->stack_bytes <= 256 << 10;
  if (code == wanted || (may_be_short && code == WASMX_TRAP_STACK_OVERFLOW)) return;
  fail_msg("tier %d, stack %zu, alternate %zu: code %u, not %u", t->tier, t->stack_bytes,
           t->alternate_bytes, code, wanted);
}

static void all_threads_run(void **state) {
  (void)state;
  long smallest = sysconf(_SC_MINSIGSTKSZ);
  size_t room = smallest > 0 ? (size_t)smallest + 4096 : 8192;
  const size_t alternates[] = {0, room, 256 << 10}, stacks[] = {0, 1 << 20, 256 << 10, 64 << 10};
  for (int i = 0; i < TIERS * 3 * 4 * 2; i++) {
    Thread t = {.tier = tiers[i % TIERS],
                .alternate_bytes = alternates[i / TIERS % 3],
                .stack_bytes = stacks[i / TIERS / 3 % 4],
                .again = i >= TIERS * 3 * 4};
    if (!thread_world(&t)) continue;
    run_in_thread(&t);
    if (t.again) run_in_thread(&t);
    assert_ran(&t, t.outside, WASMX_TRAP_MEMORY_OUT_OF_BOUNDS);
    assert_ran(&t, t.hot, 0);
    assert_ran(&t, t.forever, WASMX_TRAP_INTERRUPTED);
    if (t.hot == 0) assert_int_equal(t.sum, 49950000);
    wasm_instance_delete(t.instance);
    world_delete(&t.world);
  }
}

/* ---- the library's own threads ---- */

/* The blocked signals of a thread of this process, as /proc has them. */
static unsigned long long blocked_signals(const char *thread) {
  char path[300], line[200];
  unsigned long long blocked = 0;
  snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, "SigBlk:", 7) == 0) blocked = strtoull(line + 7, NULL, 16);
  if (file) fclose(file);
  return blocked;
}

static void our_threads_take_no_signals(void **state) {
  (void)state;
  Thread t = {.tier = WASMX_TIER_AUTO};
  wasm_config_t *config = wasm_config_new();
  assert_true(wasmx_config_set_compile_threads(config, 2));
  t.world.engine = wasm_engine_new_with_config(config);
  t.world.store = wasm_store_new(t.world.engine);
  t.instance = instance_of(t.world.store, program);
  assert_true(wasmx_store_set_deadline(t.world.store, UINT64_C(3600000000000)));
  assert_int_equal(call(&t, "hot", 1000000, NULL), 0);
  DIR *tasks = opendir("/proc/self/task");
  int ours = 0;
  for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
    if (entry->d_name[0] == '.' || atoi(entry->d_name) == (int)getpid()) continue;
    unsigned long long blocked = blocked_signals(entry->d_name);
    for (int number = 1; number < 31; number++)
      if (number != SIGKILL && number != SIGSTOP && !(blocked >> (number - 1) & 1))
        fail_msg("a thread takes signal %d", number);
    ours++;
  }
  if (tasks) closedir(tasks);
  assert_int_equal(ours, wasmx_has("jit") ? 3 : 1);
  wasm_instance_delete(t.instance);
  world_delete(&t.world);
}

/* ---- threads that are cancelled ---- */

static _Thread_local bool is_inside;
static _Atomic int cancelled_inside, rounds_done;
static char folder[TEMPORARY_SIZE];

static void note_end(void *env) {
  (void)env;
  if (is_inside) cancelled_inside++;
}

/* Everything that waits or has to do with files. */
static void use_all(int number) {
  static const wasmx_tier_t used[] = {WASMX_TIER_AUTO, WASMX_TIER_JIT};
  Thread t = {.tier = WASMX_TIER_AUTO};
  char text[200];
  wasm_config_t *config = wasm_config_new();
  wasmx_config_set_tier(config, used[number % 2]);
  wasmx_config_set_compile_threads(config, 2);
  wasmx_config_set_cache(config, folder);
  wasmx_config_set_profile(config, WASMX_PROFILE_PERFMAP | WASMX_PROFILE_JITDUMP);
  t.world.engine = wasm_engine_new_with_config(config);
  t.world.store = wasm_store_new(t.world.engine);
  snprintf(text, sizeof text, "(module (func (export \"f\") (result i32) (i32.const %d)))", number);
  wasm_instance_delete(instance_of(t.world.store, text));
  t.instance = instance_of(t.world.store, program);
  wasmx_store_interrupt_fd(t.world.store);
  wasmx_store_set_deadline(t.world.store, 1000000);
  call(&t, "forever", 0, NULL);
  wasmx_store_set_deadline(t.world.store, 0);
  wasm_instance_delete(t.instance);
  wasmx_store_try_delete(t.world.store);
  wasm_engine_delete(t.world.engine);
}

static void *use_until_cancelled(void *env) {
  (void)env;
  pthread_cleanup_push(note_end, NULL);
  for (int i = 0;; i++) {
    is_inside = true;
    use_all(i);
    is_inside = false;
    rounds_done++;
    pthread_testcancel();
  }
  pthread_cleanup_pop(0);
  return NULL;
}

/* A call is not cancelled in the middle, where it would leave locks, files and memory behind. */
static void calls_are_no_cancellation_points(void **state) {
  (void)state;
  assert_non_null(temporary_folder(folder, "libwasm_cancel"));
  assert_int_equal(chdir(folder), 0);
  alarm(200);
  for (int i = 0; i < 30; i++) {
    pthread_t thread;
    int before = rounds_done;
    assert_int_equal(pthread_create(&thread, NULL, use_until_cancelled, NULL), 0);
    while (rounds_done == before) usleep(100);
    usleep((useconds_t)i * 300);
    pthread_cancel(thread);
    pthread_join(thread, NULL);
  }
  use_all(0);
  alarm(0);
  assert_int_equal(cancelled_inside, 0);
  char command[100];
  snprintf(command, sizeof command, "rm -r %s", folder);
  assert_int_equal(system(command), 0);
  snprintf(command, sizeof command, "/tmp/perf-%d.map", (int)getpid());
  if (wasmx_has("jit")) assert_int_equal(unlink(command), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(our_threads_take_no_signals),
      cmocka_unit_test(all_threads_run),
      cmocka_unit_test(calls_are_no_cancellation_points),
  };
  return run_with_text(tests);
}
