/* Walking frames (frame.h draws them). */
#include "runtime/frame.h"

#include "runtime/native.h"

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

/* ---- compiled code ---- */

/* Whose body the place is in: with no caller, the compiled function's, or that of one which it left
 * itself for by a tail call that was inlined. */
static FuncCode *code_of(const FrameWalk *walk, u32 wasm_offset, u32 caller) {
  LoadedModule *lm = walk->at.instance->module;
  const FuncDecl *decl = &lm->module.funcs[walk->body->func_index];
  bool is_own = caller == NO_INDEX && wasm_offset - decl->code_offset <= decl->code_bytes;
  return is_own ? loaded_code(lm, walk->body->func_index) : wm_native_code_at(lm, wasm_offset);
}

/* Says where the current native frame, or what was inlined into it, stands. */
static void set_native_place(FrameWalk *walk, u32 wasm_offset, u32 caller) {
  walk->inlined_at = caller;
  walk->at.pc = NULL;
  walk->at.offset = wasm_offset;
  walk->at.code = code_of(walk, wasm_offset, caller);
}

/* The frame that the return address at native_sp belongs to; false: the activation ends here. */
static bool enter_native_frame(FrameWalk *walk) {
  LoadedModule *lm = walk->at.instance->module;
  const void *pc = (const void *)(uintptr_t)*walk->native_sp; /* NOLINT: a return address */
  walk->body = wm_native_find_in(lm, pc);
  if (!walk->body) return false;
  const NativeSite *site = wm_native_site(walk->body, pc);
  u32 start = lm->module.funcs[walk->body->func_index].code_offset;
  set_native_place(walk, site ? site->wasm_offset : start, site ? site->caller : NO_INDEX);
  return true;
}

/* The next frame of the activation that the walk is in. */
static bool next_native(FrameWalk *walk) {
  if (walk->inlined_at != NO_INDEX) {
    const InlineSite *call = &walk->body->inline_sites[walk->inlined_at];
    set_native_place(walk, call->wasm_offset, call->caller);
    return true;
  }
  walk->native_sp += 1 + walk->body->frame_bytes / sizeof(u64);
  if ((const void *)walk->native_sp < walk->activation->entry_sp && enter_native_frame(walk))
    return true;
  walk->body = NULL;
  walk->activation = walk->activation->outer;
  return false;
}

/* ---- all ---- */

/* The innermost frame of the activation; false: it has none. */
static bool enter_activation(FrameWalk *walk) {
  const Activation *a = walk->activation;
  walk->at.instance = a->instance;
  walk->at.pc = a->pc;
  walk->fp = a->fp;
  if (walk->fp) return find_code(&walk->at);
  walk->native_sp = a->native_sp;
  return walk->native_sp && enter_native_frame(walk);
}

bool wm_frames_next(FrameWalk *walk) {
  if (walk->body && next_native(walk)) return true;
  if (walk->fp) {
    step_out(walk);
    if (walk->fp && find_code(&walk->at)) return true;
    if (walk->fp) walk->activation = walk->activation->outer; /* a pc that is nobody's */
  }
  for (; walk->activation; walk->activation = walk->activation->outer)
    if (enter_activation(walk)) return true;
  walk->fp = NULL;
  walk->body = NULL;
  return false;
}

void wm_frame_leave(Activation *activation, FuncCode *code, Instance *in, u64 *fp) {
  Store *store = in->store;
  FrameWalk walk = {.store = store, .activation = activation, .fp = fp, .at = {in, code, NULL, 0}};
  step_out(&walk);
  activation->instance = walk.at.instance;
  activation->pc = walk.at.pc;
  activation->fp = walk.fp;
}

/* ---- tail calls ---- */

static bool is_cross(const u64 *link) { return link[LINK_FP] == (u64)(uintptr_t)link; }

void wm_frame_move(u64 *fp, u32 from, u32 link, const FuncCode *callee) {
  u64 kept[FRAME_LINK_SLOTS];
  u64 *to = fp + callee->link_slot;
  bool crosses = is_cross(fp + link);
  memcpy(kept, fp + link, sizeof kept);
  memmove(fp, fp + from, callee->param_slots * sizeof *fp);
  memcpy(to, kept, sizeof kept);
  if (crosses) to[LINK_FP] = (u64)(uintptr_t)to;
}

void wm_frame_cross(Instance *in, u64 *link) {
  if (!link[LINK_FP] || is_cross(link)) return; /* native code, or of another instance already */
  link[LINK_CROSS_PC] = link[LINK_PC];
  link[LINK_CROSS_FP] = link[LINK_FP];
  link[LINK_CROSS_INSTANCE] = (u64)(uintptr_t)in;
  link[LINK_PC] = (u64)(uintptr_t)in->store->restore_pc;
  link[LINK_FP] = (u64)(uintptr_t)link;
}

static bool is_stub(const FuncCode *code, const u8 *pc) {
  return pc >= (const u8 *)code && pc < (const u8 *)(code + 1);
}

FrameInfo wm_frame_info(const FramePlace *place) {
  const FuncCode *code = place->code;
  LoadedModule *lm = code->module;
  u32 start = lm->module.funcs[code->index].code_offset;
  u32 offset = start; /* not yet translated */
  if (!place->pc)
    offset = place->offset;
  else if (!is_stub(code, place->pc) && lm->offset_of)
    offset = lm->offset_of(code, place->pc);
  return (FrameInfo){place->instance, code->index, offset, offset - start};
}
