#!/bin/sh
# From a bare Debian 12 to a running program: installs what is missing, builds the library, runs a C host that
# calls WebAssembly, and a real WASI program that prints, reads and writes files.
set -eu
cd "$(dirname "$0")/.."
. tests/support/steps.sh

install_missing gcc:gcc meson:meson ninja:ninja-build pkg-config:pkg-config ffi.h:libffi-dev \
  clang-19:clang-19 wasm-ld-19:lld-19 /usr/include/wasm32-wasi/stdio.h:wasi-libc \
  /usr/lib/llvm-19/lib/clang/19/lib/wasi:libclang-rt-19-dev-wasm32
mkdir -p build
configure quickstart CC=gcc "-Dbuildtype=release -Dtests=disabled"
ninja -C build/quickstart --quiet
b=build/quickstart

echo "-- a C program calls add_one of a 44-byte module (examples/add_one.c):"
$b/examples/add_one
echo "-- the same as a C function pointer (examples/add_one_native.c):"
$b/examples/add_one_native

echo "-- a C program compiled for WASI (examples/guest/notes.c), run by build/quickstart/tools/wasm:"
clang-19 --target=wasm32-wasi -O2 -o $b/notes.wasm examples/guest/notes.c
mkdir -p $b/notes
$b/tools/wasm run --dir $b/notes::/notes $b/notes.wasm "hello from the sandbox"
echo "-- and without being given the folder:"
$b/tools/wasm run $b/notes.wasm "let me out" || echo "   (refused, exit status $?)"
echo "Done: the library is build/quickstart/lib/libwasm.so, the program build/quickstart/tools/wasm."
