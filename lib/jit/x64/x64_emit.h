/* The emitter's own state and parts (x64_emit.c). */
#ifndef WM_JIT_X64_EMIT_H
#define WM_JIT_X64_EMIT_H

#include "jit/moves.h"
#include "jit/x64/x64_asm.h"

/* A constant of the pool behind the code. */
typedef struct PoolConstant {
  u64 low, high;
  u32 bytes; /* 4, 8, 16 */
  u32 at;    /* where it is, when it is written */
} PoolConstant;

/* A rip-relative disp32 to a constant or a jump table. */
typedef struct Reference {
  u32 at;   /* of the field */
  u32 tail; /* bytes from the field's start to the instruction's end */
  u32 index;
} Reference;

/* A jcc to something cold. */
typedef struct ColdJump {
  u32 at; /* of the rel32 */
  u32 to; /* index in colds */
} ColdJump;

/* A jump between blocks. All are written with rel32 (JUMP_IF, JUMP), and shortened at the end
 * (x64_relax.c). */
typedef struct BlockJump {
  u32 at;       /* of the distance */
  u32 to;       /* block; JUMP_SELF: the start */
  u8 form;      /* JUMP_... */
  bool is_near; /* has a rel8 */
} BlockJump;
enum { JUMP_IF, JUMP, JUMP_SELF /* the call of the function itself */ };

/* nops before a loop. */
typedef struct Padding {
  u32 at, bytes;
} Padding;

/* Where a block begins, and what comes before it. */
typedef struct Label {
  u32 at;              /* NONE: not yet */
  u32 jumps, paddings; /* how many */
} Label;

/* Code from `from` on (as it was) has moved down by this many bytes. */
typedef struct Shift {
  u32 from, by;
} Shift;

typedef struct JumpTable {
  u32 block; /* whose switch it is; shared by its copies */
  u32 at;
} JumpTable;

/* What is written behind the function's blocks. */
typedef enum ColdKind {
  COLD_TRAP,      /* calls the trap stub */
  COLD_POLL,      /* calls the poll stub and goes on */
  COLD_NO_STACK,  /* before the frame is made: traps in the caller's name */
  COLD_CALL_REF,  /* calls the stub for callees that are not of this instance */
  COLD_TAIL_SLOT, /* jumps to the stub for tail callees that are not compiled; the frame is gone */
  COLD_TAIL_REF,
  COLD_SEQUENCE, /* the rare case of an instruction (wm_x64_emit_rare) */
} ColdKind;

typedef struct Cold {
  u8 kind;  /* ColdKind */
  u8 code;  /* TrapCode of the site */
  u32 site; /* index in Compile.sites; 0: the function's start */
  u32 back; /* where it goes on */
  union {
    u32 lir;    /* COLD_SEQUENCE: the instruction */
    u32 number; /* COLD_TAIL_SLOT: of the callee among the defined functions */
  };
  u32 at; /* where it is, when it is written */
} Cold;

/* What the flags say behind the instruction that ends at `at`: about the value in `reg`. */
typedef struct Flags {
  u32 at; /* NONE: nothing */
  Loc reg;
  u8 width;
  bool logic; /* all conditions are those of `test reg, reg`; else only E, NE, S, NS */
} Flags;

enum {
  CACHE_SIZE = 256,
  LOOP_ALIGNMENT = 32,      /* of innermost loops, and of the code itself */
  LARGE_FRAME_BYTES = 4096, /* larger frames are checked before rsp is moved */
};

typedef struct Emitter {
  Vec(PoolConstant) constants;
  Vec(Reference) constant_refs, table_refs;
  Vec(BlockJump) jumps;
  Vec(Padding) paddings;
  Vec(ColdJump) cold_jumps;
  Vec(JumpTable) tables;
  Vec(Cold) colds;
  Vec(u32) layout;      /* blocks that are emitted, in order */
  Vec(u8) is_aside;     /* by block: only what is thrown leads there; it comes last */
  Vec(Label) labels;    /* by block */
  Vec(u32) saved_bytes; /* by jump, and one more: by shorter jumps before it */
  Vec(Shift) shifts;    /* ascending */
  Vec(u32) targets;     /* by block: where a jump to it leads in the end */
  Vec(u32) block_table; /* by block: index in tables, or NONE */
  Vec(u32) inline_of;   /* by site: index in inline_sites, or NONE */
  Vec(Move) moves;      /* of the parallel move that is made */
  MoveList sequence;    /* it, one after the other */
  u32 constant_cache[CACHE_SIZE], trap_cache[CACHE_SIZE];
  u32 saved[4], saved_count; /* registers that the prologue pushes, in order */
  u32 area_bytes;            /* the frame without them */
  u32 stack_base;            /* LOC_STACK | n as a destination is [rsp + stack_base + 8 * n] */
  u32 arg_slots;             /* stack slots of this function's arguments: its results follow */
  u32 block, next;           /* being emitted; the one behind it, or NONE */
  bool in_copy;              /* a copy of a dispatch block is being emitted */
  Flags flags;
} Emitter;

