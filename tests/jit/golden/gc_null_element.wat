;; The length is read to compare the index: null faults there.
;; ir-count: 2 trap_if
;; no-lir: cmptrap.test
;; lir: cmptrap.ae
(module (type $w (array (mut i32)))
  (func (export "f") (param (ref null $w) i32) (result i32) (array.get $w (local.get 0) (local.get 1))))
