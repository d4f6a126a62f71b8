;; The second load is the first one's value; a store elsewhere does not matter.
;; ir: i32.load v1
;; ir: i32.store v1+8
;; ir-count: 1 i32.load
(module (memory 1) (func (export "f") (param i32) (result i32) (local i32)
  (local.set 1 (i32.load (local.get 0)))
  (i32.store offset=8 (local.get 0) (i32.const 1))
  (i32.add (local.get 1) (i32.load (local.get 0)))))
