;; To a type that it is of anyway: nothing.
;; no-ir: load
;; no-ir: trap_if
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $p (sub $o (struct (field $a (mut i32)) (field $b i32))))
  (type $f (sub final $p (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (func (export "f") (param (ref $f)) (result i32)
    (i32.and (ref.test (ref $o) (local.get 0)) (ref.eq (local.get 0) (ref.cast (ref eq) (local.get 0))))))
