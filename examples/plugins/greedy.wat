;; Wants more memory than the host allows: refused when loaded.
(module $greedy
  (memory 1000)
  (func (export "on_event") (param i32) (result i32) (i32.const 0)))
