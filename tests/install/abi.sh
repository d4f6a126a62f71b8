#!/bin/sh
# What programs linked with an older libwasm, libwasmcm or libwasi rely on is still there: abidiff compares the exported functions, with
# the types that the headers show, with the stored dumps lib*.abi beside this file. What was added is no fault; what was
# removed or changed is. After an addition that stays (a release), or a change on purpose (with a new soname):
#   CC=gcc tests/install/abi.sh . --renew
# Only the files that define exported functions are compiled, with debug information and apart from the build.
# Usage: abi.sh SOURCE-FOLDER [--renew]
set -u
source=$(cd "$1" && pwd) renew=${2:-}
command -v abidiff >/dev/null || { echo "skipped: abi (no abidiff)"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$source" || exit 1

library() { # NAME FOLDER: from the folder's files that name a function of lib/libNAME.symbols at a line's begin
  mkdir "$work/$1"
  grep -lE --exclude='*_none.c' '^[^ #/*].*\b(wasm|wasmx|wasmcm|wasi)_\w+\(' "lib/$2"/*.c >"$work/files"
  xargs -P 2 -I{} sh -c '${CC:-cc} -std=gnu11 -D_GNU_SOURCE -DWITH_TEXT=1 -DWITH_JIT=1 -DWITH_NATIVE=1 -DWITH_ZLIB=1 -DWITH_YAML=1 \
    -g -O0 -fPIC -fvisibility=hidden -Ilib -Iinclude -c {} -o "$0/$(basename {}).o"' \
    "$work/$1" <"$work/files" || return 1
  ${CC:-cc} -shared -o "$work/lib$1.so" "$work/$1"/*.o -Wl,--version-script="lib/lib$1.map" -Wl,-soname,"lib$1.so.0" &&
    abidw --no-corpus-path --no-comp-dir-path --no-show-locs --type-id-style hash --no-elf-needed \
      --headers-dir "$source/include" --drop-private-types --out-file "$work/lib$1.abi" "$work/lib$1.so"
}

status=0
check() { # NAME FOLDER
  library "$@" || { echo "lib$1: cannot be built"; status=1; return; }
  count=$(grep -c "<elf-symbol " "$work/lib$1.abi")
  [ "$count" = "$(grep -c . "lib/lib$1.symbols")" ] || { echo "lib$1: $count functions seen, the list has others"; status=1; }
  if [ "$renew" = --renew ]; then cp "$work/lib$1.abi" "tests/install/lib$1.abi"; fi
  abidiff --no-added-syms --suppressions tests/install/abi.suppr "tests/install/lib$1.abi" "$work/lib$1.abi" >"$work/log"
  # The result's bits: 1, 2: failed; 4: something is different; 8: incompatible.
  if [ $? != 0 ]; then cat "$work/log"; status=1; else echo "lib$1: $count functions as before or new"; fi
}
check wasm api
check wasmcm component
check wasi wasi
exit $status
