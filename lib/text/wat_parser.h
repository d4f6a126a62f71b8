/* Inside the text parser: what its files share.
 *
 * A module's text is read twice. The scan (wat_scan.c) finds the fields, binds identifiers and
 * counts each index space, so that a name may be used before its definition. Then the type fields
 * are written (wat_type.c), and last all other fields in order (wat_field.c, wat_instr.c), each
 * section into a buffer of its own; wat.c puts them together. Function types that are written out
 * where a type's index is wanted go behind the explicit types in order of first use.
 *
 * Errors stick in the lexer (lexer.h): nothing here needs to look at them but loops that would not
 * end otherwise. */
#ifndef WM_TEXT_WAT_PARSER_H
#define WM_TEXT_WAT_PARSER_H

#include "binary/encode.h"
#include "text/lexer.h"

/* Index spaces; the first five in the order of ExternKind. */
typedef enum Space {
  SPACE_FUNC,
  SPACE_TABLE,
  SPACE_MEMORY,
  SPACE_GLOBAL,
  SPACE_TAG,
  SPACE_TYPE,
  SPACE_ELEM,
  SPACE_DATA,
  SPACE_COUNT
} Space;

/* One identifier of the module and everything it is bound to. */
typedef struct Symbol {
  Name name;              /* without "$"; borrowed from the source, or arena */
  u32 index[SPACE_COUNT]; /* NO_INDEX: not bound */
  u32 local, local_owner; /* a local's index while local_owner == Wat.function */
  u32 label; /* height of the innermost label of this name on the label stack, from 1; 0: none */
} Symbol;
#define NO_SYMBOL 0xFFFFFFFFu

typedef struct NameOf {
  u32 index;
  Name name;
} NameOf;

typedef struct Field {
  const char *body; /* behind the keyword */
  u8 kind;          /* FieldKind */
} Field;

typedef enum FieldKind {
  FIELD_TYPE,
  FIELD_REC,
  FIELD_IMPORT,
  FIELD_FUNC,
  FIELD_TABLE,
  FIELD_MEMORY,
  FIELD_GLOBAL,
  FIELD_TAG,
  FIELD_EXPORT,
  FIELD_START,
  FIELD_ELEM,
  FIELD_DATA,
} FieldKind;

/* One entry of the type index space. */
typedef struct TypeInfo {
  const u8 *func; /* arena: parameters and results as in the binary; NULL: not a function type */
  u32 func_size, param_count;
} TypeInfo;

typedef struct LocalGroup {
  u32 count;
  ValType type;
} LocalGroup;

/* An open construct of an expression (wat_instr.c). */
typedef struct InstrFrame {
  u8 kind;
  u32 symbol;     /* of its label, or NO_SYMBOL */
  size_t pending; /* where its bytes start in Wat.pending */
  Name name;      /* of the label of a folded if; bytes NULL: none */
} InstrFrame;

typedef struct Label {
  u32 symbol;   /* or NO_SYMBOL */
  u32 shadowed; /* what Symbol.label was before */
} Label;

/* A custom section asked for by an annotation. */
typedef struct Custom {
  u32 place;         /* twice the position of a section in the file's order, one more: behind it */
  size_t start, end; /* its name and contents in Wat.custom_bytes */
} Custom;

/* A branch hint whose instruction waits for its operands. */
typedef struct WaitingHint {
  size_t at; /* in Wat.pending */
  u8 hint;
} WaitingHint;
enum { HINT_NONE = 0xFF };

