/* Values of any type (wasmx_val_t): calls, globals, and exports by name. Tables are in
 * api_table.c. */
#include "api/handle.h"

enum { FEW = 16 };

static const wasmx_val_t null_value = {.kind = WASM_EXTERNREF};

static wasm_ref_t *ref_of_value(const wasmx_val_t *val) {
  return wasm_valkind_is_ref(val->kind) ? val->of.ref : NULL;
}

void wasmx_val_delete(wasmx_val_t *val) {
  if (!val) return;
  wm_handle_delete(ref_of_value(val));
  *val = null_value;
}

bool wasmx_val_copy(wasmx_val_t *out, const wasmx_val_t *val) {
  if (out) *out = null_value;
  if (!out || !val) return wm_api_fail(ERR_ARGUMENT, "the value or its place is NULL");
  wasm_ref_t *ref = ref_of_value(val), *copy = wm_handle_copy(ref);
  if (ref && !copy) return false;
  *out = *val;
  if (ref) out->of.ref = copy;
  return true;
}

/* ---- calls ---- */

/* Both arrays are as long as the function's type says. */
typedef struct Values {
  const wasmx_val_t *args;
  wasmx_val_t *results;
} Values;

static wasm_trap_t *values_to_slots(wasm_store_t *home, const SubType *type, u64 *slots,
                                    void *env) {
  const wasmx_val_t *args = ((const Values *)env)->args;
  for (u32 i = 0; i < type->param_count; i++) {
    if (!wm_slots_of_value(home->store, &args[i], type->params[i], slots))
      return wm_api_misuse(home, "argument %u is not a value of the parameter's type", i);
    slots += val_slots(type->params[i]);
  }
  return NULL;
}

/* All or nothing: `made` is copied to the results at the end. */
static wasm_trap_t *slots_to_values(wasm_store_t *home, const SubType *type, u64 *slots,
                                    void *env) {
  wasmx_val_t *results = ((const Values *)env)->results;
  wasmx_val_t few[FEW];
  void *many AUTO_FREE = NULL;
  size_t bytes = type->result_count * sizeof *results;
  wasmx_val_t *made = few_or_many(few, sizeof few, bytes, &many);
  u32 count = 0;
  for (; made && count < type->result_count; count++) {
    if (!wm_value_of_slots(home, &made[count], type->results[count], slots)) break;
    slots += val_slots(type->results[count]);
  }
  if (made && count == type->result_count) {
    if (count) memcpy(results, made, bytes);
    return NULL;
  }
  while (count-- > 0) wm_handle_free(ref_of_value(&made[count]));
  return (wasm_trap_t *)wm_handle_out_of_memory();
}

wasm_trap_t *wasmx_func_call(const wasm_func_t *func, size_t arg_count, const wasmx_val_t *args,
                             size_t result_count, wasmx_val_t *results) {
  const Handle *h = handle_of(func);
  if (!handle_store(h)) return wm_api_misuse(NULL, "the function is NULL, or its store is deleted");
  if (arg_count != h->type->param_count || (arg_count && !args))
    return wm_api_misuse(h->home, "%zu arguments given, the function takes %u", arg_count,
                         h->type->param_count);
  if (result_count < h->type->result_count || (h->type->result_count && !results))
    return wm_api_misuse(h->home, "room for %zu results, the function has %u", result_count,
                         h->type->result_count);
  Values values = {args, results};
  return wm_api_call_in_form(h, NULL, values_to_slots, slots_to_values, &values);
}

/* ---- globals ---- */

wasm_global_t *wasmx_global_new(wasm_store_t *home, const wasm_globaltype_t *type,
                                const wasmx_val_t *init) {
  wasmx_slot_t slots[2];
  Error err = {0};
  ValType t = wm_valtype_of_kind(wasm_valtype_kind(wasm_globaltype_content(type)));
  Store *store = wm_api_store(home, &err);
  if (!store) return wm_api_report(&err, NULL), NULL;
  if (!type || !init || !wm_slots_of_value(store, init, t, (u64 *)slots))
    return wm_api_fail(ERR_ARGUMENT, "no type, or the initial value is not of it"), NULL;
  return wasmx_global_new_raw(home, type, slots);
}

static Global *global_of(const wasm_global_t *ref) {
  const Handle *h = handle_of(ref);
  if (handle_store(h)) return (Global *)h->object;
  return wm_api_fail(ERR_ARGUMENT, "the global is NULL or its store deleted"), NULL;
}

bool wasmx_global_get(const wasm_global_t *ref, wasmx_val_t *out) {
  if (!out) return wm_api_fail(ERR_ARGUMENT, "there is no place for the value");
  *out = null_value;
  const Global *global = global_of(ref);
  return global && wm_value_of_slots(handle_of(ref)->home, out, global->type.type, global->value);
}

bool wasmx_global_set(wasm_global_t *ref, const wasmx_val_t *val) {
  wasmx_slot_t slots[2];
  const Global *global = global_of(ref);
  if (!global) return false;
  if (!val ||
      !wm_slots_of_value(handle_store(handle_of(ref)), val, global->type.type, (u64 *)slots))
    return wm_api_fail(ERR_ARGUMENT, "the value is not of the global's type");
  return wasmx_global_set_raw(ref, slots);
}

/* ---- exports by name ---- */

static bool lend(const wasm_instance_t *instance, const char *name, ObjectKind kind, Handle *out) {
  Error err = {0};
  if (wm_api_lend_export(instance, name, kind, out, &err)) return true;
  wm_api_report(&err, NULL);
  return false;
}

/* Where nothing is found there is no value either. */
static bool lend_to_read(const wasm_instance_t *instance, const char *name, ObjectKind kind,
                         Handle *lent, wasmx_val_t *out) {
  if (out) *out = null_value;
  return lend(instance, name, kind, lent);
}

bool wasmx_instance_global_get(const wasm_instance_t *instance, const char *name,
                               wasmx_val_t *out) {
  Handle lent;
  return lend_to_read(instance, name, OBJ_GLOBAL, &lent, out) &&
         wasmx_global_get((const wasm_global_t *)(void *)&lent, out);
}

bool wasmx_instance_global_set(const wasm_instance_t *instance, const char *name,
                               const wasmx_val_t *val) {
  Handle lent;
  return lend(instance, name, OBJ_GLOBAL, &lent) &&
         wasmx_global_set((wasm_global_t *)(void *)&lent, val);
}

bool wasmx_instance_table_get(const wasm_instance_t *instance, const char *name, uint64_t index,
                              wasmx_val_t *out) {
  Handle lent;
  return lend_to_read(instance, name, OBJ_TABLE, &lent, out) &&
         wasmx_table_get((const wasm_table_t *)(void *)&lent, index, out);
}

bool wasmx_instance_table_set(const wasm_instance_t *instance, const char *name, uint64_t index,
                              const wasmx_val_t *val) {
  Handle lent;
  return lend(instance, name, OBJ_TABLE, &lent) &&
         wasmx_table_set((wasm_table_t *)(void *)&lent, index, val);
}
