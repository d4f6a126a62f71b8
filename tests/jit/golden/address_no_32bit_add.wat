;; A 32-bit sum may wrap: it is never part of the address.
;; lir: lea.l
;; lir: load.i32.load.l
;; no-lir: [r14+rdi+rsi
(module (memory 1) (func (export "f") (param i32 i32) (result i32)
  (i32.load (i32.add (local.get 0) (local.get 1)))))
