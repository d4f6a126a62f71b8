#!/usr/bin/env python3
"""How fast programs start: whole processes from exec to exit, beside wasmtime, native code and an
earlier build of ours, in turn. See README beside this file."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import building
from engines import HERE, find_wasm, note, runs
from large import Failure, Meter

# Name -> file and arguments, SOURCE being a Go file.
GUESTS = {
    'gofmt': ['gofmt.wasm', 'SOURCE'],
    'gocompile': ['gocompile.wasm', '-V'],
    'clang': ['clang.wasm', '--version'],
    'yosys': ['yosys.wasm', '-V'],
    'python': ['python.wasm', '-V'],
    'quickjs': ['quickjs.wasm', '-e', '1+1'],
    'resvg': ['resvg.wasm', '--help'],
}
ENOUGH_SECONDS = 60  # of rounds of one row
SOURCE_TEXT = 'package  main\nfunc main( ) {\nif true { println( "hello" ) } }\n'


# ---- in turn ----

def measure(meter, rounds, commands, expected=0):
    """{name: (wall seconds, CPU seconds, peak MiB)}, medians, of commands that run in turn; raises Failure."""
    taken, printed = {name: [] for name in commands}, set()
    start = time.monotonic()
    for i in range(rounds):
        # Whoever is second runs while the first one's memory is cleared away: each is as often.
        for name, command in list(commands.items())[::-1 if i % 2 else 1]:
            *figures, text = meter.once(command, expected)
            taken[name].append(figures)
            printed.add(text)
        if len(printed) > 1:
            raise Failure('they do not print the same')
        if time.monotonic() - start > ENOUGH_SECONDS:
            break
    return {name: tuple(map(statistics.median, zip(*rows))) for name, rows in taken.items()}


def print_title(title, *columns):
    print(f'\n{title}\n{"":<12}' + ''.join(column.rjust(16) for column in columns))


def print_row(name, *cells):
    print(f'{name:<12}' + ''.join(f'{cell:.3g}'.rjust(16) for cell in cells), flush=True)


def try_row(name, make):
    """One row, or why there is none; its last cell."""
    try:
        cells = make()
    except (Failure, OSError, building.Missing, subprocess.CalledProcessError) as why:
        note(f'{name} left out: {why}')
        return None
    print_row(name, *cells)
    return cells[-1]


def need_compiler():
    missing = building.missing_tools()
    if missing:
        raise building.Missing(', '.join(missing))


def print_mean(ratios):
    ratios = [ratio for ratio in ratios if ratio]
    if len(ratios) > 1:
        print(f'geometric mean {statistics.geometric_mean(ratios):.3g}')


# ---- the sections ----

class Bench:
    def __init__(self, options, wasm, folder):
        self.options, self.wasm, self.folder = options, wasm, folder
        self.meter = Meter(folder)
        self.kept = os.path.abspath(options.build) if options.build else folder
        os.makedirs(self.kept, exist_ok=True)
        self.peer = options.peer or shutil.which('wasmtime')
        self.source = os.path.join(folder, 'a.go')
        with open(self.source, 'w') as file:
            file.write(SOURCE_TEXT)
        with open(os.path.join(folder, 'peer.toml'), 'w') as file:
            file.write(f'[cache]\ndirectory = "{self.kept}/peer-cache"\n')

    def guests(self):
        """(name, file, options, arguments) of those that are there."""
        for name, (file, *arguments) in GUESTS.items():
            path = os.path.join(self.options.guests or '', file)
            if not os.path.isfile(path):
                note(f'{name} left out: no {file} in the folder of --guests')
                continue
            shares = ['--dir', f'{self.folder}::{self.folder}'] if 'SOURCE' in arguments else []
            yield (name, path, shares + ['--argv0', name],
                   [self.source if word == 'SOURCE' else word for word in arguments])

    def ours(self, cached):
        return [self.wasm, 'run'] + (['--cache', '--cache-dir', self.kept + '/cache'] if cached else [])

    def theirs(self, cached):
        cache = f'cache=y,cache-config={self.folder}/peer.toml' if cached else 'cache=n'
        return [self.peer, 'run', '-C', cache]

    def beside_peer(self, cached):
        """Wall time of each guest, over the peer's."""
        if not self.peer or not runs([self.peer, '--version']):
            note('wasmtime was not found: give --peer PATH')
            return
        print_title('Warm, by the cache' if cached else 'Cold', 'ours ms', 'wasmtime ms', 'CPU ratio', 'wall ratio')
        ratios = []
        for name, path, options, arguments in self.guests():
            commands = {'ours': [*self.ours(cached), *options, path, *arguments],
                        'theirs': [*self.theirs(cached), *options, path, *arguments]}
            def row():
                if cached:  # both fill their caches
                    measure(self.meter, 2, commands)
                taken = measure(self.meter, self.options.runs, commands)
                ours, theirs = taken['ours'], taken['theirs']
                return ours[0] * 1e3, theirs[0] * 1e3, ours[1] / theirs[1], ours[0] / theirs[0]
            ratios.append(try_row(name, row))
        print_mean(ratios)

    def cold(self):
        self.beside_peer(False)

    def warm(self):
        self.beside_peer(True)

    def load(self):
        """CPU time up to the first instruction: there is no function of that name, which it says then."""
        print_title('Loading by the cache', 'CPU ms', 'peak MiB')
        for name, path, options, arguments in self.guests():
            whole = [*self.ours(True), *options, path, *arguments]
            alone = [*self.ours(True), *options, '--invoke', 'no such function', path]
            def row():
                measure(self.meter, 2, {'whole': whole})
                taken = measure(self.meter, self.options.runs, {'alone': alone}, expected=1)['alone']
                return taken[1] * 1e3, taken[2]
            try_row(name, row)

    def sqlite(self):
        """A program of some 80 ms natively, nothing kept: how much compiling shows."""
        print_title('SQLite, nothing kept', 'ours CPU ms', 'native CPU ms', 'ours/native')
        def row():
            need_compiler()
            building.prepare_sqlite(self.kept, self.wasm)
            building.build_kernel(self.kept, 'sqlite', False)
            program = os.path.join(self.kept, 'sqlite')
            taken = measure(self.meter, self.options.runs, {
                'ours': [self.wasm, 'run', program + '.wasm'], 'native': [program]})
            ours, native = taken['ours'][1], taken['native'][1]
            return ours * 1e3, native * 1e3, ours / native
        try_row('sqlite', row)

    def hello(self):
        """The smallest program, beside an earlier build."""
        if not self.options.before:
            note('hello left out: give --before PATH, an earlier build of our program')
            return
        path = os.path.join(self.folder, 'hello.wasm')
        source = os.path.join(HERE, '..', 'guests', 'hello.c')
        print_title('Hello', 'ours ms', 'before ms', 'ours/before', 'ours MiB', 'before MiB')
        def row():
            need_compiler()
            building.make(path, [source], [building.CC, *building.WASM_FLAGS, '-O2', '-o', path, source])
            taken = measure(self.meter, self.options.hello_runs, {
                'ours': [self.wasm, 'run', path], 'before': [self.options.before, 'run', path]})
            ours, before = taken['ours'], taken['before']
            return ours[0] * 1e3, before[0] * 1e3, ours[0] / before[0], ours[2], before[2]
        try_row('hello', row)


