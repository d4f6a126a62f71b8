/* clang-format off */
/* The compiler's intermediate representation: SSA in a control-flow graph.
 *
 * A node is an instruction or a value, named by its index; node 0 is none. Pure nodes float: they
 * are hash-consed when made (that is the value numbering) and get a block only in place.c. Nodes
 * with an effect are listed in their block in order. Blocks have parameters instead of phi nodes:
 * an edge carries one argument for each parameter of its target.
 *
 * A node's op is an OpId where a wasm instruction says it all (each PURE and TRAPS row, loads and
 * stores), else an IrOp, numbered behind them. Operands by op (wm_ir_operands says which of a, b, c
 * are nodes):
 *
 *   op            a        b              c
 *   PURE rows     operand  operand        operand
 *   lane rows     operand  operand        -            imm: the lane. OP rows, but pure
 *   i8x16_shuffle operand  operand        in vectors   c: index in Compile.vectors
 *   TRAPS rows    operand  operand        -            effects, unless IR_SAFE is set (a division
 *                                                      by a constant that cannot trap): then pure
 *   loads         address  displacement   -            LOAD and ACCESS rows
 *   lane loads    address  displacement   vector       imm: the lane
 *   stores        address  displacement   value        STORE and ACCESS rows; imm: the lane, if any
 *   atomic rows   as loads and stores; those that change a value as stores, with a result. They are
 *                 in order with all effects, and nothing is folded into others. A fence has no operand
 *   cmpxchg       address  expected       value        no displacement
 *
 * A displacement is a number < 2^31. An address is an i32 or i64 index into memory 0, whose guard
 * pages catch what is outside (an i64 one is below 2^33); with IR_POINTER it is an absolute i64
 * address that cannot fault.
 *
 * Types: references are T_I64. An i32 in a register or slot is always zero-extended to 64 bits. */
/* clang-format on */
#ifndef WM_JIT_IR_H
#define WM_JIT_IR_H

#include "wasm/opcode.h"
#include "wasm/trap.h"

#define NONE UINT32_MAX

typedef enum IrType { T_NONE, T_I32, T_I64, T_F32, T_F64, T_V128 } IrType;

/* clang-format off */
typedef enum IrOp {
  IR_NOP = OP_COUNT,
  /* values */
  IR_CONST,     /* the bits: a low, b high half (i32, f32: b = 0) */
  IR_ARG,       /* a: which parameter of the compiled function. In block 0. An on-stack replacement
                   has one, an i64: the address of the interpreter's frame, whose slots it loads
                   (IR_POINTER) */
  IR_PARAM,     /* a: block, b: which of its parameters */
  /* pure */
  IR_SELECT,    /* c (i32) ? a : b, of any type */
  IR_MULH_S,    /* high half of the product of a and b, i64 */
  IR_MULH_U,
  IR_MEM0,      /* base address of memory 0 (pinned register), i64 */
  IR_INST_LOAD, /* a: byte offset (a number) in the running Instance's allocation of a word that
                   never changes; i32 (zero-extended) or i64 */
  IR_PURE_LOAD, /* a: absolute address, b: displacement (number): a word of the runtime that never
                   changes */
  /* effects */
  IR_RESULT,    /* a: call node, b: which result; right behind its call. Only for calls with more
                   than one result: a single one is the call node itself */
  IR_BOUNDS,    /* a: index (i32 or i64), b: constant node (i64): the bytes behind the index that
                   must be inside (offset + size), c: base node (i64). Traps unless a + b <= the
                   length at c - 8; the value is c + a, i64 */
  IR_TRAP_IF,   /* a: condition (i32); imm: TrapCode */
  IR_POLL,      /* a loop begins a round: stop if asked to */
  IR_FUEL,      /* a: cost (a number) */
  IR_BARRIER,   /* a: object that a reference was just stored to, b: address of the place, or of
                   the object (runtime/heap.h) */
  IR_CALL,      /* a: function index (defined in this module), b: list of arguments */
  IR_CALL_REF,  /* a: Func address (checked: not null, right type), b: list, c: module type index;
                   imm 1: probably of another instance or the host's (imports) */
  IR_TAIL_CALL, /* as IR_CALL and IR_CALL_REF, and ends the function: its block ends in TERM_TAIL */
  IR_TAIL_CALL_REF,
  IR_HELPER,    /* a: HelperId (native.h), b: list of arguments; imm 1: the result is a TrapCode,
                   which the node turns into a trap (type T_NONE) */
  IR_OP_COUNT
} IrOp;
/* clang-format on */

enum {
  IR_SAFE = 1,    /* TRAPS rows: cannot trap */
  IR_POINTER = 2, /* memory accesses: the address is absolute */
  IR_WORD = 4,    /* likewise, and it is the runtime's: no memory of a guest */
  IR_FIXED = 8,   /* loads, likewise: nothing that comes later writes what is read */
};

