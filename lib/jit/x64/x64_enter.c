/* Entering compiled code, and the table of ways in and out that the runtime gets. */
#include "jit/x64/x64_calls.h"

#include "runtime/atomics.h"
#include "runtime/gc_helpers.h"
#include "runtime/native_thunk.h"

#define CHECK_OFFSET(name, type, field) _Static_assert(name == offsetof(type, field), #name)
CHECK_OFFSET(INSTANCE_MEMORY0, Instance, memory0_base);
CHECK_OFFSET(INSTANCE_STORE, Instance, store);
CHECK_OFFSET(STORE_STACK_END, Store, stack_end);
CHECK_OFFSET(STORE_STACK_TOP, Store, stack_top);
CHECK_OFFSET(STORE_ACTIVATION, Store, activation);
CHECK_OFFSET(STORE_HEAP, Store, heap);
CHECK_OFFSET(HEAP_LARGE_BASE, Heap, large_base);
CHECK_OFFSET(HEAP_CARDS, Heap, cards);
_Static_assert(HEAP_CARD_SHIFT == HEAP_CARD_LOG2, "a card's size");
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
CHECK_OFFSET(LANDING_RBX, Landing, rbx);
CHECK_OFFSET(LANDING_RBP, Landing, rbp);
CHECK_OFFSET(LANDING_R12, Landing, r12);
CHECK_OFFSET(LANDING_R13, Landing, r13);
CHECK_OFFSET(LANDING_RSP, Landing, rsp);
CHECK_OFFSET(LANDING_PC, Landing, pc);
_Static_assert(sizeof(Landing) == sizeof(((Store *)0)->landing), "Store.landing");
CHECK_OFFSET(ENTRY_REGS, NativeEntry, regs);
CHECK_OFFSET(ENTRY_INSTANCE, NativeEntry, instance);
CHECK_OFFSET(ENTRY_CODE, NativeEntry, code);
CHECK_OFFSET(ENTRY_SP, NativeEntry, entry_sp);
CHECK_OFFSET(ENTRY_STACK_BYTES, NativeEntry, stack_bytes);
CHECK_OFFSET(FUNC_ENV, Func, env);
CHECK_OFFSET(CODE_C_CALL, FuncCode, c_call);
CHECK_OFFSET(STORE_STOP, Store, stop);
CHECK_OFFSET(STOP_REASONS, Stop, reasons);
_Static_assert(C_CALL_I32_NUMBER == C_CALL_I32, "C_CALL_I32");
CHECK_OFFSET(CODE_BODY, FuncCode, body);
CHECK_OFFSET(BODY_IS_PLAIN, NativeBody, is_plain);
CHECK_OFFSET(THUNK_STORE, NativeThunk, store);
CHECK_OFFSET(THUNK_FUNC, NativeThunk, func);
CHECK_OFFSET(THUNK_NARROW, NativeThunk, narrow_ints);
CHECK_OFFSET(THUNK_CALL, NativeThunk, call);
CHECK_OFFSET(THUNK_TRAPPED, NativeThunk, trapped);
CHECK_OFFSET(STORE_STACK, Store, stack);
CHECK_OFFSET(STORE_NATIVE_LIMIT, Store, native.limit);
CHECK_OFFSET(STORE_NATIVE_HERE, Store, native.here);
_Static_assert(NATIVE_NEAR == NATIVE_NEAR_BYTES, "NATIVE_NEAR");
CHECK_OFFSET(STORE_NATIVE_THREAD, Store, native.thread);
CHECK_OFFSET(STORE_NATIVE_ENDED, Store, native.threads_ended);
CHECK_OFFSET(INSTANCE_STACK_LIMIT, Instance, stack_limit);
CHECK_OFFSET(ACTIVATION_OUTER, Activation, outer);
CHECK_OFFSET(ACTIVATION_FUNC, Activation, func);
CHECK_OFFSET(ACTIVATION_FP, Activation, fp);
CHECK_OFFSET(ACTIVATION_INSTANCE, Activation, instance);
CHECK_OFFSET(ACTIVATION_ENTRY, Activation, entry);
CHECK_OFFSET(ACTIVATION_PROOF, Activation, proof);
CHECK_OFFSET(ACTIVATION_SCOPE, Activation, scope);
_Static_assert(ACTIVATION_BYTES == sizeof(Activation), "ACTIVATION_BYTES");
_Static_assert(ENTRY_ROOM_BYTES == sizeof(Activation) + FRAME_LINK_SLOTS * sizeof(u64), "room");
CHECK_OFFSET(CODE_PARAM_SLOTS, FuncCode, param_slots);
CHECK_OFFSET(CODE_RESULT_SLOTS, FuncCode, result_slots);
CHECK_OFFSET(CODE_NARROW_PARAMS, FuncCode, narrow_params);
_Static_assert(TAIL_CALL_NUMBER == TRAP_TAIL_CALL, "TAIL_CALL_NUMBER");
_Static_assert(NARROW_SLOTS >= ARG_REGISTERS, "all arguments of SHAPE_INTS are made narrow");
_Static_assert(REGS_BYTES == sizeof(NativeRegs), "REGS_BYTES");
_Static_assert(SHAPE_NUMBER_INTS == SHAPE_INTS && SHAPE_INTS_VOID > SHAPE_INTS && !SHAPE_MIXED,
               "the shapes that the stub takes are those from SHAPE_INTS on");

