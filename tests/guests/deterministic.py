#!/usr/bin/env python3
"""Real programs that are to do the same each time: in two folders with the same files, made in another
order, at other times and on another disk, they print the same bytes, have the same memory, and leave the
same, in each tier; without the options they do not. Usage: as run.py"""
import os
import pathlib
import random
import sys
import tempfile

import run
from run import Missing, build_c, build_go, build_threaded, check, ends, tell, tree, wasm

TIERS = [["--tier=interp"]] + ([["--tier=jit"], ["--tier=auto"]] if "--jit" in sys.argv else [])
SHM = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def fill(folder, seed):
    """The same files whatever the seed, and nothing else the same."""
    chance = random.Random(seed)
    for i in range(seed % 5 * 20):
        (folder / f"waste{i}").write_text("")
    files = [f"tree/{'d' * (i % 3)}/{'n' * (i % 40)}{i}" for i in range(150)] + ["tree/.hidden", "tree/-dash", "tree/über"]
    chance.shuffle(files)
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "tree/link").symlink_to("dd")
    for waste in folder.glob("waste*"):
        waste.unlink()
    for path in folder.rglob("*"):
        os.utime(path, (chance.random() * 1e9, chance.random() * 1e9), follow_symlinks=False)


def run_once(guest, options, args, seed, where=None, stdin=b""):
    with tempfile.TemporaryDirectory(dir=where) as folder:
        fill(pathlib.Path(folder), seed)
        guest_name = "/" if guest.name.endswith("_go.wasm") else "."
        got = wasm("--dir", f".::{guest_name}", *options, "--argv0", "guest", guest, *args, stdin=stdin, cwd=folder)
        return got.returncode, got.stdout, got.stderr, tree(folder)


def same_each_time(name, build, args=(), stdin=b"", status=0):
    try:
        guest = build()[1]
    except (Missing, RuntimeError) as why:
        tell("skipped", name, str(why))
        return None
    runs = []
    for tier in TIERS:
        for seed, where in ((1, None), (12, SHM)):
            runs.append(run_once(guest, ["--deterministic=7", *tier], args, seed, where, stdin))
            same = runs[-1] == runs[0] and runs[0][0] == status
            check(f"{name} does the same, {tier[0]}, {seed}", same,
                  run.difference(runs[0][1], runs[-1][1]) or runs[-1][0:1] + runs[-1][2:3])
    return guest


def told_apart(guest):
    """What stays the same does so because of the options."""
    alone = {"nothing": [], "the clock": ["--clock=stepped:5:6"], "random bytes": ["--random-seed=3"],
             "sorted names": ["--sorted-dirs"], "the files": ["--fixed-stat"]}
    for name, options in alone.items():
        one, other = (run_once(guest, options + ["--clock=frozen:1"] * (name != "the clock"), (), seed) for seed in (1, 12))
        check(f"with {name} fixed alone the runs differ", one[1] != other[1])
    whole = ["--clock=stepped:5000000000:6", "--random-seed=3", "--sorted-dirs", "--fixed-stat"]
    one, other, third = (run_once(guest, whole + more, (), seed)[1] for seed, more in
                         ((1, []), (12, []), (1, ["--random-seed=4"])))
    check("with all of it they do not", one == other, run.difference(one, other))
    check("but with another seed", one != third)
    lines = one.decode().splitlines()
    check("the clocks start and step as was said", lines[0] == "clock 0: 5.000000000 in 6" and
          lines[1] == "clock 1: 0.000000006 in 6" and lines[5] == "clock 0: 3605.000000013 in 6", lines[:7])


def same_elsewhere(guest):
    """In memory, and over a folder."""
    for name, given in (("in memory", ["--mount", "mem::."]), ("over a folder", ["--overlay", ".::."])):
        outputs = []
        for seed in (1, 12):
            with tempfile.TemporaryDirectory(dir=SHM if seed == 12 else None) as folder:
                fill(pathlib.Path(folder), seed)
                outputs.append(wasm(*given, "--deterministic", guest, cwd=folder).stdout)
        check(f"the world {name} is the same", outputs[0] == outputs[1] and outputs[0], run.difference(*outputs))


SLEEP = """(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32))) (memory 1)
  (func (export "_start") (i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const %s))
    (loop $again (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))) (br $again))))"""


def stops(folder):
    """A time-out is one of real time, whether sleeping takes some or none."""
    for name, span in (("for an hour, again and again", "3600000000000"), ("for ever", "-1")):
        (folder / "sleep.wat").write_text(SLEEP % span)
        ends(f"a time-out of a program that sleeps {name}",
             wasm("--deterministic", "--timeout", "0.2", folder / "sleep.wat"), 134, "", ["interrupted"])


def usage(guest):
    for option in ("--clock=", "--clock=frozen", "--clock=frozen:", "--clock=frozen:x", "--clock=frozen:1:2", "--clock=real:1",
                   "--clock=stepped:1", "--clock=stepped:1:0", "--clock=coarse:0", "--clock=sundial:1",
                   "--clock=frozen:18446744073709551616"):
        ends(option, wasm(option, guest), 2, "", ["--clock wants"])
    ends("--random-seed x", wasm("--random-seed", "x", guest), 2, "", ["--random-seed wants"])
    ends("--random-seed alone", wasm("--random-seed"), 2, "", ["needs a value"])
    ends("--deterministic=x", wasm("--deterministic=x", guest), 2, "", ["--deterministic wants"])


def main():
    run.BUILD.mkdir(parents=True, exist_ok=True)
    world = same_each_time("the world", lambda: build_c("world"))
    same_each_time("clocks", lambda: build_c("clocks"))
    same_each_time("files", lambda: build_c("files"))
    same_each_time("walking", lambda: build_c("walk"))
    same_each_time("files in Go", lambda: build_go("files"), [".", "x", "y z"], b"12345", 17)
    same_each_time("threads", lambda: build_threaded("threads"))
    with tempfile.TemporaryDirectory() as folder:
        stops(pathlib.Path(folder))
    if world:
        told_apart(world)
        same_elsewhere(world)
        usage(world)
    return run.result()


if __name__ == "__main__":
    sys.exit(main())
