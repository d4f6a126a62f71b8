/* The parts of the generator (generate.h): a random walk over instructions that keeps the types on
 * the operand stack. A type is a letter of a signature (wasm/opcode.h), or r funcref, e externref,
 * n exnref, and of references to the type of function k: '0' + k those that may be null, 'A' + k
 * those that are not. Letters of references to structs and arrays: generate_gc.c.
 *
 *   generate.c            the module: sections, and what they declare
 *   generate_function.c   bodies; the table of statements with their chances
 *   generate_control.c    statements that go elsewhere: branches, blocks
 *   generate_call.c       calls of all kinds, typed references
 *   generate_exception.c  throws, try_table, the legacy try
 *   generate_gc.c         types of structs and arrays, values of theirs
 *   generate_object.c     statements on those values: casts, fields, elements
 *   generate_checksum.c   the checksum, which follows references
 *   generate_data.c       statements on variables, memory and tables
 *   generate_value.c      values, by the rows of opcodes.def
 *   generate_write.c      the tape, bytes, types, the operand stack
 *
 * To generate more: rows with a fixed signature are drawn by their feature and their number
 * (drawn_features and the ranges in generate_value.c); another statement is a function in the file
 * of its subject, or in a new one, and a row in generate_function.c; what a module must declare for
 * it goes to generate.c. Each must keep `stack` what it is and must not run forever. */
#ifndef TESTS_FUZZ_GENERATOR_H
#define TESTS_FUZZ_GENERATOR_H

#include "base/buffer.h"
#include "wasm/opcode.h"
#include "wasm/types.h"

enum {
  MAX_TYPES_IN_PROGRAM = 100,
  MAX_LIST = 16, /* types in a list, with the terminating zero */
  MAX_FUNCS = 6,
  MAX_LOCALS_HERE = 60,
  MAX_NESTING = 10,
  MAX_LABELS = 2 * MAX_NESTING,
  TAG_COUNT = 4,
  SHARED_TAGS = 2, /* the first ones, which the second module imports */
  FIRST_PEER = 1,  /* function 0 is the host's */
  MAX_DEPTH = 60,
  HASHED_BYTES = 2080, /* what masked addresses with offsets can reach */
  TABLE_SIZE = 10,
  GC_TYPES = 8,
  MAX_FIELDS = 6,
  NO_SUPER = 0xFF,
  /* globals: the fuel, what both modules share, one for each of i l f d s */
  GC_ROOT = 1,
  GC_BUDGET = 7,  /* how many objects the checksum may still visit */
  GC_GLOBALS = 8, /* one for each type */
};

/* Abstract heap types beside the program's own. */
enum { GC_ANY = GC_TYPES, GC_EQ, GC_I31, GC_STRUCT, GC_ARRAY, GC_NONE };

/* A struct or array; fields also x (i16) and y (i8). */
typedef struct GcType {
  bool is_array, is_final, starts_group;
  u8 super; /* or NO_SUPER */
  char fields[MAX_FIELDS + 1];
  u32 mutable_fields; /* bits */
} GcType;

#define ALL_TYPES "ilfdsre"

typedef struct Sig {
  char params[MAX_LIST], results[MAX_LIST];
} Sig;

typedef struct Label {
  char types[MAX_LIST];
  u32 base;
  bool catches; /* a catch part of a legacy try */
} Label;

/* What a program is made of beside the plain things. Other engines refuse modules with both kinds
 * of exceptions, so those are few. */
enum {
  KIND_TAIL = 1,
  KIND_TYPED = 2,
  KIND_EXN = 4, /* exnref, try_table */
  KIND_LEGACY = 8,
  KIND_GC = 16,
};

/* What GC programs have more of in sections. */
enum { PART_ROOT, PART_GLOBALS, PART_TABLE, PART_ELEMENTS, PART_COUNT };

