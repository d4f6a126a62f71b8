#!/bin/sh
# build.sh FOLDER: the programs beside this file as FOLDER/programs.wasm, for WASI with garbage collection and
# exceptions, by Kotlin's compiler from Maven's registry. Ends with 77 and the reason where that is not to be had.
set -u
kotlin=2.3.0 plugin=org.apache.maven.plugins:maven-dependency-plugin:3.6.1
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && cd "$1" || exit 1

missing() {
  echo "$1"
  exit 77
}

newest=$(ls -t programs.wasm "$here"/*.kt "$here"/pom.xml "$here"/build.sh 2>/dev/null | head -n 1)
[ "$newest" = programs.wasm ] && exit 0
command -v java >/dev/null || missing "no Java"
command -v mvn >/dev/null || missing "no Maven"

library=kotlin-stdlib-wasm-wasi-$kotlin.klib
if [ ! -s "$library" ] || [ ! -s classpath ]; then
  mvn -q -B -f "$here/pom.xml" $plugin:build-classpath "-Dmdep.outputFile=$PWD/classpath" >fetch.log 2>&1 &&
    mvn -q -B -f "$here/pom.xml" $plugin:copy "-DoutputDirectory=$PWD" \
      -Dartifact=org.jetbrains.kotlin:kotlin-stdlib-wasm-wasi:$kotlin:klib >>fetch.log 2>&1 ||
    missing "Kotlin cannot be fetched"
fi

compile() {
  java -cp "$(cat classpath)" org.jetbrains.kotlin.cli.js.K2JSCompiler -nowarn -Xwasm -Xwasm-target=wasm-wasi \
    -ir-output-name programs "$@"
}

compile -libraries "$library" -ir-output-dir "$PWD/klib" -Xir-produce-klib-dir "$here"/*.kt &&
  compile -libraries "$library:$PWD/klib" -ir-output-dir "$PWD/made" -Xir-produce-js "-Xinclude=$PWD/klib" &&
  mv made/programs.wasm programs.wasm
