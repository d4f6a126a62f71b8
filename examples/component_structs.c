/* The other two examples of components with generated headers: the C compiler knows all types, no
 * names or kinds are looked at in calls. The headers are made of the components by
 *   wasm component header components/words.wasm -o words.h
 *   wasm component header components/ledger.wasm -o ledger.h
 * Usage: component_structs components/words.wasm components/ledger.wasm */
#include "components/load.h"

#include "ledger.h"
#include "words.h"

static bool count_words(wasmcm_linker_t *linker, const wasmcm_component_t *component) {
  wasmcm_string_t text = {"structs are quick", 17};
  example_words_count_stats_t stats;
  example_words_count_t words;
  wasmcm_memory_t *memory;
  wasmcm_instance_t *instance = instantiate(linker, component);
  if (!example_words_count_open(&words, instance)) give_up("the functions are of other types");
  need(example_words_count_count(&words, text, &stats, &memory));
  printf("%u words, first %.*s\n", stats.words, (int)stats.first.size, stats.first.data);
  bool good = stats.words == 3 && stats.letters == 15 && stats.first.size == 7;
  wasmcm_memory_delete(memory); /* with the string */
  example_words_count_close(&words);
  wasmcm_instance_delete(instance);
  return good;
}

/* ---- the bank of one account ---- */

static int64_t cents;
static bool is_open;

static wasm_trap_t *open_account(void *bank, wasmcm_call_t *call, wasmcm_string_t owner,
                                 example_ledger_bank_account_t *result) {
  (void)call, (void)owner;
  cents = 0, is_open = true;
  result->resource = ((example_ledger_bank_imports_t *)bank)->account_resource;
  result->rep = 7;
  return NULL;
}

static wasm_trap_t *add(void *bank, wasmcm_call_t *call, example_ledger_bank_account_t self,
                        int64_t amount) {
  (void)bank, (void)call;
  if (self.rep == 7) cents += amount;
  return NULL;
}

static wasm_trap_t *balance(void *bank, wasmcm_call_t *call, example_ledger_bank_account_t self,
                            int64_t *result) {
  (void)bank, (void)call, (void)self;
  *result = cents;
  return NULL;
}

static wasm_trap_t *close_account(void *bank, uint32_t rep) {
  (void)bank;
  is_open = rep != 7;
  return NULL;
}

static bool pay(wasmcm_linker_t *linker, const wasmcm_component_t *component) {
  example_ledger_bank_imports_t bank = {.env_ = &bank,
                                        .drop_account_resource = close_account,
                                        .account_new = open_account,
                                        .account_add = add,
                                        .account_balance = balance};
  ledger_t ledger;
  int64_t total;
  if (!example_ledger_bank_imports_define(linker, &bank)) give_up("out of memory");
  wasmcm_instance_t *instance = instantiate(linker, component);
  if (!ledger_open(&ledger, instance)) give_up("the functions are of other types");
  need(ledger_pay(&ledger, 4, -25, &total));
  printf("balance: %lld\n", (long long)total);
  ledger_close(&ledger);
  wasmcm_instance_delete(instance);
  wasmcm_linker_delete(linker); /* before the bank goes */
  return total == -100 && !is_open;
}

int main(int argc, char **argv) {
  if (argc != 3) give_up("usage: component_structs components/words.wasm components/ledger.wasm");
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasmcm_linker_t *linker = wasmcm_linker_new(store);
  wasmcm_component_t *words = load_component(engine, argv[1]);
  wasmcm_component_t *ledger = load_component(engine, argv[2]);
  bool good = count_words(linker, words) && pay(linker, ledger);
  wasmcm_component_delete(words);
  wasmcm_component_delete(ledger);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return good ? 0 : 1;
}
