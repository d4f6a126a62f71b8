;; Without guard pages: one check for both accesses, the further one first.
;; options: --no-signals
;; ir: bounds
;; ir: i32.load ptr
;; ir: i32.load ptr
;; no-ir: bounds * bounds
(module (memory 1) (func (export "f") (param i32) (result i32)
  (i32.add (i32.load offset=4 (local.get 0)) (i32.load (local.get 0)))))
