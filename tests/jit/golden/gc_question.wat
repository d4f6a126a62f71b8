;; x == null ? no : x is $f: each way goes on where it leads, without a word that says which it was.
;; lir: cmpbr.e.l *, [r15+
;; no-lir: cmpset.e.l
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $f (sub final $o (struct (field $a (mut i32)))))
  (func (export "f") (param (ref null $o) i32) (result i32)
    (if (if (result i32) (ref.is_null (local.get 0)) (then (i32.const 0)) (else (ref.test (ref $f) (local.get 0))))
      (then (return (local.get 1))))
    (struct.get $o $a (local.get 0))))
