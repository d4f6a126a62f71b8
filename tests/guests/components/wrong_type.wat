;; get-random-u64 gives no string: what the host would take for one.
(component
  (import "wasi:random/random@0.2.6" (instance $random
    (export "get-random-u64" (func (param "s" string) (result u64))))))
