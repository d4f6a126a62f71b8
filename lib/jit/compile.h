/* One compilation: the state that the passes share. A Compile is used by one thread, for one
 * function after the other; its arrays keep their room. Passes never see an allocation fail:
 * growing goes through wm_jit_grow, which leaves the whole compilation (longjmp to wm_jit_compile)
 * when memory or the budget is used up. So a pass owns nothing outside of Compile. No pass keeps
 * static data.
 *
 *   build.c build_insn.c mem.c   wasm -> IR                 place.c ..         blocks, loops, order
 *   ir.c fold.c                  nodes, folding             Machine.select    IR -> LIR
 *   regalloc.c ..                LIR -> registers           Machine.emit       bytes and tables */
#ifndef WM_JIT_COMPILE_H
#define WM_JIT_COMPILE_H

#include "base/vec.h"
#include "jit/ir.h"
#include "jit/lir.h"
#include "runtime/native.h"

#include <setjmp.h>

/* How a compilation ends (0 is the value of setjmp at its start). */
typedef enum JitResult {
  JIT_DONE,
  JIT_OUT_OF_MEMORY,
  JIT_TOO_LARGE,
  JIT_NOT_IMPLEMENTED,
  JIT_TROUBLE,       /* the verifier or the checker of the allocation objects */
  JIT_NOT_PUBLISHED, /* no memory or address space for the code; not from wm_jit_compile */
  JIT_RESULT_COUNT
} JitResult;

/* Ways to break the compiler, for the tests of the tests. */
typedef enum Sabotage {
  SABOTAGE_NONE,
  SABOTAGE_DROP,   /* each finished body is thrown away, and nobody is told (engine/tiers.c) */
  SABOTAGE_REJECT, /* the verifier finds fault with everything */
} Sabotage;

/* How to compile; the same for all functions of a module. Part of the cache's key. */
typedef struct JitOptions {
  u32 cpu;              /* of the bits that Machine.cpu gives, those that may be used */
  bool explicit_bounds; /* no guard pages or no signals: every access is checked */
  bool canonical_nan;   /* results of float arithmetic that are NaN become the canonical one */
  bool fuel;            /* charge fuel */
  bool relaxed_fast;    /* relaxed vector rows take the machine's own instruction */
  /* stress modes for tests */
  bool spill_all;  /* every value lives in memory between instructions */
  bool inline_all; /* inline whatever can be */
  bool guess_all;  /* guess whatever a call was seen to call, if only once */
  bool no_inline;
  bool no_opt;               /* no folding, sharing, hoisting */
  bool no_lowering;          /* each row that has a meaning calls it; includes no_opt */
  bool verify;               /* run the IR verifier and the allocation checker */
  u32 int_regs, float_regs;  /* masks of allocatable registers of each class; 0: all */
  u32 sabotage;              /* Sabotage */
  u32 first_func, last_func; /* others stay interpreted: to find the one that is compiled wrongly;
                                last_func 0: no end */
} JitOptions;

/* A move between locations, or of a constant (from LOC_CONST: bits in imm; T_V128: index in
 * vectors). */
typedef struct Move {
  u32 from, to; /* Loc */
  u8 type;      /* IrType */
  u64 imm;
} Move;
typedef struct PosMove {
  u32 at; /* before the instruction with this index */
  Move move;
} PosMove;
typedef struct MoveRange {
  u32 start, end; /* in Compile.block_moves; each range is one parallel move */
} MoveRange;

/* What the emitter leaves for publish.c: bytes that are right wherever they are put, but for the
 * calls. */
typedef struct CallFixup {
  u32 at;         /* of the field that says where the slot is (Machine.link_call) */
  u32 func_index; /* whose slot in the region it is */
} CallFixup;

/* Whether place.c put a node; and isel's marks: it went into another one; it is wanted, and will be
 * computed together with an earlier one. */
enum { LIVE_NO, LIVE_YES, LIVE_FOLDED, LIVE_JOINED };

/* The passes that keep something between compilations. */
enum {
  SCRATCH_BUILD,
  SCRATCH_PLACE,
  SCRATCH_ISEL,
  SCRATCH_REGALLOC,
  SCRATCH_CHECK,
  SCRATCH_EMIT,
  SCRATCH_VERIFY,
  SCRATCH_DRIVER,
  SCRATCH_COUNT
};

typedef struct Machine Machine; /* machine.h */

