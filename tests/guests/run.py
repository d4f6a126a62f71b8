#!/usr/bin/env python3
"""Real programs: each is built natively and for wasm32-wasi, run both ways, and must print the same,
end the same, and leave the same files. Then what the sandbox refuses, and how the program `wasm`
itself behaves. Usage: run.py WASM_PROGRAM BUILD_FOLDER [--light] [--jit]
--light: less computing; --jit: the compiler is there, so programs run once more with everything compiled"""
import contextlib
import difflib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
WASM = str(pathlib.Path(sys.argv[1]).resolve())
BUILD = pathlib.Path(sys.argv[2]).resolve() / "guests"
LIGHT = "--light" in sys.argv
# How programs run. In the second way the compiler checks itself, and it fails when anything was not compiled.
WAYS = {"": []}
if "--jit" in sys.argv:
    WAYS[", compiled"] = ["--tier=jit", "-X", "verify=1"]
CLANG = shutil.which("clang-19") or shutil.which("clang")
CC = shutil.which("gcc") or CLANG
LIMIT = 300  # seconds for one program
SQLITE_FLAGS = ["-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION"]

counts = {"passed": 0, "failed": 0, "skipped": 0}


def tell(outcome, name, why=""):
    counts[outcome] += 1
    print(f"{outcome:8} {name}{': ' + why if why else ''}", flush=True)


def result():
    """Tells how many passed; the exit code."""
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


def check(name, good, why=""):
    tell("passed" if good else "failed", name, "" if good else str(why))


class Missing(Exception):
    """A toolchain that is not on this machine."""


# ---------------------------------------------------------------------------------------- building

def compiled(output, sources, command):
    """Runs the command unless the output is newer than its sources."""
    if output.exists() and all(output.stat().st_mtime >= s.stat().st_mtime for s in sources):
        return output
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stderr}")
    return output


def build_c(name, flags=(), wasm_flags=(), libraries=(), wasm_libraries=()):
    source, native, guest = HERE / f"{name}.c", BUILD / name, BUILD / f"{name}.wasm"
    if not CLANG or not os.path.exists("/usr/include/wasm32-wasi/stdio.h"):
        raise Missing("no clang with wasi-libc")
    compiled(native, [source], [CC, "-O2", "-w", "-D_GNU_SOURCE", *flags, source, *libraries, "-o", native, "-lm"])
    compiled(guest, [source], [CLANG, "--target=wasm32-wasi", "-O2", "-w", "-D_GNU_SOURCE", *flags, *wasm_flags,
                               source, *wasm_libraries, "-o", guest])
    return native, guest


def build_threaded(name):
    """With pthread_shim.h. The C library does not know of threads: the linker would refuse it."""
    source, native, guest = HERE / f"{name}.c", BUILD / name, BUILD / f"{name}.wasm"
    sources = [source, HERE / "pthread_shim.h"]
    if not CLANG or not os.path.exists("/usr/include/wasm32-wasi/stdio.h"):
        raise Missing("no clang with wasi-libc")
    compiled(native, sources, [CC, "-O2", "-w", "-pthread", source, "-o", native])
    compiled(guest, sources, [CLANG, "--target=wasm32-wasi", "-O2", "-w", "-matomics", "-mbulk-memory", source,
                              "-Wl,--shared-memory,--import-memory,--export-memory,--max-memory=67108864",
                              "-Wl,--no-check-features", "-o", guest])
    return native, guest


def build_cpp(name):
    source, guest = HERE / f"{name}.cc", BUILD / f"{name}_cc.wasm"
    if not CLANG or not os.path.exists("/usr/include/wasm32-wasi/stdio.h"):
        raise Missing("no clang with wasi-libc")
    return compiled(guest, [source], [CLANG, "--target=wasm32-wasi", "-O1", "-fno-exceptions", "-nostdlib++", source,
                                      "-Wl,--no-demangle", "-o", guest])


RUSTC = "/usr/bin/rustc"  # Debian's: it has the wasm32-wasi library


def rust_linker():
    """rustc's own, which may be missing, or LLVM's; the older ones know what else is in its libraries."""
    if shutil.which("rust-lld"):
        return []
    for linker in [f"wasm-ld-{version}" for version in range(14, 20)]:
        if shutil.which(linker):
            return ["-C", f"linker={linker}", "-C", "linker-flavor=wasm-ld"]
    raise Missing("no linker for rustc")


def build_rust_guest(name, output, flags=()):
    if not os.path.exists(RUSTC) or not os.path.exists("/usr/lib/rustlib/wasm32-wasi/lib"):
        raise Missing("no rustc with wasm32-wasi")
    source, guest = HERE / f"{name}.rs", BUILD / f"{output}.wasm"
    return compiled(guest, [source], [RUSTC, "-O", *flags, *rust_linker(), "--target", "wasm32-wasi", source,
                                      "-o", guest])


def build_rust(name):
    guest = build_rust_guest(name, f"{name}_rs")
    source, native = HERE / f"{name}.rs", BUILD / f"{name}_rs"
    return compiled(native, [source], [RUSTC, "-O", source, "-o", native]), guest


def build_go(name):
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if not go or "wasip1/wasm" not in subprocess.run([go, "tool", "dist", "list"], capture_output=True,
                                                     text=True).stdout:
        raise Missing("no Go with wasip1 (1.21)")
    source, native, guest = HERE / f"{name}.go", BUILD / f"{name}_go", BUILD / f"{name}_go.wasm"
    compiled(native, [source], [go, "build", "-o", native, source])
    compiled(guest, [source], ["env", "GOOS=wasip1", "GOARCH=wasm", go, "build", "-o", guest, source])
    return native, guest


def sqlite_source():
    """SQLite's one C file, from the package of the registry that carries it; fetched once."""
    folder = BUILD / "sqlite"
    found = list(folder.glob("**/libsqlite3-sys-*/sqlite3/sqlite3.c"))
    if found:
        return found[0].parent
    cargo = shutil.which("cargo")
    if not cargo:
        raise Missing("no cargo to fetch SQLite with")
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src/lib.rs").write_text("")
    (folder / "Cargo.toml").write_text('[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2018"\n'
                                       '[workspace]\n[dependencies]\n'
                                       'libsqlite3-sys = { version = "=0.30.1", features = ["bundled"] }\n')
    done = subprocess.run([cargo, "fetch"], cwd=folder, capture_output=True, text=True, timeout=300,
                          env={**os.environ, "CARGO_HOME": str(folder / "home")})
    found = list(folder.glob("**/libsqlite3-sys-*/sqlite3/sqlite3.c"))
    if done.returncode or not found:
        raise Missing("SQLite cannot be fetched")
    return found[0].parent


def build_sqlite():
    if not CLANG or not os.path.exists("/usr/include/wasm32-wasi/stdio.h"):
        raise Missing("no clang with wasi-libc")
    source = sqlite_source()
    emulated = ["-D_WASI_EMULATED_SIGNAL", "-D_WASI_EMULATED_GETPID", "-D_WASI_EMULATED_MMAN"]
    native = compiled(BUILD / "sqlite.o", [source / "sqlite3.c"],
                      [CC, "-O1", "-w", "-c", *SQLITE_FLAGS, source / "sqlite3.c", "-o", BUILD / "sqlite.o"])
    guest = compiled(BUILD / "sqlite.wasm.o", [source / "sqlite3.c"],
                     [CLANG, "--target=wasm32-wasi", "-O2", "-w", "-c", *SQLITE_FLAGS, *emulated,
                      source / "sqlite3.c", "-o", BUILD / "sqlite.wasm.o"])
    return build_c("query", ["-I", source], emulated, [native],
                   [guest, "-lwasi-emulated-getpid", "-lwasi-emulated-mman", "-lwasi-emulated-signal"])


