/* Values out of a guest's memory and slots. Each byte is read once. What is in memory was checked
 * against its size as a whole, and aligned: no guest runs until all of it is lifted. */
#include "component/cm_call.h"

static bool lift_char(Call *call, u32 code, Val *val) {
  if (code >= 0x110000 || (code >= 0xd800 && code <= 0xdfff))
    return wm_call_fail(call, "invalid `char` bit pattern");
  val->of.character = code;
  return true;
}

static i64 sign_extended(u64 bits, u32 width) {
  return (i64)(bits << (64 - width)) >> (64 - width);
}

bool wm_lift_plain(Call *call, const Type *type, u64 bits, Val *val) {
  val->kind = type->kind;
  switch ((TypeKind)type->kind) {
  case TYPE_BOOL: val->of.boolean = (u32)bits != 0; return true;
  case TYPE_S8: val->of.s64 = sign_extended(bits, 8); return true;
  case TYPE_U8: val->of.u64 = (u8)bits; return true;
  case TYPE_S16: val->of.s64 = sign_extended(bits, 16); return true;
  case TYPE_U16: val->of.u64 = (u16)bits; return true;
  case TYPE_S32: val->of.s64 = sign_extended(bits, 32); return true;
  case TYPE_U32: val->of.u64 = (u32)bits; return true;
  case TYPE_F32: val->of.f32 = f32_of_bits((u32)bits); return true;
  case TYPE_CHAR: return lift_char(call, (u32)bits, val);
  case TYPE_FLAGS:
    val->of.flags = (u32)bits & (type->count == 32 ? UINT32_MAX : (1u << type->count) - 1);
    return true;
  default: val->of.u64 = bits; return true;
  }
}

/* From the bits that it takes in memory or in a slot. */
static bool lift_scalar(const Side *side, const Type *type, u64 bits, Val *val) {
  if (type_is_plain(type)) return wm_lift_plain(side->call, type, bits, val);
  return wm_handle_lift(side, type, (u32)bits, val);
}

static bool is_scalar(const Type *type) {
  return type_is_plain(type) || type->kind == TYPE_OWN || type->kind == TYPE_BORROW;
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
  val->of.numbers.data = wm_side_keep(side, bytes, size);
  val->of.numbers.count = count;
  return val->of.numbers.data != NULL;
}

static bool lift_list(const Side *side, const Type *type, u32 ptr, u32 count, Val *val) {
  const Type *element = type->of[0];
  u64 size = (u64)count * element->size;
  const u8 *bytes = wm_side_bytes(side, ptr, size, element->align, "list");
  if (!bytes) return false;
  if (is_number(element)) return lift_numbers(side, bytes, size, count, val);
  if (!new_items(side, count, val)) return false;
  for (u32 i = 0; i < count; i++)
    if (!wm_lift_memory(side, element, bytes + (size_t)i * element->size, &val->of.items.data[i]))
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

static bool lift_fields(const Side *side, const Type *type, const u8 *at, Val *val) {
  u32 offset = 0;
  if (!new_items(side, type->count, val)) return false;
  for (u32 i = 0; i < type->count; i++) {
    const Type *field = type->of[i];
    offset = align_up(offset, field->align);
    if (!wm_lift_memory(side, field, at + offset, &val->of.items.data[i])) return false;
    offset += field->size;
  }
  return true;
}

static bool lift_sequence(const Side *side, const Type *type, u32 ptr, u32 count, Val *val) {
  return type->kind == TYPE_STRING ? wm_string_lift(side, ptr, count, val)
                                   : lift_list(side, type, ptr, count, val);
}

bool wm_lift_memory(const Side *side, const Type *type, const u8 *at, Val *val) {
  *val = (Val){.kind = type->kind};
  if (is_product(type)) return lift_fields(side, type, at, val);
  if (is_scalar(type)) return lift_scalar(side, type, read_bits(at, type->size), val);
  if (type->kind == TYPE_STRING || type->kind == TYPE_LIST)
    return lift_sequence(side, type, load_u32(at), load_u32(at + 4), val);
  const Type *payload = NULL;
  u32 index = (u32)read_bits(at, discriminant_bytes(type->count));
  if (!begin_case(side, type, index, val, &payload)) return false;
  return !payload || wm_lift_memory(side, payload, at + type->payload, val->of.variant.payload);
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
