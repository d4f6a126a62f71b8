;; Eats memory: grows until it gets no more, which is soon, and says how much it has.
(module $eater
  (memory 1)
  (func (export "on_event") (param $event i32) (result i32)
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (memory.size)))