typedef struct Wat {
  Lexer lx;
  Arena arena; /* owned */
  Notes notes;

  NameMap symbol_map; /* name -> number in symbols */
  Vec(Symbol) symbols;
  u32 count[SPACE_COUNT]; /* entries of each space found by the scan */
  u32 next[SPACE_COUNT];  /* entries written so far */
  Vec(NameOf) names[SPACE_COUNT];
  Name module_name;
  bool has_module_name, has_start;
  const char *defined; /* what kind the first definition is of: no import may follow it */
  Vec(Field) fields;

  Vec(TypeInfo) types;
  NameMap func_types; /* parameters and results -> the first type that is just that function type */
  NameMap field_map;  /* FieldKey -> index */
  Vec(ValType) params, results; /* of the function type being read */

  Buffer sections[SECTION_ID_COUNT];
  u32 section_count[SECTION_ID_COUNT];
  bool uses_data; /* an instruction names a data segment: the data count section is needed */

  /* the function or expression being read */
  u32 function; /* stamp of the current function's locals */
  u32 local_count;
  Vec(LocalGroup) locals;
  Buffer *out; /* where instructions go: body or a section */
  Buffer body;
  Buffer offset;  /* an element segment's offset expression */
  Buffer pending; /* folded instructions that wait for their operands */
  Vec(InstrFrame) frames;
  Vec(Label) labels;
  u32 label_index; /* block instructions so far in this function */
  Vec(u32) indices;
  Buffer scratch;

  /* names of the parts of functions and types: whole entries, and the current owner's */
  Buffer local_names, label_names, field_names;
  u32 local_owners, label_owners, field_owners;
  Buffer owner_locals, owner_labels, owner_fields;
  u32 owner_local_count, owner_label_count, owner_field_count;

  Vec(Custom) customs;
  Buffer custom_bytes;

  u8 hint; /* of the instruction at hand: its byte, or HINT_NONE */
  Vec(WaitingHint) waiting_hints;
  Buffer hints, all_hints; /* of this function; of all before */
  u32 hint_count, hint_owners;
} Wat;

static inline bool wat_ok(const Wat *w) { return lexer_ok(&w->lx); }
static inline TokenKind wat_token(const Wat *w) { return w->lx.token.kind; }
static inline bool wat_at_index(const Wat *w) {
  return wat_token(w) == TOKEN_NUMBER || wat_token(w) == TOKEN_ID;
}

/* ---- wat_symbol.c: identifiers and indices ---- */

/* The word of a space in messages: "function". */
const char *wm_space_name(Space space);
/* The number of an identifier token, made when it is new; NO_SYMBOL when memory ran out. */
u32 wm_wat_intern(Wat *w, const Token *id);
/* Takes an optional identifier; NO_SYMBOL when there is none. */
u32 wm_wat_take_symbol(Wat *w);
/* Adds the next entry of the space, under the identifier that stands here, if any. */
void wm_wat_bind(Wat *w, Space space);
/* Binds the identifier that stands here, if any, to a local of the current function, and names that
 * as the identifier or an annotation says. */
void wm_wat_bind_local(Wat *w, u32 local);
/* Only names it: of an imported function, which has no use for it. Returns the identifier's symbol.
 */
u32 wm_wat_name_local(Wat *w, u32 local);
/* Binds and names a field of a struct type. */
void wm_wat_bind_field(Wat *w, u32 type, u32 field);
/* Takes an index, a number or name. */
u32 wm_wat_index(Wat *w, Space space);
u32 wm_wat_local_index(Wat *w);
u32 wm_wat_label_index(Wat *w);
u32 wm_wat_field_index(Wat *w, u32 type);
/* Takes unsigned numbers. */
u32 wm_wat_u32(Wat *w);
u64 wm_wat_u64(Wat *w);
/* Takes a string that is a name and writes its length and bytes. */
void wm_wat_name(Wat *w, Buffer *out);

/* ---- wat_type.c ---- */

typedef enum ParamNames {
  PARAMS_UNNAMED, /* identifiers are refused: blocks, indirect calls */
  PARAMS_IGNORED, /* allowed, without meaning: types, tags */
  PARAMS_NAMED,   /* they name locals for the name section only: imported functions */
  PARAMS_LOCALS   /* they name locals of the current function */
} ParamNames;

