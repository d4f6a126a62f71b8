/* Call frame information of compiled code (DWARF 5, section 6.4; System V ABI, .eh_frame), for
 * debuggers and for the C++ runtime. */
#ifndef WM_JIT_UNWIND_H
#define WM_JIT_UNWIND_H

#include "jit/machine.h"

/* Appends an .eh_frame section that describes the body: one CIE, one FDE, the terminator. */
void wm_unwind_section(const Machine *machine, const NativeBody *body, Buffer *out);

/* ---- for the machine's rules (Machine.unwind_entry, unwind_prologue) ---- */
enum { UNWIND_WORD = 8 }; /* the data alignment factor is -UNWIND_WORD */

/* The frame's address is that of column `reg`, plus offset. */
void wm_unwind_frame(Buffer *out, u32 reg, u32 offset);
/* Behind so many bytes of code (at most 63), the offset is another one. */
void wm_unwind_offset(Buffer *out, u32 bytes_of_code, u32 offset);
/* Column `reg` (at most 63) was saved so many bytes below the frame's address. */
void wm_unwind_saved(Buffer *out, u32 reg, u32 below);

#endif
