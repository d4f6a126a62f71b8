;; lir: rmw*[r14+rdi+8]
;; no-lir: load
(module (memory 1) (func (export "f") (param i32)
  (i32.store offset=8 (local.get 0) (i32.add (i32.load offset=8 (local.get 0)) (i32.const 5)))))
