/* The ways into compiled code and out of it (x64_calls.h, runtime/native.h), System V ABI for x86-64.
 *
 * While compiled code runs, r15 holds the instance, r14 the base of memory 0, and the activation's
 * entry_sp the stack pointer behind `enter`'s pushes:
 *
 *   entry_sp -> [ slots or NativeEntry | mxcsr of the host | - | r15 r14 r13 r12 rbx rbp | return address ]
 *
 * What leaves compiled code pushes rbx, rbp, r12, r13 right below its return address, where the
 * collector looks for references, and notes the return address's place as native_sp. */
#include "jit/x64/x64_stubs.h"

  .text

/* Saves what C wants back. The words at entry_sp are set by the caller. */
.macro SAVE_FOR_C
  PUSH %rbp
  PUSH %rbx
  PUSH %r12
  PUSH %r13
  PUSH %r14
  PUSH %r15
  GROW 24
.endm

/* The same, and sets the float modes. The first word at entry_sp is set by the caller. */
.macro ENTER
  SAVE_FOR_C
  SET_MODES
.endm

/* Takes back what SAVE_FOR_C saved, and returns. */
.macro RETURN_TO_C
  SHRINK 24
  POP %r15
  POP %r14
  POP %r13
  POP %r12
  POP %rbx
  POP %rbp
  ret
.endm

/* The end of ENTER: eax is the TrapCode that comes back. */
.macro LEAVE
  RESTORE_MODES
  RETURN_TO_C
.endm

/* Calls code (rsi) of an instance (rdi) with the six words at rdx as arguments; rcx: where the
 * activation's entry_sp is. */
.macro CALL_WITH_INTS
  movq %rsp, (%rcx)
  movq %rdi, %r15
  movq INSTANCE_MEMORY0(%rdi), %r14
  movq %rsi, %r11
  movq 0(%rdx), %rdi
  movq 8(%rdx), %rsi
  movq 24(%rdx), %rcx
  movq 32(%rdx), %r8
  movq 40(%rdx), %r9
  movq 16(%rdx), %rdx
  call *%r11
.endm

/* TrapCode wm_x64_enter_plain(Instance *in, const void *code, u64 *slots, const void **entry_sp):
 * SHAPE_INTS, of a body that the float modes do not matter to: what takes longest is left out. */
FUNCTION(wm_x64_enter_plain)
  SAVE_FOR_C
  movl $MXCSR_DEFAULT, 8(%rsp)
  movq %rdx, %rbx
  CALL_WITH_INTS
  movq %rax, (%rbx)
  xorl %eax, %eax
  RETURN_TO_C
END(wm_x64_enter_plain)

/* TrapCode wm_x64_enter_ints(Instance *in, const void *code, u64 *slots, const void **entry_sp):
 * SHAPE_INTS. Loads all six argument registers; their slots can be read. */
FUNCTION(wm_x64_enter_ints)
  ENTER
  movq %rdx, (%rsp)
  CALL_WITH_INTS
  movq (%rsp), %rdx
  movq %rax, (%rdx)
  xorl %eax, %eax
  jmp leave
END(wm_x64_enter_ints)

/* The same for SHAPE_INTS_VOID. */
FUNCTION(wm_x64_enter_void)
  ENTER
  CALL_WITH_INTS
  xorl %eax, %eax
  /* rsp is entry_sp; eax the TrapCode that comes back. */
leave:
  LEAVE
END(wm_x64_enter_void)

/* TrapCode wm_x64_enter(NativeEntry *entry, const void **entry_sp): any signature. wm_x64_spread
 * and wm_x64_collect move values between the slots and the registers' places. */
FUNCTION(wm_x64_enter)
  ENTER
  movq %rdi, (%rsp)
  movq %rsp, (%rsi)
  movq %rdi, %rbx
  movq %rsp, %rbp
  .cfi_def_cfa %rbp, 80
  movq ENTRY_INSTANCE(%rbx), %r15
  movq INSTANCE_MEMORY0(%r15), %r14
  subq ENTRY_STACK_BYTES(%rbx), %rsp
  movq %rsp, %rsi
  call wm_x64_spread
  LOAD_ARGS ENTRY_REGS, %rbx
  call *ENTRY_CODE(%rbx)
  movq %rax, ENTRY_REGS + REGS_INTS + 0(%rbx)
  movq %rdx, ENTRY_REGS + REGS_INTS + 8(%rbx)
  movq %rcx, ENTRY_REGS + REGS_INTS + 16(%rbx)
  movq %rsi, ENTRY_REGS + REGS_INTS + 24(%rbx)
  movups %xmm0, ENTRY_REGS + REGS_FLOATS + 0(%rbx)
  movups %xmm1, ENTRY_REGS + REGS_FLOATS + 16(%rbx)
  movups %xmm2, ENTRY_REGS + REGS_FLOATS + 32(%rbx)
  movups %xmm3, ENTRY_REGS + REGS_FLOATS + 48(%rbx)
  movq %rbx, %rdi
  movq %rsp, %rsi
  call wm_x64_collect
  movq %rbp, %rsp
  .cfi_def_cfa %rsp, 80
  xorl %eax, %eax
  jmp leave
