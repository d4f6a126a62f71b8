/* A component as a plugin: a string goes in, a record comes out. The host does not know the record
 * beforehand: names and kinds of its fields are asked of the type.
 * Usage: component_plugin components/words.wasm */
#include "components/load.h"

static void print_field(const wasmcm_type_t *record, size_t i, const wasmcm_val_t *val) {
  size_t size;
  const char *name = wasmcm_type_name(record, i, &size);
  printf("%.*s: ", (int)size, name);
  if (val->kind == WASMCM_STRING)
    printf("%.*s\n", (int)val->of.string.size, val->of.string.data);
  else
    printf("%llu\n", (unsigned long long)val->of.u64);
}

int main(int argc, char **argv) {
  static const char text[] = "components give names to what they take";
  if (argc != 2) give_up("usage: component_plugin components/words.wasm");
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasmcm_linker_t *linker = wasmcm_linker_new(store);
  wasmcm_component_t *component = load_component(engine, argv[1]);
  wasmcm_instance_t *instance = instantiate(linker, component);

  /* Version 1.0.0 is there; any 1.x that has the function would do. */
  wasmcm_func_t *count = wasmcm_instance_func(instance, "example:words/count@1.0.0", "count");
  if (!count) give_up("there is no function count");
  wasmcm_val_t arg = {.kind = WASMCM_STRING, .of.string = {text, strlen(text)}};
  wasmcm_result_t result;
  need(wasmcm_func_call(count, &arg, &result));

  const wasmcm_type_t *record = wasmcm_type_result(wasmcm_func_type(count));
  for (size_t i = 0; i < result.value.of.items.count; i++)
    print_field(record, i, &result.value.of.items.data[i]);
  bool good = result.value.of.items.data[0].of.u64 == 7;
  wasmcm_result_delete(&result);

  /* What is no string is refused before the plugin sees it. */
  arg.kind = WASMCM_U8;
  wasm_trap_t *trap = wasmcm_func_call(count, &arg, &result);
  good = good && trap;
  wasm_trap_delete(trap);

  wasmcm_func_delete(count);
  wasmcm_instance_delete(instance);
  wasmcm_component_delete(component);
  wasmcm_linker_delete(linker);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return good ? 0 : 1;
}
