#include "component/cm_call.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- traps ---- */

/* Of no store: they are told also when the store is gone. */
static wasm_trap_t *trap_of(const char *text) {
  wasm_byte_vec_t message;
  wasm_byte_vec_new(&message, strlen(text) + 1, text);
  wasm_trap_t *trap = wasm_trap_new(NULL, &message);
  wasm_byte_vec_delete(&message);
  return trap;
}

wasm_trap_t *wm_trap_text(const char *format, ...) {
  char text[300];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return trap_of(text);
}

bool wm_call_fail(Call *call, const char *format, ...) {
  char text[300];
  if (call->trap) return false;
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  call->trap = trap_of(text);
  return false;
}

void *wm_call_alloc(Call *call, u64 size) {
  call->bytes += size;
  void *memory = call->bytes <= MAX_CALL_BYTES ? wm_arena_array(&call->arena, size, 1) : NULL;
  if (!memory) wm_call_fail(call, "out of memory for the values of a call");
  return memory;
}

void wm_call_end(Call *call) {
  wm_lends_return(call);
  wm_arena_free(&call->arena);
}

/* ---- memory ---- */

static bool misaligned(const Side *side, const char *what, u32 align) {
  if (strcmp(what, "string") == 0)
    return wm_call_fail(side->call, "unaligned pointer: string pointer not aligned to %u", align);
  return wm_call_fail(side->call, "unaligned pointer: %s not aligned to %u", what, align);
}

static bool in_memory(const Side *side, u32 ptr, u64 size) {
  return side->options->memory &&
         is_within(ptr, size, wasm_memory_data_size(side->options->memory));
}

u8 *wm_side_bytes(const Side *side, u32 ptr, u64 size, u32 align, const char *what) {
  bool fits = size <= MAX_SEQUENCE_BYTES;
  if (fits && (ptr & (align - 1)) != 0) {
    misaligned(side, what, align);
    return NULL;
  }
  if (fits && in_memory(side, ptr, size))
    return size ? (u8 *)wasm_memory_data(side->options->memory) + ptr : side->call->no_bytes;
  wm_call_fail(side->call, "%s content out-of-bounds: %s pointer/length out of bounds of memory",
               what, what);
  return NULL;
}

bool wm_side_realloc(const Side *side, u32 old, u64 old_size, u32 align, u64 size, const char *what,
                     u32 *ptr) {
  Call *call = side->call;
  Slot slots[4] = {{.u64 = old}, {.u64 = old_size}, {.u64 = align}, {.u64 = size}};
  if (call->trap) return false;
  side->inst->may_leave = false;
  call->trap = wm_core_call(side->options->realloc, slots);
  if (call->trap) return false;
  side->inst->may_leave = true;
  *ptr = slots[0].u32;
  if (*ptr & (align - 1))
    return wm_call_fail(call, "unaligned pointer: realloc return: result not aligned");
  return in_memory(side, *ptr, size) ||
         wm_call_fail(call, "%s content out-of-bounds: realloc return: beyond end of memory", what);
}

/* ---- entering ---- */

static bool is_ancestor(const Inst *inst, const Inst *of) {
  while (of && of != inst) of = of->parent;
  return of == inst;
}

/* The instance and its ancestors, but not those of the caller. */
static Inst *next_entered(Inst *inst, const Inst *caller) {
  return inst && !(caller && is_ancestor(inst, caller)) ? inst : NULL;
}

bool wm_inst_enter(Inst *inst, const Inst *caller) {
  for (Inst *i = next_entered(inst, caller); i; i = next_entered(i->parent, caller))
    if (!i->may_enter) return false;
  for (Inst *i = next_entered(inst, caller); i; i = next_entered(i->parent, caller))
    i->may_enter = false;
  return true;
}

void wm_inst_leave(Inst *inst, const Inst *caller) {
  for (Inst *i = next_entered(inst, caller); i; i = next_entered(i->parent, caller))
    i->may_enter = true;
}

wasm_trap_t *wm_core_call(const wasm_func_t *func, Slot *slots) {
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  if (LIKELY(!trap) || wasmx_trap_code(trap) != WASMX_TRAP_UNCAUGHT_EXCEPTION) return trap;
  wasm_trap_delete(trap);
  return wm_trap_text("uncaught exception propagated out of component");
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
  bool related = caller && (is_ancestor(caller, func->inst) || is_ancestor(func->inst, caller));
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
  call->trap = func->host(func->host_env, call, args, result);
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