/* ---- in ---- */

static NOINLINE TrapCode enter_mixed(Instance *in, const FuncCode *fc, const void *code, u64 *slots,
                                     bool is_osr) {
  const SubType *type = module_func_type(&fc->module->module, fc->index);
  u32 arg_slots = is_osr ? 0 : wm_x64_arg_slots(type);
  const void **entry_sp = &in->store->activation->entry_sp;
  NativeEntry entry = {.instance = in,
                       .code = code,
                       .entry_sp = entry_sp,
                       .stack_bytes = (wm_x64_stack_slots(type, arg_slots) + UINT64_C(1)) / 2 * 16,
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

/* ---- for the runtime ---- */

/* A C function's address as data: the same on every machine that this file is for. */
#define ADDRESS(function) ((const void *)(uintptr_t)&(function))

static const void *const helpers[HELPER_COUNT] = {
    [STUB_TRAP] = ADDRESS(wm_x64_trap),
    [STUB_CALL_REF] = ADDRESS(wm_x64_call_ref),
    [STUB_CALL_SLOT] = ADDRESS(wm_x64_call_slot),
    [STUB_TAIL_SLOT] = ADDRESS(wm_x64_tail_slot),
    [STUB_TAIL_REF] = ADDRESS(wm_x64_tail_ref),
    [STUB_SAVE_SLOT] = ADDRESS(wm_x64_save_slot),
    [STUB_SAVE_REF] = ADDRESS(wm_x64_save_ref),
    [STUB_TAIL_SAVED] = ADDRESS(wm_x64_tail_saved),
    [STUB_POLL] = ADDRESS(wm_x64_poll),
    [STUB_THROW] = ADDRESS(wm_x64_throw),
    [STUB_LOG] = ADDRESS(wm_x64_log),
#define HELPER(id, traps, function)   [HELPER_##id] = ADDRESS(function),
#define COLLECTS(id, traps, function) [HELPER_##id] = ADDRESS(wm_x64_##id),
#include "runtime/helpers.def"
#undef HELPER
};

/* A disp32 reaches everything, with room for what is added to it. */
enum { REACH_BYTES = INT32_MAX - (1 << 20) + 1 };

static void fault_to_stub(Fault *fault) {
  *--fault->sp = (u64)(uintptr_t)fault->pc + 1;
  fault->pc = ADDRESS(wm_x64_trap);
}

const NativeMachine wm_x64_native = {
    .helpers = helpers,
    .reach_bytes = REACH_BYTES,
    .call_slot = ADDRESS(wm_x64_call_slot),
    .call_ref = ADDRESS(wm_x64_call_ref),
    .fault = fault_to_stub,
    .enter = enter_body,
    .enter_osr = enter_osr,
    .call_in = {[DIRECT_PLAIN] = wm_x64_call_in_plain, [DIRECT_MODES] = wm_x64_call_in_modes},
    .write_thunks = wm_x64_write_thunks,
    .thunk_code = ADDRESS(wm_x64_thunk)};
