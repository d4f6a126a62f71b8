;; A command that imports what there is nothing of, and calls it when it is given an argument.
(component
  (import "wasi:http/nothing@0.2.6" (instance $nothing
    (export "get-nothing" (func (result u32)))))
  (import "wasi:cli/environment@0.2.6" (instance $environment
    (export "get-arguments" (func (result (list string))))))
  (core module $memory
    (memory (export "memory") 1)
    (global $at (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $given i32)
      (local.set $given (i32.and (i32.add (global.get $at) (i32.const 7)) (i32.const -8)))
      (global.set $at (i32.add (local.get $given) (local.get 3)))
      (local.get $given)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $bytes))
  (core func $arguments (canon lower (func $environment "get-arguments")
    (memory $bytes) (realloc (core func $memory "realloc"))))
  (core func $get-nothing (canon lower (func $nothing "get-nothing")))
  (core module $main
    (import "host" "memory" (memory 1))
    (import "host" "arguments" (func $arguments (param i32)))
    (import "host" "nothing" (func $nothing (result i32)))
    (func (export "run") (result i32)
      (call $arguments (i32.const 0))
      (if (i32.gt_u (i32.load (i32.const 4)) (i32.const 1)) (then (drop (call $nothing))))
      (i32.const 0)))
  (core instance $main (instantiate $main (with "host" (instance
    (export "memory" (memory $bytes))
    (export "arguments" (func $arguments))
    (export "nothing" (func $get-nothing))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.6" (instance $exports)))
