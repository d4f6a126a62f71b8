;; A rotation is one instruction.
;; lir: shift*
;; no-lir: alu
(module (func (export "f") (param i32) (result i32) (i32.rotl (local.get 0) (i32.const 7))))
