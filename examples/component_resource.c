/* A resource of the host's: accounts of a bank, which the component owns by handles and never sees
 * inside. The host knows each by a number, and is told when one is dropped.
 * Usage: component_resource components/ledger.wasm */
#include "components/load.h"

enum { MAX_ACCOUNTS = 16 };

typedef struct Bank {
  wasmcm_resource_t *account;
  int64_t cents[MAX_ACCOUNTS];
  bool open[MAX_ACCOUNTS];
} Bank;

static wasm_trap_t *open_account(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                                 wasmcm_val_t *result) {
  Bank *bank = env;
  uint32_t i = 0;
  while (i < MAX_ACCOUNTS && bank->open[i]) i++;
  wasm_message_t text = {sizeof "the bank is full", (wasm_byte_t *)"the bank is full"};
  if (i == MAX_ACCOUNTS) return wasm_trap_new(wasmcm_call_store(call), &text);
  printf("account %u of %.*s\n", i, (int)args[0].of.string.size, args[0].of.string.data);
  bank->open[i] = true, bank->cents[i] = 0;
  *result = (wasmcm_val_t){.kind = WASMCM_OWN, .rep = i, .of.resource = bank->account};
  return NULL;
}

/* The first argument is the handle: its number is one that open_account gave. */
static wasm_trap_t *add(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                        wasmcm_val_t *result) {
  (void)call, (void)result;
  ((Bank *)env)->cents[args[0].rep] += args[1].of.s64;
  return NULL;
}

static wasm_trap_t *balance(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                            wasmcm_val_t *result) {
  (void)call;
  *result = (wasmcm_val_t){.kind = WASMCM_S64, .of.s64 = ((Bank *)env)->cents[args[0].rep]};
  return NULL;
}

static wasm_trap_t *close_account(void *env, uint32_t rep) {
  printf("account %u is closed\n", rep);
  ((Bank *)env)->open[rep] = false;
  return NULL;
}

int main(int argc, char **argv) {
  static const char iface[] = "example:ledger/bank@1.0.0";
  Bank bank = {0};
  if (argc != 2) give_up("usage: component_resource components/ledger.wasm");
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasmcm_linker_t *linker = wasmcm_linker_new(store);
  bank.account =
      wasmcm_linker_define_resource(linker, iface, "account", close_account, &bank, NULL);
  wasmcm_linker_define_func(linker, iface, "[constructor]account", open_account, &bank, NULL);
  wasmcm_linker_define_func(linker, iface, "[method]account.add", add, &bank, NULL);
  wasmcm_linker_define_func(linker, iface, "[method]account.balance", balance, &bank, NULL);

  wasmcm_component_t *component = load_component(engine, argv[1]);
  wasmcm_instance_t *instance = instantiate(linker, component);
  wasmcm_func_t *pay = wasmcm_instance_func(instance, NULL, "pay");
  wasmcm_val_t args[] = {{.kind = WASMCM_U32, .of.u64 = 3}, {.kind = WASMCM_S64, .of.s64 = 250}};
  wasmcm_result_t result;
  need(wasmcm_func_call(pay, args, &result));
  printf("balance: %lld\n", (long long)result.value.of.s64);
  bool good = result.value.of.s64 == 750 && !bank.open[0];

  wasmcm_result_delete(&result);
  wasmcm_func_delete(pay);
  wasmcm_instance_delete(instance);
  wasmcm_component_delete(component);
  wasmcm_linker_delete(linker);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return good ? 0 : 1;
}
