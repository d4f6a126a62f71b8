#!/usr/bin/env python3
"""Directories that are not the host's, given to real programs by `wasm run`: what they do in memory and
over a folder is what they do in a folder; archives show what is in them, and bad ones are refused.
Usage: as run.py"""
import io
import itertools
import json
import os
import pathlib
import random
import stat
import sys
import tarfile
import tempfile
import zipfile

import run
from run import LIGHT, Missing, build_c, build_go, build_rust, build_sqlite, check, ends, make_tree, status_of, tell, tree, wasm


def built(name, build):
    """Native program and guest, or nothing and why."""
    try:
        return build()
    except (Missing, RuntimeError) as why:
        tell("skipped", name, str(why))
        return None


def same_as_in_a_folder(name, build, args=(), stdin=b"", env=None, prepare=None, guest_name="."):
    """The native program in a folder, the guest in memory and over a folder that stays as it is."""
    programs = built(name, build)
    if not programs:
        return
    native, guest = programs
    with tempfile.TemporaryDirectory() as folder:
        if prepare:
            prepare(pathlib.Path(folder))
        want = run.run([native, *args], stdin, folder, env)
    granted = [x for k, v in (env or {}).items() for x in ("--env", f"{k}={v}")]
    worlds = {"over a folder": ["--overlay", f".::{guest_name}"], "in memory": ["--mount", f"mem::{guest_name}"]}
    if prepare:
        del worlds["in memory"]
    for (where, given), (way, how) in itertools.product(worlds.items(), run.WAYS.items()):
        with tempfile.TemporaryDirectory() as folder:
            if prepare:
                prepare(pathlib.Path(folder))
            before = tree(folder)
            got = wasm(*given, *granted, *how, guest, *args, stdin=stdin, cwd=folder)
            same = got.stdout == want.stdout and status_of(got) == status_of(want)
            check(f"{name} {where}{way}", same, run.difference(want.stdout, got.stdout) or got.stderr)
            check(f"{name} {where}{way}: the folder is as it was", tree(folder) == before)


# ---- archives ----

LONG = "/".join(["a long name of a folder" * 4] * 3) + "/and of a file" * 5


def pack_tar(folder, path, format, mode="w"):
    with tarfile.open(path, mode, format=format) as archive:
        archive.add(folder, arcname=".")


def pack_zip(folder, path, method):
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted(pathlib.Path(folder).rglob("*")):
            name = str(file.relative_to(folder))
            if file.is_symlink():
                link = zipfile.ZipInfo(name)
                link.create_system = 3
                link.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(link, os.readlink(file))
            else:
                archive.write(file, name)


def archives(folder):
    programs = built("archives", lambda: build_c("walk"))
    copy = built("archives", lambda: build_c("copy"))
    if not programs or not copy:
        return
    source = folder / "source"
    source.mkdir()
    make_tree(source)
    (source / LONG).parent.mkdir(parents=True)
    (source / LONG).write_bytes(random.Random(1).randbytes(300000))
    (source / "zeros").write_bytes(bytes(3000000))
    want = run.run([programs[0]], cwd=source).stdout
    packs = {"ustar.tar": lambda p: pack_tar(source, p, tarfile.GNU_FORMAT),
             "pax.tar": lambda p: pack_tar(source, p, tarfile.PAX_FORMAT),
             "pax.tar.gz": lambda p: pack_tar(source, p, tarfile.PAX_FORMAT, "w:gz"),
             "stored.zip": lambda p: pack_zip(source, p, zipfile.ZIP_STORED),
             "deflated.zip": lambda p: pack_zip(source, p, zipfile.ZIP_DEFLATED)}
    for name, pack in packs.items():
        pack(folder / name)
        got = wasm("--archive", f"{name}::.", programs[1], cwd=folder)
        check(f"walking {name}", got.stdout == want, run.difference(want, got.stdout) or got.stderr)
        for file in (LONG, "zeros", "dirlink/one"):
            copied = wasm("--archive", f"{name}::/in", "--dir", ".::/out", copy[1], f"/in/{file}", "/out/copied", cwd=folder)
            right = copied.returncode == 0 and (folder / "copied").read_bytes() == (source / file).read_bytes()
            check(f"{file[:20]} out of {name}", right, copied.stderr)
        ends(f"nothing gets into {name}", wasm("--archive", f"{name}::.", copy[1], "zeros", "new", cwd=folder), 1)
    damaged(folder, programs[1])


