;; A comparison that is added is a carry.
;; lir: carry.i64.add
;; no-lir: cmpset
(module (func (export "f") (param i64 i64 i64) (result i64)
  (i64.add (local.get 0) (i64.extend_i32_u (i64.lt_u (local.get 1) (local.get 2))))))