/* Takes the keyword of an abstract heap type; false when there is none. */
bool wm_heaptype_word(Lexer *lx, HeapType *heap);
ValType wm_wat_valtype(Wat *w);
bool wm_wat_at_reftype(Wat *w);
ValType wm_wat_reftype(Wat *w);
HeapType wm_wat_heaptype(Wat *w);
GlobalType wm_wat_globaltype(Wat *w);
/* Takes the address type, i32 when it is not written: true for i64. */
bool wm_wat_take_address64(Wat *w);
/* min [max] [shared], behind the address type */
Limits wm_wat_limits(Wat *w, bool is_64);
/* A memory's (pagesize n), if it is there; otherwise the usual one. */
void wm_wat_page_size(Wat *w, Limits *memory);
/* (type x)? (param ...)* (result ...)*: the type's index. w->params and w->results hold what was
 * written out. */
u32 wm_wat_typeuse(Wat *w, ParamNames names);
/* The same as a block's type, in its shortest form. */
BlockType wm_wat_blocktype(Wat *w);
/* Parameters of a type, 0 when it is no function type. */
u32 wm_wat_param_count(const Wat *w, u32 type);
/* The fields (type ...) and (rec ...), at what follows the keyword. */
void wm_wat_type_field(Wat *w);
void wm_wat_rec_field(Wat *w);

/* ---- wat_scan.c, wat_field.c ---- */

/* Whether a token is the keyword of a module field. */
bool wm_field_word(const Token *t);
/* Finds the module's fields; the current token is the module's first. */
void wm_wat_scan(Wat *w);
/* Writes a field that is no type. */
void wm_wat_field(Wat *w, const Field *field);

/* ---- wat_instr.c, wat_immediate.c ---- */

/* Instructions up to a ")" that closes none of them, and the final `end`, to `out`. */
void wm_wat_expr(Wat *w, Buffer *out);
/* One folded instruction as an expression. */
void wm_wat_folded_expr(Wat *w, Buffer *out);
/* Writes a plain instruction whose keyword has been taken, with its immediates. */
void wm_wat_plain(Wat *w, u16 op, Buffer *out);

/* ---- wat_hint.c: branch hints ---- */

/* At the keyword of an instruction: the hint that stands before it, if any, is w->hint. Refuses one
 * that `op` does not take. */
void wm_wat_take_hints(Wat *w, u16 op);
/* The instruction with w->hint is about to be written, to w->pending when it waits. */
void wm_wat_place_hint(Wat *w, bool waits);
/* The pending bytes from `start` on are about to be written. */
void wm_wat_flush_hints(Wat *w, size_t start);
/* Writes the custom section, if there are hints. */
void wm_wat_write_hints(const Wat *w, Buffer *out);

/* ---- wat_note.c: annotations and names ---- */

/* A lexer over what an annotation holds. */
Lexer wm_wat_note_lexer(Wat *w, const Note *note);

/* What the annotations seen so far mean, when they stand between fields. */
void wm_wat_module_notes(Wat *w, bool before_fields);
/* A name given by an annotation right behind a field's identifier: one of w->notes from `first` on.
 */
void wm_wat_field_name(Wat *w, Space space, u32 first);
/* Begins and ends what may hold names of parts (locals, labels). */
void wm_wat_keep_notes(Wat *w, bool keep);
/* Takes the list `keyword`, whose part a name annotation in it is for. */
bool wm_wat_take_named_list(Wat *w, const char *keyword);
/* The name that the last annotation before the current token gives; false: there is none. */
bool wm_wat_part_name(Wat *w, Name *name);
/* Refuses what is left of the annotations in a field. */
void wm_wat_field_notes(Wat *w, FieldKind kind);
/* Adds a name to the current function's locals or labels or type's fields. */
void wm_wat_add_name(Buffer *names, u32 *count, u32 index, Name name);
/* Closes the list of an owner: moves its entries to the list of all. */
void wm_wat_close_names(Buffer *all, u32 *owners, u32 owner, Buffer *names, u32 *count);
/* Writes the name section, if there are names. */
void wm_wat_write_names(Wat *w, Buffer *out);
/* Writes the custom sections of this place. */
void wm_wat_write_customs(const Wat *w, Buffer *out, u32 place);

/* Parses the module in text[from, to). */
bool wm_wat_parse(const char *text, size_t from, size_t to, Buffer *out, Error *err);

#endif
