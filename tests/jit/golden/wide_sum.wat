;; The carry of a sum is added with the upper halves.
;; lir: lea.q
;; lir: carry.i64.add
;; no-lir: cmpset
;; no-lir: alu
(module (func (export "f") (param i64 i64 i64 i64) (result i64 i64)
  (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3))))
