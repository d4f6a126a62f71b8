;; One test for null, whatever comes behind it; and that is the store's own, which faults.
;; ir-count: 1 trap_if
;; ir: return(0)
;; no-lir: cmptrap
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $p (sub $o (struct (field $a (mut i32)) (field $b i32))))
  (type $f (sub final $p (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (func (export "f") (param (ref null $p)) (result i32)
    (struct.set $p $a (local.get 0) (i32.const 3))
    (i32.sub (struct.get $p $b (local.get 0)) (struct.get $p $b (ref.as_non_null (local.get 0))))))
