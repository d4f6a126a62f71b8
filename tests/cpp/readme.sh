#!/bin/sh
# The README's C++ compiles as it stands, as the body of a function.
# Usage: readme.sh SOURCE-FOLDER C++-COMPILER...
source=$1
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
{
  echo '#include <wasmx.hh>'
  echo '#include <iostream>'
  echo 'int main(int argc, char **argv) {'
  echo '  const std::string bytes(argv[argc - 1]);'
  sed -n '/^### In C++/,/^\(### \|Build with\)/s/^    //p' "$source/README" | grep -v '^#include'
  echo '}'
} >"$work/readme.cc"
lines=$(wc -l <"$work/readme.cc")
[ "$lines" -gt 10 ] || { echo "README has no section \"In C++\" with code"; exit 1; }
"$@" -std=c++17 -Wall -Wextra -Wshadow -Wconversion -Werror -fsyntax-only "-I$source/include" "$work/readme.cc" ||
  { cat -n "$work/readme.cc"; exit 1; }
