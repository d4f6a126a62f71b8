/* The state that one validation carries, shared by this folder's files.
 *
 * Operand stack (spec, appendix "Validation Algorithm"): value types, bottom first.
 *
 *     [ ... outer blocks' operands | this block's operands ]
 *                                  ^ base                  ^ len
 *
 * Below `base` nothing may be popped; when the rest of the block is unreachable, popping at `base`
 * yields VAL_BOTTOM, which matches everything. Types keep the module's type indices and are turned
 * into canonical ids only where two words differ. */
#ifndef WM_VALID_VALIDATOR_H
#define WM_VALID_VALIDATOR_H

#include "base/vec.h"
#include "valid/valid.h"
#include "wasm/limits.h"
#include "wasm/reader.h"

/* What a reference from unreachable code refers to: matches every heap type; never in a module. */
#define HEAP_BOTTOM HEAP_ABSTRACT

/* A list of value types, such as what a label takes. */
typedef struct Types {
  const ValType *items; /* borrowed */
  u32 count, slots;
} Types;

/* A block that is open. */
typedef struct Control {
  const SubType *type; /* borrowed; NULL: no parameters, and at most the one result `value` */
  ValType value;       /* VAL_BOTTOM: no result; used where type is NULL */
  u32 base;            /* operand stack length without the block's own operands */
  u32 base_slots;      /* the same in frame slots */
  u32 init_base;       /* how many entries of `inits` are from outside */
  u32 checked_by;      /* the br_table (by its serial number) that last checked this label */
  u16 op; /* OP_block, OP_loop, OP_if, OP_else, OP_try, OP_catch, OP_catch_all, OP_try_table; the
             function itself is a block */
  bool unreachable; /* the rest of it cannot run */
} Control;

/* Locals of one declaration: those from the previous run's end up to `end`. */
typedef struct LocalRun {
  u32 end;
  ValType type;
} LocalRun;

/* Locals whose type is kept in an array; the others are found in the runs, so that a tiny function
 * which declares 50,000 of them costs its size only. */
enum { EXPANDED_LOCALS = 1024 };

/* A loop that is open (valid_facts.c). */
typedef struct OpenLoop {
  u32 index;         /* in loops */
  u32 id;            /* unique in the module, from 1 */
  u32 pending_start; /* where its entries in `pending` begin */
  bool assigns_all;  /* the list would be too long */
} OpenLoop;

/* Collects LoopFacts. Assigned locals are pushed on `pending`; at its end a loop sorts its part,
 * keeps a copy and leaves the part to the loop around it. */
typedef struct LoopTracker {
  Vec(LoopFacts) loops;
  Vec(OpenLoop) open;
  Vec(u32) pending;
  Vec(u32) assigned; /* the finished lists */
  Vec(u32) stamps;   /* for each local the id of the loop that noted it last; never cleared */
  u32 current;       /* id of the innermost open loop; 0: none */
  u32 last_id;
  u32 budget; /* entries that this function's lists may still take */
  bool calls; /* the function calls something */
} LoopTracker;

typedef struct Validator {
  Module *m;         /* borrowed */
  TypeRegistry *reg; /* borrowed */
  Error *err;        /* borrowed */
  Arena *arena;      /* borrowed: for the facts */
  u32 *first_use;    /* borrowed: Module.first_use, or what goes there */
  FeatureSet features;
  Instr in; /* the instruction being checked */

  ValType *stack; /* owned, stack_cap items, of which stack_len are in use */
  u32 stack_len, stack_cap;
  u32 base;             /* of the innermost block */
  bool unreachable;     /* of the innermost block */
  u32 slots, max_slots; /* the stack's size in frame slots, and the highest of this body */

  Vec(Control) control; /* innermost last */
  u32 max_control;
  u32 table_serial; /* br_tables so far */
  u32 catch_depth,
      max_catch_depth; /* `catch` and `catch_all` parts around; the most in this body */

  Vec(LocalRun) runs;
  Vec(u32) init_stamps; /* for each local the function (by number) that set it, for types */
                        /* without a default; never cleared */
  Vec(u32) inits;       /* such locals set so far, in order */
  u32 func_serial;      /* number of the function, from 1 */
  u32 local_count, expanded_count;   /* parameters included */
  ValType expanded[EXPANDED_LOCALS]; /* types of the first expanded_count locals */

  LoopTracker facts;
} Validator;