typedef struct Node {
  u16 op;
  u8 type : 4; /* IrType of the value */
  u8 flags : 4;
  u8 imm; /* lane or trap code */
  union {
    struct {
      u32 a, b, c;
    };
    u32 operands[3];
  };
} Node; /* 16 bytes; operand fields that are unused are 0 */

/* Lists (call arguments, results, edge arguments, switch tables) are in Compile.pool: the count,
 * then the items. */

typedef enum Terminator {
  TERM_NONE,
  TERM_JUMP,
  TERM_BRANCH, /* operand: condition (i32); edge 0 when it is not 0, edge 1 when it is */
  TERM_SWITCH, /* operand: index (i32); table: list of edge numbers, the last is the default */
  TERM_RETURN, /* table: list of the results */
  TERM_TRAP,   /* trap_code */
  TERM_TAIL,   /* nothing: the last effect is a tail call */
  TERM_INVOKE, /* the last effect that calls may throw: edge 0 behind it, edge 1 to a block without
                  parameters (its landing) when what it throws is caught. There the callee-saved
                  registers hold what they held at the call, all others nothing */
  TERM_COUNT
} Terminator;

typedef struct Edge {
  u32 from, to; /* blocks */
  u32 args;     /* list in the pool: one node for each parameter of `to`; 0: none */
} Edge;

/* Alias classes of what loads read: an effect of one class leaves the words of the other alone. A
 * new class (fields of objects) is one more of these. */
enum {
  ALIAS_GUEST, /* memories, which may be one another; their loads may trap, so that their order
                  among traps counts, too */
  ALIAS_WORDS, /* the runtime's (IR_WORD) */
  ALIAS_COUNT,
  ALIAS_FIXED = ALIAS_COUNT, /* IR_FIXED: passes everything */
};
/* How many effects come before a place in its block that loads of each class must not pass. */
typedef struct Epoch {
  u32 of[ALIAS_COUNT];
} Epoch;

typedef struct Block {
  u32 effects_start, effects_end; /* range in Compile.effects (nodes in order) */
  u8 term;                        /* Terminator */
  u8 trap_code;                   /* TERM_TRAP */
  bool is_loop;                   /* a loop header: has back edges */
  bool is_cold;                   /* traps soon or is otherwise unlikely */
  bool asks_param; /* does nothing but branch on its only parameter, which nothing else uses, or on
                      whether that is 0 */
  u8 unlikely;     /* of the edges: 1 + the one that is hardly ever taken; 0: none */
  u32 site;        /* of the terminator (TERM_TRAP) */
  u32 operand, table;
  u32 edges, edge_count;   /* out edges: range in Compile.edges, in order */
  u32 params, param_count; /* nodes params .. params + param_count; see Compile.param_vregs */
  /* place.c */
  u32 preds, pred_count;    /* range in Compile.preds: edges that come in */
  u32 idom, dom_depth;      /* immediate dominator (the entry: itself) */
  u32 loop, loop_depth;     /* header of the innermost loop (NONE, 0: none) */
  u32 outer_loop;           /* of a header: the header of the loop around it, or NONE */
  u32 body_start, body_end; /* range in Compile.body: the nodes placed here, in order */
  Epoch end_epoch;          /* at the terminator */
  /* isel */
  u32 lir_start, lir_end; /* range in Compile.lir */
} Block;

/* Where an effect stands in the source: its wasm offset, and for inlined code the call's site. */
typedef struct Site {
  u32 offset; /* in the module's bytes */
  u32 caller; /* site of the call that was inlined, or NONE */
  /* Of a TERM_INVOKE's call: its landing, and the first clause around it, in Compile.clauses. */
  u32 landing; /* NONE: there is none */
  u32 chain;
} Site;

typedef struct Compile Compile;

/* What is known of an op. */
enum {
  IR_OPERANDS = 15,     /* a: 1, b: 2, c: 4, a list at b: 8 */
  IR_EFFECT = 16,       /* stays in order ... */
  IR_SAFE_IS_PURE = 32, /* ... unless IR_SAFE is set */
  IR_LOADS = 64,        /* an effect that only reads */
  IR_WRITES_ALL = 128,  /* calls what may write anything */
};
typedef struct IrFacts {
  u8 flags;
  u8 type; /* of the result, for a row with a fixed signature */
} IrFacts;
extern const IrFacts wm_ir_facts[IR_OP_COUNT];

/* Which of a (1), b (2), c (4) are nodes; 8: b is a list of nodes. */
static inline u32 wm_ir_operands(const Node *n) { return wm_ir_facts[n->op].flags & IR_OPERANDS; }
/* Must stay in its block's order: it has an effect, or sees those of others (loads). */
static inline bool wm_ir_is_effect(const Node *n) {
  u32 flags = wm_ir_facts[n->op].flags;
  return flags & IR_EFFECT && !(flags & IR_SAFE_IS_PURE && n->flags & IR_SAFE);
}
/* An effect that only reads: may be folded into its user while no writing effect is between; dead
 * when nobody uses it, but only with IR_POINTER: any other one may have to trap. */