CXX_SOURCES = ["ziglang/lib/libcxxabi/", "ziglang/lib/libunwind/", "ziglang/lib/libcxx/src/include/"]
CXX_RUNTIME = ["abort_message", "cxa_aux_runtime", "cxa_default_handlers", "cxa_exception", "cxa_exception_storage",
               "cxa_guard", "cxa_handlers", "cxa_personality", "cxa_virtual", "fallback_malloc", "private_typeinfo",
               "stdlib_exception", "stdlib_new_delete", "stdlib_stdexcept", "stdlib_typeinfo"]
GUEST_CXX = ["--target=wasm32-wasi", "-O2", "-w", "-fwasm-exceptions"]


def cxx_sources():
    """LLVM's C++ runtime, from the package of the registry that carries it; fetched once."""
    folder = BUILD / "cxx"
    if not (folder / CXX_SOURCES[-1]).exists():
        done = subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder,
                               "ziglang==0.14.1"], capture_output=True, timeout=600)
        wheels = list(folder.glob("ziglang-*.whl"))
        if done.returncode or not wheels:
            raise Missing("the C++ runtime cannot be fetched")
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extractall(folder, [n for n in wheel.namelist() if n.startswith(tuple(CXX_SOURCES))])
        wheels[0].unlink()
    return [folder / name for name in CXX_SOURCES]


def cxx_runtime():
    """The objects that throw and catch, which the C++ library for wasm lacks."""
    if not CLANG or not os.path.exists("/usr/include/wasm32-wasi/stdio.h"):
        raise Missing("no clang with wasi-libc")
    if not os.path.exists("/usr/lib/llvm-19/include/wasm32-wasi/c++/v1/vector"):
        raise Missing("no C++ library for wasm32-wasi")
    abi, unwind, library = cxx_sources()
    flags = [*GUEST_CXX, "-fdeclspec", "-DNDEBUG", "-D_LIBCXXABI_BUILDING_LIBRARY", "-D_LIBCPP_BUILDING_LIBRARY",
             "-D_LIBCXXABI_HAS_NO_THREADS", "-I", abi / "include", "-I", unwind / "include", "-I", abi / "src",
             "-I", library.parent]
    sources = [abi / f"src/{name}.cpp" for name in CXX_RUNTIME] + [unwind / "src/Unwind-wasm.c"]
    objects = [BUILD / "cxx" / f"{source.stem}.o" for source in sources]
    for source, output in zip(sources, objects):
        dialect = ["-std=c++20"] if source.suffix == ".cpp" else []
        compiled(output, [source], [CLANG, *flags, *dialect, "-c", source, "-o", output])
    return objects


def build_throwing_cpp(name):
    """In the encoding of exceptions that clang writes, the legacy one."""
    objects, source = cxx_runtime(), HERE / f"{name}.cc"
    native, guest = BUILD / name, BUILD / f"{name}.wasm"
    compiled(native, [source], [shutil.which("g++") or CLANG, "-O2", "-w", source, "-lstdc++", "-o", native])
    compiled(guest, [source, *objects], [CLANG, *GUEST_CXX, "-nostdlib++", source, *objects, "-lc++", "-o", guest])
    return native, guest


def build_jumps():
    source, runtime = HERE / "jumps.c", HERE / "jumps_wasm.c"
    native, guest = BUILD / "jumps", BUILD / "jumps.wasm"
    if not CLANG or not os.path.exists("/usr/include/wasm32-wasi/stdio.h"):
        raise Missing("no clang with wasi-libc")
    compiled(native, [source], [CC, "-O2", "-w", source, "-o", native])
    compiled(guest, [source, runtime], [CLANG, *GUEST_CXX, "-mllvm", "-wasm-enable-sjlj", source, runtime, "-o", guest])
    return native, guest


def optimizer():
    """Binaryen's, which knows both encodings; fetched once."""
    tool = BUILD / "binaryen/package/bin/wasm-opt"
    npm, node = shutil.which("npm"), shutil.which("node")
    if not tool.exists() and npm:
        tool.parents[2].mkdir(exist_ok=True)
        subprocess.run([npm, "pack", "--silent", "binaryen@121.0.0"], cwd=tool.parents[2], capture_output=True, timeout=600)
        for archive in tool.parents[2].glob("binaryen-*.tgz"):
            with tarfile.open(archive) as files:
                for name in ("bin/wasm-opt", "bin/package.json", "package.json"):
                    files.extract("package/" + name, tool.parents[2])
            archive.unlink()
    if not node or not tool.exists():
        raise Missing("binaryen cannot be fetched")
    return [node, tool]


def in_exnrefs(build):
    """The same program with try_table and exnrefs."""
    native, guest = build()
    output = guest.with_suffix(".exnref.wasm")
    return native, compiled(output, [guest], [*optimizer(), "--all-features", "--translate-to-exnref", guest, "-o", output])


# ----------------------------------------------------------------------------------------- running

def run(command, stdin=b"", cwd=None, env=None):
    done = subprocess.run([str(c) for c in command], input=stdin, capture_output=True, cwd=cwd, timeout=LIMIT,
                          env={**os.environ, **(env or {})})
    return done


def wasm(*args, **more):
    return run([WASM, *args], **more)


def tree(folder):
    """Everything below the folder, to be compared."""
    seen = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            seen[name] = "-> " + os.readlink(path)
        elif path.is_dir():
            seen[name] = "folder"
        else:
            seen[name] = path.read_bytes()
    return seen


def status_of(done):
    """As a shell tells it: 128 and the number of the signal."""
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def difference(want, got):
    lines = [text.decode(errors="replace").splitlines() for text in (want, got)]
    return "\n".join(list(difflib.unified_diff(*lines, "native", "wasm", lineterm="", n=0))[:40])


def compare(name, build, args=(), stdin=b"", env=None, options=(), prepare=None, directory="."):
    """Runs it both ways, each in a folder of its own that is `.` to it."""
    try:
        native, guest = build()
    except Missing as why:
        return tell("skipped", name, str(why))
    except (RuntimeError, subprocess.TimeoutExpired) as why:
        return tell("failed", name, f"does not build: {why}")
    with tempfile.TemporaryDirectory() as folder:
        if prepare:
            prepare(pathlib.Path(folder))
        want, left = run([native, *args], stdin, folder, env), tree(folder)
    granted = [x for k, v in (env or {}).items() for x in ("--env", f"{k}={v}")]
    command = ["--dir", directory, *granted, *options]
    for way, how in WAYS.items():
        compare_way(name + way, [*command, *how, guest, *args], stdin, prepare, want, left)


def compare_way(name, command, stdin, prepare, want, left):
    with tempfile.TemporaryDirectory() as folder:
        if prepare:
            prepare(pathlib.Path(folder))
        got = wasm(*command, stdin=stdin, cwd=folder)
        if want.stdout != got.stdout:
            return tell("failed", name, f"ended with {status_of(got)}, {got.stderr.decode(errors='replace')[-2000:]}"
                                        f"\n{difference(want.stdout, got.stdout)}")
        if status_of(want) != status_of(got):
            return tell("failed", name, f"ended with {status_of(got)}, not {status_of(want)}: {got.stderr}")
        check(name, tree(folder) == left, "left other files")


