/* Values of the call's form (cm_form.h) into a guest's memory and slots. Memory may grow and move
 * whenever realloc is called: addresses are looked up anew after it. */
#include "component/cm_form.h"

static bool lower_scalar(const Side *side, const Type *type, const void *from, u64 *bits) {
  if (type_is_plain(type)) {
    *bits = plain_bits(side->call, type, from);
    return true;
  }
  u32 index;
  wasmcm_handle_t handle = get_handle(side->call, from);
  if (!wm_handle_lower(side, type, &handle, &index)) return false;
  *bits = index;
  return true;
}

static void store(const Side *side, u32 ptr, u64 bits, u32 size) {
  store_bits(side_at(side, ptr), size, bits);
}

/* ---- lists and strings ---- */

static bool lower_elements(const Side *side, const Type *element, const Sequence *from, u32 ptr) {
  const u8 *data = from->data;
  u32 step = form_size(side->call, element);
  for (size_t i = 0; i < from->count; i++)
    if (!wm_lower_memory(side, element, data + i * step, ptr + (u32)i * element->size))
      return false;
  return true;
}

static bool lower_list(const Side *side, const Type *type, const void *list, u32 *ptr, u32 *count) {
  const Type *element = type->of[0];
  Sequence from = get_sequence(side->call, list);
  if (from.count > MAX_SEQUENCE_BYTES / element->size)
    return wm_call_fail(side->call, "list content out-of-bounds: too long");
  u64 size = (u64)from.count * element->size;
  if (!wm_side_realloc(side, 0, 0, element->align, size, "list", ptr)) return false;
  *count = (u32)from.count;
  if (!copies_whole(side->call, element)) return lower_elements(side, element, &from, *ptr);
  if (size) memcpy(side_at(side, *ptr), from.data, size);
  return true;
}

static bool lower_sequence(const Side *side, const Type *type, const void *from, u32 *ptr,
                           u32 *count) {
  if (type->kind == TYPE_LIST) return lower_list(side, type, from, ptr, count);
  CodedText text = get_text(side->call, from);
  return wm_string_lower(side, &text, ptr, count);
}

static bool lower_words(const Side *side, const Type *type, const void *from, u32 ptr) {
  u32 data, count;
  if (!lower_sequence(side, type, from, &data, &count)) return false;
  store(side, ptr, data | (u64)count << 32, 8);
  return true;
}

/* ---- memory ---- */

bool wm_lower_fields(const Side *side, const Type *type, const void *fields, u32 ptr) {
  const u8 *from = fields;
  u32 at = 0;
  for (u32 i = 0; i < type->count; i++) {
    const Type *field = type->of[i];
    ptr = align_up(ptr, field->align);
    at = align_up(at, form_align(side->call, field));
    if (!wm_lower_memory(side, field, from + at, ptr)) return false;
    ptr += field->size;
    at += form_size(side->call, field);
  }
  return true;
}

static bool lower_case(const Side *side, const Type *type, const void *from, u32 ptr) {
  u32 index = get_case(side->call, type, from);
  store(side, ptr, index, discriminant_bytes(type->count));
  const Type *payload = type->of ? type->of[index] : NULL;
  return !payload ||
         wm_lower_memory(side, payload, payload_of(side->call, type, from), ptr + type->payload);
}

bool wm_lower_memory(const Side *side, const Type *type, const void *from, u32 ptr) {
  u64 bits;
  switch ((TypeKind)type->kind) {
  case TYPE_RECORD:
  case TYPE_TUPLE: return wm_lower_fields(side, type, fields_of(side->call, from), ptr);
  case TYPE_STRING:
  case TYPE_LIST: return lower_words(side, type, from, ptr);
  case TYPE_VARIANT:
  case TYPE_ENUM:
  case TYPE_OPTION:
  case TYPE_RESULT: return lower_case(side, type, from, ptr);
  default:
    if (!lower_scalar(side, type, from, &bits)) return false;
    store(side, ptr, bits, type->size);
    return true;
  }
}

/* ---- slots ---- */

bool wm_lower_flat_fields(const Side *side, const Type *type, const void *fields, Slot *slots) {
  const u8 *from = fields;
  u32 at = 0;
  for (u32 i = 0; i < type->count; i++) {
    const Type *field = type->of[i];
    at = align_up(at, form_align(side->call, field));
    if (type_is_plain(field))
      slots->u64 = plain_bits(side->call, field, from + at);
    else if (!wm_lower_flat(side, field, from + at, slots))
      return false;
    slots += field->flat_count;
    at += form_size(side->call, field);
  }
  return true;
}

static bool lower_flat_case(const Side *side, const Type *type, const void *from, Slot *slots) {
  u32 index = get_case(side->call, type, from);
  memset(slots, 0, type->flat_count * sizeof *slots);
  slots[0].u64 = index;
  const Type *payload = type->of ? type->of[index] : NULL;
  return !payload || wm_lower_flat(side, payload, payload_of(side->call, type, from), slots + 1);
}

bool wm_lower_flat(const Side *side, const Type *type, const void *from, Slot *slots) {
  u32 sequence[2];
  if (is_product(type)) return wm_lower_flat_fields(side, type, fields_of(side->call, from), slots);
  if (is_scalar(type)) return lower_scalar(side, type, from, &slots->u64);
  if (type->kind != TYPE_STRING && type->kind != TYPE_LIST)
    return lower_flat_case(side, type, from, slots);
  if (!lower_sequence(side, type, from, &sequence[0], &sequence[1])) return false;
  slots[0].u64 = sequence[0];
  slots[1].u64 = sequence[1];
  return true;
}
