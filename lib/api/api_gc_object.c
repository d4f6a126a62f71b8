/* See gc_object.h. The work is done by the runtime's meanings of the instructions, which mind the
 * collector; here is what validation does for wasm: kinds, types, fields that there are.
 *
 * Operands are copied to slots of the library's, which are roots while the runtime may collect. */
#include "api/gc_object.h"

#include "wasm/opcode.h"

#include <stdlib.h>

enum { FEW = 32 };

/* ---- running instructions ---- */

static bool failed(TrapCode trap) {
  if (trap == TRAP_OUT_OF_MEMORY) return wm_api_out_of_memory();
  ErrorCode code = trap == TRAP_ARRAY_OUT_OF_BOUNDS ? ERR_ARGUMENT : ERR_TRAP;
  return wm_api_fail(code, "%s", wm_trap_message(trap));
}

static bool run(Store *store, const GcInstr *instr, u64 *at) {
  TrapCode trap = wm_gc_run_for_host(store, instr, at);
  return !trap || failed(trap);
}

/* The same of one that may collect: what is in the slots is held. */
static bool run_held(Store *store, const GcInstr *instr, u64 *at, u64 slots) {
  SlotRoots roots;
  wm_slot_roots_add(store, &roots, at, slots);
  bool done = run(store, instr, at);
  wm_slot_roots_remove(&roots);
  return done;
}

/* Objects of the type can be made. NULL: not of this engine, another kind, or out of memory. */
static const SubType *type_to_make(Store *store, const wasmx_type_t *type, CompositeKind kind) {
  const char *fault = wm_api_type_fault(store, type, kind);
  if (fault) return wm_api_fail(ERR_ARGUMENT, "%s", fault), NULL;
  u32 id = subtype_of(type)->type_id;
  Heap *heap = wm_store_heap(store);
  if (heap && wm_heap_hold_types(heap, &id, 1)) return subtype_of(type);
  wm_api_out_of_memory();
  return NULL;
}

/* ---- values that are given ---- */

/* Value number i of those, which stands at slot `from` of given slots, to one or two slots. */
static bool take(Store *store, Given given, size_t i, size_t from, ValType storage, u64 *slots) {
  ValType t = val_unpacked(storage);
  bool fits = val_is_nullable(t) || !val_is_ref(t); /* of none */
  memset(slots, 0, val_slots(t) * sizeof *slots);
  if (given.slots) {
    memcpy(slots, given.slots + from, val_slots(t) * sizeof *slots);
    fits = wm_slots_take(store, &t, 1, slots);
  } else if (given.values) {
    fits = wm_slots_of_value(store, &given.values[i], t, slots);
  }
  return fits || wm_api_fail(ERR_ARGUMENT, "value %zu is not of its field's type", i);
}

static size_t slots_of_fields(const SubType *type) {
  size_t slots = 0;
  for (u32 i = 0; i < type->field_count; i++) slots += val_slots(type->fields[i].type);
  return slots;
}

static bool take_fields(Store *store, const SubType *type, Given given, u64 *slots) {
  size_t at = 0;
  for (u32 i = 0; i < type->field_count; i++) {
    if (!take(store, given, i, at, type->fields[i].type, slots + at)) return false;
    at += val_slots(type->fields[i].type);
  }
  return true;
}

/* ---- making ---- */

bool wm_gc_struct_new(Store *store, const wasmx_type_t *public, Given given, u64 *out) {
  const SubType *type = type_to_make(store, public, COMP_STRUCT);
  if (!type) return false;
  u64 few[FEW];
  size_t count = slots_of_fields(type);
  void *many AUTO_FREE = NULL;
  /* With room for the result. */
  u64 *slots = few_or_many(few, sizeof few, (count + 1) * sizeof *slots, &many);
  if (!slots) return wm_api_out_of_memory();
  if (!take_fields(store, type, given, slots) ||
      !run_held(store, &(GcInstr){.op = OP_struct_new, .type = type->type_id}, slots, count))
    return false;
  *out = slots[0];
  return true;
}

