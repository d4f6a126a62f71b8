/* Short ways from the host into compiled code: what wm_call (runtime/call.c), the function's entry
 * and its stub do together, for an outermost call of a body that is compiled. Whatever else there is
 * goes the long way, and what goes wrong is C's.
 *
 *   rsp -> [ - | mxcsr of the host | - | six words to pop | after_trap ]  what a trap leaves by
 *          [ token | store | activation | the caller's | its Func ]       token: the entry's proof
 *          [ r15 r14 r13 r12 rbx rbp | return address ]
 *
 * What unwinds through it ends the entry: wm_x64_way_in_personality. While compiled code runs, which
 * keeps them, rbx is the store, rbp the activation, r12 the caller's, r13 the Func. */
#include "jit/x64/x64_stubs.h"

  .text

.macro WAY_IN_BEGINS
  .cfi_personality 0x1b, wm_x64_way_in_personality
  PUSH %rbp
  PUSH %rbx
  PUSH %r12
  PUSH %r13
  PUSH %r14
  PUSH %r15
  GROW 120
  .cfi_remember_state
.endm

.macro WAY_IN_ENDS bytes
  SHRINK \bytes
  POP %r15
  POP %r14
  POP %r13
  POP %r12
  POP %rbx
  POP %rbp
.endm

/* Begins the entry of r13 in rbx: rbp becomes its activation, r15 the instance, r11 the code. Changes
 * rax and r10 besides, no argument's register. */
.macro BEGIN_ENTRY name
  movq $0, WAY_IN_TOKEN(%rsp)
  movq %rbx, WAY_IN_TOKEN + 8(%rsp)
  cmpq $0, STORE_ACTIVATION(%rbx)
  jne .Llong_way_\name
  movq FUNC_CODE(%r13), %r11
  movq FUNC_INSTANCE(%r13), %r15
  leaq WAY_IN_TOKEN(%rsp), %r10
  movq %r10, %rax
  subq STORE_NATIVE_HERE(%rbx), %rax
  addq $NATIVE_NEAR, %rax
  cmpq $(2 * NATIVE_NEAR), %rax
  ja .Lprepare_\name
  movq STORE_NATIVE_LIMIT(%rbx), %rax
  cmpq %rax, %r10
  jb .Lprepare_\name
  cmpq %rax, INSTANCE_STACK_LIMIT(%r15)
  jne .Lprepare_\name
  movq %fs:0, %rax
  cmpq %rax, STORE_NATIVE_THREAD(%rbx)
  jne .Lprepare_\name
  movl wm_threads_ended(%rip), %eax
  cmpl %eax, STORE_NATIVE_ENDED(%rbx)
  jne .Lprepare_\name
.Lprepared_\name:
  movq STORE_STACK_TOP(%rbx), %rbp
  movl CODE_LINK_SLOT(%r11), %eax
  leaq ENTRY_ROOM_BYTES(%rbp, %rax, 8), %rax
  cmpq STORE_STACK_END(%rbx), %rax
  ja .Llong_way_\name
  xorl %eax, %eax
  movq %rax, ACTIVATION_OUTER(%rbp)
  movq %r13, ACTIVATION_FUNC(%rbp)
  movq %rax, ACTIVATION_CALLEE(%rbp)
  movq %rax, ACTIVATION_FP(%rbp)
  movq %r15, ACTIVATION_INSTANCE(%rbp)
  movq %rax, ACTIVATION_NATIVE_SP(%rbp)
  movq %rsp, ACTIVATION_ENTRY_SP(%rbp)
  movq %rbp, ACTIVATION_ENTRY(%rbp)
  movq %r10, ACTIVATION_PROOF(%rbp)
  movq %rax, ACTIVATION_SCOPE(%rbp)
  leaq ACTIVATION_BYTES(%rbp), %rax
  movq %rbp, STORE_ACTIVATION(%rbx)
  movq %rax, STORE_STACK_TOP(%rbx)
  movq %rbp, WAY_IN_TOKEN + 16(%rsp)
  movq %r12, WAY_IN_TOKEN + 24(%rsp)
  movq %rbp, %rax
  notq %rax
  movq %rax, WAY_IN_TOKEN(%rsp)
  leaq .Lafter_trap_\name(%rip), %rax
  movq %rax, 72(%rsp)
  movq INSTANCE_MEMORY0(%r15), %r14
