/* Calls of component functions: lifted ones, the host's, and by lowered ones. */
#include "component/cm_call.h"

void wm_call_end(Call *call) {
  wm_lends_return(call);
  wm_arena_free(&call->arena);
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
  return bytes && wm_lift_memory(side, type, slots[0].u32, result);
}

static bool call_post_return(const Side *side, const Slot *slots) {
  Slot copy = slots[0];
  if (!side->options->post_return) return true;
  side->inst->may_leave = false;
  side->call->trap = wm_core_call(side->options->post_return, &copy);
  if (side->call->trap) return false;
  side->inst->may_leave = true;
  return true;
}

static bool no_borrows(Call *call) {
  return call->borrows == 0 ||
         wm_call_fail(call, "borrow handles still remain at the end of the call");
}

static bool run_lifted(Call *call, Func *func, const Val *args, Val *result) {
  Side side = {call, func->inst, &func->options};
  Slot slots[MAX_FLAT + 1] = {{.u64 = 0}};
  if (!lower_params(&side, func->type->params, args, slots)) return false;
  call->trap = wm_core_call(func->core, slots);
  return !call->trap && lift_result(&side, func->type->result, slots, result) && no_borrows(call) &&
         call_post_return(&side, slots);
}

static bool call_lifted(Call *call, Func *func, Inst *caller, const Val *args, Val *result) {
  bool related = caller && (wm_inst_is_ancestor(caller, func->inst) ||
                            wm_inst_is_ancestor(func->inst, caller));
  if (related || !wm_inst_enter(func->inst, caller))
    return wm_call_fail(call, "cannot enter component instance");
  if (!run_lifted(call, func, args, result)) return false;
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
  return func->host ? call_host(call, func, args, result)
                    : call_lifted(call, func, caller, args, result);
}

/* ---- a lowered function ---- */

static bool lift_params(const Side *side, const Type *params, const Slot *slots, Val *all) {
  if (params->flat_count <= MAX_FLAT) return wm_lift_flat(side, params, slots, all);
  const u8 *bytes = wm_side_bytes(side, slots[0].u32, params->size, params->align, "value");
  return bytes && wm_lift_memory(side, params, slots[0].u32, all);
}

static bool lower_result(const Side *side, const Type *type, const Val *result, u32 ptr,
                         Slot *slots) {
  if (!type) return true;
  if (type->flat_count <= 1) return wm_lower_flat(side, type, result, slots);
  const u8 *bytes = wm_side_bytes(side, ptr, type->size, type->align, "value");
  return bytes && wm_lower_memory(side, type, result, ptr);
}

static bool run_lowered(Call *call, const Lowered *lowered, Slot *slots) {
  Side side = {call, lowered->inst, &lowered->options};
  const Type *view = lowered->type;
  bool by_pointer = view->result && view->result->flat_count > 1;
  u32 params = view->params->flat_count <= MAX_FLAT ? view->params->flat_count : 1;
  u32 result_at = by_pointer ? slots[params].u32 : 0; /* read before results lie there */
  Val all, result = {0};
  return lift_params(&side, view->params, slots, &all) &&
         wm_func_call(call, lowered->func, lowered->inst, all.of.items.data, &result) &&
         lower_result(&side, view->result, &result, result_at, slots);
}

wasm_trap_t *wm_call_lowered(void *env, wasmx_caller_t *caller, Slot *slots) {
  const Lowered *lowered = env;
  (void)caller;
  if (!lowered->inst->may_leave) return wm_trap_text("cannot leave component instance");
  Call call = {.world = lowered->inst->world};
  run_lowered(&call, lowered, slots);
  wm_call_end(&call);
  return call.trap;
}
