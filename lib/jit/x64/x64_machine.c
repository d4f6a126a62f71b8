/* x86-64 for the compiler's shared passes (jit/machine.h). */
#include "jit/x64/x64_machine.h"

#include <elf.h>

/* Below the registers of a loop's values come those that cost a push and a pop. */
static const u8 int_order[] = {RAX, RCX, RDX, RSI, RDI, R8, R9, R10, RBX, R12, R13, RBP};
static const u8 float_order[] = {XMM0,      XMM0 + 1,  XMM0 + 2,  XMM0 + 3, XMM0 + 4,
                                 XMM0 + 5,  XMM0 + 6,  XMM0 + 7,  XMM0 + 8, XMM0 + 9,
                                 XMM0 + 10, XMM0 + 11, XMM0 + 12, XMM0 + 13};

static const TakenRegs taken[] = {
    [FIX_CL - FIX_MACHINE] = {.regs = 1u << RCX, .first = NO_REG},
    [FIX_AXDX - FIX_MACHINE] = {.regs = 1u << RAX | 1u << RDX, .first = RAX},
    [FIX_AX - FIX_MACHINE] = {.regs = 1u << RAX, .first = RAX},
    [FIX_AX_OUT - FIX_MACHINE] = {.regs = 1u << RAX, .first = NO_REG},
};

/* mov with an immediate that is sign-extended. */
static bool stores_constant(u64 bits) { return (i64)bits == (i32)bits; }

static void fill_with_traps(u8 *to, size_t size_bytes) { memset(to, 0xCC, size_bytes); }

/* A disp32 from its own end. */
static void link_call(u8 *at, const u8 *slot) { store_u32(at, (u32)(slot - (at + 4))); }

const Machine wm_jit_machine = {
    .ints = {.all = ALL_GPRS, .order = int_order, .count = ARRAY_LEN(int_order)},
    .floats = {.all = ALL_XMMS, .order = float_order, .count = ARRAY_LEN(float_order)},
    .callee_saved = CALLEE_SAVED,
    .kept = CALLEE_SAVED | 1u << RSP | 1u << R14 | 1u << R15,
    .instance = R15,
    .memory0 = R14,
    .scratch_int = R11,
    .scratch_float = XMM0 + 15,
    .scratch_copy = XMM0 + 14,
    .constraints = wm_x64_constraints,
    .reads = wm_x64_reads,
    .taken = taken,
    .next_arg = wm_x64_next_arg,
    .next_result = wm_x64_next_result,
    .next_helper_arg = wm_x64_next_helper_arg,
    .next_meaning_arg = wm_x64_next_meaning_arg,
    .callee = RAX,
    .select = wm_x64_select,
    .select_free = wm_x64_select_free,
    .emit = wm_x64_emit,
    .emit_free = wm_x64_emit_free,
    .stores_constant = stores_constant,
    .code_alignment = 32,
    .fill = fill_with_traps,
    .link_call = link_call,
    .native = &wm_x64_native,
    .cpu = wm_x64_cpu,
    .available = wm_x64_available,
    .elf_machine = EM_X86_64,
    .return_column = X64_DWARF_RETURN,
    .unwind_entry = wm_x64_unwind_entry,
    .unwind_prologue = wm_x64_unwind_prologue,
    .op_name = wm_x64_op_name,
    .print_register = wm_x64_print_register,
    .print_op = wm_x64_print_op,
    .has_imm = wm_x64_has_imm,
};
