/* Resources of the host's that a component gives away in calls that fail on the way
 * (seeds/givers.wat): each ends once, when the call does, unless somebody has it. */
#include "component/component_echo.h"

static wasmcm_component_t *givers;
static wasmcm_resource_t *thing;
static u32 made, ended, given;

static wasm_trap_t *make(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                         wasmcm_val_t *result) {
  (void)env, (void)call, (void)args;
  *result = (wasmcm_val_t){.kind = WASMCM_OWN, .rep = ++made, .of.resource = thing};
  return NULL;
}

static wasm_trap_t *take(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                         wasmcm_val_t *result) {
  (void)env, (void)call, (void)args, (void)result;
  given++;
  return NULL;
}

static wasm_trap_t *end(void *env, uint32_t rep) {
  (void)env, (void)rep;
  ended++;
  return NULL;
}

static int read_givers(void **state) {
  Buffer bytes = read_seed("givers.wasm");
  if (set_up(state)) return 1;
  givers = wasmcm_component_new(engine, bytes.data, bytes.len, 0, NULL);
  wm_buffer_free(&bytes);
  return givers ? 0 : 1;
}

static int free_givers(void **state) {
  wasmcm_component_delete(givers);
  return tear_down(state);
}

static wasmcm_instance_t *new_givers(wasmcm_linker_t *linker) {
  made = ended = given = 0;
  thing = wasmcm_linker_define_resource(linker, NULL, "thing", end, NULL, NULL);
  assert_non_null(thing);
  assert_true(wasmcm_linker_define_func(linker, NULL, "make", make, NULL, NULL));
  assert_true(wasmcm_linker_define_func(linker, NULL, "take", take, NULL, NULL));
  wasmcm_instance_t *instance = wasmcm_linker_instantiate(linker, givers, NULL, NULL);
  assert_non_null(instance);
  return instance;
}

/* That many are made, and have ended after the call. */
static void fails(const char *name, u32 count) {
  wasm_store_t *store = wasm_store_new(engine);
  wasmcm_linker_t *linker = wasmcm_linker_new(store);
  wasmcm_instance_t *instance = new_givers(linker);
  wasmcm_func_t *func = wasmcm_instance_func(instance, NULL, name);
  wasmcm_val_t arg = {.kind = WASMCM_U32, .of.u64 = count};
  wasmcm_result_t result;
  wasm_trap_t *trap = wasmcm_func_call(func, &arg, &result);
  assert_non_null(trap);
  wasm_trap_delete(trap);
  assert_int_equal(made, count);
  assert_int_equal(ended, count);
  wasmcm_func_delete(func);
  wasmcm_instance_delete(instance);
  wasmcm_linker_delete(linker);
  wasm_store_delete(store);
  assert_int_equal(ended, count);
  assert_int_equal(given, 0);
}

static void what_is_on_its_way_ends(void **state) {
  (void)state;
  fails("many", 1);
  fails("many", 1000);
  fails("late", 1);
  fails("host", 1);
  fails("other", 1);
}

static void what_arrives_is_the_hosts(void **state) {
  (void)state;
  wasm_store_t *store = wasm_store_new(engine);
  wasmcm_linker_t *linker = wasmcm_linker_new(store);
  wasmcm_instance_t *instance = new_givers(linker);
  wasmcm_func_t *func = wasmcm_instance_func(instance, NULL, "one");
  wasmcm_result_t result;
  assert_null(wasmcm_func_call(func, NULL, &result));
  assert_int_equal(made, 1);
  assert_int_equal(ended, 0);
  assert_null(wasmcm_func_drop(func, &result.value));
  assert_int_equal(ended, 1);
  wasmcm_result_delete(&result);
  wasmcm_func_delete(func);
  wasmcm_instance_delete(instance);
  wasmcm_linker_delete(linker);
  wasm_store_delete(store);
  assert_int_equal(ended, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_on_its_way_ends),
      cmocka_unit_test(what_arrives_is_the_hosts),
  };
  return cmocka_run_group_tests(tests, read_givers, free_givers);
}
