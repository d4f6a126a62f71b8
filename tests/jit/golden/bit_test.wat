;; lir: bitbr
;; no-lir: shift
(module (func (export "f") (param i32 i32) (result i32)
  (if (result i32) (i32.and (i32.shr_u (local.get 0) (local.get 1)) (i32.const 1))
    (then (i32.mul (local.get 0) (local.get 1))) (else (local.get 1)))))
