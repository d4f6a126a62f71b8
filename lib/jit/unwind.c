/* Call frame information (unwind.h). The frame's only shape is that of the prologue that the
 * emitter writes: push each saved register in ascending order, then make room for the rest at once.
 */
#include "jit/unwind.h"

#include "jit/lir.h"

enum {
  DW_EH_PE_absptr = 0,
  DW_CFA_advance_loc = 0x40,
  DW_CFA_offset = 0x80,
  DW_CFA_advance_loc1 = 0x02,
  DW_CFA_def_cfa = 0x0C,
  DW_CFA_def_cfa_offset = 0x0E,
  DWARF_RSP = 7,
  DWARF_RETURN_ADDRESS = 16,
  WORD = 8
};

/* DWARF's numbers of the registers that a callee saves. */
static u8 dwarf_register(u32 reg) {
  switch (reg) {
  case RBX: return 3;
  case RBP: return 6;
  default: return (u8)reg;
  }
}

/* Starts an entry, whose length is filled in at its end. */
static size_t open_entry(Buffer *out) {
  wm_buffer_u32(out, 0);
  return out->len;
}

static void close_entry(Buffer *out, size_t start) {
  size_t rest = (out->len - start + 4) % WORD;
  for (; rest && rest < WORD; rest++) wm_buffer_byte(out, 0); /* DW_CFA_nop */
  if (!out->failed) store_u32(out->data + start - 4, (u32)(out->len - start));
}

static void common_entry(Buffer *out) {
  size_t start = open_entry(out);
  wm_buffer_u32(out, 0);
  wm_buffer_byte(out, 1);
  wm_buffer_bytes(out, "zR", 3);
  wm_buffer_uleb(out, 1);
  wm_buffer_sleb(out, -WORD);
  wm_buffer_uleb(out, DWARF_RETURN_ADDRESS);
  wm_buffer_uleb(out, 1);
  wm_buffer_byte(out, DW_EH_PE_absptr);
  wm_buffer_byte(out, DW_CFA_def_cfa);
  wm_buffer_uleb(out, DWARF_RSP);
  wm_buffer_uleb(out, WORD);
  wm_buffer_byte(out, DW_CFA_offset | DWARF_RETURN_ADDRESS);
  wm_buffer_uleb(out, 1);
  close_entry(out, start);
}

static void cfa_offset(Buffer *out, u32 bytes_of_code, u32 offset) {
  wm_buffer_byte(out, (u8)(DW_CFA_advance_loc | bytes_of_code));
  wm_buffer_byte(out, DW_CFA_def_cfa_offset);
  wm_buffer_uleb(out, offset);
}

static void prologue(const NativeBody *body, Buffer *out) {
  u32 offset = WORD;
  for (u32 reg = 0; reg < 16; reg++) {
    if (!(body->saved_regs >> reg & 1)) continue;
    offset += WORD;
    cfa_offset(out, reg < R8 ? 1 : 2, offset);
    wm_buffer_byte(out, DW_CFA_offset | dwarf_register(reg));
    wm_buffer_uleb(out, offset / WORD);
  }
  u32 whole = body->frame_bytes + WORD, rest = whole - offset;
  if (rest) cfa_offset(out, rest < 128 ? 4 : 7, whole);
}

void wm_unwind_section(const NativeBody *body, Buffer *out) {
  size_t common = out->len;
  common_entry(out);
  size_t start = open_entry(out);
  wm_buffer_u32(out, (u32)(start - common)); /* back to the CIE */
  wm_buffer_u64(out, (u64)(uintptr_t)body->start);
  wm_buffer_u64(out, body->size_bytes);
  wm_buffer_uleb(out, 0);
  prologue(body, out);
  close_entry(out, start);
  wm_buffer_u32(out, 0);
}
