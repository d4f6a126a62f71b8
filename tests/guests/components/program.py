"""A command in Python: arguments, environment, files, clocks, random numbers, streams."""
import os
import random
import sys
import time


class Run:
    def run(self):
        if "fails" in sys.argv:
            raise ValueError("as it was told")
        print(sys.argv[-2:], os.environ.get("WASM_ONE"))
        with open("data") as data, open("made", "w") as made:
            text = data.read()
            made.write(text.upper())
        print(sorted(os.listdir(".")))
        with open("made") as made:
            print(text.strip(), made.read().strip())
        start = time.monotonic()
        time.sleep(0.01)
        slept = time.monotonic() - start >= 0.01
        print(f"random {random.random() != random.random()}, time {time.time() > 1.6e9}, slept {slept}")
        for line in sys.stdin:
            print(line.strip().upper())
