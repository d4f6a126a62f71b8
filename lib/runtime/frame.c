/* Walking frames (frame.h draws them). */
#include "runtime/frame.h"

#include "runtime/instance.h"

FrameWalk wm_frames_start(Store *store) {
  return (FrameWalk){.store = store, .activation = store->activation};
}

/* Follows the link of the current frame; fp is NULL when the activation ends here. */
static void step_out(FrameWalk *walk) {
  const u64 *link = walk->fp + walk->at.code->link_slot;
  u64 pc = link[LINK_PC], fp = link[LINK_FP];
  if (pc == (u64)(uintptr_t)walk->store->restore_pc) {
    pc = link[LINK_CROSS_PC];
    fp = link[LINK_CROSS_FP];
    walk->at.instance = (Instance *)(uintptr_t)link[LINK_CROSS_INSTANCE];
  } else if (pc == (u64)(uintptr_t)walk->store->exit_pc) {
    fp = 0;
  }
  walk->at.pc = (const u8 *)(uintptr_t)pc - 1; /* into the call's cell */
  walk->fp = (u64 *)(uintptr_t)fp;
  if (!fp) walk->activation = walk->activation->outer;
}

/* Finds the code at the current pc; runs of frames of one function are common in deep stacks. */
static bool find_code(FramePlace *at) {
  FuncCode *last = at->code;
  if (last && last->module == at->instance->module && last->code_end) {
    if (at->pc >= (const u8 *)last->cells && at->pc < (const u8 *)last->code_end) return true;
  }
  at->code = wm_code_find(at->instance->module, at->pc);
  return at->code != NULL;
}

bool wm_frames_next(FrameWalk *walk) {
  if (walk->fp) step_out(walk);
  for (;;) {
    if (walk->fp && find_code(&walk->at)) return true;
    if (walk->fp) walk->activation = walk->activation->outer; /* a pc that is nobody's */
    walk->fp = NULL;
    while (walk->activation && !walk->activation->fp) walk->activation = walk->activation->outer;
    if (!walk->activation) return false;
    walk->fp = walk->activation->fp;
    walk->at.instance = walk->activation->instance;
    walk->at.pc = walk->activation->pc;
  }
}

static bool is_stub(const FuncCode *code, const u8 *pc) {
  return pc >= (const u8 *)code && pc < (const u8 *)(code + 1);
}

FrameInfo wm_frame_info(const FramePlace *place) {
  const FuncCode *code = place->code;
  LoadedModule *lm = code->module;
  u32 start = lm->module.funcs[code->index].code_offset;
  u32 offset = start; /* not yet translated */
  if (!is_stub(code, place->pc) && lm->offset_of) offset = lm->offset_of(code, place->pc);
  return (FrameInfo){place->instance, code->index, offset, offset - start};
}
