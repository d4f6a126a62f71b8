/* The object file that gdb is shown for one compiled function (debug.c). */
#ifndef WM_JIT_DEBUG_ELF_H
#define WM_JIT_DEBUG_ELF_H

#include "base/buffer.h"
#include "runtime/native.h"

/* Appends it; frame is the body's .eh_frame section. */
void wm_debug_elf(const NativeBody *body, const char *name, const Buffer *frame, Buffer *out);

#endif
