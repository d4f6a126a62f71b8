/* Arrays (gc.h). What may take long goes in pieces, between which wasm can be stopped: an array
 * that is written in pieces comes from the heap zeroed, so that it is whole at any moment. */
#include "runtime/gc.h"
#include "runtime/gc_helpers.h"
#include "runtime/pieces.h"
#include "wasm/opcode.h"

/* The elements of an array and how they lie. */
typedef struct Elements {
  HeapObject *array;
  u8 *start;
  u32 length, size; /* bytes of each */
  ValType type;
} Elements;

static Elements elements_of(const Store *store, HeapObject *o) {
  ValType type = gc_type(store, heap_type_id(o))->fields[0].type;
  return (Elements){o, heap_at(o, OBJECT_HEADER_BYTES), o->length, val_storage_bytes(type), type};
}

/* NULL for null. */
static HeapObject *array_of(u64 slot) { return (HeapObject *)(void *)ref_of_slot(slot); }

static u64 array_bytes(u32 length, u64 size) {
  return (OBJECT_HEADER_BYTES + length * size + GRANULE_BYTES - 1) & ~(u64)(GRANULE_BYTES - 1);
}

HeapObject *wm_array_new(Store *store, u32 type_id, u32 length, bool *is_zero) {
  u64 bytes = array_bytes(length, val_storage_bytes(gc_type(store, type_id)->fields[0].type));
  HeapObject *o = wm_heap_allocate(store->heap, bytes, is_zero);
  if (!o) return NULL;
  *o = (HeapObject){heap_word(type_id), length};
  return o;
}

/* A piece that was just written: a poll before the next one may let the host collect. */
static void wrote(Store *store, const Elements *e, const u8 *piece, u64 bytes) {
  if (val_is_ref(e->type))
    wm_heap_wrote_elements(store->heap, e->array, (u32)((u64)(piece - e->start) / sizeof(Ref)),
                           (u32)(bytes / sizeof(Ref)));
}

/* ---- many elements ---- */

static bool is_zero_value(ValType type, const u64 *value) {
  u32 size = val_storage_bytes(type);
  if (size == sizeof(V128)) return !(value[0] | value[1]);
  return size == 8 ? !*value : !(*value << (64 - 8 * size));
}

/* The value's bytes, as often as they go into a word. */
static u64 pattern_of(u64 value, u64 size) {
  static const u64 ones[] = {0, UINT64_C(0x0101010101010101), UINT64_C(0x0001000100010001), 0,
                             UINT64_C(0x0000000100000001)};
  return size == 8 ? value : (value & ((UINT64_C(1) << 8 * size) - 1)) * ones[size];
}

/* A multiple of the value's size, whose pattern it is. */
static void fill_words(u8 *to, u64 pattern, u64 bytes) {
  for (; bytes >= sizeof pattern; bytes -= sizeof pattern, to += sizeof pattern)
    store_u64(to, pattern);
  if (bytes & 4) store_u32(to, (u32)pattern), to += 4;
  if (bytes & 2) store_u16(to, (u16)pattern), to += 2;
  if (bytes & 1) *to = (u8)pattern;
}

/* A few are written, and then what is written already again and again. */
static void fill_piece(u8 *to, ValType type, const u64 *value, u64 bytes) {
  enum { FIRST_BYTES = 128 };
  u64 size = val_storage_bytes(type), done = min_u64(size > 8 ? size : FIRST_BYTES, bytes);
  if (size == 1 || is_zero_value(type, value)) {
    memset(to, (u8)*value, (size_t)bytes);
    return;
  }
  if (size <= 8)
    fill_words(to, pattern_of(*value, size), done);
  else if (done)
    wm_field_write(to, type, value);
  for (; done < bytes; done += min_u64(done, bytes - done))
    memcpy(to + done, to, (size_t)min_u64(done, bytes - done));
}

static TrapCode fill(Store *store, const Elements *e, u32 from, u32 count, const u64 *value) {
  u8 *to = e->start + (u64)from * e->size;
  for (u64 left = (u64)count * e->size, piece; left; left -= piece, to += piece) {
    piece = min_u64(left, PIECE_BYTES);
    TrapCode stop = poll_before(store, piece);
    if (stop) return stop;
    fill_piece(to, e->type, value, piece);
    wrote(store, e, to, piece);
  }
  return TRAP_NONE;
}

/* To elements, from the end that is not written over before it is read. */
static TrapCode move(Store *store, const Elements *e, u8 *to, const u8 *from, u64 bytes) {
  bool backwards = to > from;
  for (u64 left = bytes, piece; left; left -= piece) {
    piece = min_u64(left, PIECE_BYTES);
    TrapCode stop = poll_before(store, piece);
    if (stop) return stop;
    u64 at = backwards ? left - piece : bytes - left;
    memmove(to + at, from + at, (size_t)piece);
    wrote(store, e, to + at, piece);
  }
  return TRAP_NONE;
}

