/* A decoded module (spec 2.5), read-only after validation. It has its bytes, a copy of its own or
 * borrowed ones: bodies, names and segments point into them. Everything else is in its arena. */
#ifndef WM_WASM_MODULE_H
#define WM_WASM_MODULE_H

#include "base/arena.h"
#include "base/hashmap.h"
#include "wasm/feature.h"
#include "wasm/types.h"

#include <stdatomic.h>

typedef struct Name {
  const u8 *bytes; /* borrowed from the module's bytes; valid UTF-8, may hold NUL */
  u32 len;
} Name;

typedef enum ExternKind {
  EXTERN_FUNC,
  EXTERN_TABLE,
  EXTERN_MEMORY,
  EXTERN_GLOBAL,
  EXTERN_TAG
} ExternKind;

typedef struct Limits {
  u64 min, max; /* pages, or elements */
  bool has_max, is_64, is_shared;
  u8 page_log2;       /* memories: of a page's bytes: PAGE_LOG2, or 0 */
  bool has_page_size; /* memories: it is written down */
  u32 offset;         /* of the table or memory in the module's bytes, for errors */
} Limits;

typedef struct TableType {
  ValType element;
  Limits limits;
} TableType;

typedef struct MemoryType {
  Limits limits;
} MemoryType;

typedef struct GlobalType {
  ValType type;
  bool is_mutable;
} GlobalType;

/* A constant expression: its instructions, `end` included. */
typedef struct ConstExpr {
  u32 offset; /* into the module's bytes */
  u32 size_bytes;
} ConstExpr;

typedef struct Import {
  Name module, name;
  ExternKind kind;
  u32 index;  /* in its kind's index space */
  u32 offset; /* of the import in the module's bytes, for errors */
} Import;

typedef struct Export {
  Name name;
  ExternKind kind;
  u32 index;
  u32 offset;
} Export;

#define ASSIGNS_ALL 0xFFFFFFFFu /* take every local as assigned in the loop */

/* What the validator learnt about a loop, for the tiers; in order of the loop instructions. */
typedef struct LoopFacts {
  u32 offset;     /* of the `loop` opcode, in the module's bytes */
  u32 end_offset; /* of its `end` */
  u32 depth;      /* loops around it */
  /* Range in FuncFacts.assigned, loops inside included; a list that would be too long is not kept:
   * assigned_len is ASSIGNS_ALL. */
  u32 assigned_start, assigned_len;
  bool calls;        /* calls anything (direct, indirect, by reference) */
  bool grows_memory; /* memory.grow, or calls */
} LoopFacts;

typedef struct FuncFacts {
  u32 local_count;   /* parameters included, and behind all others the hidden ones */
  u32 local_slots;   /* the same in frame slots */
  u32 hidden_locals; /* the exceptions caught by the innermost `catch`es (of the legacy encoding),
                        the outermost first: what rethrow throws */
  u32 max_operand_slots; /* the highest operand stack, in slots */
  u32 max_control;       /* the deepest nesting of labels */
  u32 loop_count;
  const LoopFacts *loops; /* arena */
  const u32 *assigned;    /* arena: for each loop the sorted locals assigned in it */
  bool calls;             /* false: a leaf */
} FuncFacts;

/* An entry of an index space: a definition, or what an import stands for. */
typedef struct FuncDecl {
  u32 type_index;
  u32 code_offset, code_bytes; /* locals and body in the module's bytes; 0 for an import */
  /* From the validator. escapes: exported, in a segment or an initialiser, so that references to it
   * may come to be. */
  bool escapes;
  _Atomic bool has_facts; /* the body was validated; release order */
  FuncFacts facts;
} FuncDecl;

typedef struct TableDecl {
  TableType type;
  bool has_init;
  ConstExpr init;
} TableDecl;

typedef struct GlobalDecl {
  GlobalType type;
  ConstExpr init; /* size 0 for an import */
} GlobalDecl;

typedef struct TagDecl {
  u32 type_index;
  u32 offset; /* in the module's bytes, for errors */
} TagDecl;

typedef enum SegmentMode { SEGMENT_ACTIVE, SEGMENT_PASSIVE, SEGMENT_DECLARATIVE } SegmentMode;

typedef struct ElemSegment {
  SegmentMode mode;
  u32 table;
  ConstExpr offset; /* not active: of no bytes, where the segment is */
  ValType type;     /* (ref func) where it lists function indices */
  u32 count;
  const u32 *funcs;       /* arena: function indices, or NULL when it holds expressions */
  const ConstExpr *exprs; /* arena, or NULL */
} ElemSegment;

typedef struct DataSegment {
  SegmentMode mode;
  u32 memory;
  ConstExpr offset;
  u32 data_offset, size_bytes; /* in the module's bytes */
} DataSegment;

typedef struct CustomSection {
  Name name;
  u32 data_offset, size_bytes;
} CustomSection;

#define NO_INDEX 0xFFFFFFFFu

/* Sections by number (spec 5.5.2). */
typedef enum SectionId {
  SECTION_CUSTOM = 0,
  SECTION_TYPE = 1,
  SECTION_IMPORT = 2,
  SECTION_FUNCTION = 3,
  SECTION_TABLE = 4,
  SECTION_MEMORY = 5,
  SECTION_GLOBAL = 6,
  SECTION_EXPORT = 7,
  SECTION_START = 8,
  SECTION_ELEM = 9,
  SECTION_CODE = 10,
  SECTION_DATA = 11,
  SECTION_DATA_COUNT = 12,
  SECTION_TAG = 13,
  SECTION_ID_COUNT
} SectionId;

typedef struct Module {
  Arena arena; /* owned */
  u8 *bytes;   /* the binary; owned, unless it is borrowed */
  u32 size_bytes;
  bool is_borrowed;

  /* All lists but `funcs` are in the arena, each with its count of items. */
  u32 type_count, import_count, export_count;
  SubType *types;
  Import *imports;
  Export *exports;

  /* index spaces: imports first */
  u32 func_count, func_import_count;
  FuncDecl *funcs; /* owned */
  u32 table_count, table_import_count;
  TableDecl *tables;
  u32 memory_count, memory_import_count;
  MemoryType *memories;
  u32 global_count, global_import_count;
  GlobalDecl *globals;
  u32 tag_count, tag_import_count;
  TagDecl *tags;

  u32 elem_count, data_count, custom_count;
  ElemSegment *elems;
  DataSegment *datas;
  CustomSection *customs;
  bool has_data_count;
  /* By Feature: where a form first stands that only the proposal has, though what it says may be
   * said without; 0: nowhere. */
  u32 first_use[FEATURE_COUNT];
  u32 start_func; /* NO_INDEX: none */
  u32 start_offset;

  NameMap export_map; /* owned: name -> index in exports (made by the validator, which finds
                         duplicates) */
  u32 name_section;   /* index in customs, or NO_INDEX */
} Module;

static inline const SubType *module_func_type(const Module *m, u32 func_index) {
  return &m->types[m->funcs[func_index].type_index];
}

/* How many supertypes the type has, one above the other. */
static inline u32 module_type_depth(const Module *m, u32 index) {
  u32 depth = 0;
  while ((index = m->types[index].super) != NO_TYPE) depth++;
  return depth;
}

/* A value type of the module in canonical ids, which its types have once it is valid. */
static inline ValType module_canonical(const Module *m, ValType t) {
  if (!val_names_type(t)) return t;
  return val_kind(t) | (ValType)m->types[val_heap(t)].type_id << 8;
}

/* Frees everything; an all-zero module may be freed. Type ids are released by the owner before. */
void wm_module_free(Module *m);

#endif