def compare_text(name, command, want, program=WASM):
    """It prints just this, and ends well."""
    got = run([program, *command])
    good = got.stdout == want and got.returncode == 0
    check(name, good, f"ended with {status_of(got)}, {got.stderr.decode(errors='replace')[-2000:]}\n{difference(want, got.stdout)}")


def make_tree(folder):
    (folder / "sub/deep/empty").mkdir(parents=True)
    (folder / "sub/one").write_text("1")
    (folder / "sub/deep/two").write_text("22" * 1000)
    (folder / "über").write_text("umlaut")
    (folder / "link").symlink_to("sub/one")
    (folder / "dirlink").symlink_to("sub")
    for i in range(200):
        (folder / f"sub/deep/{'n' * (i % 60)}{i}").write_text("x" * i)


def make_data(folder):
    (folder / "data").write_bytes(bytes(range(256)) * 500 + b"end")


def programs():
    compare("hello", lambda: build_c("hello"))
    compare("an interpreter of tail calls", lambda: build_c("tailvm", wasm_flags=["-mtail-call"]),
            ["20000" if LIGHT else "12500000"])
    compare("recursive fib", lambda: build_c("fib"), ["27" if LIGHT else "40"])
    compare("sorting 10^6 strings", lambda: build_c("sort"))
    compare("copying a file", lambda: build_c("copy"), ["data", "copy"], prepare=make_data)
    compare("copying what is not there", lambda: build_c("copy"), ["missing", "copy"])
    compare("arguments and environment", lambda: build_c("arguments"), ["a", "", "b c", "ü", "--dir", "-x"],
            env={"WASM_ONE": "1=2", "WASM_EMPTY": ""})
    for how in (["return", "3"], ["exit", "0"], ["exit", "42"], ["exit", "256"], ["quick", "5"], ["abort", "0"]):
        compare(f"ending by {' '.join(how)}", lambda: build_c("endings"), how)
    compare("input", lambda: build_c("echo_input"), stdin=b"one\ntwo\n" + b"x" * 1000 + b"\nlast")
    compare("no input", lambda: build_c("echo_input"))
    compare("walking directories", lambda: build_c("walk"), prepare=make_tree)
    compare("walking what is not there", lambda: build_c("walk"), ["missing"])
    for way in ("auto", "openat2", "walker"):
        compare(f"every file operation ({way})", lambda: build_c("files"), options=["--resolver", way])
    compare("clocks, sleep, random", lambda: build_c("clocks"))
    relaxed = lambda: build_c("relaxed", ["-ffp-contract=off"], ["-msimd128", "-mrelaxed-simd"])
    compare("relaxed vectors", relaxed, ["exact"])
    compare("relaxed vectors, fast", relaxed, ["close"], options=["--relaxed-simd-fast"])
    compare("threads", lambda: build_threaded("threads"))
    compare("threads, memory compared", lambda: build_threaded("threads"), options=["--no-signals"])
    compare("C++ that throws", lambda: build_throwing_cpp("thrown"))
    compare("C++ that throws, exnrefs", lambda: in_exnrefs(lambda: build_throwing_cpp("thrown")))
    compare("setjmp and longjmp", build_jumps)
    compare("setjmp and longjmp, exnrefs", lambda: in_exnrefs(build_jumps))
    compare("SQLite in memory", build_sqlite)
    compare("SQLite in a file", build_sqlite, ["base.db"])
    compare("Rust", lambda: build_rust("files"), [".", "x", "y z"], stdin=b"12345", env={"WASM_ONE": "eins"})
    # Go finds its directories by absolute names only.
    compare("Go", lambda: build_go("files"), [".", "x", "y z"], stdin=b"12345", env={"WASM_ONE": "eins"},
            directory=".::/")


# ----------------------------------------------------------------------------------------- sandbox

def refused(name, command, folder):
    before = tree(folder)
    done = wasm(*command, cwd=folder / "box")
    check(name, done.returncode == 1 and tree(folder) == before, f"ended with {done.returncode}: {done.stderr}")


def sandbox():
    try:
        _, copy = build_c("copy")
    except Missing as why:
        return tell("skipped", "sandbox", str(why))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "box/sub").mkdir(parents=True)
        (folder / "out").mkdir()
        (folder / "secret").write_text("secret")
        (folder / "box/data").write_text("data")
        (folder / "box/up").symlink_to("../secret")
        (folder / "box/updir").symlink_to("..")
        (folder / "box/outdir").symlink_to("../out/")
        (folder / "box/absolute").symlink_to(folder / "secret")
        (folder / "box/dangling").symlink_to("../out/made")
        refused("nothing is reached without --dir", [copy, "data", "copy"], folder)
        for way in ("openat2", "walker"):
            def box(*args, way=way):
                return ["--resolver", way, "--dir", ".", copy, *args]
            refused(f"{way}: .. is refused", box("../secret", "copy"), folder)
            refused(f"{way}: inner .. is refused", box("sub/../../secret", "copy"), folder)
            refused(f"{way}: absolute paths are refused", box(folder / "secret", "copy"), folder)
            refused(f"{way}: a link out is refused", box("up", "copy"), folder)
            refused(f"{way}: a link to the parent is refused", box("updir/secret", "copy"), folder)
            refused(f"{way}: an absolute link is refused", box("absolute", "copy"), folder)
            refused(f"{way}: writing through a link is refused", box("data", "outdir/made"), folder)
            refused(f"{way}: creating through a link is refused", box("data", "dangling"), folder)
            refused(f"{way}: a read-only directory stays so",
                    ["--resolver", way, "--dir", ".:ro", copy, "data", "copy"], folder)
            done = wasm(*box("sub/../data", "sub/copy"), cwd=folder / "box")
            check(f"{way}: .. inside is allowed", done.returncode == 0 and (folder / "box/sub/copy").exists(),
                  done.stderr)
            (folder / "box/sub/copy").unlink(missing_ok=True)
        for option in (["--dir", "box::/in"], ["--mapdir", "/in:box"], ["--dir=box::/in"], ["--mapdir=/in::box"]):
            done = wasm(*option, copy, "/in/data", "/in/copy", cwd=folder)
            check(f"directory by {option[0]}", (folder / "box/copy").exists(), done.stderr)
            (folder / "box/copy").unlink(missing_ok=True)


# ----------------------------------------------------------------------------------- as a program

ADD = '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))'
TYPES = """(module
  (func (export "pair") (param i64 f32) (result f32 i64) (local.get 1) (local.get 0))
  (func (export "third") (param f64) (result f64) (f64.div (local.get 0) (f64.const 3)))
  (func (export "vector") (param v128) (result v128) (local.get 0))
  (func (export "null") (param externref) (result externref) (local.get 0))
  (global $g (mut i32) (i32.const 1))
  (func (export "_initialize") (global.set $g (i32.const 42)))
  (func (export "get") (result i32) (global.get $g)))"""
LEAVER = """(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (func (export "_initialize") (call $exit (i32.const 0)))
  (func (export "get") (result i32) (i32.const 42)))"""
# 100,000 structs of 24 bytes that all live at its end.
LIST = ('(module (type $l (struct (field (ref null $l)) (field i64))) (func (export "_start") (local i32) (local $l (ref null $l))'
        ' (loop (local.set $l (struct.new $l (local.get $l) (i64.const 1)))'
        ' (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 100000))))))')
