# Shell functions of tests/run.sh and examples/quickstart.sh: install, run a step, count.
passed=0 failed=0 skipped=0

# install_missing PROBE:PACKAGE ...   A probe is a program, an absolute path, or a header name.
install_missing() {
  want=
  for pair; do
    probe=${pair%%:*} package=${pair#*:}
    case $probe in
      /*) [ -e "$probe" ] || want="$want $package" ;;
      *.h) echo "#include <$probe>" | cc -E -x c - >/dev/null 2>&1 || want="$want $package" ;;
      *) command -v "$probe" >/dev/null 2>&1 || want="$want $package" ;;
    esac
  done
  [ -n "$want" ] || return 0
  sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  echo "installing:$want"
  $sudo apt-get update -qq >/dev/null 2>&1
  # shellcheck disable=SC2086
  if ! DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq $want >/tmp/libwasm-install.$$ 2>&1; then
    # One that cannot be had must not keep the others away.
    for package in $want; do
      DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq "$package" >/tmp/libwasm-install.$$ 2>&1 ||
        echo "could not install $package: what needs it is skipped by name"
    done
  fi
  rm -f /tmp/libwasm-install.$$
}

# step NAME COMMAND...   Exit 77 means skipped.
step() {
  name=$1
  shift
  echo "== $name"
  "$@"
  case $? in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)); echo "skipped: $name" ;;
    *) failed=$((failed + 1)); echo "FAILED: $name" ;;
  esac
}

configure() { # NAME ENVIRONMENT OPTIONS
  [ -f "build/$1/build.ninja" ] && return 0
  # shellcheck disable=SC2086
  env $2 meson setup "build/$1" $3 >"build/$1.log" 2>&1 || { tail -n 30 "build/$1.log"; return 1; }
}

# Removes a folder in which nothing should be: fails, and tells what is.
remove_empty() {
  left=$(ls -A "$1")
  rm -r "$1"
  [ -z "$left" ] || { echo "left behind: $left"; false; }
}

# build_and_test NAME ENVIRONMENT OPTIONS: every meson test counts for itself.
build_and_test() {
  mkdir -p build
  step "configure $1" configure "$@"
  step "build $1 without warnings" ninja -C "build/$1" --quiet
  echo "== tests $1"
  export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  temporary=$(mktemp -d)
  chmod 755 "$temporary" # tests become other users
  TMPDIR=$temporary meson test -C "build/$1" --no-rebuild --print-errorlogs --num-processes 2 >"build/$1-tests.log" 2>&1
  status=$?
  grep -vE '^(ninja: |[[:space:]]*$)' "build/$1-tests.log" | tail -n 150
  parts=$(sed -n 's/^skipped  *\([^:]*: .*\)/skipped in a test: \1/p' "build/$1/meson-logs/testlog.txt" | sort -u)
  [ -z "$parts" ] || echo "$parts"
  ok=$(count_of Ok "$1") bad=$(($(count_of Fail "$1") + $(count_of Timeout "$1"))) skip=$(count_of Skipped "$1")
  [ "$status" = 0 ] || [ "$bad" != 0 ] || bad=1
  step "tests of $1 leave no files" remove_empty "$temporary"
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip + $(printf %s "$parts" | grep -c .)))
}

count_of() {
  n=$(sed -n "s/^$1: *\([0-9]*\).*/\1/p" "build/$2-tests.log" | tail -n 1)
  echo "${n:-0}"
}

# FILE of a library, its NAME in words, the LIMIT in bytes.
stripped_size() {
  strip -o "$1.stripped" "$1" || return 1
  size=$(wc -c <"$1.stripped")
  rm "$1.stripped"
  echo "$2, stripped: $((size / 1024)) KiB"
  [ "$size" -lt "$3" ]
}

# The smallest library: no compiler, no text, no WASI; must build and stay under its size.
minimal_build() {
  configure minimal CC=gcc "-Djit=disabled -Dtext=disabled -Dwasi=disabled -Dcomponents=disabled -Dtools=disabled -Dtests=disabled" &&
    ninja -C build/minimal --quiet lib/libwasm.so.0.1.0 || return 1
  # 456 KiB; 400 before structs, arrays and what hosts were given beyond wasm.h.
  stripped_size build/minimal/lib/libwasm.so.0.1.0 "libwasm without compiler and text" 466944
}

summary() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ]
}
