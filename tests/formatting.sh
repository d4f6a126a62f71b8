#!/bin/sh
# Every C and C++ file is as clang-format-19 leaves it.
cd "$(dirname "$0")/.." || exit 1
command -v clang-format-19 >/dev/null || { echo "clang-format-19 is missing"; exit 77; }
bad=$(find include lib tools examples tests \( -name '*.[ch]' -o -name '*.cc' -o -name '*.hh' \) -exec clang-format-19 --dry-run -Werror {} + 2>&1 |
  sed -n 's/^\([^:]*\):.*error.*/\1/p' | sort -u)
[ -z "$bad" ] || { echo "not formatted:"; echo "$bad"; exit 1; }