/* ---- how an instruction with a fixed signature is checked (valid_rules.c) ---- */

enum {
  RULE_BY_HAND = 0xFF, /* in Rule.operand_count */
  RULE_ADDRESS = 0x01, /* an operand or result: the address type of the memory named */
};

typedef struct Rule {
  u8 immediate; /* enum Immediate */
  u8 feature;
  u8 align_log2; /* of a memory access: the natural alignment */
  u8 operand_count;
  u8 operands[3]; /* VAL_x or RULE_ADDRESS */
  u8 result;      /* the same; VAL_BOTTOM: none */
} Rule;

extern const Rule wm_valid_rules[OP_COUNT];

static inline Types param_types(const SubType *func) {
  return (Types){func->params, func->param_count, func->param_slots};
}
static inline Types result_types(const SubType *func) {
  return (Types){func->results, func->result_count, func->result_slots};
}

/* The type of addresses in a memory or table. */
static inline ValType limits_address(const Limits *limits) {
  return limits->is_64 ? VAL_I64 : VAL_I32;
}

/* ---- errors (valid_error.c): each returns false ---- */

/* ERR_INVALID at the current instruction. */
bool wm_valid_fail(Validator *v, const char *format, ...) PRINTF_LIKE(2, 3);
bool wm_valid_fail_at(Validator *v, u64 offset, const char *format, ...) PRINTF_LIKE(3, 4);
/* Type mismatch at the current instruction; `found` is NULL when the stack is empty. */
bool wm_valid_mismatch(Validator *v, ValType expected, const ValType *found);
/* ERR_UNSUPPORTED naming f. */
bool wm_valid_unsupported(Validator *v, u64 offset, Feature f, const char *what);
/* True when f is on, else as above. */
bool wm_valid_need(Validator *v, u64 offset, Feature f, const char *what);

/* ---- types (valid_types.c) ---- */

/* The proposal that a heap type in a reference type belongs to. */
Feature wm_valid_heap_feature(HeapType h, bool nullable);
/* Checks and interns all types of the module. */
bool wm_valid_types(Validator *v);
/* A value type outside the type section: known indices, proposals on. */
bool wm_valid_valtype(Validator *v, ValType t, u64 offset);
bool wm_valid_heaptype(Validator *v, HeapType h, bool nullable, u64 offset);
/* Whether `sub` matches `super` (spec 3.3); VAL_BOTTOM matches and is matched by everything. */
bool wm_valid_matches(Validator *v, ValType sub, ValType super);
/* The function type at an index; NULL and "unknown type" when there is none. */
const SubType *wm_valid_func_type(Validator *v, u32 type_index, u64 offset);

/* ---- the operand stack's slow paths (valid_operands.c); the fast ones are in operands.h ---- */

bool wm_valid_pop_slow(Validator *v, ValType expected);
bool wm_valid_pop_types_slow(Validator *v, Types types);
bool wm_valid_peek_types_slow(Validator *v, Types types);
/* Room for `extra` more operands than the highest stack so far. */
bool wm_valid_grow_stack(Validator *v, u32 extra);
/* The stack has become higher than ever in this body: notes it, keeps room for the next
 * instruction, and stops at MAX_FRAME_SLOTS. */
bool wm_valid_new_height(Validator *v);
/* Starts a body with an empty stack. */
bool wm_valid_reset_stack(Validator *v);

/* ---- bodies and expressions ---- */

/* ---- blocks and branches (valid_block.c) ---- */

/* Opens a block whose parameters are on the stack; the function's own (op is OP_block and nothing
 * is open) has them in its locals. */
bool wm_valid_push_control(Validator *v, u16 op, const SubType *type, ValType value);
/* The rest of the innermost block cannot run. */
void wm_valid_mark_unreachable(Validator *v);
/* The innermost block goes on with another part (else, catch), which is an `op`: its stack is
 * empty, and locals without a default that were set in the part before count as unset. */
