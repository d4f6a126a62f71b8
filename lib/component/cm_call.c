/* Calls of component functions: lifted ones, the host's, and by lowered ones. */
#include "component/cm_form.h"

void wm_call_end(Call *call) {
  if (call->taken.len) wm_taken_drop(call);
  if (call->lends.len) wm_lends_return(call);
  if (call->chunks) wm_chunks_free(call->chunks);
}

/* ---- a lifted function ---- */

static bool lower_params(const Side *side, const Type *params, const void *args, Slot *slots) {
  if (params->flat_count <= MAX_FLAT) return wm_lower_flat_fields(side, params, args, slots);
  u32 ptr;
  if (!wm_side_realloc(side, 0, 0, params->align, params->size, "value", &ptr)) return false;
  slots[0].u64 = ptr;
  return wm_lower_fields(side, params, args, ptr);
}

static bool lift_result(const Side *side, const Type *type, const Slot *slots, void *result) {
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
static bool run_lifted(Call *call, Func *func, const Inst *caller, const void *args, void *result) {
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
  if (is_host_func(func)) return true;
  if (func->options.post_return && !call_post_return(call, func)) return false;
  wm_inst_leave(func->inst, caller);
  return true;
}

/* ---- a host's ---- */

static bool call_host(Call *call, const Func *func, const void *args, void *result) {
  if (call->structs != !func->host)
    return wm_call_fail(call, "a function of the host's takes %s",
                        func->host ? "values" : "structs");
  wm_taken_arrive(call);
  wasm_trap_t *trap = func->host ? func->host(func->host_env, call, args, result)
                                 : func->host_structs(func->host_env, call, args, result);
  if (trap) wasm_trap_delete(call->trap); /* that there was no memory */
  if (trap) call->trap = trap;
  return !call->trap && wm_result_check(call, func, result);
}

bool wm_func_call(Call *call, Func *func, Inst *caller, const void *args, void *result) {
  if (is_host_func(func)) return call_host(call, func, args, result);
  return enter(call, func, caller) && run_lifted(call, func, caller, args, result);
}

/* ---- plain values: slots go from one side to the other ---- */

/* What the value in the slot is for the other side. */
static bool pass_plain(Call *call, const Type *type, Slot *slot) {
  Val val;
  if (!wm_lift_plain(call, type, slot->u64, &val)) return false;
  slot->u64 = plain_bits(call, type, &val);
  return true;
}

static bool run_plain(Call *call, const Func *func, const Inst *caller, Slot *slots) {
  if (!enter(call, func, caller)) return false;
  call->trap = wm_core_call(func->core, slots);
  call->returned = slots[0];
  return !call->trap;
}

static bool take_plain_args(Call *call, const Func *func, const void *args, Slot *slots) {
  const u8 *from = args;
  u32 at = 0;
  for (u32 i = 0; i < func->type->count; i++) {
    const Type *type = func->type->of[i];
    at = align_up(at, form_align(call, type));
    if (!check_plain(call, type, from + at)) return wm_args_check(call, func, args);
    slots[i].u64 = plain_bits(call, type, from + at);
    at += form_size(call, type);
  }
  return true;
}

wasm_trap_t *wm_func_call_plain(Func *func, bool structs, const void *args, void *result) {
  const Type *type = func->type->result;
  Slot slots[MAX_FLAT];
  Call call; /* needs no memory and no handles */
  slots[0].u64 = 0;
  call.trap = NULL;
  call.structs = structs;
  if (take_plain_args(&call, func, args, slots) && run_plain(&call, func, NULL, slots) &&
      (!type || wm_lift_plain(&call, type, slots->u64, result)))
    wm_func_end(&call, func, NULL);
  return call.trap;
}

static bool run_plain_lowered(Call *call, const Lowered *lowered, Slot *slots) {
  const Type *view = lowered->type;
  call->structs = false; /* values are in a slot's form already */
  for (u32 i = 0; i < view->count; i++)
    if (!pass_plain(call, view->of[i], &slots[i])) return false;
  return run_plain(call, lowered->func, lowered->inst, slots) &&
         (!view->result || pass_plain(call, view->result, slots)) &&
         wm_func_end(call, lowered->func, lowered->inst);
}

/* ---- a lowered function ---- */

static bool lift_params(const Side *side, const Type *params, const Slot *slots, void *fields) {
  if (params->flat_count <= MAX_FLAT) return wm_lift_flat_fields(side, params, slots, fields);
  const u8 *bytes = wm_side_bytes(side, slots[0].u32, params->size, params->align, "value");
  return bytes && wm_lift_fields(side, params, bytes, fields);
}

static bool lower_result(const Side *side, const Type *type, const void *result, u32 ptr,
                         Slot *slots) {
  if (!type) return true;
  if (type->flat_count <= 1) return wm_lower_flat(side, type, result, slots);
  const u8 *bytes = wm_side_bytes(side, ptr, type->size, type->align, "value");
  return bytes && wm_lower_memory(side, type, result, ptr);
}

/* A guest cannot change another one's memory. A host may give arguments back as its result, when
 * they must not lie in memory that the caller's realloc moves. */
static bool may_view_args(const Func *func) {
  return !is_host_func(func) || !func->type->result || !func->type->result->has_pointer;
}

static bool run_lowered(Call *call, const Lowered *lowered, Slot *slots) {
  Side side = {call, lowered->inst, &lowered->options, may_view_args(lowered->func)};
  const Type *view = lowered->type, *type = view->result;
  u32 params = view->params->flat_count <= MAX_FLAT ? view->params->flat_count : 1;
  /* Read before results lie there. */
  u32 result_at = type && type->flat_count > 1 ? slots[params].u32 : 0;
  void *args = wm_call_alloc(call, form_fields_size(call, view->params));
  /* A host fills it. */
  void *result = args ? wm_call_alloc_zeroed(call, type ? form_size(call, type) : 0) : NULL;
  if (!result || !lift_params(&side, view->params, slots, args) ||
      !wm_func_call(call, lowered->func, lowered->inst, args, result))
    return false;
  bool good = lower_result(&side, type, result, result_at, slots);
  return wm_func_end(call, lowered->func, lowered->inst) && good;
}

enum { LOWERED_ROOM = 768 }; /* for values, without malloc */

/* Between components structs take less than values. */
wasm_trap_t *wm_call_lowered(void *env, wasmx_caller_t *caller, Slot *slots) {
  const Lowered *lowered = env;
  const Func *func = lowered->func;
  (void)caller;
  if (!lowered->inst->may_leave) return wm_trap_text("cannot leave component instance");
  _Alignas(16) u8 room[LOWERED_ROOM];
  Call call = {.world = lowered->inst->world,
               .pos = room,
               .end = room + sizeof room,
               .structs = !func->host,
               .for_host = is_host_func(func)};
  if (lowered->type->is_plain && !is_host_func(func))
    run_plain_lowered(&call, lowered, slots);
  else
    run_lowered(&call, lowered, slots);
  wm_call_end(&call);
  return call.trap;
}
