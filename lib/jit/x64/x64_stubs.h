/* Offsets that the assembly of x64_stubs.S needs; x64_enter.c checks them. Included by both. */
#ifndef WM_JIT_X64_STUBS_H
#define WM_JIT_X64_STUBS_H

#define INSTANCE_MEMORY0     32
#define INSTANCE_STORE       40
#define STORE_STACK_END      0
#define STORE_STACK_TOP      8
#define STORE_ACTIVATION     16
#define STORE_HEAP           24
#define HEAP_LARGE_BASE      40
#define HEAP_CARDS           48
#define HEAP_CARD_SHIFT      9
#define ACTIVATION_CALLEE    16
#define ACTIVATION_NATIVE_SP 48
#define ACTIVATION_ENTRY_SP  56
#define FUNC_CODE            40
#define FUNC_INSTANCE        48
#define FUNC_HOST            56
#define CODE_NATIVE          16
#define CODE_LINK_SLOT       52
#define CODE_SHAPE           60

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

#define SHAPE_NUMBER_INTS 1
#define ARG_REGISTERS     6

#endif
