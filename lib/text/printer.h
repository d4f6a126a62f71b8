/* Inside the printer: what its files share.
 *
 *   print.c         the module, its custom sections, how long its text may be
 *   print_field.c   imports, definitions, segments
 *   print_type.c    types
 *   print_instr.c   an instruction with its immediates, by the kind in opcodes.def
 *   print_expr.c    bodies and constant expressions, instruction after instruction
 *   print_fold.c    bodies folded; print_arity.c says how many operands an instruction takes
 *   print_hint.c    branch hints
 *   print_ident.c   identifiers made of the name section
 *   print_text.c    strings, numbers, lines
 *
 * Memory that runs out is remembered by p->out and p->err; loops look at wm_print_ok. */
#ifndef WM_TEXT_PRINTER_H
#define WM_TEXT_PRINTER_H

#include "base/vec.h"
#include "binary/branch_hints.h"
#include "binary/sections.h"
#include "text/print.h"
#include "wasm/nesting.h"

/* A name and the identifier made of it. */
typedef struct Ident {
  const u8 *id, *name; /* id: without "$"; borrowed from the module, or arena. name NULL: none */
  u32 id_len, name_len;
} Ident; /* id_len 0: no identifier */

typedef struct Idents {
  Ident *at; /* arena; by index; NULL: none of them has a name */
  u32 count;
} Idents;

/* A label in scope. */
typedef struct OpenLabel {
  u16 part;    /* what began its last part (wasm/nesting.h) */
  Ident ident; /* .id_len 0: none */
} OpenLabel;

typedef struct LabelName {
  u32 index; /* of the block instruction in its function */
  Ident ident;
} LabelName;

/* One instruction of a folded body (print_fold.c draws it). */
typedef struct FoldNode {
  u32 at;    /* its place in the body's bytes */
  u32 top;   /* the largest tree that starts here; of an end: the number of its label */
  u32 child; /* the first operand's tree, or NO_INDEX; of an end: what it closes */
} FoldNode;

/* A finished tree that may become an operand. */
typedef struct FoldTree {
  u32 start, id; /* its first and last instruction */
  u32 values;    /* that it leaves */
} FoldTree;

/* A block that is open while trees are found. */
typedef struct FoldBlock {
  u32 opener, start; /* its instruction; where its tree starts: there, or at an if's condition */
  u32 floor;         /* trees below cannot become operands any more */
  u32 trees;         /* how many there were */
  u32 label;         /* its number in the function */
  u32 branch_values; /* what a branch to it takes */
  u32 values;        /* what it leaves */
} FoldBlock;

/* A tree whose ")" is still to come. */
typedef struct OpenTree {
  u32 id, opener; /* opener: of a block, else NO_INDEX */
  u16 op;
} OpenTree;

typedef struct Printer {
  const Module *m;
  u32 flags;
  Buffer *out;  /* borrowed */
  size_t limit; /* of out->len */
  Error *err;   /* borrowed */
  Arena arena;  /* owned */

  Idents ids[NAME_TAG + 1];     /* of the index spaces, by NamePart */
  u32 *local_maps, *label_maps; /* arena: by function, where its names are; 0: nowhere */
  Idents *fields;               /* arena: by type; NULL: none has named fields */
  Ident module_name;

  BranchHints hints;
  u32 hint_section; /* in customs: the one that is told by annotations; NO_INDEX: none */

  u32 depth; /* of indentation */
  /* the function being printed */
  const SubType *func_type; /* NULL: in a constant expression, or unknown */
  Vec(ValType) locals;      /* parameters included */
  Vec(Ident) local_ids;     /* as many, or none: no local has a name */
  Vec(LabelName) label_ids; /* ascending */
  Vec(OpenLabel) labels;
  u32 label_index; /* block instructions so far */

  Vec(FoldNode) nodes;
  Vec(FoldTree) trees;
  Vec(FoldBlock) blocks;
  Vec(OpenTree) open;
} Printer;

static inline bool print_has(const Printer *p, u32 flag) { return (p->flags & flag) != 0; }

/* ---- print_text.c ---- */

/* False once anything failed, or the text is too long. */
bool wm_print_ok(Printer *p);
bool wm_print_out_of_memory(Printer *p);
/* A new item at the end of `vec`, or NULL with the printer failed. */
#define print_push(p, vec) (vec_reserve(vec, 1) ? vec_push(vec) : (wm_print_out_of_memory(p), NULL))

