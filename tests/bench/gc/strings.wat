;; Text in arrays of 16-bit letters: words made letter by letter in a buffer, cut out, counted in a hash table of
;; chained entries, joined to lines, compared. SIZE thousand words.
(global $size i32 (i32.const 600))
(type $text (array (mut i16)))
(type $buffer (sub final (struct (field $text (mut (ref $text))) (field $length (mut i32)))))
(type $word (sub final (struct (field $text (ref $text)) (field $hash i32) (field $count (mut i32)) (field $next (ref null $word)))))
(type $table (array (mut (ref null $word))))
(global $letters (ref $text) (array.new_fixed $text 16
  (i32.const 97) (i32.const 101) (i32.const 105) (i32.const 111) (i32.const 116) (i32.const 110) (i32.const 115) (i32.const 114)
  (i32.const 104) (i32.const 108) (i32.const 100) (i32.const 99) (i32.const 252) (i32.const 0x3b1) (i32.const 0x416) (i32.const 0x4e2d)))

(func $reserve (param $buffer (ref $buffer)) (param $more i32)
  (local $wider (ref $text)) (local $length i32)
  (local.set $length (struct.get $buffer $length (local.get $buffer)))
  (if (i32.gt_u (i32.add (local.get $length) (local.get $more)) (array.len (struct.get $buffer $text (local.get $buffer))))
    (then
      (local.set $wider (array.new_default $text (i32.shl (i32.add (local.get $length) (local.get $more)) (i32.const 1))))
      (array.copy $text $text (local.get $wider) (i32.const 0) (struct.get $buffer $text (local.get $buffer)) (i32.const 0) (local.get $length))
      (struct.set $buffer $text (local.get $buffer) (local.get $wider)))))

(func $append_letter (param $buffer (ref $buffer)) (param $letter i32)
  (local $length i32)
  (call $reserve (local.get $buffer) (i32.const 1))
  (local.set $length (struct.get $buffer $length (local.get $buffer)))
  (array.set $text (struct.get $buffer $text (local.get $buffer)) (local.get $length) (local.get $letter))
  (struct.set $buffer $length (local.get $buffer) (i32.add (local.get $length) (i32.const 1))))

(func $append (param $buffer (ref $buffer)) (param $text (ref $text))
  (local $length i32)
  (call $reserve (local.get $buffer) (array.len (local.get $text)))
  (local.set $length (struct.get $buffer $length (local.get $buffer)))
  (array.copy $text $text (struct.get $buffer $text (local.get $buffer)) (local.get $length)
    (local.get $text) (i32.const 0) (array.len (local.get $text)))
  (struct.set $buffer $length (local.get $buffer) (i32.add (local.get $length) (array.len (local.get $text)))))

;; What the buffer holds, which is empty then.
(func $take (param $buffer (ref $buffer)) (result (ref $text))
  (local $text (ref $text))
  (local.set $text (array.new_default $text (struct.get $buffer $length (local.get $buffer))))
  (array.copy $text $text (local.get $text) (i32.const 0) (struct.get $buffer $text (local.get $buffer)) (i32.const 0)
    (array.len (local.get $text)))
  (struct.set $buffer $length (local.get $buffer) (i32.const 0))
  (local.get $text))

(func $hash (param $text (ref $text)) (result i32)
  (local $hash i32) (local $i i32)
  (block $end
    (loop $more
      (br_if $end (i32.ge_u (local.get $i) (array.len (local.get $text))))
      (local.set $hash (i32.add (i32.mul (local.get $hash) (i32.const 31)) (array.get_u $text (local.get $text) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $more)))
  (local.get $hash))

(func $equal (param $a (ref $text)) (param $b (ref $text)) (result i32)
  (local $i i32)
  (if (i32.ne (array.len (local.get $a)) (array.len (local.get $b))) (then (return (i32.const 0))))
  (loop $more
    (if (i32.ge_u (local.get $i) (array.len (local.get $a))) (then (return (i32.const 1))))
    (if (i32.ne (array.get_u $text (local.get $a) (local.get $i)) (array.get_u $text (local.get $b) (local.get $i)))
      (then (return (i32.const 0))))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br $more))
  (unreachable))

;; How often the word was seen before.
(func $seen (param $table (ref $table)) (param $text (ref $text)) (result i32)
  (local $hash i32) (local $at i32) (local $word (ref null $word))
  (local.set $hash (call $hash (local.get $text)))
  (local.set $at (i32.and (i32.xor (local.get $hash) (i32.shr_u (local.get $hash) (i32.const 13))) (i32.const 16383)))
  (local.set $word (array.get $table (local.get $table) (local.get $at)))
  (block $missing
    (loop $next
      (br_if $missing (ref.is_null (local.get $word)))
      (if (i32.eq (struct.get $word $hash (local.get $word)) (local.get $hash))
        (then (if (call $equal (struct.get $word $text (local.get $word)) (local.get $text))
          (then
            (struct.set $word $count (local.get $word) (i32.add (struct.get $word $count (local.get $word)) (i32.const 1)))
            (return (struct.get $word $count (local.get $word)))))))
      (local.set $word (struct.get $word $next (local.get $word)))
      (br $next)))
  (array.set $table (local.get $table) (local.get $at)
    (struct.new $word (local.get $text) (local.get $hash) (i32.const 0) (array.get $table (local.get $table) (local.get $at))))
  (i32.const 0))

(func $kernel (param $size i32) (result i64)
  (local $i i32) (local $k i32) (local $sum i64) (local $table (ref $table)) (local $text (ref $text))
  (local $letters (ref $buffer)) (local $line (ref $buffer))
  (local.set $table (array.new_default $table (i32.const 16384)))
  (local.set $letters (struct.new $buffer (array.new_default $text (i32.const 8)) (i32.const 0)))
  (local.set $line (struct.new $buffer (array.new_default $text (i32.const 8)) (i32.const 0)))
  (local.set $i (i32.mul (local.get $size) (i32.const 1000)))
  (loop $words
    (local.set $k (i32.add (i32.const 2) (i32.and (call $random) (i32.const 3))))
    (loop $more
      (call $append_letter (local.get $letters)
        (array.get_u $text (global.get $letters) (i32.and (i32.shr_u (call $random) (i32.const 9)) (i32.const 15))))
      (br_if $more (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
    (local.set $text (call $take (local.get $letters)))
    (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (call $seen (local.get $table) (local.get $text)))))
    (call $append (local.get $line) (local.get $text))
    (call $append_letter (local.get $line) (i32.const 32))
    (if (i32.gt_u (struct.get $buffer $length (local.get $line)) (i32.const 500))
      (then (local.set $sum (call $mix (local.get $sum) (i64.extend_i32_u (call $hash (call $take (local.get $line))))))))
    (br_if $words (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
  (local.get $sum))
