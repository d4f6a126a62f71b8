/* Between compiled code and C (x64_stubs.S): what its stubs and their halves in C share. */
#ifndef WM_JIT_X64_CALLS_H
#define WM_JIT_X64_CALLS_H

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
  u64 trap;             /* TrapCode, or LEFT_LANDS */
  const void *entry_sp; /* or the Landing */
} Left;

/* Where compiled code goes on that caught an exception, with its frame as it was at the call. */
typedef struct Landing {
  u64 rbx, rbp, r12, r13;
  const u64 *rsp;
  const void *pc;
} Landing;

/* A call that leaves compiled code of `caller`; the callee's instance and Func as in
 * wm_native_call_out. */
typedef struct OutCall {
  Instance *caller;
  FuncCode *code;
  Instance *instance;
  Func *func;
} OutCall;

/* ---- x64_stubs.S ---- */
TrapCode wm_x64_enter_ints(Instance *in, const void *code, u64 *slots, const void **entry_sp);
TrapCode wm_x64_enter_plain(Instance *in, const void *code, u64 *slots, const void **entry_sp);
TrapCode wm_x64_enter_void(Instance *in, const void *code, u64 *slots, const void **entry_sp);
TrapCode wm_x64_enter(NativeEntry *entry, const void **entry_sp);
/* x64_ways_in.S */
TrapCode wm_x64_call_in_plain(Store *store, Func *func, u64 *slots);
TrapCode wm_x64_call_in_modes(Store *store, Func *func, u64 *slots);
void wm_x64_thunk(void);
void wm_x64_call_ref(void);
void wm_x64_call_slot(void);
void wm_x64_trap(void);
void wm_x64_throw(void);
void wm_x64_tail_slot(void);
void wm_x64_tail_ref(void);
void wm_x64_save_slot(void);
void wm_x64_save_ref(void);
void wm_x64_tail_saved(void);
void wm_x64_poll(void);
void wm_x64_log(void);
/* COLLECTS rows of helpers.def */
void wm_x64_struct_new(void);
void wm_x64_array_new_fixed(void);
void wm_x64_array_new(void);
void wm_x64_array_new_zero(void);
void wm_x64_array_new_data(void);
void wm_x64_array_new_elem(void);

/* ---- x64_ways_in.c, called by it ---- */
void wm_x64_write_thunks(u8 *code, const void *const *items, u32 count);
/* Sees to the limit for an entry at `here` and to the instance's. False: there is no room. */
bool wm_x64_prepare(Store *store, const Func *func, const u8 *here);

/* ---- x64_calls.c and x64_tail.c, called by it ---- */
/* A C function returned to the activation: ends what it left behind, looks whether to stop. */
TrapCode wm_x64_c_returned(Store *store, const Activation *act);
void wm_x64_spread(NativeEntry *entry, u64 *stack);
void wm_x64_collect(NativeEntry *entry, const u64 *stack);
Left wm_x64_call_any(NativeRegs *regs, u64 *native_sp, Instance *in, Func *func);
Left wm_x64_call_by_slot(NativeRegs *regs, u64 *native_sp, Instance *in);
Left wm_x64_tail_by_slot(NativeRegs *regs, u64 *native_sp, Instance *in, u64 number);
Left wm_x64_tail_any(NativeRegs *regs, u64 *native_sp, Instance *in, Func *func);
Left wm_x64_save_by_slot(NativeRegs *regs, u64 *native_sp, Instance *in, u64 number);
Left wm_x64_save_any(NativeRegs *regs, u64 *native_sp, Instance *in, Func *func);
Left wm_x64_run_saved(NativeRegs *regs, u64 *native_sp, Instance *in, u64 arg_slots);
Left wm_x64_throw_out(u64 *native_sp, Instance *in, struct Exception *exception);
/* What compiled code called ended with the code: an exception may be caught here. */
Left wm_x64_ended(Instance *in, TrapCode code);
Left wm_x64_raise(u64 *native_sp, Instance *in, u32 code);
Left wm_x64_check_poll(u64 *native_sp, Instance *in);

/* ---- between those ---- */
/* Notes where the caller stands, and puts the arguments into slots above the top of the value
 * stack. NULL: no room, trapped. */
u64 *wm_x64_take_args(NativeRegs *regs, u64 *native_sp, Instance *caller, const FuncCode *code,
                      const Instance *in);
/* Makes the call with its arguments in slots; results to their places, behind `arg_slots`. */
Left wm_x64_run(const OutCall *call, u64 *slots, u32 arg_slots, NativeRegs *regs, u64 *native_sp);
/* Both. */
Left wm_x64_call_out(const OutCall *call, NativeRegs *regs, u64 *native_sp);

#endif
