;; Owns things of the host's, and has a resource of its own whose destructor counts.
(component
  (import "thing" (type $thing (sub resource)))
  (import "make" (func $make (result (own $thing))))
  (core module $state
    (memory (export "memory") 1)
    (global $gone (mut i32) (i32.const 0))
    (func (export "end") (param i32) (global.set $gone (i32.add (global.get $gone) (local.get 0))))
    (func (export "gone") (result i32) (global.get $gone)))
  (core instance $state (instantiate $state))
  (type $part' (resource (rep i32) (dtor (core func $state "end"))))
  (export $part "part" (type $part'))
  (core func $make' (canon lower (func $make)))
  (core func $drop (canon resource.drop $thing))
  (core func $new (canon resource.new $part'))
  (core module $main
    (import "i" "make" (func $make (result i32)))
    (import "i" "drop" (func $drop (param i32)))
    (import "i" "new" (func $new (param i32) (result i32)))
    ;; Makes two for each: one is dropped, one kept.
    (func (export "keep") (param $n i32)
      (loop $next
        (drop (call $make))
        (call $drop (call $make))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "part") (param $n i32) (result i32) (call $new (local.get $n))))
  (core instance $main (instantiate $main (with "i" (instance
    (export "make" (func $make')) (export "drop" (func $drop)) (export "new" (func $new))))))
  (func (export "keep") (param "n" u32) (canon lift (core func $main "keep")))
  (func (export "make-part") (param "n" u32) (result (own $part)) (canon lift (core func $main "part")))
  (func (export "gone") (result u32) (canon lift (core func $state "gone"))))
