/* Call frame information (unwind.h). The frame's only shape is that of the prologue that the
 * machine's emitter writes; the machine gives its rows. */
#include "jit/unwind.h"

enum {
  DW_EH_PE_absptr = 0,
  DW_CFA_advance_loc = 0x40,
  DW_CFA_offset = 0x80,
  DW_CFA_def_cfa = 0x0C,
  DW_CFA_def_cfa_offset = 0x0E,
};

/* ---- rows ---- */

void wm_unwind_frame(Buffer *out, u32 reg, u32 offset) {
  wm_buffer_byte(out, DW_CFA_def_cfa);
  wm_buffer_uleb(out, reg);
  wm_buffer_uleb(out, offset);
}

void wm_unwind_offset(Buffer *out, u32 bytes_of_code, u32 offset) {
  wm_buffer_byte(out, (u8)(DW_CFA_advance_loc | bytes_of_code));
  wm_buffer_byte(out, DW_CFA_def_cfa_offset);
  wm_buffer_uleb(out, offset);
}

void wm_unwind_saved(Buffer *out, u32 reg, u32 below) {
  wm_buffer_byte(out, (u8)(DW_CFA_offset | reg));
  wm_buffer_uleb(out, below / UNWIND_WORD);
}

/* ---- entries ---- */

/* Starts an entry, whose length is filled in at its end. */
static size_t open_entry(Buffer *out) {
  wm_buffer_u32(out, 0);
  return out->len;
}

static void close_entry(Buffer *out, size_t start) {
  size_t rest = (out->len - start + 4) % UNWIND_WORD;
  for (; rest && rest < UNWIND_WORD; rest++) wm_buffer_byte(out, 0); /* DW_CFA_nop */
  if (!out->failed) store_u32(out->data + start - 4, (u32)(out->len - start));
}

static void common_entry(const Machine *machine, Buffer *out) {
  size_t start = open_entry(out);
  wm_buffer_u32(out, 0);
  wm_buffer_byte(out, 1);
  wm_buffer_bytes(out, "zR", 3);
  wm_buffer_uleb(out, 1);
  wm_buffer_sleb(out, -UNWIND_WORD);
  wm_buffer_uleb(out, machine->return_column);
  wm_buffer_uleb(out, 1);
  wm_buffer_byte(out, DW_EH_PE_absptr);
  machine->unwind_entry(out);
  close_entry(out, start);
}

void wm_unwind_section(const Machine *machine, const NativeBody *body, Buffer *out) {
  size_t common = out->len;
  common_entry(machine, out);
  size_t start = open_entry(out);
  wm_buffer_u32(out, (u32)(start - common)); /* back to the CIE */
  wm_buffer_u64(out, (u64)(uintptr_t)body->start);
  wm_buffer_u64(out, body->size_bytes);
  wm_buffer_uleb(out, 0);
  machine->unwind_prologue(body, out);
  close_entry(out, start);
  wm_buffer_u32(out, 0);
}
