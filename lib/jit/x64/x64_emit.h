/* The emitter's own state and parts (x64_emit.c). */
#ifndef WM_JIT_X64_EMIT_H
#define WM_JIT_X64_EMIT_H

#include "jit/x64/x64_asm.h"

/* A constant of the pool behind the code. */
typedef struct PoolConstant {
  u64 low, high;
  u32 bytes; /* 4, 8, 16 */
  u32 at;    /* set when it is written */
} PoolConstant;

/* A rip-relative disp32 to a constant or a jump table. */
typedef struct Reference {
  u32 at;   /* of the field */
  u32 tail; /* bytes from the field's start to the instruction's end */
  u32 index;
} Reference;

typedef struct JumpFixup {
  u32 at; /* of the rel32 */
  u32 block;
} JumpFixup;

typedef struct JumpTable {
  u32 block; /* whose switch it is; shared by its copies */
  u32 at;
} JumpTable;

/* What is written behind the function's blocks. */
typedef enum ColdKind {
  COLD_TRAP,     /* the stub is called with `code` */
  COLD_POLL,     /* and comes back; code: what the site says */
  COLD_CALL_REF, /* a callee that is not of this instance */
  COLD_SEQUENCE, /* the rare rest of instruction `lir`, x64_emit_float.c and x64_emit_ops.c */
} ColdKind;

typedef struct Cold {
  u8 kind;  /* ColdKind */
  u8 code;  /* TrapCode */
  u32 jump; /* end of the jcc's rel32; the same trap's other jumps: trap_jumps */
  u32 back; /* where to go on */
  u32 site;
  u32 lir;
} Cold;

typedef struct TrapJump {
  u32 at; /* of the rel32 */
  u32 cold;
} TrapJump;

enum { CACHE_SIZE = 256 };

/* What the flags say, after the instruction that ends at `at`. */
typedef struct Flags {
  u32 at; /* NONE: nothing */
  Loc reg;
  u8 width;
  bool logic; /* all conditions are those of `test reg, reg`; else only E, NE, S, NS */
} Flags;

typedef struct Emitter {
  Vec(PoolConstant) constants;
  Vec(Reference) constant_refs, table_refs;
  Vec(JumpFixup) jumps;
  Vec(JumpTable) tables;
  Vec(Cold) colds;
  Vec(TrapJump) trap_jumps;
  Vec(u32) layout;      /* blocks that are emitted, in order */
  Vec(u32) labels;      /* by block: position, or NONE */
  Vec(u32) targets;     /* by block: where a jump to it leads (jump threading) */
  Vec(u32) block_table; /* by block: index in tables, or NONE */
  Vec(u32) inline_of;   /* by site: index in inline_sites, or NONE */
  Vec(Move) moves;      /* of the parallel move being made */
  u32 constant_cache[CACHE_SIZE], trap_cache[CACHE_SIZE];
  u32 saved[4], saved_count;
  u32 area_bytes;  /* outgoing and spill slots, padding */
  u32 stack_base;  /* LOC_STACK as a destination is [rsp + stack_base + 8 * n] */
  u32 result_slot; /* the first result in memory */
  u32 block, next; /* being emitted; the one behind it, or NONE */
  bool in_copy;    /* a dispatch block's copy is being emitted */
  Flags flags;
} Emitter;

static inline Emitter *emitter(const Compile *c) { return c->scratch[SCRATCH_EMIT]; }

/* ---- tables (x64_tables.c) ---- */
/* Empties them for the next function. */
void wm_x64_begin(Compile *c);
/* Notes that the disp32 at `at` is to point at the constant m. */
void wm_x64_refer(Compile *c, const Rm *m, u32 at, u32 imm_bytes);
/* A site at `pc`. */
void wm_x64_site(Compile *c, u32 pc, u32 site, u32 trap);
/* The site of the call that ends here. */
void wm_x64_call_site(Compile *c, u32 site);

#endif
