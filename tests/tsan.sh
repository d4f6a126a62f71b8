#!/bin/sh
# The library under clang's thread sanitizer, where several threads work together: stores of one
# engine, shared memories, programs with threads, in the interpreter and compiled. What guests do to
# each other in a shared memory is left out: compiled code is not looked at anyway, the interpreter's
# handlers are marked (GUESTS_MAY_RACE in lib/interp/loop.c).
# Usage: tests/tsan.sh [BUILD_FOLDER]
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/support/steps.sh
build=${1:-build/tsan}
mkdir -p build
[ -f "$build/build.ninja" ] ||
  CC=clang-19 meson setup "$build" -Dbuildtype=debugoptimized -Ddebug=true -Db_sanitize=thread -Db_lundef=false \
    >build/tsan.log 2>&1 || { tail -n 30 build/tsan.log; exit 1; }
tests="wasi_audit_test wasi_fs_test shared_memory_test sharing_test gc_types_test instances_test wasi_threads_test wasi_clock_test wasi_determinism_test wasi_sock_test engine_test valid_bodies_test suspend_test suspend_stop_test suspend_many_test suspend_options_test"
# shellcheck disable=SC2086
ninja -C "$build" --quiet tools/wasm $(for t in $tests; do echo "tests/$t"; done) || exit 1
# Children that were forked may start threads: the sanitizer is not sure of them, but goes on.
export TSAN_OPTIONS="exitcode=66 die_after_fork=0"
spec=$(meson introspect "$build" --buildoptions | sed -n 's/.*"name": "spec", "value": "\([^"]*\)".*/\1/p')
[ -n "$spec" ] || spec=../shared/spec
for tier in interp jit auto; do
  step "own scripts, $tier" "$build/tools/wasm" wast --tier=$tier tests/spec/own/*.wast
  step "threads scripts, $tier" sh tests/spec/threads.sh "$build/tools/wasm" "$spec" --tier=$tier
done
for t in $tests; do
  step "$t" "$build/tests/$t"
  case $t in
    engine_test | valid_bodies_test | suspend* | gc_types_test) ;; # choose their tiers themselves
    *) step "$t, jit" env WASM_TEST_TIER=jit "$build/tests/$t" ;;
  esac
done
threads=build/gcc/tests/guests/threads.wasm
[ ! -f $threads ] || for tier in interp jit auto; do
  step "guest with threads, $tier" "$build/tools/wasm" run --tier=$tier $threads
done
summary
