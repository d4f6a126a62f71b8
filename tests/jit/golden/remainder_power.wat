;; ir: i32.and v1, 15
;; no-lir: div
(module (func (export "f") (param i32) (result i32) (i32.rem_u (local.get 0) (i32.const 16))))
