;; Two fields: behind the stack's check the arguments are moved, then 11 instructions.
;; asm-most: 15 jb .. dword ptr [rax + 0xc]
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $p (sub $o (struct (field $a (mut i32)) (field $b i32))))
  (type $f (sub final $p (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (func (export "f") (param i32 i32) (result (ref $p)) (struct.new $p (local.get 0) (local.get 1))))
