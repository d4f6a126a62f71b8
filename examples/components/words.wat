;; package example:words;
;; interface count { record stats { words: u32, letters: u32, first: string }  count: func(text: string) -> stats; }
;; A word is what stands between spaces; `first` is the first of them.
(component
  (core module $code
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 64))
    ;; Text of the next call goes where that of the last one was: reset.
    (func (export "realloc") (param $old i32) (param $was i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.set $top (i32.add (local.get $at) (local.get $size)))
      (if (i32.gt_u (global.get $top) (i32.mul (memory.size) (i32.const 65536)))
        (then (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get $size) (i32.const 16)))))))
      (local.get $at))
    (func (export "reset") (param i32) (global.set $top (i32.const 64)))
    ;; The record, at 16: words, letters, first (address, length).
    (func (export "count") (param $at i32) (param $len i32) (result i32)
      (local $end i32) (local $begin i32) (local $words i32) (local $letters i32)
      (local.set $end (i32.add (local.get $at) (local.get $len)))
      (i64.store (i32.const 24) (i64.const 0))
      (loop $next
        (local.set $begin (local.get $at))
        (block $word_ends
          (loop $more
            (br_if $word_ends (i32.ge_u (local.get $at) (local.get $end)))
            (br_if $word_ends (i32.eq (i32.load8_u (local.get $at)) (i32.const 32)))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $more)))
        (if (i32.ne (local.get $at) (local.get $begin))
          (then
            (if (i32.eqz (local.get $words))
              (then
                (i32.store (i32.const 24) (local.get $begin))
                (i32.store (i32.const 28) (i32.sub (local.get $at) (local.get $begin)))))
            (local.set $words (i32.add (local.get $words) (i32.const 1)))
            (local.set $letters (i32.add (local.get $letters) (i32.sub (local.get $at) (local.get $begin))))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
      (i32.store (i32.const 16) (local.get $words))
      (i32.store (i32.const 20) (local.get $letters))
      (i32.const 16)))
  (core instance $code (instantiate $code))
  (type $stats' (record (field "words" u32) (field "letters" u32) (field "first" string)))
  (func $count' (param "text" string) (result $stats')
    (canon lift (core func $code "count") (memory (core memory $code "memory")) (realloc (core func $code "realloc"))
      (post-return (core func $code "reset"))))
  (component $shown
    (type $stats' (record (field "words" u32) (field "letters" u32) (field "first" string)))
    (import "stats" (type $stats (eq $stats')))
    (import "count" (func $count (param "text" string) (result $stats)))
    (export $out "stats" (type $stats))
    (export "count" (func $count) (func (param "text" string) (result $out))))
  (instance $count (instantiate $shown (with "stats" (type $stats')) (with "count" (func $count'))))
  (export "example:words/count@1.0.0" (instance $count)))
