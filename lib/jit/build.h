/* wasm -> IR: what the files of the builder share (build.c lists them). One pass over the body
 * makes SSA form: the current values of locals and operands are node numbers in two arrays. At a
 * loop's header the locals that the validator saw assigned in it become parameters. A branch
 * forward saves the environment (the values of locals and of the label's operands); where the
 * environments of a label differ, its block gets a parameter. Inlined functions are frames of the
 * same builder, whose locals follow the caller's. */
#ifndef WM_JIT_BUILD_H
#define WM_JIT_BUILD_H

#include "jit/compile.h"
#include "runtime/profile.h"
#include "wasm/reader.h"

typedef enum ControlKind {
  CONTROL_BODY,
  CONTROL_INLINE, /* the body of an inlined function: `return` comes here */
  CONTROL_BLOCK,
  CONTROL_IF,
  CONTROL_ELSE,
  CONTROL_TRY_TABLE,
  CONTROL_TRY,   /* the first part of a legacy try */
  CONTROL_CATCH, /* one of its others: what is thrown there is not its own */
  CONTROL_LOOP,
  CONTROL_PEELED, /* the rest of a loop around the one that an on-stack replacement starts at: a
                     branch to it goes forward, to the copy that is made at its end */
} ControlKind;

/* Where an access goes: operand a, displacement b and flags of its node. */
typedef struct AccessPlace {
  u32 address, disp;
  u8 flags;
} AccessPlace;

/* How much is known at a place, which holds wherever that dominates: lengths of Build.known, fixed
 * and refs. */
typedef struct KnownScope {
  u32 bounds, fixed, refs;
} KnownScope;

/* A saved environment: positions in Build.envs. */
typedef struct Env {
  u32 locals, values;
} Env;

/* What is known of a reference (build_refs.c). */
typedef struct KnownRef {
  u32 node;
  u32 before;    /* what was known of the node before: its place in Build.refs, plus 1; or 0 */
  HeapType heap; /* it is null or of this type, the module's; NO_HEAP: not known */
  bool not_null;
  bool is_exact; /* and of no subtype */
} KnownRef;
enum { NO_HEAP = UINT32_MAX };

/* An edge that waits for its label's block. */
typedef struct Pending {
  u32 edge;
  Env env;
  u32 next;       /* in Build.pending, or NONE */
  KnownRef value; /* what is known there of the label's only value */
} Pending;

typedef struct Control {
  u8 kind;
  bool has_back_edge;
  u32 height; /* operands below the block's parameters */
  u32 param_count, result_count;
  u32 pending;      /* branches to the label so far, or NONE */
  KnownScope known; /* at the block's start: what holds wherever its end is reached */
  u32 type_index;   /* of its parameters and results; NO_TYPE: it has one result, or none */
  ValType result;
  u32 condition;   /* IF: decides for its first part */
  u32 envs_len;    /* Build.envs at the block's start */
  u32 kept_len;    /* behind its end: what of them branches out of it still want ... */
  u32 kept_for;    /* ... until this control (a place in Build.controls) ends; NONE: nothing */
  u32 else_edge;   /* IF: to the other part, or NONE: decided when it was built */
  Env else_env;    /* values: the parameters */
  u32 resume;      /* IF, always false: the block that goes on at the `else`; or NONE */
  u32 loop;        /* LOOP, PEELED: index in the function's facts */
  u32 header;      /* LOOP: block */
  u32 exits;       /* LOOP, the copy of a peeled one: edges to what is behind, or NONE */
  const u8 *body;  /* PEELED: behind the `loop` instruction */
  u32 catcher;     /* the nearest control around that catches what is thrown here, or NONE */
  u32 catch_depth; /* catch parts of the same function around */
  /* Of what catches (build_try.c). */
  u32 pad; /* the landings of its calls, in pending: locals, and the exception; or NONE */
  u32 chain, chain_end; /* its first and, of a legacy try, last clause, in Compile.clauses */
  const u8 *clauses;    /* TRY_TABLE: in the body */
  u32 clause_count;
  u32 hidden;    /* CATCH: the local that holds the exception */
  u32 next_edge; /* CATCH: where the exception is none of the clauses so far; or NONE */
  Env next_env;
  u32 table_round, table_edge; /* for br_table: the edge to here, if the round is the current one */
} Control;

