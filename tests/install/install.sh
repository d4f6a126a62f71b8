#!/bin/sh
# Installs into a temporary folder and uses that as others do: host.c in each language, by each compiler there
# is, with the shared and the static libraries, by pkg-config and by CMake; the examples; the sources as a meson
# subproject. What cannot be tried is named. Usage: install.sh BUILD-FOLDER SOURCE-FOLDER
set -u
build=$1 source=$2
here=$source/tests/install
command -v pkg-config >/dev/null || { echo "skipped: installed tree (no pkg-config)"; exit 77; }
dest=$(mktemp -d)
trap 'rm -rf "$dest"' EXIT
meson install -C "$build" --no-rebuild --quiet --destdir "$dest" || exit 1

pc=$(find "$dest" -name libwasm.pc)
PKG_CONFIG_PATH=$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$dest
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
lib=$(dirname "$(dirname "$pc")")
prefix=$(dirname "$(find "$dest" -type d -path '*/include/libwasm')")
prefix=$(dirname "$prefix")
version=$(pkg-config --modversion libwasm)
tried=0 failed=0 program_args=

fault() { echo "failed: $*"; failed=$((failed + 1)); }
# shellcheck disable=SC2086
run() { # NAME PROGRAM, with $program_args
  tried=$((tried + 1))
  LD_LIBRARY_PATH=$lib "$2" $program_args >"$dest/log" 2>&1 || { fault "$1"; cat "$dest/log"; }
}
try() { # NAME COMMAND...: builds a program and runs it
  name=$1
  shift
  rm -f "$dest/program"
  if "$@" -o "$dest/program" >"$dest/log" 2>&1; then run "$name" "$dest/program"; else fault "$name"; cat "$dest/log"; fi
}
has() { command -v "$1" >/dev/null 2>&1 || { echo "skipped: $1 (not there)"; return 1; }; }

# ---- what is there ----

for file in share/man/man1/wasm.1 share/man/man3/libwasm.3 share/man/man3/libwasm-components.3 share/man/man3/libwasm-wasi.3 share/doc/libwasm/COPYING \
  share/bash-completion/completions/wasm bin/wasm include/libwasm/wasm.h include/libwasm/wasmx.h include/libwasm/wasi.h; do
  [ -e "$prefix/$file" ] || [ -e "$prefix/$file.gz" ] || fault "$file is not installed"
