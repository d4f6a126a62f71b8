/* The register allocator's own state. Linear scan on SSA form with interval splitting (Wimmer and
 * Franz 2010):
 *
 *   live.c       what is live where: ranges, uses, fixed registers, hints
 *   regalloc.c   the scan: which register when, or memory
 *   moves.c      slots, locations into the LIR, moves where a value changes its place
 *
 * Positions: instruction i reads at 2 * i and writes at 2 * i + 1. Ranges are half open; what is
 * read late lives until 2 * i + 2. An interval is a vreg's life or a piece of it, all in one place;
 * pieces begin at even positions, before an instruction or at a block's start.
 *
 * A vreg that is in memory anywhere has one slot for good, and its definition stores it there: so
 * going to memory later costs nothing. */
#ifndef WM_JIT_REGALLOC_H
#define WM_JIT_REGALLOC_H

#include "jit/machine.h"

typedef struct Range {
  u32 from, to; /* positions */
} Range;

/* A large function has a million of them, so they are small. */
typedef struct Interval {
  u32 vreg : 24;
  u32 reg : 8; /* or NO_REG: in memory */
  u32 start, end;
  u32 range, range_end; /* in RegAlloc.ranges: those that overlap it, to be clipped by start, end */
  u32 cursor;           /* the first of them that ends behind the scan's position */
  u32 use;              /* the first in RegAlloc.uses; see uses_end */
  u32 next;             /* the vreg's next piece, or NONE */
} Interval;
enum { MAX_VREGS = 1 << 24 };

typedef struct VregInfo {
  u32 def; /* instruction, or NONE: a parameter */
  union {
    struct {          /* live.c */
      u32 global;     /* its number among those that live across blocks, or NONE */
      u32 open;       /* end of the range that is being made; 0: not live */
      u32 use, range; /* where its uses and ranges begin; counts before */
    };
    struct {     /* moves.c */
      u32 slot;  /* NONE: it needs none */
      u32 piece; /* where the pieces begin in RegAlloc.pieces, when there are several */
      u32 piece_count;
    };
  };
  u32 tied[2];       /* vregs whose register saves a move, or NONE */
  u32 param;         /* the parameter that it is handed on to, or NONE */
  u8 param_weight;   /* how often it is */
  u8 fixed;          /* register where it comes from or goes to, or NO_REG */
  u8 last_reg;       /* the last one that it was given, or NO_REG */
  bool spilled : 1;  /* in memory somewhere */
  bool constant : 1; /* can be made again: the definition is a constant */
} VregInfo;

/* Uses in Compile order: position << 1 | wants a register. */
static inline u32 use_position(u32 use) { return use >> 1; }
static inline bool use_wants_register(u32 use) { return use & 1; }

/* A set of small numbers that can be emptied in the time of its size. */
typedef struct WordSet {
  Vec(u32) words;
  Vec(u8) is_listed;
  Vec(u32) listed; /* indices of words that may be not zero */
} WordSet;

typedef struct SetWord {
  u32 index, bits;
} SetWord;

typedef struct LoopSpan {
  u32 start, end; /* positions; of a loop header: its loop but for the cold blocks */
} LoopSpan;

typedef struct RawRange {
  u32 vreg;
  Range range;
} RawRange;

/* A piece in a register where a block begins; a list by block. */
typedef struct Occupant {
  u32 interval;
  u32 next; /* or NONE */
} Occupant;

/* Slots of one size while they are given out. */
typedef struct SlotPool {
  Vec(u8) is_busy; /* by slot */
  Vec(u32) free;   /* slots, perhaps repeated or busy again */
  Vec(u32) next;
} SlotPool;

