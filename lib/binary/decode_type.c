/* Types of the binary format (spec 5.3) and the type section (spec 5.5.4). */
#include "binary/decode_type.h"

#include "wasm/limits.h"
#include "wasm/unbuilt.h"

/* Spec 5.3.17: 0 is const, 1 is var. */
static bool read_mutability(Reader *r) {
  u64 offset = reader_offset(r);
  u8 byte = wm_reader_byte(r);
  if (byte > 1) wm_reader_fail(r, offset, "malformed mutability");
  return byte == 1;
}

enum { HAS_MAX = 1, IS_SHARED = 2, IS_64 = 4, HAS_PAGE_SIZE = 8 };

/* Of a power of two that may be none of the two that are valid. */
static u8 read_page_log2(Reader *r) {
  u64 offset = reader_offset(r);
  reader_saw(r, FEATURE_CUSTOM_PAGE_SIZES, offset);
  u32 log2 = wm_reader_u32(r);
  if (log2 > 63) wm_reader_fail(r, offset, "invalid custom page size 2**%u", log2);
  return (u8)log2;
}

/* `allowed` are the flag bits that the kind of limits may set. */
/* Limits (spec 5.3.14): one byte of flags, then one or two numbers. Numbers are read as 64 bits for
 * all; that those of 32-bit memories and tables fit their range is checked by valid/, in the
 * suite's words. */
static Limits read_limits(Reader *r, u8 allowed) {
  u64 offset = reader_offset(r);
  u8 flags = wm_reader_byte(r);
  if (flags & ~allowed) wm_reader_fail(r, offset, "malformed limits flags %02x", flags);
  Limits limits = {.has_max = flags & HAS_MAX,
                   .is_shared = flags & IS_SHARED,
                   .is_64 = flags & IS_64,
                   .has_page_size = flags & HAS_PAGE_SIZE};
  limits.min = wm_reader_u64(r);
  if (limits.has_max) limits.max = wm_reader_u64(r);
  return limits;
}

GlobalType wm_decode_globaltype(Reader *r) {
  GlobalType t = {.type = wm_reader_valtype(r)};
  t.is_mutable = read_mutability(r);
  return t;
}

/* A maximum and 64-bit indices, but no sharing: flags 0, 1, 4 and 5. */
TableType wm_decode_tabletype(Reader *r) {
  u32 offset = (u32)reader_offset(r);
  TableType t = {.element = wm_reader_reftype(r)};
  t.limits = read_limits(r, HAS_MAX | IS_64);
  t.limits.offset = offset;
  return t;
}

MemoryType wm_decode_memorytype(Reader *r) {
  u32 offset = (u32)reader_offset(r);
  MemoryType t = {.limits = read_limits(r, HAS_MAX | IS_SHARED | IS_64 | HAS_PAGE_SIZE)};
  t.limits.page_log2 = t.limits.has_page_size ? read_page_log2(r) : PAGE_LOG2;
  t.limits.offset = offset;
  return t;
}

TagDecl wm_decode_tag(Reader *r) {
  TagDecl t = {.offset = (u32)reader_offset(r)};
  wm_reader_zero(r); /* the attribute: an exception */
  t.type_index = wm_reader_u32(r);
  return t;
}

/* A list of value types; its length in frame slots goes to *slots. */
static const ValType *read_valtypes(Reader *r, Arena *arena, u32 count, u32 *slots) {
  if (!count) return NULL;
  ValType *list = arena_array(arena, ValType, count);
  if (!list) {
    wm_reader_out_of_memory(r);
    return NULL;
  }
  for (u32 i = 0; i < count && reader_ok(r); i++) {
    list[i] = wm_reader_valtype(r);
    *slots += val_slots(list[i]);
  }
  return list;
}

/* Slots are counted here once: frames and calls measure in them, and a v128 takes two. */
static void read_functype(Reader *r, Arena *arena, SubType *t) {
  t->param_count = wm_reader_count(r, MAX_PARAMS, "parameters");
  t->params = read_valtypes(r, arena, t->param_count, &t->param_slots);
  t->result_count = wm_reader_count(r, MAX_RESULTS, "results");
  t->results = read_valtypes(r, arena, t->result_count, &t->result_slots);
}

