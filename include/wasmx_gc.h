/* wasmx_gc.h: structs, arrays and i31 (spec 2.3.8 to 2.3.12, 4.2.14), and types as precise as wasm
 * has them. Part of wasmx.h, which includes it; what that says of ownership, threads and errors
 * holds here. What fails sets wasmx_last_error: WASMX_ARGUMENT for what makes no sense (NULL,
 * another store or engine, a wrong kind or type, out of bounds, a field that cannot be written),
 * WASMX_OUT_OF_MEMORY also when the store's limit of heap_bytes is used up, WASMX_TRAPPED when the
 * store was told to stop meanwhile; nothing was changed then, but for the elements that a stop left
 * written already.
 *
 * What holds an object. Structs and arrays live as long as something reaches them:
 *
 *   a handle (wasm_ref_t)        until it is deleted; whatever happens meanwhile
 *   wasm                         globals, tables, other objects, frames that run
 *   the slots of a raw callback  that wasm called: its arguments, and what it writes to them, until
 *                                it returns
 *   slots of a wasmx_roots_t     until it is deleted, or something else is written there
 *   an exception, a trap with one, a call that is suspended
 *
 * Any other slot holds nothing: the reference in it is good until the store collects. That happens
 * inside functions that run wasm (calls, instantiation, wasmx_call_resume), that make something, or
 * delete a handle, and in wasmx_store_collect; reading and writing fields, elements, globals,
 * tables and slots never collect, nor does wasmx_ref_of_slot. So the results of a raw call can be
 * read, written elsewhere, or made into handles, one after the other. Functions below take the
 * references that they are given to where they are held before they collect.
 *
 * When a store is deleted all goes with it; handles and roots are deleted before or after. */
#ifndef WASMX_GC_H
#define WASMX_GC_H

/* For who begins with this one. */
#include "wasmx.h" /* NOLINT(misc-header-include-cycle) */

