/* What compiled code calls for structs, arrays and casts (helpers.def). Those that may collect are
 * called by way of a stub, so that references in registers are found. */
#include "runtime/gc_helpers.h"

#include "wasm/opcode.h"

HeapObject *wm_helper_struct_new(Instance *in, u32 type_index) {
  Store *store = in->store;
  u32 type_id = in->type_ids[type_index];
  HeapObject *o = heap_allocate(store->heap, gc_type(store, type_id)->object_bytes);
  if (o) *o = (HeapObject){heap_word(type_id), 0};
  return o;
}

HeapObject *wm_helper_array_new_fixed(Instance *in, u32 type_index, u32 length) {
  return wm_array_new(in->store, in->type_ids[type_index], length, NULL);
}

/* Runs the instruction on these slots, whose references are held elsewhere. */
static TrapCode run(Instance *in, u16 op, u32 type_index, u32 index2, u64 *slots) {
  return wm_gc_run(in, &(GcInstr){op, in->type_ids[type_index], index2}, slots);
}

static TrapCode make(Instance *in, u16 op, u32 type_index, u32 index2, u64 *slots) {
  TrapCode trap = run(in, op, type_index, index2, slots);
  in->store->made = slots[0];
  return trap;
}

TrapCode wm_helper_array_new(Instance *in, u32 type_index, u32 length, u64 low, u64 high) {
  u64 value[2] = {low, high};
  return wm_array_new_filled(in->store, in->type_ids[type_index], length, value, &in->store->made);
}

TrapCode wm_helper_array_new_data(Instance *in, u32 type_index, u32 segment, u32 from, u32 count) {
  u64 slots[2] = {from, count};
  return make(in, OP_array_new_data, type_index, segment, slots);
}

TrapCode wm_helper_array_new_elem(Instance *in, u32 type_index, u32 segment, u32 from, u32 count) {
  u64 slots[2] = {from, count};
  return make(in, OP_array_new_elem, type_index, segment, slots);
}

TrapCode wm_helper_array_fill(Instance *in, u64 array, u32 from, u64 low, u64 high, u32 count) {
  const HeapObject *o = ref_heap_object(ref_of_slot(array));
  bool is_wide = o && gc_type(in->store, heap_type_id(o))->fields[0].type == VAL_V128;
  u64 slots[5] = {array, from, low, is_wide ? high : count, count};
  return run(in, OP_array_fill, 0, 0, slots);
}

TrapCode wm_helper_array_copy(Instance *in, u64 to, u32 at, u64 from, u32 source, u32 count) {
  HeapObject *into = (HeapObject *)(void *)ref_of_slot(to);
  return wm_array_copy(in->store, into, at, (HeapObject *)(void *)ref_of_slot(from), source, count);
}

TrapCode wm_helper_array_init_data(Instance *in, u32 segment, u64 array, u32 at, u32 from,
                                   u32 count) {
  u64 slots[4] = {array, at, from, count};
  return run(in, OP_array_init_data, 0, segment, slots);
}

TrapCode wm_helper_array_init_elem(Instance *in, u32 segment, u64 array, u32 at, u32 from,
                                   u32 count) {
  u64 slots[4] = {array, at, from, count};
  return run(in, OP_array_init_elem, 0, segment, slots);
}

void wm_helper_log(const Instance *in, HeapObject *o, const void *place) {
  wm_heap_log(in->store->heap, o, place);
}

u32 wm_helper_ref_is(const Instance *in, ValType type, u64 slot) {
  return wm_ref_is(in->store, ref_of_slot(slot), module_canonical(&in->module->module, type));
}