/* A field of a structure or array (spec 5.3.11), where packed types may stand; they share the first
 * byte's space with value types, so a look ahead tells. */
static FieldType read_field(Reader *r) {
  FieldType field;
  bool is_packed = r->pos < r->end && (*r->pos == VAL_I8 || *r->pos == VAL_I16);
  field.type = is_packed ? *r->pos++ : wm_reader_valtype(r);
  field.is_mutable = read_mutability(r);
  return field;
}

/* An array is a structure of one field whose count is not written. */
static void read_fields(Reader *r, Arena *arena, SubType *t) {
  t->field_count = t->kind == COMP_ARRAY ? 1 : wm_reader_count(r, MAX_FIELDS, "fields");
  if (!t->field_count) return;
  FieldType *fields = arena_array(arena, FieldType, t->field_count);
  if (!fields) {
    wm_reader_out_of_memory(r);
    return;
  }
  for (u32 i = 0; i < t->field_count && reader_ok(r); i++) {
    fields[i] = read_field(r);
    t->lacks_default |= val_kind(fields[i].type) == KIND_REF;
  }
  t->fields = fields;
}

/* Spec 5.3.12 and 5.3.13: an optional `sub` or `sub final` with at most one supertype, then the
 * structure. Bare structures are final and have none. */
static void read_subtype(Reader *r, Arena *arena, SubType *t) {
  t->is_final = true;
  t->super = NO_TYPE;
  t->type_id = NO_TYPE;
  u64 offset = reader_offset(r);
  t->offset = (u32)offset;
  u8 byte = wm_reader_byte(r);
  if (byte == TYPE_SUB || byte == TYPE_SUB_FINAL) {
    reader_saw(r, FEATURE_GC, offset);
    t->is_final = byte == TYPE_SUB_FINAL;
    if (wm_reader_count(r, 1, "supertypes")) t->super = wm_reader_u32(r);
    offset = reader_offset(r);
    byte = wm_reader_byte(r);
  }
  t->kind = (CompositeKind)byte;
  if (byte == COMP_FUNC)
    read_functype(r, arena, t);
  else if (byte == COMP_STRUCT || byte == COMP_ARRAY)
    read_fields(r, arena, t);
  /* The spec reads this as a signed LEB128 of 7 bits, and the suite wants its words. */
  else if (byte & 0x80)
    wm_reader_fail(r, offset, "integer representation too long");
  else if (!reader_ok(r) || !wm_unbuilt_type(r, offset, byte))
    wm_reader_fail(r, offset, "malformed definition type %02x", byte);
}

/* A recursion group, or one type that is a group by itself. In its members, group_start and
 * group_len say so; indices inside may point forward to its end, which valid/ checks. */
bool wm_decode_rectype(Reader *r, Arena *arena, SubTypeVec *types) {
  u64 offset = reader_offset(r);
  u32 start = types->len, len = 1;
  if (r->pos < r->end && *r->pos == TYPE_REC) {
    reader_saw(r, FEATURE_GC, offset);
    r->pos++;
    len = wm_reader_count(r, MAX_RECURSION_GROUP, "types in a recursion group");
  }
  /* The section's count counts groups: only the sum of their lengths is bounded here. */
  if (len > MAX_TYPES - start) {
    return wm_reader_limit(r, offset, "too many types: at most %u", MAX_TYPES);
  }
  for (u32 i = 0; i < len && reader_ok(r); i++) {
    SubType *t = vec_push(types);
    if (!t) return wm_reader_out_of_memory(r);
    t->group_start = start;
    t->group_len = len;
    read_subtype(r, arena, t);
  }
  return reader_ok(r);
}

bool wm_decode_types(Reader *r, Arena *arena, SubTypeVec *types) {
  u32 count = wm_reader_count(r, MAX_TYPES, "types");
  for (u32 i = 0; i < count && reader_ok(r); i++) wm_decode_rectype(r, arena, types);
  return reader_ok(r);
}
