#!/usr/bin/env python3
"""Makes one libwasm.c of lib/, to be dropped into another program beside wasm.h and wasmx*.h:

    amalgamate.py [--interpreter] FOLDER     writes FOLDER/libwasm.c, wasm.h, wasmx*.h
    cc -O2 -c libwasm.c                      (gnu11, the default; link with -lm -lpthread)

With the compiler for Linux on x86-64, or with the interpreter only (for every machine). The text format is
in both; -DWITH_NATIVE=1 and -lffi add native functions. WASI is not: it is a library of its own.

The rooms come in the order of their layers, the files of a room in that of its meson.build. Each header
stands where it is wanted first, each .def where it is included. What files keep to themselves (static
names, types, enumerators) gets the file's name in front where another file has the same; their macros end with
them. Assembly becomes a top-level asm."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIB = ROOT / "lib"
ROOMS = ["base", "os", "wasm", "binary", "valid", "text", "runtime", "interp", "jit", "engine", "api"]
PUBLIC = ["wasm.h", *sorted(path.name for path in (ROOT / "include").glob("wasmx*.h"))]
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"][^\n]*\n', re.M)
DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
WORDS_BEFORE_PARENTHESES = {"_Alignas", "_Static_assert", "__attribute__", "sizeof", "defined", "if", "while"}


def sources(room, with_jit):
    """The C and assembly files of a room, as its meson.build has them."""
    text = re.sub(r"#[^\n]*", "", (LIB / room / "meson.build").read_text())
    if room == "os":  # the alternatives without a system are left out
        text = re.sub(r"files\([^)]*none[^)]*\)\s*:", "", text)
    found = []
    other = re.compile(r"(coroutine|float)_none" if with_jit else r"_x64\.")  # without the compiler it is for every machine
    for condition, listing in re.findall(r"(?:if (\w+)\s+)?\w+_src \+?=.*?files\(([^)]*)\)", text, re.S):
        if condition != "with_jit" or with_jit:
            names = [name for name in re.findall(r"'([^']+)'", listing) if not other.search(name)]
            found += [(LIB / room / name, condition if condition != "with_jit" else "") for name in names]
    return found


def blank(match):
    """Comments and strings as spaces: places stay."""
    return re.sub(r"[^\n]", " ", match.group())


def without_directives(text):
    text = NOT_CODE.sub(blank, text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.M)


def chunks(text):
    """What stands at the top level, one declaration or definition each, with what is in its braces apart."""
    outside, inside, depth = "", "", 0
    for char in text:
        depth -= char == "}"
        if depth == 0 and char not in "{}":
            outside += char
        elif depth:
            inside += char
        if char == "{":
            if depth == 0:
                outside += "{"
            depth += 1
        is_function = re.search(r"\)\s*\{$", outside)
        if depth == 0 and (char == ";" or (char == "}" and is_function)):
            yield outside, inside
            outside, inside = "", ""


def declared(chunk, inside):
    """The names that a chunk brings into its file's scope."""
    chunk = re.sub(r"__attribute__\s*\(\(.*?\)\)|\[[^\]]*\]|=.*", " ", chunk, flags=re.S).strip()
    names = set(re.findall(r"\b(?:struct|union|enum)\s+(\w+)\s*\{", chunk))
    if re.search(r"\benum\b[^;{(]*\{", chunk):
        names |= set(re.findall(r"(?:^|,)\s*(\w+)", inside))
    static = re.search(r"\b(static|typedef)\b.*", chunk, re.S)
    if not static:
        return names
    chunk = static.group()
    pointer = re.search(r"\(\s*\*\s*(?:const\s+)?(\w+)", chunk)
    function = re.search(r"(\w+)\s*\(", chunk)
    if pointer and (not function or function.start() > pointer.start() - 40 and chunk.find("(") == pointer.start()):
        names.add(pointer.group(1))
    elif function and not re.match(r"typedef\b.*\w\s*;$", chunk, re.S) and function.group(1) not in WORDS_BEFORE_PARENTHESES:
        names.add(function.group(1))
    else:
        names |= set(re.findall(r"(\w+)\s*(?:[,;{]|$)", chunk.replace("{", " ")))
    return names


def scope(text):
    names = set()
    for chunk, inside in chunks(without_directives(text)):
        names |= declared(chunk, inside)
    return names


def rename(text, names, prefix):
    """Names as words of the code get in_PREFIX_ in front; members, where they are declared and used, do not."""
    if not names:
        return text
    any_of = "(" + "|".join(sorted(names, key=len, reverse=True)) + r")\b"
    word = re.compile(r"(?<![\w.#])(?<!->)" + any_of)
    in_struct = re.compile(r"(?<!\w)" + any_of + r"(?!\s*[;,:\[])")
    code = NOT_CODE.sub(blank, text)
    bodies = [m.span() for m in re.finditer(r"\b(?:struct|union)\s*\w*\s*\{[^{}]*\}", code)]
    out, at = [], 0
    for match in word.finditer(code):
        inside = any(start < match.start() < end for start, end in bodies)
        if not inside or in_struct.match(code, match.start()):
            out += [text[at:match.start()], "in_", prefix, "_"]
            at = match.start()
    return "".join(out + [text[at:]])


def of_system():
    """What the system's headers call functions; those that lib/ includes."""
    included = sorted({name for path in LIB.rglob("*.[ch]") if path.parent.name not in ("component", "wasi")
                       for quote, name in INCLUDE.findall(path.read_text()) if quote == "<" and name not in PUBLIC})
    text = subprocess.run(["cc", "-E", "-P", "-D_GNU_SOURCE", "-x", "c", "-"], capture_output=True, text=True,
                          input="".join(f"#if __has_include(<{n}>)\n#include <{n}>\n#endif\n" for n in included)).stdout
    return set(re.findall(r"(\w+) ?\(", text))


