;; A load that is used once is an operand.
;; lir: alu.*[r14+rdi+4]
;; no-lir: load.i32
(module (memory 1) (func (export "f") (param i32 i32) (result i32)
  (i32.xor (local.get 1) (i32.load offset=4 (local.get 0)))))
