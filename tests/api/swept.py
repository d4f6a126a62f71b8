#!/usr/bin/env python3
"""The sweeps of failing allocations leave no function out: each of libwasm.symbols is called in a file
allocations_test.c or out_of_memory_test.c, as the preprocessor leaves them. Usage: swept.py SOURCE-FOLDER C-COMPILER..."""
import pathlib
import re
import subprocess
import sys

source, compiler = pathlib.Path(sys.argv[1]), sys.argv[2:]
called = set()
for path in [*source.glob("tests/api/*allocations_test.c"), source / "tests/api/out_of_memory_test.c"]:
    text = subprocess.run([*compiler, "-E", f"-I{source}/include", f"-I{source}/lib", f"-I{source}/tests", str(path)],
                          capture_output=True, text=True, check=True).stdout
    own = False
    for line in text.splitlines():
        marker = re.match(r'# \d+ "(.*?)"', line)
        if marker:  # the lines of include/ declare, they do not call
            own = "tests/" in marker.group(1)
        elif own:
            called.update(re.findall(r"\b(wasmx?_\w+)\s*\(", line))
functions = (source / "lib/libwasm.symbols").read_text().split()
missing = [name for name in functions if name not in called]
for name in missing:
    print(f"no sweep calls {name}: tests/api/allocations_test.c wants a step for it")
print(f"{len(functions) - len(missing)} of {len(functions)} functions are called")
sys.exit(1 if missing else 0)
