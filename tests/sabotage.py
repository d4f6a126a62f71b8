#!/usr/bin/env python3
"""The test of the tests: with the compiler broken on purpose (jit/compile.h, `sabotage`), all that tests
compiled code must fail, and without that must not. Lists what stays green as failures.
Usage: sabotage.py WASM_PROGRAM SPEC_FOLDER FUNCTION.wat [TEST_PROGRAM [ARGUMENT]...]..., each behind `--`"""
import os
import subprocess
import sys
import tempfile

SABOTAGES = ("drop", "reject")
LIMIT = 300  # seconds for one program
SCRIPTS = ("i32.wast", "f64.wast", "call_indirect.wast", "memory_grow.wast", "simd_i16x8_arith.wast")
CHECKED = ["-X", "verify=1"]
MODES = {
    "jit": ["--tier=jit", *CHECKED],
    "jit, meanings only": ["--tier=jit", "-X", "no-lowering=1", *CHECKED],
    "auto at once": ["--tier=auto", "--compile-threads=0", "-X", "call-threshold=0", "--expect-compiled", *CHECKED],
}


def groups(arguments):
    """The arguments between the `--`."""
    out = [[]]
    for argument in arguments:
        if argument == "--":
            out.append([])
        else:
            out[-1].append(argument)
    return out


def programs(wasm, spec, function, tests):
    """(name, command, whether it takes the sabotage as an option) of all that must fail."""
    for test in tests:
        yield " ".join([os.path.basename(test[0]), *test[1:]]), test, False
    yield "wasm run", [wasm, "run", "--tier=jit", *CHECKED, "--invoke", "f", function, "7"], True
    scripts = [os.path.join(spec, name) for name in SCRIPTS]
    if not spec or not all(map(os.path.exists, scripts)):
        print("skipped: the spec suite's runner (no folder with the suite)")
        return
    for mode, options in MODES.items():
        yield f"wasm wast, {mode}", [wasm, "wast", *options, *scripts], True


def outcome(command, by_option, sabotage):
    """The exit status; a signal is negative."""
    env = {**os.environ, "WASM_TEST_TIER": "jit"}
    if sabotage and by_option:
        command = [*command[:2], "-X", f"sabotage={sabotage}", *command[2:]]
    elif sabotage:
        env["WASM_TEST_SABOTAGE"] = sabotage
    with tempfile.TemporaryDirectory() as left:  # a test that fails does not tidy up
        os.chmod(left, 0o755)  # tests become other users
        return subprocess.run(command, env={**env, "TMPDIR": left}, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=LIMIT).returncode


def judge(name, command, by_option):
    """How many of its runs do not end as they must."""
    wrong = 0
    for sabotage in (None, *SABOTAGES):
        status = outcome(command, by_option, sabotage)
        good = status == 0 if sabotage is None else status > 0 and status != 77
        what = "green" if status == 0 else "skipped" if status == 77 else f"red ({status})"
        print(f"{'ok' if good else 'FAILED':7} {name}: {what} {f'under {sabotage}' if sabotage else 'unbroken'}")
        wrong += not good
    return wrong


def main():
    (wasm, spec, function), *tests = groups(sys.argv[1:])
    failed = sum(judge(*program) for program in programs(wasm, spec, function, tests))
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
