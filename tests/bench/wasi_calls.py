#!/usr/bin/env python3
"""How much longer programs take with files as WebAssembly than natively: single calls, a large file, trees;
natively with each path kept below the folder; by our program, in the host's folder, an overlay of it and in memory, and by wasmtime. See README beside
this file."""

import argparse
import os
import statistics
import sys
import tempfile

import building
from engines import HERE, PEERS, find_wasm, note
from large import Failure, Meter

# Name -> how often, or how large, and the same for a smoke test; whether it is a single call.
KINDS = {
    'write_null': (1000000, 100, True),
    'read_null': (1000000, 100, True),
    'write_4k': (300000, 300, True),
    'read_4k': (300000, 300, True),
    'random_64': (500000, 100, True),
    'stat': (200000, 100, True),
    'open_close': (100000, 100, True),
    'write_large': (1600, 4, False),  # of 64 KiB
    'read_large': (1600, 4, False),
    'walk': (100000, 300, False),     # files
    'walk_at': (100000, 300, False),
    'grep': (5000, 100, False),
}
DEVICE = ('write_null', 'read_null')  # which a file system in memory has none of
MEMORY = '--mount=mem:1G::.'
SKIPPED = 77  # meson's exit code for a test that could not run


def build(folder):
    """The native program, and beside it the guest, whose name ends in .wasm."""
    source, native = os.path.join(HERE, 'wasi_calls.c'), os.path.join(folder, 'wasi_calls')
    for target, flags in ((native, building.SCALAR_FLAGS), (native + '.wasm', building.WASM_FLAGS)):
        building.make(target, [source], [building.CC, *building.COMMON_FLAGS, *flags, source, '-o', target])
    return native


class Bench:
    def __init__(self, options, wasm, folder):
        self.options, self.folder = options, folder
        self.meter = Meter(folder)
        native = build(folder)
        self.work = os.path.join(folder, 'work')
        os.mkdir(self.work)
        guest, here = native + '.wasm', f'--dir={self.work}::.'
        self.commands = {'native': [native],
                         'kept': [native, '--kept'],
                         'host': [wasm, 'run', here, '--dir=/dev::/dev', guest],
                         'overlay': [wasm, 'run', f'--overlay={self.work}::.', '--dir=/dev::/dev', guest],
                         'memory': [wasm, 'run', MEMORY, guest]}
        peer = None if options.peers == 'none' else PEERS['wasmtime'](None)
        if peer:
            self.commands['wasmtime'] = [*peer.command, here, '--dir=/dev::/dev', guest]
        self.idle = {}

    def once(self, who, kind, count):
        """Seconds of the work alone, CPU seconds of the process, what it printed."""
        if who != 'memory':
            os.chdir(self.work)
        _, cpu, _, text = self.meter.once([*self.commands[who], kind, str(count)])
        return float(self.meter.errors), cpu, text

    def take(self, kind, count, rounds):
        """{who: (wall seconds, CPU seconds)}: medians; raises Failure."""
        taken, printed = {}, set()
        for _ in range(rounds):
            for who in self.commands:
                if who == 'memory' and kind in DEVICE:
                    continue
                *figures, text = self.once(who, kind, count)
                taken.setdefault(who, []).append(figures)
                printed.add(text)
        if len(printed) > 1:
            raise Failure('they do not see the same')
        return {who: tuple(map(statistics.median, zip(*runs))) for who, runs in taken.items()}

    def measure(self, kind):
        """The same without what starting takes."""
        count, smoke, _ = KINDS[kind]
        if self.options.smoke:
            self.take(kind, smoke, 1)
            return None
        self.idle = self.idle or self.take('nothing', 1, 3 * self.options.runs)
        self.take(kind, count, 1)  # what is made once, and what the host reads first
        taken = self.take(kind, count, self.options.runs)
        return {who: (wall, max(cpu - self.idle[who][1], 1e-6)) for who, (wall, cpu) in taken.items()}


def print_titles(engines):
    print(f'{"":<24}' + ''.join(f'{"-- " + name + " --":>14}' for name in engines) + '   ours/wasmtime')
    print(f'{"work":<12}{"native":>12}' + f'{"wall":>7}{"CPU":>7}' * len(engines) + f'{"wall":>9}{"CPU":>7}')


def print_row(kind, taken, engines):
    """Over native; in memory and overlays CPU time would tell of making the tree, too."""
    count, _, single = KINDS[kind]
    wall, cpu = taken['native']
    unit = f'{wall / count * 1e9:.0f} ns' if single else f'{wall * 1e3:.0f} ms'
    cells = ''
    for name in engines:
        if name not in taken:
            cells += f'{"-":>7}{"-":>7}'
            continue
        cells += f'{taken[name][0] / wall:7.2f}'
        cells += f'{"-":>7}' if name == 'memory' else f'{taken[name][1] / cpu:7.2f}'
    if 'wasmtime' in taken:
        cells += ''.join(f'{taken["host"][i] / taken["wasmtime"][i]:{width}.2f}' for i, width in ((0, 9), (1, 7)))
    print(f'{kind:<12}{unit:>12}{cells}', flush=True)


def print_means(rows, engines):
    """Over all kinds that the engine has."""
    for name in engines:
        ratios = [taken[name][0] / taken['native'][0] for taken in rows if name in taken]
        print(f'{name}: geometric mean of wall time over native {statistics.geometric_mean(ratios):.2f}')


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--wasm', metavar='PATH', help='our program; else build/tools/wasm or on the PATH')
    parser.add_argument('--kinds', metavar='A,B', default=','.join(KINDS), help='of ' + ', '.join(KINDS))
    parser.add_argument('--peers', choices=('none', 'wasmtime'), default='wasmtime')
    parser.add_argument('--runs', type=int, default=7, help='runs of each, in turn; the median counts (7)')
    parser.add_argument('--folder', metavar='PATH', help='where the files are made; else a temporary one')
    parser.add_argument('--smoke', action='store_true', help='one short run of each: do all see the same?')
    options = parser.parse_args()
    options.kinds = options.kinds.split(',')
    for kind in options.kinds:
        if kind not in KINDS:
            sys.exit(f'wasi_calls.py: no kind {kind}')
    return options


def run(bench, kinds):
    engines, rows, good = [name for name in bench.commands if name != 'native'], [], True
    if not bench.options.smoke:
        print_titles(engines)
    for kind in kinds:
        try:
            taken = bench.measure(kind)
            if taken:
                print_row(kind, taken, engines)
                rows.append(taken)
        except Failure as why:
            note(f'{kind}: {why}')
            good = False
    if rows:
        print_means(rows, engines)
    return good


def main():
    options, missing = parse_options(), building.missing_tools()
    if missing:
        note('skipped, for want of ' + ', '.join(missing))
        return SKIPPED
    wasm = find_wasm(options.wasm)
    if not wasm:
        sys.exit('wasi_calls.py: our program was not found: give --wasm PATH')
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        good = run(Bench(options, wasm, folder), options.kinds)
        os.chdir('/')  # out of what is removed
    return 0 if good else 1


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