/* A call through a table or a reference, while its ways are built (build_guess.c). */
typedef struct Guess {
  Instr in;
  u32 func; /* the address of the Func */
  u32 callees[SITE_CALLEES], count, next;
  u32 other;  /* edge: it is none of those before `next` */
  u32 ways;   /* to behind the call, in Build.pending */
  u32 height; /* of the operands, the arguments included */
  KnownScope known;
  bool is_open, is_likely;
} Guess;

/* A function whose body is read: the compiled one, then inlined ones. */
typedef struct Frame {
  Reader reader;
  const FuncFacts *facts;
  u32 func_index;
  u32 local_start, local_count; /* in Build.locals */
  u32 control_base;             /* its own label in Build.controls */
  u32 next_loop;                /* in facts */
  u32 site;                     /* of the call that was inlined; NONE: none */
  bool is_tail;                 /* it was a tail call: the caller returns what it returns */
  u32 fuel_node, fuel_cost;     /* the caller's open region */
  Guess guess;                  /* whose callee the next frame is, when it is open */
} Frame;

/* What a word belongs to. */
typedef enum WordKind { WORD_GUEST, WORD_STRUCT, WORD_ARRAY } WordKind;

/* A value that a load would give: known from a load or store of the same extended block, or, where
 * it never changes, of one that dominates it. */
typedef struct KnownWord {
  u32 address, disp, value;
  u16 op; /* the load */
  u8 bytes;
  u8 kind;  /* WordKind */
  u32 type; /* of the struct, the module's; of an array its elements' storage type, KIND_REF for all
               references */
} KnownWord;

typedef struct KnownGlobal {
  u32 global, value;
} KnownGlobal;

/* A bounds check that was passed: it holds in every block that it dominates, as memories never
 * shrink. */
typedef struct KnownBounds {
  u32 index, base; /* nodes */
  u32 value;       /* the check: base + index */
  u64 end;         /* bytes behind the index that are inside */
} KnownBounds;

/* What an i32 tells. */
typedef enum TestKind {
  TEST_TYPE, /* whether the reference `node` is of the type */
  TEST_AND,  /* when it is not 0, `node` is not 0 either */
  TEST_OR,   /* when it is 0, `node` is 0, too */
} TestKind;
typedef struct KnownTest {
  u32 condition, node;
  ValType type;
  u8 kind; /* TestKind */
} KnownTest;

enum { MAX_FRAMES = 8, KNOWN_WORDS = 32, KNOWN_GLOBALS = 16, KNOWN_TESTS = 16 };

/* A value of the scanned code in front of an on-stack replacement. */
typedef struct KeptValue {
  V128 bits; /* of a constant */
  u8 type;
  bool is_const;
} KeptValue;

typedef struct Build {
  Compile *c;
  const Module *module;
  InstanceLayout layout;
  Instr in;
  Error err;
  u32 block;     /* where new effects go; NONE: the code cannot be reached */
  bool scanning; /* reads what is in front of the loop to start at */
  u32 inline_budget_bytes;
  u32 max_items; /* of nodes and lists together */
  Frame frames[MAX_FRAMES];
  u32 frame_count;
  Vec(Control) controls;
  Vec(u32) locals; /* nodes, frame by frame */
  Vec(ValType) local_types;
  Vec(u32) stack; /* operands: nodes */
  Vec(Pending) pending;
  Vec(u32) envs;
  u32 version, saved_version,
      saved_at;            /* counts changes of locals; the version last saved, where */
  Vec(u32) marks, columns; /* while a label is bound */
  u64 merged_words;        /* how much was compared and copied for labels */
  u32 table_round;
  Vec(u32) table; /* edge numbers of a br_table */
  Vec(KeptValue) kept;
  u32 fuel_node, fuel_cost; /* the open region's charge (0: none) and instructions so far */

  /* mem.c */
  KnownWord words[KNOWN_WORDS];
  KnownGlobal globals[KNOWN_GLOBALS];
  u32 word_count, global_count;
  Vec(KnownBounds) known;
  Vec(KnownWord) fixed; /* that never change */

  /* build_refs.c */
  Vec(KnownRef) refs;
  Vec(u32) ref_heads; /* by node: the last of refs, plus 1; or 0 */
  KnownTest tests[KNOWN_TESTS];
  u32 test_count; /* noted so far; the last ones are kept */
  u32 fresh; /* build_barrier.c: the object made last, while nothing can have been collected; NONE
              */
} Build;

/* What is hinted of the condition of b->in: of the edges of the branch that it ends (edge 0 when it
 * is not 0), which one is unlikely, as Block.unlikely has it. */
