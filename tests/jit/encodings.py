#!/usr/bin/env python3
"""Compares the encoder with an assembler: `encodings.py path/to/x64_asm_test`.

The program lists samples as bytes and text. The text is assembled, the bytes are taken as they are,
and both are disassembled: an instruction may have several encodings, but only one meaning. Exits
with 77 when the tools are not there."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def disassemble(folder, name, source):
    path = pathlib.Path(folder, name + ".s")
    path.write_text(".intel_syntax noprefix\n" + source)
    object_file = path.with_suffix(".o")
    subprocess.run([ASSEMBLER, "-c", "-o", object_file, path], check=True)
    listing = subprocess.run(["objdump", "-d", "-M", "intel", "--no-show-raw-insn", object_file],
                             check=True, capture_output=True, text=True).stdout
    lines = [line.split("\t", 1)[1] for line in listing.splitlines() if "\t" in line]
    return [normal(line) for line in lines]


def normal(line):
    """One text for addresses that are the same."""
    line = re.sub(r"\s+#.*", "", line)  # what a rip-relative address comes to
    line = re.sub(r"\+0x0\]", "]", line)
    swap = re.search(r"\[(\w+)\+(\w+)\*1", line)
    if swap and swap[1] > swap[2]:
        line = line.replace(swap[0], f"[{swap[2]}+{swap[1]}*1")
    line = re.sub(r"\[(\w+)\*1([\]+-])", r"[\1\2", line)
    return re.sub(r"\s+", " ", line).strip()


ASSEMBLER = shutil.which("clang-19") or shutil.which("clang") or shutil.which("cc")
if not ASSEMBLER or not shutil.which("objdump"):
    print("skipped: no assembler or no objdump")
    sys.exit(77)
samples = subprocess.run([sys.argv[1], "--list"], check=True, capture_output=True, text=True).stdout
samples = [line.split("\t") for line in samples.splitlines()]
with tempfile.TemporaryDirectory() as scratch:
    wanted = disassemble(scratch, "text", "".join(text + "\n" for _, text in samples))
    found = disassemble(scratch, "bytes", "".join(
        ".byte " + ",".join("0x" + code[i:i + 2] for i in range(0, len(code), 2)) + "\n"
        for code, _ in samples))
wrong = [(sample, w, f) for sample, w, f in zip(samples, wanted, found) if w != f]
for (code, _), text, is_ in wrong[:40]:
    print(f"{code}: wanted {text}, is {is_}")
if len(wanted) != len(found) or len(wanted) != len(samples):
    print(f"{len(samples)} samples, {len(wanted)} wanted, {len(found)} found")
    sys.exit(1)
print(f"{len(samples)} encodings, {len(wrong)} wrong")
sys.exit(bool(wrong))
