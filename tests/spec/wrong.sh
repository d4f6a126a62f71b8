#!/bin/sh
# The script whose assertions are all wrong: each fails, and says what it found.
# Usage: wrong.sh WASM
wanted="1 passed, 13 failed, 0 skipped
12 ref.i31 ref.struct
13 ref.i31 ref.array
14 ref.struct ref.array
15 ref.struct ref.i31
16 ref.struct ref.host 7
17 ref.array ref.struct
18 ref.array ref.null
19 ref.null ref.any
20 ref.null ref.eq
21 ref.host 7 ref.eq
22 ref.host 7 ref.host 8
23 ref.host 7 ref.extern 8
24 ref.func ref.null"
found=$("$1" wast --tier=interp "$(dirname "$0")/wrong.wast" 2>&1 |
  sed -n 's/.*wrong.wast:\([0-9]*\): assert_return: result 0 is \(.*\), expected \(.*\)/\1 \2 \3/p; /passed/p' | sort)
[ "$found" = "$(printf '%s\n' "$wanted" | sort)" ] && exit 0
printf '%s\n' "$found"
exit 1
