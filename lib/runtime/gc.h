/* Instructions on structs, arrays, i31 and casts (spec 4.6.8) as C: what the interpreter runs, and
 * compiled code where it has nothing better. Operands are in slots, the first at `at`, and so is
 * the result then. Types are canonical ids. Allocation may collect: the store's stack_top must be
 * above the operands, and the activation told where wasm stands. */
#ifndef WM_RUNTIME_GC_H
#define WM_RUNTIME_GC_H

#include "runtime/heap.h"
#include "runtime/instance.h"

typedef struct GcInstr {
  u16 op;     /* OpId */
  u32 type;   /* type id; casts: the ValType that is wanted */
  u32 index2; /* field, segment, count of array.new_fixed; array.copy: the source's type id */
} GcInstr;

/* TRAP_NONE, or the code of a trap that the caller raises (TRAP_INTERRUPTED: wasm must stop; some
 * of it may be done). */
TrapCode wm_gc_run(Instance *in, const GcInstr *instr, u64 *at);
/* The same for the host, outside of any instance: an instruction that names no segment. */
TrapCode wm_gc_run_for_host(Store *store, const GcInstr *instr, u64 *at);

/* Whether the reference is of a canonical type (ref.test). */
bool wm_ref_is(const Store *store, Ref ref, ValType type);
/* The same of a type of structs or arrays at a depth below HEAP_ROW_DEPTHS (module_type_depth), and
 * a reference that is not null, in a slot. */
static inline bool object_is_of(const Heap *heap, u64 slot, u32 type_id, u32 depth) {
  const HeapObject *o = ref_heap_object(ref_of_slot(slot));
  return o && heap->rows.data[heap_type_id(o)].words[depth] == type_id;
}

/* ---- between its files ---- */
/* A new array whose elements are written next; *is_zero: they are zero. NULL: out of memory. */
HeapObject *wm_array_new(Store *store, u32 type_id, u32 length, bool *is_zero);
/* `in`: whose segments are meant. */
TrapCode wm_gc_array(Store *store, Instance *in, const GcInstr *instr, u64 *at);
/* array.new: `value` as in slots; the reference is written to *result, which may be where the value
 * is. */
TrapCode wm_array_new_filled(Store *store, u32 type_id, u32 length, const u64 *value, u64 *result);
/* array.copy; NULL: a null. */
TrapCode wm_array_copy(Store *store, HeapObject *to, u32 at, HeapObject *from, u32 source,
                       u32 count);
/* A value of a field's type to an object, from slots, with the write barrier; `place` as heap.h's,
 * the field at `place` + `offset`. */
void wm_field_set(Store *store, HeapObject *o, u8 *place, u32 offset, ValType type,
                  const u64 *slot);
/* The same without the barrier: to an object just made. And from there; `sign`: a packed one is
 * sign-extended. */
void wm_field_write(u8 *to, ValType type, const u64 *slot);
void wm_field_read(const u8 *from, ValType type, bool sign, u64 *slot);
/* All fields of a struct just made. */
void wm_struct_write(HeapObject *o, const SubType *type, const u64 *slots);

static inline const SubType *gc_type(const Store *store, u32 type_id) {
  return store->heap->types.data[type_id];
}

#endif
