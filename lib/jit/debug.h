/* What tools outside want to know of compiled code: perf's map file and jitdump, gdb's JIT
 * interface, and the unwind tables of the C++ runtime. All but the last are off unless the engine's
 * configuration asks. Locked inside. */
#ifndef WM_JIT_DEBUG_H
#define WM_JIT_DEBUG_H

#include "runtime/native.h"

enum {
  DEBUG_PERF_MAP = 1, /* /tmp/perf-PID.map (perf's Documentation/jit-interface.txt) */
  DEBUG_JITDUMP = 2,  /* jit-PID.dump in the current folder, for `perf inject --jit` */
  DEBUG_GDB = 4,      /* an object file in memory for each function (gdb manual, JIT Interface) */
  DEBUG_UNWIND = 8,   /* __register_frame, where the process has it */
};

/* What is kept about a body; freed with it. */
typedef struct DebugBody DebugBody;

/* Tells about a body that is about to run; `name` is printable. NULL: nothing to take back, or no
 * memory. */
DebugBody *wm_debug_body(u32 wanted, const NativeBody *body, const char *name);
/* Before the body's memory goes away. */
void wm_debug_forget(DebugBody *debug);

#endif
