;; Grows its memory at each event; past the host's limit memory.grow answers -1.
(module $hoarder
  (memory 1)
  (func (export "on_event") (param $event i32) (result i32)
    (memory.grow (i32.const 40))))
