/* The types of WebAssembly 3.0 (spec 2.3) and the engine's registry of canonical ids.
 *
 * A ValType is one word:   bits 31..8 heap type (references only)   bits 7..0 kind
 * where a heap type is a type index or, from HEAP_ABSTRACT up, an abstract one. In a Module the
 * index is the module's type index; in the registry and in everything that runs (runtime/) it is a
 * canonical id. The two spaces never mix: names say `type_index` or `type_id`. */
#ifndef WM_WASM_TYPES_H
#define WM_WASM_TYPES_H

#include "base/error.h"

typedef union V128 {
  u8 u8x16[16];
  i8 i8x16[16];
  u16 u16x8[8];
  i16 i16x8[8];
  u32 u32x4[4];
  i32 i32x4[4];
  u64 u64x2[2];
  i64 i64x2[2];
  f32 f32x4[4];
  f64 f64x2[2];
} V128;

typedef u32 ValType;
typedef u32 HeapType; /* 24 bits */

/* Kinds: the binary format's bytes. */
enum {
  VAL_BOTTOM = 0x00, /* the unknown type of unreachable code; never in a module */
  VAL_I32 = 0x7F,
  VAL_I64 = 0x7E,
  VAL_F32 = 0x7D,
  VAL_F64 = 0x7C,
  VAL_V128 = 0x7B,
  VAL_I8 = 0x78, /* storage types: fields only */
  VAL_I16 = 0x77,
  KIND_REF = 0x64,      /* (ref ht) */
  KIND_REF_NULL = 0x63, /* (ref null ht) */
};

#define HEAP_ABSTRACT 0xFFFF00u
/* Abstract heap types: HEAP_ABSTRACT | the binary format's byte. */
enum {
  HEAP_NOEXN = HEAP_ABSTRACT | 0x74,
  HEAP_NOFUNC = HEAP_ABSTRACT | 0x73,
  HEAP_NOEXTERN = HEAP_ABSTRACT | 0x72,
  HEAP_NONE = HEAP_ABSTRACT | 0x71,
  HEAP_FUNC = HEAP_ABSTRACT | 0x70,
  HEAP_EXTERN = HEAP_ABSTRACT | 0x6F,
  HEAP_ANY = HEAP_ABSTRACT | 0x6E,
  HEAP_EQ = HEAP_ABSTRACT | 0x6D,
  HEAP_I31 = HEAP_ABSTRACT | 0x6C,
  HEAP_STRUCT = HEAP_ABSTRACT | 0x6B,
  HEAP_ARRAY = HEAP_ABSTRACT | 0x6A,
  HEAP_EXN = HEAP_ABSTRACT | 0x69,
};

#define REF_TYPE(heap)      ((ValType)KIND_REF | (ValType)(heap) << 8)
#define REF_NULL_TYPE(heap) ((ValType)KIND_REF_NULL | (ValType)(heap) << 8)
#define VAL_FUNCREF         REF_NULL_TYPE(HEAP_FUNC)
#define VAL_EXTERNREF       REF_NULL_TYPE(HEAP_EXTERN)
#define VAL_EXNREF          REF_NULL_TYPE(HEAP_EXN)

static inline u32 val_kind(ValType t) { return t & 0xFF; }
static inline HeapType val_heap(ValType t) { return t >> 8; }
static inline bool val_is_ref(ValType t) {
  return val_kind(t) == KIND_REF || val_kind(t) == KIND_REF_NULL;
}
static inline bool val_is_nullable(ValType t) { return val_kind(t) == KIND_REF_NULL; }
static inline bool heap_is_abstract(HeapType h) { return h >= HEAP_ABSTRACT; }
/* Whether it is a reference whose heap type is an index or id. */
static inline bool val_names_type(ValType t) {
  return val_is_ref(t) && !heap_is_abstract(val_heap(t));
}
/* Frame slots (8 bytes each) that a value takes. */
static inline u32 val_slots(ValType t) { return t == VAL_V128 ? 2 : 1; }
/* Whether a value fills only half of its slot. */
static inline bool val_is_narrow(ValType t) { return t == VAL_I32 || t == VAL_F32; }

/* Bytes that a field or element takes. */
static inline u32 val_storage_bytes(ValType t) {
  switch (t) {
  case VAL_I8: return 1;
  case VAL_I16: return 2;
  case VAL_I32:
  case VAL_F32: return 4;
  case VAL_V128: return 16;
  default: return 8;
  }
}

/* Storage types: on the operand stack a packed field is an i32. */
static inline bool val_is_packed(ValType t) { return t == VAL_I8 || t == VAL_I16; }
static inline ValType val_unpacked(ValType t) { return val_is_packed(t) ? VAL_I32 : t; }

/* Bytes of the binary format that share their space with types (spec 5.3). */
enum {
  TYPE_EMPTY = 0x40, /* a block without a type */
  TYPE_REC = 0x4E,
  TYPE_SUB_FINAL = 0x4F,
  TYPE_SUB = 0x50,
};

