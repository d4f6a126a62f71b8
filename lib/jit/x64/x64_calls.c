/* The C halves of x64_stubs.S: values between slots and the places of the calling convention
 * (jit/lir.h), and what runs when compiled code is left. */
#include "jit/x64/x64_machine.h"
#include "jit/x64/x64_stubs.h"

/* The registers that hold arguments, or results (of which there are fewer). */
typedef struct NativeRegs {
  u64 ints[ARG_REGISTERS];
  u64 floats[8][2];
} NativeRegs;

/* One entry of a function whose signature is not of a plain shape. */
typedef struct NativeEntry {
  NativeRegs regs;
  Instance *instance;
  const void *code;
  const void **entry_sp;
  u64 stack_bytes; /* arguments and results in memory; a multiple of 16 */
  const SubType *type;
  u64 *slots;
  bool is_osr; /* the only argument is the address of the slots */
} NativeEntry;

/* What a stub gets back: rax and rdx. */
typedef struct Left {
  u64 trap; /* TrapCode */
  const void *entry_sp;
} Left;

#define CHECK_OFFSET(name, type, field) _Static_assert(name == offsetof(type, field), #name)
CHECK_OFFSET(INSTANCE_MEMORY0, Instance, memory0_base);
CHECK_OFFSET(INSTANCE_STORE, Instance, store);
CHECK_OFFSET(STORE_STACK_END, Store, stack_end);
CHECK_OFFSET(STORE_STACK_TOP, Store, stack_top);
CHECK_OFFSET(STORE_ACTIVATION, Store, activation);
CHECK_OFFSET(ACTIVATION_CALLEE, Activation, callee);
CHECK_OFFSET(ACTIVATION_NATIVE_SP, Activation, native_sp);
CHECK_OFFSET(ACTIVATION_ENTRY_SP, Activation, entry_sp);
CHECK_OFFSET(FUNC_CODE, Func, code);
CHECK_OFFSET(FUNC_INSTANCE, Func, instance);
CHECK_OFFSET(FUNC_HOST, Func, host);
CHECK_OFFSET(CODE_NATIVE, FuncCode, native);
CHECK_OFFSET(CODE_LINK_SLOT, FuncCode, link_slot);
CHECK_OFFSET(CODE_SHAPE, FuncCode, native_shape);
CHECK_OFFSET(REGS_INTS, NativeRegs, ints);
CHECK_OFFSET(REGS_FLOATS, NativeRegs, floats);
CHECK_OFFSET(ENTRY_REGS, NativeEntry, regs);
CHECK_OFFSET(ENTRY_INSTANCE, NativeEntry, instance);
CHECK_OFFSET(ENTRY_CODE, NativeEntry, code);
CHECK_OFFSET(ENTRY_SP, NativeEntry, entry_sp);
CHECK_OFFSET(ENTRY_STACK_BYTES, NativeEntry, stack_bytes);
_Static_assert(REGS_BYTES == sizeof(NativeRegs), "REGS_BYTES");
_Static_assert(SHAPE_NUMBER_INTS == SHAPE_INTS && SHAPE_INTS_VOID > SHAPE_INTS && !SHAPE_MIXED,
               "the shapes that the stub takes are those from SHAPE_INTS on");

/* x64_stubs.S */
TrapCode wm_x64_enter_ints(Instance *in, const void *code, u64 *slots, const void **entry_sp);
TrapCode wm_x64_enter_plain(Instance *in, const void *code, u64 *slots, const void **entry_sp);
TrapCode wm_x64_enter_void(Instance *in, const void *code, u64 *slots, const void **entry_sp);
TrapCode wm_x64_enter(NativeEntry *entry, const void **entry_sp);
void wm_x64_call_ref(void);
void wm_x64_call_slot(void);
void wm_x64_trap(void);
void wm_x64_poll(void);

