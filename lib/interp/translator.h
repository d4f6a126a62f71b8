/* Translation of one validated function body to cells (cell.h), in one pass.
 *
 * Operands live on a symbolic stack and cost nothing until an instruction needs them: a constant, a
 * local, or a temporary, whose home is the slot at its height, so that all paths to a label
 * agree. local.get and the constants emit nothing. What makes the code short:
 *   - `acc`: which slot each accumulator mirrors. An operand in that slot is taken from the
 * accumulator, and a temporary that was computed right into it never goes to its slot;
 *   - a local.set makes the instruction that computed the value write the local;
 *   - constants become immediates, and a comparison becomes part of the branch that uses it.
 * An instruction that was emitted may be changed in these ways as long as it lies in the current
 * region: the cells since the last label, branch or call.
 *
 * The translator relies on the body being valid; it runs in memory that it got at the start, sized
 * by the validator's facts, and a code buffer that grows. */
#ifndef WM_INTERP_TRANSLATOR_H
#define WM_INTERP_TRANSLATOR_H

#include "base/vec.h"
#include "interp/cell.h"
#include "wasm/reader.h"

#define NONE UINT32_MAX

typedef enum Bank { BANK_INT, BANK_F32, BANK_F64, BANK_NONE, BANK_COUNT } Bank;

/* Types as the translator sees them. A reference may stay in acc, but is always in its slot too:
 * there the collector looks for it. */
typedef enum Shape { SHAPE_I32, SHAPE_I64, SHAPE_F32, SHAPE_F64, SHAPE_V128, SHAPE_REF } Shape;

typedef enum ValueKind { VALUE_TEMP, VALUE_LOCAL, VALUE_CONST } ValueKind;

typedef struct Value {
  u8 kind, shape;
  u16 home;     /* the slot (the first of two for a v128) at its height */
  u32 local;    /* VALUE_LOCAL */
  u32 below;    /* VALUE_LOCAL: the next older pending use of the local on the stack, or NONE */
  u32 producer; /* VALUE_TEMP: word index of the cell that computed it, or NONE */
  u64 bits;     /* VALUE_CONST; a v128 is never one */
} Value;

typedef struct Local {
  u16 slot;
  u8 shape;
  bool is_set;     /* surely assigned on every way to here (parameters always are) */
  bool needs_zero; /* may be read before it is assigned */
  u32 pending;     /* the topmost VALUE_LOCAL of it on the stack, or NONE */
  u32 touched;     /* word index of the last cell that reads or writes it, or NONE */
} Local;

typedef enum ControlKind {
  CONTROL_BLOCK,
  CONTROL_LOOP,
  CONTROL_IF,
  CONTROL_ELSE,
  CONTROL_TRY,   /* the first part of a legacy try */
  CONTROL_CATCH, /* one of its others */
  CONTROL_BODY
} ControlKind;

typedef struct Types {
  const ValType *items; /* borrowed */
  u32 count, slots;
} Types;

typedef struct Control {
  ControlKind kind;
  bool used;       /* a branch goes to the label */
  u32 height;      /* values below the block's parameters */
  u32 home;        /* first operand slot of the block */
  u32 label;       /* end of the block, or start of the loop */
  u32 else_label;  /* CONTROL_IF */
  u32 stub;        /* while a br_table is translated: where values are moved for this target */
  u32 set_mark;    /* length of the log of assignments at the start */
  u32 chain;       /* the first clause for what is thrown in this part, in `catches`; or NONE */
  u32 outer_chain; /* the same around the block */
  u32 chain_end;   /* CONTROL_TRY, CONTROL_CATCH: the last clause of the block's own */
  u32 hidden;      /* CONTROL_CATCH: the slot of its exception */
  Types params, results;
  ValType one; /* where results.items points for a block with one inline result */
} Control;

/* A clause of try_table whose way to its label is written at the function's end. */
typedef struct Landing {
  u32 clause;     /* in catches */
  u32 offset;     /* of the try_table, for marks */
  Control target; /* a copy */
  Types params;   /* of the tag; those that the clause takes */
  bool has_ref;
} Landing;

/* Where a cell came from; kept only when a trap's offset is asked for. */
typedef struct Mark {
  u32 word, offset;
} Mark;