typedef struct Gen {
  const u8 *tape, *tape_end;
  bool barriers;
  bool is_peer; /* the second of the program's two modules */
  u32 kinds;
  u32 own_funcs; /* function 0's index */
  Sig types[MAX_TYPES_IN_PROGRAM];
  u32 type_count;
  GcType gc[GC_TYPES]; /* their indices are those before `types` */
  u32 gc_count;
  bool together;     /* all types that were there before bodies are one recursion group */
  u32 grouped;       /* how many of `types` that are */
  char table_letter; /* of table 1 */
  Buffer parts[PART_COUNT];
  u32 nested; /* values of fields of values of fields */
  Sig funcs[MAX_FUNCS];
  u32 func_count;
  u32 func_types[MAX_FUNCS]; /* their indices in types */
  u32 typed_count;           /* functions whose types can be named where we are */
  char tags[TAG_COUNT][MAX_LIST];
  char palette[4]; /* the types that the current function mostly uses */

  /* the function being made */
  Buffer code;
  u32 func;
  char locals[MAX_LOCALS_HERE]; /* types; the first own_locals are free to use */
  u32 local_count, own_locals;
  u32 scratch[3]; /* locals for f, d, s */
  u32 address;    /* an i32 local that always holds a good address */
  u32 counters;   /* the first of MAX_NESTING i32 locals */
  char stack[MAX_DEPTH + 8 * MAX_LIST];
  u32 depth;
  u32 floor; /* values below are not for taking */
  Label labels[MAX_LABELS + 2];
  u32 label_count;
} Gen;

/* ---- the tape: zeros when it is over (generate_write.c) ---- */
bool gen_is_over(const Gen *g);
/* Below n. */
u32 gen_pick(Gen *g, u32 n);
u64 gen_pick_bits(Gen *g);
/* A few types that the function then mostly uses; one of them, or rarely any; a list. */
void gen_pick_palette(Gen *g);
char gen_pick_type(Gen *g);
void gen_pick_types(Gen *g, char *list, u32 max);

/* ---- writing ---- */
/* An instruction: alone, with an index, the constant. The operand stack is the caller's business,
 * here and below where nothing else is said. */
void gen_op(Gen *g, u16 id);
void gen_op_index(Gen *g, u16 id, u32 index);
void gen_op_i32(Gen *g, u32 value);
ValType gen_valtype_of(const Gen *g, char letter);
bool gen_is_number(char letter);
/* The index of a function type, which is added when it is new; see has_room_for_types. */
u32 gen_type_index(Gen *g, const char *params, const char *results);
bool gen_has_room_for_types(const Gen *g);

/* ---- the operand stack ---- */
void gen_push(Gen *g, char type);
void gen_push_list(Gen *g, const char *types);
/* Where the innermost block's values begin. */
u32 gen_base_of(const Gen *g);
/* How many of the top values are the first ones of `types`. */
u32 gen_matching(const Gen *g, const char *types);

/* ---- values (generate_value.c): each pushes what it makes ---- */
void gen_constant(Gen *g, char type);
/* A constant, a local or a global. */
void gen_leaf(Gen *g, char type);
/* Computes a value of the type from leaves, at most `height` instructions deep. */
void gen_value(Gen *g, char type, u32 height);
/* Values of `types` on top, some of them taken from what is there. */
void gen_need_values(Gen *g, const char *types);
/* A typed reference or one of GC, with and without null. */
char gen_with_null(char letter);
char gen_without_null(char letter);
/* A local of the type that may be used freely; false: there is none. */
bool gen_pick_local(Gen *g, char type, u32 *out);
/* The global of a type; global 0 is the fuel. */
u32 gen_global_of(const Gen *g, char type);
/* Makes the float on top, when it is a NaN, the canonical one. */
void gen_canonical_scalar(Gen *g, char type);
/* Makes the i32 on top a good address. */
void gen_mask_address(Gen *g);
/* An instruction of a fixed signature with its operands; one to be used so. */
void gen_fixed(Gen *g, u16 id, u32 height);
u16 gen_pick_op(Gen *g, bool simd);

