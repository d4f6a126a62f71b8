;; A comparison with memory and its branch are one instruction.
;; lir: cmpbr.*[r14+rdi+0]
;; no-lir: load.i32
(module (memory 1) (func (export "f") (param i32 i32) (result i32)
  (if (result i32) (i32.lt_s (local.get 1) (i32.load (local.get 0)))
    (then (i32.const 1)) (else (i32.mul (local.get 1) (local.get 0))))))
