/* Values out of a guest's memory and slots. Each byte is read once, at an address that was checked
 * against the memory's size just then. */
#include "component/cm_call.h"

static bool lift_char(const Side *side, u32 code, Val *val) {
  if (code >= 0x110000 || (code >= 0xd800 && code <= 0xdfff))
    return wm_call_fail(side->call, "invalid `char` bit pattern");
  val->of.character = code;
  return true;
}

static i64 sign_extended(u64 bits, u32 width) {
  return (i64)(bits << (64 - width)) >> (64 - width);
}

/* A scalar from the bits that it takes in memory or in a slot. */
static bool lift_scalar(const Side *side, const Type *type, u64 bits, Val *val) {
  switch ((TypeKind)type->kind) {
  case TYPE_BOOL: val->of.boolean = (u32)bits != 0; return true;
  case TYPE_S8: val->of.s64 = sign_extended(bits, 8); return true;
  case TYPE_U8: val->of.u64 = (u8)bits; return true;
  case TYPE_S16: val->of.s64 = sign_extended(bits, 16); return true;
  case TYPE_U16: val->of.u64 = (u16)bits; return true;
  case TYPE_S32: val->of.s64 = sign_extended(bits, 32); return true;
  case TYPE_U32: val->of.u64 = (u32)bits; return true;
  case TYPE_F32: val->of.f32 = f32_of_bits((u32)bits); return true;
  case TYPE_CHAR: return lift_char(side, (u32)bits, val);
  case TYPE_FLAGS:
    val->of.flags = (u32)bits & (type->count == 32 ? UINT32_MAX : (1u << type->count) - 1);
    return true;
  case TYPE_OWN:
  case TYPE_BORROW: return wm_handle_lift(side, type, (u32)bits, val);
  default: val->of.u64 = bits; return true;
  }
}

static bool is_scalar(const Type *type) {
  return type->kind <= TYPE_CHAR || type->kind == TYPE_FLAGS || type->kind == TYPE_OWN ||
         type->kind == TYPE_BORROW;
}

static bool is_product(const Type *type) {
  return type->kind == TYPE_RECORD || type->kind == TYPE_TUPLE;
}

static bool new_items(const Side *side, u64 count, Val *val) {
  val->of.items.data = wm_call_alloc(side->call, count * sizeof(Val));
  val->of.items.count = count;
  return val->of.items.data != NULL;
}

/* ---- lists ---- */

static bool lift_numbers(const Side *side, const u8 *bytes, u64 size, u32 count, Val *val) {
  void *copy = wm_call_alloc(side->call, size);
  if (!copy) return false;
  if (size) memcpy(copy, bytes, size);
  val->of.numbers.data = copy;
  val->of.numbers.count = count;
  return true;
}

static bool lift_list(const Side *side, const Type *type, u32 ptr, u32 count, Val *val) {
  const Type *element = type->of[0];
  u64 size = (u64)count * element->size;
  const u8 *bytes = wm_side_bytes(side, ptr, size, element->align, "list");
  if (!bytes) return false;
  if (is_number(element)) return lift_numbers(side, bytes, size, count, val);
  if (!new_items(side, count, val)) return false;
  for (u32 i = 0; i < count; i++)
    if (!wm_lift_memory(side, element, ptr + i * element->size, &val->of.items.data[i]))
      return false;
  return true;
}

/* ---- variants ---- */

/* Sets the case; *payload is its type or NULL. */
static bool begin_case(const Side *side, const Type *type, u32 index, Val *val,
                       const Type **payload) {
  if (index >= type->count)
    return wm_call_fail(side->call,
                        "invalid variant discriminant: discriminant %u out of range [0..%u)", index,
                        type->count);
  *payload = type->of ? type->of[index] : NULL;
  val->of.variant.index = index;
  val->of.variant.payload = *payload ? wm_call_alloc(side->call, sizeof(Val)) : NULL;
  return !*payload || val->of.variant.payload;
}

/* ---- memory ---- */

static u64 read_bits(const u8 *bytes, u32 size) {
  u64 bits = 0;
  memcpy(&bits, bytes, size);
  return bits;
}

static bool lift_fields(const Side *side, const Type *type, u32 ptr, Val *val) {
  if (!new_items(side, type->count, val)) return false;
  for (u32 i = 0; i < type->count; i++) {
    const Type *field = type->of[i];
    ptr = align_up(ptr, field->align);
    if (!wm_lift_memory(side, field, ptr, &val->of.items.data[i])) return false;
    ptr += field->size;
  }
  return true;
}

static bool lift_sequence(const Side *side, const Type *type, u32 ptr, u32 count, Val *val) {
  return type->kind == TYPE_STRING ? wm_string_lift(side, ptr, count, val)
                                   : lift_list(side, type, ptr, count, val);
}

bool wm_lift_memory(const Side *side, const Type *type, u32 ptr, Val *val) {
  *val = (Val){.kind = type->kind};
  if (is_product(type)) return lift_fields(side, type, ptr, val);
  const u8 *bytes = wm_side_bytes(side, ptr, type->size, type->align, "value");
  if (!bytes) return false;
  if (is_scalar(type)) return lift_scalar(side, type, read_bits(bytes, type->size), val);
  if (type->kind == TYPE_STRING || type->kind == TYPE_LIST)
    return lift_sequence(side, type, load_u32(bytes), load_u32(bytes + 4), val);
  const Type *payload = NULL;
  u32 index = (u32)read_bits(bytes, discriminant_bytes(type->count));
  if (!begin_case(side, type, index, val, &payload)) return false;
  return !payload || wm_lift_memory(side, payload, ptr + type->payload, val->of.variant.payload);
}

/* ---- slots: those of a variant's payload may be wider than its own, with zeros above ---- */

static bool lift_flat_fields(const Side *side, const Type *type, const Slot *slots, Val *val) {
  if (!new_items(side, type->count, val)) return false;
  for (u32 i = 0; i < type->count; i++) {
    if (!wm_lift_flat(side, type->of[i], slots, &val->of.items.data[i])) return false;
    slots += type->of[i]->flat_count;
  }
  return true;
}

bool wm_lift_flat(const Side *side, const Type *type, const Slot *slots, Val *val) {
  *val = (Val){.kind = type->kind};
  if (is_product(type)) return lift_flat_fields(side, type, slots, val);
  if (is_scalar(type)) return lift_scalar(side, type, slots->u64, val);
  if (type->kind == TYPE_STRING || type->kind == TYPE_LIST)
    return lift_sequence(side, type, slots[0].u32, slots[1].u32, val);
  const Type *payload = NULL;
  if (!begin_case(side, type, slots[0].u32, val, &payload)) return false;
  return !payload || wm_lift_flat(side, payload, slots + 1, val->of.variant.payload);
}
