;; What is known of a value on each way is known where they meet: made here, or passed by a cast there.
;; ir: i32.load ptr v*+16
;; no-ir: trap_if trap 24
;; ir-count: 1 trap_if trap 12
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $f (sub final $o (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (func (export "f") (param (ref null $o) i32) (result i32)
    (struct.get $f $c
      (if (result (ref null $f)) (local.get 1)
        (then (ref.cast (ref $f) (local.get 0)))
        (else (struct.new_default $f))))))
