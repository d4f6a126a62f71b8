/* LIR of x86-64 as text (jit_dump.c).
 *
 *   cmpbr.l.l rax, [r14+rcx+16]     a comparison's condition, then the width: l (4 bytes), q (8), o
 * (16) */
#include "jit/x64/x64_machine.h"
#include "wasm/opcode.h"

void wm_x64_print_register(Loc reg, Buffer *out) {
  static const char names[16][4] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
  if (reg < XMM0)
    wm_buffer_print(out, "%s", names[reg & 15]);
  else
    wm_buffer_print(out, "xmm%u", reg - XMM0);
}

static void print_lower(const char *name, Buffer *out) {
  for (; *name; name++) {
    bool is_upper = *name >= 'A' && *name <= 'Z';
    wm_buffer_byte(out, (u8)(is_upper ? *name + 32 : *name));
  }
}

static bool is_comparison(u8 op) {
  switch (op) {
  case LIR_CMPBR:
  case LIR_CMPSET:
  case LIR_CARRY:
  case LIR_CMPSEL:
  case LIR_CMPTRAP:
  case LIR_FCMPBR:
  case LIR_FCMPSET:
  case LIR_FCMPSEL:
  case LIR_BITBR:
  case LIR_BITSET: return true;
  default: return false;
  }
}

void wm_x64_print_op(const Lir *l, Buffer *out) {
  static const char alu[][5] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "test"};
  static const char codes[][4] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                  "s", "ns", "p", "np", "l", "ge", "le", "g"};
  print_lower(wm_x64_op_name(l->op), out);
  if (l->kind) wm_buffer_print(out, ".%s", wm_op_text(l->kind));
  if ((l->op == LIR_ALU || l->op == LIR_RMW || l->op == LIR_LOCKED || l->op == LIR_ATOMIC_LOOP ||
       (is_comparison(l->op) && l->sub == ALU_TEST)) &&
      l->sub < ARRAY_LEN(alu))
    wm_buffer_print(out, ".%s", alu[l->sub]);
  else if (l->sub && !is_comparison(l->op))
    wm_buffer_print(out, ".%u", l->sub);
  if (is_comparison(l->op)) wm_buffer_print(out, ".%s", codes[l->cc & 15]);
  if (l->width) wm_buffer_print(out, ".%s", l->width == 8 ? "q" : l->width == 16 ? "o" : "l");
}

/* Rows in which imm always means something. */
bool wm_x64_has_imm(const Lir *l) {
  switch (l->op) {
  case LIR_MOVI:
  case LIR_FCONST:
  case LIR_VCONST:
  case LIR_IMULI:
  case LIR_SHIFTI:
  case LIR_BOUNDS:
  case LIR_VSHIFTI:
  case LIR_VINSERT:
  case LIR_VEXTRACT:
  case LIR_VSHUFFLE:
  case LIR_VSTORE_LANE:
  case LIR_CMPTRAP:
  case LIR_TRAP:
  case LIR_CALL:
  case LIR_TAIL_CALL:
  case LIR_CALL_HELPER:
  case LIR_FUEL:
  case LIR_GETARG:
  case LIR_GETRES: return true;
  default: return l->flags & LIR_HAS_IMM && l->mem != MEM_CONST;
  }
}