u8 wm_build_unlikely_edge(const Build *b);

static inline void push(Build *b, u32 node) { *jit_push(b->c, &b->stack) = node; }
static inline u32 pop(Build *b) { return b->stack.data[--b->stack.len]; }
static inline Frame *frame_of(Build *b) { return &b->frames[b->frame_count - 1]; }
static inline u32 *local_at(Build *b, u32 local) {
  return &b->locals.data[frame_of(b)->local_start + local];
}
static inline u8 node_type(const Build *b, u32 node) { return node_at(b->c, node)->type; }

static inline Node make_node(u16 op, u32 type, u32 a, u32 b, u32 c) {
  return (Node){.op = op, .type = (u8)(type & 15), .a = a, .b = b, .c = c};
}
/* A pure node of a row with a fixed signature. */
static inline u32 pure(Build *b, u16 op, u32 x, u32 y) {
  return wm_ir_pure(b->c, make_node(op, wm_ir_result_type(op), x, y, 0));
}
static inline u32 const_i32(Build *b, u32 bits) { return wm_ir_const(b->c, T_I32, bits); }
static inline u32 const_i64(Build *b, u64 bits) { return wm_ir_const(b->c, T_I64, bits); }

/* The label that is `depth` labels out. */
static inline Control *control_at(Build *b, u32 depth) {
  return &b->controls.data[b->controls.len - 1 - depth];
}

/* ---- build_block.c: effects, blocks ---- */
/* The site of the instruction at `offset` of the current frame. */
u32 wm_build_site(Build *b, u32 offset);
/* Adds an effect to the current block. */
u32 wm_build_effect(Build *b, Node n);
/* The same for one that can trap, call or fault: of the instruction b->in, or of that at `offset`.
 */
u32 wm_build_effect_at_site(Build *b, Node n);
u32 wm_build_effect_at(Build *b, Node n, u32 offset);
/* A list in Compile.pool; 0 when it is empty. */
u32 wm_build_list(Build *b, const u32 *items, u32 count);
/* A new block, which is not yet the current one. */
u32 wm_build_block(Build *b);
/* Ends the current block, which stays `b->block`; returns the first of its edges. */
u32 wm_build_terminate(Build *b, Terminator term, u32 operand, u32 edge_count);
/* Goes on in a new block whose only way in is `edge`, from the block just ended. */
void wm_build_follow(Build *b, u32 edge);
/* The current block ends in a trap. */
void wm_build_trap(Build *b, TrapCode code);
/* Traps when the i32 is not 0. */
void wm_build_trap_if(Build *b, u32 condition, TrapCode code);

/* ---- build_fuel.c; without options.fuel there are no regions ---- */
void wm_build_open_region(Build *b);
void wm_build_close_region(Build *b);
/* The instruction b->in belongs to the open region, and may end it. */
void wm_build_count_fuel(Build *b);

/* ---- build_env.c: environments ---- */
/* Nodes, which may be none of the builder's arrays'. */
u32 wm_build_save_words(Build *b, const u32 *words, u32 count);
/* The locals as they are; shared while none changes. */
u32 wm_build_save_locals(Build *b);
/* The topmost operands. */
u32 wm_build_save_values(Build *b, u32 count);
/* The edge waits in the list for its label's block. */
void wm_build_pend(Build *b, u32 *list, u32 edge, Env env);
/* A branch to the label carries what is saved now, or was before. */
void wm_build_keep_envs(Build *b, const Control *ctl);
/* The innermost control ends: environments that only branches to it wanted are gone. */
void wm_build_drop_envs(Build *b);
/* Makes the saved locals the current ones; pushes saved operands. */
void wm_build_restore_locals(Build *b, u32 saved);
void wm_build_push_saved(Build *b, u32 saved, u32 count);
/* Goes on in a new block to which the edges of the list come: the stack is `height` high, then come
 * the label's values. */
void wm_build_bind(Build *b, u32 list, u32 height, u32 value_count, bool with_locals);
/* Empties the function but for its vectors, and begins its entry block. */
void wm_build_clear(Build *b);

/* ---- build_branch.c ---- */
/* How many locals are assigned in the loop, and the i-th of them. */
u32 wm_build_assigned_count(const Build *b, const Control *ctl);
u32 wm_build_assigned_local(const Build *b, const Control *ctl, u32 i);
/* The edge goes to the loop's header, with the values as they are. */
void wm_build_link_to_header(Build *b, const Control *ctl, u32 edge);
/* The current block returns from the compiled function. */
void wm_build_return(Build *b, u32 count);
/* The current block goes on at the label. */
void wm_build_go_to(Build *b, Control *ctl);
/* The current block, which ends in a branch on the condition, may do nothing else
 * (Block.asks_param). */
