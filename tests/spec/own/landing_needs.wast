;; Where compiled code goes on with an exception, it has what was computed before the call only: what
;; both ways on need must not be made behind the call.

(module
  (tag $e)
  (func $may_throw (param i32) (if (local.get 0) (then (throw $e))))
  (table funcref (elem $may_throw))

  ;; a product that is first needed behind the call
  (func (export "product") (param i32 i32 i32) (result i32) (local $x i32)
    (local.set $x (i32.mul (local.get 0) (local.get 1)))
    (block $h
      (try_table (catch_all $h) (call_indirect (param i32) (local.get 2) (i32.const 0)))
      (return (i32.add (local.get $x) (i32.const 1))))
    (i32.sub (local.get $x) (i32.const 2)))

  ;; nested: the outer landing needs it, too
  (func (export "nested") (param i32 i32 i32) (result i32) (local $x i32)
    (local.set $x (i32.rotl (local.get 0) (local.get 1)))
    (block $o
      (try_table (catch_all $o)
        (block $i
          (try_table (catch_all $i) (call_indirect (param i32) (local.get 2) (i32.const 0)))
          (return (i32.add (local.get $x) (i32.const 1))))
        (call_indirect (param i32) (i32.shr_u (local.get 2) (i32.const 1)) (i32.const 0))
        (return (i32.add (local.get $x) (i32.const 2)))))
    (i32.add (local.get $x) (i32.const 3)))

  ;; several calls, the legacy encoding, a float
  (func (export "legacy") (param f64 i32 i32) (result f64) (local $x f64)
    (local.set $x (f64.mul (local.get 0) (f64.const 3)))
    (try (do
        (call_indirect (param i32) (local.get 1) (i32.const 0))
        (call_indirect (param i32) (local.get 2) (i32.const 0))
        (local.set $x (f64.add (local.get $x) (f64.const 1))))
      (catch_all (local.set $x (f64.sub (local.get $x) (f64.const 1)))))
    (local.get $x)))

(assert_return (invoke "product" (i32.const 6) (i32.const 7) (i32.const 0)) (i32.const 43))
(assert_return (invoke "product" (i32.const 6) (i32.const 7) (i32.const 1)) (i32.const 40))
(assert_return (invoke "nested" (i32.const 5) (i32.const 2) (i32.const 0)) (i32.const 21))
(assert_return (invoke "nested" (i32.const 5) (i32.const 2) (i32.const 1)) (i32.const 22))
(assert_return (invoke "nested" (i32.const 5) (i32.const 2) (i32.const 3)) (i32.const 23))
(assert_return (invoke "legacy" (f64.const 2) (i32.const 0) (i32.const 0)) (f64.const 7))
(assert_return (invoke "legacy" (f64.const 2) (i32.const 1) (i32.const 0)) (f64.const 5))
(assert_return (invoke "legacy" (f64.const 2) (i32.const 0) (i32.const 1)) (f64.const 5))

;; what is caught in several places of one function, by way of inlined ones
(module
  (tag $e (param i32))
  (func $may_throw (param i32) (if (local.get 0) (then (throw $e (local.get 0)))))
  (table funcref (elem $may_throw))
  (func $caught (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $e $h) (call_indirect (param i32) (local.get 0) (i32.const 0)))
      (i32.const -1)))
  (func (export "twice") (param i32 i32) (result i32)
    (local $sum i32) (local $n i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (call $caught (local.get 0))))
      (local.set $sum (i32.add (local.get $sum) (call $caught (local.get 1))))
      (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 3))))
    (local.get $sum)))

(assert_return (invoke "twice" (i32.const 0) (i32.const 0)) (i32.const -6))
(assert_return (invoke "twice" (i32.const 5) (i32.const 0)) (i32.const 12))
(assert_return (invoke "twice" (i32.const 0) (i32.const 7)) (i32.const 18))
(assert_return (invoke "twice" (i32.const 5) (i32.const 7)) (i32.const 36))
;; what each landing hands on and what goes on behind the call needs at once
(module
  (tag $e)
  (global $g (mut i32) (i32.const 0))
  (func $may_throw (param i32) (if (local.get 0) (then (throw $e))))
  (table funcref (elem $may_throw))
  (func (export "each") (param i32 i32) (result i32) (local $x i32)
    (block $h
      (try_table (catch_all $h)
        (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 10)) (local.get 1)))
        (call_indirect (param i32) (i32.eq (local.get 0) (i32.const 1)) (i32.const 0))
        (global.set $g (local.get $x))
        (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 10)) (local.get 1)))
        (call_indirect (param i32) (i32.eq (local.get 0) (i32.const 2)) (i32.const 0))
        (global.set $g (local.get $x))
        (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 10)) (local.get 1)))
        (call_indirect (param i32) (i32.eq (local.get 0) (i32.const 3)) (i32.const 0))
        (global.set $g (local.get $x))))
    (i32.add (i32.mul (local.get $x) (i32.const 1000)) (global.get $g))))

(assert_return (invoke "each" (i32.const 0) (i32.const 7)) (i32.const 777777))
(assert_return (invoke "each" (i32.const 3) (i32.const 7)) (i32.const 777077))
(assert_return (invoke "each" (i32.const 2) (i32.const 7)) (i32.const 77007))
(assert_return (invoke "each" (i32.const 1) (i32.const 6)) (i32.const 6007))
