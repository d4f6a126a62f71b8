;; A mask that the store cuts off anyway is not computed.
;; lir: store.i32.store8
;; no-lir: extend
;; no-lir: alu.and
(module (memory 1) (func (export "f") (param i32 i32)
  (i32.store8 (local.get 0) (i32.and (local.get 1) (i32.const 255)))))