/* ---- structs, arrays, references to them (generate_gc.c) ---- */
bool gen_is_gc(char letter);
bool gen_is_gc_nullable(char letter);
u32 gen_gc_heap(char letter);
char gen_gc_letter(u32 heap, bool nullable);
ValType gen_gc_valtype(char letter);
bool gen_gc_is_sub(const Gen *g, char sub, char super);
char gen_pick_gc_letter(Gen *g);
/* One that it is below of, or that is below it; may be itself. */
char gen_pick_gc_above(Gen *g, char letter);
char gen_pick_gc_below(Gen *g, char letter);
/* What a field's value is on the stack. */
char gen_unpacked(char field);
/* A value, by instructions that are also good for constant expressions; not pushed. A leaf; a cast
 * to any kind of reference. */
void gen_gc_constant(Gen *g, char letter);
void gen_gc_leaf(Gen *g, char letter);
void gen_cast(Gen *g, char letter);
void gen_pick_gc_types(Gen *g);
/* The module's types; the parts of other sections. */
u32 gen_gc_groups(const Gen *g);
void gen_write_gc_types(const Gen *g, Buffer *out);
void gen_make_gc_parts(Gen *g);

/* ---- statements: each leaves the stack as g says ---- */
void gen_store(Gen *g);
void gen_atomic(Gen *g);
/* generate_data.c */
/* An i32 below a power of two. */
void gen_small(Gen *g, u32 below);
void gen_set_local(Gen *g);
void gen_set_address(Gen *g);
void gen_set_global(Gen *g);
void gen_select_one(Gen *g);
void gen_bulk(Gen *g);
void gen_table_or_memory(Gen *g);
/* generate_call.c */
void gen_call(Gen *g);
void gen_call_host(Gen *g);
void gen_tail_call(Gen *g);
void gen_typed(Gen *g);
/* generate_object.c */
void gen_object(Gen *g);
/* generate_exception.c */
void gen_throw(Gen *g);
void gen_try_table(Gen *g);
void gen_legacy_try(Gen *g);
/* generate_control.c */
void gen_branch(Gen *g);
void gen_branch_if(Gen *g);
void gen_branch_table(Gen *g);
void gen_leave(Gen *g);
void gen_nested(Gen *g);
/* ---- blocks ---- */
Label *gen_label(Gen *g, u32 label);
bool gen_has_room_for_block(const Gen *g);
/* The instruction with its type, and its label; or one after the other, for an instruction with
 * more immediates. */
void gen_open_block(Gen *g, u16 id, const Sig *sig);
void gen_open_head(Gen *g, u16 id, const Sig *sig);
void gen_push_label(Gen *g, u16 id, const Sig *sig);
/* An `if` that is at times entered. */
void gen_open_if(Gen *g, const Sig *sig);
/* Makes the block's stack exactly its results. */
void gen_finish(Gen *g, const char *results);
void gen_close_block(Gen *g, const Sig *sig);
/* What follows in the block is never reached; its end, there. */
void gen_go_dead(Gen *g);
void gen_end_dead(Gen *g, const Sig *sig);
/* Goes on behind the block. */
void gen_pop_label(Gen *g, const Sig *sig);
/* A trap when there is no fuel left. */
void gen_burn_fuel(Gen *g);
/* generate_function.c */
void gen_statements(Gen *g, u32 count);

/* ---- bodies (generate_function.c) ---- */
extern const Sig gen_entry_sig, gen_hash_sig;
/* Inner function `index`; the entry that calls it and stores its results; the checksum. */
void gen_inner_function(Gen *g, u32 index, Buffer *out);
void gen_entry_function(Gen *g, u32 index, Buffer *out);
/* Calls inner function `index` with constants, for the host. */
void gen_back_function(Gen *g, u32 index, Buffer *out);
/* generate_checksum.c. The second one is of GC programs: the checksum of an object. */
void gen_hash_function(Gen *g, Buffer *out);
extern const Sig gen_deep_sig;
void gen_deep_function(Gen *g, Buffer *out);
/* Of the reference on top; how many objects may be visited from here on. */
void gen_call_deep(Gen *g, u32 depth);
void gen_set_budget(Gen *g, u32 visits);
/* A function's parts, as generate_function.c makes them. */
u32 gen_add_local(Gen *g, char type);
void gen_start_function(Gen *g, const Sig *sig);
void gen_add_scratch(Gen *g);
void gen_end_function(Gen *g, const Sig *sig, Buffer *out);

#endif
