/* Arguments and results of WAST scripts as slots. */
#include "tools/wast.h"

#include "base/vec.h"

#include <stdio.h>

/* The foreign object of a number carries it, plus one, as host info. */
static wasm_foreign_t *host_ref(HostRefs *h, u64 number) {
  if (number >= 1 << 16) return NULL;
  if (h->refs.len <= number) {
    if (!vec_reserve(&h->refs, number + 1 - h->refs.len)) return NULL;
    h->refs.len = (u32)number + 1;
  }
  wasm_foreign_t **slot = &h->refs.data[number];
  if (*slot) return *slot;
  *slot = wasm_foreign_new(h->store);
  if (*slot) wasm_foreign_set_host_info(*slot, (void *)(uintptr_t)(number + 1));
  return *slot;
}

void host_refs_free(HostRefs *h) {
  for (u32 i = 0; i < h->refs.len; i++)
    if (h->refs.data[i]) wasm_foreign_delete(h->refs.data[i]);
  vec_free(&h->refs);
}

u32 value_to_slots(HostRefs *h, const WastValue *value, wasmx_slot_t *slots) {
  switch (value->kind) {
  case WAST_V128: memcpy(slots, &value->v128, sizeof value->v128); return 2;
  case WAST_REF_NULL: slots->u64 = 0; return 1;
  case WAST_REF_EXTERN:
  case WAST_REF_HOST: {
    const wasm_foreign_t *foreign = host_ref(h, value->bits);
    slots->u64 = foreign ? wasmx_slot_of_ref(wasm_foreign_as_ref_const(foreign)) : 0;
    return 1;
  }
  default: slots->u64 = value->bits; return 1;
  }
}

bool value_fits(const WastValue *value, wasm_valkind_t kind) {
  switch (value->kind) {
  case WAST_I32: return kind == WASM_I32;
  case WAST_I64: return kind == WASM_I64;
  case WAST_F32: return kind == WASM_F32;
  case WAST_F64: return kind == WASM_F64;
  case WAST_V128: return kind == WASMX_V128;
  case WAST_REF_NULL: return kind >= WASM_EXTERNREF;
  case WAST_REF_EXTERN:
  case WAST_REF_HOST: return kind == WASM_EXTERNREF;
  default: return false;
  }
}

static bool f32_matches(u32 bits, u32 expected, u8 nan) {
  if (nan == WAST_NAN_CANONICAL) return (bits & 0x7FFFFFFF) == 0x7FC00000;
  if (nan == WAST_NAN_ARITHMETIC) return (bits & 0x7FC00000) == 0x7FC00000;
  return bits == expected;
}

static bool f64_matches(u64 bits, u64 expected, u8 nan) {
  const u64 quiet = UINT64_C(0x7FF8000000000000);
  if (nan == WAST_NAN_CANONICAL) return (bits & INT64_MAX) == quiet;
  if (nan == WAST_NAN_ARITHMETIC) return (bits & quiet) == quiet;
  return bits == expected;
}

static bool v128_matches(const WastValue *expected, const wasmx_slot_t *slots) {
  V128 got;
  memcpy(&got, slots, sizeof got);
  if (expected->shape == SHAPE_F32X4) {
    for (u32 i = 0; i < 4; i++)
      if (!f32_matches(got.u32x4[i], expected->v128.u32x4[i], expected->nan[i])) return false;
    return true;
  }
  if (expected->shape == SHAPE_F64X2) {
    for (u32 i = 0; i < 2; i++)
      if (!f64_matches(got.u64x2[i], expected->v128.u64x2[i], expected->nan[i])) return false;
    return true;
  }
  /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): all of its bits are the value */
  return !memcmp(&got, &expected->v128, sizeof got);
}

static bool is_host_ref(HostRefs *h, u64 slot, u64 number) {
  wasm_ref_t *ref = wasmx_ref_of_slot(h->store, slot);
  bool same = ref && (uintptr_t)wasm_ref_get_host_info(ref) == number + 1;
  if (ref) wasm_ref_delete(ref);
  return same;
}

static bool is_of_kind(WastValueKind expected, wasmx_refkind_t kind) {
  switch (expected) {
  case WAST_REF_I31: return kind == WASMX_REF_I31;
  case WAST_REF_STRUCT: return kind == WASMX_REF_STRUCT;
  case WAST_REF_ARRAY: return kind == WASMX_REF_ARRAY;
  default: return kind >= WASMX_REF_I31; /* eq */
  }
}

