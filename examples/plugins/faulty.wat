;; Misbehaves at the second event: the host and the other plugins go on.
(module $faulty
  (func (export "on_event") (param $event i32) (result i32)
    (i32.div_s (i32.const 100) (i32.sub (i32.const 2) (local.get $event)))))
