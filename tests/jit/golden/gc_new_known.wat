;; The fields of a new object are what it was made of, another made behind it changes nothing.
;; ir: return(v1)
;; no-ir: i32.load
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $p (sub $o (struct (field $a (mut i32)) (field $b i32))))
  (type $f (sub final $p (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (global $g (mut (ref null $o)) (ref.null $o))
  (func (export "f") (param i32) (result i32) (local (ref $o))
    (local.set 1 (struct.new $o (local.get 0)))
    (global.set $g (struct.new $p (i32.const 1) (i32.const 2)))
    (struct.get $o $a (local.get 1))))
