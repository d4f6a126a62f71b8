;; Counts the events it has seen.
(module $counter
  (global $seen (mut i32) (i32.const 0))
  (func (export "on_event") (param $event i32) (result i32)
    (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
    (global.get $seen)))