done
for header in "$source"/include/*.h*; do
  [ -e "$prefix/include/libwasm/$(basename "$header")" ] || fault "$(basename "$header") is not installed"
done
for archive in "$lib"/lib*.a; do
  name=$(basename "$archive" .a)
  [ -L "$lib/$name.so.0" ] && [ -L "$lib/$name.so" ] || fault "$name has no shared library with a soname"
  pkg-config --exists "$name" || fault "$name.pc is missing"
done
# A static program needs what the library needs; a shared one does not.
pkg-config --libs libwasm | grep -q ffi && fault "libffi is no private requirement"

# ---- clients of other engines ----

# shellcheck disable=SC2046
if pkg-config --exists libwasm-compat; then
  for engine in wasmtime wasmer; do
    [ -f "$lib/libwasm-compat/lib$engine.so" ] || fault "lib$engine.so is not installed"
  done
  try "a host of wasm_c_api.h" cc "$source/tests/compat/proxy_host.c" $(pkg-config --cflags --libs libwasm-compat)
  try "a host of wasmtime.h" cc "$source/tests/compat/layout_test.c" $(pkg-config --cflags --libs libwasm-compat)
fi

# ---- languages, compilers, linking ----

static_libs() { pkg-config --static --libs "$@" | sed -E 's/-l(wasm|wasmcm|wasi)( |$)/-l:lib\1.a\2/g'; }
warnings="-Wall -Wextra -Wpedantic -Werror -DEXPECTED_VERSION=\"$version\""

# shellcheck disable=SC2046,SC2086
languages() { # COMPILER FILE STANDARD...
  compiler=$1 host=$2
  shift 2
  has "$compiler" || return
  for standard; do
    set -- $compiler -O0 -std=$standard $warnings "$host"
    try "$compiler $standard, shared" "$@" $(pkg-config --cflags --libs libwasm)
    try "$compiler $standard, shared, WASI" "$@" -DTRY_WASI $(pkg-config --cflags --libs libwasi)
    try "$compiler $standard, shared, components" "$@" -DTRY_COMPONENTS $(pkg-config --cflags --libs libwasmcm)
    try "$compiler $standard, static, components" "$@" -DTRY_COMPONENTS $(pkg-config --cflags libwasmcm) $(static_libs libwasmcm)
    try "$compiler $standard, static, WASI" "$@" -DTRY_WASI $(pkg-config --cflags libwasi) $(static_libs libwasi)
  done
}
cp "$here/host.c" "$dest/host.cc"
languages gcc "$here/host.c" c99 c11
languages clang-19 "$here/host.c" c99 c11
languages g++ "$dest/host.cc" c++11 c++17 c++20
languages clang++-19 "$dest/host.cc" c++11 c++17 c++20
# shellcheck disable=SC2046,SC2086
{
  set -- gcc $warnings -DTRY_WASI "$here/host.c" -static $(pkg-config --cflags --static --libs libwasi)
  if "$@" -o "$dest/program" 2>/dev/null; then run "wholly static" "$dest/program"; else echo "skipped: wholly static (no static C library, libffi, zlib or libyaml)"; fi
  for example in add_one add_one_native callback memory traps exceptions; do
    try "example $example" gcc "$source/examples/$example.c" $(pkg-config --cflags --libs libwasm)
  done
  try "example wasi" gcc "$source/examples/wasi.c" $(pkg-config --cflags --libs libwasi)
  components=$source/examples/components
  for component in words ledger; do
    "$prefix/bin/wasm" component header "$components/$component.wasm" -o "$dest/$component.h" || fault "a header of $component"
  done
  program_args="$components/words.wasm $components/ledger.wasm"
  try "example component_structs" gcc -I"$dest" "$source/examples/component_structs.c" $(pkg-config --cflags --libs libwasmcm)
  program_args=
}

# ---- the C++ headers ----

# shellcheck disable=SC2046,SC2086
if has g++; then
  printf '#include <wasi.hh>\n#include <wasm.hh>\nint main() { return wasm::Engine::make() ? 0 : 1; }\n' >"$dest/all.cc"
  try "example add_one.cc" g++ -std=c++17 $warnings "$source/examples/add_one.cc" $(pkg-config --cflags --libs libwasm)
  try "wasm.hh, wasi.hh" g++ -std=c++17 $warnings "$dest/all.cc" $(pkg-config --cflags --libs libwasi)
fi

# ---- CMake ----

use_cmake() {
  mkdir "$dest/cmake"
  cp "$here/host.c" "$dest/cmake/host.c"
  cp "$here/host.c" "$dest/cmake/host.cc"
  cat >"$dest/cmake/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.13)
project(host C CXX)
find_package(libwasm $version REQUIRED COMPONENTS wasi wasmcm)
find_package(libwasm 99 QUIET)
if(libwasm_FOUND)
  message(FATAL_ERROR "a version was found that is not there")
endif()
find_package(libwasm REQUIRED)
foreach(language c cc)
  foreach(library wasm wasm_static wasmcm wasmcm_static wasi wasi_static)
    add_executable(\${library}_\${language} host.\${language})
    target_link_libraries(\${library}_\${language} libwasm::\${library})
    target_compile_definitions(\${library}_\${language} PRIVATE EXPECTED_VERSION="$version")
    if(library MATCHES wasmcm)
      target_compile_definitions(\${library}_\${language} PRIVATE TRY_COMPONENTS)
    endif()
    if(library MATCHES wasi)
      target_compile_definitions(\${library}_\${language} PRIVATE TRY_WASI)
    endif()
  endforeach()
endforeach()
END
  { CC=gcc CXX=g++ cmake -S "$dest/cmake" -B "$dest/cmake/build" -DCMAKE_PREFIX_PATH="$prefix" && cmake --build "$dest/cmake/build"; } \
    >"$dest/log" 2>&1 || { fault "CMake"; cat "$dest/log"; return; }
  for program in wasm wasm_static wasmcm wasmcm_static wasi wasi_static; do
    for language in c cc; do run "CMake $program $language" "$dest/cmake/build/${program}_$language"; done
  done
}
if has cmake && has g++; then use_cmake; fi

# ---- a meson subproject, its smallest form: what is tried is how it is found ----

use_meson() { # default_library
  project=$dest/meson-$1
  mkdir -p "$project/subprojects"
  ln -s "$source" "$project/subprojects/libwasm"
  cp "$here/host.c" "$project"
  cat >"$project/meson.build" <<END
project('host', 'c', default_options: ['default_library=$1', 'optimization=0'])
wasm = dependency('libwasm', fallback: 'libwasm', default_options: ['jit=disabled', 'text=disabled', 'wasi=disabled',
  'tools=disabled', 'tests=disabled', 'default_library=$1', 'optimization=0'])
executable('host', 'host.c', dependencies: wasm, c_args: '-DEXPECTED_VERSION="$version"')
END
  (unset PKG_CONFIG_PATH; meson setup "$project/build" "$project" --wrap-mode=forcefallback && ninja -C "$project/build" -j2 host) \
    >"$dest/log" 2>&1 || { fault "meson subproject, $1"; tail -n 30 "$dest/log"; return; }
  run "meson subproject, $1" "$project/build/host"
}
use_meson shared
use_meson static

echo "$tried programs built and run, $failed faults"
[ "$failed" = 0 ]
