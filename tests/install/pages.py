#!/usr/bin/env python3
"""The guide's pages name what is there: the tests of guarantees.md exist, with the functions it names; the functions of
ours in from_*.md (their last column) are declared; the steps in the README are those of the folder.
Usage: pages.py SOURCE-FOLDER"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, finish

source = pathlib.Path(sys.argv[1])
guide = source / "examples/guide"
for where, test in re.findall(r"`(tests/[\w./]+)(?:: (\w+))?`", (guide / "guarantees.md").read_text()):
    path = source / where
    check(f"guarantees.md: {where} {test}".strip(), path.is_file() and test in path.read_text())

names = "".join(path.read_text() for path in [*(source / "include").glob("*.h*"), *(source / "lib").glob("*.symbols")])
for page in sorted(guide.glob("from_*.md")):
    for row in re.findall(r"^\|.*\|$", page.read_text(), re.M):
        for name in re.findall(r"`((?:wasm|wasi)\w*)", row.split("|")[-2]):
            check(f"{page.name}: there is no {name}", re.search(rf"\b{name}\b", names))

linked = set(re.findall(r"\]\((step\w+\.c)\)", (guide / "README").read_text()))
there = {path.name for path in guide.glob("step*.c")}
check(f"README: steps {sorted(linked ^ there)}", linked == there and len(there) == 11)
finish("names looked up")
