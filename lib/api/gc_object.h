/* Structs and arrays of a store as the host makes and uses them, named by slots: what the functions
 * on handles (api_gc.c, api_gc_array.c) and on slots (api_gc_raw.c) share. What fails sets the last
 * error itself: an Error on the stack would cost more than all the rest.
 */
#ifndef WM_API_GC_OBJECT_H
#define WM_API_GC_OBJECT_H

#include "api/handle.h"
#include "runtime/gc.h"

/* Values that the host gives, one way or the other; both NULL: zeros and nulls. */
typedef struct Given {
  const wasmx_val_t *values;
  const wasmx_slot_t *slots;
} Given;

/* *out is the new object, which nobody holds yet. */
bool wm_gc_struct_new(Store *store, const wasmx_type_t *type, Given fields, u64 *out);
bool wm_gc_array_new(Store *store, const wasmx_type_t *type, Given value, u32 length, u64 *out);
bool wm_gc_array_new_fixed(Store *store, const wasmx_type_t *type, Given elements, size_t count,
                           u64 *out);
bool wm_gc_array_new_data(Store *store, const wasmx_type_t *type, const void *data, size_t size,
                          u64 *out);

/* The struct or array that the slot holds; NULL: another thing. */
HeapObject *wm_gc_object(Store *store, u64 slot, CompositeKind kind);
/* Its field, or element. get: into slots[0..2), with the type *t that they then have. */
bool wm_gc_get(Store *store, HeapObject *o, u32 index, bool sign, u64 *slots, ValType *t);
bool wm_gc_set(Store *store, HeapObject *o, u32 index, Given value);
bool wm_gc_array_fill(Store *store, HeapObject *o, u32 from, Given value, u32 count);
bool wm_gc_array_copy(Store *store, HeapObject *to, u32 at, HeapObject *source, u32 from,
                      u32 count);
/* So many numbers of the array from `from` on. */
bool wm_gc_array_read(const Store *store, HeapObject *array, u32 from, void *to, u32 count);
bool wm_gc_array_write(const Store *store, HeapObject *array, u32 from, const void *data,
                       u32 count);

/* ---- by handles: api_gc.c ---- */
/* The store, where something is to be made. */
Store *wm_gc_store(const wasm_store_t *home);
/* A handle for what was made last (0: nothing was, as the last error says); a safe point. */
wasm_ref_t *wm_gc_hand_out(wasm_store_t *home, u64 slot);
HeapObject *wm_gc_object_of_handle(const wasm_ref_t *ref, CompositeKind kind);
bool wm_gc_get_value(const wasm_ref_t *ref, CompositeKind kind, u32 index, bool sign,
                     wasmx_val_t *out);
bool wm_gc_set_value(const wasm_ref_t *ref, CompositeKind kind, u32 index,
                     const wasmx_val_t *value);

#endif
