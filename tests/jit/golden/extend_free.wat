;; Zero-extension costs nothing.
;; no-lir: mov.
(module (func (export "f") (param i32 i64) (result i64)
  (i64.add (local.get 1) (i64.extend_i32_u (local.get 0)))))
