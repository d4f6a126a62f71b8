;; Writes where it has no memory.
(module $wild
  (memory 1)
  (func (export "on_event") (param $event i32) (result i32)
    (i32.store (i32.const -4) (local.get $event))
    (i32.const 0)))
