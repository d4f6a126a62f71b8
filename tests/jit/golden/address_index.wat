;; An i32 index is zero-extended already: it is the access's index register as it is.
;; lir: load.i32.load.l *[r14+rdi+16]
(module (memory 1) (func (export "f") (param i32) (result i32) (i32.load offset=16 (local.get 0))))
