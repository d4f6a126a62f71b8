#!/usr/bin/env python3
"""Programs in Kotlin and Java, which need garbage collection and exceptions, print in every tier what V8 printed
(kotlin/NAME.SIZE.txt, java/expected). Usage: managed.py WASM_PROGRAM BUILD_FOLDER [--light] [--jit] JAVA_HOST; --light: each in
one way, in turn
To make the texts anew: node tests/bench/node_wasi.mjs programs.wasm NAME SIZE, node being 22 or newer; of Java's by
TeaVM's own runtime (wasm-gc-runtime.js in its teavm-core): TeaVM.wasmGC.load(the bytes), then exports.main([])."""
import subprocess
import sys

import run
from run import BUILD, HERE, LIGHT, Missing, compare_text, tell

JAVA_HOST = sys.argv[-1]
WAYS = {"interpreted": ("interp", [])}  # tier and settings
if "--jit" in sys.argv:
    WAYS["compiled"] = ("jit", ["verify=1"])
    WAYS["auto"] = ("auto", ["verify=1"])
    WAYS["auto, at once"] = ("auto", ["call-threshold=0", "loop-threshold=0"])
# Small ones, which collect at each allocation.
STRESSED = {"trees": 4, "words": 40, "json": 1, "people": 10, "lambda": 3, "flows": 10, "throws": 24, "shapes": 1, "numbers": 4}


def build(folder, product):
    """By its build.sh, which tells by 77 that something is not there."""
    built = subprocess.run(["sh", HERE / folder / "build.sh", BUILD / folder], capture_output=True, text=True, timeout=1200)
    if built.returncode == 77:
        raise Missing(built.stdout.strip())
    if built.returncode:
        raise RuntimeError(built.stdout + built.stderr)
    return BUILD / folder / product


def kotlin():
    guest = build("kotlin", "programs.wasm")
    for number, text in enumerate(sorted((HERE / "kotlin").glob("*.txt"))):
        name, size, _ = text.name.split(".")
        stress = ["heap-stress=1"] if STRESSED[name] == int(size) else []
        ways = list(WAYS.items())
        for way, (tier, settings) in [ways[number % len(ways)]] if LIGHT else ways:
            options = [f"--tier={tier}", *(x for setting in settings + stress for x in ("-X", setting))]
            compare_text(f"{name} in Kotlin, {size}, {way}", [*options, guest, name, size], text.read_bytes())


def java():
    """By a host of its own instead of JavaScript."""
    guest = build("java", "guest.wasm")
    for way, (tier, settings) in WAYS.items():
        compare_text(f"Java, {way}", [guest, tier, *settings], (HERE / "java/expected").read_bytes(), JAVA_HOST)


def attempt(name, what):
    try:
        what()
    except Missing as why:
        tell("skipped", name, str(why))
    except RuntimeError as why:
        tell("failed", name, f"does not build: {why}")


def main():
    BUILD.mkdir(parents=True, exist_ok=True)
    attempt("programs in Kotlin", kotlin)
    attempt("a program in Java", java)
    return run.result()


if __name__ == "__main__":
    sys.exit(main())
