/* The C stack's frames, by the unwind tables that C++ exceptions go by. */
#include "os/os.h"

#include <unwind.h>

typedef struct Walk {
  FrameVisit *visit;
  void *env;
  StackFrame frame; /* the one found last: its end is the next one's beginning */
  bool any, done;
} Walk;

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *env) {
  Walk *walk = env;
  walk->frame.high = (const u8 *)(uintptr_t)_Unwind_GetCFA(context); /* NOLINT: an address */
  walk->done = walk->any && !walk->visit(walk->env, &walk->frame);
  walk->any = true;
  walk->frame.low = walk->frame.high;
  walk->frame.function = (const void *)(uintptr_t)_Unwind_GetRegionStart(context); /* NOLINT */
  return walk->done ? _URC_NORMAL_STOP : _URC_NO_REASON;
}

/* Whole: the unwinder has locks of its own. */
void wm_os_walk_stack(FrameVisit *visit, void *env) {
  Walk walk = {.visit = visit, .env = env};
  int before = wm_whole_begin();
  _Unwind_Backtrace(on_frame, &walk);
  wm_whole_end(before);
}
