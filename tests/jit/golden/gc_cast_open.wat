;; A cast to a type that has subtypes: one word of the display of the object's type.
;; asm-most: 8 mov eax, dword ptr [rdi] .. jne
;; ir: trap_if
;; no-ir: helper
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $p (sub $o (struct (field $a (mut i32)) (field $b i32))))
  (type $f (sub final $p (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (func (export "f") (param (ref $o)) (result (ref $p)) (ref.cast (ref $p) (local.get 0))))
