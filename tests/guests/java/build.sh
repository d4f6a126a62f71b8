#!/bin/sh
# build.sh FOLDER: Guest.java as FOLDER/guest.wasm, with garbage collection, by TeaVM from Maven's registry.
# Ends with 77 and the reason where that is not to be had.
set -u
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && cd "$1" || exit 1

missing() {
  echo "$1"
  exit 77
}

newest=$(ls -t guest.wasm "$here/Guest.java" "$here/pom.xml" 2>/dev/null | head -n 1)
[ "$newest" = guest.wasm ] && exit 0
command -v javac >/dev/null || missing "no Java compiler"
command -v mvn >/dev/null || missing "no Maven"
mvn -q -B -f "$here/pom.xml" "-Dout=$PWD" process-classes >build.log 2>&1 && exit 0
grep -q 'COMPILATION ERROR' build.log || missing "TeaVM cannot be fetched"
cat build.log
exit 1
