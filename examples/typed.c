/* A linker with host functions that are described by strings, a call with plain C arguments, and
 * options that end a call: time, fuel, an interrupt. */
#include <wasmx.h>

#include <stdio.h>

static const char text[] =
    "(module (import \"env\" \"log\" (func $log (param i32 i32)))\n"
    " (import \"env\" \"hypot\" (func $hypot (param f64 f64) (result f64)))\n"
    " (memory (export \"memory\") 1) (data (i32.const 8) \"how far?\")\n"
    " (func (export \"distance\") (param f64 f64) (result f64)\n"
    "  (call $log (i32.const 8) (i32.const 8)) (call $hypot (local.get 0) (local.get 1)))\n"
    " (func (export \"spin\") (loop $l (br $l))))";

/* "(i32, i32) -> ()": address and length of a message in the caller's memory. */
static wasm_trap_t *log_message(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  wasm_byte_vec_t message;
  if (!wasmx_caller_string_n(caller, slots[0].u32, slots[1].u32, 1000, &message))
    return wasm_trap_new(wasmx_caller_store(caller), NULL);
  printf("%s: %s\n", (const char *)env, message.data);
  wasm_byte_vec_delete(&message);
  return NULL;
}

/* Good enough for an example. */
static wasm_trap_t *hypotenuse(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  double square = slots[0].f64 * slots[0].f64 + slots[1].f64 * slots[1].f64, root = square;
  (void)env, (void)caller;
  for (int i = 0; i < 60 && root > 0; i++) root = (root + square / root) / 2;
  slots[0] = wasmx_slot_f64(root);
  return NULL;
}

static int fail(const char *what) {
  fprintf(stderr, "typed: %s: %s\n", what, wasmx_last_error()->message);
  return 1;
}

/* Whether the call that never ends was ended by what the options say. */
static bool ends(const wasmx_typed_func_t *spin, const wasmx_call_options_t *options,
                 uint32_t code) {
  wasm_trap_t *trap = wasmx_typed_call_with(spin, options);
  bool ended = wasmx_trap_code(trap) == code;
  wasm_trap_delete(trap);
  return ended;
}

int main(void) {
  wasm_config_t *config = wasm_config_new();
  wasmx_config_set_fuel(config, true);
  wasm_engine_t *engine = wasm_engine_new_with_config(config);
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t source = {sizeof text - 1, (wasm_byte_t *)text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  if (!wasmx_linker_define_func_raw(linker, "env", "log", "(i32, i32) -> ()", log_message, "guest",
                                    NULL) ||
      !wasmx_linker_define_func_raw(linker, "env", "hypot", "(f64, f64) -> f64", hypotenuse, NULL,
                                    NULL))
    return fail("define");
  wasm_instance_t *instance = wasmx_linker_instantiate(linker, module, NULL, NULL);
  if (!instance) return fail("instantiate");
  wasmx_store_set_fuel(store, UINT64_C(1) << 60);

  wasm_func_t *distance = wasmx_instance_func(instance, "distance");
  double far = 0;
  wasm_trap_t *trap = wasmx_call(distance, "(f64, f64) -> f64", 3.0, 4.0, &far);
  if (trap || far != 5) return fail("distance");
  printf("so far: %g\n", far);

  wasmx_typed_func_t *spin = wasmx_instance_typed_func(instance, "spin", "() -> ()", NULL);
  wasmx_interrupt_t *interrupt = wasmx_interrupt_new();
  wasmx_call_options_t in_time = {.size = sizeof in_time, .deadline_ns = 10000000};
  wasmx_call_options_t with_fuel = {.size = sizeof with_fuel, .fuel = 100000};
  wasmx_call_options_t stoppable = {.size = sizeof stoppable, .interrupt = interrupt};
  wasmx_interrupt_raise(interrupt); /* by any thread, at any time */
  if (!ends(spin, &in_time, WASMX_TRAP_INTERRUPTED) ||
      !ends(spin, &with_fuel, WASMX_TRAP_OUT_OF_FUEL) ||
      !ends(spin, &stoppable, WASMX_TRAP_INTERRUPTED))
    return fail("spin");
  printf("three calls without an end ended\n");

  wasmx_interrupt_delete(interrupt);
  wasmx_typed_func_delete(spin);
  wasm_func_delete(distance);
  wasm_instance_delete(instance);
  wasmx_linker_delete(linker);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
