;; Lists of a thousand links: 4,096 of them live (98 MB of links with a head word, a number and a reference each), SIZE
;; thousand are made in the place of others, whose links are summed before they go.
(global $size i32 (i32.const 8))
(type $link (sub final (struct (field $value (mut i64)) (field $next (mut (ref null $link))))))
(type $lists (array (mut (ref null $link))))

(func $chain (param $length i32) (param $value i64) (result (ref null $link))
  (local $list (ref null $link))
  (loop $more
    (local.set $list (struct.new $link (i64.add (local.get $value) (i64.extend_i32_u (local.get $length))) (local.get $list)))
    (br_if $more (local.tee $length (i32.sub (local.get $length) (i32.const 1)))))
  (local.get $list))

;; Their sum; each number grows by one on the way, and every second link's successor is left out.
(func $thin (param $list (ref null $link)) (result i64)
  (local $sum i64) (local $next (ref null $link))
  (block $end
    (loop $more
      (br_if $end (ref.is_null (local.get $list)))
      (local.set $sum (i64.add (local.get $sum) (struct.get $link $value (local.get $list))))
      (struct.set $link $value (local.get $list) (i64.add (struct.get $link $value (local.get $list)) (i64.const 1)))
      (local.set $next (struct.get $link $next (local.get $list)))
      (if (i32.eqz (ref.is_null (local.get $next)))
        (then
          (local.set $next (struct.get $link $next (local.get $next)))
          (struct.set $link $next (local.get $list) (local.get $next))))
      (local.set $list (local.get $next))
      (br $more)))
  (local.get $sum))

(func $kernel (param $size i32) (result i64)
  (local $lists (ref $lists)) (local $i i32) (local $at i32) (local $sum i64)
  (local.set $lists (array.new_default $lists (i32.const 4096)))
  (loop $more
    (array.set $lists (local.get $lists) (local.get $i) (call $chain (i32.const 1000) (i64.extend_i32_u (local.get $i))))
    (br_if $more (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096))))
  (local.set $i (i32.mul (local.get $size) (i32.const 1000)))
  (loop $more
    (local.set $at (i32.and (call $random) (i32.const 4095)))
    (local.set $sum (call $mix (local.get $sum) (call $thin (array.get $lists (local.get $lists) (local.get $at)))))
    (array.set $lists (local.get $lists) (local.get $at) (call $chain (i32.const 1000) (i64.extend_i32_u (local.get $i))))
    (br_if $more (i32.gt_s (local.tee $i (i32.sub (local.get $i) (i32.const 1))) (i32.const 0))))
  (local.get $sum))
