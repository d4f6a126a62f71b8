(module
  (func (param i32 i64 f32 f64) (result i32)
    (i32.trunc_sat_f64_s (f64.nearest (f64.promote_f32 (f32.copysign (local.get 2) (f32.const -inf)))))
    (i32.div_s (i32.rotl (local.get 0) (i32.const -2147483648)))
    (i32.xor (i32.wrap_i64 (i64.rem_u (local.get 1) (i64.const 0x7fffffffffffffff))))
    (i32.extend8_s)
    (i32.ge_u (i32.reinterpret_f32 (f32.min (local.get 2) (f32.demote_f64 (local.get 3)))))
    (i32.popcnt)))
