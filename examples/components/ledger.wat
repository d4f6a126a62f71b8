;; package example:ledger;
;; interface bank { resource account { constructor(owner: string); add: func(cents: s64); balance: func() -> s64; } }
;; world { import bank;  export pay: func(times: u32, cents: s64) -> s64; }
;; Opens an account, pays in so many times, and gives the balance.
(component
  (import "example:ledger/bank@1.0.0" (instance $bank
    (export "account" (type $account (sub resource)))
    (export "[constructor]account" (func (param "owner" string) (result (own $account))))
    (export "[method]account.add" (func (param "self" (borrow $account)) (param "cents" s64)))
    (export "[method]account.balance" (func (param "self" (borrow $account)) (result s64)))))
  (alias export $bank "account" (type $account))
  (core module $memory (memory (export "memory") 1) (data (i32.const 16) "guest"))
  (core instance $memory (instantiate $memory))
  (core func $open (canon lower (func $bank "[constructor]account") (memory (core memory $memory "memory"))))
  (core func $add (canon lower (func $bank "[method]account.add")))
  (core func $balance (canon lower (func $bank "[method]account.balance")))
  (core func $drop (canon resource.drop $account))
  (core module $code
    (import "bank" "open" (func $open (param i32 i32) (result i32)))
    (import "bank" "add" (func $add (param i32 i64)))
    (import "bank" "balance" (func $balance (param i32) (result i64)))
    (import "bank" "drop" (func $drop (param i32)))
    (func (export "pay") (param $times i32) (param $cents i64) (result i64)
      (local $account i32) (local $balance i64)
      (local.set $account (call $open (i32.const 16) (i32.const 5)))
      (loop $next
        (if (local.get $times)
          (then
            (call $add (local.get $account) (local.get $cents))
            (local.set $times (i32.sub (local.get $times) (i32.const 1)))
            (br $next))))
      (local.set $balance (call $balance (local.get $account)))
      (call $drop (local.get $account))
      (local.get $balance)))
  (core instance $code (instantiate $code (with "bank" (instance
    (export "open" (func $open)) (export "add" (func $add)) (export "balance" (func $balance))
    (export "drop" (func $drop))))))
  (func (export "pay") (param "times" u32) (param "cents" s64) (result s64)
    (canon lift (core func $code "pay"))))
