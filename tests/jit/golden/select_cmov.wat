;; lir: cmpsel
;; no-lir: cmpbr
(module (func (export "f") (param i32 i32) (result i32)
  (select (local.get 0) (local.get 1) (i32.lt_s (local.get 0) (local.get 1)))))