def one_file(name, type=tarfile.REGTYPE, target=""):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("placeholder")
        info.name, info.type, info.linkname = name, type, target
        archive.addfile(info)
    return out.getvalue()


def small_zip(method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a/b", "some text " * 50)
        archive.writestr("c", "more")
    return out.getvalue()


def with_bytes(data, at, new):
    return data[:at] + new + data[at + len(new):]


def damaged(folder, guest):
    """Each is refused with a sentence."""
    def refused(name, data, why):
        (folder / "bad").write_bytes(data)
        ends(f"an archive {name}", wasm("--archive", "bad::/", guest, cwd=folder), 1, "", [why])
    whole, zipped = one_file("file"), small_zip()
    central = zipped.index(b"PK\x01\x02")
    refused("with a name that leads out", one_file("a/../../out"), "leads out")
    refused("with a link to what is not there", one_file("link", tarfile.LNKTYPE, "missing"), "stands for")
    refused("with a directory of a file's name", one_file("a")[:512] + one_file("a", tarfile.DIRTYPE), "contradict")
    refused("that ends early", whole[:700], "damaged")
    refused("whose checksum is wrong", with_bytes(whole, 0, b"x"), "damaged")
    refused("of nothing", b"", "damaged")
    refused("that is none", b"some text that is no archive\n" * 100, "damaged")
    refused("with an encrypted file", with_bytes(zipped, central + 8, b"\1\0"), "encrypted")
    refused("with a wrong sum", with_bytes(zipped, central + 16, b"\1\2\3\4"), "damaged")
    refused("with a wrong size", with_bytes(zipped, central + 24, b"\1\0\0\0"), "damaged")
    refused("whose directory is elsewhere", with_bytes(zipped, len(zipped) - 6, b"\xff\xff\xff\x7f"), "damaged")
    refused("with more files than it has", with_bytes(zipped, len(zipped) - 14, b"\x09\0\x09\0"), "damaged")
    refused("of a zip's end alone", zipped[-22:], "damaged")
    with (folder / "huge").open("wb") as file:  # a hole
        file.write(zipped[-22:])
        file.seek((4 << 30) + 100)
        file.write(with_bytes(zipped[-22:], 12, b"\xff\xff\xff\xff\0\0\0\0"))
    ends("an archive whose directory has the largest size", wasm("--archive", "huge::/", guest, cwd=folder), 1, "", ["encrypted, in parts"])
    once = io.BytesIO()
    with zipfile.ZipFile(once, "w") as archive:
        archive.writestr("a", bytes(5000))
    members, entry, end = once.getvalue()[:5031], once.getvalue()[5031:-22], once.getvalue()[-22:]
    count, size = (10).to_bytes(2, "little") * 2, (len(entry) * 10).to_bytes(4, "little")
    refused("with the same bytes again and again", members + entry * 10 + with_bytes(end, 8, count + size), "damaged")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(300 << 20))
    refused("that is a bomb", bomb.getvalue(), "larger than the limit")
    (folder / "ok").write_bytes(one_file("/absolute") )
    ends("an absolute name is one below", wasm("--archive", "ok::/", guest, cwd=folder), 0)
    ends("no such archive", wasm("--archive", "missing::/", guest, cwd=folder), 1, "", ["No such file"])
    chance, kinds = random.Random(7), [small_zip(), small_zip(zipfile.ZIP_STORED), one_file("f", tarfile.SYMTYPE, "g")]
    wrong = 0
    for _ in range(60 if LIGHT else 400):
        data = bytearray(chance.choice(kinds))
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        (folder / "bad").write_bytes(bytes(data))
        wrong += status_of(wasm("--archive", "bad::/", guest, cwd=folder)) not in (0, 1)
    check("archives with changed bytes are taken or refused", wrong == 0, f"{wrong} did neither")


