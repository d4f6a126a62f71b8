/* Structs, i31, casts, and the way to arrays (gc.h). */
#include "runtime/gc.h"

#include "wasm/opcode.h"

/* ---- structs ---- */

static HeapObject *struct_new(Store *store, const GcInstr *instr) {
  HeapObject *o = heap_allocate(store->heap, gc_type(store, instr->type)->object_bytes);
  if (o) *o = (HeapObject){heap_word(instr->type), 0};
  return o;
}

void wm_struct_write(HeapObject *o, const SubType *type, const u64 *slot) {
  for (const FieldType *field = type->fields, *end = field + type->field_count; field < end;
       field++) {
    u8 *to = heap_at(o, field->offset);
    if (field->type == VAL_I32)
      store_u32(to, (u32)*slot);
    else if (val_is_ref(field->type))
      store_u64(to, *slot);
    else
      wm_field_write(to, field->type, slot);
    slot += val_slots(field->type);
  }
}

static TrapCode run_struct_new(Store *store, const GcInstr *instr, u64 *at) {
  const SubType *type = gc_type(store, instr->type);
  HeapObject *o = struct_new(store, instr);
  if (!o) return TRAP_OUT_OF_MEMORY;
  wm_struct_write(o, type, at);
  *at = ref_slot(ref_of_object(o));
  return TRAP_NONE;
}

static TrapCode run_struct_new_default(Store *store, const GcInstr *instr, u64 *at) {
  HeapObject *o = struct_new(store, instr);
  if (!o) return TRAP_OUT_OF_MEMORY;
  memset(o + 1, 0, gc_type(store, instr->type)->object_bytes - OBJECT_HEADER_BYTES);
  *at = ref_slot(ref_of_object(o));
  return TRAP_NONE;
}

static const FieldType *field_of(const Store *store, const GcInstr *instr) {
  return &gc_type(store, instr->type)->fields[instr->index2];
}

static TrapCode run_struct_get(const Store *store, const GcInstr *instr, u64 *at) {
  HeapObject *o = (HeapObject *)(void *)ref_of_slot(*at);
  if (!o) return TRAP_NULL_STRUCT;
  const FieldType *field = field_of(store, instr);
  wm_field_read(heap_at(o, field->offset), field->type, instr->op == OP_struct_get_s, at);
  return TRAP_NONE;
}

static TrapCode run_struct_set(Store *store, const GcInstr *instr, u64 *at) {
  HeapObject *o = (HeapObject *)(void *)ref_of_slot(*at);
  if (!o) return TRAP_NULL_STRUCT;
  const FieldType *field = field_of(store, instr);
  wm_field_set(store, o, heap_at(o, 0), field->offset, field->type, at + 1);
  return TRAP_NONE;
}

/* ---- casts ---- */

static bool is_object_of(const Store *store, const HeapObject *o, HeapType heap) {
  if (!o) return false;
  u32 type_id = heap_type_id(o);
  if (heap == HEAP_EQ) return true;
  CompositeKind kind = gc_type(store, type_id)->kind;
  if (heap == HEAP_STRUCT) return kind == COMP_STRUCT;
  if (heap == HEAP_ARRAY) return kind == COMP_ARRAY;
  return !heap_is_abstract(heap) && wm_types_is_sub(store->types, type_id, heap);
}

/* Not null, and known to be in the hierarchy of `heap`. */
static bool is_of_heap_type(const Store *store, Ref ref, HeapType heap) {
  switch (heap) {
  case HEAP_ANY:
  case HEAP_EXTERN:
  case HEAP_FUNC:
  case HEAP_EXN: return true;
  case HEAP_NONE:
  case HEAP_NOEXTERN:
  case HEAP_NOFUNC:
  case HEAP_NOEXN: return false;
  case HEAP_I31: return ref_is_i31(ref);
  default: break;
  }
  if (ref_is_i31(ref)) return heap == HEAP_EQ;
  if (heap_is_abstract(heap)) return is_object_of(store, ref_heap_object(ref), heap);
  if (wm_types_get(store->types, heap)->kind != COMP_FUNC)
    return is_object_of(store, ref_heap_object(ref), heap);
  return wm_types_is_sub(store->types, ((const Func *)ref_object(ref))->type_id, heap);
}

bool wm_ref_is(const Store *store, Ref ref, ValType type) {
  return ref ? is_of_heap_type(store, ref, val_heap(type)) : val_is_nullable(type);
}

/* ---- all of them ---- */

static TrapCode run_cast(const Store *store, const GcInstr *instr, u64 *at) {
  return wm_ref_is(store, ref_of_slot(*at), instr->type) ? TRAP_NONE : TRAP_CAST_FAILURE;
}

static TrapCode run_i31_get(bool sign, u64 *at) {
  Ref ref = ref_of_slot(*at);
  if (!ref) return TRAP_NULL_I31;
  u32 value = (u32)ref_i31(ref);
  *at = sign ? value : value & 0x7FFFFFFF;
  return TRAP_NONE;
}

static ALWAYS_INLINE TrapCode run(Store *store, Instance *in, const GcInstr *instr, u64 *at) {
  switch (instr->op) {
  case OP_ref_eq: *at = at[0] == at[1]; return TRAP_NONE;
  case OP_struct_new: return run_struct_new(store, instr, at);
  case OP_struct_new_default: return run_struct_new_default(store, instr, at);
  case OP_struct_get:
  case OP_struct_get_s:
  case OP_struct_get_u: return run_struct_get(store, instr, at);
  case OP_struct_set: return run_struct_set(store, instr, at);
  case OP_ref_test:
  case OP_ref_test_null: *at = wm_ref_is(store, ref_of_slot(*at), instr->type); return TRAP_NONE;
  case OP_ref_cast:
  case OP_ref_cast_null: return run_cast(store, instr, at);
  case OP_any_convert_extern:
  case OP_extern_convert_any: return TRAP_NONE; /* one reference, whichever way it is looked at */
  case OP_ref_i31: *at = ref_slot(ref_of_i31((u32)*at)); return TRAP_NONE;
  case OP_i31_get_s:
  case OP_i31_get_u: return run_i31_get(instr->op == OP_i31_get_s, at);
  default: return wm_gc_array(store, in, instr, at);
  }
}

TrapCode wm_gc_run(Instance *in, const GcInstr *instr, u64 *at) {
  return run(in->store, in, instr, at);
}

TrapCode wm_gc_run_for_host(Store *store, const GcInstr *instr, u64 *at) {
  return run(store, NULL, instr, at);
}
