/* What a value type takes: bytes and alignment in linear memory, and slots when it is passed flat
 * (CanonicalABI.md, "Element Size", "Flattening");
 * and as a C struct: by the same rules, with words of the machine for pointers, counts and handles.
 * Primitives are laid out in cm_types.c. */
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

static u64 place(u64 size, u32 align) { return (size + align - 1) & ~(u64)(align - 1); }

static bool set_size(Type *t, u64 size, u64 c_size) {
  size = place(size, t->align);
  t->size = (u32)min_u64(size, MAX_VALUE_BYTES);
  t->c_size = (u32)place(c_size, t->c_align); /* four times the size at most */
  return size < MAX_VALUE_BYTES;
}

static bool lay_out_record(Type *t) {
  u64 size = 0, c_size = 0, sum = 0;
  t->is_packed = true;
  for (u32 i = 0; i < t->count; i++) {
    const Type *field = t->of[i];
    size = place(size, field->align) + field->size;
    c_size = place(c_size, field->c_align) + field->c_size;
    sum += field->size;
    t->align = max_u32(t->align, field->align);
    t->c_align = max_u32(t->c_align, field->c_align);
    t->is_packed &= field->is_packed;
    add_flat_of(t, field);
  }
  bool fits = set_size(t, size, c_size);
  t->is_packed &= t->size == sum && t->c_size == sum;
  return fits;
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
  u32 most = 0, align = 1, c_most = 0, c_align = 1, tag = discriminant_bytes(t->count);
  add_flat(t, CORE_I32);
  for (u32 i = 0; i < t->count; i++) {
    const Type *payload = t->of ? t->of[i] : NULL;
    if (!payload) continue;
    most = max_u32(most, payload->size);
    align = max_u32(align, payload->align);
    c_most = max_u32(c_most, payload->c_size);
    c_align = max_u32(c_align, payload->c_align);
    join_case(t, payload);
  }
  t->payload = align_up(tag, align);
  t->c_payload = align_up(tag, c_align);
  t->align = max_u32(tag, align);
  t->c_align = max_u32(tag, c_align);
  return set_size(t, (u64)t->payload + most, (u64)t->c_payload + c_most);
}

static bool lay_out_scalar(Type *t, u32 size, CoreVal val) {
  t->size = t->align = t->c_size = t->c_align = size;
  add_flat(t, val);
  return true;
}

/* Two words: data and count, or a resource and its number. */
static void lay_out_words(Type *t) {
  t->c_size = 2 * sizeof(void *);
  t->c_align = sizeof(void *);
}

static bool lay_out_sequence(Type *t) {
  t->size = 8;
  t->align = 4;
  lay_out_words(t);
  add_flat(t, CORE_I32);
  add_flat(t, CORE_I32);
  return true;
}

static bool lay_out_handle(Type *t) {
  lay_out_scalar(t, 4, CORE_I32);
  lay_out_words(t);
  return true;
}

bool wm_type_lay_out(Type *t) {
  t->align = t->c_align = 1;
  switch ((TypeKind)t->kind) {
  case TYPE_LIST: return lay_out_sequence(t);
  case TYPE_RECORD:
  case TYPE_TUPLE: return lay_out_record(t);
  case TYPE_VARIANT:
  case TYPE_ENUM:
  case TYPE_OPTION:
  case TYPE_RESULT: return lay_out_variant(t);
  case TYPE_FLAGS: return lay_out_scalar(t, t->count <= 8 ? 1 : t->count <= 16 ? 2 : 4, CORE_I32);
  case TYPE_OWN:
  case TYPE_BORROW: return lay_out_handle(t);
  default: return true; /* functions, instances, components, resources */
  }
}