/* Called by it. */
void wm_x64_spread(NativeEntry *entry, u64 *stack);
void wm_x64_collect(NativeEntry *entry, const u64 *stack);
Left wm_x64_call_any(NativeRegs *regs, u64 *native_sp, Instance *in, Func *func);
Left wm_x64_call_by_slot(NativeRegs *regs, u64 *native_sp, Instance *in);
Left wm_x64_raise(u64 *native_sp, Instance *in, u32 code);
Left wm_x64_check_poll(u64 *native_sp, Instance *in);

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

static ArgCursor args_to_places(const SubType *type, const u64 *slots, NativeRegs *regs,
                                u64 *stack) {
  ArgCursor cursor = {0};
  for (u32 i = 0; i < type->param_count; i++) {
    u8 t = (u8)wm_jit_type(type->params[i]);
    slots += copy_value(t, arg_place(&cursor, t, regs, stack), slots);
  }
  return cursor;
}

static ArgCursor args_to_slots(const SubType *type, NativeRegs *regs, u64 *stack, u64 *slots) {
  ArgCursor cursor = {0};
  for (u32 i = 0; i < type->param_count; i++) {
    u8 t = (u8)wm_jit_type(type->params[i]);
    slots += copy_value(t, slots, arg_place(&cursor, t, regs, stack));
  }
  return cursor;
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

static u32 arg_stack_slots(const SubType *type) {
  ArgCursor cursor = {0};
  for (u32 i = 0; i < type->param_count; i++)
    wm_x64_next_arg(&cursor, (u8)wm_jit_type(type->params[i]));
  return cursor.stack_slots;
}

static u32 all_stack_slots(const SubType *type, u32 arg_slots) {
  ArgCursor cursor = {.stack_slots = arg_slots};
  for (u32 i = 0; i < type->result_count; i++)
    wm_x64_next_result(&cursor, (u8)wm_jit_type(type->results[i]));
  return cursor.stack_slots;
}

/* ---- in ---- */

void wm_x64_spread(NativeEntry *entry, u64 *stack) {
  if (entry->is_osr)
    entry->regs.ints[0] = (u64)(uintptr_t)entry->slots;
  else
    args_to_places(entry->type, entry->slots, &entry->regs, stack);
}

void wm_x64_collect(NativeEntry *entry, const u64 *stack) {
  u32 arg_slots = entry->is_osr ? 0 : arg_stack_slots(entry->type);
  results_to_slots(entry->type, arg_slots, &entry->regs, (u64 *)(uintptr_t)stack, entry->slots);
}

static NOINLINE TrapCode enter_mixed(Instance *in, const FuncCode *fc, const void *code, u64 *slots,
                                     bool is_osr) {
  const SubType *type = module_func_type(&fc->module->module, fc->index);
  u32 arg_slots = is_osr ? 0 : arg_stack_slots(type);
  const void **entry_sp = &in->store->activation->entry_sp;
  NativeEntry entry = {.instance = in,
                       .code = code,
                       .entry_sp = entry_sp,
                       .stack_bytes = (all_stack_slots(type, arg_slots) + UINT64_C(1)) / 2 * 16,
                       .type = type,
                       .slots = slots,
                       .is_osr = is_osr};
  return wm_x64_enter(&entry, entry_sp);
}

/* Interrupts may have changed it, and another place on the stack. */
static inline bool has_limit(Instance *in) {
  uintptr_t limit = atomic_load_explicit(&in->stack_limit, memory_order_relaxed);
  return LIKELY(limit == (uintptr_t)in->store->native.limit);
}

static inline TrapCode enter_within_limit(FuncCode *fc, Instance *in, u64 *slots) {
  const NativeBody *body = atomic_load_explicit(&fc->body, memory_order_acquire);
  const void *code = body->start;
  Activation *activation = in->store->activation;
  activation->instance = in;
  if (LIKELY(fc->native_shape == SHAPE_INTS))
    return body->is_plain ? wm_x64_enter_plain(in, code, slots, &activation->entry_sp)
                          : wm_x64_enter_ints(in, code, slots, &activation->entry_sp);
  if (fc->native_shape == SHAPE_INTS_VOID)
    return wm_x64_enter_void(in, code, slots, &activation->entry_sp);
  return enter_mixed(in, fc, code, slots, false);
}

static NOINLINE TrapCode update_and_enter(FuncCode *fc, Instance *in, u64 *slots) {
  wm_store_update_limit(in->store, in);
  return enter_within_limit(fc, in, slots);
}

static TrapCode enter_body(FuncCode *fc, Instance *in, u64 *slots) {
  return has_limit(in) ? enter_within_limit(fc, in, slots) : update_and_enter(fc, in, slots);
}

static TrapCode enter_osr(const FuncCode *fc, Instance *in, const void *code, u64 *frame) {
  if (!has_limit(in)) wm_store_update_limit(in->store, in);
  in->store->activation->instance = in;
  return enter_mixed(in, fc, code, frame, true);
}

/* ---- out ---- */

/* A call of `code` with arguments where the convention has them: through slots, back to places. */
static Left call_out(NativeRegs *regs, u64 *native_sp, Instance *caller, FuncCode *code,
                     Instance *in, Func *func) {
  Store *store = caller->store;
  Activation *activation = store->activation;
  activation->native_sp = native_sp;
  u32 before = in ? ACTIVATION_SLOTS : 0;
  u64 *slots = store->stack_top + before, *stack = native_sp + 1;
  if ((u64)(store->stack_end - store->stack_top) < before + code->link_slot + (u64)FRAME_LINK_SLOTS)
    return (Left){wm_trap_raise(store, TRAP_STACK_OVERFLOW, NULL, 0), activation->entry_sp};
  const SubType *type = wm_types_get(store->types, code->type_id);
  ArgCursor args = args_to_slots(type, regs, stack, slots);
  TrapCode trap = wm_native_call_out(store, code, in, func, slots);
  if (!trap) results_to_places(type, args.stack_slots, slots, regs, stack);
  return (Left){trap, activation->entry_sp};
}

Left wm_x64_call_any(NativeRegs *regs, u64 *native_sp, Instance *in, Func *func) {
  return call_out(regs, native_sp, in, func->code, func->instance, func);
}

/* The slot is in the call: ff 15 and its distance from the return address. */
Left wm_x64_call_by_slot(NativeRegs *regs, u64 *native_sp, Instance *in) {
  const u8 *back = (const u8 *)(uintptr_t)*native_sp; /* NOLINT: a return address */
  const u8 *slot = back + (i32)load_u32(back - 4);
  u32 index = (u32)((size_t)(slot - in->module->region.base) / sizeof(void *));
  return call_out(regs, native_sp, in, &in->module->codes[index], in, NULL);
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

/* ---- for the runtime ---- */

/* A C function's address as data: the same on every machine that this file is for. */
#define ADDRESS(function) ((const void *)(uintptr_t)&(function))

static const void *const helpers[HELPER_COUNT] = {
    [STUB_TRAP] = ADDRESS(wm_x64_trap),
    [STUB_CALL_REF] = ADDRESS(wm_x64_call_ref),
    [STUB_POLL] = ADDRESS(wm_x64_poll),
#define HELPER(id, traps, function) [HELPER_##id] = ADDRESS(function),
#include "runtime/helpers.def"
#undef HELPER
};

/* A disp32 reaches everything, with room for what is added to it. */
enum { REACH_BYTES = INT32_MAX - (1 << 20) + 1 };

static void fault_to_stub(Fault *fault) {
  *--fault->sp = (u64)(uintptr_t)fault->pc + 1;
  fault->pc = ADDRESS(wm_x64_trap);
}

const NativeMachine wm_x64_native = {.helpers = helpers,
                                     .reach_bytes = REACH_BYTES,
                                     .call_slot = ADDRESS(wm_x64_call_slot),
                                     .call_ref = ADDRESS(wm_x64_call_ref),
                                     .fault = fault_to_stub,
                                     .enter = enter_body,
                                     .enter_osr = enter_osr};