struct Compile {
  jmp_buf leave;
  const Machine *machine; /* borrowed; the same for the Compile's life */
  const LoadedModule *loaded;
  const Module *module;
  JitOptions options;
  u32 func_index;
  u32 osr_offset;   /* wasm offset of the `loop` instruction to start at; 0: the whole function */
  u64 budget_bytes; /* of memory; growing beyond leaves with JIT_TOO_LARGE */
  u64 used_bytes;
  u64 peak_bytes;    /* the most that this compilation used */
  char trouble[160]; /* what verify or the checker found, or is not implemented; "": nothing */

  /* IR (build) */
  Vec(Node) nodes;
  Vec(u32) node_sites;       /* by node: index in sites, or 0 */
  Vec(Site) sites;           /* 0 is unused */
  Vec(NativeClause) clauses; /* of all blocks that catch */
  Vec(Block) blocks;         /* 0 is the entry */
  Vec(Edge) edges;
  Vec(u32) effects;
  Vec(u32) pool;     /* [0] is 0: the empty list */
  Vec(V128) vectors; /* v128 constants and shuffle masks */
  u32 *shared;       /* hash table of pure nodes */
  u32 shared_mask, shared_count, shared_capacity;
  u32 fold_depth; /* rules of fold.c that are at work inside each other */
  u32 arg_count;  /* IR_ARG nodes are 1 .. arg_count */

  /* placement (place) */
  Vec(u32) order; /* the blocks that can be reached, in layout order: loops contiguous, what ends in
                     traps last; edges but those back to loop headers go forward */
  Vec(u32) body;  /* nodes of the blocks in order; not parameters, arguments, IR_MEM0, and constants
                     only where one is worth a register: those have a node_block */
  Vec(u32) preds;
  Vec(u32) node_block; /* by node: where it is computed; NONE: where it is used, or nowhere */
  Vec(u32) node_uses;  /* by node: how often it is used by live nodes, terminators and edges */
  Vec(u8) node_live;   /* by node: LIVE_; also of parameters: a dead one's arguments are ignored */
  Vec(Epoch) node_epoch; /* by node: of its place */

  /* LIR (isel) */
  Vec(Lir) lir;
  Vec(u32) lir_pool;   /* call arguments: count, then pairs {vreg or LOC_CONST | number, type} */
  Vec(u64) constants;  /* bits of those that moves make, by number; no vectors */
  Vec(u8) vreg_type;   /* by vreg (from VREG_FIRST): IrType */
  Vec(u8) vreg_global; /* by vreg: lives across blocks */
  Vec(u32) node_vreg;  /* by node, or NONE */
  /* What selection leaves of the IR, whose nodes nobody reads any more: Block.params is an index
   * here, and edge arguments in the pool are vregs, LOC_CONST | number, or EDGE_UNUSED. */
  Vec(u32) param_vregs; /* by parameter, or NONE */
  u32 meaning_calls;    /* rows without a lowering */
  u32 outgoing_slots;   /* 8-byte slots at sp for stack arguments, results in memory and helpers */
  bool has_tail_calls;
  bool has_calls; /* anything else that needs an aligned stack and may look at it */

  /* registers (regalloc) */
  Vec(PosMove) moves; /* ascending by `at` */
  Vec(Move) block_moves;
  Vec(MoveRange) begin_moves; /* by block: parallel move at its start; also stores parameters that
                                 arrive in registers and need their slots later */
  Vec(MoveRange) end_moves;   /* by block: before its last instruction (a jump), behind its moves */
  u32 spill_slots;            /* 8-byte slots of the frame, above the outgoing ones */
  RegSet used_regs;           /* all that are written */

  /* result (emit) */
  Vec(u8) code;
  Vec(CallFixup) calls;
  Vec(NativeSite) code_sites; /* ascending by pc */
  Vec(InlineSite) inline_sites;
  Vec(NativeCatch) catches; /* ascending by pc; until the code is finished, landing is a block */
  u32 frame_bytes;          /* from sp in the body up to the return address */
  u32 saved_regs;           /* callee-saved integer registers that are saved, as a mask */
  void *scratch[SCRATCH_COUNT]; /* the passes' own state, one pointer a pass (SCRATCH_...), from
                        wm_jit_scratch; kept between compilations, freed with it */
};

#define EDGE_UNUSED 0xFFFFFFFFu /* has the bit LOC_CONST */

