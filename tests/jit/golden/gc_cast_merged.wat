;; x == null ? no : x is $f, as compilers write it.
;; ir: i32.load ptr v1+16
;; no-ir: trap_if
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $p (sub $o (struct (field $a (mut i32)) (field $b i32))))
  (type $f (sub final $p (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (func (export "f") (param (ref null $o)) (result i32)
    (if (i32.eqz (if (result i32) (ref.is_null (local.get 0))
                   (then (i32.const 0)) (else (ref.test (ref null $f) (local.get 0)))))
      (then (return (i32.const -1))))
    (struct.get $f $c (ref.cast (ref null $f) (local.get 0)))))