TRAP = '(module $m (func $inner (export "in\\1b[31mner") unreachable) (func (export "_start") (call $inner)))'


def ends(name, done, status, stdout=None, stderr=()):
    text = done.stderr.decode(errors="replace")
    good = status_of(done) == status and (stdout is None or done.stdout.decode() == stdout)
    good = good and all(part in text for part in stderr)
    check(name, good, f"ended with {status_of(done)}, printed {done.stdout!r}, {text}")


def program(folder):
    def file(name, text):
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return folder / name
    add, types = file("add.wat", ADD + ")"), file("types.wat", TYPES)
    leaver = file("leaver.wat", LEAVER)
    ends("--invoke", wasm("--invoke", "add", add, "41", "1"), 0, "42\n")
    ends("--invoke with run", wasm("run", "--invoke=add", add, "-1", "0xffffffff"), 0, "-2\n")
    ends("i64 and f32, two results", wasm("--invoke", "pair", types, "-9223372036854775808", "0.1"), 0,
         "0.1\n-9223372036854775808\n")
    ends("shortest f64", wasm("--invoke", "third", types, "1"), 0, "0.3333333333333333\n")
    ends("special floats", wasm("--invoke", "third", types, "-inf"), 0, "-inf\n")
    ends("v128", wasm("--invoke", "vector", types, "0x0123456789abcdef0"), 0,
         "0x0000000000000000123456789abcdef0\n")
    for bad in ("0x", "0x0x1", "0x-1", "1", "0x" + "1" * 33, "0x1111111111111111-1"):
        ends(f"v128 argument '{bad}'", wasm("--invoke", "vector", types, bad), 2, "", ["is no v128"])
    ends("null", wasm("--invoke", "null", types, "null"), 0, "null\n")
    ends("a cache", wasm("--cache-dir", folder / "cache", "--cache-limit=1M", "--tier=jit", "--invoke", "add", add,
                         "1", "2"), 0, "3\n")
    for why, place in (("is no folder", add), ("is no folder", add / "below"), ("cannot be made", "/proc/libwasm")):
        unused = wasm("--cache-dir", place, "--invoke", "add", add, "1", "2")
        ends(f"a cache that {why}", unused, 0, "3\n", [why, "going on without"])
    plain, spilled = (wasm("dump", "--stage=lir", *options, add) for options in ((), ("-X", "spill-all=1")))
    if status_of(plain) != 2:  # a build without compiler has no such verb
        ends("a dump", plain, 0)
        ends("a dump with a setting", spilled, 0)
        check("the setting is heard", plain.stdout != spilled.stdout, "the same is printed")
        ends("a dump with no setting", wasm("dump", "-X", "none=1", add), 2, "", ["-X wants"])
    ends("a cache of no size", wasm("--cache-limit=x", add), 2, "", ["--cache-limit"])
    ends("a reactor is initialized first", wasm("--invoke", "get", types), 0, "42\n")
    ends("a reactor alone", wasm(types), 0, "")
    ends("a reactor that exits is called no more", wasm("--invoke", "get", leaver), 0, "")
    ends("too few arguments", wasm("--invoke", "add", add, "1"), 2, "", ["takes 2 arguments"])
    for bad in ("4294967296", "-2147483649", "1x", "", " 1", "1.0", "0x", "0x0x1", "0x-1", "--1", "0x1g"):
        ends(f"i32 argument '{bad}'", wasm("--invoke", "add", add, bad, "1"), 2, "", ["is no i32"])
    ends("no such function", wasm("--invoke", "sub", add, "1"), 1, "", ["'sub'", "add (i32 i32) -> (i32)"])
    ends("no _start", wasm(add), 1, "", ["no _start", "add (i32 i32) -> (i32)"])
    ends("no such file", wasm(folder / "missing"), 1, "", ["No such file"])
    ends("a folder", wasm(folder), 1, "", ["Is a directory"])
    ends("no file", wasm("run"), 2, "", ["no file given"])
    ends("nothing", wasm(), 2, "", ["usage:"])
    ends("unknown option", wasm("run", "--frob", add), 2, "", ["--frob"])
    ends("an option without value", wasm("run", "--dir"), 2, "", ["needs a value"])
    ends("no such directory", wasm("--dir", "missing", add), 1, "", ["missing"])
    ends("--help", wasm("--help"), 0, None)
    for verb in ("run", "validate", "parse", "print", "strip", "inspect", "wast"):
        ends(f"{verb} --help", wasm(verb, "--help"), 0, None)
    version = wasm("--version")
    check("--version", version.stdout.startswith(b"wasm ") and b"simd" in version.stdout, version.stdout)

    ends("trap", wasm(file("trap.wat", TRAP)), 134, "", ["unreachable", "inner", "0x"])
    check("names are escaped", b"\x1b" not in wasm(folder / "trap.wat").stderr)
    ends("syntax error", wasm(file("bad.wat", "(module\n  (func (export \"f\") i32.bad))")), 1, "",
         ["bad.wat:2:22", "i32.bad", "^"])
    ends("invalid module", wasm(file("bad2.wat", "(module (func (result i32)))")), 1, "", ["type mismatch"])
    ends("not a module", wasm(file("page.html", "<!DOCTYPE html><p>")), 1, "", ["page.html"])
    ends("truncated", wasm(file("short.wasm", b"\0asm\1\0\0\0\1\7\2")), 1, "", ["short.wasm"])
    ends("missing import", wasm(file("imp.wat", '(module (import "env" "f" (func)) (func (export "_start")))')), 1,
         "", ["env", "f"])
    ends("limited memory", wasm("--max-memory", "1M", file("mem.wat", "(module (memory 17) "
         '(func (export "_start")))')), 1, "")
    ends("enough memory", wasm("--max-memory", "2M", folder / "mem.wat"), 0, "")
    ends("limited tables", wasm("--max-memory", "1M", file("tab.wat", "(module (memory 15) (table 8193 funcref) "
         '(func (export "_start")))')), 1, "", ["limit of 1048576 bytes"])
    ends("limited elements", wasm("--max-table-elements", "8192", folder / "tab.wat"), 1, "", ["limit of 8192 table"])
    ends("enough for tables", wasm("--max-memory", "2M", "--max-table-elements=8193", folder / "tab.wat"), 0, "")
    ends("limited heap", wasm("--max-heap", "1M", file("list.wat", LIST)), 134, "", ["out of memory"])
    ends("enough heap", wasm("--max-heap", "8M", "--gc-stats", folder / "list.wat"), 0, "",
         ["bytes allocated", "young:", "full:", "pauses p50", "p99", "max"])
    check("--gc-stats", re.search(rb"heap: +(\d+) bytes allocated, \d+ live, (\d+) in use, (\d+) at most",
                                  wasm("--gc-stats", folder / "list.wat").stderr))
    ends("--gc-stats without a heap", wasm("--gc-stats", "--invoke", "add", add, "1", "2"), 0, "3\n",
         ["heap:       0 bytes allocated"])
    ends("--max-heap of no size", wasm("--max-heap", "0", add), 2, "", ["wants a size"])
    ends("validate", wasm("validate", add, types), 0, "")
    ends("validate says no", wasm("validate", add, folder / "bad2.wat", types), 1, "", ["bad2.wat"])
    ends("parse", wasm("parse", add, "-o", folder / "out.wasm"), 0, "")
    ends("what was parsed runs", wasm("--invoke", "add", folder / "out.wasm", "1", "2"), 0, "3\n")
    ends("parse next to it", wasm("parse", add), 0, "")
    check("the binary form", (folder / "add.wasm").read_bytes() == (folder / "out.wasm").read_bytes()
          and (folder / "out.wasm").read_bytes()[:4] == b"\0asm")
    if "--jit" in sys.argv:
        ends("--stats", wasm("--tier=jit", "--stats", "--invoke", "add", add, "1", "2"), 0, "3\n",
             ["1 compiled, 0 interpreted", "asked for:  1; failed: none"])
        broken = ["--tier=jit", "-X", "verify=1", "-X", "sabotage=reject"]
        ends("what the compiler's checks find", wasm(*broken, "--invoke", "add", add, "1", "2"), 1, "3\n",
             ["1 of 1 functions stayed interpreted", "sabotage"])
        script = file("add.wast", ADD + ') (assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))')
        ends("a script, compiled", wasm("wast", "--tier=jit", script), 0,
             "jit: 1 functions compiled, 0 interpreted; 0 loops compiled\n2 passed, 0 failed, 0 skipped\n")
        ends("a script, interpreted", wasm("wast", *broken, script), 1,
             "jit: 0 functions compiled, 1 interpreted; 0 loops compiled\n2 passed, 0 failed, 0 skipped\n")
        ends("--allow-interpreted", wasm("wast", *broken, "--allow-interpreted", script), 0)
        ends("--expect-compiled", wasm("wast", "--expect-compiled", script), 1, None, ["nothing was compiled"])
    ends("parse to a place that is not", wasm("parse", add, "-o", folder / "no/where"), 1, "", ["No such file"])
    ends("module from input", wasm("--invoke", "add", "-", "1", "2", stdin=add.read_bytes()), 0, "3\n")


