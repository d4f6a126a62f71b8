#!/usr/bin/env python3
"""A shared library exports exactly the functions of its list (lib/*.symbols), which are exactly those of
its prefix that the headers declare. Usage: symbols.py LIBRARY LIST PREFIX HEADER...; PREFIX is a
regular expression."""
import pathlib
import re
import subprocess
import sys


def exported(library):
    text = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True,
                          check=True).stdout
    names = (line.split()[-1] for line in text.splitlines())
    return {name.split("@")[0] for name in names} - {"LIBWASM_0", "LIBWASMCM_0", "LIBWASI_0", "LIBWASM_COMPAT_0"}


def declared(prefix, headers):
    """What the preprocessor leaves of the headers, each by itself, inline functions apart."""
    text = ""
    for header in headers:
        folder = pathlib.Path(header).parent
        text += subprocess.run(["cc", "-E", "-P", "-x", "c", f"-I{folder}", f"-I{folder.parent}", header],
                               capture_output=True, text=True, check=True).stdout
    statements = [part for part in re.split(r"[;{}]", text) if "__attribute__" in part]
    names = set()
    for statement in statements:
        match = re.search(rf"\b((?:{prefix})_\w+)\s*\)?\s*\(", re.sub(r"__attribute__\s*\(\(.*?\)\)\)", "", statement))
        if match and "static" not in statement:
            names.add(match.group(1))
    return names


def difference(what, left, right):
    for name in sorted(left - right):
        print(f"{what}: {name}")
    return bool(left - right)


library, listing, prefix, *headers = sys.argv[1:]
listed = {line.strip() for line in open(listing) if line.strip()}
there, promised = exported(library), declared(prefix, headers)
bad = difference("exported, but not in the list", there, listed)
bad |= difference("in the list, but not exported", listed, there)
bad |= difference("declared, but not in the list", promised, listed)
bad |= difference("in the list, but not declared", listed, promised)
print(f"{len(there)} functions exported, {len(promised)} declared")
sys.exit(1 if bad else 0)