static inline Emitter *emitter(const Compile *c) { return c->scratch[SCRATCH_EMIT]; }
static inline bool has_cpu(const Compile *c, u32 bit) { return (c->options.cpu & bit) != 0; }

/* ---- tables (x64_tables.c) ---- */
/* Empties the tables for the next function. */
void wm_x64_begin(Compile *c);
/* The disp32 at `at` is to point at the constant m. */
void wm_x64_refer(Compile *c, const Rm *m, u32 at, u32 imm_bytes);
/* Notes the call that ends here. trap: as in NativeSite. */
void wm_x64_call_site(Compile *c, u32 site, u32 trap);

/* The site of a faulting access at the bytes that come next. */
void wm_x64_note_access(Compile *c, u32 site, u32 trap);

/* ---- cold code (x64_cold.c) ---- */
/* jcc to a cold trap stub for `code` at `site`. */
void wm_x64_trap_if(Compile *c, u32 condition, TrapCode code, u32 site);
/* jcc to something cold; returns its index in colds: `back` is here, unless set later. */
u32 wm_x64_cold_if(Compile *c, u32 condition, Cold cold);
/* Trap unconditionally, here. Code TRAP_NONE: it is in eax. */
void wm_x64_trap_site(Compile *c, TrapCode code, u32 site);
/* `call` of helper or stub `id`; clobbers r11. */
void wm_x64_call_helper(Compile *c, u32 id);

/* ---- the end (x64_finish.c) ---- */
/* Everything cold, then constants and jump tables; all fields are filled in. */
void wm_x64_finish(Compile *c);

/* ---- jumps (x64_jumps.c) ---- */
void wm_x64_jump(Compile *c, u32 target); /* unless it follows; target: of a jump chain */
/* jcc when `condition`, to edge 0 of the block being emitted, else to edge 1. parity (ucomis): E
 * and NE look at it too. */
void wm_x64_branch(Compile *c, u32 condition, bool parity, bool negated);
void wm_x64_switch(Compile *c, const Lir *x);

/* ---- the frame (x64_frame.c) ---- */
void wm_x64_prologue(Compile *c); /* decides on the frame first */
void wm_x64_leave_frame(Compile *c);
void wm_x64_epilogue(Compile *c); /* the same, with ret */

/* ---- short jumps (x64_relax.c) ---- */
void wm_x64_nops(u8 *to, u32 bytes);
/* Between the blocks and wm_x64_finish. */
void wm_x64_relax(Compile *c);

/* ---- moves (x64_emit_move.c) ---- */
void wm_x64_move(Compile *c, const Move *m);
/* Puts moves[0..count) in order and makes them. */
void wm_x64_parallel(Compile *c, const Move *moves, u32 count);
/* Moves the first `count` of x's arguments to their places, and the next one, if there is one, to
 * `extra`. */
void wm_x64_pass_arguments(Compile *c, const Lir *x, u32 count, NextPlace *next, ArgCursor cursor,
                           Loc extra);
/* GETRES of a result in memory, which lies in the outgoing area. */
void wm_x64_load_result(Compile *c, const Lir *x);

/* ---- tail calls (x64_emit_tail.c) ---- */
void wm_x64_emit_tail_call(Compile *c, const Lir *x);
/* `jmp` to helper or stub `id`; clobbers r11. */
void wm_x64_jump_helper(Compile *c, u32 id);

/* ---- instructions; false: not one of these ---- */
bool wm_x64_emit_atomic(Compile *c, const Lir *x);  /* x64_emit_atomic.c */
bool wm_x64_emit_control(Compile *c, const Lir *x); /* x64_emit_call.c */
bool wm_x64_emit_float(Compile *c, const Lir *x);   /* x64_emit_float.c */
bool wm_x64_emit_integer(Compile *c, const Lir *x); /* x64_emit_ops.c */
bool wm_x64_emit_vector(Compile *c, const Lir *x);  /* x64_simd.c */
/* The rare case of x, out of line: goes on behind x, or has trapped. */
void wm_x64_rare_integer(Compile *c, const Lir *x); /* x64_emit_ops.c: DIV */
void wm_x64_rare_float(Compile *c, const Lir *x);
void wm_x64_rare_barrier(Compile *c, const Lir *x); /* x64_emit_call.c */
/* `jcc` to the rare case of x. */
u32 wm_x64_rare_if(Compile *c, u32 condition, const Lir *x);
/* d = cc ? e : c, as x says, after a comparison (for FCMPSEL: of floats). */
void wm_x64_select_value(Compile *c, const Lir *x, bool parity);
/* d = 0 or 1, the same. */
void wm_x64_set_value(Compile *c, const Lir *x, bool parity);

/* Whether x's memory operand is addressed by d. */
static inline bool x64_mem_uses(const Lir *x, Loc d) {
  return x->mem != MEM_NONE && (x->m0 == d || x->m1 == d);
}

#endif
