#!/bin/sh
# Installs into a temporary folder and builds examples against that, as a user would with pkg-config:
# C shared, C static, C++. Usage: install.sh BUILD-FOLDER SOURCE-FOLDER
set -eu
build=$1 source=$2
command -v pkg-config >/dev/null || { echo "skipped: install (no pkg-config)"; exit 77; }
dest=$(mktemp -d)
trap 'rm -rf "$dest"' EXIT
meson install -C "$build" --no-rebuild --quiet --destdir "$dest"

pc=$(find "$dest" -name libwasm.pc)
PKG_CONFIG_PATH=$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$dest
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
lib=$(dirname "$(dirname "$pc")")
[ -L "$lib/libwasm.so.0" ] && [ -L "$lib/libwasi.so.0" ]

# shellcheck disable=SC2046
try() { # NAME COMMAND...: builds and runs an example
  name=$1
  shift
  "$@" -o "$dest/$name" || exit 1
  LD_LIBRARY_PATH=$lib "$dest/$name" >/dev/null || { echo "failed: $name"; exit 1; }
  echo "passed: $name"
}
static_libs() { pkg-config --static --libs "$@" | sed 's/-lwasm/-l:libwasm.a/; s/-lwasi/-l:libwasi.a/'; }

# shellcheck disable=SC2046
{
  try shared cc -std=c99 "$source/examples/add_one.c" $(pkg-config --cflags --libs libwasm)
  try shared-wasi cc "$source/examples/wasi.c" $(pkg-config --cflags --libs libwasi)
  try static cc "$source/examples/add_one.c" $(pkg-config --cflags libwasm) $(static_libs libwasm)
  try static-wasi cc "$source/examples/wasi.c" $(pkg-config --cflags libwasi) $(static_libs libwasi)
  if command -v c++ >/dev/null; then
    printf '#include <wasi.h>\nint main() { wasm_engine_delete(wasm_engine_new()); return wasmx_version() ? 0 : 1; }\n' \
      >"$dest/main.cc"
    try cplusplus c++ -std=c++11 -Wall -Werror "$dest/main.cc" $(pkg-config --cflags --libs libwasi)
    try cplusplus-calls c++ -std=c++17 -Wall -Werror "$source/examples/add_one.cc" $(pkg-config --cflags --libs libwasm)
    printf '#include <wasi.hh>\n#include <wasm.hh>\nint main() { return wasm::Engine::make() ? 0 : 1; }\n' >"$dest/main.cc"
    try cplusplus-wasi c++ -std=c++17 -Wall -Werror "$dest/main.cc" $(pkg-config --cflags --libs libwasi)
  fi
}
