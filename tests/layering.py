#!/usr/bin/env python3
"""Enforces the one rule of lib/: a file includes its own folder or a lower layer, and only api/ and
wasi/ see the public headers. And one of jit/: what is peculiar to a machine stands in the machine's
folder, so that another one is another folder. Prints each offender and exits 1."""
import pathlib
import re
import sys

LAYERS = {"base": 0, "os": 1, "wasm": 2, "binary": 3, "valid": 3, "text": 4, "runtime": 5,
          "interp": 6, "jit": 6, "engine": 7, "api": 8}
PUBLIC = {"wasm.h": {"api", "component", "wasi", "compat"}, "wasmcm.h": {"component", "wasi"}, "wasmx.h": {"api", "component", "wasi", "compat"}, "wasi.h": {"wasi", "compat"},
          "wasi_fs.h": {"wasi"}, **dict.fromkeys(
    ("wasm.hh", "wasm_types.hh", "wasmx.hh", "wasmx_engine.hh", "wasmx_gc.hh", "wasmx_values.hh", "wasi.hh"), set())}
SYSTEM_ONLY_IN = {"sys/mman.h": {"os", "wasi"}, "pthread.h": {"os", "wasi"}, "signal.h": {"os", "wasi"}}
STAND_OUTSIDE = {"component", "wasi", "compat"}  # on the public headers and base/
# Rooms that know of machines; words that only one of them has, a machine's files included.
KNOW_MACHINES = {"os", "runtime", "interp", "jit", "engine", "api"}
MACHINE_WORDS = re.compile(r"""
  x64 | x86 | amd64 | a64 | aarch64 |
  \b[re][abcd]x\b | \b[re][sd]i\b | \b[re][sbi]p\b | \br(8|9|1[0-5])d?\b | \b[xyz]mm | \bgpr | \bcl\b |
  rel32 | rel8 | disp32 | 0xcc\b | \bavx | \bsse | \bbmi[12]?\b | lzcnt | mxcsr | modrm | \b[vr]ex\b |
  \bcmov | \bjcc\b | \blea\b | \bmovzx\b | \bud2\b | cpuid""", re.VERBOSE | re.IGNORECASE)

lib = pathlib.Path(__file__).resolve().parent.parent / "lib"
offences = []
names = {}

for path in sorted(lib.rglob("*")):
    if path.suffix not in {".c", ".h", ".def"}:
        continue
    room = path.relative_to(lib).parts[0]
    where = path.relative_to(lib.parent)
    if room not in STAND_OUTSIDE and room not in LAYERS:
        offences.append(f"{where}: a room that has no layer")
        continue
    if path.name in names:
        offences.append(f"{where}: the file name is taken by {names[path.name]}")
    names[path.name] = where
    is_of_machine = path.parent.parent == lib / "jit" or "_x64" in path.stem
    for number, line in enumerate(path.read_text().splitlines(), 1):
        word = MACHINE_WORDS.search(line) if room in KNOW_MACHINES and not is_of_machine else None
        if word:
            offences.append(f"{where}:{number}: '{word.group()}' belongs to a machine's folder")
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        quote, target = match.groups()
        at = f"{where}:{number}: includes {target}"
        if target in SYSTEM_ONLY_IN and room not in SYSTEM_ONLY_IN[target]:
            offences.append(f"{at}, which belongs to {', '.join(sorted(SYSTEM_ONLY_IN[target]))}")
        if target in PUBLIC:
            if room not in PUBLIC[target]:
                offences.append(f"{at}: only {', '.join(sorted(PUBLIC[target])) or 'nobody'} may")
            continue
        if quote == "<":
            continue
        other = target.split("/")[0]
        if "/" not in target or not (lib / target).exists():
            offences.append(f"{at}: write it as \"folder/file.h\" of lib/")
        elif other == room:
            continue
        elif room in STAND_OUTSIDE:
            if other != "base":
                offences.append(f"{at}: {room}/ stands on the public headers and base/")
        elif other in STAND_OUTSIDE or LAYERS[other] >= LAYERS[room]:
            offences.append(f"{at}: {room}/ is layer {LAYERS[room]}, {other}/ is {LAYERS.get(other, '?')}")

for offence in offences:
    print(offence)
print(f"layering: {len(names)} files, {len(offences)} offences")
sys.exit(1 if offences else 0)
