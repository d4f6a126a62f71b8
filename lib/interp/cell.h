/* The interpreter's internal code: cells of 8-byte words, each starting with the address of the
 * handler that runs it.
 *
 *   word 0   handler address (while a function is being translated: a Draft)
 *   word 1   d (u16)  a (u16)  b (u32)
 *   word 2.. x: a callee, a 64-bit immediate, what else the handler needs
 *
 * d, a and b are frame slots (runtime/frame.h) unless the handler says otherwise: d is the
 * destination, a and b the operands; b may be a 32-bit immediate, a memory offset, or a branch
 * target in bytes from the cell's own start. Nothing in a cell belongs to an instance: instances
 * share code.
 *
 * The machine that runs cells has eight registers, passed from handler to handler:
 *
 *   pc    the running cell                    acc   the last integer result
 *   fp    slot 0 of the running frame         fa    the last f64 result
 *   mem   base of memory 0; its length lies   sa    the last f32 result
 *         right below it (runtime/pool.h)     tick  counts down at calls and back edges
 *   inst  the running instance
 *
 * A handler's name ends in its operand classes, in the order a, b, d: S the slot in the cell,
 * A the accumulator of the operand's type (acc, fa or sa), I an immediate. A result in S also
 * stays in the accumulator. Branches end in F (forward) or K (back edge: ticks). */
#ifndef WM_INTERP_CELL_H
#define WM_INTERP_CELL_H

#include "runtime/gc.h"

/* What the first word holds while a function is translated. */
typedef struct Draft {
  u16 handler; /* HandlerId */
  u8 words;    /* length of the cell; the offsets of a branch table come on top */
  u8 flags;    /* DRAFT_... */
  u8 compare;  /* CompareId + 1 of a comparison that a branch may take in; else 0 */
  u8 unused[3];
} Draft;

enum {
  DRAFT_RESULT = 1, /* d is the place of the result and may still be changed */
  DRAFT_ACC = 2,    /* handler + 1 leaves the result in the accumulator only */
  DRAFT_BRANCH = 4, /* b is a label */
  DRAFT_TABLE = 8,  /* b + 1 labels follow, 4 bytes each */
  DRAFT_SITE = 16,  /* x[1] is the number of a CallSite */
};

typedef struct Cell {
  union {
    u64 handler;
    Draft draft;
  };
  u16 d, a;
  u32 b;
  u64 x[];
} Cell;

/* The bytes of a word; the words of a cell without x; those of a call of what the instance says. */
enum { CELL_WORD = 8, CELL_WORDS = 2, CALL_WORDS = 4 };

typedef enum HandlerId {
#define HANDLER(name, words, ...) H_##name,
#include "interp/handlers.def"
  HANDLER_COUNT
} HandlerId;

/* Comparisons (compares.def). */
typedef enum CompareId {
#define COMPARE(id, type, mirror, negation) CMP_##id,
#include "interp/compares.def"
  COMPARE_COUNT
} CompareId;

/* The address of a handler, and the cells that do not belong to a function. */
u64 wm_handler_address(u32 handler);
const Cell *wm_cell_exit(void);
const Cell *wm_cell_restore(void);

/* Runs from `pc` until the exit cell or a trap. */
TrapCode wm_interp_run(const Cell *pc, u64 *fp, Instance *inst);

/* ---- slow paths, called from handlers (slow.c) ---- */
/* How many calls and back edges run between two visits to wm_slow_tick, at most (Instance.ticks is
 * less where loops are to be compiled sooner). */
enum { TICKS = DEFAULT_TICKS };

/* Notes where wasm stands, raises the trap and returns its code. */
TrapCode wm_slow_trap(Instance *inst, const Cell *pc, u64 *fp, TrapCode code);
/* Credits the running function's hotness, asks for what is hot to be compiled, and polls for an
 * interrupt. */
TrapCode wm_slow_tick(Instance *inst, const Cell *pc, u64 *fp);
/* A call of the function whose stub is `pc`, which is counted: the cells to run. */
const Cell *wm_slow_count(Instance *inst, const Cell *pc);
/* A call, whose cell is to run the handler `plain` when nothing is noted any more. */
void wm_slow_note(const Instance *inst, const Cell *pc, const u64 *fp, u32 plain);
/* How the machine goes on after something rare. */
typedef struct Resume {
  TrapCode trap; /* TRAP_NONE: at the following; else it ends with this */
  const Cell *pc;
  u64 *fp;
  Instance *inst;
} Resume;

/* Runs the compiled code of the function whose stub is `pc`, or the on-stack replacement for the
 * loop whose first cell it is, in the frame fp: whose results are there then. */
Resume wm_slow_enter(Instance *inst, const Cell *pc, u64 *fp);
Resume wm_slow_osr(Instance *inst, const Cell *pc, u64 *fp);
/* A tail call of a host function, the cell pc: it takes the frame over. */
Resume wm_slow_tail_host(Instance *inst, const Cell *pc, u64 *fp, Func *callee);
/* What was called ended with the code: an exception may be caught here. */
Resume wm_slow_ended(Instance *inst, TrapCode code);
/* Throws what the cell pc says. */
Resume wm_slow_throw(Instance *inst, const Cell *pc, u64 *fp);
Resume wm_slow_throw_ref(Instance *inst, const Cell *pc, u64 *fp);
/* Translates the function whose stub is `pc`, entered with frame fp; NULL: trapped (store->trap).
 */
const Cell *wm_slow_translate(Instance *inst, const Cell *pc, u64 *fp);

/* The access of an atomic cell, with the result in its slot. */
TrapCode wm_slow_atomic(Instance *inst, const Cell *pc, u64 *fp);

/* An instruction on objects (translate_gc.c). */
TrapCode wm_slow_gc(Instance *inst, const Cell *pc, u64 *fp);

/* Parameters and results, the link, the other locals, the operands. */
static inline u32 frame_slots_of(const FuncCode *code, const FuncFacts *facts) {
  u32 locals = facts->local_slots - code->param_slots;
  return code->link_slot + FRAME_LINK_SLOTS + locals + facts->max_operand_slots;
}

#endif
