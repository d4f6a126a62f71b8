#!/bin/sh
# Runs the threads proposal's scripts of the official suite: threads.sh PROGRAM FOLDER [OPTION]...
# They are older than WebAssembly 3.0, which says otherwise in eleven of their commands: several
# memories and tables are valid, and a 33-bit number of pages is well formed. Exactly these must fail.
# Without the folder: skipped, exit 77.
wasm=$1 dir=$2/proposals/threads
shift 2
if [ ! -f "$dir/atomic.wast" ]; then
  echo "skipped: threads scripts (no proposals/threads in the spec suite's folder)"
  exit 77
fi
out=$("$wasm" wast "$@" "$dir"/*.wast)
echo "$out"
differ=$(echo "$out" | sed -n 's/^.*\/\([a-z]*\.wast:[0-9]*\): assert_.*/\1/p')
[ "$(echo $differ)" = "imports.wast:309 imports.wast:313 imports.wast:317 imports.wast:404 imports.wast:408 \
imports.wast:412 memory.wast:14 memory.wast:15 memory.wast:83 memory.wast:87 memory.wast:91" ] &&
  echo "$out" | grep -q '^608 passed, 11 failed, 0 skipped$'
