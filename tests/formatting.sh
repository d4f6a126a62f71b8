#!/bin/sh
# Every C file is as clang-format-19 leaves it.
cd "$(dirname "$0")/.." || exit 1
command -v clang-format-19 >/dev/null || { echo "clang-format-19 is missing"; exit 77; }
files=$(git ls-files 'lib/*.[ch]' 'tools/*.[ch]' 'examples/*.[ch]' 'tests/*.[ch]' 'include/*.h' 2>/dev/null)
[ -n "$files" ] || exit 77
# shellcheck disable=SC2086
bad=$(clang-format-19 --dry-run -Werror $files 2>&1 | sed -n 's/^\([^:]*\):.*error.*/\1/p' | sort -u)
[ -z "$bad" ] || { echo "not formatted:"; echo "$bad"; exit 1; }
