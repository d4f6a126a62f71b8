/* Offsets that the assembly files need, which x64_enter.c checks, and what both of them do. */
#ifndef WM_JIT_X64_STUBS_H
#define WM_JIT_X64_STUBS_H

#include "os/os_asm_x64.h"

#define INSTANCE_MEMORY0     32
#define INSTANCE_STORE       40
#define INSTANCE_STACK_LIMIT 48
#define STORE_STACK_END      0
#define STORE_STACK_TOP      8
#define STORE_ACTIVATION     16
#define STORE_HEAP           24
#define HEAP_LARGE_BASE      40
#define HEAP_CARDS           48
#define HEAP_CARD_SHIFT      9
#define STORE_STACK          176
#define STORE_NATIVE_LIMIT   192
#define STORE_NATIVE_HERE    216
#define NATIVE_NEAR          2048
#define STORE_NATIVE_THREAD  224
#define STORE_NATIVE_ENDED   232
#define STORE_STOP           448
#define STOP_REASONS         4
#define ACTIVATION_OUTER     0
#define ACTIVATION_FUNC      8
#define ACTIVATION_CALLEE    16
#define ACTIVATION_FP        32
#define ACTIVATION_INSTANCE  40
#define ACTIVATION_NATIVE_SP 48
#define ACTIVATION_ENTRY_SP  56
#define ACTIVATION_ENTRY     64
#define ACTIVATION_PROOF     72
#define ACTIVATION_SCOPE     80
#define ACTIVATION_BYTES     88
#define ENTRY_ROOM_BYTES     128 /* with the link of a frame */
#define FUNC_CODE            40
#define FUNC_INSTANCE        48
#define FUNC_HOST            56
#define FUNC_ENV             64
#define CODE_NATIVE          16
#define CODE_BODY            24
#define CODE_PARAM_SLOTS     48
#define CODE_RESULT_SLOTS    50
#define CODE_LINK_SLOT       52
#define CODE_SHAPE           60
#define BODY_IS_PLAIN        32
#define CODE_C_CALL          62
#define CODE_NARROW_PARAMS   64

/* NativeRegs */
#define REGS_INTS   0
#define REGS_FLOATS 48
#define REGS_BYTES  176

/* NativeEntry */
#define ENTRY_REGS        0
#define ENTRY_INSTANCE    176
#define ENTRY_CODE        184
#define ENTRY_SP          192
#define ENTRY_STACK_BYTES 200

/* Left.trap: goes on at a landing */
#define LEFT_LANDS 0x10000

/* Landing */
#define LANDING_RBX 0
#define LANDING_RBP 8
#define LANDING_R12 16
#define LANDING_R13 24
#define LANDING_RSP 32
#define LANDING_PC  40

/* NativeThunk */
#define THUNK_STORE   0
#define THUNK_FUNC    8
#define THUNK_NARROW  16
#define THUNK_CALL    24
#define THUNK_TRAPPED 32

/* x64_ways_in.S: where a way's proof lies above its stack pointer */
#define WAY_IN_TOKEN 80

#define SHAPE_NUMBER_INTS 1
#define C_CALL_I32_NUMBER 2
#define TAIL_CALL_NUMBER  29
#define ARG_REGISTERS     6

#ifdef __ASSEMBLER__
/* clang-format off */
/* All registers of arguments into the NativeRegs at \at(\base), and back. */
.macro STORE_ARGS at, base
  movq %rdi, \at + REGS_INTS + 0(\base)
  movq %rsi, \at + REGS_INTS + 8(\base)
  movq %rdx, \at + REGS_INTS + 16(\base)
  movq %rcx, \at + REGS_INTS + 24(\base)
  movq %r8, \at + REGS_INTS + 32(\base)
  movq %r9, \at + REGS_INTS + 40(\base)
  movups %xmm0, \at + REGS_FLOATS + 0(\base)
  movups %xmm1, \at + REGS_FLOATS + 16(\base)
  movups %xmm2, \at + REGS_FLOATS + 32(\base)
  movups %xmm3, \at + REGS_FLOATS + 48(\base)
  movups %xmm4, \at + REGS_FLOATS + 64(\base)
  movups %xmm5, \at + REGS_FLOATS + 80(\base)
  movups %xmm6, \at + REGS_FLOATS + 96(\base)
  movups %xmm7, \at + REGS_FLOATS + 112(\base)
.endm

.macro LOAD_ARGS at, base
  movq \at + REGS_INTS + 0(\base), %rdi
  movq \at + REGS_INTS + 8(\base), %rsi
  movq \at + REGS_INTS + 16(\base), %rdx
  movq \at + REGS_INTS + 24(\base), %rcx
  movq \at + REGS_INTS + 32(\base), %r8
  movq \at + REGS_INTS + 40(\base), %r9
  movups \at + REGS_FLOATS + 0(\base), %xmm0
  movups \at + REGS_FLOATS + 16(\base), %xmm1
  movups \at + REGS_FLOATS + 32(\base), %xmm2
  movups \at + REGS_FLOATS + 48(\base), %xmm3
  movups \at + REGS_FLOATS + 64(\base), %xmm4
  movups \at + REGS_FLOATS + 80(\base), %xmm5
  movups \at + REGS_FLOATS + 96(\base), %xmm6
  movups \at + REGS_FLOATS + 112(\base), %xmm7
.endm
/* The host's float modes, kept at 8(%rsp), give way to wasm's, and come back. */
.macro SET_MODES
  stmxcsr 8(%rsp)
  movl 8(%rsp), %eax
  andl $MXCSR_MODES, %eax
  cmpl $MXCSR_DEFAULT, %eax
  je 7f
  ldmxcsr wm_x64_default_mxcsr(%rip)
7:
.endm

.macro RESTORE_MODES
  movl 8(%rsp), %ecx
  andl $MXCSR_MODES, %ecx
  cmpl $MXCSR_DEFAULT, %ecx
  je 7f
  ldmxcsr 8(%rsp)
7:
.endm
/* clang-format on */
#endif

#endif
