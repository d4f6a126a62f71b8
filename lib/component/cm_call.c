/* Calls of component functions: lifted ones, the host's, and by lowered ones. */
#include "component/cm_call.h"

void wm_call_end(Call *call) {
  if (call->lends.len) wm_lends_return(call);
  if (call->chunks) wm_chunks_free(call->chunks);
}

/* ---- a lifted function ---- */

static bool lower_params(const Side *side, const Type *params, const Val *args, Slot *slots) {
  Val all = {.kind = WASMCM_TUPLE, .of.items = {(Val *)(uintptr_t)args, params->count}};
  if (params->flat_count <= MAX_FLAT) return wm_lower_flat(side, params, &all, slots);
  u32 ptr;
  if (!wm_side_realloc(side, 0, 0, params->align, params->size, "value", &ptr)) return false;
  slots[0].u64 = ptr;
  return wm_lower_memory(side, params, &all, ptr);
}

static bool lift_result(const Side *side, const Type *type, const Slot *slots, Val *result) {
  if (!type) return true;
  if (type->flat_count <= 1) return wm_lift_flat(side, type, slots, result);
  const u8 *bytes = wm_side_bytes(side, slots[0].u32, type->size, type->align, "value");
  return bytes && wm_lift_memory(side, type, bytes, result);
}

static bool no_borrows(Call *call) {
  return call->borrows == 0 ||
         wm_call_fail(call, "borrow handles still remain at the end of the call");
}

/* The host gets a result that is its own. */
static bool run_lifted(Call *call, Func *func, const Inst *caller, const Val *args, Val *result) {
  Side side = {call, func->inst, &func->options, caller != NULL};
  Slot slots[MAX_FLAT + 1];
  slots[0].u64 = 0;
  if (!lower_params(&side, func->type->params, args, slots)) return false;
  call->trap = wm_core_call(func->core, slots);
  if (call->trap || !lift_result(&side, func->type->result, slots, result)) return false;
  call->returned = slots[0];
  return no_borrows(call);
}

static bool enter(Call *call, const Func *func, const Inst *caller) {
  bool related = caller && (wm_inst_is_ancestor(caller, func->inst) ||
                            wm_inst_is_ancestor(func->inst, caller));
  return (!related && wm_inst_enter(func->inst, caller)) ||
         wm_call_fail(call, "cannot enter component instance");
}

static bool call_post_return(Call *call, const Func *func) {
  func->inst->may_leave = false;
  wasm_trap_t *trap = wm_core_call(func->options.post_return, &call->returned);
  if (trap && call->trap) wasm_trap_delete(trap);
  if (!call->trap) call->trap = trap;
  func->inst->may_leave = !trap;
  return !trap;
}

bool wm_func_end(Call *call, const Func *func, const Inst *caller) {
  if (func->host) return true;
  if (func->options.post_return && !call_post_return(call, func)) return false;
  wm_inst_leave(func->inst, caller);
  return true;
}

/* ---- a host's ---- */

static bool args_for_host(Call *call, const Type *func, const Val *args) {
  for (u32 i = 0; i < func->count; i++)
    if (!wm_strings_for_host(call, func->of[i], (Val *)(uintptr_t)&args[i])) return false;
  return true;
}

static bool call_host(Call *call, const Func *func, const Val *args, Val *result) {
  if (!args_for_host(call, func->type, args)) return false;
  wasm_trap_t *trap = func->host(func->host_env, call, args, result);
  if (trap) wasm_trap_delete(call->trap); /* that there was no memory */
  if (trap) call->trap = trap;
  if (call->trap) return false;
  return !func->type->result || wm_val_check(func->inst, func->type->result, result) ||
         wm_call_fail(call, "a host function gave a value of another type");
}

bool wm_func_call(Call *call, Func *func, Inst *caller, const Val *args, Val *result) {
  if (func->host) return call_host(call, func, args, result);
  return enter(call, func, caller) && run_lifted(call, func, caller, args, result);
}

/* ---- plain values: slots go from one side to the other ---- */

/* What the value in the slot is for the other side. */
static bool pass_plain(Call *call, const Type *type, Slot *slot) {
  Val val;
  if (!wm_lift_plain(call, type, slot->u64, &val)) return false;
  slot->u64 = plain_bits(type, &val);
  return true;
}

