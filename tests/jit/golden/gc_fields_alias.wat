;; The same field of what may be the same object is loaded again.
;; ir: i32.load ptr v1+8
;; ir: i32.store ptr v2+8
;; ir: i32.load ptr v1+8
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $p (sub $o (struct (field $a (mut i32)) (field $b i32))))
  (type $f (sub final $p (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (func (export "f") (param (ref $f) (ref $o)) (result i32) (local i32)
    (local.set 2 (struct.get $f $a (local.get 0)))
    (struct.set $o $a (local.get 1) (i32.const 1))
    (i32.sub (local.get 2) (struct.get $f $a (local.get 0)))))
