;; Without signals null is tested.
;; options: --no-signals
;; lir: cmptrap.test
(module (type $p (struct (field i32)))
  (func (export "f") (param (ref null $p)) (result i32) (struct.get $p 0 (local.get 0))))
