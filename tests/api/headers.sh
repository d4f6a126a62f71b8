#!/bin/sh
# The public headers compile alone and together without a warning, in each language that hosts use.
# Usage: headers.sh INCLUDE-FOLDER C-COMPILER...
include=$1
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# Uses what only macros and inline functions have.
body='
int main(void) {
  wasm_valtype_t *ps[2] = {wasm_valtype_new_i32(), wasm_valtype_new_anyref()};
  wasm_valtype_vec_t types = WASM_ARRAY_VEC(ps), none = WASM_EMPTY_VEC;
  wasm_val_t val;
  wasm_val_init_ptr(&val, &types);
  wasm_functype_delete(wasm_functype_new(&none, &none));
  return wasm_limits_max_default == MEMORY_PAGE_SIZE || wasm_val_ptr(&val) == NULL;
}'
values='
wasm_val_t values[] = {WASM_I32_VAL(1), WASM_I64_VAL(2), WASM_F32_VAL(3), WASM_F64_VAL(4),
                       WASM_REF_VAL(NULL), WASM_INIT_VAL};'

try() { # COMPILER LANGUAGE STANDARD FILE-SUFFIX TEXT
  for header in "$include"/*.h; do
    name=$(basename "$header")
    printf '#include <%s>\n#include <wasmx.h>\n%s\n' "$name" "$5" >"$work/try.$4"
    $1 -x "$2" "-std=$3" -pedantic -Wall -Wextra -Wshadow -Wconversion -Wundef -Werror -fsyntax-only \
      "-I$include" "-I$(dirname "$include")" "$work/try.$4" 2>"$work/log" || { echo "$1 -std=$3, $name:"; cat "$work/log"; failed=1; }
  done
}

# All of C++, with exceptions and without; each alone costs much time and is tried once.
try_cpp() { # COMPILER STANDARD HEADER...
  compiler=$1 standard=$2
  shift 2
  printf '#include <%s>\n' "$@" >"$work/try.cc"
  for options in "" "-fno-exceptions -fno-rtti"; do
    # shellcheck disable=SC2086
    $compiler "-std=$standard" $options -pedantic -Wall -Wextra -Wshadow -Wconversion -Wundef -Wnon-virtual-dtor -Werror \
      -fsyntax-only "-I$include" "$work/try.cc" 2>"$work/log" ||
      { echo "$compiler -std=$standard $options, $*:"; cat "$work/log"; failed=1; }
  done
}

for standard in c99 c11 c17; do try "$*" c "$standard" c "$values$body"; done
tried=0
for compiler in g++ clang++ clang++-19; do
  command -v "$compiler" >/dev/null 2>&1 || continue
  tried=$((tried + 1))
  for standard in c++11 c++14 c++17; do try "$compiler" c++ "$standard" cc "$body"; done
  try "$compiler" c++ c++20 cc "$values$body"
  [ -f "$include/wasm.hh" ] || continue
  for standard in c++11 c++14; do try_cpp "$compiler" "$standard" wasm.hh; done
  for standard in c++17 c++20; do try_cpp "$compiler" "$standard" wasm.hh wasmx.hh wasmx_gc.hh wasi.hh; done
  if [ "$tried" = 1 ]; then
    for header in wasm.hh wasm_types.hh; do try_cpp "$compiler" c++11 "$header"; done
    for header in wasmx.hh wasmx_engine.hh wasmx_gc.hh wasmx_values.hh wasi.hh; do try_cpp "$compiler" c++17 "$header"; done
  fi
done
[ "$tried" != 0 ] || echo "no C++ compiler: only C was tried"
exit $failed
