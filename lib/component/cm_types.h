/* Types of a component, and what belongs to them.
 *
 * A type is made once, while the component is read, and does not change: it knows its size,
 * alignment and flat slots from then on. All of it is in the component's arena.
 *
 * Identity. Value types without a name of their own (list, tuple, option, own ...) are hash-consed.
 * Records, variants, flags, enums and resources are nominal as long as names are checked: import
 * and export of a type make another one of the same structure (wm_type_alias), which is the named
 * one. Whether two types are the same is asked of their structure (cm_subtype.h), where a resource
 * is its Resource. */
#ifndef WM_COMPONENT_CM_TYPES_H
#define WM_COMPONENT_CM_TYPES_H

#include "base/hashmap.h"
#include "base/vec.h"
#include "component/cm_cursor.h"

typedef enum TypeKind {
  TYPE_BOOL,
  TYPE_S8,
  TYPE_U8,
  TYPE_S16,
  TYPE_U16,
  TYPE_S32,
  TYPE_U32,
  TYPE_S64,
  TYPE_U64,
  TYPE_F32,
  TYPE_F64,
  TYPE_CHAR,
  TYPE_STRING, /* the primitives, in the order of their codes */
  TYPE_RECORD,
  TYPE_VARIANT,
  TYPE_LIST,
  TYPE_TUPLE,
  TYPE_FLAGS,
  TYPE_ENUM,
  TYPE_OPTION,
  TYPE_RESULT,
  TYPE_OWN,
  TYPE_BORROW, /* the defined value types end here */
  TYPE_RESOURCE,
  TYPE_FUNC,
  TYPE_INSTANCE,
  TYPE_COMPONENT
} TypeKind;

enum {
  MAX_FLAT = 16, /* slots of parameters; a result has one */
  MANY_FLAT = MAX_FLAT + 1,
  MAX_TYPE_DEPTH = 100,
  MAX_SCOPES = 100,           /* components and types in each other */
  MAX_TYPE_WEIGHT = 1000000,  /* nodes of a type, each as often as it is met */
  MAX_VALUE_BYTES = 1 << 28,  /* a value's size is less */
  MAX_SPACE_ITEMS = 1000000,  /* of an index space */
  MAX_FIELDS_OF_TYPE = 10000, /* fields, cases, elements */
  MAX_FLAGS_OF_TYPE = 32,
  MAX_FUNC_PARAMS = 1000,
  MAX_DECLARATIONS = 1000000,
  MAX_ARGUMENTS = 100000,
  MAX_CANON_OPTIONS = 10
};

/* A core value type by its code in the binary format (0x7f i32 ...). */
typedef u8 CoreVal;
enum {
  CORE_I32 = 0x7f,
  CORE_I64 = 0x7e,
  CORE_F32 = 0x7d,
  CORE_F64 = 0x7c,
  CORE_V128 = 0x7b,
  CORE_FUNCREF = 0x70,
  CORE_EXTERNREF = 0x6f,
  CORE_EXNREF = 0x69
};

typedef struct CoreFunc {
  u32 param_count, result_count;
  const CoreVal *types; /* parameters, then results */
} CoreFunc;

typedef enum CoreSort { CORE_FUNC, CORE_TABLE, CORE_MEMORY, CORE_GLOBAL, CORE_TAG } CoreSort;

typedef struct CoreExtern { /* a core function, table, memory, global or tag */
  u8 sort;                  /* CoreSort */
  CoreVal val;              /* a global's, a table's elements' */
  bool is_mutable, is_shared, is_64;
  u32 page_bytes;
  u64 min, max; /* max UINT64_MAX: none */
  const CoreFunc *func;
} CoreExtern;

typedef struct CoreItem {
  Name module; /* of an import; else "" */
  Name name;
  CoreExtern type;
} CoreItem;

typedef struct ModuleType {
  CoreItem *imports, *exports; /* in order */
  u32 import_count, export_count;
} ModuleType;

typedef struct CoreInstanceType {
  const CoreItem *exports;
  u32 export_count;
} CoreInstanceType;

typedef struct CoreType { /* an entry of the core type index space */
  const CoreFunc *func;   /* or: */
  const ModuleType *module;
} CoreType;

/* A resource as validation sees it. In a component each has a slot of its own, where an instance
 * keeps what the resource is. */
typedef struct Resource {
  u32 id, slot;
  bool is_local; /* defined by (resource ...) in this component: has new and rep */
} Resource;

typedef struct Type Type;
typedef struct Interface Interface;

typedef enum Sort {
  SORT_MODULE,
  SORT_FUNC,
  SORT_VALUE,
  SORT_TYPE,
  SORT_INSTANCE,
  SORT_COMPONENT
} Sort;

typedef struct Entity { /* what an import, an export or an argument is */
  u8 sort;
  const ModuleType *module; /* SORT_MODULE */
  const Type *type;         /* else */
  const Type *referenced;   /* SORT_TYPE: what it was made from, or itself */
} Entity;

typedef struct Item {
  Name name;
  Entity entity;
} Item;

typedef struct Items {
  Vec(Item) list; /* in order */
  NameMap map;    /* once they are many */
} Items;

