(module
  (rec (type $s (sub (struct (field $x (mut i32)) (field i8)))) (type $a (array (mut (ref null $s)))))
  (type $f (func (param (ref $s)) (result (ref null any)))) (tag $e (param i32))
  (func (param (ref $s)) (result i32) (struct.get $s $x (local.get 0)))
  (func $t (block $h (result i32) (try_table (catch $e $h) (throw $e (i32.const 1))) (i32.const 0)) (drop)
    (return_call $t)))
