/* Step 10: plugins.
 *
 * All of it together: a store for each plugin, so that one can go without the others; one engine,
 * so that what is compiled is shared; limits and a deadline; what misbehaves is deleted with its
 * store. ../plugins.c has folders, new versions and bad plugins of every kind. */
#include "step.h"

typedef struct Plugin {
  const char *name, *text;
  wasm_store_t *store;
  wasm_func_t *run;
} Plugin;

static bool open_plugin(wasm_engine_t *engine, Plugin *p) {
  wasmx_limits_t limits = {
      .size = sizeof limits, .memory_bytes = 4 << 20, .table_elements = 1000, .instances = 1};
  p->store = wasm_store_new(engine);
  need(wasmx_store_set_limits(p->store, &limits), "limits");
  wasm_module_t *module = load(p->store, p->text);
  wasm_instance_t *instance = wasmx_instance_new(p->store, module, NULL, NULL, NULL);
  p->run = instance ? wasmx_instance_func(instance, "run") : NULL;
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  return p->run != NULL;
}

static void close_plugin(Plugin *p) {
  wasm_func_delete(p->run);
  wasm_store_delete(p->store);
  p->run = NULL, p->store = NULL;
}

/* False: it was closed, because it trapped or took too long. */
static bool run_plugin(Plugin *p, int32_t *value) {
  wasmx_slot_t slot = wasmx_slot_i32(*value);
  wasm_trap_t *trap = wasmx_func_call_within(p->run, &slot, 100 * 1000 * 1000);
  *value = slot.i32;
  if (!trap) return true;
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  printf("%s is closed: %s\n", p->name, message.data);
  wasm_byte_vec_delete(&message);
  wasm_trap_delete(trap);
  close_plugin(p);
  return false;
}

int main(void) {
  Plugin good = {"good",
                 "(module (func (export \"run\") (param i32) (result i32)\n"
                 "  (i32.add (local.get 0) (i32.const 1))))",
                 NULL, NULL};
  Plugin bad = {
      "bad",
      "(module (func (export \"run\") (param i32) (result i32) (loop (br 0)) (i32.const 0)))", NULL,
      NULL};
  wasm_engine_t *engine = wasm_engine_new();
  int32_t value = 41, other = 41;
  bool ok = open_plugin(engine, &good) && open_plugin(engine, &bad);
  ok = ok && !run_plugin(&bad, &other) && run_plugin(&good, &value) && value == 42;
  printf("good gives %d\n", value);
  close_plugin(&good);
  wasm_engine_delete(engine);
  return !ok;
}