/* Elements that are no references. */
static Elements numbers_at(u8 *start, u32 size_log2) {
  static const ValType types[] = {VAL_I8, VAL_I16, VAL_I32, VAL_I64};
  return (Elements){NULL, start, 0, 1u << size_log2, types[size_log2]};
}

TrapCode wm_helper_fill(Instance *in, u8 *to, u64 value, u64 bytes, u32 size_log2) {
  if (LIKELY(bytes <= UNPOLLED_BYTES)) {
    fill_words(to, pattern_of(value, UINT64_C(1) << size_log2), bytes);
    return TRAP_NONE;
  }
  Elements e = numbers_at(to, size_log2);
  return fill(in->store, &e, 0, (u32)(bytes >> size_log2), &value);
}

TrapCode wm_helper_move(Instance *in, u8 *to, const u8 *from, u64 bytes) {
  if (LIKELY(bytes <= UNPOLLED_BYTES)) return memmove(to, from, (size_t)bytes), TRAP_NONE;
  Elements e = numbers_at(to, 0);
  return move(in->store, &e, to, from, bytes);
}

/* ---- making them ---- */

/* What is not zero is written at once, whatever wasm is told meanwhile: it is not large. */
TrapCode wm_array_new_filled(Store *store, u32 type_id, u32 length, const u64 *value, u64 *result) {
  bool is_zero;
  HeapObject *o = wm_array_new(store, type_id, length, &is_zero);
  if (!o) return TRAP_OUT_OF_MEMORY;
  Elements e = elements_of(store, o);
  u64 copy[2];
  memcpy(copy, value, val_slots(e.type) * sizeof *copy);
  *result = ref_slot(ref_of_object(o));
  if (!is_zero) return fill_piece(e.start, e.type, copy, (u64)length * e.size), TRAP_NONE;
  return is_zero_value(e.type, copy) ? TRAP_NONE : fill(store, &e, 0, length, copy);
}

HeapObject *wm_helper_array_new_zero(Instance *in, u32 type_index, u32 length, u32 size_log2) {
  u64 bytes = array_bytes(length, UINT64_C(1) << size_log2);
  bool is_large = bytes >= LARGE_BYTES, is_zero = false;
  HeapObject *o =
      is_large ? wm_heap_allocate(in->heap, bytes, &is_zero) : heap_allocate(in->heap, bytes);
  if (UNLIKELY(!o)) return NULL;
  *o = (HeapObject){in->heap_words[type_index], length};
  if (!is_zero) memset(o + 1, 0, (size_t)(bytes - OBJECT_HEADER_BYTES));
  return o;
}

/* A number that is known when the code is made: its values are in slots. */
static TrapCode new_fixed(Store *store, const GcInstr *instr, u64 *at) {
  HeapObject *o = wm_array_new(store, instr->type, instr->index2, NULL);
  if (!o) return TRAP_OUT_OF_MEMORY;
  Elements e = elements_of(store, o);
  u32 slots = val_slots(e.type);
  for (u32 i = 0; i < e.length; i++)
    wm_field_write(e.start + (u64)i * e.size, e.type, at + (u64)i * slots);
  *at = ref_slot(ref_of_object(o));
  return TRAP_NONE;
}

/* ---- segments ---- */

static TrapCode copy_data(Instance *in, const Elements *e, u32 to, u32 segment, u32 from,
                          u32 count) {
  u64 bytes = (u64)count * e->size;
  if (!is_within(from, bytes, in->data_lens[segment])) return TRAP_MEMORY_OUT_OF_BOUNDS;
  const Module *m = &in->module->module;
  const u8 *source = m->bytes + m->datas[segment].data_offset + from;
  return move(in->store, e, e->start + (u64)to * e->size, source, bytes);
}

/* An array whose elements are not written yet must not be seen. */
static TrapCode new_data(Instance *in, const GcInstr *instr, u64 *at) {
  u32 from = (u32)at[0], count = (u32)at[1];
  u64 size = val_storage_bytes(gc_type(in->store, instr->type)->fields[0].type);
  if (!is_within(from, count * size, in->data_lens[instr->index2]))
    return TRAP_MEMORY_OUT_OF_BOUNDS;
  HeapObject *o = wm_array_new(in->store, instr->type, count, NULL);
  if (!o) return TRAP_OUT_OF_MEMORY;
  Elements e = elements_of(in->store, o);
  *at = ref_slot(ref_of_object(o));
  return copy_data(in, &e, 0, instr->index2, from, count);
}

static TrapCode copy_elem(Instance *in, const Elements *e, u32 to, u32 segment, u32 from,
                          u32 count) {
  if (!is_within(from, count, in->elem_lens[segment])) return TRAP_TABLE_OUT_OF_BOUNDS;
  Ref *elements = (Ref *)(void *)e->start + to;
  for (u32 done = 0, piece; done < count; done += piece) {
    piece = min_u32(count - done, CARD_ELEMENTS);
    TrapCode stop = poll_before(in->store, piece * sizeof(Ref));
    if (stop) return stop;
    wm_elem_read(in, segment, elements + done, from + done, piece);
    wrote(in->store, e, (const u8 *)(elements + done), piece * sizeof(Ref));
  }
  return TRAP_NONE;
}

