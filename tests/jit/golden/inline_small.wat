;; ir: i32.add v1, 1
;; no-ir: call
(module (func (export "f") (param i32) (result i32) (call $inc (local.get 0)))
  (func $inc (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
