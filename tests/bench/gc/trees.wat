;; Binary trees: many made, counted and dropped beside one that stays. SIZE is its depth.
(global $size i32 (i32.const 18))
(type $tree (sub final (struct (field $left (ref null $tree)) (field $right (ref null $tree)))))

(func $grow (param $depth i32) (result (ref $tree))
  (if (i32.eqz (local.get $depth)) (then (return (struct.new $tree (ref.null none) (ref.null none)))))
  (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
  (struct.new $tree (call $grow (local.get $depth)) (call $grow (local.get $depth))))

(func $count (param $tree (ref null $tree)) (result i32)
  (if (ref.is_null (local.get $tree)) (then (return (i32.const 0))))
  (i32.add (i32.const 1)
    (i32.add (call $count (struct.get $tree $left (local.get $tree)))
             (call $count (struct.get $tree $right (local.get $tree))))))

(func $kernel (param $size i32) (result i64)
  (local $keeper (ref $tree)) (local $depth i32) (local $rounds i32) (local $nodes i32) (local $sum i64)
  (local.set $sum (i64.extend_i32_u (call $count (call $grow (i32.add (local.get $size) (i32.const 1))))))
  (local.set $keeper (call $grow (local.get $size)))
  (local.set $depth (i32.const 4))
  (loop $deeper
    (local.set $rounds (i32.shl (i32.const 1) (i32.add (i32.sub (local.get $size) (local.get $depth)) (i32.const 4))))
    (local.set $nodes (i32.const 0))
    (loop $again
      (local.set $nodes (i32.add (local.get $nodes) (call $count (call $grow (local.get $depth)))))
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.set $sum (call $mix (local.get $sum) (i64.extend_i32_u (local.get $nodes))))
    (br_if $deeper (i32.le_s (local.tee $depth (i32.add (local.get $depth) (i32.const 4))) (local.get $size))))
  (call $mix (local.get $sum) (i64.extend_i32_u (call $count (local.get $keeper)))))