static TrapCode new_elem(Instance *in, const GcInstr *instr, u64 *at) {
  u32 from = (u32)at[0], count = (u32)at[1];
  if (!is_within(from, count, in->elem_lens[instr->index2])) return TRAP_TABLE_OUT_OF_BOUNDS;
  bool is_zero;
  HeapObject *o = wm_array_new(in->store, instr->type, count, &is_zero);
  if (!o) return TRAP_OUT_OF_MEMORY;
  Elements e = elements_of(in->store, o);
  if (!is_zero && count) memset(e.start, 0, (size_t)count * e.size);
  *at = ref_slot(ref_of_object(o));
  return copy_elem(in, &e, 0, instr->index2, from, count);
}

/* ---- elements ---- */

static TrapCode get(Store *store, const GcInstr *instr, u64 *at) {
  HeapObject *o = array_of(at[0]);
  if (!o) return TRAP_NULL_ARRAY;
  Elements e = elements_of(store, o);
  u32 index = (u32)at[1];
  if (index >= e.length) return TRAP_ARRAY_OUT_OF_BOUNDS;
  wm_field_read(e.start + (u64)index * e.size, e.type, instr->op == OP_array_get_s, at);
  return TRAP_NONE;
}

static TrapCode set(Store *store, u64 *at) {
  HeapObject *o = array_of(at[0]);
  if (!o) return TRAP_NULL_ARRAY;
  Elements e = elements_of(store, o);
  u32 index = (u32)at[1];
  if (index >= e.length) return TRAP_ARRAY_OUT_OF_BOUNDS;
  u8 *place = heap_at(o, (u64)index * e.size);
  wm_field_set(store, o, place, OBJECT_HEADER_BYTES, e.type, at + 2);
  return TRAP_NONE;
}

static TrapCode len(u64 *at) {
  const HeapObject *o = array_of(at[0]);
  if (!o) return TRAP_NULL_ARRAY;
  *at = o->length;
  return TRAP_NONE;
}

/* array, index, value, count */
static TrapCode array_fill(Store *store, u64 *at) {
  HeapObject *o = array_of(at[0]);
  if (!o) return TRAP_NULL_ARRAY;
  Elements e = elements_of(store, o);
  u32 from = (u32)at[1], count = (u32)at[2 + val_slots(e.type)];
  if (!is_within(from, count, e.length)) return TRAP_ARRAY_OUT_OF_BOUNDS;
  return fill(store, &e, from, count, at + 2);
}

/* Elements of both lie alike: validation has seen to it. */
TrapCode wm_array_copy(Store *store, HeapObject *to, u32 at, HeapObject *from, u32 source,
                       u32 count) {
  if (!to || !from) return TRAP_NULL_ARRAY;
  if (!is_within(at, count, to->length) || !is_within(source, count, from->length))
    return TRAP_ARRAY_OUT_OF_BOUNDS;
  Elements e = elements_of(store, to);
  const u8 *first = heap_at(from, OBJECT_HEADER_BYTES);
  return move(store, &e, e.start + (u64)at * e.size, first + (u64)source * e.size,
              (u64)count * e.size);
}

/* array, index, array, index, count */
static TrapCode array_copy(Store *store, const u64 *at) {
  return wm_array_copy(store, array_of(at[0]), (u32)at[1], array_of(at[2]), (u32)at[3], (u32)at[4]);
}

/* array, index, index in the segment, count */
static TrapCode array_init(Instance *in, const GcInstr *instr, u64 *at) {
  HeapObject *o = array_of(at[0]);
  if (!o) return TRAP_NULL_ARRAY;
  Elements e = elements_of(in->store, o);
  u32 to = (u32)at[1], from = (u32)at[2], count = (u32)at[3];
  if (!is_within(to, count, e.length)) return TRAP_ARRAY_OUT_OF_BOUNDS;
  return instr->op == OP_array_init_data ? copy_data(in, &e, to, instr->index2, from, count)
                                         : copy_elem(in, &e, to, instr->index2, from, count);
}

TrapCode wm_gc_array(Store *store, Instance *in, const GcInstr *instr, u64 *at) {
  static const u64 zero[2] = {0, 0};
  switch (instr->op) {
  case OP_array_new: {
    u32 slots = val_slots(gc_type(store, instr->type)->fields[0].type);
    return wm_array_new_filled(store, instr->type, (u32)at[slots], at, at);
  }
  case OP_array_new_default: return wm_array_new_filled(store, instr->type, (u32)*at, zero, at);
  case OP_array_new_fixed: return new_fixed(store, instr, at);
  case OP_array_new_data: return new_data(in, instr, at);
  case OP_array_new_elem: return new_elem(in, instr, at);
  case OP_array_get:
  case OP_array_get_s:
  case OP_array_get_u: return get(store, instr, at);
  case OP_array_set: return set(store, at);
  case OP_array_len: return len(at);
  case OP_array_fill: return array_fill(store, at);
  case OP_array_copy: return array_copy(store, at);
  default: return array_init(in, instr, at);
  }
}