/* ---- memory and the way out (compile.c) ---- */
NOINLINE void wm_jit_grow(Compile *c, void *data, u32 *cap, u32 len, u64 extra, size_t size);
_Noreturn void wm_jit_leave(Compile *c, JitResult why);
/* Says in c->trouble what is wrong, or why; returns false. */
PRINTF_LIKE(2, 3) bool wm_jit_trouble(Compile *c, const char *format, ...);
/* Leaves with JIT_NOT_IMPLEMENTED; c->trouble says what. */
_Noreturn void wm_jit_not_implemented(Compile *c, const char *what);
/* At least `bytes` zeroed bytes at first use for the pass's own struct; later the same ones. */
void *wm_jit_scratch(Compile *c, u32 which, size_t bytes);
/* Called for each pass's scratch when the Compile goes, so that vectors inside are freed: a pass
 * with vectors in its scratch names a function for it in jit.c's table. */
void wm_build_scratch_free(void *scratch);
void wm_place_scratch_free(void *scratch);
void wm_regalloc_scratch_free(void *scratch);
void wm_ra_check_scratch_free(void *scratch);

/* Room for `extra` more items; then push and index freely. */
#define jit_reserve(c, v, extra)                                                                   \
  ((u64)(v)->cap - (v)->len >= (u64)(extra)                                                        \
       ? (void)0                                                                                   \
       : wm_jit_grow((c), (void *)&(v)->data, &(v)->cap, (v)->len, (extra), sizeof *(v)->data))
/* Address of a new item (never NULL), not zeroed when the room was used before. */
#define jit_push(c, v) (jit_reserve((c), (v), 1), &(v)->data[(v)->len++])
/* Sets the length; new items are undefined. */
#define jit_resize(c, v, n)                                                                        \
  do {                                                                                             \
    (v)->len = 0;                                                                                  \
    jit_reserve((c), (v), (n));                                                                    \
    (v)->len = (n);                                                                                \
  } while (0)

/* Whether memory is not to be kept for the next pass and function. */
static inline bool jit_uses_much(const Compile *c) {
  enum { KEPT_BYTES = 1 << 19 };
  return c->used_bytes > KEPT_BYTES;
}
/* Gives back what is not used of the array. */
void wm_jit_trim(Compile *c, void *data, u32 *cap, u32 len, size_t size);
#define jit_trim(c, v) wm_jit_trim((c), (void *)&(v)->data, &(v)->cap, (v)->len, sizeof *(v)->data)
/* Gives the array's memory back. */
#define jit_free(c, v) ((c)->used_bytes -= (u64)(v)->cap * sizeof *(v)->data, vec_free(v))

static inline Node *node_at(const Compile *c, u32 n) { return &c->nodes.data[n]; }
static inline Block *block_at(const Compile *c, u32 b) { return &c->blocks.data[b]; }
static inline Edge *edge_at(const Compile *c, u32 e) { return &c->edges.data[e]; }
static inline const u32 *list_at(const Compile *c, u32 list) {
  return &c->pool.data[list];
} /* [0] the count */
static inline bool is_const(const Compile *c, u32 n) { return node_at(c, n)->op == IR_CONST; }
static inline u64 const_bits(const Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  return x->a | (u64)x->b << 32;
}
static inline bool type_is_float(u8 t) { return t >= T_F32; } /* lives in a vector register */
static inline u64 constant_at(const Compile *c, u32 loc) {
  return c->constants.data[loc & ~LOC_CONST];
}
static inline u32 type_slots(u8 t) { return t == T_V128 ? 2 : 1; }
static inline u32 type_bytes(u8 t) { return t == T_V128 ? 16 : t == T_I64 || t == T_F64 ? 8 : 4; }
IrType wm_jit_type(ValType t);

/* ---- the passes, in order ---- */
void wm_jit_build(Compile *c); /* build.c: nodes, blocks, edges, effects, sites */
void wm_jit_place(Compile *c); /* place.c: order, loops, body, node_block, node_uses, ... */
/* Machine.select: lir, vregs */
void wm_jit_allocate(Compile *c); /* regalloc.c: operands of lir become locations */
/* Machine.emit: code and tables */
/* ra_check.c: proves the allocation right by symbolic execution of `before` (a copy of lir as it
 * was) against the result. False with a message in c->trouble. */
bool wm_jit_check_allocation(Compile *c, const Lir *before);

void wm_verify_scratch_free(void *scratch);

/* ---- text, for `wasm dump` and golden tests (jit_dump.c) ---- */
typedef struct Buffer Buffer;
void wm_ir_dump(const Compile *c, bool placed, Buffer *out);
void wm_lir_dump(const Compile *c, bool allocated, Buffer *out);

#endif
