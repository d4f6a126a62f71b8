#!/bin/sh
# What clang-tidy-19 finds (.clang-tidy says what it looks for) in the library, the program, the examples and
# the tests, by the commands that built them in build/gcc. Headers are seen through the files that include them.
# Usage: tests/tidy.sh [FILE...]     else all
cd "$(dirname "$0")/.." || exit 1
command -v clang-tidy-19 >/dev/null || { echo "clang-tidy-19 is missing"; exit 77; }
[ -f build/gcc/compile_commands.json ] || { echo "build/gcc is not configured"; exit 77; }
mkdir -p build/tidy
# clang does not know these options of gcc, and would not read the file.
sed 's/ -fno-crossjumping//g; s/ -fno-gcse//g' build/gcc/compile_commands.json >build/tidy/compile_commands.json

[ $# != 0 ] || set -- $(sed -n 's/^ *"file": *"\(.*\.c\)".*/\1/p' build/tidy/compile_commands.json |
  sed 's#^\(\.\./\)*##' | sort -u)
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/tidy --quiet >build/tidy/found 2>build/tidy/log
status=$?
# A finding in a header is told once, however many files include it.
grep -E '(error|warning):' build/tidy/found | sed 's#^\(\.\./\)*##' | sort -u
[ "$status" = 0 ] || { grep -E '^error:' build/tidy/log | sort -u; exit 1; }
