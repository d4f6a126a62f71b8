#!/bin/sh
# Builds real clients of other engines against libwasm-compat, unchanged, and uses them. Their sources are
# looked for in a folder (meson's option `clients`), as their packages unpack:
#   tree-sitter-VERSION/     the crate `tree-sitter` (0.26: wasmtime 36), or lib/ of its repository
#   tree-sitter-LANGUAGE*/   grammars: src/parser.c, a .wasm and a file `example` to parse (or that parser.c)
#   crun-VERSION/            Debian's source; needs root and a kernel that allows containers
# What is not there is skipped, by name. Usage: clients.sh BUILD-FOLDER SOURCE-FOLDER [FOLDER]
set -u
build=$1 source=$2 folder=${3:-}
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

[ "$failed" = 0 ] || exit 1
[ "$done" != 0 ] || exit 77
echo "$done passed"
