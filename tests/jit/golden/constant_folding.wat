;; lir: return* 42:i32
(module (func (export "f") (result i32)
  (i32.mul (i32.sub (i32.const 9) (i32.const 2)) (i32.shl (i32.const 3) (i32.const 1)))))
