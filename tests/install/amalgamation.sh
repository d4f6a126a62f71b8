#!/bin/sh
# One file of all (tools/amalgamate.py), the interpreter only and with the compiler: compiled without a warning, then add_one
# called, the API's tests run, and the official suite by `wasm` linked with it in the place of the library.
# Usage: amalgamation.sh SOURCE-FOLDER BUILD-FOLDER SPEC-FOLDER WRAP; CC is the compiler, WRAP what tests link with
set -u
source=$1 build=$2 spec=$3 wrap=$4
: "${CC:=cc}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# What one file of all costs gcc 11 seconds, clang takes 25 for.
case $CC in *clang*) optimize=-O0 ;; *) optimize=-O1 ;; esac
failed=0
fault() { echo "failed: $*"; failed=1; }

# shellcheck disable=SC2086
compile() { # FLAVOUR OPTION...
  flavour=$1
  shift
  python3 "$source/tools/amalgamate.py" "$@" "$work/$flavour" || return 1
  begin=$(date +%s%N)
  ${CC##*ccache } -std=gnu11 $optimize -Wall -Wextra -Werror -c "$work/$flavour/libwasm.c" -o "$work/$flavour/libwasm.o" || return 1
  echo "$flavour: compiled in $((($(date +%s%N) - begin) / 1000000)) ms, $(size "$work/$flavour/libwasm.o" | awk 'END { print int($1 / 1024) }') KiB of code"
}

# shellcheck disable=SC2086
try() { # FLAVOUR NAME SOURCE...
  flavour=$1 name=$2
  shift 2
  {
    $CC -std=c11 -D_GNU_SOURCE -DEXPECTED_VERSION="wasmx_version()" -I"$work/$flavour" -I"$source/tests" "$@" \
      "$work/$flavour/libwasm.o" -o "$work/$flavour/$name" -lm -lpthread && "$work/$flavour/$name"
  } >"$work/log" 2>&1 || { fault "$flavour, $name"; tail -n 20 "$work/log"; }
}

use() { # FLAVOUR
  try "$1" host "$source/tests/install/host.c"
  try "$1" add_one "$source/examples/add_one.c"
  [ -e /usr/include/cmocka.h ] || { echo "skipped: the API's tests (no cmocka)"; return; }
  for test in api_calls_test api_objects_test linker_test exception_values_test stop_test; do
    try "$1" $test "$source/tests/api/$test.c" "$source/tests/support/failing_alloc.c" $wrap -lcmocka
  done
}

# The program's own objects, with this instead of the library.
suite() {
  [ -d "$spec" ] || { echo "skipped: the official suite (not there)"; return; }
  libs= rooms=
  [ -e "$build/lib/libroom_component.a" ] && rooms=$build/lib/libroom_component.a
  for name in z yaml iberty; do
    echo 'int main(void) { return 0; }' | $CC -x c - -o /dev/null "-l$name" 2>/dev/null && libs="$libs -l$name"
  done
  # shellcheck disable=SC2086
  $CC -o "$work/wasm" "$build"/tools/wasm.p/*.o "$work/compiler/libwasm.o" "$build/lib/libroom_wasi.a" $rooms $libs -lm -lpthread 2>"$work/log" ||
    { fault "the program"; tail -n 20 "$work/log"; return; }
  for tier in interp jit; do
    "$work/wasm" wast --tier=$tier "$spec"/f32*.wast "$spec"/i64*.wast "$spec"/call*.wast "$spec"/memory*.wast \
      "$spec"/table*.wast "$spec"/simd_f*.wast "$spec"/try*.wast >"$work/log" || { fault "the suite, $tier"; grep -v '^ok' "$work/log" | head; }
    echo "$tier: $(tail -n 1 "$work/log")"
  done
}

compile interpreter --interpreter && use interpreter || failed=1
compile compiler && use compiler && suite || failed=1
exit $failed
