#!/usr/bin/env python3
"""Which lines of lib/api, the functions that hosts call, the tests of tests/api and the examples run. Its files are compiled
once more for gcov and linked with what BUILD-FOLDER (of the same compiler, gcc) has of the rest; the programs run, and a table
comes out, with the lines that were never run. Fails below 95 %. Usage: coverage.py BUILD-FOLDER"""
import concurrent.futures
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
WANTED_PERCENT = 95
SUITES = ("api", "examples")
# Their point is to do the same a million times.
SOAKS = {"lifetimes_test", "liveness_test", "throwing_test", "fork_test", "stop_shapes_test"}
# What unit tests link with (tests/meson.build).
WRAPPED = re.findall(r"'(\w+)'", re.search(r"foreach name : \[(.*?)\]", (ROOT / "tests/meson.build").read_text(), re.S).group(1))
LIBRARIES = ["-lffi", "-lz", "-lyaml", "-lm", "-lpthread"]


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def at_once(function, items):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(function, items))


def compile_room(build, work):
    """lib/api with counters, otherwise as the build compiles it; -O0, so that lines are lines."""
    commands = json.loads((build / "compile_commands.json").read_text())
    wanted = [c for c in commands if "/libroom_api" in f"/{c['output']}"]

    def compile_one(command):
        words = [word for word in command["command"].split() if word != "ccache"]
        words = words[:words.index("-MD")] + ["-O0", "-g", "--coverage", "-c", command["file"], "-o",
                                              str(work / (pathlib.Path(command["file"]).name + ".o"))]
        run("sh", "-c", " ".join(words), cwd=build)

    at_once(compile_one, wanted)
    return sorted(work.glob("*.o"))


def programs(build):
    """The executables of the suites, with what they are called with."""
    seen, found = set(), []
    for test in json.loads(run("meson", "introspect", "--tests", build)):
        if not any(suite.split(":")[-1] in SUITES for suite in test["suite"]):
            continue
        at = next((i for i, word in enumerate(test["cmd"]) if pathlib.Path(word + ".p").is_dir()), None)
        if at is None or pathlib.Path(test["cmd"][at]).name in SOAKS:
            continue
        key = (test["cmd"][at], *sorted(test["env"].items()))
        if key not in seen:
            seen.add(key)
            found.append((test, at))
    return found


def link(build, work, objects, program):
    path = pathlib.Path(program)
    parts = [part for part in (path.parent / (path.name + ".p")).glob("*.o")]
    rest = [archive for archive in sorted((build / "lib").glob("libroom_*.a")) if not archive.name.startswith("libroom_api")]
    is_unit_test = (path.parent / (path.name + ".p") / "support_failing_alloc.c.o").exists()
    wraps = [f"-Wl,--wrap={name}" for name in WRAPPED] if is_unit_test else []
    run("g++", "-o", work / path.name, *parts, *objects, "-Wl,--start-group", *rest, "-Wl,--end-group", "--coverage", *wraps,
        "-lcmocka", *LIBRARIES)


def build_and_run(build, work):
    objects, tests = compile_room(build, work), programs(build)
    at_once(lambda program: link(build, work, objects, program), sorted({test["cmd"][at] for test, at in tests}))

    def run_one(item):
        test, at = item
        command = [*test["cmd"][:at], str(work / pathlib.Path(test["cmd"][at]).name), *test["cmd"][at + 1:]]
        done = subprocess.run(command, capture_output=True, text=True, cwd=build, timeout=300,
                              env={**os.environ, **test["env"]})
        if done.returncode not in (0, 77):
            print(f"failed: {test['name']}\n{done.stdout[-500:]}{done.stderr[-500:]}")

    at_once(run_one, tests)
    return len(tests)


def lines_of(work):
    """By file: how often each line was run."""
    files = {}
    run("gcov", "--json-format", *work.glob("*.gcda"), cwd=work)
    for path in work.glob("*.gcov.json.gz"):
        for file in json.loads(gzip.decompress(path.read_bytes()))["files"]:
            name = file["file"][max(file["file"].find("lib/api/"), 0):]
            if name.startswith("lib/api/"):
                lines = files.setdefault(name, {})
                for line in file["lines"]:
                    number = line["line_number"]
                    lines[number] = max(lines.get(number, 0), line["count"])
    return files


def ranges(numbers):
    text, begin, last = [], None, None
    for number in [*sorted(numbers), None]:
        if begin is not None and number != last + 1:
            text.append(str(begin) if begin == last else f"{begin}-{last}")
            begin = None
        begin, last = number if begin is None else begin, number
    return " ".join(text)


def main():
    if not shutil.which("gcov"):
        print("skipped: coverage (no gcov)")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        count = build_and_run(pathlib.Path(sys.argv[1]).resolve(), work)
        files = lines_of(work)
    all_lines = all_run = 0
    for name, lines in sorted(files.items()):
        never = [number for number, count in lines.items() if not count]
        all_lines, all_run = all_lines + len(lines), all_run + len(lines) - len(never)
        print(f"{name:32} {100 * (1 - len(never) / len(lines)):6.1f} %  of {len(lines):4}  {ranges(never)}")
    percent = 100 * all_run / max(all_lines, 1)
    print(f"lib/api: {percent:.1f} % of {all_lines} lines were run, by {count} programs")
    sys.exit(0 if all_lines and percent >= WANTED_PERCENT else 1)


main()
