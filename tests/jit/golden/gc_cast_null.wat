;; Null passes: its header is one of the wanted type. One comparison and one trap for all.
;; ir: select
;; ir: trap_if
;; no-ir: branch
;; no-ir: helper
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $p (sub $o (struct (field $a (mut i32)) (field $b i32))))
  (type $f (sub final $p (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (func (export "f") (param (ref null $o)) (result (ref null $p)) (ref.cast (ref null $p) (local.get 0))))
