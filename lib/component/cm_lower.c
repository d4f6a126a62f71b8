/* Values into a guest's memory and slots. Memory may grow and move whenever realloc is called:
 * addresses are looked up anew after it. */
#include "component/cm_call.h"

static bool lower_scalar(const Side *side, const Type *type, const Val *val, u64 *bits) {
  u32 index;
  if (type_is_plain(type)) {
    *bits = plain_bits(type, val);
    return true;
  }
  if (!wm_handle_lower(side, type, val, &index)) return false;
  *bits = index;
  return true;
}

/* ---- lists and strings ---- */

static bool lower_elements(const Side *side, const Type *element, const Val *val, u32 ptr) {
  for (size_t i = 0; i < val->of.items.count; i++)
    if (!wm_lower_memory(side, element, &val->of.items.data[i], ptr + (u32)i * element->size))
      return false;
  return true;
}

static bool lower_list(const Side *side, const Type *type, const Val *val, u32 *ptr, u32 *count) {
  const Type *element = type->of[0];
  bool numbers = is_number(element);
  u64 length = numbers ? val->of.numbers.count : val->of.items.count;
  if (length > MAX_SEQUENCE_BYTES / element->size)
    return wm_call_fail(side->call, "list content out-of-bounds: too long");
  u64 size = length * element->size;
  if (!wm_side_realloc(side, 0, 0, element->align, size, "list", ptr)) return false;
  *count = (u32)length;
  if (!numbers) return lower_elements(side, element, val, *ptr);
  if (size) memcpy(side_at(side, *ptr), val->of.numbers.data, size);
  return true;
}

static bool lower_sequence(const Side *side, const Type *type, const Val *val, u32 *ptr,
                           u32 *count) {
  return type->kind == TYPE_STRING ? wm_string_lower(side, val, ptr, count)
                                   : lower_list(side, type, val, ptr, count);
}

/* ---- memory ---- */

static void store(const Side *side, u32 ptr, u64 bits, u32 size) {
  memcpy(side_at(side, ptr), &bits, size);
}

static bool lower_fields(const Side *side, const Type *type, const Val *val, u32 ptr) {
  for (u32 i = 0; i < type->count; i++) {
    const Type *field = type->of[i];
    ptr = align_up(ptr, field->align);
    if (!wm_lower_memory(side, field, &val->of.items.data[i], ptr)) return false;
    ptr += field->size;
  }
  return true;
}

static bool lower_case(const Side *side, const Type *type, const Val *val, u32 ptr) {
  u32 index = val->of.variant.index;
  store(side, ptr, index, discriminant_bytes(type->count));
  const Type *payload = type->of ? type->of[index] : NULL;
  return !payload || wm_lower_memory(side, payload, val->of.variant.payload, ptr + type->payload);
}

bool wm_lower_memory(const Side *side, const Type *type, const Val *val, u32 ptr) {
  u64 bits;
  u32 at, count;
  switch ((TypeKind)type->kind) {
  case TYPE_RECORD:
  case TYPE_TUPLE: return lower_fields(side, type, val, ptr);
  case TYPE_STRING:
  case TYPE_LIST:
    if (!lower_sequence(side, type, val, &at, &count)) return false;
    store(side, ptr, at | (u64)count << 32, 8);
    return true;
  case TYPE_VARIANT:
  case TYPE_ENUM:
  case TYPE_OPTION:
  case TYPE_RESULT: return lower_case(side, type, val, ptr);
  default:
    if (!lower_scalar(side, type, val, &bits)) return false;
    store(side, ptr, bits, type->size);
    return true;
  }
}

/* ---- slots ---- */

static bool lower_flat_fields(const Side *side, const Type *type, const Val *val, Slot *slots) {
  for (u32 i = 0; i < type->count; i++) {
    const Type *field = type->of[i];
    const Val *item = &val->of.items.data[i];
    if (type_is_plain(field))
      slots->u64 = plain_bits(field, item);
    else if (!wm_lower_flat(side, field, item, slots))
      return false;
    slots += field->flat_count;
  }
  return true;
}

static bool lower_flat_case(const Side *side, const Type *type, const Val *val, Slot *slots) {
  u32 index = val->of.variant.index;
  memset(slots, 0, type->flat_count * sizeof *slots);
  slots[0].u64 = index;
  const Type *payload = type->of ? type->of[index] : NULL;
  return !payload || wm_lower_flat(side, payload, val->of.variant.payload, slots + 1);
}

bool wm_lower_flat(const Side *side, const Type *type, const Val *val, Slot *slots) {
  u32 ptr, count;
  switch ((TypeKind)type->kind) {
  case TYPE_RECORD:
  case TYPE_TUPLE: return lower_flat_fields(side, type, val, slots);
  case TYPE_STRING:
  case TYPE_LIST:
    if (!lower_sequence(side, type, val, &ptr, &count)) return false;
    slots[0].u64 = ptr;
    slots[1].u64 = count;
    return true;
  case TYPE_VARIANT:
  case TYPE_ENUM:
  case TYPE_OPTION:
  case TYPE_RESULT: return lower_flat_case(side, type, val, slots);
  default: return lower_scalar(side, type, val, &slots->u64);
  }
}
