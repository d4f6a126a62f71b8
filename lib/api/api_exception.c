/* Exceptions as the host makes, throws and catches them (runtime/exception.h). On the way between
 * host and wasm an exception is in a trap, which wm_trap_hand_on takes it out of again:
 *
 *   wasm throws --> trap of wasm_func_call --> host --> callback returns it --> wasm catches
 *                   wasmx_trap_exception            wasmx_trap_new_exception */
#include "api/api_vec.h"
#include "runtime/exception.h"

static Exception *exception_of(const wasmx_exception_t *ref) {
  const Handle *h = handle_of(ref);
  return handle_store(h) ? (Exception *)h->object : NULL;
}

static const SubType *type_of(const Tag *tag) {
  return wm_types_get(tag->head.store->types, tag->type_id);
}

/* ---- making ---- */

/* False with err set. */
static bool fill(Exception *exception, const wasm_val_vec_t *args, Error *err) {
  const SubType *type = type_of(exception->tag);
  size_t given = args && args->data ? args->size : 0;
  if (given != type->param_count)
    return wm_error_set(err, ERR_ARGUMENT, 0, "%zu arguments given, the tag has %u", given,
                        type->param_count);
  if (type->param_slots != type->param_count)
    return wm_error_set(err, ERR_ARGUMENT, 0, "a v128 has no wasm_val_t: use slots");
  for (u32 i = 0; i < type->param_count; i++)
    if (!wm_slot_of_val(exception->head.store, &args->data[i], type->params[i],
                        &exception->args[i]))
      return wm_error_set(err, ERR_ARGUMENT, 0,
                          "argument %u is not a value of the parameter's type", i);
  return true;
}

static bool fill_raw(Exception *exception, const wasmx_slot_t *slots, Error *err) {
  const SubType *type = type_of(exception->tag);
  if (type->param_slots && !slots)
    return wm_error_set(err, ERR_ARGUMENT, 0, "the tag's parameters need slots");
  if (type->param_slots) memcpy(exception->args, slots, type->param_slots * sizeof *slots);
  if (wm_slots_take(exception->head.store, type->params, type->param_count, exception->args))
    return true;
  /* What was filled in may be no object. */
  memset(exception->args, 0, type->param_slots * sizeof *slots);
  return wm_error_set(err, ERR_ARGUMENT, 0,
                      "a reference is not of the store, or not of the parameter's type");
}

/* Its handle and an exception without arguments. NULL with err set. */
static Handle *begin(const wasm_tag_t *ref, Exception **out, Error *err) {
  Handle *h = wm_api_begin(ref ? handle_of(ref)->home : NULL, err);
  *out = h ? wm_exception_new(h->home->store, wm_tag_of_handle(ref), NULL) : NULL;
  return h;
}

wasmx_exception_t *wasmx_exception_new(const wasm_tag_t *tag, const wasm_val_vec_t *args) {
  Error err = {0};
  Exception *exception;
  Handle *h = begin(tag, &exception, &err);
  bool done = exception && fill(exception, args, &err);
  return (wasmx_exception_t *)wm_api_finish(h, done ? &exception->head : NULL, &err);
}

wasmx_exception_t *wasmx_exception_new_raw(const wasm_tag_t *tag, const wasmx_slot_t *args) {
  Error err = {0};
  Exception *exception;
  Handle *h = begin(tag, &exception, &err);
  bool done = exception && fill_raw(exception, args, &err);
  return (wasmx_exception_t *)wm_api_finish(h, done ? &exception->head : NULL, &err);
}

wasmx_exception_t *wasmx_exception_copy(const wasmx_exception_t *ref) {
  return (wasmx_exception_t *)wm_handle_copy(handle_of(ref));
}

void wasmx_exception_delete(wasmx_exception_t *ref) { wm_handle_delete(handle_of(ref)); }

/* ---- looking ---- */

wasm_tag_t *wasmx_exception_tag(const wasmx_exception_t *ref) {
  const Exception *exception = exception_of(ref);
  if (!exception) return NULL;
  return (wasm_tag_t *)wm_handle_new(handle_of(ref)->home, &exception->tag->head);
}

bool wasmx_exception_args(const wasmx_exception_t *ref, wasm_val_vec_t *out) {
  if (!out) return wm_api_fail(ERR_ARGUMENT, "the vector is NULL");
  wasm_val_vec_new_empty(out);
  const Exception *exception = exception_of(ref);
  if (!exception) return wm_api_fail(ERR_ARGUMENT, "the exception is NULL or its store is deleted");
  const SubType *type = type_of(exception->tag);
  wasm_val_vec_new_uninitialized(out, type->param_count);
  for (u32 i = 0; i < out->size; i++) {
    if (wm_val_of_slot(handle_of(ref)->home, &out->data[i], type->params[i], exception->args[i]))
      continue;
    wasm_val_vec_delete(out);
    return false;
  }
  return out->size == type->param_count;
}

size_t wasmx_exception_arg_slots(const wasmx_exception_t *ref) {
  const Exception *exception = exception_of(ref);
  return exception ? exception->slot_count : 0;
}

void wasmx_exception_args_raw(const wasmx_exception_t *ref, wasmx_slot_t *slots) {
  const Exception *exception = exception_of(ref);
  if (exception && slots && exception->slot_count)
    memcpy(slots, exception->args, exception->slot_count * sizeof *slots);
}

wasm_ref_t *wasmx_exception_as_ref(wasmx_exception_t *ref) { return handle_of(ref); }

wasmx_exception_t *wasmx_ref_as_exception(wasm_ref_t *ref) {
  return ref && ref->kind == OBJ_EXCEPTION ? (wasmx_exception_t *)ref : NULL;
}

/* ---- in traps ---- */

wasm_trap_t *wasmx_trap_new_exception(const wasmx_exception_t *ref) {
  Exception *exception = exception_of(ref);
  if (!exception) return wm_api_misuse(NULL, "the exception is NULL, or its store is deleted");
  wasm_store_t *home = handle_of(ref)->home;
  Trap *trap = wm_exception_trap(home->store, exception);
  Handle *h = trap ? wm_handle_new(home, &trap->head) : NULL;
  if (!h) return wm_api_out_of_memory(), (wasm_trap_t *)wm_handle_out_of_memory();
  wm_store_safepoint(home->store);
  return (wasm_trap_t *)h;
}

wasmx_exception_t *wasmx_trap_exception(const wasm_trap_t *ref) {
  const Handle *h = handle_of(ref);
  const Trap *trap = handle_store(h) ? (const Trap *)h->object : NULL;
  if (!trap || !trap->exception) return NULL;
  return (wasmx_exception_t *)wm_handle_new(h->home, &trap->exception->head);
}
