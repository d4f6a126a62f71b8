;; lir: lea.l *rdi+rsi*4+12
;; no-lir: shifti
(module (func (export "f") (param i32 i32) (result i32)
  (i32.add (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2))) (i32.const 12))))