static inline void put_bytes(Printer *p, const void *bytes, size_t len) {
  wm_buffer_bytes(p->out, bytes, len);
}
static inline void put_text(Printer *p, const char *text) { put_bytes(p, text, strlen(text)); }
static inline void put_char(Printer *p, char c) { wm_buffer_byte(p->out, (u8)c); }
void wm_put_uint(Printer *p, u64 v);
void wm_put_int(Printer *p, i64 v);
void wm_put_hex(Printer *p, u64 v, u32 digits);
/* " (;12;)" */
void wm_put_number_note(Printer *p, u32 number);
/* A new line, indented by p->depth up to a bound. */
void wm_put_line(Printer *p);
/* A quoted string that people read: what cannot be seen is escaped byte by byte. */
void wm_put_name(Printer *p, const u8 *bytes, u32 len);
/* A quoted string of any bytes. */
void wm_put_data(Printer *p, const u8 *bytes, size_t len);
/* Quoted strings on lines of their own, none of them long. */
void wm_put_data_lines(Printer *p, const u8 *bytes, size_t len);

/* ---- print_ident.c ---- */

/* Makes the module's identifiers; false: out of memory. */
bool wm_print_idents(Printer *p);
/* Those of a function's `count` locals and of its labels. */
bool wm_print_local_idents(Printer *p, u32 func, u32 count);
/* The identifier of a block by its number in the function. */
Ident wm_print_label_ident(const Printer *p, u32 label);
/* "$id", or $"..." when it has other characters. */
void wm_put_id(Printer *p, const Ident *ident);
/* " $id", and the annotation that keeps another name. Neither when there is none. */
void wm_put_ident(Printer *p, const Ident *ident);
/* " $id (;index;)" of a definition. */
void wm_put_definition(Printer *p, NamePart part, u32 index);
/* An index as identifier or number. */
void wm_put_use(Printer *p, NamePart part, u32 index);
void wm_put_local_use(Printer *p, u32 index);
void wm_put_field_use(Printer *p, u32 type, u32 field);
/* " (;@3;)": how deep a block is, by which a branch to it is found. */
void wm_put_depth_note(Printer *p, u32 depth);
/* A label: "$l", "1 (;@3;)". */
void wm_put_label_use(Printer *p, u32 label);

/* ---- print_type.c ---- */

void wm_put_valtype(Printer *p, ValType t);
void wm_put_heaptype(Printer *p, HeapType h);
void wm_put_limits(Printer *p, const Limits *limits);
void wm_put_tabletype(Printer *p, const TableType *t);
void wm_put_memorytype(Printer *p, const MemoryType *t);
void wm_put_globaltype(Printer *p, GlobalType t);
/* " (type x)", and what the type says when that is short or parameters have names. */
void wm_put_typeuse(Printer *p, u32 type);
void wm_put_types(Printer *p);

/* ---- print_instr.c, print_expr.c, print_fold.c ---- */

/* The keyword and the immediates. */
void wm_put_instr(Printer *p, const Instr *in);
/* "(;0x1a2;) " with PRINT_OFFSETS. */
void wm_put_offset(Printer *p, const Instr *in);

/* Whether the instruction fits what is open, and the last `end` is the last; else the error. */
bool wm_print_check_nesting(Printer *p, Reader *r, const Instr *in);
void wm_print_push_label(Printer *p, u16 op, u32 label);
/* A constant expression: "(i32.const 0)" when it is one instruction, else (keyword ...), or without
 * keyword the instructions. */
void wm_put_const_expr(Printer *p, const ConstExpr *expr, const char *keyword);
/* A function's instructions, each on a line. */
void wm_print_flat(Printer *p, Reader *r);
void wm_print_folded(Printer *p, Reader *r);

/* How many values an instruction takes and leaves, as far as folding wants to know; false: it takes
 * none of the trees before it. */
typedef struct Arity {
  u32 takes, leaves;
} Arity;
bool wm_print_arity(const Printer *p, const Instr *in, Arity *arity);
Arity wm_print_block_arity(const Printer *p, BlockType block);

/* ---- print_hint.c ---- */

/* Reads the module's branch hints; false: out of memory. */
bool wm_print_hints(Printer *p);
/* The annotation of the instruction; false: there is none. */
bool wm_put_hint(Printer *p, const Instr *in);

/* ---- print_field.c ---- */

void wm_print_fields(Printer *p);

#endif