.endm

/* Ends it, with the lower part of the frame gone: rbx, rbp as before; keeps what is in rax. */
.macro END_ENTRY name
.Lend_\name:
  movq STORE_ACTIVATION(%rbx), %rcx
  movq $0, 0(%rsp)
  cmpq %rbp, ACTIVATION_ENTRY(%rcx)
  jne .Ldrop_inner_\name
.Ldropped_\name:
  movq STORE_STACK(%rbx), %rcx
  movq $0, STORE_ACTIVATION(%rbx)
  movq %rcx, STORE_STACK_TOP(%rbx)
.endm

/* What is out of line of the two macros above. Entries that began in this one were left behind; the
 * result is kept meanwhile. */
.macro OUT_OF_LINE name
.Ldrop_inner_\name:
  GROW 80
  movq %rax, 0(%rsp)
  movsd %xmm0, 8(%rsp)
  movq %rbx, %rdi
  movq %rbp, %rsi
  call wm_entry_drop_inner
  movq 0(%rsp), %rax
  movsd 8(%rsp), %xmm0
  SHRINK 80
  jmp .Ldropped_\name
.endm

/* The stack's limit is to be set, or wasm has to stop. */
.macro PREPARE name
.Lprepare_\name:
  movq %rbx, %rdi
  movq %r13, %rsi
  movq %r10, %rdx
  call wm_x64_prepare
  testb %al, %al
  jz .Llong_way_\name
  movq FUNC_CODE(%r13), %r11
  leaq WAY_IN_TOKEN(%rsp), %r10
.endm

/* One of SHAPE_INTS' arguments, if it has so many. */
.macro LOAD_ARG number, reg, low
  cmpl $\number, %r10d
  jbe 8f
  movq 8 * \number(%r12), \reg
  testb $(1 << \number), %al
  jz 7f
  movl \low, \low
7:
.endm

/* TrapCode name(Store *store, Func *func, u64 *slots): a function whose way is_plain, or sets the
 * modes. */
.macro CALL_IN name, has_modes
FUNCTION(\name)
  WAY_IN_BEGINS
  movq %rdi, %rbx
  movq %rsi, %r13
  movq %rdx, %r12
  BEGIN_ENTRY \name
  movq %r13, WAY_IN_TOKEN + 32(%rsp)
  .if \has_modes
    SET_MODES
  .else
    movl $MXCSR_DEFAULT, 8(%rsp)
  .endif
  movzwl CODE_PARAM_SLOTS(%r11), %r10d
  movl CODE_NARROW_PARAMS(%r11), %eax
  movq CODE_NATIVE(%r11), %r11
  LOAD_ARG 0, %rdi, %edi
  LOAD_ARG 1, %rsi, %esi
  LOAD_ARG 2, %rdx, %edx
  LOAD_ARG 3, %rcx, %ecx
  LOAD_ARG 4, %r8, %r8d
  LOAD_ARG 5, %r9, %r9d
8:
  call *%r11
  .if \has_modes
    RESTORE_MODES
  .endif
  movq FUNC_CODE(%r13), %rcx
  SHRINK 80
  cmpw $0, CODE_RESULT_SLOTS(%rcx)
  je 7f
  movq %rax, (%r12)
7:
  xorl %eax, %eax
  END_ENTRY \name
  .cfi_remember_state
  WAY_IN_ENDS 40
  ret
  .cfi_restore_state
.Lafter_trap_\name:
  movq 8(%rsp), %rbx
  movq 16(%rsp), %rbp
  cmpl $TAIL_CALL_NUMBER, %eax
  jne .Lend_\name
  GROW 80
  movq %rbx, %rdi
  leaq ACTIVATION_BYTES(%rbp), %rsi
  call wm_tail_go_on
  SHRINK 80
  testl %eax, %eax
  jnz .Lend_\name
  movq 32(%rsp), %rcx
  movq FUNC_CODE(%rcx), %rcx
  cmpw $0, CODE_RESULT_SLOTS(%rcx)
  je .Lend_\name
  movq 24(%rsp), %rcx
  movq ACTIVATION_BYTES(%rbp), %rdx
  movq %rdx, (%rcx)
  jmp .Lend_\name
  OUT_OF_LINE \name
  .cfi_restore_state
  PREPARE \name
  jmp .Lprepared_\name
