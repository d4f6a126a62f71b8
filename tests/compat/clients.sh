#!/bin/sh
# Builds real clients of other engines against libwasm-compat, unchanged, and uses them. Their sources are
# looked for in a folder (meson's option `clients`), as their packages unpack:
#   tree-sitter-VERSION/     the crate `tree-sitter` (0.26: wasmtime 36), or lib/ of its repository
#   tree-sitter-LANGUAGE*/   grammars: src/parser.c, a .wasm and a file `example` to parse (or that parser.c)
#   crun-VERSION/            Debian's source; needs root and a kernel that allows containers
#   proxy-wasm-cpp-host/, proxy-wasm-cpp-sdk/   their repositories; needs libabsl-dev, libgtest-dev, libgmock-dev, libssl-dev
# What is not there is skipped, by name. Usage: clients.sh BUILD-FOLDER SOURCE-FOLDER [FOLDER]
set -u
build=$(realpath "$1") source=$(realpath "$2") folder=${3:+$(realpath "$3")}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0 done=0

includes="-I$source/include/compat -I$source/include"
libs="-L$build/lib/compat -L$build/lib -lwasm-compat -lwasi -lwasm"
export LD_LIBRARY_PATH="$build/lib/compat:$build/lib"

skip() { echo "skipped: $*"; }
bad() { echo "failed: $*"; failed=1; }
first() { # PATTERN...: the first file that is there
  for file in "$@"; do [ -e "$file" ] && echo "$file" && return; done
  return 1
}

# ---- tree-sitter, which is how Neovim loads parsers

