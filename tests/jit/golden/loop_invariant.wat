;; What does not change in the loop is computed before it.
;; ir: i32.mul v1, v2
;; ir: (loop)
(module (func (export "f") (param i32 i32) (result i32) (local i32 i32)
  (loop $l
    (local.set 2 (i32.add (local.get 2) (i32.mul (local.get 0) (local.get 1))))
    (br_if $l (i32.lt_u (local.tee 3 (i32.add (local.get 3) (i32.const 1))) (i32.const 100))))
  (local.get 2)))
