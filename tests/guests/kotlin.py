#!/usr/bin/env python3
"""Programs in Kotlin, which need garbage collection and exceptions, print in every tier what V8 printed (kotlin/NAME.SIZE.txt);
the smallest sizes also when each allocation collects. Usage: as run.py
To make the texts anew: node tests/bench/node_wasi.mjs programs.wasm NAME SIZE, node being 22 or newer."""
import subprocess
import sys

import run
from run import BUILD, HERE, Missing, compare_text, tell

WAYS = {"interpreted": ["--tier=interp"]}
if "--jit" in sys.argv:
    WAYS["compiled"] = ["--tier=jit", "-X", "verify=1"]
    WAYS["auto"] = ["-X", "verify=1"]
    WAYS["auto, at once"] = ["-X", "call-threshold=0", "-X", "loop-threshold=0"]
STRESS = ["-X", "heap-stress=1"]
STRESSED = {"trees": 4, "words": 40, "json": 1, "people": 10, "lambda": 3, "flows": 10, "throws": 24, "shapes": 1, "numbers": 12}


def build():
    built = subprocess.run(["sh", HERE / "kotlin/build.sh", BUILD / "kotlin"], capture_output=True, text=True, timeout=1200)
    if built.returncode == 77:
        raise Missing(built.stdout.strip())
    if built.returncode:
        raise RuntimeError(built.stdout + built.stderr)
    return BUILD / "kotlin/programs.wasm"


def main():
    BUILD.mkdir(parents=True, exist_ok=True)
    try:
        guest = build()
    except Missing as why:
        tell("skipped", "programs in Kotlin", str(why))
        return run.result()
    except RuntimeError as why:
        tell("failed", "programs in Kotlin", f"do not build: {why}")
        return run.result()
    for text in sorted((HERE / "kotlin").glob("*.txt")):
        name, size, _ = text.name.split(".")
        stressed = STRESSED[name] == int(size)
        for way, how in WAYS.items():
            compare_text(f"{name} in Kotlin, {size}, {way}", [*how, *(STRESS if stressed else []), guest, name, size], text.read_bytes())
    return run.result()


if __name__ == "__main__":
    sys.exit(main())
