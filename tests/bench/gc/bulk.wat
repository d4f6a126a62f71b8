;; array.copy and array.fill: bytes by the MiB, overlapping both ways; numbers; references; and short ones in numbers.
;; SIZE rounds.
(global $size i32 (i32.const 100))
(type $bytes (array (mut i8)))
(type $numbers (array (mut i64)))
(type $boxes (array (mut (ref null i31))))

(func $short (param $numbers (ref $numbers))
  (local $i i32)
  (loop $more
    (array.fill $numbers (local.get $numbers) (local.get $i) (i64.extend_i32_u (local.get $i)) (i32.and (local.get $i) (i32.const 15)))
    (array.copy $numbers $numbers (local.get $numbers) (i32.add (local.get $i) (i32.const 3))
      (local.get $numbers) (local.get $i) (i32.and (local.get $i) (i32.const 31)))
    (br_if $more (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 60000)))))

(func $kernel (param $size i32) (result i64)
  (local $i i32) (local $a (ref $bytes)) (local $b (ref $bytes)) (local $numbers (ref $numbers)) (local $boxes (ref $boxes)) (local $sum i64)
  (local.set $a (array.new $bytes (i32.const 1) (i32.const 0x1000000)))
  (local.set $b (array.new_default $bytes (i32.const 0x1000000)))
  (local.set $numbers (array.new_default $numbers (i32.const 0x10000)))
  (local.set $boxes (array.new_default $boxes (i32.const 0x40000)))
  (loop $more
    (array.fill $bytes (local.get $a) (i32.mul (local.get $i) (i32.const 7919)) (local.get $i) (i32.const 0x100000))
    (array.copy $bytes $bytes (local.get $b) (local.get $i) (local.get $a) (i32.const 0) (i32.const 0xf00000))
    (array.copy $bytes $bytes (local.get $b) (i32.const 1) (local.get $b) (i32.const 0) (i32.const 0x200000))
    (array.copy $bytes $bytes (local.get $b) (i32.const 0x300000) (local.get $b) (i32.const 0x300007) (i32.const 0x200000))
    (call $short (local.get $numbers))
    (array.fill $boxes (local.get $boxes) (i32.shl (local.get $i) (i32.const 4)) (ref.i31 (local.get $i)) (i32.const 0x20000))
    (array.copy $boxes $boxes (local.get $boxes) (i32.const 5) (local.get $boxes) (local.get $i) (i32.const 0x30000))
    (local.set $sum (call $mix (local.get $sum) (i64.add
      (i64.extend_i32_u (i32.add (array.get_u $bytes (local.get $b) (i32.mul (local.get $i) (i32.const 9973)))
        (i31.get_u (array.get $boxes (local.get $boxes) (i32.const 1000)))))
      (array.get $numbers (local.get $numbers) (i32.mul (local.get $i) (i32.const 97))))))
    (br_if $more (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $size))))
  (local.get $sum))