END(wm_x64_enter)

/* ---- out of compiled code ---- */

.macro SAVE_FOR_COLLECTOR
  PUSH %rbx
  PUSH %rbp
  PUSH %r12
  PUSH %r13
.endm

.macro RESTORE_AND_RETURN
  POP %r13
  POP %r12
  POP %rbp
  POP %rbx
  ret
.endm

/* STUB_CALL_REF: the Func in rax, arguments in place. */
FUNCTION(wm_x64_call_ref)
  movq FUNC_INSTANCE(%rax), %r11
  cmpq %r11, %r15
  je same_instance
  SAVE_FOR_COLLECTOR
  testq %r11, %r11
  jnz any_callee
  /* A host function of SHAPE_INTS: the slots on the value stack, and there we are. */
  movq FUNC_CODE(%rax), %r11
  cmpb $0, CODE_C_CALL(%r11)
  jne c_function
  cmpb $SHAPE_NUMBER_INTS, CODE_SHAPE(%r11)
  jb any_callee
  movq INSTANCE_STORE(%r15), %rbx
  movq STORE_STACK_TOP(%rbx), %rbp
  movl CODE_LINK_SLOT(%r11), %r12d
  leaq (%rbp, %r12, 8), %r12
  cmpq STORE_STACK_END(%rbx), %r12
  ja any_callee
  movq %rdi, 0(%rbp)
  movq %rsi, 8(%rbp)
  movq %rdx, 16(%rbp)
  movq %rcx, 24(%rbp)
  movq %r8, 32(%rbp)
  movq %r9, 40(%rbp)
  movq STORE_ACTIVATION(%rbx), %r13
  movq %r12, STORE_STACK_TOP(%rbx)
  leaq 32(%rsp), %r11
  movq %r11, ACTIVATION_NATIVE_SP(%r13)
  movq %rax, ACTIVATION_CALLEE(%r13)
  movq %rbx, %rdi
  movq %rax, %rsi
  movq %r15, %rdx
  movq %rbp, %rcx
  GROW 8
  call *FUNC_HOST(%rax)
  SHRINK 8
  movq %rbp, STORE_STACK_TOP(%rbx)
  testl %eax, %eax
  jnz host_trapped
  movq (%rbp), %rax
  RESTORE_AND_RETURN
  /* A C function of the same signature, for whom all is in place. */
c_function:
  movq INSTANCE_STORE(%r15), %rbx
  movq STORE_ACTIVATION(%rbx), %rbp
  leaq 32(%rsp), %r10
  movq %r11, %r12
  movq %r10, ACTIVATION_NATIVE_SP(%rbp)
  movq %rax, ACTIVATION_CALLEE(%rbp)
  movq FUNC_ENV(%rax), %r10
  movq STORE_STOP(%rbx), %r13
  GROW 8
  call *(%r10)
  SHRINK 8
  cmpb $C_CALL_I32_NUMBER, CODE_C_CALL(%r12)
  jne 1f
  movl %eax, %eax
1:
  cmpq %rbp, STORE_ACTIVATION(%rbx)
  jne 2f
  cmpl $0, STOP_REASONS(%r13)
  jne 2f
  RESTORE_AND_RETURN
2:
  GROW 24
  movq %rax, 0(%rsp)
  movsd %xmm0, 8(%rsp)
  movq %rbx, %rdi
  movq %rbp, %rsi
  call wm_x64_c_returned
  movl %eax, %ecx
  movq 0(%rsp), %rax
  movsd 8(%rsp), %xmm0
  SHRINK 24
  testl %ecx, %ecx
  jz 3f
  movl %ecx, %eax
  jmp host_trapped
3:
  RESTORE_AND_RETURN
host_trapped:
  GROW 8
  movq %r15, %rdi
  movl %eax, %esi
  call wm_x64_ended
  jmp out_trapped
END(wm_x64_call_ref)

/* The same, for a callee of the running instance: what is compiled is jumped to. */
FUNCTION(same_instance_callee)
same_instance:
  movq FUNC_CODE(%rax), %r11
  movq CODE_NATIVE(%r11), %r11
  leaq wm_x64_call_ref(%rip), %r10
  cmpq %r10, %r11
  je 1f
  jmp *%r11
