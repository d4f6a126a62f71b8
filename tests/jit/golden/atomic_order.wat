;; What was loaded before an atomic access is not what is there after it, and no load moves over one.
;; ir: = i32.load v
;; ir: = i32.atomic.rmw.add v
;; ir: = i32.load v
;; lir: load.i32.load.l rax, [r14+rdi+0]
;; lir: load.i32.load.l rcx, [r14+rdi+4]
;; lir: locked.i32.atomic.rmw.add
;; lir: alu.add.l rax, rax, [r14+rdi+0]
(module (memory 1) (func (export "f") (param i32) (result i32)
  (local i32 i32)
  (local.set 1 (i32.load (local.get 0)))
  (local.set 2 (i32.load offset=4 (local.get 0)))
  (drop (i32.atomic.rmw.add (local.get 0) (i32.const 1)))
  (i32.add (local.get 2) (i32.add (local.get 1) (i32.load (local.get 0))))))
