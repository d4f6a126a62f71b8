;; A few elements are made in line.
;; ir-count: 1 helper
;; ir: i64.store ptr
(module (type $b (array (mut i8)))
  (func (export "f") (result (ref $b)) (array.new_default $b (i32.const 12))))
