/* Calls with plain C arguments, of a function whose type was compared with a signature. A
 * wasmx_typed_func_t is a handle of the function: its type, which the comparison found to be the
 * signature's, says what the arguments are.
 *
 *   arguments -> slots -> call -> slots -> handles of references, then all results    */
#include "api/handle.h"

#include <stdarg.h>

enum { FEW = 16 };

/* The arguments of a variadic function that are not read yet. */
typedef struct Rest {
  va_list list;
} Rest;

/* ---- in ---- */

/* False: a NULL where there must be a v128, or a reference that cannot stand there. */
static bool take_arg(Store *store, ValType t, u64 *slot, Rest *rest) {
  switch (t) {
  case VAL_I32: *slot = va_arg(rest->list, u32); return true;
  case VAL_I64: *slot = va_arg(rest->list, u64); return true;
  case VAL_F32: *slot = bits_of_f32((f32)va_arg(rest->list, f64)); return true;
  case VAL_F64: *slot = bits_of_f64(va_arg(rest->list, f64)); return true;
  default: break;
  }
  const void *from = va_arg(rest->list, const void *);
  if (val_is_ref(t)) {
    Ref ref = NULL;
    bool fits = wm_ref_of_handle(store, from, t, &ref);
    *slot = ref_slot(ref);
    return fits;
  }
  if (from) memcpy(slot, from, sizeof(wasmx_v128_t));
  return from != NULL;
}

static wasm_trap_t *take_args(wasm_store_t *home, const SubType *type, u64 *slots, void *env) {
  Rest *rest = env;
  for (u32 i = 0; i < type->param_count; i++) {
    if (!take_arg(home->store, type->params[i], slots, rest))
      return wm_api_misuse(home, "argument %u is not a value of the parameter's type", i);
    slots += val_slots(type->params[i]);
  }
  return NULL;
}

/* ---- out ---- */

/* Puts handles in the place of references. False: out of memory, there are none then. */
static bool make_handles(wasm_store_t *home, const SubType *type, u64 *slots) {
  u64 *slot = slots;
  for (u32 i = 0; i < type->result_count; i++) {
    if (val_is_ref(type->results[i]) && *slot) {
      *slot = (u64)(uintptr_t)wm_handle_of_ref(home, ref_of_slot(*slot));
      if (!*slot) {
        while (i-- > 0) {
          slot -= val_slots(type->results[i]);
          if (val_is_ref(type->results[i])) wm_handle_free((Handle *)(uintptr_t)*slot);
        }
        return false;
      }
    }
    slot += val_slots(type->results[i]);
  }
  return true;
}

static void give_result(ValType t, const u64 *slot, void *to) {
  bool is_ref = val_is_ref(t);
  Handle *h = is_ref ? (Handle *)(uintptr_t)*slot : NULL;
  size_t bytes = val_is_narrow(t) ? sizeof(u32) : val_slots(t) * sizeof *slot;
  if (!to)
    wm_handle_free(h);
  else if (is_ref)
    *(wasm_ref_t **)to = h;
  else
    memcpy(to, slot, bytes);
}

static wasm_trap_t *give_results(wasm_store_t *home, const SubType *type, u64 *slots, void *env) {
  Rest *rest = env;
  if (!make_handles(home, type, slots)) return (wasm_trap_t *)wm_handle_out_of_memory();
  for (u32 i = 0; i < type->result_count; i++) {
    give_result(type->results[i], slots, va_arg(rest->list, void *));
    slots += val_slots(type->results[i]);
  }
  return NULL;
}

/* ---- numbers alone ---- */

static inline bool is_number(ValType t) {
  return t == VAL_I32 || t == VAL_I64 || t == VAL_F32 || t == VAL_F64;
}

/* What most functions have: values of one slot each that nobody need look at. */
static bool is_plain(const SubType *type) {
  if (type->param_slots > FEW || type->result_slots > FEW) return false;
  for (u32 i = 0; i < type->param_count; i++)
    if (!is_number(type->params[i])) return false;
  for (u32 i = 0; i < type->result_count; i++)
    if (!is_number(type->results[i])) return false;
  return true;
}

static inline u64 take_number(ValType t, Rest *rest) {
  switch (t) {
  case VAL_I32: return va_arg(rest->list, u32);
  case VAL_F32: return bits_of_f32((f32)va_arg(rest->list, f64));
  case VAL_F64: return bits_of_f64(va_arg(rest->list, f64));
  default: return va_arg(rest->list, u64);
  }
}