void wm_build_note_question(Build *b, u32 condition);
/* The instructions b->in. */
void wm_build_br_if(Build *b);
void wm_build_br_on_null(Build *b);
void wm_build_br_on_non_null(Build *b);
void wm_build_br_on_cast(Build *b);
void wm_build_br_table(Build *b);

/* ---- build_control.c ---- */
/* A control of the block type b->in.block, whose parameters are on the stack. */
Control *wm_build_open_control(Build *b, ControlKind kind);
/* The control's loop begins: a header with parameters for its operands and what it assigns. */
void wm_build_begin_loop(Build *b, Control *ctl);
void wm_build_open_if(Build *b);
void wm_build_open_else(Build *b);
/* The `end` of the innermost control, by its kind. False: the peeled loop has begun anew. */
void wm_build_close_loop(Build *b);
bool wm_build_close_peeled(Build *b);
void wm_build_close_block(Build *b); /* any other one */

/* ---- build_call.c ---- */
/* A frame for the function, whose arguments are the last ones in Build.locals; inlined: at `site`.
 */
void wm_build_open_frame(Build *b, u32 func_index, u32 site);
void wm_build_close_inlined(Build *b);
/* The instruction b->in. */
void wm_build_call(Build *b);
/* As the instruction b->in calls: the function, or the Func at the address node, with arguments
 * from the stack, results to it. True: its body is read next, until wm_build_close_inlined. */
bool wm_build_call_func(Build *b, u32 func_index, bool is_seen);
void wm_build_call_ref(Build *b, u32 address, u32 type_index, bool is_import);
/* Whether the defined function would be inlined here. */
bool wm_build_would_inline(const Build *b, u32 func_index, bool is_seen);

/* ---- build_guess.c: calls whose callees the interpreter saw; the instruction b->in ---- */
void wm_build_call_by_ref(Build *b);
void wm_build_call_indirect(Build *b);
/* The body of the current frame's guess has been read. */
void wm_build_go_on_guessing(Build *b);

/* ---- build_try.c: exceptions ---- */
/* The nearest of the first `count` controls that catches what is thrown behind them, or NONE. A
 * function that was inlined for a tail call has left its caller. */
static inline u32 catcher_among(const Build *b, u32 count) {
  if (count == 0) return NONE;
  const Control *ctl = &b->controls.data[count - 1];
  bool catches = ctl->kind == CONTROL_TRY || ctl->kind == CONTROL_TRY_TABLE;
  return catches ? count - 1 : ctl->catcher;
}
/* The call just built may throw: when something around catches that, its block ends here.
 * is_tail: a tail call, which nothing in its function catches. */
void wm_build_may_throw(Build *b, u32 call, bool is_tail);
/* The instruction b->in. */
void wm_build_open_try(Build *b);
void wm_build_catch(Build *b);
void wm_build_throw(Build *b);
/* The end of the innermost try, or its `delegate`, b->in. */
void wm_build_close_try(Build *b);

/* ---- build_osr.c ---- */
/* The loop to start at has been opened: begins the function anew there. */
void wm_build_start_here(Build *b);

/* ---- build_insn.c: every instruction that is not control flow ---- */
void wm_build_instruction(Build *b);
/* The address of the table's element; NONE: surely a trap (the block ended). */
u32 wm_build_table_element(Build *b, u32 table, u32 index, TrapCode outside);

/* ---- build_gc.c: structs, arrays, i31, casts ---- */
void wm_build_gc(Build *b);
/* Traps unless the function's type is the one that call_indirect names, which the i32 `same` tells,
 * or one of its subtypes. */
void wm_build_check_subtype(Build *b, u32 func, u32 same, u32 type_index);
/* The instruction b->in, br_on_cast or br_on_cast_fail: whether the reference is of the type. */
u32 wm_build_cast_test(Build *b, u32 reference);

/* ---- build_barrier.c ---- */
/* Behind the store of `value` to a field or element of that type: at `place`, or anywhere in the
 * object when that is the object itself. */
void wm_build_barrier(Build *b, ValType type, u32 object, u32 place, u32 value);
/* The object has just been made: until something may collect, it is not old. */
static inline void build_is_fresh(Build *b, u32 object) { b->fresh = object; }

