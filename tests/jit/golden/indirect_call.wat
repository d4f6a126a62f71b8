;; Bounds, null and type are looked at, then the function is called.
;; ir: i64.load ptr
;; ir: trap_if
;; ir: call_ref
(module (type $t (func (param i32) (result i32))) (table 2 4 funcref)
  (func (export "f") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 0) (local.get 1))))
