#!/bin/sh
# Doxygen has nothing to say against the headers. Usage: doxygen.sh SOURCE-FOLDER
command -v doxygen >/dev/null || { echo "skipped: documentation of headers (no doxygen)"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$1" || exit 1
{ cat include/Doxyfile; printf 'OUTPUT_DIRECTORY = %s\nWARN_AS_ERROR = FAIL_ON_WARNINGS\nQUIET = YES\n' "$work"; } | doxygen - || exit 1
echo "$(find "$work/html" -name '*_8h.html' | wc -l) headers, $(grep -rlc 'class="memproto"' "$work/html" | wc -l) pages with functions"