PARTS = r"""(module $m (import "env" "print" (func $print (param i32))) (memory (export "mem") 1 2)
  (table 3 externref) (global $g (mut i64) (i64.const 1))
  (func $small (export "start") (call $print (i32.extend8_s (i32.const 1))))
  (func $"large\e2\80\aeone" (result i32 i32) (i32.const 1000000) (i32.trunc_sat_f32_s (f32.const 1)))
  (start $small) (@custom "a" "one") (@custom "b" "two") (@custom "a" (before first) "three"))"""


def custom_sections(binary):
    """(name, contents) of the custom sections, and the bytes of all others."""
    def number(at):
        value = shift = 0
        while True:
            byte, at = binary[at], at + 1
            value, shift = value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value, at
    custom, others, at = [], binary[:8], 8
    while at < len(binary):
        kind, start = binary[at], at
        size, at = number(at + 1)
        if kind == 0:
            length, name = number(at)
            custom.append((binary[name:name + length].decode(), binary[name + length:at + size]))
        else:
            others += binary[start:at + size]
        at += size
    return custom, others


def looking(folder):
    """print, strip and inspect."""
    def file(name, text):
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return folder / name
    text, binary, out = file("parts.wat", PARTS), folder / "parts.wasm", folder / "out.wasm"
    wasm("parse", text, "-o", binary)
    for flags in ([], ["--fold"], ["--offsets"], ["--fold", "--offsets"]):
        printed = wasm("print", binary, *flags)
        ends(f"print {flags}", printed, 0, None)
        again = wasm("parse", file("again.wat", printed.stdout), "-o", out)
        check(f"print {flags} is read back", again.returncode == 0 and out.read_bytes() == binary.read_bytes(),
              again.stderr)
    ends("print to a file", wasm("print", text, "-o", folder / "printed.wat"), 0, "")
    printed = (folder / "printed.wat").read_bytes()
    check("what is printed", b'(func $small (;1;) (type 1)\n    i32.const 1\n' in printed
          and b'$"large\\e2\\80\\aeone" (;2;)' in printed, printed)
    check("print --no-names", b"$" not in wasm("print", "--no-names", binary).stdout)
    ends("print of blank text", wasm("print", file("blank.wat", " \n\t")), 0, "(module)\n")
    ends("print without a file", wasm("print"), 2, "", ["no file given"])
    ends("print of two files", wasm("print", text, text), 2, "", ["one file"])
    ends("print -o", wasm("print", text, "-o"), 2, "", ["needs a file name"])
    ends("print of what is no module", wasm("print", file("no.wasm", b"\0asm\1\0\0\0\1\7\2")), 1, "", ["no.wasm", "at byte"])
    invalid = wasm("print", file("invalid.wat", "(module (func (result i32) br 7))"))
    ends("print of what is not valid", invalid, 0, None)
    check("which shows it", b"br 7" in invalid.stdout, invalid.stdout)

    custom, others = custom_sections(binary.read_bytes())
    def stripped(*names):
        done = wasm("strip", binary, "-o", out, *names)
        left, same = custom_sections(out.read_bytes())
        check(f"strip {names} leaves the others", done.returncode == 0 and same == others, done.stderr)
        return [name for name, _ in left]
    check("there are custom sections", [name for name, _ in custom] == ["a", "a", "b", "name"], custom)
    check("strip", stripped() == [])
    check("strip --all", stripped("--all") == [])
    check("strip by name", stripped("a") == ["b", "name"])
    check("strip by names", stripped("name", "a") == ["b"])
    check("strip --keep", stripped("--keep", "a", "--keep=name") == ["a", "a", "name"])
    out.unlink()
    ends("strip what is not there", wasm("strip", binary, "-o", out, "names"), 1, "", ["no custom section 'names'", "inspect"])
    check("which writes nothing", not out.exists())
    ends("strip to nowhere", wasm("strip", binary), 2, "", ["-o FILE"])
    ends("strip and keep", wasm("strip", binary, "-o", out, "--keep", "a", "b"), 2, "", ["not both"])
    ends("strip all but", wasm("strip", binary, "-o", out, "--all", "b"), 2, "", ["without names"])
    ends("strip to standard output", wasm("strip", "-o", "-", text), 0, None)

    big = file("big.wat", '(module (memory 1) (data "' + "x" * 100000 + '"))')
    small = folder / "big.wasm"
    wasm("parse", big, "-o", small)
    before = small.read_bytes()
    full = subprocess.run(["sh", "-c", 'trap "" XFSZ; ulimit -f 20; exec "$0" strip -o "$1" "$1"', WASM, small],
                          capture_output=True)
    ends("strip in place without room", full, 1, "", ["cannot write"])
    check("which leaves the file", small.read_bytes() == before)
    check("and no other", not [f for f in folder.iterdir() if f.name.startswith("big.wasm.")])
    small.chmod(0o640)
    ends("strip in place", wasm("strip", "-o", small, small), 0, "")
    check("which keeps its mode", stat.S_IMODE(small.stat().st_mode) == 0o640)
    long = wasm("inspect", file("long.wat", "(module (func (export \"f\") (param" + " i32" * 17 + ")))"))
    ends("inspect of a long signature", long, 0, None)
    check("which it tells by its number", b'"f" type 0: 17 parameters, 0 results' in long.stdout, long.stdout)

    told = wasm("inspect", binary)
    ends("inspect", told, 0, None)
    for line in ('  func "env" "print" [i32] -> []', '  memory "mem" i32 1 2', "start: 1", "  multi-value",
                 "  sign-extension", "  saturating-float-to-int", "  reference-types", 'custom "b"'):
        check(f"inspect tells of {line.strip()}", line in told.stdout.decode(), told.stdout.decode())
    for proposal in ("simd", "gc", "bulk-memory"):
        check(f"inspect does not tell of {proposal}", proposal not in told.stdout.decode(), told.stdout.decode())
    known = json.loads(wasm("inspect", "--json", "--functions", "1", binary).stdout)
    check("inspect --json", known["imports"] == [{"kind": "func", "module": "env", "name": "print", "type": "[i32] -> []"}]
          and known["name"] == "m" and known["globals"] == [{"index": 0, "type": "mut i64"}]
          and known["largest_functions"][0]["name"] == "large\u202eone" and len(known["largest_functions"]) == 1
          and sum(s["section"] == "custom" for s in known["sections"]) == 4, known)
    check("names are escaped for people", "\u202e" not in told.stdout.decode(), told.stdout)
    ends("inspect --functions", wasm("inspect", "--functions", "x", binary), 2, "", ["wants a number"])
    ends("inspect a body that is malformed", wasm("inspect", file("body.wasm", b"\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0"
         b"\x0a\5\1\3\0\xff\x0b")), 1, "", ["illegal opcode"])
    ahead = wasm("inspect", file("ahead.wat", "(module (type (struct)) (func (return_call 0)) (memory 1 1 shared))"))
    check("inspect names proposals that are built or not", all(f"  {name}" in ahead.stdout.decode() for name in
                                                     ("gc", "tail-call", "threads")), ahead.stdout)
    guest = BUILD / "fib.wasm"
    if guest.exists():
        file("fib.wat", wasm("print", "--fold", guest).stdout)
        run_both = [wasm(path).stdout for path in (guest, folder / "fib.wat")]
        check("a program runs from its text", run_both[0] == run_both[1] != b"", run_both)


