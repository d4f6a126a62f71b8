/* Step 11: components.
 *
 * A module takes numbers; a component takes and gives strings, lists and records, and says in WIT
 * what it imports and exports. Here ../components/words.wasm, which exports
 *
 *   interface count {
 *     record stats { words: u32, letters: u32, first: string }
 *     count: func(text: string) -> stats;
 *   }
 *
 * A call is made with values, whose kinds the library looks at, or with C structs as C lays them
 * out; then the type is compared once, beforehand. `wasm component header` writes such structs.
 * Usage: step11_components ../components/words.wasm ../components/ledger.wasm */
#include "../components/load.h"

/* ---- with values ---- */

static uint64_t count_by_values(const wasmcm_func_t *count, const char *text) {
  wasmcm_val_t arg = {.kind = WASMCM_STRING, .of.string = {text, strlen(text)}};
  wasmcm_result_t result;
  need(wasmcm_func_call(count, &arg, &result));
  uint64_t words = result.value.of.items.data[0].of.u64; /* the record's fields, by position */
  wasmcm_result_delete(&result);                         /* all that it holds */
  return words;
}

/* ---- with structs ---- */

typedef struct Stats {
  uint32_t words, letters;
  wasmcm_string_t first;
} Stats;

static const char count_type[] =
    "func(text: string) -> record { words: u32, letters: u32, first: string }";

static uint64_t count_by_structs(const wasmcm_func_t *count, const char *text) {
  struct {
    wasmcm_string_t text; /* the parameters, in order */
  } args = {{text, strlen(text)}};
  Stats stats;
  wasmcm_memory_t *memory; /* where `first` lies */
  need(wasmcm_func_call_struct(count, &args, &stats, &memory));
  printf("the first word: %.*s\n", (int)stats.first.size, stats.first.data);
  wasmcm_memory_delete(memory);
  return stats.words;
}

/* ---- what the component asks for ---- */

static wasm_trap_t *never(void *env, wasmcm_call_t *call, const void *args, void *result) {
  (void)env, (void)call, (void)args, (void)result;
  return NULL;
}

/* A host's function of another type than is asked for is not linked; the error has both in WIT. */
static void print_mismatch(wasm_engine_t *engine, wasm_store_t *store, const char *path) {
  wasmx_error_t err = {.size = sizeof err};
  wasmcm_linker_t *linker = wasmcm_linker_new(store);
  wasmcm_component_t *ledger = load_component(engine, path);
  const char *iface = "example:ledger/bank@1.0.0";
  wasmcm_linker_define_resource(linker, iface, "account", NULL, NULL, NULL);
  wasmcm_linker_define_struct_func(linker, iface, "[constructor]account",
                                   "func(owner: u32) -> own<resource>", never, NULL, NULL);
  if (wasmcm_linker_instantiate(linker, ledger, NULL, &err)) give_up("it was linked");
  printf("%s\nexpected: %s\nfound: %s\n", err.message, err.expected, err.found);
  wasmcm_component_delete(ledger);
  wasmcm_linker_delete(linker);
}

int main(int argc, char **argv) {
  if (argc != 3) give_up("usage: step11_components words.wasm ledger.wasm (in ../components)");
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasmcm_linker_t *linker = wasmcm_linker_new(store); /* it gives nothing: nothing is asked for */
  wasmcm_component_t *component = load_component(engine, argv[1]);
  wasmcm_instance_t *instance = instantiate(linker, component);
  wasmcm_func_t *count =
      wasmcm_instance_func_of_type(instance, "example:words/count@1.0.0", "count", count_type);
  if (!count) give_up("there is no such function of that type");
  bool ok = count_by_values(count, "one two three") == 3;
  ok = count_by_structs(count, "four and twenty") == 3 && ok;
  print_mismatch(engine, store, argv[2]);
  wasmcm_func_delete(count);
  wasmcm_instance_delete(instance);
  wasmcm_component_delete(component);
  wasmcm_linker_delete(linker);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return ok ? 0 : 1;
}
