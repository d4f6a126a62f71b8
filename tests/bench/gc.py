#!/usr/bin/env python3
"""Runs the kernels of gc/ and the guests in Kotlin by V8 and by every other engine in turn, and prints how many
times V8's user time each takes, as whole processes and in the steady state. See README beside this file."""

import argparse
import os
import statistics
import subprocess
import sys

import svg
from engines import HERE, Engine, find_wasm, node, note, ours, run_measured, wasmtime
from run import SKIPPED, build_folder, cell, geometric_mean

KERNELS = os.path.join(HERE, 'gc')
KOTLIN = os.path.join(HERE, '..', 'guests', 'kotlin')
PEERS = {
    'v8': lambda: node('v8'),
    'wasmtime': lambda: wasmtime('wasmtime', '-W', 'gc,exceptions,function-references'),
}
# Checksums of a small size: V8 and wasmtime agree on them.
SMOKE = {
    'trees': (10, '0000e923dadc27ff'),
    'trie': (5000, '7b9471024eeb1e25'),
    'churn': (1, 'a32768cbaf95b0f9'),
    'strings': (20, '42710a859b6e3d46'),
    'bulk': (2, '0000000000000063'),
}
# Sizes that take V8 0.3 to 1 s.
KOTLIN_SIZES = {
    'trees': 17, 'words': 300000, 'json': 800, 'people': 50000, 'lambda': 30, 'flows': 60000, 'throws': 400000,
    'shapes': 12000, 'numbers': 1000,
}
STEADY_ROUNDS = 3  # in one process; what the second and third take


class Program:
    def __init__(self, name, words):
        self.name, self.words = name, words  # words: the file and what chooses the program in it


def build_kernel(wasm, folder, name):
    """The kernel and what makes a command of it, as one binary module."""
    text = os.path.join(folder, f'gc_{name}.wat')
    with open(text, 'w') as file:
        parts = [open(os.path.join(KERNELS, part + '.wat')).read() for part in ('command', name)]
        file.write('(module\n' + '\n'.join(parts) + ')\n')
    binary = os.path.join(folder, f'gc_{name}.wasm')
    subprocess.run([wasm, 'parse', text, '-o', binary], check=True)
    return binary


def kernels(wasm, folder, smoke):
    return [Program(name, [build_kernel(wasm, folder, name), str(size if smoke else 0)])
            for name, (size, _) in SMOKE.items()]


def kotlin_programs(wasm, folder):
    """Those that the guests' tests built, or new ones."""
    tested = os.path.join(os.path.dirname(wasm), '..', 'tests', 'guests', 'guests', 'kotlin')
    folder = tested if os.path.isdir(tested) else os.path.join(folder, 'kotlin')
    built = subprocess.run(['sh', os.path.join(KOTLIN, 'build.sh'), folder], stdout=subprocess.PIPE, text=True)
    if built.returncode:
        note('programs in Kotlin left out: ' + (built.stdout.strip() or 'they do not build'))
        return []
    file = os.path.join(folder, 'programs.wasm')
    return [Program('kotlin ' + name, [file, name, str(size)]) for name, size in KOTLIN_SIZES.items()]


class Trial:
    """One program by one engine."""

    def __init__(self, program, engine):
        self.program, self.engine = program, engine
        self.whole, self.long, self.peak = [], [], 0
        self.output = None
        self.failed = False

    def run(self, rounds, into):
        if self.failed:
            return
        try:
            ended = run_measured([*self.engine.command, *self.program.words, str(rounds)])
        except OSError as error:
            note(f'{self.engine.name}: {error}')
            self.failed = True
            return
        if ended.failure or self.output not in (None, ended.output):
            note(f'{self.program.name} by {self.engine.name}: {ended.failure or "other output than before"}')
            self.failed = True
            return
        self.output = ended.output
        self.peak = max(self.peak, ended.usage.ru_maxrss)
        into.append(ended.usage.ru_utime)

    def round(self, steady):
        self.run(1, self.whole)
        if steady:
            self.run(STEADY_ROUNDS, self.long)

    def seconds(self):
        return None if self.failed or not self.whole else statistics.median(self.whole)

    def steady_seconds(self):
        if self.failed or not self.long:
            return None
        return max(0.001, (statistics.median(self.long) - self.seconds()) / (STEADY_ROUNDS - 1))


def measure(programs, engines, options):
    """{program's name: {engine's name: trial}}; interrupted, those that were measured by then."""
    trials = {}
    for program in programs:
        row = [Trial(program, engine) for engine in engines]
        try:
            for _ in range(options.runs):
                for trial in row:
                    trial.round(not options.whole)
        except KeyboardInterrupt:
            note(f'interrupted at {program.name}')
            return trials
        trials[program.name] = {trial.engine.name: trial for trial in row}
        for trial in row[1:]:
            if not trial.failed and not row[0].failed and trial.output != row[0].output:
                note(f'{program.name}: {trial.engine.name} prints other than {row[0].engine.name}')
                trial.failed = True
        if sys.stderr.isatty():
            print(program.name, file=sys.stderr)
    return trials


