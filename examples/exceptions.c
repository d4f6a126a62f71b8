/* Exceptions across the border: the host throws one that wasm catches, and catches one that wasm
 * throws. Both sides know its tag, which the host made. */
#include <wasmx.h>

#include <stdio.h>
#include <string.h>

static const char text[] =
    "(module (import \"bank\" \"too_much\" (tag $too_much (param i32)))\n"
    "  (import \"bank\" \"pay\" (func $pay (param i32)))\n"
    "  (func (export \"try_pay\") (param i32) (result i32)\n"
    "    (block $missing (result i32)\n"
    "      (try_table (catch $too_much $missing) (call $pay (local.get 0)))\n"
    "      (i32.const 0)))\n"
    "  (func (export \"ask\") (param i32) (throw $too_much (local.get 0))))";

/* Pays up to 100; else it throws how much is missing. */
static wasm_trap_t *pay(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)caller;
  if (slots[0].i32 <= 100) return NULL;
  wasmx_slot_t missing = wasmx_slot_i32(slots[0].i32 - 100);
  wasmx_exception_t *exception = wasmx_exception_new_raw(env, &missing);
  wasm_trap_t *trap = wasmx_trap_new_exception(exception);
  wasmx_exception_delete(exception);
  return trap;
}

/* What the call threw with the tag; 0: nothing. Deletes the trap. */
static int32_t caught(wasm_trap_t *trap, const wasm_tag_t *tag) {
  if (!trap) return 0;
  wasmx_slot_t value = wasmx_slot_i32(0);
  wasmx_exception_t *exception = wasmx_trap_exception(trap);
  wasm_tag_t *its = exception ? wasmx_exception_tag(exception) : NULL;
  if (its && wasm_tag_same(its, tag)) wasmx_exception_args_raw(exception, &value);
  if (its) wasm_tag_delete(its);
  if (exception) wasmx_exception_delete(exception);
  wasm_trap_delete(trap);
  return value.i32;
}

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_functype_t *type = wasm_functype_new_1_0(wasm_valtype_new_i32());
  wasm_tagtype_t *tag_type = wasm_tagtype_new(wasm_functype_copy(type));
  wasm_tag_t *too_much = wasm_tag_new(store, tag_type);
  wasm_func_t *host = wasmx_func_new_raw(store, type, pay, too_much, NULL);
  wasm_tagtype_delete(tag_type);
  wasm_functype_delete(type);

  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)text};
  wasmx_error_t err = {.size = sizeof err};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, &err);
  wasm_extern_t *list[] = {wasm_tag_as_extern(too_much), wasm_func_as_extern(host)};
  wasm_extern_vec_t imports = WASM_ARRAY_VEC(list);
  wasm_instance_t *instance =
      module ? wasmx_instance_new(store, module, &imports, NULL, &err) : NULL;
  if (!instance) {
    fprintf(stderr, "exceptions: %s\n%s", err.message, err.context);
    return 1;
  }
  wasm_func_t *try_pay = wasmx_instance_func(instance, "try_pay");
  wasm_func_t *ask = wasmx_instance_func(instance, "ask");
  wasmx_slot_t slot = wasmx_slot_i32(130);
  wasm_trap_t *trap = wasmx_func_call_raw(try_pay, &slot);
  printf("wasm caught that %d are missing\n", slot.i32);
  bool good = !trap && slot.i32 == 30;
  slot = wasmx_slot_i32(7);
  int32_t asked = caught(wasmx_func_call_raw(ask, &slot), too_much);
  printf("the host caught that %d are too much\n", asked);

  wasm_func_delete(try_pay);
  wasm_func_delete(ask);
  wasm_func_delete(host);
  wasm_tag_delete(too_much);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return good && asked == 7 ? 0 : 1;
}
