/* Values out of a guest's memory and slots, in the form of the call (cm_form.h). Each byte is read
 * once. What is in memory was checked against its size as a whole, and aligned: no guest runs until
 * all of it is lifted. */
#include "component/cm_form.h"

static bool check_char(Call *call, u32 code) {
  return is_scalar_value(code) || wm_call_fail(call, "invalid `char` bit pattern");
}

bool wm_lift_plain(Call *call, const Type *type, u64 bits, void *to) {
  switch ((TypeKind)type->kind) {
  case TYPE_BOOL: bits = (u32)bits != 0; break;
  case TYPE_S8: bits = sign_extended(bits, 8); break;
  case TYPE_U8: bits = (u8)bits; break;
  case TYPE_S16: bits = sign_extended(bits, 16); break;
  case TYPE_U16: bits = (u16)bits; break;
  case TYPE_S32: bits = sign_extended(bits, 32); break;
  case TYPE_U32:
  case TYPE_F32: bits = (u32)bits; break;
  case TYPE_CHAR:
    if (!check_char(call, (u32)bits)) return false;
    bits = (u32)bits;
    break;
  case TYPE_FLAGS: bits &= UINT64_MAX >> (64 - type->count); break;
  default: break;
  }
  put_plain(call, type, to, bits);
  return true;
}

static bool lift_handle(const Side *side, const Type *type, u32 index, void *to) {
  wasmcm_handle_t handle;
  if (!wm_handle_lift(side, type, index, &handle)) return false;
  put_handle(side->call, to, handle);
  return true;
}

/* Every value begins so. */
static void begin(const Call *call, const Type *type, void *to) {
  if (!call->structs) *(Val *)to = (Val){.kind = type->kind};
}

/* From the bits that it takes in memory or in a slot. */
static bool lift_scalar(const Side *side, const Type *type, u64 bits, void *to) {
  return type_is_plain(type) ? wm_lift_plain(side->call, type, bits, to)
                             : lift_handle(side, type, (u32)bits, to);
}

/* Where the elements go, or a value's items. */
static u8 *new_sequence(const Side *side, u64 count, u64 size, void *to) {
  u8 *data = wm_call_alloc(side->call, count * size);
  if (data) put_sequence(side->call, to, data, count);
  return data;
}

static void *begin_fields(const Side *side, const Type *type, void *to) {
  return side->call->structs ? to : new_sequence(side, type->count, sizeof(Val), to);
}

/* ---- lists and strings ---- */

static bool lift_whole(const Side *side, const u8 *bytes, u64 size, u32 count, void *to) {
  const void *data = wm_side_keep(side, bytes, size);
  if (data) put_sequence(side->call, to, data, count);
  return data != NULL;
}

static bool lift_list(const Side *side, const Type *type, u32 ptr, u32 count, void *to) {
  const Type *element = type->of[0];
  u64 size = (u64)count * element->size;
  const u8 *bytes = wm_side_bytes(side, ptr, size, element->align, "list");
  if (!bytes) return false;
  if (copies_whole(side->call, element)) return lift_whole(side, bytes, size, count, to);
  u32 step = form_size(side->call, element);
  u8 *data = new_sequence(side, count, step, to);
  if (!data) return false;
  for (u32 i = 0; i < count; i++)
    if (!wm_lift_memory(side, element, bytes + (size_t)i * element->size, data + (size_t)i * step))
      return false;
  return true;
}

static bool lift_sequence(const Side *side, const Type *type, u32 ptr, u32 count, void *to) {
  CodedText text;
  if (type->kind == TYPE_LIST) return lift_list(side, type, ptr, count, to);
  if (!wm_string_lift(side, ptr, count, &text)) return false;
  put_text(side->call, to, &text);
  return true;
}

/* ---- variants ---- */

/* Sets the case; *payload is its type or NULL. */
static bool begin_case(const Side *side, const Type *type, u32 index, void *to,
                       const Type **payload) {
  const Call *call = side->call;
  if (index >= type->count)
    return wm_call_fail(side->call,
                        "invalid variant discriminant: discriminant %u out of range [0..%u)", index,
                        type->count);
  *payload = type->of ? type->of[index] : NULL;
  if (call->structs) {
    store_bits(to, discriminant_bytes(type->count), index);
    return true;
  }
  Val *val = to;
  val->of.variant.index = index;
  val->of.variant.payload = *payload ? wm_call_alloc(side->call, sizeof(Val)) : NULL;
  return !*payload || val->of.variant.payload;
}

static void *payload_at(const Side *side, const Type *type, void *to) {
  return (void *)(uintptr_t)payload_of(side->call, type, to);
}

/* ---- memory ---- */

bool wm_lift_fields(const Side *side, const Type *type, const u8 *from, void *fields) {
  u8 *to = fields;
  u32 offset = 0, at = 0;
  for (u32 i = 0; i < type->count; i++) {
    const Type *field = type->of[i];
    offset = align_up(offset, field->align);
    at = align_up(at, form_align(side->call, field));
    if (!wm_lift_memory(side, field, from + offset, to + at)) return false;
    offset += field->size;
    at += form_size(side->call, field);
  }
  return true;
}

static bool lift_product(const Side *side, const Type *type, const u8 *from, void *to) {
  void *fields = begin_fields(side, type, to);
  return fields && wm_lift_fields(side, type, from, fields);
}

bool wm_lift_memory(const Side *side, const Type *type, const u8 *at, void *to) {
  begin(side->call, type, to);
  if (is_product(type)) return lift_product(side, type, at, to);
  if (is_scalar(type)) return lift_scalar(side, type, load_bits(at, type->size), to);
  if (type->kind == TYPE_STRING || type->kind == TYPE_LIST)
    return lift_sequence(side, type, load_u32(at), load_u32(at + 4), to);
  const Type *payload = NULL;
  u32 index = (u32)load_bits(at, discriminant_bytes(type->count));
  if (!begin_case(side, type, index, to, &payload)) return false;
  return !payload || wm_lift_memory(side, payload, at + type->payload, payload_at(side, type, to));
}

/* ---- slots: those of a variant's payload may be wider than its own, with zeros above ---- */

bool wm_lift_flat_fields(const Side *side, const Type *type, const Slot *slots, void *fields) {
  u8 *to = fields;
  u32 at = 0;
  for (u32 i = 0; i < type->count; i++) {
    const Type *field = type->of[i];
    at = align_up(at, form_align(side->call, field));
    bool good = type_is_plain(field) ? wm_lift_plain(side->call, field, slots->u64, to + at)
                                     : wm_lift_flat(side, field, slots, to + at);
    if (!good) return false;
    slots += field->flat_count;
    at += form_size(side->call, field);
  }
  return true;
}

static bool lift_flat_product(const Side *side, const Type *type, const Slot *slots, void *to) {
  void *fields = begin_fields(side, type, to);
  return fields && wm_lift_flat_fields(side, type, slots, fields);
}

bool wm_lift_flat(const Side *side, const Type *type, const Slot *slots, void *to) {
  begin(side->call, type, to);
  if (is_product(type)) return lift_flat_product(side, type, slots, to);
  if (is_scalar(type)) return lift_scalar(side, type, slots->u64, to);
  if (type->kind == TYPE_STRING || type->kind == TYPE_LIST)
    return lift_sequence(side, type, slots[0].u32, slots[1].u32, to);
  const Type *payload = NULL;
  if (!begin_case(side, type, slots[0].u32, to, &payload)) return false;
  return !payload || wm_lift_flat(side, payload, slots + 1, payload_at(side, type, to));
}