SECTIONS = ('cold', 'warm', 'load', 'sqlite', 'hello')


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--wasm', metavar='PATH', help='our program; else build/tools/wasm or on the PATH')
    parser.add_argument('--guests', metavar='FOLDER', help='of ' + ', '.join(g[0] for g in GUESTS.values()))
    parser.add_argument('--peer', metavar='PATH', help='wasmtime; else on the PATH')
    parser.add_argument('--before', metavar='PATH', help='an earlier build of our program')
    parser.add_argument('--only', metavar='A,B', default=','.join(SECTIONS),
                        help='of ' + ', '.join(SECTIONS))
    parser.add_argument('--runs', type=int, default=9, help='runs of each, in turn; the median counts (9)')
    parser.add_argument('--hello-runs', type=int, default=200, help='the same for hello (200)')
    parser.add_argument('--build', metavar='FOLDER', help='where SQLite is built and caches are, and stay')
    return parser.parse_args()


def main():
    options = parse_options()
    wasm = find_wasm(options.wasm)
    if not wasm:
        sys.exit('start.py: our program was not found: give --wasm PATH')
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, wasm, folder)
        for section in options.only.split(','):
            if section not in SECTIONS:
                sys.exit(f'start.py: no section {section}')
            getattr(bench, section)()
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