/* ---- build_refs.c: what is known of references ---- */
typedef enum RefTest { REF_IS_NOT, REF_IS, REF_MAY_BE } RefTest;
const KnownRef *wm_refs_find(const Build *b, u32 node);
/* From here on the value is of the type; what is no reference's is ignored. */
void wm_refs_learn(Build *b, u32 node, ValType type);
void wm_refs_learn_exact(Build *b, u32 node, u32 type_index);
void wm_refs_learn_not_null(Build *b, u32 node);
/* From here on the condition holds, or does not: with what is known of tests. */
void wm_refs_learn_condition(Build *b, u32 condition, bool holds);
void wm_refs_note_test(Build *b, u32 condition, u32 node, ValType type);
/* The last edge that waits takes what is known of the value along; the label's value is of what is
 * known on all edges of the list. */
void wm_refs_take_along(Build *b, u32 node);
void wm_refs_learn_merged(Build *b, u32 list, u32 node);
/* The value `param` of a label was made from the edges of the list, its `column`-th values. */
void wm_refs_note_merged(Build *b, u32 list, u32 column, u32 param);
/* Whether it is null, an i32. */
u32 wm_refs_is_null(Build *b, u32 node);
/* Traps when it is null; from here on it is not. */
void wm_refs_check_null(Build *b, u32 node, TrapCode code);
bool wm_refs_may_be_i31(const Build *b, u32 node);
/* Whether it may be something else than null, a struct, an array or an i31. */
bool wm_refs_may_be_host(const Build *b, u32 node);
/* Whether it is of the heap type unless it is null. */
RefTest wm_refs_decide(const Build *b, u32 node, HeapType heap);
/* Forgets what was learnt after there was so much of it; all. */
void wm_refs_cut(Build *b, u32 len);
void wm_refs_clear(Build *b);

/* ---- build_atomic.c ---- */
void wm_build_atomic(Build *b);

/* ---- mem.c ---- */
/* Forgets what is known about memory and globals (a call, a place with several ways to it), or
 * about memory alone. */
void wm_mem_forget(Build *b);
void wm_mem_forget_words(Build *b);
/* Forgets what does not hold where the scope was. */
void wm_mem_forget_since(Build *b, KnownScope scope);
static inline KnownScope known_scope(const Build *b) {
  return (KnownScope){b->known.len, b->fixed.len, b->refs.len};
}
/* The base address of a memory. */
u32 wm_mem_base(Build *b, u32 memory);
/* The instruction b->in, with operands from the stack. */
void wm_mem_load(Build *b);
void wm_mem_load_lane(Build *b);
void wm_mem_store(Build *b);
void wm_mem_global_get(Build *b);
void wm_mem_global_set(Build *b);

/* The place of the access b->in of `bytes` bytes; false: it surely traps (the block ends). */
bool wm_mem_locate(Build *b, u32 index, u32 bytes, AccessPlace *place);

/* A field of a struct or array, or an element whose index is checked; `op` is one of memory. */
typedef struct FieldPlace {
  u32 address, disp;
  u8 kind;       /* WordKind */
  bool is_fixed; /* never changes once the object is made */
  u32 type;      /* as in KnownWord */
} FieldPlace;
u32 wm_mem_load_field(Build *b, u16 op, FieldPlace place);
void wm_mem_store_field(Build *b, u16 op, FieldPlace place, u32 value);
/* The same in an object just made, which is no other one. */
void wm_mem_init_field(Build *b, u16 op, FieldPlace place, u32 value);
/* The word of an object is known, without an access. */
void wm_mem_learn_field(Build *b, u16 load, FieldPlace place, u32 value);
/* The index is inside of the array from here on; whether it is known to be. */
void wm_mem_learn_inside(Build *b, u32 index, u32 array);
bool wm_mem_is_inside(const Build *b, u32 index, u32 array);
/* A word of the runtime at an absolute address that cannot fault. */
u32 wm_mem_load_word(Build *b, u16 op, u32 address, size_t disp);
void wm_mem_store_word(Build *b, u16 op, u32 address, size_t disp, u32 value);
/* The value of a slot (runtime/frame.h) there. */
u32 wm_mem_load_slot(Build *b, u8 type, u32 address, size_t disp);
/* The address in an array of the instance. */
static inline u32 instance_word(Build *b, u32 array, u32 index) {
  return wm_ir_pure(b->c, make_node(IR_INST_LOAD, T_I64, array + 8 * index, 0, 0));
}

#endif
