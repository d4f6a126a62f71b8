/* The calling thread's float modes: how results are rounded, whether tiny ones are flushed, which
 * exceptions trap. WebAssembly has one of each (spec, "Floating-Point Operations"), whatever the
 * host has set. Implemented by the machine's file, or by what the C library has. */
#ifndef WM_OS_OS_FLOAT_H
#define WM_OS_OS_FLOAT_H

#include "base/base.h"

/* Sets wasm's modes if others are; what was set, for wm_os_float_leave. */
u32 wm_os_float_enter(void);
void wm_os_float_leave(u32 before);

#endif