/* What every struct and array begins with (runtime/heap.h). */
enum { OBJECT_HEADER_BYTES = 8 };

typedef enum CompositeKind {
  COMP_FUNC = 0x60,
  COMP_STRUCT = 0x5F,
  COMP_ARRAY = 0x5E
} CompositeKind;

typedef struct FieldType {
  ValType type; /* or VAL_I8, VAL_I16 */
  bool is_mutable;
  u32 offset; /* canonical types: bytes from the object's start; of an array's first element */
} FieldType;

/* One defined type (spec 2.3.9 to 2.3.11). The items of a module's recursion group are consecutive;
 * the canonical ids of a group need not be (there, group_start is the first item's id). */
typedef struct SubType {
  CompositeKind kind;
  bool is_final;
  bool lacks_default;              /* some field has no default value, as it cannot be null */
  u32 super;                       /* index of the declared supertype or NO_TYPE */
  u32 group_start, group_len;      /* its recursion group */
  u32 param_count, result_count;   /* COMP_FUNC */
  u32 param_slots, result_slots;   /* COMP_FUNC: the same in frame slots */
  const ValType *params, *results; /* arena */
  u32 field_count;                 /* COMP_STRUCT; 1 for COMP_ARRAY */
  const FieldType *fields;         /* arena */
  /* Canonical structs and arrays, as they lie in a heap: the bytes of a struct, or of an array
   * without elements; which of its first 64 words are references (bit i: word i). */
  u32 object_bytes;
  u64 ref_words;
  u32 type_id; /* canonical id, never 0, or NO_TYPE before interning */
  u32 offset;  /* in the module's bytes, for errors */
} SubType;

#define NO_TYPE 0xFFFFFFFFu

/* Text such as "i32", "funcref" or "(ref null 3)", types by their number. Returns out. */
const char *wm_valtype_name(ValType t, char *out, size_t size);
/* "func" and so on, of an abstract heap type. A static string. */
const char *wm_heaptype_name(HeapType h);
/* Such as "[i32 i64] -> [f32]", cut with "..." when too long. Returns out. */
const char *wm_functype_name(const SubType *func, char *out, size_t size);

/* ---- the registry of canonical types ---- */

/* Owned by the engine, shared by its threads (locked inside). Entries have stable addresses and are
 * counted: each interned group holds one count, released by its module. Two defined types are equal
 * (spec 3.2) exactly when their type_id is equal. */

typedef struct TypeRegistry TypeRegistry;

TypeRegistry *wm_types_new(void); /* NULL: out of memory */
void wm_types_delete(TypeRegistry *reg);

/* Interns the recursion group types[start .. start+len) of a module whose earlier types are
 * interned; sets their type_id and takes one count of the group. References in the group are module
 * indices below start+len, supertypes come before their subtypes and are at most MAX_SUBTYPE_DEPTH
 * deep (checked by the caller). False: out of memory. */
bool wm_types_intern(TypeRegistry *reg, SubType *types, u32 start, u32 len);

/* Interns a plain final function type (host functions); returns its id or NO_TYPE. Counted. */
u32 wm_types_intern_func(TypeRegistry *reg, const ValType *params, u32 param_count,
                         const ValType *results, u32 result_count);

/* Interns a recursion group that is of no module: references are canonical ids and, to types of the
 * group itself, GROUP_TYPE + index; supertypes as above. Sets their type_id. */
enum { GROUP_TYPE = 0x800000 };
bool wm_types_intern_group(TypeRegistry *reg, SubType *types, u32 len);

/* Takes / gives back a count of the group that type_id belongs to. */
void wm_types_retain(TypeRegistry *reg, u32 type_id);
void wm_types_release(TypeRegistry *reg, u32 type_id);

/* The type (its references in canonical ids). Valid while a count is held. */
const SubType *wm_types_get(TypeRegistry *reg, u32 type_id);

/* Whether defined type `sub` is `super` or declares it as an ancestor. Constant time. */
bool wm_types_is_sub(TypeRegistry *reg, u32 sub, u32 super);

/* Whether the type may be declared as a subtype of its supertype, as far as what they are made of
 * goes (spec 3.3.9). True without one. */
bool wm_types_fits_super(TypeRegistry *reg, u32 type_id);

/* The registry that the canonical type is of; and whose that is, as it was told. */
TypeRegistry *wm_types_registry_of(const SubType *type);
void wm_types_set_owner(TypeRegistry *reg, void *owner);
void *wm_types_owner(const TypeRegistry *reg);

/* Matching of abstract heap types alone (spec 3.3.3). */
bool wm_heap_abstract_matches(HeapType sub, HeapType super);

/* Matching of canonical value and heap types (spec 3.3). */
bool wm_valtype_matches(TypeRegistry *reg, ValType sub, ValType super);
bool wm_heaptype_matches(TypeRegistry *reg, HeapType sub, HeapType super);

#endif
