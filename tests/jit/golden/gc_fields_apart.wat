;; A store to another field, or to a struct of another kind, leaves a field alone.
;; ir: i32.store ptr v3+8
;; ir: return(0)
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $p (sub $o (struct (field $a (mut i32)) (field $b i32))))
  (type $f (sub final $p (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (type $q (struct (field $a (mut i32))))
  (func (export "f") (param (ref $f) (ref $f) (ref $q)) (result i32) (local i32)
    (local.set 3 (struct.get $f $a (local.get 0)))
    (struct.set $f $c (local.get 1) (i32.const 1))
    (struct.set $q $a (local.get 2) (i32.const 2))
    (i32.sub (local.get 3) (struct.get $f $a (local.get 0)))))
