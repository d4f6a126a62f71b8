;; lir: vbinary.*[r14+rdi+16]
(module (memory 1) (func (export "f") (param i32 v128) (result v128)
  (i32x4.add (local.get 1) (v128.load offset=16 (local.get 0)))))
