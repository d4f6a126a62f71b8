;; What makes a kernel a WASI command: `kernel [SIZE [ROUNDS]]` calls $kernel ROUNDS times (1) with SIZE (else
;; the kernel's own, $size) and prints the last checksum. gc.py puts this text and a kernel's into one module.
(import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
(memory (export "memory") 1)

;; The number of argument $n; $otherwise when it is 0 or not there.
(func $argument (param $n i32) (param $otherwise i32) (result i32)
  (local $at i32) (local $digit i32) (local $value i32)
  (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
  (if (i32.or (i32.ge_u (local.get $n) (i32.load (i32.const 0))) (i32.gt_u (i32.load (i32.const 4)) (i32.const 4096)))
    (then (return (local.get $otherwise))))
  (drop (call $args_get (i32.const 1024) (i32.const 8192)))
  (local.set $at (i32.load (i32.add (i32.const 1024) (i32.shl (local.get $n) (i32.const 2)))))
  (loop $next
    (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
    (if (i32.lt_u (local.get $digit) (i32.const 10))
      (then
        (local.set $value (i32.add (i32.mul (local.get $value) (i32.const 10)) (local.get $digit)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next))))
  (select (local.get $value) (local.get $otherwise) (local.get $value)))

;; As 16 hexadecimal digits and a newline, at 16.
(func $print (param $value i64)
  (local $at i32) (local $digit i32)
  (local.set $at (i32.const 32))
  (i32.store8 (i32.const 32) (i32.const 10))
  (loop $next
    (local.set $at (i32.sub (local.get $at) (i32.const 1)))
    (local.set $digit (i32.and (i32.wrap_i64 (local.get $value)) (i32.const 15)))
    (i32.store8 (local.get $at)
      (i32.add (local.get $digit) (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $digit) (i32.const 10)))))
    (local.set $value (i64.shr_u (local.get $value) (i64.const 4)))
    (br_if $next (i32.gt_u (local.get $at) (i32.const 16))))
  (i32.store (i32.const 0) (i32.const 16))
  (i32.store (i32.const 4) (i32.const 17))
  (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))

(func (export "_start")
  (local $rounds i32) (local $sum i64)
  (local.set $rounds (call $argument (i32.const 2) (i32.const 1)))
  (loop $again
    (global.set $random (i32.const 12345))
    (local.set $sum (call $kernel (call $argument (i32.const 1) (global.get $size))))
    (br_if $again (i32.gt_s (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1))) (i32.const 0))))
  (call $print (local.get $sum)))

;; The same numbers everywhere: 24 bits.
(global $random (mut i32) (i32.const 0))
(func $random (result i32)
  (global.set $random (i32.add (i32.mul (global.get $random) (i32.const 1664525)) (i32.const 1013904223)))
  (i32.shr_u (global.get $random) (i32.const 8)))

(func $mix (param $sum i64) (param $value i64) (result i64)
  (i64.add (i64.rotl (i64.mul (local.get $sum) (i64.const 31)) (i64.const 7)) (local.get $value)))
