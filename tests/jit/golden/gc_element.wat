;; An index is compared once; the address is one operand.
;; ir-count: 2 trap_if
;; ir: return(5)
;; asm: rsi*4 + 8], 5
(module (type $w (array (mut i32))) (type $d (array (mut f64)))
  (func (export "f") (param (ref $w) i32 (ref $d)) (result i32) (local i32)
    (local.set 3 (array.get $w (local.get 0) (local.get 1)))
    (array.set $d (local.get 2) (i32.const 0) (f64.const 1))
    (array.set $w (local.get 0) (local.get 1) (i32.const 5))
    (i32.add (i32.sub (local.get 3) (local.get 3)) (array.get $w (local.get 0) (local.get 1)))))