#ifdef __cplusplus
extern "C" {
#endif

#define own /* reads as a comment, as in wasm.h */

struct wasmx_val_t; /* wasmx_call.h, which may come behind */

/* ---------------------------------------------------------------------------------------- types */

/* A function, struct or array type that modules or the host defined (spec 2.3.11), in an engine:
 * equal types, wherever they were defined, are the same pointer, others are not. Counted: an own
 * one is deleted once; borrowed ones, inside others, live as long as these. May be used from any
 * thread, and deleted after the engine. */
typedef struct wasmx_type_t wasmx_type_t;

typedef uint8_t wasmx_typekind_t;
enum wasmx_typekind_enum { WASMX_TYPE_FUNC, WASMX_TYPE_STRUCT, WASMX_TYPE_ARRAY };

/* Kinds of value types, beside WASM_I32 to WASM_F64 and WASMX_V128. Where a type is given,
 * WASM_EXTERNREF, WASM_FUNCREF and WASMX_EXNREF stand for the nullable references of that name. */
enum {
  WASMX_I8 = 5, /* packed: of fields and elements only, whose values are WASM_I32 */
  WASMX_I16 = 6,
  WASMX_REF = 131 /* any reference: see `heap` */
};

/* What a reference refers to (spec 2.3.8). */
typedef uint8_t wasmx_heaptype_t;
enum wasmx_heaptype_enum {
  WASMX_HEAP_ANY, /* the hierarchy of structs and arrays: eq, i31, struct, array, types, none */
  WASMX_HEAP_EQ,
  WASMX_HEAP_I31,
  WASMX_HEAP_STRUCT,
  WASMX_HEAP_ARRAY,
  WASMX_HEAP_NONE,
  WASMX_HEAP_FUNC,
  WASMX_HEAP_NOFUNC,
  WASMX_HEAP_EXTERN,
  WASMX_HEAP_NOEXTERN,
  WASMX_HEAP_EXN,
  WASMX_HEAP_NOEXN,
  WASMX_HEAP_TYPE, /* `type` */
  WASMX_HEAP_GROUP /* for wasmx_types_new: the type number `index` of those that it makes */
};

/* A value type (spec 2.3.9), or that of a field. */
typedef struct wasmx_valtype_t {
  wasm_valkind_t kind;
  bool nullable;            /* WASMX_REF */
  wasmx_heaptype_t heap;    /* WASMX_REF */
  uint32_t index;           /* WASMX_HEAP_GROUP */
  const wasmx_type_t *type; /* WASMX_HEAP_TYPE; borrowed; else NULL */
} wasmx_valtype_t;

typedef struct wasmx_field_t {
  wasmx_valtype_t type;
  wasm_mutability_t mutability;
} wasmx_field_t;

static inline wasmx_valtype_t wasmx_valtype_of_kind(wasm_valkind_t kind) {
  wasmx_valtype_t type = {kind, false, WASMX_HEAP_ANY, 0, NULL};
  return type;
}
static inline wasmx_valtype_t wasmx_valtype_of_heap(wasmx_heaptype_t heap, bool nullable) {
  wasmx_valtype_t type = {WASMX_REF, nullable, heap, 0, NULL};
  return type;
}
static inline wasmx_valtype_t wasmx_valtype_of_type(const wasmx_type_t *to, bool nullable) {
  wasmx_valtype_t type = {WASMX_REF, nullable, WASMX_HEAP_TYPE, 0, to};
  return type;
}
static inline wasmx_valtype_t wasmx_valtype_of_group(uint32_t index, bool nullable) {
  wasmx_valtype_t type = {WASMX_REF, nullable, WASMX_HEAP_GROUP, index, NULL};
  return type;
}

/* A type that is to be made; zeros mean none. */
typedef struct wasmx_typedef_t {
  size_t size; /* sizeof(wasmx_typedef_t) */
  wasmx_typekind_t kind;
  bool is_open;              /* not final: others may have it as their supertype */
  const wasmx_type_t *super; /* its supertype, */
  uint32_t super_number;     /* or that one's index in the group, counted from 1; 0: none */
  const wasmx_field_t *fields;
  size_t field_count; /* of an array: 1 */
  const wasmx_valtype_t *params, *results;
  size_t param_count, result_count;
} wasmx_typedef_t;

/* Makes a recursion group of `count` types, which may refer to each other; supertypes come before
 * their subtypes. out[0..count) are the caller's. False with *err (may be NULL), and no type is
 * made: WASMX_INVALID when one does not match its supertype, WASMX_LIMIT beyond 10,000 fields,
 * 1,000 parameters or results, 1,000,000 types, 63 supertypes. Any thread. */
WASM_API_EXTERN bool wasmx_types_new(wasm_engine_t *, const wasmx_typedef_t *types, size_t count,
                                     own wasmx_type_t **out, wasmx_error_t *err);
/* A final type without supertype. NULL: as above. */
WASM_API_EXTERN own wasmx_type_t *wasmx_type_new_struct(wasm_engine_t *, const wasmx_field_t *,
                                                        size_t count);
WASM_API_EXTERN own wasmx_type_t *wasmx_type_new_array(wasm_engine_t *,
                                                       const wasmx_field_t *element);
WASM_API_EXTERN own wasmx_type_t *
wasmx_type_new_func(wasm_engine_t *, const wasmx_valtype_t *params, size_t param_count,
                    const wasmx_valtype_t *results, size_t result_count);
/* One more owner; NULL for NULL. */
WASM_API_EXTERN own wasmx_type_t *wasmx_type_copy(const wasmx_type_t *);
WASM_API_EXTERN void wasmx_type_delete(own wasmx_type_t *);

/* What it is made of. Of NULL: a function without parameters; false and zeros for an index that
 * there is not (wasmx_last_error). An array has one field, its element. */
WASM_API_EXTERN wasmx_typekind_t wasmx_type_kind(const wasmx_type_t *);
WASM_API_EXTERN bool wasmx_type_is_final(const wasmx_type_t *);
WASM_API_EXTERN const wasmx_type_t *wasmx_type_super(const wasmx_type_t *); /* NULL: none */
WASM_API_EXTERN size_t wasmx_type_field_count(const wasmx_type_t *);
WASM_API_EXTERN bool wasmx_type_field(const wasmx_type_t *, size_t index, wasmx_field_t *out);
WASM_API_EXTERN size_t wasmx_type_param_count(const wasmx_type_t *);
WASM_API_EXTERN bool wasmx_type_param(const wasmx_type_t *, size_t index, wasmx_valtype_t *out);
WASM_API_EXTERN size_t wasmx_type_result_count(const wasmx_type_t *);
WASM_API_EXTERN bool wasmx_type_result(const wasmx_type_t *, size_t index, wasmx_valtype_t *out);
/* Whether it is the other one, or declares it as an ancestor (spec 3.3.3). Constant time. */
WASM_API_EXTERN bool wasmx_type_is_sub(const wasmx_type_t *sub, const wasmx_type_t *super);
/* Whether a value of the one may stand where the other is wanted (spec 3.3.4). False for types of
 * two engines, and what is no type. */
WASM_API_EXTERN bool wasmx_valtype_matches(const wasmx_valtype_t *sub,
                                           const wasmx_valtype_t *super);

/* The types that a module defines, by their index (spec 2.5.1). NULL: there is none. */
WASM_API_EXTERN size_t wasmx_module_type_count(const wasm_module_t *);
WASM_API_EXTERN own wasmx_type_t *wasmx_module_type(const wasm_module_t *, size_t index);
/* What an import (by its index) or export of the module is: of a global its content, of a table its
 * element, of a function or tag a reference to its type. Types are borrowed from the module. False
 * (wasmx_last_error): there is none of that index or name, or it is a memory. */
WASM_API_EXTERN bool wasmx_module_import_type(const wasm_module_t *, size_t index,
                                              wasmx_valtype_t *out);
WASM_API_EXTERN bool wasmx_module_export_type(const wasm_module_t *, const char *name,
                                              wasmx_valtype_t *out);
/* The same of what exists; borrowed from it. */
WASM_API_EXTERN bool wasmx_extern_type(const wasm_extern_t *, wasmx_valtype_t *out);

/* Host functions (wasmx_func_new, wasmx_func_new_raw), globals (wasmx_global_new), tables
 * (wasmx_tabletype_new, wasmx_table_grow) and tags of such types, which imports of modules that
 * name them want. The type stays the caller's. */
WASM_API_EXTERN own wasm_func_t *wasmx_func_new_of_type(wasm_store_t *, const wasmx_type_t *,
                                                        wasmx_callback_t, void *env,
                                                        void (*finalizer)(void *));
WASM_API_EXTERN own wasm_func_t *wasmx_func_new_raw_of_type(wasm_store_t *, const wasmx_type_t *,
                                                            wasmx_raw_callback_t, void *env,
                                                            void (*finalizer)(void *));
WASM_API_EXTERN own wasm_global_t *wasmx_global_new_of_type(wasm_store_t *, const wasmx_valtype_t *,
                                                            wasm_mutability_t,
                                                            const struct wasmx_val_t *init);
WASM_API_EXTERN own wasm_table_t *wasmx_table_new_of_type(wasm_store_t *, const wasmx_valtype_t *,
                                                          wasmx_limits64_t, bool is_64,
                                                          const struct wasmx_val_t *init);
WASM_API_EXTERN own wasm_tag_t *wasmx_tag_new_of_type(wasm_store_t *, const wasmx_type_t *);

/* ----------------------------------------------------------------------------------- references */

/* References are wasm_ref_t, and in values of the kind WASM_EXTERNREF. One handle stands for a
 * reference whichever way it is looked at: as anyref or as externref, so that any.convert_extern
 * and extern.convert_any need nothing here. wasm_ref_same tells whether two are the same reference
 * (ref.eq; of an i31: the same number), by which wasm_ref_copy, ..._host_info and so on work, too;
 * host info is the handle's and its copies', not the object's. */

/* As wasmx_slot_ref_kind, of a handle; WASMX_REF_NULL for NULL, and when its store is deleted. */
WASM_API_EXTERN wasmx_refkind_t wasmx_ref_kind(const wasm_ref_t *);
/* The type of a struct, array or function; NULL for others. */
WASM_API_EXTERN own wasmx_type_t *wasmx_ref_type(const wasm_ref_t *);
/* Whether the reference (NULL: null) is of the type: ref.test. Host objects are `any` and
 * `extern`; functions, too, when they came as such. */
WASM_API_EXTERN bool wasmx_ref_is(const wasm_ref_t *, const wasmx_valtype_t *);
/* The same handle when it is (borrowed, as other casts); else NULL (wasmx_last_error). */
WASM_API_EXTERN wasm_ref_t *wasmx_ref_cast(wasm_ref_t *, const wasmx_valtype_t *);
/* As wasmx_ref_is, of a slot. */
WASM_API_EXTERN bool wasmx_slot_is(wasm_store_t *, uint64_t slot, const wasmx_valtype_t *);

/* i31: numbers of 31 bits that take no memory. Of `value` the low 31 bits are taken; get gives them
 * sign-extended, false for what is no i31. Slots with one hold nothing that could go. */
WASM_API_EXTERN own wasm_ref_t *wasmx_i31_new(wasm_store_t *, int32_t value);
WASM_API_EXTERN bool wasmx_i31_get(const wasm_ref_t *, int32_t *out);
WASM_API_EXTERN uint64_t wasmx_slot_of_i31(int32_t value);
WASM_API_EXTERN bool wasmx_slot_get_i31(uint64_t slot, int32_t *out);

/* -------------------------------------------------------------------- structs, arrays by handles
 */

/* A struct with these fields, one value each; or (NULL, 0) with zeros and nulls, which every field
 * must allow. Packed fields take the low bits of an i32. */
WASM_API_EXTERN own wasm_ref_t *wasmx_struct_new(wasm_store_t *, const wasmx_type_t *,
                                                 const struct wasmx_val_t *fields, size_t count);
/* Arrays: of `length` times a value (NULL: zero or null); of these elements; of numbers as they lie
 * in memory (wasmx_array_read), `size` bytes of whole elements. */
WASM_API_EXTERN own wasm_ref_t *wasmx_array_new(wasm_store_t *, const wasmx_type_t *,
                                                const struct wasmx_val_t *value, uint32_t length);
WASM_API_EXTERN own wasm_ref_t *wasmx_array_new_fixed(wasm_store_t *, const wasmx_type_t *,
                                                      const struct wasmx_val_t *elements,
                                                      size_t count);
WASM_API_EXTERN own wasm_ref_t *wasmx_array_new_data(wasm_store_t *, const wasmx_type_t *,
                                                     const void *data, size_t size);

/* A field, by its index. get: what is packed comes with zeros above, by the second form with its
 * sign. False, and *out is a null (get): not a struct, no such field, out of memory for the handle
 * of a reference. set: for a constant field, or a value that is not of its type. */
WASM_API_EXTERN bool wasmx_struct_get(const wasm_ref_t *, uint32_t field,
                                      own struct wasmx_val_t *out);
WASM_API_EXTERN bool wasmx_struct_get_s(const wasm_ref_t *, uint32_t field,
                                        own struct wasmx_val_t *out);
WASM_API_EXTERN bool wasmx_struct_set(wasm_ref_t *, uint32_t field, const struct wasmx_val_t *);
/* An element: the same. */
WASM_API_EXTERN bool wasmx_array_get(const wasm_ref_t *, uint32_t index,
                                     own struct wasmx_val_t *out);
WASM_API_EXTERN bool wasmx_array_get_s(const wasm_ref_t *, uint32_t index,
                                       own struct wasmx_val_t *out);
WASM_API_EXTERN bool wasmx_array_set(wasm_ref_t *, uint32_t index, const struct wasmx_val_t *);
/* 0 for what is no array (wasmx_last_error). */
WASM_API_EXTERN uint32_t wasmx_array_length(const wasm_ref_t *);
/* array.fill and array.copy (which may overlap): all in bounds, or nothing is done. */
WASM_API_EXTERN bool wasmx_array_fill(wasm_ref_t *, uint32_t from, const struct wasmx_val_t *,
                                      uint32_t count);
WASM_API_EXTERN bool wasmx_array_copy(wasm_ref_t *to, uint32_t at, const wasm_ref_t *source,
                                      uint32_t from, uint32_t count);
/* `count` numbers (not references) out of the array from element `from` on, and into it: packed as
 * its type says, 1, 2, 4, 8 or 16 bytes each, in the machine's order, without gaps. All in bounds,
 * or nothing is copied. write: false for constant elements. */
WASM_API_EXTERN bool wasmx_array_read(const wasm_ref_t *, uint32_t from, void *to, uint32_t count);
WASM_API_EXTERN bool wasmx_array_write(wasm_ref_t *, uint32_t from, const void *data,
                                       uint32_t count);

/* ---------------------------------------------------------------------- structs, arrays by slots
 */

/* The same without handles, for many small objects: what is made is written to *out, and held by
 * nobody yet unless that slot is a root. A v128 takes two slots. As with handles the types of
 * references are checked; a slot that does not hold what it says is as a wild pointer. */
WASM_API_EXTERN bool wasmx_struct_new_raw(wasm_store_t *, const wasmx_type_t *,
                                          const wasmx_slot_t *fields, wasmx_slot_t *out);
WASM_API_EXTERN bool wasmx_array_new_raw(wasm_store_t *, const wasmx_type_t *,
                                         const wasmx_slot_t *value, uint32_t length,
                                         wasmx_slot_t *out);
WASM_API_EXTERN bool wasmx_array_new_data_raw(wasm_store_t *, const wasmx_type_t *,
                                              const void *data, size_t size, wasmx_slot_t *out);
WASM_API_EXTERN bool wasmx_struct_get_raw(wasm_store_t *, uint64_t object, uint32_t field,
                                          wasmx_slot_t *out);
WASM_API_EXTERN bool wasmx_struct_set_raw(wasm_store_t *, uint64_t object, uint32_t field,
                                          const wasmx_slot_t *value);
WASM_API_EXTERN bool wasmx_array_get_raw(wasm_store_t *, uint64_t object, uint32_t index,
                                         wasmx_slot_t *out);
WASM_API_EXTERN bool wasmx_array_set_raw(wasm_store_t *, uint64_t object, uint32_t index,
                                         const wasmx_slot_t *value);
WASM_API_EXTERN uint32_t wasmx_array_length_raw(wasm_store_t *, uint64_t object);
WASM_API_EXTERN bool wasmx_array_read_raw(wasm_store_t *, uint64_t object, uint32_t from, void *to,
                                          uint32_t count);
WASM_API_EXTERN bool wasmx_array_write_raw(wasm_store_t *, uint64_t object, uint32_t from,
                                           const void *data, uint32_t count);

/* `count` slots, zero at first, which the host reads and writes as it likes: what references in
 * them refer to is held. One of these for many references costs less than a handle each. Numbers in
 * them do no harm, but may hold an object that they happen to be the address of. NULL: no store, no
 * slots, out of memory. Deleted before or after the store; the slots stay until then. */
typedef struct wasmx_roots_t wasmx_roots_t;
WASM_API_EXTERN own wasmx_roots_t *wasmx_roots_new(wasm_store_t *, size_t count);
WASM_API_EXTERN void wasmx_roots_delete(own wasmx_roots_t *);
/* The slots (borrowed), and how many there are; NULL and 0 for NULL. */
WASM_API_EXTERN wasmx_slot_t *wasmx_roots_slots(wasmx_roots_t *);
WASM_API_EXTERN size_t wasmx_roots_count(const wasmx_roots_t *);

/* ------------------------------------------------------------------------------------- the heap */

/* Collections since a store's beginning, and how long they stopped it: half of them, and 99 in 100,
 * no longer than that (to an eighth), the longest, the last, all together. */
typedef struct wasmx_pauses_t {
  uint64_t count, total_ns, p50_ns, p99_ns, max_ns, last_ns;
} wasmx_pauses_t;

/* A store's heap of structs and arrays. */
typedef struct wasmx_heap_stats_t {
  size_t size;              /* sizeof(wasmx_heap_stats_t) */
  uint64_t live_bytes;      /* of objects that the last collection kept */
  uint64_t committed_bytes; /* in use, in blocks of 64 KiB: what limits count */
  uint64_t peak_bytes;      /* the most of that */
  uint64_t allocated_bytes; /* all that was handed out */
  uint64_t abandoned;       /* collections that an interrupt or a deadline ended */
  wasmx_pauses_t young;     /* collections of what was made since the last one */
  wasmx_pauses_t full;      /* of everything */
} wasmx_heap_stats_t;

/* Fills *stats, whose size is set before; zeros for a store without structs and arrays. False
 * (wasmx_last_error): no store, no stats. wasmx_store_collect collects now; wasmx_limits_t has the
 * limit. */
WASM_API_EXTERN bool wasmx_store_heap_stats(const wasm_store_t *, wasmx_heap_stats_t *stats);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