bool wm_gc_array_new(Store *store, const wasmx_type_t *public, Given value, u32 length, u64 *out) {
  const SubType *type = type_to_make(store, public, COMP_ARRAY);
  u64 slots[3];
  if (!type || !take(store, value, 0, 0, type->fields[0].type, slots)) return false;
  u32 count = val_slots(type->fields[0].type);
  slots[count] = length;
  if (!run_held(store, &(GcInstr){.op = OP_array_new, .type = type->type_id}, slots, count))
    return false;
  *out = slots[0];
  return true;
}

static bool take_elements(Store *store, ValType t, Given given, size_t count, u64 *slots) {
  for (size_t i = 0, at = 0; i < count; i++, at += val_slots(t))
    if (!take(store, given, i, at, t, slots + at)) return false;
  return true;
}

/* Slots for so many values and one more. NULL: out of memory. */
static u64 *slots_for(ValType t, size_t count, u64 *few, void **many) {
  u64 size;
  if (count > UINT32_MAX || !checked_mul(count, val_slots(t) * sizeof(u64), &size) ||
      size > SIZE_MAX - sizeof(u64))
    return NULL;
  return few_or_many(few, FEW * sizeof *few, (size_t)size + sizeof(u64), many);
}

bool wm_gc_array_new_fixed(Store *store, const wasmx_type_t *public, Given elements, size_t count,
                           u64 *out) {
  const SubType *type = type_to_make(store, public, COMP_ARRAY);
  if (!type) return false;
  if (count && !elements.values && !elements.slots)
    return wm_api_fail(ERR_ARGUMENT, "the elements are NULL");
  ValType t = type->fields[0].type;
  u64 few[FEW];
  void *many AUTO_FREE = NULL;
  u64 *slots = slots_for(t, count, few, &many);
  if (!slots) return wm_api_out_of_memory();
  const GcInstr instr = {OP_array_new_fixed, type->type_id, (u32)count};
  if (!take_elements(store, t, elements, count, slots) ||
      !run_held(store, &instr, slots, count * val_slots(t)))
    return false;
  *out = slots[0];
  return true;
}

bool wm_gc_array_new_data(Store *store, const wasmx_type_t *public, const void *data, size_t size,
                          u64 *out) {
  const SubType *type = type_to_make(store, public, COMP_ARRAY);
  if (!type) return false;
  ValType t = type->fields[0].type;
  u32 bytes = val_storage_bytes(t);
  if (val_is_ref(t) || size % bytes || (size && !data))
    return wm_api_fail(ERR_ARGUMENT, "no data, not of whole elements, or not of numbers");
  if (size / bytes > UINT32_MAX) return wm_api_out_of_memory();
  HeapObject *o = wm_array_new(store, type->type_id, (u32)(size / bytes), NULL);
  if (!o) return wm_api_out_of_memory();
  if (size) memcpy(heap_at(o, OBJECT_HEADER_BYTES), data, size);
  *out = ref_slot(ref_of_object(o));
  return true;
}

/* ---- fields and elements ---- */

/* Its word is read where it lies in the heap: that there is an object is the host's word, as of all
 * slots (api_slot.c). */
HeapObject *wm_gc_object(Store *store, u64 slot, CompositeKind kind) {
  bool is_there = store->heap && heap_has(store->heap, slot) && slot % GRANULE_BYTES == 0;
  HeapObject *o = is_there ? (HeapObject *)(void *)ref_of_slot(slot) : NULL;
  if (o && gc_type(store, heap_type_id(o))->kind == kind) return o;
  wm_api_fail(ERR_ARGUMENT, "this is no %s of the store", kind == COMP_STRUCT ? "struct" : "array");
  return NULL;
}

/* The field that the index names, of an array its element; NULL: there is none. */
static const FieldType *field_at(const Store *store, const HeapObject *o, u32 index) {
  const SubType *type = gc_type(store, heap_type_id(o));
  bool is_struct = type->kind == COMP_STRUCT;
  if (index < (is_struct ? type->field_count : o->length))
    return &type->fields[is_struct ? index : 0];
  wm_api_fail(ERR_ARGUMENT, "there is no such %s: %u", is_struct ? "field" : "element", index);
  return NULL;
}

static const FieldType *field_to_write(const Store *store, const HeapObject *o, u32 index) {
  const FieldType *field = field_at(store, o, index);
  if (!field || field->is_mutable) return field;
  wm_api_fail(ERR_ARGUMENT, "what is constant cannot be written");
  return NULL;
}

