(module
  (import "a" "b" (func $f (param $x i32) (param (@name "x") i64)))
  (rec)
  (func (param $x i32) (result i32)
    (block $l
      (@metadata.code.branch_hint "\01") (br_if $l (local.get $x))
      (@metadata.code.branch_hint "\00")
      (if (local.get $x) (then (call $f (i32.const 1) (i64.const 2)))))
    (i32.const 3))
  (func i32.const 1 (@metadata.code.branch_hint "\00") if else end)
  (@custom ".debug_line" "x"))