def corners(folder):
    """Names made to confuse a terminal, sizes that are none, devices, deep stacks."""
    def file(name, text):
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return folder / name
    good = file("good.wat", ADD + ")")
    for name, escaped in ((b"\x1b[31m", rb"\1b[31m"), (b"\xc2\x9b\x7f", rb"\c2\9b\7f"), (b"\xff\x9bx", rb"\ff\9bx"),
                          ("\u202e".encode(), rb"\e2\80\ae")):
        for command in (["validate"], ["parse"], ["print"], ["strip", "-o", "-"], ["inspect"], ["wast"], ["--dir"]):
            done = wasm(*command, os.fsdecode(bytes(folder) + b"/" + name), *([good] if command == ["--dir"] else []))
            check(f"{command} escapes {name}", done.returncode == 1 and escaped in done.stderr
                  and not any(c in done.stderr for c in name if c > 126 or c < 32), done.stderr)
        for command in ("run", "validate", "parse", "print", "strip", "inspect", "wast"):
            done = wasm(command, os.fsdecode(b"-" + name), good)
            check(f"{command} escapes option {name}", done.returncode == 2 and b"-" + escaped in done.stderr, done.stderr)
    script = wasm("wast", file("escape.wast", r'(module (func (export "f") unreachable))'
                               r'(assert_trap (invoke "f") "\1b[31m\c2\9b")'))
    each = wasm("wast", "--each-file", file("each.wast", '(module) (module (type (cont 0))) (assert_return (invoke "f"))'),
                file("each2.wast", "(module)"))
    check("wast --each-file", b"each.wast: 1 passed, 0 failed, 2 skipped, stack-switching 2\n" in each.stdout and
          b"each2.wast: 1 passed, 0 failed, 0 skipped\n" in each.stdout, each.stdout)
    instances = wasm("wast", file("instances.wast", '(module definition $D (import "nope" "x" (func)))'
                                  '(assert_unlinkable (module instance $I $D) "unknown import")'
                                  '(module definition $T (func $f unreachable) (start $f))'
                                  '(assert_trap (module instance $T) "unreachable")'
                                  '(assert_trap (module instance $I $D) "unreachable")'))
    check("assertions on instances", b"4 passed, 1 failed" in instances.stdout, instances.stdout)
    component = wasm("wast", file("component.wast", '(module $M (func (export "f"))) (component $C) (component definition $D)\n'
                                  '(invoke "f") (assert_return (invoke $C "g" (u32.const 1))) (register "c" $C)\n'
                                  '(component instance $I $D) (assert_trap (invoke $I "g") "x") (invoke $M "f")'))
    check("what needs a component is skipped", b"2 passed, 0 failed, 7 skipped" in component.stdout, component.stdout)
    thread = wasm("wast", file("thread.wast", '(module $M (memory (export "m") 1 1 shared)) (module $F (func (export "f")))\n'
                               '(thread $T (shared (module $M)) (module (func (export "f") (result i32) (i32.const 1)))\n'
                               '  (assert_return (invoke "f") (either (i32.const 0) (i32.const 2)))\n'
                               '  (thread (module (type (cont 0))) (invoke "f")))\n'
                               '(wait $T) (wait $U)\n(thread (shared (module $F))) (thread (shared (module $N)))\n'
                               '(thread (shared (module $M)) (invoke $M "f"))'))
    found = re.findall(rb"thread.wast:(\d+): ([a-z_]+): ", thread.stdout)
    check("what fails in a script's threads", thread.returncode == 1 and b"\n7 passed, 5 failed, 2 skipped\n" in thread.stdout
          and sorted(found) == [(b"3", b"assert_return"), (b"5", b"wait"), (b"6", b"thread"), (b"6", b"thread"),
                                (b"7", b"invoke")], thread.stdout)
    check("texts of scripts are escaped", rb'"\1b[31m\c2\9b"' in script.stdout, script.stdout)
    deep = wasm(file("deep.wat", '(module (func $deep (export "_start") (call $deep)))'))
    check("a deep backtrace is printed whole", deep.stderr.endswith(b")\n") and b" more\n" in deep.stderr, deep.stderr)
    for size in (" 1", "+1", " -5", "-5", "", "M", "1KK", "18446744073709551616", "20000000000G"):
        ends(f"--max-memory '{size}'", wasm("--max-memory", size, good), 2, "", ["wants a size"])
    ends("a directory whose name is no text", wasm("--dir", os.fsdecode(b".::\xff"), good), 1, "", ["not UTF-8"])
    ends("an empty device", wasm("/dev/null"), 1, "", ["empty"])
    exits = folder / "exits.wat"
    for status in (0, 1, 2, 134, 255, 256, 257, -1):
        file("exits.wat", '(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'
             f'(func (export "_start") (call $exit (i32.const {status}))))')
        ends(f"exit {status}", wasm(exits), status & 255, "")
    opens = file("opens.wat", '(module (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 '
                 'i64 i64 i32 i32) (result i32))) (memory 1) (data (i32.const 0) "made") (func (export "_start") '
                 '(drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 1) '
                 '(i64.const 66) (i64.const 0) (i32.const 0) (i32.const 8))) unreachable))')
    for closed in ("2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
        done = run(["sh", "-c", f'"$@" {closed}', "sh", WASM, "--dir", ".", opens], cwd=folder)
        check(f"messages go into no file of the guest's ({closed})",
              done.returncode == 134 and (folder / "made").read_bytes() == b"", (folder / "made").read_bytes())
    try:
        os.mknod(folder / "full", 0o666 | stat.S_IFCHR, os.makedev(1, 7))
        ends("parse to a full device", wasm("parse", good, "-o", folder / "full"), 1, "", ["full"])
        check("which stays where it is", (folder / "full").exists())
    except PermissionError:
        tell("skipped", "parse to a full device", "no right to make one")


ENVIRON = """(module (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory 10)
  (func (export "_start") (i32.store (i32.const 0) (i32.const 200000))
    (drop (call $args_sizes (i32.const 16) (i32.const 4))) (drop (call $args (i32.const 1024) (i32.const 200000)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (call $sizes (i32.const 16) (i32.const 4))) (drop (call $get (i32.const 1024) (i32.const 200000)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"""


def environment(folder):
    """What the program is told: its name and its variables, each ending in a zero byte."""
    (folder / "environ.wat").write_text(ENVIRON)
    def told(name, options, want, argv0="environ.wat", env=None):
        done = wasm("run", *options, "environ.wat", cwd=folder, env=env)
        text = "".join(s + "\0" for s in [argv0, *want])
        check(name, (done.returncode, done.stdout.decode()) == (0, text), (done.stdout, done.stderr))
    def file(text, name="vars"):
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return ["--env-file", name]
    here = {"WASM_A": "here", "WASM_B": ""}
    told("no environment", [], [], env=here)
    told("--argv0", ["--argv0", "other name"], [], "other name")
    told("--argv0 that is empty", ["--argv0="], [], "")
    told("--env by name", ["--env", "WASM_A", "--env=WASM_B", "--env", "WASM_NONE"], ["WASM_A=here", "WASM_B="], env=here)
    told("--env: the last one counts", ["--env", "A=1", "--env", "AB=2", "--env", "A=3"], ["AB=2", "A=3"])
    told("--env-file", file("# comment\n\n  A=1  \r\nB=\"two words \"\n\tC='x'\nD='x\nE=a=b # c\nF=\nWASM_A\nWASM_NONE\nG=\"\"\n"
                            "A=last\nH=\"'"), ["B=two words ", "C=x", "D='x", "E=a=b # c", "F=", "WASM_A=here", "G=",
                                              "A=last", "H=\"'"], env=here)
    told("an empty --env-file", file(""), [])
    told("--env-file and --env in order", [*file("A=file\nB=file"), "--env", "B=option"], ["A=file", "B=option"])
    for name, text, why in (("no name", "A=1\n=2", "line 2: a name is missing"), ("blanks", "A B=2", "line 1: a name has no"),
                            ("zero byte", b"\nA=\0", "line 2: a zero byte"), ("no text", b"A=\xff", "line 1: this is not UTF-8")):
        ends(f"--env-file: {name}", wasm("run", *file(text), "environ.wat", cwd=folder), 1, "", ["vars: " + why])
    ends("--env-file that is not there", wasm("--env-file", "missing", "environ.wat", cwd=folder), 1, "", ["missing: No such"])
    ends("--env-file without end", wasm("--env-file", "/dev/zero", "environ.wat", cwd=folder), 1, "", ["16 MiB"])
    ends("--env that is no text", wasm("--env", os.fsdecode(b"A=\xff"), "environ.wat", cwd=folder), 2, "", ["not UTF-8"])
    done = wasm("run", "--env", "WASM_A=1", "--inherit-env", "--env", "WASM_B=2", "environ.wat", cwd=folder, env=here)
    got = done.stdout.split(b"\0")[1:-1]
    want = {os.fsencode(f"{k}={v}") for k, v in {**os.environ, **here, "WASM_B": "2"}.items()}
    check("--inherit-env", len(got) == len(want) and set(got) == want, want ^ set(got))


def devices(folder):
    """null and zero by their names; a pipe with its permission alone."""
    try:
        _, copy = build_c("copy")
    except Missing as why:
        return tell("skipped", "devices", str(why))
    (folder / "data").write_bytes(b"data")
    os.mkfifo(folder / "pipe")
    for options in (["--dir", "/dev"], ["--dir", "/dev:special"]):
        done = wasm(*options, "--dir", ".", copy, "/dev/null", "copy", cwd=folder)
        check(f"/dev/null by {options[1]}", done.returncode == 0 and (folder / "copy").read_bytes() == b"", done.stderr)
        done = wasm(*options, "--dir", ".", copy, "data", "/dev/null", cwd=folder)
        check(f"into /dev/null by {options[1]}", done.returncode == 0, done.stderr)
    ends("a pipe without permission", wasm("--dir", ".", copy, "pipe", "copy", cwd=folder), 1)
    for spec in (".:special", ".::.:special", ".:special:ro"):
        feed = subprocess.Popen(["sh", "-c", "sleep 0.1; cat data > pipe"], cwd=folder)
        copied = wasm("--dir", spec, "--mapdir", "/out:.", copy, "pipe", "/out/copy", cwd=folder)
        feed.wait(LIMIT)
        check(f"a pipe by {spec}", copied.returncode == 0 and (folder / "copy").read_bytes() == b"data", copied.stderr)
    feed = subprocess.Popen(["cat", "pipe"], cwd=folder, stdout=subprocess.PIPE)
    copied = wasm("--dir", ".:special", copy, "data", "pipe", cwd=folder)
    check("into a pipe", feed.communicate(timeout=LIMIT)[0] == b"data" and copied.returncode == 0, copied.stderr)


RETRY_READ = """(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32))) (memory 1)
  (func (export "_start") (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 10))
    (loop $again (br_if $again (i32.eq (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 27))))))"""
RETRY_SLEEP = """(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32))) (memory 1)
  (func (export "_start") (i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const 3600000000000))
    (loop $again (br_if $again (i32.eq (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)) (i32.const 27))))))"""


def stops(folder):
    """A time-out ends a program that waits as a stop, whatever it makes of EINTR."""
    (folder / "read.wat").write_text(RETRY_READ)
    (folder / "sleep.wat").write_text(RETRY_SLEEP)
    programs = [("reads again", folder / "read.wat"), ("sleeps again", folder / "sleep.wat")]
    try:
        programs += [("reads and gives up", build_c("echo_input")[1]), ("writes what nobody reads", build_c("forever")[1])]
    except Missing as why:
        tell("skipped", "stops of programs in C", str(why))
    for what, guest in programs:
        p = subprocess.Popen([WASM, "--timeout", "0.2", guest], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        status = p.wait(LIMIT)
        check(f"a time-out where a program {what}", status == 134 and b"interrupted" in p.stderr.read(), status)
        for end in (p.stdin, p.stdout, p.stderr):
            end.close()


def pipes_and_signals():
    try:
        native, guest = build_c("forever")
        hello_native, hello = build_c("hello")
        _, crash = build_c("crash")
    except Missing as why:
        return tell("skipped", "pipes and signals", str(why))
    def closed_pipe(command):
        p = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.stdout.read(10)
        p.stdout.close()
        err = p.stderr.read()
        return p.wait(LIMIT), err
    check("a closed pipe", closed_pipe([native]) == closed_pipe([WASM, guest]) == (-signal.SIGPIPE, b""))
    def interrupted(command):
        def heed_interrupts():  # which a shell's background jobs ignore
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        p = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, preexec_fn=heed_interrupts)
        p.stdout.read(10)
        p.send_signal(signal.SIGINT)
        p.stdout.read()
        return p.wait(LIMIT)
    check("Ctrl-C", interrupted([native]) == interrupted([WASM, guest]) == -signal.SIGINT)
    for what, redirect in (("closed output", ">&-"), ("full device", ">/dev/full"), ("closed input", "<&-"),
                           ("all closed", "<&- >&- 2>&-")):
        want, got = (subprocess.run(["sh", "-c", f'"$@" {redirect}', "sh", *map(str, c)], capture_output=True)
                     for c in ([hello_native], [WASM, hello]))
        check(what, (want.returncode, want.stdout) == (got.returncode, got.stdout), (want, got))
    ends("a trap in C", wasm(crash), 134, "before\n", ["integer divide by zero", "divide", "compute"])


# ------------------------------------------------------------------------------------------ servers

@contextlib.contextmanager
def serving(*command):
    """Runs a server at a free port, which `wasm` tells; its address."""
    p = subprocess.Popen([WASM, *map(str, command)], stderr=subprocess.PIPE)
    try:
        told = p.stderr.readline().decode().strip()
        host, _, port = told.rpartition(" ")[2].rpartition(":")
        yield host.strip("[]"), int(port) if port.isdigit() else told
    finally:
        p.kill()
        p.wait(LIMIT)
        p.stderr.close()


def get(connection, path):
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def build_httpd():
    source, guest = HERE.parent.parent / "examples/guest/httpd.c", BUILD / "httpd.wasm"
    if not CLANG or not os.path.exists("/usr/include/wasm32-wasi/stdio.h"):
        raise Missing("no clang with wasi-libc")
    return compiled(guest, [source], [CLANG, "--target=wasm32-wasi", "-O2", "-w", source, "-o", guest])


def tried(work, *args):
    """What it says is wrong, or what it ends by when the server is not there any more."""
    try:
        return work(*args)
    except (OSError, http.client.HTTPException) as why:
        return repr(why)


def web_requests(address, files):
    """Two connections, kept, with requests in turn; then one that is closed and one that is cut off."""
    one, two = (http.client.HTTPConnection(*address, timeout=LIMIT) for _ in range(2))
    one.connect()
    two.connect()
    kept = one.sock, two.sock
    for _ in range(20 if LIGHT else 200):
        for path, content in files.items():
            for connection in (one, two):
                if get(connection, "/" + path) != (200, content):
                    return f"{path} is another file"
        if get(one, "/none") != (404, b"") or get(two, "/sub") != (404, b""):
            return "what is not there is found"
    if (one.sock, two.sock) != kept:
        return "the connections were not kept"
    if get(one, "/../secret") != (404, b"") or get(two, "/up") != (404, b""):
        return "the sandbox is left"
    gone = http.client.HTTPConnection(*address, timeout=LIMIT)
    gone.request("GET", "/large")
    gone.sock.close()
    gone.close()
    two.request("GET", "/a", headers={"Connection": "close"})
    answer = two.getresponse()
    if answer.read() != files["a"] or not answer.will_close:
        return "a connection is not closed"
    return "" if get(one, "/a") == (200, files["a"]) else "a peer that is gone ends it"


LAUNCH = ("import os, sys; os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True);"
          " os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); os.execv(sys.argv[2], sys.argv[2:])")


def web_server(folder):
    try:
        guest = build_httpd()
    except Missing as why:
        return tell("skipped", "a web server", str(why))
    files = {"a": b"small", "empty": b"", "large": os.urandom(300000), "sub/index.html": b"<p>"}
    for name, content in files.items():
        (folder / "public" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "public" / name).write_bytes(content)
    (folder / "secret").write_bytes(b"secret")
    (folder / "public/up").symlink_to("../secret")
    given = ["--dir", f"{folder}/public::.:ro"]
    for way, how in WAYS.items():
        with serving(*given, "--tcplisten", "127.0.0.1:0", *how, guest) as address:
            why = tried(web_requests, address, files)
            check(f"a web server{way}", not why, why)
    ends("a web server without a listener", wasm(*given, guest), 1, "", ["there is no listener"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        p = subprocess.Popen([sys.executable, "-c", LAUNCH, str(listener.fileno()), WASM, *given, "--listen-fds", guest],
                             pass_fds=[listener.fileno()])
        why = tried(web_requests, listener.getsockname(), files)
        p.kill()
        p.wait(LIMIT)
        check("a web server with systemd's listener", not why, why)


def echoes(connection, data):
    connection.sendall(data)
    got = b""
    while len(got) < len(data):
        part = connection.recv(65536)
        if not part:
            return False
        got += part
    return got == data


def echo_requests(address, count):
    """`count` connections, each used in turn."""
    connections = [socket.create_connection(address, timeout=LIMIT) for _ in range(count)]
    good = all(echoes(c, os.urandom(size)) for size in (1, 1000, 50000) for c in connections)
    for c in connections:
        c.shutdown(socket.SHUT_WR)
    closed = all(c.recv(1) == b"" for c in connections)
    for c in connections:
        c.close()
    return "" if good and closed else f"echoed: {good}, closed: {closed}"


def echo_server(name, build, at_once):
    """Some connections at once; after their end as many again."""
    try:
        guest = build()
    except Missing as why:
        return tell("skipped", name, str(why))
    with serving("--tcplisten", "127.0.0.1:0", guest) as address:
        why = tried(echo_requests, address, at_once) or tried(echo_requests, address, at_once)
        check(name, not why, why)


def servers(folder):
    web_server(folder)
    echo_server("a server in Go", lambda: build_go("echo_server")[1], 3)
    echo_server("a server in Rust", lambda: build_rust_guest("echo_server", "echo_server_rs"), 1)
    for bad in ("127.0.0.1", "localhost:80", "[::1]"):
        ends(f"--tcplisten {bad}", wasm("--tcplisten", bad, "none.wasm"), 1, "", ["cannot listen", "no address"])


# ------------------------------------------------------------------------------------ readable names

READABLE = b" demangle" in wasm("--version").stdout


def names(name, build, wanted, mangled):
    """The wanted name is in the backtrace, or the mangled one where the program has no libiberty."""
    try:
        guest = build()
    except Missing as why:
        return tell("skipped", name, str(why))
    ends(name, wasm(guest), 134, "", [wanted if READABLE else mangled])


def readable_names():
    names("names of C++", lambda: build_cpp("mangled"), "shapes::Box<int>::divide(int) const (0x", "_ZNK6shapes3BoxIiE")
    area = "<mangled::shapes::Square as mangled::shapes::Area>::area (0x"
    names("names of Rust", lambda: build_rust_guest("mangled", "mangled_rs"), area, "_ZN")
    names("names of Rust, v0", lambda: build_rust_guest("mangled", "mangled_v0_rs",
                                                        ["-C", "symbol-mangling-version=v0"]), area, "_RN")
    with tempfile.TemporaryDirectory() as folder:
        # Each template argument is twice the one before.
        doubled = "".join(f"S0_IS{i}_S{i}_E" for i in "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        bomb = f"_Z1fIJ1AIiiE{doubled}EEvv"
        (pathlib.Path(folder) / "bomb.wat").write_text(f'(module (func (export "{bomb}") unreachable)'
                                                       f' (func (export "_start") (call 0)))')
        ends("a name that stands for gigabytes", wasm(pathlib.Path(folder) / "bomb.wat"), 134, "",
             ["void f<A<int, int>, A<A<" if READABLE else bomb[:20], "... (0x"])


def main():
    BUILD.mkdir(parents=True, exist_ok=True)
    programs()
    sandbox()
    readable_names()
    with tempfile.TemporaryDirectory() as folder:
        program(pathlib.Path(folder))
        looking(pathlib.Path(folder))
        corners(pathlib.Path(folder))
        environment(pathlib.Path(folder))
        devices(pathlib.Path(folder))
        stops(pathlib.Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        servers(pathlib.Path(folder))
    pipes_and_signals()
    return result()


if __name__ == "__main__":
    sys.exit(main())
