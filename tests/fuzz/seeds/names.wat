(module $m
  (import "\u{2764}" "quo\"te\00" (func $imp (param $p f32)))
  (func $f (export "") (param $x i32) (local $y i64) (nop))
  (@custom "mine" "some bytes \01\02\ff")
  (export "a" (func $imp)) (export "b" (func $f)))