1:
  SAVE_FOR_COLLECTOR
any_callee:
  leaq wm_x64_call_any(%rip), %r10
  /* r10: the C function (NativeRegs *regs, u64 *native_sp, Instance *in, rax) that does it;
   * a TrapCode comes back, and with it where to leave to. */
call_out:
  GROW 184
  STORE_ARGS 0, %rsp
  movq %rsp, %rdi
  leaq 216(%rsp), %rsi
  movq %r15, %rdx
  movq %rax, %rcx
  call *%r10
  testl %eax, %eax
  jnz out_trapped
  movq REGS_INTS + 0(%rsp), %rax
  movq REGS_INTS + 8(%rsp), %rdx
  movq REGS_INTS + 16(%rsp), %rcx
  movq REGS_INTS + 24(%rsp), %rsi
  movups REGS_FLOATS + 0(%rsp), %xmm0
  movups REGS_FLOATS + 16(%rsp), %xmm1
  movups REGS_FLOATS + 32(%rsp), %xmm2
  movups REGS_FLOATS + 48(%rsp), %xmm3
  SHRINK 184
  RESTORE_AND_RETURN
  /* eax, rdx: Left. An exception that was caught goes on at its landing. */
out_trapped:
  cmpl $LEFT_LANDS, %eax
  je 2f
  movq %rdx, %rsp
  jmp leave
2:
  movq LANDING_RBX(%rdx), %rbx
  movq LANDING_RBP(%rdx), %rbp
  movq LANDING_R12(%rdx), %r12
  movq LANDING_R13(%rdx), %r13
  movq LANDING_RSP(%rdx), %rsp
  movq INSTANCE_MEMORY0(%r15), %r14
  jmp *LANDING_PC(%rdx)
END(same_instance_callee)

/* A helper that may collect (helpers.def): called as a C function, with the instance in rdi. What
 * it was given is a root, too. */
.macro COLLECTING_HELPER name, function
FUNCTION(\name)
  SAVE_FOR_COLLECTOR
  movq INSTANCE_STORE(%rdi), %r11
  movq STORE_ACTIVATION(%r11), %r11
  leaq 32(%rsp), %r10
  movq %r10, ACTIVATION_NATIVE_SP(%r11)
  PUSH %rsi
  PUSH %rdx
  PUSH %rcx
  PUSH %r8
  PUSH %r9
  call \function
  SHRINK 40
  RESTORE_AND_RETURN
END(\name)
.endm

COLLECTING_HELPER wm_x64_struct_new, wm_helper_struct_new
COLLECTING_HELPER wm_x64_array_new_fixed, wm_helper_array_new_fixed
COLLECTING_HELPER wm_x64_array_new, wm_helper_array_new
COLLECTING_HELPER wm_x64_array_new_zero, wm_helper_array_new_zero
COLLECTING_HELPER wm_x64_array_new_data, wm_helper_array_new_data
COLLECTING_HELPER wm_x64_array_new_elem, wm_helper_array_new_elem

/* What a slot holds whose function is not compiled; called by `call [rip + slot]`. */
FUNCTION(wm_x64_call_slot)
  SAVE_FOR_COLLECTOR
  leaq wm_x64_call_by_slot(%rip), %r10
  jmp call_out
END(wm_x64_call_slot)

/* Another C function of the same kind; rax is its last argument. */
.macro CALL_OUT function
  SAVE_FOR_COLLECTOR
  leaq \function(%rip), %r10
  jmp call_out
.endm

/* STUB_TAIL_SLOT .. STUB_TAIL_SAVED */
FUNCTION(wm_x64_tail_slot)
  CALL_OUT wm_x64_tail_by_slot
END(wm_x64_tail_slot)

FUNCTION(wm_x64_tail_ref)
  CALL_OUT wm_x64_tail_any
END(wm_x64_tail_ref)

FUNCTION(wm_x64_save_slot)
  CALL_OUT wm_x64_save_by_slot
END(wm_x64_save_slot)

FUNCTION(wm_x64_save_ref)
  CALL_OUT wm_x64_save_any
END(wm_x64_save_ref)

FUNCTION(wm_x64_tail_saved)
  CALL_OUT wm_x64_run_saved
END(wm_x64_tail_saved)

/* STUB_TRAP: the TrapCode is the site's, or in eax. The stack may be aligned in any way. */
FUNCTION(wm_x64_trap)
  SAVE_FOR_COLLECTOR
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  leaq 32(%rsp), %rdi
  movq %r15, %rsi
  movl %eax, %edx
  andq $-16, %rsp
  call wm_x64_raise
  movq %rdx, %rsp
  jmp leave
END(wm_x64_trap)

