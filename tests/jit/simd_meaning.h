/* What a vector row gives, by runtime/simd.h: operands and result as V128s, whose low part holds a
 * scalar. */
#ifndef WM_TESTS_SIMD_MEANING_H
#define WM_TESTS_SIMD_MEANING_H

#include "wasm/opcode.h"

#include "runtime/simd.h"

static inline V128 of_u32(u32 v) { return (V128){.u64x2 = {v, 0}}; }
static inline V128 of_u64(u64 v) { return (V128){.u64x2 = {v, 0}}; }

#define APPLY_s_s(op)   op(a)
#define APPLY_ss_s(op)  op(a, b)
#define APPLY_sss_s(op) op(a, b, in[2])
#define APPLY_si_s(op)  op(a, b.u32x4[0])
#define APPLY_s_i(op)   of_u32(op(a))
#define APPLY_i_s(op)   op(a.u32x4[0])
#define APPLY_l_s(op)   op(a.u64x2[0])
#define APPLY_f_s(op)   op(a.f32x4[0])
#define APPLY_d_s(op)   op(a.f64x2[0])

#define ROW_0x00(id, sig)
#define ROW_0xFC(id, sig)
#define ROW_0xFD(id, sig)                                                                          \
  case OP_##id: return APPLY_##sig(op_##id);

static inline V128 pure_meaning(u16 kind, const V128 *in) {
  V128 a = in[0], b = in[1];
  switch (kind) {
#define OP(prefix, code, id, text, imm, sig)
#define PURE(prefix, code, id, text, imm, sig) ROW_##prefix(id, sig)
#include "wasm/opcodes.def"
  default: return a;
  }
}

static inline V128 lane_meaning(u16 kind, const V128 *in, u8 lane) {
  V128 a = in[0], b = in[1];
  switch (kind) {
  case OP_i8x16_extract_lane_s: return of_u32(op_i8x16_extract_lane_s(a, lane));
  case OP_i8x16_extract_lane_u: return of_u32(op_i8x16_extract_lane_u(a, lane));
  case OP_i16x8_extract_lane_s: return of_u32(op_i16x8_extract_lane_s(a, lane));
  case OP_i16x8_extract_lane_u: return of_u32(op_i16x8_extract_lane_u(a, lane));
  case OP_i32x4_extract_lane: return of_u32(op_i32x4_extract_lane(a, lane));
  case OP_f32x4_extract_lane: return of_u32(op_i32x4_extract_lane(a, lane));
  case OP_i64x2_extract_lane:
  case OP_f64x2_extract_lane: return of_u64(op_i64x2_extract_lane(a, lane));
  case OP_v128_load8_lane:
  case OP_i8x16_replace_lane: return op_i8x16_replace_lane(a, b.u32x4[0], lane);
  case OP_v128_load16_lane:
  case OP_i16x8_replace_lane: return op_i16x8_replace_lane(a, b.u32x4[0], lane);
  case OP_v128_load32_lane:
  case OP_f32x4_replace_lane:
  case OP_i32x4_replace_lane: return op_i32x4_replace_lane(a, b.u32x4[0], lane);
  default: return op_i64x2_replace_lane(a, b.u64x2[0], lane);
  }
}

/* Of memory that begins with m's bytes. */
static inline V128 load_meaning(u16 kind, V128 m) {
  switch (kind) {
  case OP_v128_load8x8_s: return op_i16x8_extend_low_i8x16_s(m);
  case OP_v128_load8x8_u: return op_i16x8_extend_low_i8x16_u(m);
  case OP_v128_load16x4_s: return op_i32x4_extend_low_i16x8_s(m);
  case OP_v128_load16x4_u: return op_i32x4_extend_low_i16x8_u(m);
  case OP_v128_load32x2_s: return op_i64x2_extend_low_i32x4_s(m);
  case OP_v128_load32x2_u: return op_i64x2_extend_low_i32x4_u(m);
  case OP_v128_load8_splat: return op_i8x16_splat(m.u32x4[0]);
  case OP_v128_load16_splat: return op_i16x8_splat(m.u32x4[0]);
  case OP_v128_load32_splat: return op_i32x4_splat(m.u32x4[0]);
  case OP_v128_load64_splat: return op_i64x2_splat(m.u64x2[0]);
  case OP_v128_load32_zero: return of_u32(m.u32x4[0]);
  case OP_v128_load64_zero: return of_u64(m.u64x2[0]);
  default: return m;
  }
}

/* What is stored, from its first byte on. */
static inline V128 store_meaning(u16 kind, V128 a, u8 lane) {
  switch (kind) {
  case OP_v128_store8_lane: return of_u32(op_i8x16_extract_lane_u(a, lane));
  case OP_v128_store16_lane: return of_u32(op_i16x8_extract_lane_u(a, lane));
  case OP_v128_store32_lane: return of_u32(op_i32x4_extract_lane(a, lane));
  case OP_v128_store64_lane: return of_u64(op_i64x2_extract_lane(a, lane));
  default: return a;
  }
}

#endif
