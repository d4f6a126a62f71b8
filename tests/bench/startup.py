#!/usr/bin/env python3
"""What starting costs: hello world natively and with `wasm`, from exec to exit, interleaved; and the
peak resident size. Usage: startup.py PROGRAM [RUNS]"""
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HELLO = '#include <stdio.h>\nint main(void) { puts("hello world"); return 0; }\n'


def run_once(command):
    start = time.perf_counter_ns()
    pid = os.posix_spawn(command[0], command, os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"startup: {command} ended with {status}")
    return (time.perf_counter_ns() - start) / 1e6, usage.ru_maxrss


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 101
    clang = shutil.which("clang-19")
    if not clang:
        print("skipped: startup (no clang-19)")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        source, native, guest = (f"{folder}/{name}" for name in ("hello.c", "hello", "hello.wasm"))
        pathlib.Path(source).write_text(HELLO)
        subprocess.run([clang, "-O2", "-o", native, source], check=True)
        subprocess.run([clang, "--target=wasm32-wasi", "-O2", "-o", guest, source], check=True)
        commands = {"native": [native], "wasm": [program, guest]}
        times = {name: [] for name in commands}
        peak = dict.fromkeys(commands, 0)
        for _ in range(runs):
            for name, command in commands.items():
                took, rss = run_once(command)
                times[name].append(took)
                peak[name] = max(peak[name], rss)
    median = {name: statistics.median(values) for name, values in times.items()}
    for name in commands:
        print(f"{name:8} {median[name]:6.3f} ms   {peak[name] / 1024:5.2f} MiB resident at most")
    print(f"wasm - native: {median['wasm'] - median['native']:.3f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
