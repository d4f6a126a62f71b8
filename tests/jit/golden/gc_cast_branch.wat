;; Each way of br_on_cast knows what it says.
;; ir: branch
;; no-ir: trap_if
;; no-ir: helper
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $p (sub $o (struct (field $a (mut i32)) (field $b i32))))
  (type $f (sub final $p (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (func (export "f") (param (ref null $o)) (result i32)
    (block $l (result (ref $p))
      (drop (br_on_cast $l (ref null $o) (ref $p) (local.get 0)))
      (return (i32.const 0)))
    (struct.get $p $b)))