def ratios(trials, names, base, seconds):
    table = {}
    for program, row in trials.items():
        whole = seconds(row[base])
        table[program] = {name: seconds(row[name]) / whole if whole and seconds(row[name]) else None for name in names}
    return table


def means_of(table, names):
    """Over the programs that all of them ran."""
    common = [row for row in table.values() if all(row.values())]
    return {name: geometric_mean([row[name] for row in common]) for name in names}, len(common)


def print_table(title, table, trials, names, base, seconds):
    width = [max(10, len(name) + 2) for name in names]
    def row(label, first, cells):
        print(f'{label:<18}{first:>9}' + ''.join(c.rjust(w) for c, w in zip(cells, width)))
    print(f'\n{title}')
    row('program', f'{base} s', names)
    for program, values in table.items():
        row(program, cell(seconds(trials[program][base]), '{:.3f}'), [cell(values[name]) for name in names])
    means, count = means_of(table, names)
    row('geometric mean', f'({count})', [cell(means[name]) for name in names])
    row('worst', '', [cell(max((row[name] for row in table.values() if row[name]), default=None)) for name in names])
    if means.get('wasmtime'):
        row('over wasmtime', '', [cell(means[name] and means[name] / means['wasmtime']) for name in names])
    return means


def print_peaks(trials, names):
    print('\nPeak resident size, MiB')
    width = [max(10, len(name) + 2) for name in names]
    print(f'{"program":<18}' + ''.join(name.rjust(w) for name, w in zip(names, width)))
    for program, row in trials.items():
        print(f'{program:<18}' + ''.join(('-' if row[name].failed else f'{row[name].peak / 1024:.0f}').rjust(w)
                                         for name, w in zip(names, width)))


def report(trials, engines, options):
    base, names = engines[0].name, [engine.name for engine in engines[1:]]
    measures = [('Whole process', Trial.seconds)] + ([] if options.whole else [('Steady state', Trial.steady_seconds)])
    blocks, all_rows = [], {}
    for title, seconds in measures:
        table = ratios(trials, names, base, seconds)
        means = print_table(f"{title}: user time over {base}'s", table, trials, names, base, seconds)
        rows = {f'{program}, {title.lower()}': row for program, row in table.items()}
        blocks.append((title, list(rows), means))
        all_rows.update(rows)
    print_peaks(trials, [base, *names])
    if options.svg:
        svg.write(options.svg, all_rows, names, blocks, base)


def smoke(wasm, folder):
    """Whether the small sizes' checksums are right in every tier; the compiler checks itself."""
    passed = failed = 0
    for program in kernels(wasm, folder, True):
        for engine in ours(wasm):
            checks = ['-X', 'verify=1'] if engine.name != 'ours-interp' else []
            ended = run_measured([*engine.command, *checks, *program.words])
            good = ended.output.strip() == SMOKE[program.name][1] and not ended.failure
            passed, failed = passed + good, failed + (not good)
            if not good:
                note(f'{program.name} by {engine.name}: {ended.failure or ended.output.strip()}')
    print(f'{passed} passed, {failed} failed')
    return failed == 0


def find_peers(wanted):
    found = [PEERS[name]() for name in PEERS if wanted is None or name in wanted.split(',')]
    return [engine for engine in found if engine]


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--wasm', metavar='PATH', help='our program; else build/tools/wasm or on the PATH')
    parser.add_argument('--peers', metavar='A,B', help='of ' + ', '.join(PEERS) + ' (all that are on the PATH)')
    parser.add_argument('--engine', metavar='NAME=COMMAND', action='append', default=[],
                        help='one more engine: file and arguments are appended to its command')
    parser.add_argument('--programs', metavar='A,B', help='only these, as the table names them')
    parser.add_argument('--runs', type=int, default=5, help='runs of each, the median counts (5)')
    parser.add_argument('--whole', action='store_true', help='no steady state')
    parser.add_argument('--smoke', action='store_true', help='small kernels by our program: are checksums right?')
    parser.add_argument('--svg', metavar='FILE', help='also draw the tables')
    parser.add_argument('--build', metavar='FOLDER', help='where programs go and stay')
    return parser.parse_args()


def main():
    options = parse_options()
    wasm = find_wasm(options.wasm)
    if not wasm:
        note('our program was not found: give --wasm PATH')
        return 1
    with build_folder(options, wasm) as folder:
        if options.smoke:
            return 0 if smoke(wasm, folder) else 1
        programs = kernels(wasm, folder, False) + kotlin_programs(wasm, folder)
        if options.programs:
            programs = [program for program in programs if program.name in options.programs.split(',')]
        extra = [Engine(*text.split('=', 1)) for text in options.engine]
        for engine in extra:
            engine.command = engine.command.split()
        engines = find_peers(options.peers) + ours(wasm) + extra
        trials = measure(programs, engines, options)
        report(trials, engines, options)
        return 1 if any(trial.failed for row in trials.values() for trial in row.values() if trial.engine.is_ours()) else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
