/* The one description of a call's frame, for the interpreter, compiled code, backtraces, the
 * collector and on-stack replacement.
 *
 *   fp -> [ params, later results | link | locals | operands ... ]
 *           ^ slot 0                ^ FuncCode.link_slot
 *
 * All of it is the callee's, its parameters included: fp[0 .. max(params, results)) lies in the
 * caller's operand area, but nothing of the caller's is there or above while the callee runs, and
 * the link stands where the callee's own signature puts it. Results come to fp[0] on, wherever the
 * link was: the caller looks for them at the home of its first argument. So another function can
 * take the frame over, whatever its signature, by moving its arguments to fp[0] and the link to its
 * own link_slot; the caller cannot tell.
 *
 * Slots are 8 bytes, untagged: an i32 is zero-extended, an f32 sits in the low half (the high half
 * is zero), a v128 takes two slots, a reference is an Object address (null 0). An operand's home is
 * a fixed slot (its height), so frames agree at every label. A callee's fp points at its
 * arguments in the caller's operand area.
 *
 * The link. A plain call (callee of the same instance) writes two words. A call that changes the
 * instance makes the callee return through the restore cell, which finds the rest beside it:
 *
 *                            plain call          entry from native    call across instances
 *   link[LINK_PC]            where to go on      Store.exit_pc        Store.restore_pc
 *   link[LINK_FP]            the caller's fp     NULL                 this link's own address
 *   link[LINK_CROSS_PC]      -                   -                    where to go on
 *   link[LINK_CROSS_FP]      -                   -                    the caller's fp
 *   link[LINK_CROSS_INSTANCE] -                  -                    the caller's instance
 *
 * "Where to go on" is the cell behind the call's. So one step of a walk, from a frame whose
 * function is fc, is:
 *
 *   link = fp + fc->link_slot
 *   pc = link[LINK_PC], fp = link[LINK_FP]
 *   if pc is restore_pc:  pc, fp and instance are the three LINK_CROSS_ words
 *   if pc is exit_pc:     this activation is done; go on with activation->outer
 *
 * Compiled code has its frames on the native stack (native.h): an activation is either of one kind
 * or of the other.
 *
 * Activation.pc lies in the cell that left wasm: pass it to wm_code_find and offset_of as it is. A
 * pc from a link belongs to the call before it: pass pc - 1 byte (both accept any address inside a
 * cell). */
#ifndef WM_RUNTIME_FRAME_H
#define WM_RUNTIME_FRAME_H

#include "runtime/code.h"

enum { LINK_PC, LINK_FP, LINK_CROSS_PC, LINK_CROSS_FP, LINK_CROSS_INSTANCE, FRAME_LINK_SLOTS };

/* One stretch of wasm in one tier: begun by the host (wm_call), or where another tier or instance
 * goes on. In the value stack, right below its first frame, so that it stays what it is whatever
 * becomes of the C stack:
 *
 *   stack -> [ Activation | frames ... | Activation | frames ... ] <- store->stack_top
 *
 * The innermost is store->activation. */
typedef struct Activation Activation;
struct Activation {
  Activation *outer; /* below it on the value stack */
  Func *func;        /* entered; kept alive while it runs. NULL: one without an object (instance is
                        set then) */
  Func *callee;      /* the host function that wasm is calling, kept alive too; NULL: none. Set by
                        the tier */
  /* Where wasm stands now; set by the tier whenever it leaves wasm: trap, host call, slow path.
   * Before it calls out it also sets store->stack_top to the end of its frame: nested entries start
   * there, and the collector scans up to there. */
  const void *pc;
  u64 *fp; /* NULL: no wasm frame of the interpreter (a host function, compiled code, or wasm not
              yet started) */
  Instance *instance; /* of compiled code: the same all the time */
  /* Compiled code: where it was left (native.h), NULL when it was not; and the stack pointer that
   * the entry returns with. */
  const void *native_sp, *entry_sp;
  Activation *entry; /* the entry from the host that it belongs to, or is */
  /* Of an entry, else undefined. The proof that it is alive is a word on the C stack that holds its
   * entry_token: a C++ exception or a thread's end takes the entry away in passing; a longjmp does
   * not, but the host's next frames write over the word. */
  const u64 *proof;
  struct CallScope *scope; /* its own, or that of one around it (scope.h); NULL: none */
};
enum { ACTIVATION_SLOTS = sizeof(Activation) / sizeof(u64) };

/* Where a frame stood, in numbers of the module: what a trap keeps of it. */
typedef struct FrameInfo {
  Instance *instance; /* followed by the collector, through its trap */
  u32 func_index;
  u32 module_offset; /* bytes from the start of the module */
  u32 func_offset;   /* bytes from the start of the function's code entry (its body) */
} FrameInfo;

/* Where one wasm frame stands. All borrowed, while it runs. */
typedef struct FramePlace {
  Instance *instance;
  FuncCode *code;
  const u8 *pc; /* in the cell of the instruction that runs; NULL: compiled code */
  u32 offset;   /* compiled code: of the instruction, in the module's bytes */
} FramePlace;

/* A walk over all wasm frames of a store, innermost first, across host frames:
 *   FrameWalk walk = wm_frames_start(store);
 *   while (wm_frames_next(&walk)) use(&walk.at);
 * Cells that are in no function (restore, exit) are recognised by the words the interpreter
 * registers in the store (Store.exit_pc, Store.restore_pc). */
typedef struct FrameWalk {
  Store *store;           /* borrowed */
  Activation *activation; /* to be entered when fp is NULL; else the current frame's */
  u64 *fp;                /* the current frame; NULL: not one of the interpreter's */
  const u64 *native_sp;   /* of the compiled code that called the current frame, or left wasm */
  const NativeBody *body; /* the current frame's, or NULL */
  u32 inlined_at;         /* in the body's inline_sites: the call that is the next frame */
  FramePlace at;
} FrameWalk;

FrameWalk wm_frames_start(Store *store);
bool wm_frames_next(FrameWalk *walk); /* false: no more */
FrameInfo wm_frame_info(const FramePlace *place);
/* A tail call in the frame fp: another function takes it over. Moves its arguments, which are from
 * slot `from` on, and the link, which is at slot `link`. */
void wm_frame_move(u64 *fp, u32 from, u32 link, const FuncCode *callee);
/* The frame whose link this is becomes one of another instance: from now on it returns to `in`,
 * whose it was. */
void wm_frame_cross(Instance *in, u64 *link);
/* Notes in the activation that the frame's caller is where it stands: the frame, of the
 * interpreter, goes on as compiled code in an activation of its own. */
void wm_frame_leave(Activation *activation, FuncCode *code, Instance *in, u64 *fp);

#endif
