;; An instance that shows less than it has.
(component
  (core module $m (func (export "f")))
  (core instance $m (instantiate $m))
  (func $f (canon lift (core func $m "f")))
  (instance $both (export "f" (func $f)) (export "g" (func $f)))
  (export "narrow" (instance $both) (instance (export "f" (func))))
)
