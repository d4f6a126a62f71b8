;; Never comes back: its call ends at the host's deadline.
(module $looper
  (func (export "on_event") (param $event i32) (result i32)
    (loop $forever (br $forever))
    (i32.const 0)))
