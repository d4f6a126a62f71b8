/* What a value type takes: bytes and alignment in linear memory, and slots when it is passed flat
 * (CanonicalABI.md, "Element Size", "Flattening"). */
#include "component/cm_layout.h"

static void add_flat(Type *t, CoreVal val) {
  if (t->flat_count < MAX_FLAT)
    t->flat[t->flat_count++] = val;
  else
    t->flat_count = MANY_FLAT;
}

static void add_flat_of(Type *t, const Type *part) {
  if (part->flat_count > MAX_FLAT) t->flat_count = MANY_FLAT;
  for (u32 i = 0; i < part->flat_count && t->flat_count <= MAX_FLAT; i++)
    add_flat(t, part->flat[i]);
}

static bool set_size(Type *t, u64 size) {
  t->size = (u32)min_u64(size, MAX_VALUE_BYTES);
  return size < MAX_VALUE_BYTES;
}

static bool lay_out_record(Type *t) {
  u64 size = 0;
  for (u32 i = 0; i < t->count; i++) {
    const Type *field = t->of[i];
    size = ((size + field->align - 1) & ~(u64)(field->align - 1)) + field->size;
    t->align = max_u32(t->align, field->align);
    add_flat_of(t, field);
  }
  return set_size(t, (size + t->align - 1) & ~(u64)(t->align - 1));
}

static CoreVal join(CoreVal a, CoreVal b) {
  if (a == b) return a;
  bool is_32 = (a == CORE_I32 || a == CORE_F32) && (b == CORE_I32 || b == CORE_F32);
  return is_32 ? CORE_I32 : CORE_I64;
}

/* A case's slots lie over those of the others. */
static void join_case(Type *t, const Type *payload) {
  if (payload->flat_count >= MAX_FLAT) t->flat_count = MANY_FLAT;
  for (u32 i = 0; i < payload->flat_count && t->flat_count <= MAX_FLAT; i++) {
    if (i + 1 < t->flat_count)
      t->flat[i + 1] = join(t->flat[i + 1], payload->flat[i]);
    else
      add_flat(t, payload->flat[i]);
  }
}

static bool lay_out_variant(Type *t) {
  u32 most = 0, align = 1, tag = discriminant_bytes(t->count);
  add_flat(t, CORE_I32);
  for (u32 i = 0; i < t->count; i++) {
    const Type *payload = t->of ? t->of[i] : NULL;
    if (!payload) continue;
    most = max_u32(most, payload->size);
    align = max_u32(align, payload->align);
    join_case(t, payload);
  }
  t->payload = align_up(tag, align);
  t->align = max_u32(tag, align);
  u64 size = (u64)t->payload + most;
  return set_size(t, (size + t->align - 1) & ~(u64)(t->align - 1));
}

static void lay_out_scalar(Type *t, u32 size, CoreVal val) {
  t->size = t->align = size;
  add_flat(t, val);
}

static void lay_out_primitive(Type *t) {
  static const u8 sizes[] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 4};
  CoreVal val = t->kind == TYPE_F32                          ? CORE_F32
                : t->kind == TYPE_F64                        ? CORE_F64
                : t->kind == TYPE_S64 || t->kind == TYPE_U64 ? CORE_I64
                                                             : CORE_I32;
  lay_out_scalar(t, sizes[t->kind], val);
}

static bool lay_out_sequence(Type *t) {
  t->size = 8;
  t->align = 4;
  add_flat(t, CORE_I32);
  add_flat(t, CORE_I32);
  return true;
}

bool wm_type_lay_out(Type *t) {
  t->align = 1;
  switch ((TypeKind)t->kind) {
  case TYPE_STRING:
  case TYPE_LIST: return lay_out_sequence(t);
  case TYPE_RECORD:
  case TYPE_TUPLE: return lay_out_record(t);
  case TYPE_VARIANT:
  case TYPE_ENUM:
  case TYPE_OPTION:
  case TYPE_RESULT: return lay_out_variant(t);
  case TYPE_FLAGS:
    lay_out_scalar(t, t->count <= 8 ? 1 : t->count <= 16 ? 2 : 4, CORE_I32);
    return true;
  case TYPE_OWN:
  case TYPE_BORROW: lay_out_scalar(t, 4, CORE_I32); return true;
  case TYPE_RESOURCE:
  case TYPE_FUNC:
  case TYPE_INSTANCE:
  case TYPE_COMPONENT: return true;
  default: lay_out_primitive(t); return true;
  }
}
