/* Which instructions have handlers in every operand class. Every other numeric instruction has one
 * handler that takes slots (handlers.def, "generic"), so a new row of opcodes.def works without a line here.
 * Comparisons are in compares.def; loads and stores are all fast. Columns: id, operand type,
 * result type. */
#ifndef WM_INTERP_FAMILIES_H
#define WM_INTERP_FAMILIES_H

/* Binary, operands may be swapped. */
#define COMMUTATIVE_FAMILIES(F)                                                                    \
  F(i32_add, i) F(i32_mul, i) F(i32_and, i) F(i32_or, i) F(i32_xor, i)                             \
  F(i64_add, l) F(i64_mul, l) F(i64_and, l) F(i64_or, l) F(i64_xor, l)                             \
  F(f32_add, f) F(f32_mul, f) F(f64_add, d) F(f64_mul, d)

#define ORDERED_FAMILIES(F)                                                                        \
  F(i32_sub, i) F(i32_shl, i) F(i32_shr_s, i) F(i32_shr_u, i) F(i32_rotl, i) F(i32_rotr, i)        \
  F(i64_sub, l) F(i64_shl, l) F(i64_shr_s, l) F(i64_shr_u, l) F(i64_rotl, l) F(i64_rotr, l)        \
  F(f32_sub, f) F(f32_div, f) F(f64_sub, d) F(f64_div, d)

/* Division by an immediate that is neither 0 nor -1: cannot trap. */
#define DIVISION_FAMILIES(F)                                                                       \
  F(i32_div_s, i) F(i32_div_u, i) F(i32_rem_s, i) F(i32_rem_u, i)                                  \
  F(i64_div_s, l) F(i64_div_u, l) F(i64_rem_s, l) F(i64_rem_u, l)

#define UNARY_FAMILIES(F)                                                                          \
  F(i32_clz, i, i) F(i32_ctz, i, i) F(i32_popcnt, i, i)                                            \
  F(i64_clz, l, l) F(i64_ctz, l, l) F(i64_popcnt, l, l)                                            \
  F(i32_wrap_i64, l, i) F(i64_extend_i32_s, i, l) F(i64_extend_i32_u, i, l)                        \
  F(i32_extend8_s, i, i) F(i32_extend16_s, i, i)                                                   \
  F(i64_extend8_s, l, l) F(i64_extend16_s, l, l) F(i64_extend32_s, l, l)                           \
  F(f32_abs, f, f) F(f32_neg, f, f) F(f32_sqrt, f, f)                                              \
  F(f64_abs, d, d) F(f64_neg, d, d) F(f64_sqrt, d, d)                                              \
  F(f32_convert_i32_s, i, f) F(f32_convert_i32_u, i, f)                                            \
  F(f32_convert_i64_s, l, f) F(f32_convert_i64_u, l, f)                                            \
  F(f64_convert_i32_s, i, d) F(f64_convert_i32_u, i, d)                                            \
  F(f64_convert_i64_s, l, d) F(f64_convert_i64_u, l, d)                                            \
  F(f32_demote_f64, d, f) F(f64_promote_f32, f, d)                                                 \
  F(i32_reinterpret_f32, f, i) F(i64_reinterpret_f64, d, l)                                        \
  F(f32_reinterpret_i32, i, f) F(f64_reinterpret_i64, l, d)

#endif