def usage(folder):
    walk = built("mounts", lambda: build_c("walk"))
    if not walk:
        return
    for option, value, word in (("--mount", "mem", "--mount wants"), ("--mount", "disk::/", "--mount wants"),
                                ("--mount", "mem:1x::/", "--mount wants"), ("--archive", "f", "--archive wants")):
        ends(f"{option} {value}", wasm(option, value, walk[1]), 2, "", [word])
    ends("an overlay of nothing", wasm("--overlay", "missing", walk[1]), 1, "", ["No such file"])
    copy = built("mounts", lambda: build_c("copy"))
    (folder / "data").write_bytes(bytes(100000))
    ends("a small memory is full", wasm("--mount", "mem:20K::/m", "--dir", ".", copy[1], "data", "/m/data", cwd=folder), 1,
         stderr=["No space left"])
    ends("a large one is not", wasm("--mount", "mem:200K::/m", "--dir", ".", copy[1], "data", "/m/data", cwd=folder), 0)
    ends("nothing new where it is read-only", wasm("--mount", "mem::/m:ro", "--dir", ".", copy[1], "data", "/m/d", cwd=folder), 1)


def policies(folder):
    """What `wasm inspect --capabilities` prints is a policy under which the program does the same."""
    make_tree(folder)
    walk, files = built("policies", lambda: build_c("walk")), built("policies", lambda: build_c("files"))
    if not walk or not files:
        return
    for (native, guest) in (walk, files):
        policy = wasm("inspect", "--capabilities", guest).stdout
        (folder / "policy").write_bytes(policy)
        with tempfile.TemporaryDirectory() as other:
            want = run.run([native], cwd=other).stdout
        with tempfile.TemporaryDirectory() as other:
            got = wasm("--policy", str(folder / "policy"), guest, cwd=other)
            check(f"{pathlib.Path(guest).name} by its own policy", got.stdout == want, got.stderr)
    (folder / "small.wat").write_text('(module (memory 1 1) (table 300 300 funcref) (func (export "_start")))')
    (folder / "policy").write_bytes(wasm("inspect", "--capabilities", folder / "small.wat").stdout)
    ends("memory and table of the size they say", wasm("--policy", "policy", "small.wat", cwd=folder), 0)
    (folder / "policy").write_text('"\\e[31m": red\n')
    ends("a key that would be seen", wasm("--policy", "policy", "small.wat", cwd=folder), 1, "", ["no key '\\1b[31m'"])
    (folder / "policy").write_text("stdout: inherit\n")
    ends("walking without a directory", wasm("--policy", "policy", walk[1], cwd=folder), 1, ".: cannot be opened\n")
    (folder / "policy").write_text("stdout: inherit\nlimits:\n  output: 1K\n  deadlin: 1\n")
    ends("a key that is none", wasm("--policy", "policy", walk[1], cwd=folder), 1, "", ["policy:4: there is no key 'deadlin'"])
    audit = folder / "audit"
    (folder / "policy").write_text(f"stdout: inherit\ndirectories: [{{host: ., guest: .}}]\naudit: {audit}\n")
    wasm("--policy", "policy", walk[1], cwd=folder)
    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    opened = [line["target"] for line in lines if line["call"] == "path_open" and line["result"] == "success"]
    check("the audit tells of each directory", str((folder / "sub/deep").resolve()) in opened, str(opened)[:300])
    for end in ("(unreachable)", "(loop (br 0))"):
        audit_of_an_end(folder, end)


def audit_of_an_end(folder, end):
    """However a program ends, its audit is whole."""
    audit = folder / "end"
    audit.unlink(missing_ok=True)
    (folder / "end.wat").write_text(f"""(module
        (import "wasi_snapshot_preview1" "path_open"
          (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 0) "missing")
        (func (export "_start") (local $n i32)
          (loop (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 7) (i32.const 0)
                                  (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 64)))
            (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))
          {end}))""")
    done = wasm("--dir", ".", "--timeout", "0.5", "--audit", audit, "end.wat", cwd=folder)
    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    told = len(lines) == 1000 and all(line["result"] == "noent" for line in lines)
    check(f"the audit of what ends by {end}", told and status_of(done) == 134, f"{len(lines)} lines, {done.stderr}")


