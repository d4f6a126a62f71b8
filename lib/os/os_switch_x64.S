/* The switch between two stacks (os_coroutine.h), System V ABI for x86-64.
 *
 *   sp of the side that does not run -> [ mxcsr, x87 | r15 r14 r13 r12 rbx rbp | return address ]
 *
 * Both sides return by the same `ret` to the same call, which the processor then foresees. */
#include "os/os_asm_x64.h"

  .text

/* void wm_switch_x64(void **from_sp, void *to_sp) */
FUNCTION(wm_switch_x64)
  PUSH %rbp
  PUSH %rbx
  PUSH %r12
  PUSH %r13
  PUSH %r14
  PUSH %r15
  GROW 8
  stmxcsr 0(%rsp)
  fnstcw 4(%rsp)
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  ldmxcsr 0(%rsp)
  fldcw 4(%rsp)
  SHRINK 8
  POP %r15
  POP %r14
  POP %r13
  POP %r12
  POP %rbx
  POP %rbp
  ret
END(wm_switch_x64)

/* A coroutine's first frame: rbx is the Coroutine, r12 what runs it, r13 what an exception that
 * comes this far is given to. Nothing is above it. */
FUNCTION(wm_switch_first_frame)
  .cfi_personality 0x1b, wm_switch_personality
  .cfi_lsda 0x1b, .Llanding
  .cfi_undefined %rip
  movq %rbx, %rdi
  call *%r12
  ud2
.Llanding:
  movq %rbx, %rdi
  movq %rax, %rsi
  call *%r13
  ud2
END(wm_switch_first_frame)

  .section .note.GNU-stack, "", @progbits