/* STUB_THROW: the exception in rsi, as a helper's argument. */
FUNCTION(wm_x64_throw)
  SAVE_FOR_COLLECTOR
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  leaq 32(%rsp), %rdi
  movq %rsi, %rdx
  movq %r15, %rsi
  andq $-16, %rsp
  call wm_x64_throw_out
  jmp out_trapped
END(wm_x64_throw)

/* All vector registers, below rsp, which is aligned. */
.macro SAVE_VECTORS
  subq $256, %rsp
  movaps %xmm0, 0(%rsp)
  movaps %xmm1, 16(%rsp)
  movaps %xmm2, 32(%rsp)
  movaps %xmm3, 48(%rsp)
  movaps %xmm4, 64(%rsp)
  movaps %xmm5, 80(%rsp)
  movaps %xmm6, 96(%rsp)
  movaps %xmm7, 112(%rsp)
  movaps %xmm8, 128(%rsp)
  movaps %xmm9, 144(%rsp)
  movaps %xmm10, 160(%rsp)
  movaps %xmm11, 176(%rsp)
  movaps %xmm12, 192(%rsp)
  movaps %xmm13, 208(%rsp)
  movaps %xmm14, 224(%rsp)
  movaps %xmm15, 240(%rsp)
.endm

.macro RESTORE_VECTORS
  movaps 0(%rsp), %xmm0
  movaps 16(%rsp), %xmm1
  movaps 32(%rsp), %xmm2
  movaps 48(%rsp), %xmm3
  movaps 64(%rsp), %xmm4
  movaps 80(%rsp), %xmm5
  movaps 96(%rsp), %xmm6
  movaps 112(%rsp), %xmm7
  movaps 128(%rsp), %xmm8
  movaps 144(%rsp), %xmm9
  movaps 160(%rsp), %xmm10
  movaps 176(%rsp), %xmm11
  movaps 192(%rsp), %xmm12
  movaps 208(%rsp), %xmm13
  movaps 224(%rsp), %xmm14
  movaps 240(%rsp), %xmm15
.endm

/* Those that C does not keep; r11 apart. */
.macro SAVE_SCRATCH
  PUSH %rax
  PUSH %rcx
  PUSH %rdx
  PUSH %rsi
  PUSH %rdi
  PUSH %r8
  PUSH %r9
  PUSH %r10
.endm

.macro RESTORE_SCRATCH
  POP %r10
  POP %r9
  POP %r8
  POP %rdi
  POP %rsi
  POP %rdx
  POP %rcx
  POP %rax
.endm

/* STUB_POLL: keeps every register. Those that may hold references are the collector's, too. */
FUNCTION(wm_x64_poll)
  SAVE_FOR_COLLECTOR
  SAVE_SCRATCH
  PUSH %r11
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  leaq 104(%rsp), %rdi
  movq %r15, %rsi
  andq $-16, %rsp
  SAVE_VECTORS
  call wm_x64_check_poll
  testl %eax, %eax
  jnz poll_trapped
  RESTORE_VECTORS
  movq %rbp, %rsp
  .cfi_def_cfa_register %rsp
  POP %r11
  RESTORE_SCRATCH
  RESTORE_AND_RETURN
poll_trapped:
  movq %rdx, %rsp
  jmp leave
END(wm_x64_poll)

/* STUB_LOG: above the return address the place, and the object. Where the place has a card that is
 * marked, there is nothing to do. */
FUNCTION(wm_x64_log)
  PUSH %rax
  movq INSTANCE_STORE(%r15), %r11
  movq STORE_HEAP(%r11), %r11
  movq 16(%rsp), %rax
  addq $8, %rax
  subq HEAP_LARGE_BASE(%r11), %rax
  jb 1f
  shrq $HEAP_CARD_SHIFT, %rax
  addq HEAP_CARDS(%r11), %rax
  cmpb $0, (%rax)
  je 1f
  POP %rax
  ret $16
1:
  .cfi_adjust_cfa_offset 8
  POP %rax
  PUSH %rbp
  SAVE_SCRATCH
  movq 88(%rsp), %rsi
  movq 80(%rsp), %rdx
  movq %r15, %rdi
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  andq $-16, %rsp
  SAVE_VECTORS
  call wm_helper_log
  RESTORE_VECTORS
  movq %rbp, %rsp
  .cfi_def_cfa_register %rsp
  RESTORE_SCRATCH
  POP %rbp
  ret $16
END(wm_x64_log)

  .section .rodata
  .balign 4
  .globl wm_x64_default_mxcsr
  .hidden wm_x64_default_mxcsr
wm_x64_default_mxcsr:
  .long MXCSR_DEFAULT

  .section .note.GNU-stack, "", @progbits
