/* Call frame information of compiled code (DWARF 4, section 6.4; System V ABI AMD64, section 3.7),
 * for debuggers and for the C++ runtime. */
#ifndef WM_JIT_UNWIND_H
#define WM_JIT_UNWIND_H

#include "base/buffer.h"
#include "runtime/native.h"

/* Appends an .eh_frame section that describes the body: one CIE, one FDE, the terminator. */
void wm_unwind_section(const NativeBody *body, Buffer *out);

#endif