typedef struct Translator {
  const Module *module;
  LoadedModule *loaded;
  FuncCode *func;
  const SubType *type;
  Reader reader;
  Instr in;
  bool failed; /* out of memory */

  Value *values;
  u32 depth;     /* values on the stack */
  u32 next_home; /* slot for the next one */
  u32 flushed;   /* no VALUE_LOCAL below this depth */
  u32 settled;   /* nothing but VALUE_TEMP below this depth */
  Local *locals;
  u32 local_count;
  u32 *set_log; /* locals in the order in which they became surely assigned */
  u32 set_count;
  Control *controls;
  u32 control_count;
  u32 operand_home; /* first operand slot */

  Vec(u64) code;
  Vec(u32) labels; /* word index, or NONE */
  u32 last;        /* word index of the last cell, or NONE: its comparison may be taken in */
  u32 previous; /* the one before it, when nothing but the last cell separates it from here; or NONE
                 */
  u32 region;   /* cells from this word on may be changed */
  u32 acc[BANK_COUNT];      /* the slot each accumulator mirrors, or NONE */
  u32 acc_before_last;      /* acc[BANK_INT] before the last cell */
  u32 chain;                /* the first clause for what is thrown here, in `catches`; or NONE */
  u32 catch_depth;          /* CONTROL_CATCHes around */
  u32 hidden_start;         /* number of the first hidden local */
  Vec(CatchClause) catches; /* `word` is a label */
  Vec(CatchRegion) regions;
  Vec(Landing) landings;
  Vec(u32) sites; /* offsets of the calls that are noted */
  u32 fuel_word;  /* where fuel is charged: the region's cell, or NONE */
  u32 fuel_cost;  /* of the region so far */
  bool marking;
  Vec(Mark) marks;
  Vec(Mark) loop_marks; /* where loops begin */
  u64 spill[5];         /* where cells go when out of memory */
} Translator;

static inline Bank bank_of(u8 shape) {
  static const u8 banks[] = {BANK_INT, BANK_INT, BANK_F32, BANK_F64, BANK_NONE, BANK_INT};
  return (Bank)banks[shape];
}
static inline u32 shape_slots(u8 shape) { return shape == SHAPE_V128 ? 2 : 1; }
Shape wm_shape_of(ValType type);

/* ---- cells (cells.c) ---- */
/* A new cell of `words` words with d, a, b zero. Never NULL. */
Cell *wm_cells_emit(Translator *t, u32 handler, u32 words, u8 flags);
/* The cell at a word index. */
static inline Cell *cell_at(Translator *t, u32 word) {
  return (Cell *)(void *)(t->code.data + word);
}
/* Takes back the last cell. */
void wm_cells_drop_last(Translator *t);
/* Makes the last cell one word longer; NULL: out of memory. */
Cell *wm_cells_widen_last(Translator *t);
/* A label without a place yet. */
u32 wm_label_new(Translator *t);
/* Places it here: nothing is known about accumulators any more. */
void wm_label_bind(Translator *t, u32 label);
/* What came before may not be changed from here on. */
static inline void end_region(Translator *t) {
  t->region = t->code.len;
  t->last = t->previous = NONE;
}
/* Copies the finished cells, with handlers and targets resolved, to the module's code memory, where
 * FuncCode.cells has them (loaded->lock is held). False: out of memory. */
bool wm_cells_publish(Translator *t);
/* Words of the cells in front of the body (zeroing of locals). */
u32 wm_cells_prologue_words(const Translator *t);

/* ---- values (values.c) ---- */
void wm_value_push_local(Translator *t, u32 local);
void wm_value_push_const(Translator *t, Shape shape, u64 bits);
/* Temporaries in their home slots that no cell is known to have computed. */
void wm_values_push_homes(Translator *t, const Types *types);
void wm_value_pop(Translator *t);
/* The top `count`; those known to be temporaries cost nothing. */
void wm_values_pop(Translator *t, u32 count);
static inline Value *value_top(Translator *t, u32 below) {
  return &t->values[t->depth - 1 - below];
}

/* The slot of the lowest of the top `count` values, with `above` more on top of them. */
static inline u32 home_of_top(const Translator *t, u32 count, u32 above) {
  return count ? t->values[t->depth - above - count].home : t->next_home;
}
/* The slot that a value is in now (not for constants). */
static inline u32 value_slot(const Translator *t, const Value *v) {
  return v->kind == VALUE_LOCAL ? t->locals[v->local].slot : v->home;
}
/* Moves the value to its home slot, unless it is there. */
void wm_value_settle(Translator *t, Value *v);
/* The same for the top `count`; those known to be there cost nothing. */
void wm_values_settle(Translator *t, u32 count);
/* All pending uses of locals go to their homes (a block begins). */
void wm_value_flush(Translator *t);
/* The slot of a value that an instruction is about to read; constants are put into their homes. */
u32 wm_value_read(Translator *t, Value *v);
/* Copies the value to `slot`. */
void wm_value_copy(Translator *t, const Value *v, u32 slot);

/* An operand of an instruction with classes: the last two exclude what the instruction cannot take.
 */
typedef enum OperandClass { CLASS_SLOT, CLASS_ACC, CLASS_IMM } OperandClass;
typedef struct Operand {
  OperandClass class;
  u32 slot; /* CLASS_SLOT */
  u64 bits; /* CLASS_IMM */
} Operand;
/* In a slot or the accumulator. */
Operand wm_operand_take(Translator *t, Value *v);
/* Whether a constant fits a 32-bit (16-bit) immediate of its type. */
bool wm_value_is_imm32(const Value *v);
bool wm_value_is_imm16(const Value *v);
bool wm_value_in_acc(const Translator *t, const Value *v);

/* A cell wrote the slots without an accumulator. */
void wm_slots_written(Translator *t, u32 slot, u32 count);
/* The result of the cell just emitted: sets its d, pushes the value. */
void wm_result(Translator *t, Cell *cell, Shape shape);
/* The same for a cell that does not touch an accumulator. */
void wm_result_slot(Translator *t, Cell *cell, Shape shape);

