/* Call frame information of the prologue that x64_emit.c writes: each saved register is pushed, in
 * ascending order, then there is room for the rest at once. */
#include "jit/unwind.h"
#include "jit/x64/x64_machine.h"

enum { DWARF_RSP = 7, WORD = UNWIND_WORD };

/* DWARF's numbers of the registers that a callee saves. */
static u8 dwarf_register(u32 reg) {
  switch (reg) {
  case RBX: return 3;
  case RBP: return 6;
  default: return (u8)reg;
  }
}

void wm_x64_unwind_entry(Buffer *out) {
  wm_unwind_frame(out, DWARF_RSP, WORD);
  wm_unwind_saved(out, X64_DWARF_RETURN, WORD);
}

void wm_x64_unwind_prologue(const NativeBody *body, Buffer *out) {
  u32 offset = WORD;
  for (u32 reg = 0; reg < 16; reg++) {
    if (!(body->saved_regs >> reg & 1)) continue;
    offset += WORD;
    wm_unwind_offset(out, reg < R8 ? 1 : 2, offset);
    wm_unwind_saved(out, dwarf_register(reg), offset);
  }
  u32 whole = body->frame_bytes + WORD, rest = whole - offset;
  if (rest) wm_unwind_offset(out, rest < 128 ? 4 : 7, whole);
}
