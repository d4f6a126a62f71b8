#!/usr/bin/env python3
"""Pauses, throughput and memory of the collector with 10, 100 and 1,000 MiB of trees alive, in
compiled code, beside V8; and under a limit. See README beside this file."""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MIB = 1 << 20
NURSERY_MIB = 16
NODE = '''
const [file, ...args] = process.argv.slice(2);
const compiled = new WebAssembly.Module(require('fs').readFileSync(file));
console.log(String(new WebAssembly.Instance(compiled).exports.main(...args.map(Number))));
'''


def fail(message):
    print(f'heap sizes: {message}')
    sys.exit(1)


def cpu_seconds(before):
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime


def run(command):
    """(what it printed, its statistics as text, CPU seconds)"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        fail(f'{" ".join(command)}: status {done.returncode}: {done.stderr}')
    return done.stdout.strip(), done.stderr, cpu_seconds(before)


def statistics_of(text):
    """{name: number} of what --gc-stats writes."""
    heap = re.search(r'(\d+) bytes allocated, (\d+) live, (\d+) in use, (\d+) at most', text)
    rows = re.findall(r'(young|full): +(\d+) collections, ([\d.]+) ms; pauses p50 ([\d.]+), p99 ([\d.]+), max ([\d.]+)',
                      text)
    if not heap or len(rows) != 2:
        fail(f'not statistics: {text}')
    found = dict(zip(('allocated', 'live', 'in use', 'peak'), map(int, heap.groups())))
    for kind, count, total, *pauses in rows:
        found[kind] = (int(count), float(total), *map(float, pauses))
    return found


def pauses(row):
    return f'{row[0]:4} of p50 {row[2]:.2f}, p99 {row[3]:.2f}, max {row[4]:.2f} ms'


def one_size(options, module, live, churn, limit_mib=None):
    command = [options.wasm, 'run', '--tier=jit', '--gc-stats']
    if limit_mib:
        command.append(f'--max-heap={limit_mib * MIB}')
    sizes = [str(live), str(churn)]
    printed, text, seconds = run(command + ['--invoke', 'main', module] + sizes)
    s = statistics_of(text)
    print(f'{live:5} MiB live, {s["allocated"] // MIB} allocated{f", limit {limit_mib}" if limit_mib else ""}: '
          f'{s["allocated"] / MIB / seconds:.0f} MiB/s, at most {s["peak"] / MIB:.1f} MiB; '
          f'minor {pauses(s["young"])}; full {pauses(s["full"])}')
    bound = limit_mib or 2 * live + NURSERY_MIB
    if s['peak'] > bound * MIB:
        fail(f'more than {bound} MiB')
    if options.node:
        theirs, _, their_seconds = run([options.node, options.script, module] + sizes)
        print(f'      V8: {s["allocated"] / MIB / their_seconds:.0f} MiB/s')
        if theirs != printed:
            fail(f'{printed}, V8 {theirs}')


def free_mib():
    return os.sysconf('SC_AVPHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') // MIB


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--wasm', default=os.path.join(HERE, '../../build/tools/wasm'))
    parser.add_argument('--node', default=shutil.which('node'), help='its path, or empty for none')
    parser.add_argument('--smoke', action='store_true', help='small, without V8: whether the memory is as promised')
    options = parser.parse_args()
    if options.smoke:
        options.node = None
    with tempfile.TemporaryDirectory() as folder:
        module, options.script = os.path.join(folder, 'live.wasm'), os.path.join(folder, 'run.cjs')
        run([options.wasm, 'parse', os.path.join(HERE, 'heaps/live.wat'), '-o', module])
        with open(options.script, 'w') as file:
            file.write(NODE)
        one_size(options, module, 4, 200 if options.smoke else 800, 16 if options.smoke else 64)
        for live in (10, 40) if options.smoke else (10, 100, 1000):
            if 3 * live > free_mib():
                print(f'{live} MiB live: skipped, there are not three times as many free')
                continue
            one_size(options, module, live, max(200, 3 * live))


if __name__ == '__main__':
    main()
