/* Float modes on x86-64: MXCSR (Intel SDM, volume 1, 10.2.3). */
#include "os/os_asm_x64.h"
#include "os/os_float.h"

static bool are_wasms(u32 modes) { return LIKELY((modes & MXCSR_MODES) == MXCSR_DEFAULT); }

static void set(u32 modes) { __asm__ volatile("ldmxcsr %0" : : "m"(modes) : "memory"); }

u32 wm_os_float_enter(void) {
  u32 before;
  __asm__ volatile("stmxcsr %0" : "=m"(before) : : "memory");
  if (!are_wasms(before)) set(MXCSR_DEFAULT);
  return before;
}

void wm_os_float_leave(u32 before) {
  if (!are_wasms(before)) set(before);
}