static inline void give_number(ValType t, u64 slot, void *to) {
  if (to && val_is_narrow(t))
    store_u32(to, (u32)slot);
  else if (to)
    store_u64(to, slot);
}

static wasm_trap_t *call_plain(const Handle *h, CallOptions *options, Rest *rest) {
  const SubType *type =
      h->type; /* the handle may be deleted during the call, the function is kept */
  u64 slots[FEW];
  for (u32 i = 0; i < type->param_count; i++) slots[i] = take_number(type->params[i], rest);
  wasm_trap_t *trap = wm_api_call_with(h, (wasmx_slot_t *)slots, options);
  if (UNLIKELY(trap != NULL)) return trap;
  for (u32 i = 0; i < type->result_count; i++)
    give_number(type->results[i], slots[i], va_arg(rest->list, void *));
  return NULL;
}

/* ---- calls ---- */

static wasm_trap_t *call(const Handle *h, CallOptions *options, Rest *rest) {
  if (LIKELY(h->is_plain) || is_plain(h->type)) return call_plain(h, options, rest);
  return wm_api_call_in_form(h, options, take_args, give_results, rest);
}

static wasm_trap_t *no_function(void) {
  return wm_api_misuse(NULL, "the function is NULL, or its store is deleted");
}

wasm_trap_t *wasmx_call(const wasm_func_t *func, const char *text, ...) {
  const Handle *h = handle_of(func);
  if (!handle_store(h)) return no_function();
  Error err = {0};
  Signature signature;
  if (!wm_signature_parse(text, &signature, &err) ||
      !wm_signature_fits(h->home->store, h->type, &signature, text, &err))
    return wm_api_misuse(h->home, "%s", err.message);
  Rest rest;
  va_start(rest.list, text);
  wasm_trap_t *trap = call(h, NULL, &rest);
  va_end(rest.list);
  return trap;
}

static const Handle *handle_of_typed(const wasmx_typed_func_t *typed) { return handle_of(typed); }

wasm_trap_t *wasmx_typed_call(const wasmx_typed_func_t *typed, ...) {
  const Handle *h = handle_of_typed(typed);
  if (!handle_store(h)) return no_function();
  Rest rest;
  va_start(rest.list, typed);
  wasm_trap_t *trap = call(h, NULL, &rest);
  va_end(rest.list);
  return trap;
}

wasm_trap_t *wasmx_typed_call_with(const wasmx_typed_func_t *typed,
                                   const wasmx_call_options_t *given, ...) {
  const Handle *h = handle_of_typed(typed);
  if (!handle_store(h)) return no_function();
  Error err = {0};
  CallOptions options;
  if (given && !wm_call_options_of(h->home->store, given, &options, &err))
    return wm_api_misuse(h->home, "%s", err.message);
  Rest rest;
  va_start(rest.list, given);
  wasm_trap_t *trap = call(h, given ? &options : NULL, &rest);
  va_end(rest.list);
  wm_call_options_tell(given, &options);
  return trap;
}

/* ---- typed functions ---- */

wasmx_typed_func_t *wasmx_typed_func_new(const wasm_func_t *func, const char *text,
                                         wasmx_error_t *out) {
  Error err = {0};
  Signature signature;
  const Handle *h = handle_of(func);
  Handle *typed = NULL;
  Store *store = wm_api_handle_store(h, &err);
  if (store && wm_signature_parse(text, &signature, &err) &&
      wm_signature_fits(store, h->type, &signature, text, &err)) {
    typed = wm_handle_copy(h);
    if (typed)
      typed->is_plain = is_plain(h->type);
    else
      wm_error_out_of_memory(&err);
  }
  if (!typed) wm_api_report(&err, out);
  return (wasmx_typed_func_t *)typed;
}

wasmx_typed_func_t *wasmx_instance_typed_func(const wasm_instance_t *instance, const char *name,
                                              const char *text, wasmx_error_t *out) {
  Error err = {0};
  Handle lent;
  if (wm_api_lend_export(instance, name, OBJ_FUNC, &lent, &err))
    return wasmx_typed_func_new((const wasm_func_t *)(const void *)&lent, text, out);
  wm_api_report(&err, out);
  return NULL;
}

void wasmx_typed_func_delete(wasmx_typed_func_t *typed) { wm_handle_delete(handle_of(typed)); }

const wasm_func_t *wasmx_typed_func_func(const wasmx_typed_func_t *typed) {
  return (const wasm_func_t *)handle_of_typed(typed);
}
