;; splice from an output stream.
(component
  (import "wasi:io/error@0.2.6" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/streams@0.2.6" (instance $streams
    (export "output-stream" (type $output (sub resource)))
    (alias outer 1 $error-type (type $outer-error))
    (export "error" (type $e (eq $outer-error)))
    (type $stream-error' (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error')))
    (export "[method]output-stream.splice" (func
      (param "self" (borrow $output)) (param "src" (borrow $output)) (param "len" u64)
      (result (result u64 (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-type))
  (import "wasi:cli/stdout@0.2.6" (instance $stdout
    (alias outer 1 $output-type (type $outer-output))
    (export "output-stream" (type $output (eq $outer-output)))
    (export "get-stdout" (func (result (own $output))))))
  (core module $memory (memory (export "memory") 1))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $bytes))
  (core func $get (canon lower (func $stdout "get-stdout")))
  (core func $splice (canon lower (func $streams "[method]output-stream.splice") (memory $bytes)))
  (core module $main
    (import "host" "get" (func $get (result i32)))
    (import "host" "splice" (func $splice (param i32 i32 i64 i32)))
    (func (export "run") (result i32)
      (call $splice (call $get) (call $get) (i64.const 1) (i32.const 0))
      (i32.const 0)))
  (core instance $main (instantiate $main (with "host" (instance
    (export "get" (func $get))
    (export "splice" (func $splice))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.6" (instance $exports)))
