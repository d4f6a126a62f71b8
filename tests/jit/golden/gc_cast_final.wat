;; A cast to a final type: the header's type, compared; what is no object cannot be there.
;; asm-most: 4 mov eax, dword ptr [rdi] .. jne
;; no-ir: helper
(module
  (type $o (sub (struct (field $a (mut i32)))))
  (type $p (sub $o (struct (field $a (mut i32)) (field $b i32))))
  (type $f (sub final $p (struct (field $a (mut i32)) (field $b i32) (field $c (mut i32)))))
  (func (export "f") (param (ref $o)) (result (ref $f)) (ref.cast (ref $f) (local.get 0))))