def recordings(folder):
    """What a program did in one folder it does again where there is nothing."""
    for name, build, args in (("files", lambda: build_c("files"), []), ("walk", lambda: build_c("walk"), []),
                              ("clocks", lambda: build_c("clocks"), []), ("SQLite", build_sqlite, ["base.db"]),
                              ("Go", lambda: build_go("files"), [".", "x", "y z"])):
        programs = built(f"recording {name}", build)
        if not programs:
            continue
        with tempfile.TemporaryDirectory() as world:
            make_tree(pathlib.Path(world))
            where = ".::/" if name == "Go" else "."
            first = wasm("--record", str(folder / "run"), "--dir", where, "--env", "WASM_ONE=eins", programs[1], *args,
                         stdin=b"12345", cwd=world)
        for way, how in run.WAYS.items():
            again = wasm("--replay", str(folder / "run"), *how, programs[1], *args, cwd=folder)
            same = (again.stdout, status_of(again)) == (first.stdout, status_of(first))
            check(f"{name} replayed{way}", same, run.difference(first.stdout, again.stdout) or again.stderr)
    ends("a replay of nothing", wasm("--replay", "missing", "program", cwd=folder), 1, "", ["No such file"])


def pipeline(folder):
    """The tools of examples/guest/tools as a shell runs them, each its own sandbox; natively by the system's own."""
    tools = {}
    for name in ("cat", "grep", "sort"):
        source, guest = run.HERE.parent.parent / f"examples/guest/tools/{name}.c", run.BUILD / f"tool_{name}.wasm"
        if not run.CLANG or not os.path.exists("/usr/include/wasm32-wasi/stdio.h"):
            return tell("skipped", "a pipeline of tools", "no clang with wasi-libc")
        tools[name] = run.compiled(guest, [source], [run.CLANG, "--target=wasm32-wasi", "-O2", "-D_GNU_SOURCE", source, "-o", guest])
    chance = random.Random(3)
    for name in ("one", "two"):
        lines = [f"{chance.choice(['error', 'note', 'warning'])} {chance.randrange(10**6)}" for _ in range(5000)]
        (folder / name).write_text("\n".join(lines) + "\n")
    w = {name: f"{run.WASM} --dir . {guest}" for name, guest in tools.items()}
    for line in ("{cat} one two | {grep} error | {sort} -r > out", "{grep} error one two | {sort} | {cat} > out",
                 "{cat} one | {grep} nothing-of-it | {sort} > out"):
        wasm_way = run.run(["sh", "-c", line.format(**w)], cwd=folder)
        got = (folder / "out").read_bytes()
        run.run(["sh", "-c", line.format(cat="cat", grep="grep", sort="LC_ALL=C sort")], cwd=folder)
        check(line.format(cat="cat", grep="grep", sort="sort"), got == (folder / "out").read_bytes(), wasm_way.stderr)
    early = run.run(["sh", "-c", f"{w['cat']} one two one two one two | head -n 1"], cwd=folder)
    check("a reader that leaves early", early.stdout.count(b"\n") == 1 and early.returncode == 0, early.stderr)


def main():
    run.BUILD.mkdir(parents=True, exist_ok=True)
    same_as_in_a_folder("files", lambda: build_c("files"))
    more = {"args": [".", "x", "y z"], "stdin": b"12345", "env": {"WASM_ONE": "eins"}}
    same_as_in_a_folder("files in Rust", lambda: build_rust("files"), **more)
    same_as_in_a_folder("files in Go", lambda: build_go("files"), guest_name="/", **more)
    same_as_in_a_folder("SQLite in a file", build_sqlite, ["base.db"])
    same_as_in_a_folder("walking", lambda: build_c("walk"), prepare=make_tree)
    with tempfile.TemporaryDirectory() as folder:
        archives(pathlib.Path(folder))
        usage(pathlib.Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        policies(pathlib.Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        recordings(pathlib.Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        pipeline(pathlib.Path(folder))
    return run.result()


if __name__ == "__main__":
    sys.exit(main())
