#!/usr/bin/env python3
"""Programs that begin where their initializer ended (wasm snapshot): they print the same, end the same, and start
sooner. And what the command says when it is used wrongly. Usage: as run.py"""
import pathlib
import subprocess
import sys
import tempfile
import time

import run
from run import LIGHT, WASM, Missing, build_c, check, status_of, tell, wasm

RESUME = ["--rename-func", "_start=wizer.resume"]
TEXT = """(module (memory (export "memory") 1) (global $g (mut i32) (i32.const 0))
  (func $started (global.set $g (i32.const 1))) (start $started)
  (func (export "prepare") (global.set $g (i32.add (global.get $g) (i32.const 40))))
  (func (export "get") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))"""


def ends(done, status):
    return status_of(done) == status


def snapshot(*args, **options):
    return wasm("snapshot", *args, **options)


def seconds(*args, cwd):
    times = []
    for _ in range(5):
        start = time.monotonic()
        subprocess.run([WASM, *args], cwd=cwd, capture_output=True, check=False)
        times.append(time.monotonic() - start)
    return sorted(times)[2]


def same_program(guest, folder):
    (folder / "greeting").write_text("hello ")
    done = snapshot("--dir", ".", guest, "-o", "ready.wasm", *RESUME, cwd=folder)
    check("a snapshot is taken", ends(done, 0), done)
    (folder / "greeting").write_text("other ")  # the file was read
    again = wasm("validate", "ready.wasm", cwd=folder)
    check("the snapshot is valid", ends(again, 0), again)
    for args, status in (([], 0), (["7"], 0), (["12"], 3)):
        (folder / "greeting").write_text("hello ")
        plain = wasm("--dir", ".", "--argv0", "p", guest, *args, cwd=folder)
        (folder / "greeting").write_text("other ")
        for way, options in run.WAYS.items():
            ready = wasm("run", "--dir", ".", *options, "--argv0", "p", "ready.wasm", *args, cwd=folder)
            check(f"the snapshot does the same, {args}{way}", ends(ready, status) and ready.stdout == plain.stdout,
                  (plain, ready))


def starts_sooner(guest, folder):
    plain = seconds("--dir", ".", guest, cwd=folder)
    ready = seconds("--dir", ".", "ready.wasm", cwd=folder)
    print(f"         start to end: {plain * 1e3:.1f} ms, of the snapshot {ready * 1e3:.1f} ms: "
          f"{plain / ready:.0f} times sooner")
    check("the snapshot starts sooner", ready < plain / 2, (plain, ready))


def exports_of(path, folder):
    return wasm("inspect", path, cwd=folder).stdout


def other_ways(guest, folder):
    kept = snapshot("--keep-init", "--dir=.", "--output=kept.wasm", guest, cwd=folder)
    check("--keep-init keeps it", ends(kept, 0) and b"wizer.initialize" in exports_of("kept.wasm", folder) and
          b"wizer.initialize" not in exports_of("ready.wasm", folder), kept)
    check("names are kept", b"by_letters" in (folder / "ready.wasm").read_bytes())
    piped = snapshot("--dir=.", guest, "-o", "-", *RESUME, cwd=folder)
    (folder / "greeting").write_text("hello ")
    check("-o - is standard output", ends(piped, 0) and piped.stdout.startswith(b"\0asm"), piped.stderr)
    twice = snapshot("--init", "leave", "ready.wasm", "-o", "twice.wasm", cwd=folder)
    check("an initializer that exits", ends(twice, 1) and b"leave ended the program" in twice.stderr, twice)
    crash = snapshot("--init", "crash", "ready.wasm", "-o", "crash.wasm", cwd=folder)
    check("an initializer that traps", ends(crash, 134) and b"unreachable" in crash.stderr, crash)
    check("nothing is written then", not (folder / "twice.wasm").exists() and not (folder / "crash.wasm").exists())
    timed = snapshot("--timeout", "0.01", "--tier=interp", guest, "-o", "timed.wasm", cwd=folder)
    check("--timeout ends it", ends(timed, 134), timed)


def texts(folder):
    (folder / "a.wat").write_text(TEXT)
    done = snapshot("a.wat", "--init=prepare", "-o", "a.wasm", cwd=folder)
    got = wasm("run", "--invoke", "get", "a.wasm", cwd=folder)
    check("a module in text, with a start function", ends(done, 0) and ends(got, 0) and got.stdout == b"42\n",
          (done, got))
    done = snapshot("a.wasm", "--init", "get", "-o", "b.wasm", cwd=folder)
    check("an initializer that gives something", ends(done, 1) and b"no function 'get' without" in done.stderr and
          b"it exports" in done.stderr, done)
    (folder / "i.wat").write_text('(module (memory (export "m") 1 2 shared) (func (export "i")))')
    done = snapshot("i.wat", "--init", "i", "-o", "i.wasm", cwd=folder)
    check("what cannot be kept", ends(done, 1) and b"memory 0 is shared: a snapshot cannot keep it" in done.stderr, done)


def usage(folder):
    for args, status, said in (((), 2, b"no file given"), (("a.wat",), 2, b"no output given"),
                               (("a.wat", "-o"), 2, b"-o needs a value"),
                               (("a.wat", "-o", "x", "--rename-func", "a"), 2, b"wants NEW=OLD"),
                               (("a.wat", "-o", "x", "--nothing"), 2, b"unknown option"),
                               (("a.wat", "-o", "x"), 1, b"no function 'wizer.initialize'"),
                               (("a.wat", "--init", "prepare", "-o", "x", "--rename-func", "a=b"), 1, b"\"b\" is not there"),
                               (("a.wat", "--init", "prepare", "-o", "no/x"), 1, b"no/x"),
                               (("missing", "-o", "x"), 1, b"missing")):
        done = snapshot(*args, cwd=folder)
        check(f"snapshot {' '.join(args)}", ends(done, status) and said in done.stderr, done)


def main():
    run.BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        texts(folder)
        usage(folder)
        try:
            guest = build_c("prepared")[1]
        except (Missing, RuntimeError) as why:
            tell("skipped", "a program in C", str(why))
        else:
            same_program(guest, folder)
            other_ways(guest, folder)
            if not LIGHT:
                starts_sooner(guest, folder)
    return run.result()


if __name__ == "__main__":
    sys.exit(main())
