;; A persistent map: a trie by five bits of the hash at a time, whose nodes are copied on the way. Each item is an
;; inner node or an entry, told apart by a cast. SIZE keys; now and then an old version is kept.
(global $size i32 (i32.const 250000))
(type $item (sub (struct)))
(type $items (array (mut (ref null $item))))
(type $entry (sub final $item (struct (field $key i32) (field $value i32))))
(type $node (sub final $item (struct (field $map i32) (field $items (ref $items)))))
(type $versions (array (mut (ref null $node))))

(func $hash (param $key i32) (result i32)
  (local.set $key (i32.mul (i32.xor (local.get $key) (i32.shr_u (local.get $key) (i32.const 15))) (i32.const 0x2c1b3c6d)))
  (i32.mul (i32.xor (local.get $key) (i32.shr_u (local.get $key) (i32.const 12))) (i32.const 0x297a2d39)))

(func $bit (param $hash i32) (param $shift i32) (result i32)
  (i32.shl (i32.const 1) (i32.and (i32.shr_u (local.get $hash) (local.get $shift)) (i32.const 31))))

;; How many items stand before the bit's.
(func $place (param $node (ref $node)) (param $bit i32) (result i32)
  (i32.popcnt (i32.and (struct.get $node $map (local.get $node)) (i32.sub (local.get $bit) (i32.const 1)))))

(func $with_replaced (param $node (ref $node)) (param $at i32) (param $item (ref $item)) (result (ref $node))
  (local $old (ref $items)) (local $new (ref $items))
  (local.set $old (struct.get $node $items (local.get $node)))
  (local.set $new (array.new_default $items (array.len (local.get $old))))
  (array.copy $items $items (local.get $new) (i32.const 0) (local.get $old) (i32.const 0) (array.len (local.get $old)))
  (array.set $items (local.get $new) (local.get $at) (local.get $item))
  (struct.new $node (struct.get $node $map (local.get $node)) (local.get $new)))

(func $with_added (param $node (ref $node)) (param $bit i32) (param $at i32) (param $item (ref $item)) (result (ref $node))
  (local $old (ref $items)) (local $new (ref $items))
  (local.set $old (struct.get $node $items (local.get $node)))
  (local.set $new (array.new_default $items (i32.add (array.len (local.get $old)) (i32.const 1))))
  (array.copy $items $items (local.get $new) (i32.const 0) (local.get $old) (i32.const 0) (local.get $at))
  (array.set $items (local.get $new) (local.get $at) (local.get $item))
  (array.copy $items $items (local.get $new) (i32.add (local.get $at) (i32.const 1))
    (local.get $old) (local.get $at) (i32.sub (array.len (local.get $old)) (local.get $at)))
  (struct.new $node (i32.or (struct.get $node $map (local.get $node)) (local.get $bit)) (local.get $new)))

(func $insert (param $node (ref $node)) (param $shift i32) (param $entry (ref $entry)) (result (ref $node))
  (local $bit i32) (local $at i32) (local $item (ref null $item)) (local $other (ref $entry)) (local $below (ref $node))
  (local.set $bit (call $bit (call $hash (struct.get $entry $key (local.get $entry))) (local.get $shift)))
  (local.set $at (call $place (local.get $node) (local.get $bit)))
  (if (i32.eqz (i32.and (struct.get $node $map (local.get $node)) (local.get $bit)))
    (then (return (call $with_added (local.get $node) (local.get $bit) (local.get $at) (local.get $entry)))))
  (local.set $item (array.get $items (struct.get $node $items (local.get $node)) (local.get $at)))
  (local.set $below
    (if (result (ref $node)) (ref.test (ref $node) (local.get $item))
      (then (ref.cast (ref $node) (local.get $item)))
      (else
        (local.set $other (ref.cast (ref $entry) (local.get $item)))
        (if (i32.eq (struct.get $entry $key (local.get $other)) (struct.get $entry $key (local.get $entry)))
          (then (return (call $with_replaced (local.get $node) (local.get $at) (local.get $entry)))))
        (call $insert (global.get $empty) (i32.add (local.get $shift) (i32.const 5)) (local.get $other)))))
  (call $with_replaced (local.get $node) (local.get $at)
    (call $insert (local.get $below) (i32.add (local.get $shift) (i32.const 5)) (local.get $entry))))

(global $empty (ref $node) (struct.new $node (i32.const 0) (array.new_default $items (i32.const 0))))

;; The value, or 0.
(func $find (param $node (ref $node)) (param $key i32) (result i32)
  (local $hash i32) (local $shift i32) (local $bit i32) (local $item (ref null $item)) (local $entry (ref $entry))
  (local.set $hash (call $hash (local.get $key)))
  (loop $deeper
    (local.set $bit (call $bit (local.get $hash) (local.get $shift)))
    (if (i32.eqz (i32.and (struct.get $node $map (local.get $node)) (local.get $bit))) (then (return (i32.const 0))))
    (local.set $item (array.get $items (struct.get $node $items (local.get $node)) (call $place (local.get $node) (local.get $bit))))
    (local.set $shift (i32.add (local.get $shift) (i32.const 5)))
    (block $is_entry (result (ref null $item))
      (local.set $node (br_on_cast_fail $is_entry (ref null $item) (ref $node) (local.get $item)))
      (br $deeper))
    (local.set $entry (ref.cast (ref $entry)))
    (if (i32.ne (struct.get $entry $key (local.get $entry)) (local.get $key)) (then (return (i32.const 0))))
    (return (struct.get $entry $value (local.get $entry))))
  (unreachable))

(func $kernel (param $size i32) (result i64)
  (local $map (ref $node)) (local $versions (ref $versions)) (local $i i32) (local $sum i64)
  (local.set $map (global.get $empty))
  (local.set $versions (array.new $versions (global.get $empty) (i32.const 16)))
  (loop $more
    (local.set $map (call $insert (local.get $map) (i32.const 0)
      (struct.new $entry (i32.rem_u (call $random) (local.get $size)) (local.get $i))))
    (if (i32.eqz (i32.and (local.get $i) (i32.const 4095)))
      (then (array.set $versions (local.get $versions) (i32.and (i32.shr_u (local.get $i) (i32.const 12)) (i32.const 15)) (local.get $map))))
    (br_if $more (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $size))))
  (local.set $i (i32.const 0))
  (loop $more
    (local.set $sum (call $mix (local.get $sum) (i64.extend_i32_u (i32.add
      (call $find (local.get $map) (local.get $i))
      (call $find (ref.as_non_null (array.get $versions (local.get $versions) (i32.and (local.get $i) (i32.const 15)))) (local.get $i))))))
    (br_if $more (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $size))))
  (local.get $sum))