void wm_local_get(Translator *t, u32 local);
void wm_local_set(Translator *t, u32 local, bool keep);

/* ---- blocks (translate_block.c) ---- */
static inline Control *control_at(Translator *t, u32 depth) {
  return &t->controls[t->control_count - 1 - depth];
}

static inline const Types *label_types(const Control *c) {
  return c->kind == CONTROL_LOOP ? &c->params : &c->results;
}

static inline void settle_if_many(Translator *t, const Types *types) {
  if (types->count > 1) wm_values_settle(t, types->count);
}

/* Drops everything above the block's parameters' place. */
void wm_block_reset(Translator *t, const Control *c);
/* What was assigned since then is not surely assigned. */
void wm_block_forget(Translator *t, u32 mark);
/* Whether the label's values, which have `above` more on top, must be moved to go there. */
bool wm_block_needs_moves(const Translator *t, const Control *c, u32 above);
/* Returns the top values. */
void wm_block_return(Translator *t);
/* Goes to the label with its values on top; more than one must be settled. */
void wm_block_branch(Translator *t, Control *c);
/* A block of the type t->in.block, whose parameters are on the stack. */
Control *wm_block_open(Translator *t, ControlKind kind);
/* Ends a block; returns whether the code behind it can be reached. */
bool wm_block_close(Translator *t, bool live);

/* ---- catch tables (catches.c) ---- */
/* A clause that catches what `tag` says (NO_INDEX: everything), in front of the chain `next`: the
 * label that it goes to, where the values go, and the exception (NO_SLOT: nowhere). Its number. */
u32 wm_catch_add(Translator *t, CatchClause clause);
/* What is thrown from here on goes to the chain. */
void wm_catch_set_chain(Translator *t, u32 chain);
/* Puts the table into the module's code memory; `prologue` words come before the cells. */
bool wm_catch_publish(Translator *t, u32 prologue);

/* ---- call sites (sites.c) ---- */
/* The last cell, a call of CALL_WORDS, is noted while it runs the handler `noted`. */
void wm_sites_add(Translator *t, Cell *cell, u32 noted);
/* Puts them into the module's code memory, where cells with DRAFT_SITE find them. */
bool wm_sites_publish(Translator *t);

/* ---- exceptions (translate_try.c): the instruction t->in ---- */
void wm_translate_try(Translator *t);
void wm_translate_try_table(Translator *t);
/* catch, catch_all: the next part of the innermost try */
void wm_translate_catch(Translator *t, bool live);
void wm_translate_throw(Translator *t);
/* The innermost try hands on what is thrown in it; then it is closed as others are. */
void wm_catch_delegate(Translator *t);
/* At the end: the ways of all clauses to their labels. */
void wm_catch_landings(Translator *t);

/* ---- instructions ---- */
/* Numeric and vector instructions with a fixed signature, loads and stores (operations.c). False:
 * not one of these. */
bool wm_translate_operation(Translator *t);
/* A handler that takes the value on top from slot a and gives one of that shape. */
void wm_translate_one_slot(Translator *t, u32 handler, Shape shape);
/* ref.is_null and ref.eq: comparisons too. */
void wm_translate_is_null(Translator *t);
void wm_translate_ref_eq(Translator *t);
/* Memory, table, global, reference, select (translate_data.c). False: not one of these. */
bool wm_translate_data(Translator *t);
/* Atomic accesses, wait, notify and the fence (translate_atomic.c). False: not one of these. */
bool wm_translate_atomic(Translator *t);
/* Structs, arrays, i31, casts (translate_gc.c). False: not one of these. */
bool wm_translate_gc(Translator *t);
/* A cell that leaves in acc whether the reference on top, which stays there, is of the type that
 * br_on_cast wants. */
void wm_translate_cast_test(Translator *t);
/* Calls and tail calls (translate_call.c). Returns whether what follows can be reached. */
bool wm_translate_call(Translator *t);
/* Pops the condition on top and emits a branch that is taken when it is not zero (if_true) or zero.
 */
typedef struct Condition {
  u8 compare;          /* CompareId */
  bool is_acc, is_imm; /* the left operand is in the accumulator; the right one is x */
  u16 d, a;
  u64 x;
} Condition;
Condition wm_condition_take(Translator *t, bool if_true);
void wm_condition_branch(Translator *t, const Condition *condition, u32 label, bool back);

/* ---- fuel (translate_fuel.c) ---- */
/* Counts the instruction just read, t->in, which can be reached; the first of a region makes the
 * cell that charges for all of it. */
void wm_fuel_count(Translator *t);
/* Ends the region: before a label, and behind whatever may go elsewhere. */
void wm_fuel_end(Translator *t);

/* Translates `func`'s body into t (all-zero before). With `marking`, notes where the cells come
 * from. False: out of memory. Free with wm_translator_free in any case. */
bool wm_translate_body(Translator *t, FuncCode *func, bool marking);
void wm_translator_free(Translator *t);

#endif