static bool run_plain(Call *call, const Func *func, const Inst *caller, Slot *slots) {
  if (!enter(call, func, caller)) return false;
  call->trap = wm_core_call(func->core, slots);
  call->returned = slots[0];
  return !call->trap;
}

bool wm_call_bad_argument(Call *call, u32 index) {
  return wm_call_fail(call, "argument %u is not of its parameter's type", index);
}

static bool take_plain_args(Call *call, const Type *func, const Val *args, Slot *slots) {
  for (u32 i = 0; i < func->count; i++) {
    if (!wm_val_check(NULL, func->of[i], &args[i])) return wm_call_bad_argument(call, i);
    slots[i].u64 = plain_bits(func->of[i], &args[i]);
  }
  return true;
}

wasm_trap_t *wm_func_call_plain(Func *func, const Val *args, Val *result) {
  const Type *type = func->type;
  Slot slots[MAX_FLAT];
  Call call; /* needs no memory and no handles */
  slots[0].u64 = 0;
  call.trap = NULL;
  if (take_plain_args(&call, type, args, slots) && run_plain(&call, func, NULL, slots) &&
      (!type->result || wm_lift_plain(&call, type->result, slots->u64, result)))
    wm_func_end(&call, func, NULL);
  return call.trap;
}

static bool run_plain_lowered(Call *call, const Lowered *lowered, Slot *slots) {
  const Type *view = lowered->type;
  for (u32 i = 0; i < view->count; i++)
    if (!pass_plain(call, view->of[i], &slots[i])) return false;
  return run_plain(call, lowered->func, lowered->inst, slots) &&
         (!view->result || pass_plain(call, view->result, slots)) &&
         wm_func_end(call, lowered->func, lowered->inst);
}

/* ---- a lowered function ---- */

static bool lift_params(const Side *side, const Type *params, const Slot *slots, Val *all) {
  if (params->flat_count <= MAX_FLAT) return wm_lift_flat(side, params, slots, all);
  const u8 *bytes = wm_side_bytes(side, slots[0].u32, params->size, params->align, "value");
  return bytes && wm_lift_memory(side, params, bytes, all);
}

static bool lower_result(const Side *side, const Type *type, const Val *result, u32 ptr,
                         Slot *slots) {
  if (!type) return true;
  if (type->flat_count <= 1) return wm_lower_flat(side, type, result, slots);
  const u8 *bytes = wm_side_bytes(side, ptr, type->size, type->align, "value");
  return bytes && wm_lower_memory(side, type, result, ptr);
}

/* A guest cannot change another one's memory. A host may give arguments back as its result, when
 * they must not lie in memory that the caller's realloc moves. */
static bool may_view_args(const Func *func) {
  return !func->host || !func->type->result || !func->type->result->has_pointer;
}

static bool run_lowered(Call *call, const Lowered *lowered, Slot *slots) {
  Side side = {call, lowered->inst, &lowered->options, may_view_args(lowered->func)};
  const Type *view = lowered->type;
  bool by_pointer = view->result && view->result->flat_count > 1;
  u32 params = view->params->flat_count <= MAX_FLAT ? view->params->flat_count : 1;
  u32 result_at = by_pointer ? slots[params].u32 : 0; /* read before results lie there */
  Val all, result = {0};
  if (!lift_params(&side, view->params, slots, &all) ||
      !wm_func_call(call, lowered->func, lowered->inst, all.of.items.data, &result))
    return false;
  bool good = lower_result(&side, view->result, &result, result_at, slots);
  return wm_func_end(call, lowered->func, lowered->inst) && good;
}

enum { LOWERED_ROOM = 768 }; /* for values, without malloc */

wasm_trap_t *wm_call_lowered(void *env, wasmx_caller_t *caller, Slot *slots) {
  const Lowered *lowered = env;
  (void)caller;
  if (!lowered->inst->may_leave) return wm_trap_text("cannot leave component instance");
  _Alignas(16) u8 room[LOWERED_ROOM];
  Call call = {.world = lowered->inst->world, .pos = room, .end = room + sizeof room};
  if (lowered->type->is_plain && !lowered->func->host)
    run_plain_lowered(&call, lowered, slots);
  else
    run_lowered(&call, lowered, slots);
  wm_call_end(&call);
  return call.trap;
}
