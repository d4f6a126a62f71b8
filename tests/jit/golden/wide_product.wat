;; Both halves of a product are one instruction.
;; lir: mulh*
;; lir: getres
;; no-lir: imul
(module (func (export "f") (param i64 i64) (result i64 i64)
  (i64.mul_wide_u (local.get 0) (local.get 1))))
