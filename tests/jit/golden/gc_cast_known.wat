;; Behind a test that held nothing is tested again, nor whether it is null.
;; ir: branch
;; ir: i32.load ptr v1+16
;; no-ir: trap_if
;; no-ir: helper
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $p (sub $o (struct (field $a (mut i32)) (field $b i32))))
  (type $f (sub final $p (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (func (export "f") (param (ref null $o)) (result i32)
    (if (ref.test (ref $f) (local.get 0))
      (then (return (struct.get $f $c (ref.cast (ref null $f) (local.get 0))))))
    (i32.const -1)))
