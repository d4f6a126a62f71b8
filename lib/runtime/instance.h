/* Instances and what they are made of (spec 4.2). All are objects of one store, owned by its
 * collector: their pointers to other objects are borrowed, and followed by it (object.c). */
#ifndef WM_RUNTIME_INSTANCE_H
#define WM_RUNTIME_INSTANCE_H

#include "runtime/store.h"

typedef struct SharedMemory SharedMemory;

typedef struct Memory {
  Object head;
  Reservation space;    /* the pool's: goes back with the object; of a shared memory: borrowed */
  MemoryType type;      /* limits.min is the size when it was made: see wm_memory_type */
  SharedMemory *shared; /* counted; NULL: it is this store's alone */
} Memory;

/* Elements that share a card, as a power of two. */
enum { CARD_LOG2 = 12, CARD_ELEMENTS = 1 << CARD_LOG2 };
/* What is in a table's elements that share a card: nulls; something, written since the collector
 * looked (which whoever writes says); something. */
enum { CARD_NULL, CARD_WRITTEN, CARD_TRACED };

typedef struct Table {
  Object head;
  Ref *elems; /* owned: capacity items, of which length are in use; the cards follow (table.c) */
  /* By CARD_ELEMENTS of the capacity: CARD_NULL when all of them are null, so that nobody need look
   * at (or touch) them. Whoever writes an element marks its card: table_write, or compiled code. */
  u8 *cards;
  u64 length;
  u64 capacity;
  TableType type; /* element: canonical, counted; limits.min is the length */
} Table;

/* elems[index] = value; index below length. */
static inline void table_write(Table *table, u64 index, Ref value) {
  table->elems[index] = value;
  table->cards[index >> CARD_LOG2] = CARD_WRITTEN;
}

typedef struct Global {
  Object head;
  GlobalType type; /* canonical, counted */
  u64 value[2];    /* as in frame slots */
} Global;

typedef struct Tag {
  Object head;
  u32 type_id; /* counted */
} Tag;

/* A host object without wasm meaning: has host info, and may be an externref. */
typedef struct Foreign {
  Object head;
} Foreign;

typedef struct ModuleObject {
  Object head;
  LoadedModule *module; /* counted */
} ModuleObject;

/* A host function: arguments in slots[0..], results go to slots[0..]. `caller` is NULL when called
 * from native code. Returns TRAP_NONE, or TRAP_HOST.. with store->trap set (wm_trap_raise or a trap
 * handed on); what began in it and was left is over then (store_return_to), and the store polled.
 */
typedef TrapCode (*HostFunc)(Store *store, Func *func, Instance *caller, u64 *slots);

struct Func {
  Object head;
  u32 type_id;        /* canonical: what call_indirect compares */
  u32 index;          /* in instance's function space; host functions: 0 */
  FuncCode *code;     /* wasm: the module's; host function: its own, in the same allocation */
  Instance *instance; /* wasm: the instance it belongs to; NULL: a host function */
  /* host functions only */
  HostFunc host;
  void *env;                        /* borrowed from the embedder until env_finalizer has run */
  void (*env_finalizer)(void *env); /* or NULL */
};

/* How many calls and back edges of the interpreter lie between two looks at what is hot and at
 * whether to stop, at most. */
enum { DEFAULT_TICKS = 1 << 11 };

struct Instance {
  Object head;
  u8 *memory0_base; /* base of memory 0, or wm_pool_empty_base() */
  Store *store;     /* head.store, nearer to the rest */
  /* Lowest native stack address that compiled code of this instance may use; UINTPTR_MAX makes it
   * stop at the next poll (stop.h). */
  _Atomic(uintptr_t) stack_limit;
  struct Heap *heap; /* borrowed: the store's; NULL: the module has no structs, no arrays */
  const void *const *helpers; /* what compiled code calls, by HelperId (native.h); borrowed */
  /* Index spaces, imports first. These arrays and the next six are in this allocation,
   * at the places that wm_instance_layout tells (native.h). */
  Func **funcs; /* imports, and escaping defined functions; NULL for the rest */
  Table **tables;
  Memory **memories;
  Global **globals;
  Tag **tags;
  u32 *type_ids;   /* canonical, by type index */
  u32 *heap_words; /* what objects of the types begin with (heap.h), likewise */
  /* By segment. elem_refs: owned, evaluated; NULL when dropped, or a list of plain functions. */
  Ref **elem_refs;
  u32 *elem_lens, *data_lens; /* 0 when dropped */
  Func *inner_funcs;          /* the escaping functions (LoadedModule.escapes) */
  LoadedModule *module;       /* counted */
  u64 size_bytes;             /* of this allocation */
  i64 ticks; /* calls and loop rounds of the interpreter between two looks at what is hot */
  _Atomic(Instance *) next_in_store, *link_in_store; /* the store's instances (stop.h) */
  HostInfo data;                                     /* the embedder's, beside its host info */
};