# What the system declares is not hidden.
SYSTEM = "#pragma GCC visibility push(default)\n%s#pragma GCC visibility pop\n"


class Amalgamation:
    def __init__(self, with_jit):
        self.with_jit = with_jit
        self.files = [(path, condition) for room in ROOMS if with_jit or room != "jit"
                      for path, condition in sources(room, with_jit)]
        self.seen = set()
        self.of_rooms, headers = self.find_headers()
        self.clashing = self.find_clashes(headers)
        self.renamed = 0

    @staticmethod
    def find_headers():
        """Names of headers of which an earlier room's have the same, by room; all that headers or the system have."""
        of_rooms, seen = {}, {}
        for room in ROOMS:
            for header in sorted((LIB / room).rglob("*.h")):
                text = header.read_text()
                macros = dict(re.findall(r"^#define (\w+)(.*)", text, re.M))
                for name in scope(text) | set(macros):
                    where, before = seen.setdefault(name, (room, macros.get(name)))
                    is_same = before and before == macros.get(name) or re.search(rf"^typedef .* {name};", text, re.M)
                    if where != room and not is_same:
                        of_rooms.setdefault(room, set()).add(name)
        return of_rooms, set(seen) | of_system()

    def find_clashes(self, headers):
        """Names that two C files have for themselves, or that one has and a header too."""
        seen, clashing = set(), set()
        for path, _ in self.files:
            if path.suffix == ".c":
                text = path.read_text()
                names = scope(text)
                completed = {name for name in names if re.search(rf"^struct {name} {{", text, re.M)}
                clashing |= names & seen | names & headers - completed
                seen |= names - headers
        return clashing

    def expand(self, text):
        """The text with everything of ours that it includes."""
        return INCLUDE.sub(self.included, text)

    def included(self, match):
        if match.group(2) in PUBLIC:
            return ""
        if match.group(1) == "<":
            return SYSTEM % match.group()
        path = LIB / match.group(2)
        if path.suffix == ".h" and path in self.seen:
            return ""
        self.seen.add(path)
        return f"\n/* {match.group(2)} */\n" + self.expand(self.read(path)) + "\n"

    def read(self, path):
        room = path.relative_to(LIB).parts[0]
        text = rename(path.read_text(), self.of_rooms.get(room), room)
        if path.suffix != ".def":
            return text
        self.macros += DEFINE.findall(text)
        own, name, its_room = self.within
        return rename(text, own, name) if room == its_room else text

    def assembly(self, path):
        """Preprocessed now; the lines as strings. Its macros end with it: the assembler looks for them, in any
        case, among the instructions of what follows."""
        text = subprocess.run(["cc", "-E", "-P", f"-I{LIB}", str(path)], check=True, capture_output=True,
                              text=True).stdout
        text += "".join(f".purgem {name}\n" for name in dict.fromkeys(re.findall(r"^\s*\.macro\s+(\w+)", text, re.M)))
        lines = [line.replace("\\", "\\\\").replace('"', '\\"') for line in text.splitlines() if line.strip()]
        return "__asm__(\n" + "\n".join(f'  "{line}\\n"' for line in lines) + '\n  ".text\\n");\n'

    def file(self, path, condition):
        name = path.relative_to(LIB)
        if path.suffix == ".S":
            return f"\n/* {name} */\n" + self.assembly(path)
        text = self.read(path)
        own = scope(text) & self.clashing
        self.within, self.macros = (own, path.stem, name.parts[0]), DEFINE.findall(text)
        self.renamed += len(own)
        body = self.expand(rename(text, own, path.stem))
        ends = "".join(f"#undef {macro}\n" for macro in dict.fromkeys(self.macros))
        text = f"\n/* {name} */\n{body}{ends}"
        return f"\n#if {condition.upper()}\n{text}\n#endif\n" if condition else text

    def text(self):
        parts = "with the compiler for Linux on x86-64" if self.with_jit else "interpreter only"
        head = f"""/* libwasm {version()} in one file, {parts}: made by tools/amalgamate.py of libwasm's sources, where changes belong.
 *
{"".join(f" * {line}".rstrip() + chr(10) for line in (ROOT / "COPYING").read_text().splitlines())} */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define WITH_TEXT 1
#define WITH_JIT {int(self.with_jit)}
#ifndef WITH_NATIVE
#define WITH_NATIVE 0
#endif
#include "wasmx.h"
/* The library's names are its own, but for those of the headers. */
#pragma GCC visibility push(hidden)
/* Each float operation is rounded by itself. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wunused-function" /* headers' that nobody wants */
#else
#pragma GCC optimize("fp-contract=off")
#endif
"""
        return head + "".join(self.file(path, condition) for path, condition in self.files)


def version():
    return re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text()).group(1)


def main():
    arguments = sys.argv[1:]
    with_jit = "--interpreter" not in arguments
    folders = [argument for argument in arguments if not argument.startswith("-")]
    if len(folders) != 1:
        sys.exit(__doc__)
    folder = pathlib.Path(folders[0])
    folder.mkdir(parents=True, exist_ok=True)
    whole = Amalgamation(with_jit)
    text = whole.text()
    (folder / "libwasm.c").write_text(text)
    for header in PUBLIC:
        (folder / header).write_text((ROOT / "include" / header).read_text())
    print(f"libwasm.c: {len(text) // 1024} KiB, {text.count(chr(10))} lines of {len(whole.files)} files; "
          f"{whole.renamed} names of files prefixed")


main()
