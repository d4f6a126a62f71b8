;; A locked operation where nobody wants the old value, xadd where somebody does, a loop of cmpxchg
;; for and, or, xor; a known address wants no test of its alignment.
;; lir: locked.i32.atomic.rmw.add.add.l * [r14+64]
;; lir: xadd.i32.atomic.rmw.add.l * [r14+64]
;; lir: cmptrap*test*
;; lir: atomic_loop.i64.atomic.rmw16.or_u.or.l
;; lir: cmpxchg.i32.atomic.rmw.cmpxchg.l
;; lir: atomic_store.i32.atomic.store.l
;; lir: fence
(module (memory 1) (func (export "f") (param i32 i32 i64) (result i64)
  (drop (i32.atomic.rmw.add (i32.const 64) (local.get 1)))
  (local.set 1 (i32.atomic.rmw.add (i32.const 64) (local.get 1)))
  (local.set 2 (i64.atomic.rmw16.or_u (local.get 0) (local.get 2)))
  (local.set 1 (i32.atomic.rmw.cmpxchg (i32.const 4) (local.get 1) (i32.const 5)))
  (i32.atomic.store (i32.const 8) (local.get 1))
  (atomic.fence)
  (local.get 2)))