/* Where among the items a resource is: the item's index, and the export's in its instance ... */
typedef struct Path {
  Resource *resource;
  const u32 *steps;
  u32 count;
} Path;
typedef Vec(Path) Paths;

struct Interface { /* an instance type or a component type */
  Items imports, exports;
  Paths imported;  /* resources that are imported: a component's */
  Paths defined;   /* made anew by each instantiation, or bound by who gives the instance */
  Paths exported;  /* exported, wherever they are from */
  Interface *next; /* all of a component, to be freed */
};

struct Type {
  u8 kind;
  bool has_borrow, has_resource; /* resource: in it or what it refers to, bound or not */
  bool has_pointer;              /* a string or list is in it */
  bool is_plain;                 /* TYPE_FUNC: neither memory nor handles are needed for a call */
  bool is_packed; /* numbers only, without gaps: its bytes in memory are those of a C struct */
  u8 depth;
  u8 flat_count; /* MANY_FLAT: more than MAX_FLAT */
  CoreVal flat[MAX_FLAT];
  u32 count; /* fields, cases, elements, parameters */
  const Type *const
      *of;              /* their types, NULL for a case without payload; a resource's of a handle */
  const Name *names;    /* of fields, cases, flags, parameters */
  const Type *result;   /* TYPE_FUNC; NULL: none */
  Resource *resource;   /* TYPE_RESOURCE, TYPE_OWN, TYPE_BORROW */
  Interface *interface; /* TYPE_INSTANCE, TYPE_COMPONENT */
  const Type *origin;   /* of an alias: what it is made from; else NULL */
  u32 weight;
  u32 size, align, payload;       /* in memory; payload: where a variant's is */
  u32 c_size, c_align, c_payload; /* as a C struct (wasmcm.h) */
  const Type *params;             /* TYPE_FUNC: the parameters as a tuple */
  u64 hash;
};

typedef struct TypeTable { /* where types are made */
  Arena *arena;            /* borrowed */
  Error *err;              /* borrowed */
  u64 at;                  /* offset for errors */
  const Type **slots;      /* hash-consed ones; owned */
  u32 cap, used;
  u64 fuel;  /* steps of comparing and substituting that are left */
  u64 nodes; /* types and items that may still be made */
  Interface *interfaces;
  u32 next_resource;
} TypeTable;

void wm_types_free(TypeTable *t);

/* All of these: NULL with t->err set when it cannot be. `of` and `names` are copied. */
const Type *wm_type_primitive(TypeKind kind);
const Type *wm_type_new(TypeTable *t, TypeKind kind, u32 count, const Type *const *of,
                        const Name *names);
const Type *wm_type_handle(TypeTable *t, TypeKind kind, const Type *resource);
const Type *wm_type_func(TypeTable *t, u32 count, const Type *const *params, const Name *names,
                         const Type *result);
const Type *wm_type_resource(TypeTable *t); /* a new one */
const Type *wm_type_interface(TypeTable *t, TypeKind kind, Interface *interface);
/* The same under another identity. */
const Type *wm_type_alias(TypeTable *t, const Type *type);
Interface *wm_interface_new(TypeTable *t);

/* False: out of memory. */
bool wm_items_push(Items *items, Name name, Entity entity);
const Item *wm_items_find(const Items *items, Name name);
bool wm_paths_push(TypeTable *t, Paths *paths, Resource *resource, u32 first, const u32 *steps,
                   u32 count);
/* NULL: there is none, or the fuel is gone, which is an error then. */
const Path *wm_paths_find(TypeTable *t, const Paths *paths, const Resource *resource);

static inline bool type_is_value(const Type *type) { return type->kind <= TYPE_BORROW; }
/* Neither memory nor handles are needed for a value of it, which is one slot. */
static inline bool type_is_plain(const Type *type) {
  return type->kind <= TYPE_CHAR || type->kind == TYPE_FLAGS;
}
/* "record", "u8", "resource" ... */
const char *wm_type_word(const Type *type);
/* The kind as the wasm tools name it where any type may stand: "defined type", "func type" ... */
const char *wm_type_class(const Type *type);
const char *wm_sort_word(Sort sort);
/* Takes one step of the fuel; false with the error. */
bool wm_types_step(TypeTable *t);
bool wm_types_spend(TypeTable *t, u64 steps); /* so many */
/* Counts what is about to be made, so that little input makes no mountains; false with the error.
 */
bool wm_types_make(TypeTable *t);
bool wm_types_fail(TypeTable *t, const char *format, ...) PRINTF_LIKE(2, 3);

/* Bytes of a discriminant, or of flags, of so many cases. */
static inline u32 discriminant_bytes(u32 cases) {
  return cases <= 256 ? 1 : cases <= 65536 ? 2 : 4;
}
/* Where C puts integers and floats of 64 bits. */
typedef struct AfterByte {
  u8 byte;
  u64 wide;
} AfterByte;
enum { C_ALIGN_64 = offsetof(AfterByte, wide) };
static inline u32 align_up(u32 n, u32 align) { return (n + align - 1) & ~(align - 1); }

#endif
