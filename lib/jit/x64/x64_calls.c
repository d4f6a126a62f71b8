/* The C halves of x64_stubs.S: values between slots and the places of the calling convention
 * (x64_lir.h), and what runs when compiled code is left. */
#include "jit/x64/x64_calls.h"

/* ---- values ---- */

/* Where a value is: its words in the registers' places or on the stack. */
static u64 *place_of(Loc loc, NativeRegs *regs, const u8 *ints, u64 *stack) {
  if (loc & LOC_STACK) return &stack[loc - LOC_STACK];
  if (loc >= XMM0) return regs->floats[loc - XMM0];
  u32 i = 0;
  while (ints[i] != loc) i++;
  return &regs->ints[i];
}

static u64 *arg_place(ArgCursor *cursor, u8 type, NativeRegs *regs, u64 *stack) {
  static const u8 ints[] = {RDI, RSI, RDX, RCX, R8, R9};
  return place_of(wm_x64_next_arg(cursor, type), regs, ints, stack);
}

static u64 *result_place(ArgCursor *cursor, u8 type, NativeRegs *regs, u64 *stack) {
  static const u8 ints[] = {RAX, RDX, RCX, RSI};
  return place_of(wm_x64_next_result(cursor, type), regs, ints, stack);
}

/* Returns how many words it has. Those of 4 bytes have zeros above. */
static u32 copy_value(u8 type, u64 *to, const u64 *from) {
  to[0] = type_bytes(type) == 4 ? (u32)from[0] : from[0];
  if (type != T_V128) return 1;
  to[1] = from[1];
  return 2;
}

static void args_to_places(const SubType *type, const u64 *slots, NativeRegs *regs, u64 *stack) {
  ArgCursor cursor = {0};
  for (u32 i = 0; i < type->param_count; i++) {
    u8 t = (u8)wm_jit_type(type->params[i]);
    slots += copy_value(t, arg_place(&cursor, t, regs, stack), slots);
  }
}

static void args_to_slots(const SubType *type, NativeRegs *regs, u64 *stack, u64 *slots) {
  ArgCursor cursor = {0};
  for (u32 i = 0; i < type->param_count; i++) {
    u8 t = (u8)wm_jit_type(type->params[i]);
    slots += copy_value(t, slots, arg_place(&cursor, t, regs, stack));
  }
}

static void results_to_places(const SubType *type, u32 stack_slots, const u64 *slots,
                              NativeRegs *regs, u64 *stack) {
  ArgCursor cursor = {.stack_slots = stack_slots};
  for (u32 i = 0; i < type->result_count; i++) {
    u8 t = (u8)wm_jit_type(type->results[i]);
    slots += copy_value(t, result_place(&cursor, t, regs, stack), slots);
  }
}

static void results_to_slots(const SubType *type, u32 stack_slots, NativeRegs *regs, u64 *stack,
                             u64 *slots) {
  ArgCursor cursor = {.stack_slots = stack_slots};
  for (u32 i = 0; i < type->result_count; i++) {
    u8 t = (u8)wm_jit_type(type->results[i]);
    slots += copy_value(t, slots, result_place(&cursor, t, regs, stack));
  }
}

/* ---- in ---- */

void wm_x64_spread(NativeEntry *entry, u64 *stack) {
  if (entry->is_osr)
    entry->regs.ints[0] = (u64)(uintptr_t)entry->slots;
  else
    args_to_places(entry->type, entry->slots, &entry->regs, stack);
}

void wm_x64_collect(NativeEntry *entry, const u64 *stack) {
  u32 arg_slots = entry->is_osr ? 0 : wm_x64_arg_slots(entry->type);
  results_to_slots(entry->type, arg_slots, &entry->regs, (u64 *)(uintptr_t)stack, entry->slots);
}

/* ---- out ---- */

u64 *wm_x64_take_args(NativeRegs *regs, u64 *native_sp, Instance *caller, const FuncCode *code,
                      const Instance *in) {
  Store *store = caller->store;
  store->activation->native_sp = native_sp;
  u32 before = in ? ACTIVATION_SLOTS : 0;
  u64 *slots = store->stack_top + before;
  if ((u64)(store->stack_end - store->stack_top) <
      before + code->link_slot + (u64)FRAME_LINK_SLOTS) {
    wm_trap_raise(store, TRAP_STACK_OVERFLOW, NULL, 0);
    return NULL;
  }
  args_to_slots(wm_types_get(store->types, code->type_id), regs, native_sp + 1, slots);
  return slots;
}

Left wm_x64_run(const OutCall *call, u64 *slots, u32 arg_slots, NativeRegs *regs, u64 *native_sp) {
  Store *store = call->caller->store;
  TrapCode trap = wm_native_call_out(store, call->code, call->instance, call->func, slots);
  const SubType *type = wm_types_get(store->types, call->code->type_id);
  if (!trap) results_to_places(type, arg_slots, slots, regs, native_sp + 1);
  return wm_x64_ended(call->caller, trap);
}

Left wm_x64_call_out(const OutCall *call, NativeRegs *regs, u64 *native_sp) {
  Store *store = call->caller->store;
  u64 *slots = wm_x64_take_args(regs, native_sp, call->caller, call->code, call->instance);
  if (!slots) return (Left){store->trap->code, store->activation->entry_sp};
  u32 arg_slots = wm_x64_arg_slots(wm_types_get(store->types, call->code->type_id));
  return wm_x64_run(call, slots, arg_slots, regs, native_sp);
}

TrapCode wm_x64_c_returned(Store *store, const Activation *act) {
  store_return_to(store, act);
  return store_poll_and_raise(store);
}

Left wm_x64_call_any(NativeRegs *regs, u64 *native_sp, Instance *in, Func *func) {
  return wm_x64_call_out(&(OutCall){in, func->code, func->instance, func}, regs, native_sp);
}

/* The slot is in the call: ff 15 and its distance from the return address. */
Left wm_x64_call_by_slot(NativeRegs *regs, u64 *native_sp, Instance *in) {
  const u8 *back = (const u8 *)(uintptr_t)*native_sp; /* NOLINT: a return address */
  const u8 *slot = back + (i32)load_u32(back - 4);
  u32 index = (u32)((size_t)(slot - in->module->region.base) / sizeof(void *));
  return wm_x64_call_out(&(OutCall){in, &in->module->codes[index], in, NULL}, regs, native_sp);
}

Left wm_x64_raise(u64 *native_sp, Instance *in, u32 code) {
  Store *store = in->store;
  Activation *activation = store->activation;
  activation->native_sp = native_sp;
  const void *pc = (const void *)(uintptr_t)*native_sp; /* NOLINT: a return address */
  const NativeBody *body = wm_native_find_in(in->module, pc);
  const NativeSite *site = body ? wm_native_site(body, pc) : NULL;
  if (site && site->trap) code = site->trap;
  return (Left){wm_trap_raise(store, (TrapCode)code, NULL, 0), activation->entry_sp};
}

Left wm_x64_check_poll(u64 *native_sp, Instance *in) {
  Store *store = in->store;
  Activation *activation = store->activation;
  activation->native_sp = native_sp;
  TrapCode trap =
      (const u8 *)native_sp < store->native.limit ? TRAP_STACK_OVERFLOW : wm_store_poll(store);
  if (trap)
    trap = wm_trap_raise(store, trap, NULL, 0);
  else
    wm_store_update_limit(store, in);
  return (Left){trap, activation->entry_sp};
}
