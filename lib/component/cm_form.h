/* A value as the host has it, in one of two forms that are walked by the same functions:
 *
 *                    wasmcm_val_t                     a C struct (call->structs)
 *   number           of, by its kind                  of its own size
 *   string, list     of: {data, count}                {data, count}
 *   fields           of.items.data[i]                 inside, where C puts them
 *   case             of.variant: {payload *, index}   a tag; the payload behind it
 *   handle           of.resource, rep                 {resource, rep}
 *
 * Where C puts what is in the type (c_size, c_align, c_payload). Parameters are like the fields of
 * a record without the value around them: an array of values, or a struct.
 *
 * Between components strings stay in the encoding that they came in. The code of a string stands in
 * a value's reserved[0], in a struct in the two highest bits of the size. Integers are
 * little-endian on both sides. */
#ifndef WM_COMPONENT_CM_FORM_H
#define WM_COMPONENT_CM_FORM_H

#include "base/utf8.h"
#include "component/cm_call.h"

typedef struct Sequence {
  const void *data;
  size_t count;
} Sequence;

_Static_assert(sizeof(Sequence) == 2 * sizeof(void *) &&
                   sizeof(wasmcm_string_t) == sizeof(Sequence),
               "as cm_layout.c has them");
_Static_assert(sizeof(wasmcm_handle_t) == 2 * sizeof(void *), "as cm_layout.c has it");

enum { CODE_SHIFT = sizeof(size_t) * 8 - 2 };

static inline bool is_product(const Type *type) {
  return type->kind == TYPE_RECORD || type->kind == TYPE_TUPLE;
}
static inline bool is_scalar(const Type *type) {
  return type_is_plain(type) || type->kind == TYPE_OWN || type->kind == TYPE_BORROW;
}

/* ---- places ---- */

static inline u32 form_size(const Call *call, const Type *type) {
  return call->structs ? type->c_size : (u32)sizeof(Val);
}
static inline u32 form_align(const Call *call, const Type *type) {
  return call->structs ? type->c_align : 1;
}
/* What the fields take. */
static inline size_t form_fields_size(const Call *call, const Type *type) {
  return call->structs ? type->c_size : type->count * sizeof(Val);
}
/* Whether the bytes of a list's elements, or of fields, are those in a guest's memory. */
static inline bool copies_whole(const Call *call, const Type *element) {
  return call->structs ? element->is_packed : is_number(element);
}

static inline Sequence get_sequence(const Call *call, const void *at) {
  Sequence sequence;
  memcpy(&sequence, call->structs ? at : &((const Val *)at)->of, sizeof sequence);
  return sequence;
}
static inline void put_sequence(const Call *call, void *at, const void *data, size_t count) {
  Sequence sequence = {data, count};
  memcpy(call->structs ? at : &((Val *)at)->of, &sequence, sizeof sequence);
}

static inline const void *fields_of(const Call *call, const void *at) {
  return call->structs ? at : ((const Val *)at)->of.items.data;
}

/* ---- numbers ---- */

static inline u64 load_bits(const void *at, u32 size) {
  switch (size) {
  case 1: return *(const u8 *)at;
  case 2: return load_u16(at);
  case 4: return load_u32(at);
  default: return load_u64(at);
  }
}
static inline void store_bits(void *at, u32 size, u64 bits) {
  switch (size) {
  case 1: *(u8 *)at = (u8)bits; break;
  case 2: store_u16(at, (u16)bits); break;
  case 4: store_u32(at, (u32)bits); break;
  default: store_u64(at, bits); break;
  }
}

/* `bits` are extended to 64. */
static inline void put_plain(const Call *call, const Type *type, void *at, u64 bits) {
  Val *val = at;
  if (call->structs) {
    store_bits(at, type->size, bits);
    return;
  }
  val->kind = type->kind;
  val->of.u64 = bits;
}

static inline wasmcm_handle_t get_handle(const Call *call, const void *at) {
  wasmcm_handle_t handle;
  const Val *val = at;
  if (!call->structs) return (wasmcm_handle_t){val->of.resource, val->rep};
  memcpy(&handle, at, sizeof handle);
  return handle;
}
static inline void put_handle(const Call *call, void *at, wasmcm_handle_t handle) {
  Val *val = at;
  if (call->structs) {
    memcpy(at, &handle, sizeof handle);
    return;
  }
  val->of.resource = handle.resource;
  val->rep = handle.rep;
}

static inline u32 extended(i32 number) { return (u32)number; }
/* A plain value as it is in a slot: signed ones extended to 32 bits. Values begin as their number,
 * whatever it is. */
static inline u64 plain_bits(const Call *call, const Type *type, const void *at) {
  TypeKind kind = (TypeKind)type->kind;
  bool is_wide = kind == TYPE_S64 || kind == TYPE_U64 || kind == TYPE_F64;
  if (!call->structs) {
    u64 bits = ((const Val *)at)->of.u64;
    return is_wide ? bits : bits & (kind == TYPE_BOOL ? 1 : UINT32_MAX);
  }
  u64 bits = load_bits(at, type->size);
  if (kind == TYPE_S8) return extended((i8)bits);
  if (kind == TYPE_S16) return extended((i16)bits);
  return kind == TYPE_BOOL ? bits != 0 : bits;
}

/* Whether it is of the type: C structs hold any numbers, but characters and flags. */
bool wm_plain_val_check(const Type *type, const Val *val);
static inline bool check_plain(const Call *call, const Type *type, const void *at) {
  if (!call->structs) return wm_plain_val_check(type, at);
  if (type->kind != TYPE_CHAR && type->kind != TYPE_FLAGS) return true;
  u64 bits = load_bits(at, type->size);
  if (type->kind == TYPE_FLAGS) return bits >> type->count == 0;
  return is_scalar_value((u32)bits);
}

/* ---- cases ---- */

static inline u32 get_case(const Call *call, const Type *type, const void *at) {
  return call->structs ? (u32)load_bits(at, discriminant_bytes(type->count))
                       : ((const Val *)at)->of.variant.index;
}
static inline const void *payload_of(const Call *call, const Type *type, const void *at) {
  return call->structs ? (const void *)((const u8 *)at + type->c_payload)
                       : ((const Val *)at)->of.variant.payload;
}

/* ---- strings ---- */

static inline CodedText get_text(const Call *call, const void *at) {
  Sequence sequence = get_sequence(call, at);
  StringCode code =
      (StringCode)(call->structs ? sequence.count >> CODE_SHIFT : ((const Val *)at)->reserved[0]);
  if (call->structs) sequence.count &= ((size_t)1 << CODE_SHIFT) - 1;
  const u8 *data = sequence.data;
  return (CodedText){data, sequence.count ? data + sequence.count : data, code};
}
static inline void put_text(const Call *call, void *at, const CodedText *text) {
  size_t size = (size_t)(text->end - text->pos);
  if (call->structs)
    size |= (size_t)text->code << CODE_SHIFT;
  else
    ((Val *)at)->reserved[0] = (u8)text->code;
  put_sequence(call, at, text->pos, size);
}

#endif
