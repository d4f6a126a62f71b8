/* Float modes by what the C library knows of them, which is the rounding. */
#include "os/os_float.h"

#include <fenv.h>

u32 wm_os_float_enter(void) {
  int before = fegetround();
  if (UNLIKELY(before != FE_TONEAREST)) fesetround(FE_TONEAREST);
  return (u32)before;
}

void wm_os_float_leave(u32 before) {
  if (UNLIKELY((int)before != FE_TONEAREST)) fesetround((int)before);
}