.Llong_way_\name:
  movq %rbx, %rdi
  movq %r13, %rsi
  movq %r12, %rdx
  WAY_IN_ENDS 120
  jmp wm_call
END(\name)
.endm

CALL_IN wm_x64_call_in_plain, 0
CALL_IN wm_x64_call_in_modes, 1

/* ---- C functions that call wasm ---- */

.macro NARROW number, low
  testb $(1 << \number), %al
  jz 7f
  movl \low, \low
7:
.endm

/* Where thunks go on: the NativeThunk in rax, arguments where C and compiled code have them. */
FUNCTION(wm_x64_thunk)
  WAY_IN_BEGINS
  movq THUNK_FUNC(%rax), %r13
  movq THUNK_STORE(%rax), %rbx
  movq %rax, %r12
  movq FUNC_CODE(%r13), %r11
  cmpq $0, CODE_BODY(%r11)
  je .Llong_way_thunk
  BEGIN_ENTRY thunk
  movq CODE_BODY(%r11), %rax
  movl $MXCSR_DEFAULT, 8(%rsp)
  cmpb $0, BODY_IS_PLAIN(%rax)
  jne 8f
  SET_MODES
8:
  movl THUNK_NARROW(%r12), %eax
  testl %eax, %eax
  jz 8f
  NARROW 0, %edi
  NARROW 1, %esi
  cmpl $4, %eax
  jb 8f
  NARROW 2, %edx
  NARROW 3, %ecx
  NARROW 4, %r8d
  NARROW 5, %r9d
8:
  call *CODE_NATIVE(%r11)
  RESTORE_MODES
  SHRINK 80
  xorl %r13d, %r13d
  END_ENTRY thunk
  testl %r13d, %r13d
  jnz .Ltrapped_thunk
  .cfi_remember_state
  WAY_IN_ENDS 40
  ret
  .cfi_restore_state
.Ltrapped_thunk:
  movq 24(%rsp), %rdi
  .cfi_remember_state
  WAY_IN_ENDS 40
  jmp wm_x64_thunk_trapped
  .cfi_restore_state
.Lafter_trap_thunk:
  movq 8(%rsp), %rbx
  movq 16(%rsp), %rbp
  movl %eax, %r13d
  cmpl $TAIL_CALL_NUMBER, %eax
  jne .Lend_thunk
  GROW 80
  movq %rbx, %rdi
  leaq ACTIVATION_BYTES(%rbp), %rsi
  call wm_tail_go_on
  SHRINK 80
  movl %eax, %r13d
  movq ACTIVATION_BYTES(%rbp), %rax
  movq %rax, %xmm0
  jmp .Lend_thunk
  OUT_OF_LINE thunk
  .cfi_restore_state
.Lprepare_thunk:
  GROW 176
  STORE_ARGS 0, %rsp
  movq %rbx, %rdi
  movq %r13, %rsi
  movq %r10, %rdx
  call wm_x64_prepare
  movl %eax, %r10d
  LOAD_ARGS 0, %rsp
  SHRINK 176
  movq FUNC_CODE(%r13), %r11
  testb %r10b, %r10b
  leaq WAY_IN_TOKEN(%rsp), %r10
  jnz .Lprepared_thunk
.Llong_way_thunk:
  movq %r12, %rax
  WAY_IN_ENDS 120
  jmp wm_x64_thunk_long_way
END(wm_x64_thunk)

/* Apart, where a token is none: the NativeThunk in rax and all else as before. */
FUNCTION(wm_x64_thunk_long_way)
  GROW 184
  STORE_ARGS 0, %rsp
  movq %rax, %rdi
  movq %rsp, %rsi
  call *THUNK_CALL(%rdi)
  movq REGS_INTS + 0(%rsp), %rax
  movups REGS_FLOATS + 0(%rsp), %xmm0
  SHRINK 184
  ret
END(wm_x64_thunk_long_way)

/* Likewise, in rdi. */
FUNCTION(wm_x64_thunk_trapped)
  GROW 8
  call *THUNK_TRAPPED(%rdi)
  xorl %eax, %eax
  xorps %xmm0, %xmm0
  SHRINK 8
  ret
END(wm_x64_thunk_trapped)

  .section .note.GNU-stack, "", @progbits
