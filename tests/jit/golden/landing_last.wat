;; What an exception leads to does not stand in the way: behind the call goes on what needs its
;; result, then the function returns, and only then comes the landing, with the exception's tag.
;; lir: call_ref.q *
;; asm: call qword ptr [r11 + 0x10]
;; asm: add eax, ebx
;; asm: ret
;; asm: cmp *, qword ptr [r15 + *]
;; asm: jmp *
(module
  (tag $e (param i32))
  (table 1 funcref)
  (func (export "f") (param i32) (result i32)
    (i32.add (local.get 0)
      (block $h (result i32)
        (try_table (result i32) (catch $e $h)
          (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0)))))))
