;; What never changes is the same behind a call.
;; ir: call
;; ir: return(0)
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $p (sub $o (struct (field $a (mut i32)) (field $b i32))))
  (type $f (sub final $p (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (type $v (func))
  (func (export "f") (param (ref $p) (ref $v)) (result i32) (local i32)
    (local.set 2 (struct.get $p $b (local.get 0)))
    (call_ref $v (local.get 1))
    (i32.sub (local.get 2) (struct.get $p $b (local.get 0)))))