bool wm_gc_get(Store *store, HeapObject *o, u32 index, bool sign, u64 *slots, ValType *t) {
  const FieldType *field = field_at(store, o, index);
  if (!field) return false;
  u32 type_id = heap_type_id(o);
  u64 at = field->offset;
  if (gc_type(store, type_id)->kind == COMP_ARRAY)
    at += (u64)index * val_storage_bytes(field->type);
  wm_field_read(heap_at(o, at), field->type, sign && val_is_packed(field->type), slots);
  *t = val_unpacked(field->type);
  return true;
}

/* Operands of struct.set: object, value; of array.set: object, index, value. */
bool wm_gc_set(Store *store, HeapObject *o, u32 index, Given value) {
  const FieldType *field = field_to_write(store, o, index);
  if (!field) return false;
  u32 type_id = heap_type_id(o);
  bool is_struct = gc_type(store, type_id)->kind == COMP_STRUCT;
  u64 slots[4] = {ref_slot(ref_of_object(o)), index};
  if (!take(store, value, 0, 0, field->type, &slots[is_struct ? 1 : 2])) return false;
  const GcInstr instr = {is_struct ? OP_struct_set : OP_array_set, type_id, index};
  return run(store, &instr, slots);
}

static const FieldType *elements_to_write(const Store *store, const HeapObject *o) {
  const FieldType *element = &gc_type(store, heap_type_id(o))->fields[0];
  if (element->is_mutable) return element;
  wm_api_fail(ERR_ARGUMENT, "what is constant cannot be written");
  return NULL;
}

bool wm_gc_array_fill(Store *store, HeapObject *o, u32 from, Given value, u32 count) {
  const FieldType *element = elements_to_write(store, o);
  u64 slots[5] = {ref_slot(ref_of_object(o)), from};
  if (!element || !take(store, value, 0, 0, element->type, &slots[2])) return false;
  slots[2 + val_slots(element->type)] = count;
  const GcInstr instr = {.op = OP_array_fill, .type = heap_type_id(o)};
  return run(store, &instr, slots);
}

static bool storage_matches(const Store *store, ValType sub, ValType super) {
  if (val_is_packed(sub) || val_is_packed(super)) return sub == super;
  return wm_valtype_matches(store->types, sub, super);
}

bool wm_gc_array_copy(Store *store, HeapObject *to, u32 at, HeapObject *source, u32 from,
                      u32 count) {
  const FieldType *element = elements_to_write(store, to);
  if (!element) return false;
  const GcInstr instr = {OP_array_copy, heap_type_id(to), heap_type_id(source)};
  if (!storage_matches(store, gc_type(store, instr.index2)->fields[0].type, element->type))
    return wm_api_fail(ERR_ARGUMENT, "the arrays' elements are of different types");
  u64 slots[5] = {ref_slot(ref_of_object(to)), at, ref_slot(ref_of_object(source)), from, count};
  return run(store, &instr, slots);
}

/* Where they are, and how many bytes; NULL: out of bounds, or references. `host`: where theirs are.
 */
static u8 *numbers(const Store *store, HeapObject *o, u32 from, u32 count, const void *host,
                   size_t *bytes) {
  const FieldType *element = &gc_type(store, heap_type_id(o))->fields[0];
  u64 size = val_storage_bytes(element->type);
  *bytes = (size_t)(count * size);
  if (!val_is_ref(element->type) && is_within(from, count, o->length) && (host || !count))
    return heap_at(o, element->offset + from * size);
  wm_api_fail(ERR_ARGUMENT, "out of bounds, not an array of numbers, or no place for them");
  return NULL;
}

bool wm_gc_array_read(const Store *store, HeapObject *o, u32 from, void *to, u32 count) {
  size_t bytes;
  const u8 *at = numbers(store, o, from, count, to, &bytes);
  if (at && bytes) memcpy(to, at, bytes);
  return at != NULL;
}

bool wm_gc_array_write(const Store *store, HeapObject *o, u32 from, const void *data, u32 count) {
  size_t bytes;
  if (!elements_to_write(store, o)) return false;
  u8 *at = numbers(store, o, from, count, data, &bytes);
  if (at && bytes) memcpy(at, data, bytes);
  return at != NULL;
}
