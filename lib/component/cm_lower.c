/* Values into a guest's memory and slots. Memory may grow and move its end whenever realloc is
 * called: addresses are checked anew after it. */
#include "component/cm_call.h"

static u64 bits_of_scalar(const Type *type, const Val *val) {
  switch ((TypeKind)type->kind) {
  case TYPE_BOOL: return val->of.boolean;
  case TYPE_F32: return bits_of_f32(val->of.f32);
  case TYPE_CHAR: return val->of.character;
  case TYPE_FLAGS: return val->of.flags;
  case TYPE_S64:
  case TYPE_U64:
  case TYPE_F64: return val->of.u64;
  default: return (u32)val->of.u64;
  }
}

static bool lower_scalar(const Side *side, const Type *type, const Val *val, u64 *bits) {
  if (type->kind != TYPE_OWN && type->kind != TYPE_BORROW) {
    *bits = bits_of_scalar(type, val);
    return true;
  }
  u32 index;
  if (!wm_handle_lower(side, type, val, &index)) return false;
  *bits = index;
  return true;
}

static bool is_scalar(const Type *type) {
  return type->kind <= TYPE_CHAR || type->kind == TYPE_FLAGS || type->kind == TYPE_OWN ||
         type->kind == TYPE_BORROW;
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
  u8 *bytes = wm_side_bytes(side, *ptr, size, element->align, "list");
  if (bytes && size) memcpy(bytes, val->of.numbers.data, size);
  return bytes != NULL;
}

static bool lower_sequence(const Side *side, const Type *type, const Val *val, u32 *ptr,
                           u32 *count) {
  return type->kind == TYPE_STRING ? wm_string_lower(side, val, ptr, count)
                                   : lower_list(side, type, val, ptr, count);
}

/* ---- memory ---- */

static bool store(const Side *side, u32 ptr, const void *from, u32 size) {
  u8 *bytes = wm_side_bytes(side, ptr, size, 1, "value");
  if (bytes) memcpy(bytes, from, size);
  return bytes != NULL;
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
  if (!store(side, ptr, &index, discriminant_bytes(type->count))) return false;
  const Type *payload = type->of ? type->of[index] : NULL;
  return !payload || wm_lower_memory(side, payload, val->of.variant.payload, ptr + type->payload);
}

bool wm_lower_memory(const Side *side, const Type *type, const Val *val, u32 ptr) {
  u64 bits;
  u32 sequence[2];
  switch ((TypeKind)type->kind) {
  case TYPE_RECORD:
  case TYPE_TUPLE: return lower_fields(side, type, val, ptr);
  case TYPE_STRING:
  case TYPE_LIST:
    return lower_sequence(side, type, val, &sequence[0], &sequence[1]) &&
           store(side, ptr, sequence, sizeof sequence);
  case TYPE_VARIANT:
  case TYPE_ENUM:
  case TYPE_OPTION:
  case TYPE_RESULT: return lower_case(side, type, val, ptr);
  default: return lower_scalar(side, type, val, &bits) && store(side, ptr, &bits, type->size);
  }
}

/* ---- slots ---- */

static bool lower_flat_fields(const Side *side, const Type *type, const Val *val, Slot *slots) {
  for (u32 i = 0; i < type->count; i++) {
    if (!wm_lower_flat(side, type->of[i], &val->of.items.data[i], slots)) return false;
    slots += type->of[i]->flat_count;
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
  u32 sequence[2];
  if (type->kind == TYPE_RECORD || type->kind == TYPE_TUPLE)
    return lower_flat_fields(side, type, val, slots);
  if (is_scalar(type)) return lower_scalar(side, type, val, &slots->u64);
  if (type->kind != TYPE_STRING && type->kind != TYPE_LIST)
    return lower_flat_case(side, type, val, slots);
  if (!lower_sequence(side, type, val, &sequence[0], &sequence[1])) return false;
  slots[0].u64 = sequence[0];
  slots[1].u64 = sequence[1];
  return true;
}
