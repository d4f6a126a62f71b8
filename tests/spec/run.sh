#!/bin/sh
# Runs the official spec suite: run.sh PROGRAM FOLDER [OPTION]... Without the folder: skipped, exit 77.
# Its root folder, the custom sections, and those proposals that run here.
wasm=$1 dir=$2
shift 2
if [ ! -f "$dir/i32.wast" ]; then
  echo "skipped: spec suite (no folder with i32.wast: configure with -Dspec=FOLDER," \
    "or: meson subprojects download wasm-testsuite)"
  exit 77
fi
for proposal in wide-arithmetic custom-page-sizes; do
  for script in "$dir/proposals/$proposal"/*.wast; do
    [ -f "$script" ] && set -- "$@" "$script"
  done
done
for script in "$dir"/custom/*.wast; do
  [ -f "$script" ] && set -- "$@" "$script"
done
exec "$wasm" wast "$@" "$dir"/*.wast "$dir"/legacy/*.wast