void wm_valid_next_part(Validator *v, u16 op);
/* The innermost block is over; its results stay. */
void wm_valid_pop_control(Validator *v);
/* The results of the innermost block are on its stack, and nothing else. */
bool wm_valid_block_results(Validator *v, const Control *c);
/* The block that a label means; NULL: there is none. Valid until the next block opens. */
Control *wm_valid_label(Validator *v, u32 label);
/* Whether each of `sub` matches that of `super`. */
bool wm_valid_types_match(Validator *v, Types sub, Types super);
/* The instruction v->in. */
bool wm_valid_block(Validator *v);
bool wm_valid_else(Validator *v);
bool wm_valid_end_block(Validator *v);
bool wm_valid_br(Validator *v);
bool wm_valid_br_if(Validator *v);
bool wm_valid_br_table(Validator *v);
bool wm_valid_br_on_null(Validator *v);
bool wm_valid_br_on_non_null(Validator *v);
bool wm_valid_br_on_cast(Validator *v); /* and br_on_cast_fail: valid_gc.c */
bool wm_valid_return(Validator *v);

/* ---- exceptions (valid_exception.c): the instruction v->in ---- */

bool wm_valid_throw(Validator *v);
bool wm_valid_throw_ref(Validator *v);
bool wm_valid_try_table(Validator *v);
bool wm_valid_catch(Validator *v); /* and catch_all */
bool wm_valid_delegate(Validator *v);
bool wm_valid_rethrow(Validator *v);

/* Any instruction but the control instructions of valid_func.c. */
bool wm_valid_instr(Validator *v, const Rule *rule);
/* ref.null and ref.func, as they are in constant expressions. */
bool wm_valid_ref_null(Validator *v);
bool wm_valid_ref_func(Validator *v);
/* Pops a reference of any type; from unreachable code one to HEAP_BOTTOM. */
bool wm_valid_pop_ref(Validator *v, ValType *found);
/* The table that the current instruction names; NULL and "unknown table". */
const TableType *wm_valid_table(Validator *v, u32 index);

/* The data segment that the current instruction names exists, and may be named in bodies. */
bool wm_valid_data(Validator *v, u32 index);
/* The element segment; NULL and "unknown elem segment". */
const ElemSegment *wm_valid_elem(Validator *v, u32 index);
/* Instructions on structs, arrays, i31 and casts (valid_gc.c), as they are in constant expressions
 * too. */
bool wm_valid_gc(Validator *v);

/* A constant expression of type `expected`, which may read the globals before `global_limit`. */
bool wm_valid_const(Validator *v, ConstExpr expr, ValType expected, u32 global_limit);
/* The body of a defined function; fills its facts. */
bool wm_valid_func(Validator *v, u32 func_index);
/* All bodies, with up to `threads` threads besides this one (valid_bodies.c). */
bool wm_valid_bodies(Validator *v, u32 threads);
/* Frees what the validator owns. */
void wm_valid_end(Validator *v);
/* The grammar of all bodies, nothing else: true when well-formed, else sets err. */
bool wm_valid_scan_bodies(const Module *m, Error *err);
/* The error of a body that ends before its last `end`. Returns false. */
bool wm_valid_body_ends(Reader *r, const Module *m, u32 func_index);

/* ---- facts about loops (valid_facts.c) ---- */

/* A body of `body_bytes` with `local_count` locals begins. */
bool wm_facts_start(LoopTracker *t, u32 local_count, u32 body_bytes);
bool wm_facts_enter_loop(LoopTracker *t, u32 offset);
bool wm_facts_leave_loop(LoopTracker *t, u32 end_offset);
bool wm_facts_note(LoopTracker *t, u32 local);
void wm_facts_call(LoopTracker *t);
/* The hidden local `local` is assigned. False: out of memory. */
bool wm_facts_assign_hidden(LoopTracker *t, u32 local);
void wm_facts_grow(LoopTracker *t);
/* Copies what was found to `arena`. */
bool wm_facts_finish(LoopTracker *t, Arena *arena, FuncFacts *facts);
void wm_facts_free(LoopTracker *t);

/* `local` is assigned. False: out of memory. */
static inline bool facts_assign(LoopTracker *t, u32 local) {
  if (LIKELY(!t->current || t->stamps.data[local] == t->current)) return true;
  return wm_facts_note(t, local);
}

#endif