static inline bool wm_ir_is_load(const Node *n) { return wm_ir_facts[n->op].flags & IR_LOADS; }
/* Leaves the body and comes back. */
static inline bool wm_ir_is_call(const Node *n) { return wm_ir_facts[n->op].flags & IR_WRITES_ALL; }
/* The class of a load. */
static inline u32 wm_ir_alias(const Node *load) {
  if (load->flags & IR_FIXED) return ALIAS_FIXED;
  return load->flags & IR_WORD ? ALIAS_WORDS : ALIAS_GUEST;
}
/* Loads of the class must not pass the effect. */
static inline bool wm_ir_bars(const Node *n, u32 alias) {
  if (wm_ir_is_load(n) || n->op == IR_RESULT) return false;
  if (wm_ir_is_call(n)) return true;
  bool writes_words = n->flags & IR_WORD;
  return alias == ALIAS_WORDS ? writes_words : !writes_words;
}
static inline IrType wm_ir_result_type(u16 op) { return (IrType)wm_ir_facts[op].type; }

/* Scalar rows that come in two widths (ir_pairs.def). */
typedef enum IrKind {
  KIND_OTHER,
  KIND_COMPARE,  /* of integers */
  KIND_COUNT,    /* clz, ctz, popcnt */
  KIND_INT,      /* the other integer rows that cannot trap: two operands */
  KIND_DIVIDE,   /* div and rem */
  KIND_EXTEND,   /* of an integer's low 8 or 16 bits */
  KIND_FCOMPARE, /* of floats */
  KIND_FLOAT,    /* one or two floats to a float */
} IrKind;
typedef struct IrPair {
  u8 kind;          /* IrKind */
  u16 narrow, wide; /* OpId: for i32 or f32, for i64 or f64 */
} IrPair;
extern const IrPair wm_ir_pairs[IR_OP_COUNT];

static inline IrKind wm_ir_kind(u16 op) { return (IrKind)wm_ir_pairs[op].kind; }
static inline bool wm_ir_is_compare(u16 op) { return wm_ir_kind(op) == KIND_COMPARE; }
static inline bool wm_ir_is_fcompare(u16 op) { return wm_ir_kind(op) == KIND_FCOMPARE; }
/* The row of a pair for 32 bits: rules for both widths are written with it. Other ops are their
 * own. */
static inline u16 wm_ir_narrow(u16 op) {
  return wm_ir_kind(op) == KIND_OTHER ? op : wm_ir_pairs[op].narrow;
}
/* The same for 64 bits; `op` is of a pair. */
static inline u16 wm_ir_wide(u16 op) { return wm_ir_pairs[op].wide; }

/* A new node, as it is. Never fails (compile.h). */
u32 wm_ir_add(Compile *c, Node n);
u32 wm_ir_node(Compile *c, u16 op, IrType type, u32 a, u32 b, u32 operand_c);
/* The op's name: "i32.add", "bounds". */
const char *wm_ir_name(u16 op);
/* The constant, shared. T_V128: bits is an index in Compile.vectors; equal vectors are shared. */
u32 wm_ir_const(Compile *c, IrType type, u64 bits);
/* A v128 constant, shared. */
u32 wm_ir_vector(Compile *c, V128 value);
/* A pure node: folded, simplified (fold.c) and shared with an equal one. */
u32 wm_ir_pure(Compile *c, Node n);
/* Shared with an equal one as it is: what fold.c calls at the end. */
u32 wm_ir_share(Compile *c, Node n);
/* Empties the table of shared nodes (between compiles) for about `nodes` nodes. */
void wm_ir_reset(Compile *c, u32 nodes);

/* fold.c: `n` (not in Compile.nodes) simplified: the index of an existing or new node, or NONE when
 * there is nothing to do (then *n may have been brought to a standard form: constants to the right,
 * ...). Takes TRAPS rows too: NONE or pure nodes that do the same.
 *
 * Forms that do not remain: eqz (eq with 0), subtraction of a constant (addition), rotl by one
 * (rotr), multiplication and unsigned division by a power of two, i64 and with 2^32 - 1 (extend_u
 * of wrap), a + a (shl by 1), shift counts beyond the width. no_opt: all of them do. */
u32 wm_fold(Compile *c, Node *n);
/* An upper bound of the unsigned value of an integer node. */
u64 wm_ir_max_value(const Compile *c, u32 node);

/* verify.c: checks the invariants after build (placed: and place): operands exist, have the right
 * types, dominate; edges and parameters agree; pure nodes are not in effects. False with a message
 * in c->trouble. For debug and fuzz builds and tests. */
bool wm_ir_verify(Compile *c, bool placed);

#endif