typedef struct RegAlloc {
  RegSet ints, floats; /* that may be used */
  Vec(VregInfo) vregs;
  Vec(Interval)
      intervals;     /* first one for each vreg, and one more; then those that were split off */
  Vec(Range) ranges; /* by vreg, ascending */
  Vec(u32) uses;     /* likewise */
  Vec(u32) block_of; /* by instruction */
  Vec(LoopSpan) loops;
  /* registers that instructions take: ascending, apart */
  Vec(Range) fixed[REG_COUNT];
  Vec(u32) calls; /* positions where the caller-saved ones are lost */
  /* liveness */
  Vec(u32) globals;       /* vregs by number */
  Vec(SetWord) set_words; /* the sets of live_in */
  Vec(MoveRange)
      live_in; /* by block, in set_words; what lives in all of a loop is only at its header */
  Vec(RawRange) raw_ranges;
  WordSet live, open;
  /* scan */
  u32 position;
  Vec(u32) queue;      /* by position: intervals that start there, linked by queue_next */
  Vec(u32) queue_next; /* by interval */
  u32 active[REG_COUNT];
  Vec(u32) inactive[REG_COUNT]; /* in a hole of their life */
  u32 change[REG_COUNT];        /* no interval of the register comes or goes before */
  u32 fixed_at[REG_COUNT], call_at;
  /* moves.c */
  SlotPool slots[2];  /* of 8 and of 16 bytes */
  Vec(u32) slot_ends; /* by position: slots that are free from there on, linked by SlotPool.next */
  Vec(u32) pieces;    /* the intervals of vregs with several, ascending */
  Vec(u32) order_index;
  Vec(Occupant) occupants;
  Vec(u32) occupant_heads; /* by block */
  Vec(PosMove) splits;     /* in any order */
  /* wm_moves_resolve */
  Vec(u32) readers, writer; /* by place: how many moves read it; 1 + the one that writes it; all 0
                               between calls */
  Vec(u32) ready;
  Vec(Move) waiting;
} RegAlloc;

/* Of the operands that an instruction reads, but for its list of arguments: a bit each. */
static inline u32 reads_of(const Compile *c, const Lir *x) {
  u32 reads = 0;
  for (u32 all = c->machine->reads[x->op].all; all; all &= all - 1)
    if (x->operands[__builtin_ctz(all)] != NONE) reads |= all & -all;
  return reads;
}
static inline u32 late_reads(const Compile *c, const Lir *x) {
  const LirReads *k = &c->machine->reads[x->op];
  return x->flags & LIR_COMMUTES ? k->late : k->late | k->mixed;
}

static inline bool has_result(const Compile *c, const Lir *x) {
  return c->machine->constraints[x->op].d != C_N && x->d != NONE;
}

static inline VregInfo *info_of(const RegAlloc *ra, u32 vreg) { return &ra->vregs.data[vreg]; }
static inline Interval *interval_at(const RegAlloc *ra, u32 i) { return &ra->intervals.data[i]; }
/* The vreg's first interval; its end is 0 when the vreg does not occur. */
static inline u32 first_piece(u32 vreg) { return vreg - VREG_FIRST; }
static inline bool occurs(const RegAlloc *ra, u32 vreg) {
  return interval_at(ra, first_piece(vreg))->end != 0;
}
/* Uses stand in the order of vregs, each one's in the order of its pieces. */
static inline u32 uses_end(const RegAlloc *ra, const Interval *it) {
  return interval_at(ra, it->next != NONE ? it->next : first_piece(it->vreg) + 1)->use;
}
static inline u32 range_from(const RegAlloc *ra, const Interval *it, u32 r) {
  return max_u32(it->start, ra->ranges.data[r].from);
}
static inline u32 range_to(const RegAlloc *ra, const Interval *it, u32 r) {
  return min_u32(it->end, ra->ranges.data[r].to);
}
static inline u32 param_vreg(const Compile *c, const Block *b, u32 k) {
  return c->param_vregs.data[b->params + k];
}
/* What edge e hands to parameter k of its target: a vreg, LOC_CONST | number, or EDGE_UNUSED. */
static inline u32 edge_argument(const Compile *c, const Edge *e, u32 k) {
  bool is_used = param_vreg(c, block_at(c, e->to), k) != NONE;
  return is_used ? c->pool.data[e->args + 1 + k] : EDGE_UNUSED;
}
/* The instruction at which the block is left by edge e, which is no jump: the call of a
 * TERM_INVOKE. NONE: it is left at its end. */
static inline u32 leaving_call(const Compile *c, const Edge *e) {
  const Block *b = block_at(c, e->from);
  if (b->term != TERM_INVOKE || e != edge_at(c, b->edges + 1)) return NONE;
  u32 i = b->lir_end - 1;
  while (c->machine->constraints[c->lir.data[i].op].fixed != FIX_CALL) i--;
  return i;
}
static inline u32 block_begin(const Block *b) { return 2 * b->lir_start; }
static inline u32 block_finish(const Block *b) { return 2 * b->lir_end; }

/* live.c: from the LIR to intervals, one for each vreg. */
void wm_live_find(Compile *c, RegAlloc *ra);
/* moves.c: the results into Compile. */
void wm_moves_write(Compile *c, RegAlloc *ra);

#endif