# shellcheck disable=SC2086
tree_sitter() { # SOURCES
  cc -O2 -std=c11 -D_GNU_SOURCE -DTREE_SITTER_FEATURE_WASM "-I$1/include" "-I$1/src" "-I$1/src/wasm" $includes \
    -c "$1/src/lib.c" -o "$work/lib.o" || return 1
  for grammar in "$folder"/tree-sitter-[a-z]*; do
    wasm=$(first "$grammar"/*.wasm) || continue
    language=$(basename "$wasm" .wasm | sed 's/^tree-sitter-//; s/-/_/g')
    example=$(first "$grammar/example"* "$grammar/src/grammar.json")
    scanner=$(first "$grammar/src/scanner.c")
    cc -O2 "-DLANGUAGE=tree_sitter_$language" "-I$1/include" "-I$grammar/src" $includes "$source/tests/compat/parse_both.c" \
      "$grammar/src/parser.c" $scanner "$work/lib.o" $libs -o "$work/parse" 2>"$work/log" || { cat "$work/log"; return 1; }
    "$work/parse" "$language" "$wasm" "$example" 3 || return 1
    done=$((done + 1))
  done
}

if sources=$(first "$folder"/tree-sitter-[0-9]*/src/lib.c "$folder"/tree-sitter/lib/src/lib.c); then
  tree_sitter "${sources%/src/lib.c}" || bad "tree-sitter"
else
  skip "tree-sitter (no source; see the option clients)"
fi

# ---- crun

config() { # HANDLER
  cat <<END
{"ociVersion": "1.0.0", "root": {"path": "rootfs", "readonly": false}, "mounts": [],
 "process": {"terminal": false, "user": {"uid": 0, "gid": 0}, "args": ["/hi.wasm"], "env": [], "cwd": "/"},
 "annotations": {"run.oci.handler": "$1", "module.wasm.image/variant": "compat"},
 "linux": {"namespaces": [{"type": "mount"}]}}
END
}

# In a mount namespace of its own, where cgroups are as crun wants them.
contain() { # HANDLER
  mkdir -p "$work/bundle/rootfs/dev" "$work/bundle/rootfs/proc" "$work/bundle/rootfs/sys"
  sed 's/(call $exit .*))))/))/' "$source/tests/compat/hi.wat" >"$work/hi.wat"
  "$build/tools/wasm" parse "$work/hi.wat" -o "$work/bundle/rootfs/hi.wasm" || return 1
  config "$1" >"$work/bundle/config.json"
  unshare -m sh -c 'mount --make-rprivate / && { umount -R /sys/fs/cgroup; mount -t tmpfs none /sys/fs/cgroup; } 2>/dev/null
    cd "$1/bundle" && exec timeout 60 "$1/crun/crun" --cgroup-manager=disabled --root "$1/run" run "libwasm-$$"' sh "$work" \
    >"$work/out" 2>"$work/err"
}

crun() { # SOURCES
  mkdir -p "$work/crun"
  (cd "$work/crun" && "$1/configure" --with-wasmtime --with-wasmer --disable-systemd --disable-bpf CPPFLAGS="$includes" &&
    make -j2) >"$work/log" 2>&1 || { tail -5 "$work/log"; return 1; }
  for handler in wasmtime wasmer; do
    if contain "$handler" && [ "$(cat "$work/out")" = hi ]; then
      echo "crun: a container by $handler"
      done=$((done + 1))
    else
      cat "$work/out" "$work/err"
      return 1
    fi
  done
}

if ! sources=$(first "$folder"/crun-[0-9]*/configure); then
  skip "crun (no source; see the option clients)"
elif [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
  skip "crun (not root, or no containers here)"
else
  crun "$(cd "${sources%/configure}" && pwd)" || bad "crun"
fi

# ---- proxy-wasm, the host of Envoy's filters, by its WAMR engine

# Two filters of the host's tests, by the SDK, of whose protobuf they need but the name.
filters() { # HOST SDK
  mkdir -p "$work/stub/google/protobuf"
  cat >"$work/stub/google/protobuf/message_lite.h" <<END
#include <cstddef>
#include <string>
namespace google { namespace protobuf { struct MessageLite {
  bool ParseFromArray(const void *, int) { return false; }
  bool SerializeToString(std::string *) const { return false; }
  bool SerializeToArray(void *, int) const { return false; }
  size_t ByteSizeLong() const { return 0; }
}; } }
END
  for name in http_logging stop_iteration; do
    clang++-19 --target=wasm32-wasi -std=c++17 -O2 -w -fno-exceptions -mexec-model=reactor "-I$work/stub" "-I$2" \
      -Wl,--allow-undefined,--export=malloc,--export-dynamic "$1/test/test_data/$name.cc" "$2/proxy_wasm_intrinsics.cc" \
      -o "$work/test/test_data/$name.wasm" || return 1
  done
}

# shellcheck disable=SC2086
proxy_wasm() { # HOST SDK
  mkdir -p "$work/test/test_data"
  filters "$1" "$2" || return 1
  for name in logging_test stop_iteration_test; do
    [ -f "$work/proxy.a" ] || {
      for file in "$1"/src/*.cc "$1/src/wamr/wamr.cc" "$1/test/utility.cc"; do
        proxy_compile "$1" "$2" "$file" "$work/proxy_$(basename "$file" .cc).o" || return 1
      done
      ar rc "$work/proxy.a" "$work"/proxy_*.o
    }
    proxy_compile "$1" "$2" "$1/test/$name.cc" "$work/$name.o" &&
      c++ "$work/$name.o" "$work/proxy.a" $libs -lgtest_main -lgtest -lgmock -lcrypto -lpthread -o "$work/$name" || return 1
    (cd "$work" && "./$name") >"$work/log" 2>&1 || { tail -20 "$work/log"; return 1; }
    echo "proxy-wasm: $name, $(sed -n 's/^\[  PASSED  \] //p' "$work/log")"
    done=$((done + 1))
  done
}

# shellcheck disable=SC2086
proxy_compile() { # HOST SDK FILE OBJECT
  c++ -std=c++17 -O1 -w -DPROXY_WASM_HAS_RUNTIME_WAMR -DPROXY_WASM_HOST_ENGINE_WAMR "-I$1" "-I$1/include" "-I$2" $includes \
    -c "$3" -o "$4"
}

if ! host=$(first "$folder"/proxy-wasm-cpp-host*/src/wamr/wamr.cc) ||
  ! sdk=$(first "$folder"/proxy-wasm-cpp-sdk*/proxy_wasm_intrinsics.cc); then
  skip "proxy-wasm (no source; see the option clients)"
elif ! command -v clang++-19 >/dev/null || ! echo '#include <absl/cleanup/cleanup.h>
#include <gmock/gmock.h>
#include <openssl/evp.h>' | c++ -E -x c++ - >/dev/null 2>&1; then
  skip "proxy-wasm (no clang++-19, libabsl-dev, libgmock-dev or libssl-dev)"
else
  proxy_wasm "${host%/src/wamr/wamr.cc}" "${sdk%/proxy_wasm_intrinsics.cc}" || bad "proxy-wasm"
fi

[ "$failed" = 0 ] || exit 1
[ "$done" != 0 ] || exit 77
echo "$done passed"