/* ---- construction. All return NULL with err set (err may be NULL). Types are canonical. ---- */
/* A shared one is new, too. */
Memory *wm_memory_new(Store *store, const MemoryType *type, Error *err);
/* The same with an image (memory_image.h; NULL: none) to begin with. space.image says whether it
 * does: where an image cannot be had, it is zeros. */
Memory *wm_memory_new_from(Store *store, const MemoryType *type, PoolImage *image, Error *err);
/* This store's view of a shared memory, of which it takes its own count. */
Memory *wm_memory_new_of_shared(Store *store, SharedMemory *shared, Error *err);
void wm_memory_free_space(Memory *memory); /* its end */
Table *wm_table_new(Store *store, const TableType *type, Ref init, Error *err);
void wm_table_free_room(Table *table); /* its end */
Global *wm_global_new(Store *store, const GlobalType *type, const u64 *value, Error *err);
Tag *wm_tag_new(Store *store, u32 type_id, Error *err);
Foreign *wm_foreign_new(Store *store, Error *err);
/* Takes its own count of `lm`. */
ModuleObject *wm_module_object_new(Store *store, LoadedModule *lm, Error *err);
/* Takes its own count of type_id. */
Func *wm_func_new_host(Store *store, u32 type_id, HostFunc host, void *env,
                       void (*env_finalizer)(void *), Error *err);

/* Counts of the type that a reference type names, if it names one. */
void wm_valtype_hold(TypeRegistry *types, ValType t);
void wm_valtype_let_go(TypeRegistry *types, ValType t);

/* ---- operations; sizes in pages / elements ---- */
u64 wm_memory_pages(const Memory *memory);
/* Its type, with the size that it has now. */
MemoryType wm_memory_type(const Memory *memory);
/* The old size, or UINT64_MAX when it cannot grow (maximum, limits, memory; a table also when wasm
 * must stop meanwhile). */
u64 wm_memory_grow(Store *store, Memory *memory, u64 delta_pages);
u64 wm_table_grow(Store *store, Table *table, u64 delta, Ref init);
/* memory.init, memory.copy, memory.fill, table.init, table.copy, table.fill with the spec's checks;
 * for the tiers, which raise the trap when a code comes back: TRAP_INTERRUPTED when wasm must stop,
 * with some of it done. */
TrapCode wm_memory_init(Instance *in, u32 memory, u32 segment, u64 dst, u64 src, u64 len);
TrapCode wm_memory_copy(Instance *in, u32 dst_memory, u32 src_memory, u64 dst, u64 src, u64 len);
TrapCode wm_memory_fill(Instance *in, u32 memory, u64 dst, u8 value, u64 len);
TrapCode wm_table_init(Instance *in, u32 table, u32 segment, u64 dst, u64 src, u64 len);
TrapCode wm_table_copy(Instance *in, u32 dst_table, u32 src_table, u64 dst, u64 src, u64 len);
TrapCode wm_table_fill(Instance *in, u32 table, u64 dst, Ref value, u64 len);
/* References of the segment, which has so many from `src` on. */
void wm_elem_read(const Instance *in, u32 segment, Ref *to, u64 src, u64 len);
void wm_elem_drop(Instance *in, u32 segment);
void wm_data_drop(Instance *in, u32 segment);

/* ---- linking ---- */
/* Instantiates (spec 4.7.2): checks the imports against the module (ERR_LINK names both sides),
 * allocates, runs segments and the start function. imports: one object an import, of this store
 * (else ERR_ARGUMENT); NULL: there is none (ERR_LINK). NULL with err set; ERR_TRAP when a segment
 * or the start function trapped, or wasm must stop: the trap is store->trap. What was written to
 * shared tables and memories before stays, and keeps the instance alive. A safe point: may collect,
 * keeps the imports alive meanwhile. */
Instance *wm_instance_new(Store *store, LoadedModule *lm, Object *const *imports, u32 import_count,
                          Error *err);

/* The value of a constant expression of `in`'s module, in slots. False with err set: out of memory,
 * or wasm must stop. */
bool wm_const_evaluate(Instance *in, ConstExpr expr, u64 out[2], Error *err);

/* Whether `object` may be imported as `import`; false sets err: ERR_LINK, or ERR_ARGUMENT when it
 * belongs to another store. */
bool wm_import_check(Store *store, const LoadedModule *lm, const Import *import, Object *object,
                     Error *err);

/* The object that is exported, never NULL. */
Object *wm_instance_export(Instance *in, const Export *export_);

#endif
