;; `mib` MiB of trees live, each of 4,095 nodes of 24 bytes; then `churn` MiB of new ones take the
;; places of old ones, anywhere. The result is the sum over all that live in the end.
(module
  (type $tree (sub final (struct (field $l (ref null 0)) (field $r (ref null 0)))))
  (type $trees (array (mut (ref null $tree))))
  (global $seed (mut i64) (i64.const 88172645463325252))
  (func $tree (param $depth i32) (result (ref $tree))
    (if (result (ref $tree)) (local.get $depth)
      (then (struct.new $tree
        (call $tree (i32.sub (local.get $depth) (i32.const 1)))
        (call $tree (i32.sub (local.get $depth) (i32.const 1)))))
      (else (struct.new_default $tree))))
  (func $count (param $t (ref null $tree)) (result i32)
    (if (result i32) (ref.is_null (local.get $t)) (then (i32.const 0))
      (else (i32.add (i32.const 1) (i32.add
        (call $count (struct.get $tree $l (local.get $t)))
        (call $count (struct.get $tree $r (local.get $t))))))))
  (func $random (param $below i32) (result i32)
    (local $x i64)
    (local.set $x (global.get $seed))
    (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
    (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
    (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
    (global.set $seed (local.get $x))
    (i32.rem_u (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 32))) (local.get $below)))
  (func $trees_in (param $mib i32) (result i32)
    (i32.div_u (i32.mul (local.get $mib) (i32.const 1024)) (i32.const 96)))
  (func (export "main") (param $mib i32) (param $churn i32) (result i64)
    (local $trees (ref $trees)) (local $count i32) (local $i i32) (local $sum i64)
    (local.set $count (call $trees_in (local.get $mib)))
    (local.set $trees (array.new_default $trees (local.get $count)))
    (loop $fill
      (array.set $trees (local.get $trees) (local.get $i) (call $tree (i32.const 11)))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count))))
    (local.set $i (call $trees_in (local.get $churn)))
    (loop $change
      (array.set $trees (local.get $trees) (call $random (local.get $count)) (call $tree (i32.const 11)))
      (br_if $change (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (loop $each
      (local.set $sum (i64.add (local.get $sum)
        (i64.extend_i32_u (call $count (array.get $trees (local.get $trees) (local.get $i))))))
      (br_if $each (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count))))
    (local.get $sum)))
