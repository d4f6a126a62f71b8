/* What assembly files for x86-64 share: functions, pushes that unwinders know of, float modes. */
#ifndef WM_OS_OS_ASM_X64_H
#define WM_OS_OS_ASM_X64_H

/* wasm's float modes: to nearest, all exceptions masked, no flushing. */
#define MXCSR_DEFAULT 0x1F80
#define MXCSR_MODES   0xFFC0 /* all but the six flags, which do not matter */

#ifdef __ASSEMBLER__

/* clang-format off */
#define FUNCTION(name) .globl name; .hidden name; .type name, @function; .balign 16; name: .cfi_startproc
#define END(name) .cfi_endproc; .size name, . - name

.macro PUSH reg
  pushq \reg
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset \reg, 0
.endm

.macro POP reg
  popq \reg
  .cfi_adjust_cfa_offset -8
  .cfi_restore \reg
.endm

.macro GROW bytes
  subq $\bytes, %rsp
  .cfi_adjust_cfa_offset \bytes
.endm

.macro SHRINK bytes
  addq $\bytes, %rsp
  .cfi_adjust_cfa_offset -\bytes
.endm
/* clang-format on */

#endif
#endif
