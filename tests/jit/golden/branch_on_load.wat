;; A condition is a load's value, however far away it lies.
;; ir: i32.load v1+16777216
;; ir: branch
(module (memory 1) (func (export "f") (param i32) (result i32)
  (if (i32.load offset=0x1000000 (local.get 0)) (then (return (i32.const 1))))
  (i32.load8_u offset=0x1000000 (local.get 0))))
