#!/bin/sh
# A typed call and a host function that is a lambda cost what those by slots cost: instructions, counted by
# valgrind, may differ by three a call. Usage: cost.sh PROGRAM (cost.cc)
command -v valgrind >/dev/null || { echo "skipped: no valgrind"; exit 77; }
program=$1

instructions() { # WAY N
  valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null "$program" "$1" "$2" 2>&1 |
    sed -n 's/.*I *refs: *//p' | tr -d ,
}
# The difference of two runs has nothing in it but calls.
of_a_call() { # WAY
  few=$(instructions "$1" 1000) many=$(instructions "$1" 11000)
  [ -n "$few" ] && [ -n "$many" ] && echo $(((many - few) / 10000))
}

failed=0
compare() { # WAY-BY-SLOTS WAY...
  by_slots=$(of_a_call "$1") || { echo "nothing was counted"; exit 1; }
  shift
  for way; do
    typed=$(of_a_call "$way")
    echo "$way: $typed instructions a call, by slots $by_slots"
    [ "$((typed - by_slots))" -le 3 ] || failed=1
  done
}
compare raw typed try
compare raw-host lambda
exit $failed