bool value_matches(HostRefs *h, const WastValue *expected, wasm_valkind_t kind,
                   const wasmx_slot_t *slots) {
  switch (expected->kind) {
  case WAST_I32: return kind == WASM_I32 && slots->u64 == expected->bits;
  case WAST_I64: return kind == WASM_I64 && slots->u64 == expected->bits;
  case WAST_F32:
    return kind == WASM_F32 && f32_matches(slots->u32, (u32)expected->bits, expected->nan[0]);
  case WAST_F64:
    return kind == WASM_F64 && f64_matches(slots->u64, expected->bits, expected->nan[0]);
  case WAST_V128: return kind == WASMX_V128 && v128_matches(expected, slots);
  case WAST_REF_NULL: return kind >= WASM_EXTERNREF && slots->ref == 0;
  case WAST_REF_EXTERN:
    return kind == WASM_EXTERNREF && slots->ref &&
           (!expected->has_bits || is_host_ref(h, slots->ref, expected->bits));
  case WAST_REF_HOST: return kind == WASM_EXTERNREF && is_host_ref(h, slots->ref, expected->bits);
  case WAST_REF_FUNC: return kind == WASM_FUNCREF && slots->ref;
  case WAST_REF_ANY: return kind == WASM_EXTERNREF && slots->ref;
  case WAST_REF_EQ:
  case WAST_REF_I31:
  case WAST_REF_STRUCT:
  case WAST_REF_ARRAY:
    return kind == WASM_EXTERNREF &&
           is_of_kind(expected->kind, wasmx_slot_ref_kind(h->store, slots->ref));
  case WAST_REF_EXN: return kind == WASMX_EXNREF && slots->ref;
  case WAST_EITHER:
    for (u32 i = 1; i <= expected->alternatives; i++)
      if (value_matches(h, expected + i, kind, slots)) return true;
    return false;
  default: return false;
  }
}

static const char *pattern_name(WastValueKind kind) {
  switch (kind) {
  case WAST_REF_FUNC: return "ref.func";
  case WAST_REF_ANY: return "ref.any";
  case WAST_REF_EQ: return "ref.eq";
  case WAST_REF_I31: return "ref.i31";
  case WAST_REF_STRUCT: return "ref.struct";
  case WAST_REF_ARRAY: return "ref.array";
  case WAST_REF_EXN: return "ref.exn";
  default: return "a reference";
  }
}

/* In the words of the patterns that it would match. */
static void print_reference(HostRefs *h, u64 slot, char *out, size_t size) {
  static const char *const names[] = {"ref.null", "ref.host",   "ref.func", "ref.exn",
                                      "ref.i31",  "ref.struct", "ref.array"};
  wasmx_refkind_t kind = wasmx_slot_ref_kind(h->store, slot);
  wasm_ref_t *ref = kind == WASMX_REF_HOST ? wasmx_ref_of_slot(h->store, slot) : NULL;
  uintptr_t number = ref ? (uintptr_t)wasm_ref_get_host_info(ref) : 0;
  if (ref) wasm_ref_delete(ref);
  if (number)
    snprintf(out, size, "ref.host %llu", (unsigned long long)number - 1);
  else
    snprintf(out, size, "%s", kind < ARRAY_LEN(names) ? names[kind] : "a reference");
}

const char *value_print(HostRefs *h, const WastValue *value, char *out, size_t size) {
  static const char *const nans[] = {"", "nan:canonical", "nan:arithmetic"};
  wasmx_slot_t slots[2] = {{.u64 = value->bits}};
  switch (value->kind) {
  case WAST_I32: return slots_print(h, WASM_I32, slots, out, size);
  case WAST_I64: return slots_print(h, WASM_I64, slots, out, size);
  case WAST_F32:
  case WAST_F64:
    if (!value->nan[0])
      return slots_print(h, value->kind == WAST_F32 ? WASM_F32 : WASM_F64, slots, out, size);
    snprintf(out, size, "%s %s", value->kind == WAST_F32 ? "f32" : "f64", nans[value->nan[0]]);
    return out;
  case WAST_V128:
    memcpy(slots, &value->v128, sizeof value->v128);
    return slots_print(h, WASMX_V128, slots, out, size);
  case WAST_EITHER: snprintf(out, size, "one of %u values", value->alternatives); return out;
  case WAST_REF_NULL: snprintf(out, size, "ref.null"); return out;
  case WAST_REF_EXTERN:
  case WAST_REF_HOST:
    snprintf(out, size,
             value->kind == WAST_REF_HOST ? "ref.host %u"
             : value->has_bits            ? "ref.extern %u"
                                          : "ref.extern",
             (unsigned)value->bits);
    return out;
  default: snprintf(out, size, "%s", pattern_name(value->kind)); return out;
  }
}

const char *slots_print(HostRefs *h, wasm_valkind_t kind, const wasmx_slot_t *slots, char *out,
                        size_t size) {
  switch (kind) {
  case WASM_I32: snprintf(out, size, "i32 0x%x (%d)", slots->u32, slots->i32); break;
  case WASM_I64:
    snprintf(out, size, "i64 0x%llx (%lld)", (unsigned long long)slots->u64, (long long)slots->i64);
    break;
  case WASM_F32: snprintf(out, size, "f32 %.9g (0x%08x)", (double)slots->f32, slots->u32); break;
  case WASM_F64:
    snprintf(out, size, "f64 %.17g (0x%016llx)", slots->f64, (unsigned long long)slots->u64);
    break;
  case WASMX_V128:
    snprintf(out, size, "v128 0x%016llx%016llx", (unsigned long long)slots[1].u64,
             (unsigned long long)slots[0].u64);
    break;
  default: print_reference(h, slots->ref, out, size); break;
  }
  return out;
}
