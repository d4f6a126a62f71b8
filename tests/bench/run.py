#!/usr/bin/env python3
"""Builds the kernels natively and for WebAssembly, runs them by every engine in turn, and prints
how many times the native run's user time each engine takes. See README beside this file."""

import argparse
import contextlib
import math
import os
import statistics
import sys
import tempfile

import building
import large
import svg
from building import kind_of
from engines import PEER_NAMES, Engine, find_engines, find_wasm, host, note, run_measured

LONG_RUNS = ((10, 1), (2, 3))  # of what takes longer than these seconds
SKIPPED = 77  # meson's exit code for a test that could not run
KINDS = {
    'scalar': 'Scalar kernels: native is clang -O3 without its vectorisers',
    'atomic': 'Atomic accesses of one thread: native is the same as for scalar kernels',
    'simd': 'Vectors: native is clang -O3 with its vectorisers, of 16 bytes',
    'program': 'A large program, end to end',
}
NATIVE = Engine('native', [])


# ---- running ----

def run_once(command, engine, by_wall):
    """Seconds and checksum of one run; None and the reason when it failed."""
    try:
        ended = run_measured(command)
    except OSError as error:
        return None, str(error)
    if ended.failure:
        return None, ended.failure
    words = ended.output.split()
    return float(words[1]) if engine.hosted else ended.wall if by_wall else ended.usage.ru_utime, words[0]


class Progress:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, total):
        self.total = total
        self.done = 0
        self.shown = sys.stderr.isatty()

    def step(self, what):
        self.done += 1
        if self.shown:
            filled = 30 * self.done // self.total
            bar = '#' * filled + '.' * (30 - filled)
            print(f'\r\033[K[{bar}] {self.done}/{self.total} {what}', end='', file=sys.stderr, flush=True)

    def close(self):
        if self.shown:
            print('\r\033[K', end='', file=sys.stderr, flush=True)


class Trial:
    """One kernel, by native code and every engine that can run it, in turn."""

    def __init__(self, kernel, folder, engines, options):
        self.kernel, self.folder, self.options = kernel, folder, options
        self.engines = [NATIVE] + [e for e in engines if kind_of(kernel) not in e.lacks]
        self.times = {engine.name: [] for engine in [NATIVE] + engines}
        self.expected = None
        self.failed = set()

    def command(self, engine):
        program = os.path.join(self.folder, self.kernel + ('' if engine is NATIVE else engine.file_suffix))
        units = ['1'] if self.options.smoke else ['0'] if engine.hosted else []
        # The compiler checks itself, and it fails when anything was not compiled.
        checks = ['-X', 'verify=1'] if self.options.smoke and engine.name in ('ours-jit', 'ours-auto') else []
        return [*engine.command, *checks, program, *units]

    def is_done(self, engine):
        times = self.times[engine.name]
        enough = any(times and times[0] > seconds and len(times) >= runs for seconds, runs in LONG_RUNS)
        return enough or engine.name in self.failed

    def run(self, engine):
        seconds, answer = run_once(self.command(engine), engine, self.options.wall)
        if engine is NATIVE:
            self.expected = answer
        if seconds is not None and answer == self.expected:
            self.times[engine.name].append(seconds)
            return
        what = answer if seconds is None else f'checksum {answer}, native {self.expected}'
        note(f'{self.kernel} by {engine.name}: {what}')
        self.failed.add(engine.name)
        self.times[engine.name] = []

    def medians(self):
        return {name: statistics.median(times) if times else None for name, times in self.times.items()}


def measure(options, folder, kernels, engines):
    """{kernel: {engine name: median seconds or None}}, native under 'native'; how many runs were right and
    wrong; whether all of native code and of ours were right."""
    seconds, passed, failed = {}, 0, set()
    progress = Progress(len(kernels) * options.runs * (len(engines) + 1))
    for kernel in kernels:
        trial = Trial(kernel, folder, engines, options)
        for _ in range(options.runs):
            for engine in trial.engines:
                progress.step(f'{kernel} {engine.name}')
                if not trial.is_done(engine):
                    trial.run(engine)
        seconds[kernel] = trial.medians()
        passed += len(trial.engines) - len(trial.failed)
        failed |= {(kernel, name) for name in trial.failed}
    progress.close()
    good = not any(name == 'native' or name.startswith('ours-') for _, name in failed)
    return seconds, passed, len(failed), good


# ---- reporting ----

def ratios_of(seconds, engines, start_up):
    """{kernel: {engine name: ratio to native or None}}; start_up {engine name: seconds} is taken off."""
    table = {}
    for kernel, times in seconds.items():
        native = (times['native'] or 0) - start_up.get('native', 0)
        table[kernel] = {}
        for engine in engines:
            taken = times[engine.name]
            if taken is not None and not engine.hosted:
                taken -= start_up.get(engine.name, 0)
            usable = taken is not None and taken > 0 and native > 0
            table[kernel][engine.name] = taken / native if usable else None
    return table


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


class Block:
    """The kernels of one kind. Means are over the kernels that every engine ran, so that they compare;
    an engine that ran none does not count."""

    def __init__(self, kind, table, engines):
        self.title = KINDS[kind]
        self.rows = {kernel: row for kernel, row in table.items() if kind_of(kernel) == kind}
        self.names = [engine.name for engine in engines]
        able = [name for name in self.names if any(row[name] for row in self.rows.values())]
        common = [row for row in self.rows.values() if all(row[name] for name in able)]
        self.count = len(common)
        self.means = {name: geometric_mean([row[name] for row in common]) if name in able else None
                      for name in self.names}

    def worst(self, name):
        return max((row[name] for row in self.rows.values() if row[name]), default=None)


def cell(value, form='{:.2f}'):
    return '-' if value is None else form.format(value)


def print_block(block, seconds):
    width = [max(9, len(name) + 2) for name in block.names]
    def row(label, native, cells):
        print(f'{label:<20}{native:>9}' + ''.join(c.rjust(w) for c, w in zip(cells, width)))
    print('\n' + block.title)
    row('kernel', 'native s', block.names)
    for kernel, values in block.rows.items():
        row(kernel, cell(seconds[kernel]['native'], '{:.3f}'), [cell(values[name]) for name in block.names])
    if len(block.rows) == 1:
        return
    means = block.means
    row('geometric mean', f'({block.count})', [cell(means[name]) for name in block.names])
    row('worst', '', [cell(block.worst(name)) for name in block.names])
    for mine in block.names:
        if mine.startswith('ours-') and means[mine] and len(block.names) > 1:
            ratios = [means[name] and means[mine] / means[name] for name in block.names]
            row(mine + ' over it', '', [cell(ratio) for ratio in ratios])


def report(options, seconds, engines, start_up):
    table = ratios_of(seconds, engines, start_up)
    blocks = [Block(kind, table, engines) for kind in KINDS]
    blocks = [block for block in blocks if block.rows]
    print(f'{"Wall" if options.wall else "User"} time over that of native code')
    for block in blocks:
        print_block(block, seconds)
    if options.svg:
        svg.write(options.svg, table, [engine.name for engine in engines],
                  [(block.title, list(block.rows), block.means) for block in blocks])


# ---- the command line ----

def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--wasm', metavar='PATH', help='our program; else build/tools/wasm or on the PATH')
    parser.add_argument('--kernels', metavar='A,B', help='only these kernels; "none" for none')
    parser.add_argument('--peers', metavar='A,B', help='only these engines beside ours; "none" for none; '
                        'known: ' + ', '.join(PEER_NAMES))
    parser.add_argument('--engine', metavar='NAME=COMMAND', action='append', default=[],
                        help='one more engine: file and arguments are appended to its command')
    parser.add_argument('--runs', type=int, default=5, help='runs of each, the median counts (5)')
    parser.add_argument('--smoke', action='store_true', help='one short run of each: do checksums agree?')
    parser.add_argument('--net', action='store_true', help="take off each engine's time for an empty program")
    parser.add_argument('--wall', action='store_true', help='wall time, not the user time of all threads')
    parser.add_argument('--svg', metavar='FILE', help='also draw the table')
    parser.add_argument('--build', metavar='FOLDER', help="where programs go and stay (else in our program's "
                        'build, or a temporary folder)')
    parser.add_argument('--python', metavar='PATH', default=sys.executable,
                        help='interpreter that has pywasm3 or wasmtime')
    parser.add_argument('--large', metavar="'FILE ARGUMENT...'", action='append', default=[],
                        help='then a large module; or "auto": those that can be built here')
    parser.add_argument('--host', nargs='+', help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.runs = 1 if options.smoke else max(1, options.runs)
    options.large = [large.split_option(text) for text in options.large]
    return options


@contextlib.contextmanager
def build_folder(options, wasm):
    beside = os.path.join(os.path.dirname(wasm), '..', 'tests', 'bench') if wasm else ''
    if options.build or os.path.isdir(beside):
        folder = options.build or os.path.join(beside, 'programs')
        os.makedirs(folder, exist_ok=True)
        yield os.path.abspath(folder)
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield folder


def build(options, folder, wasm, engines):
    """Builds the kernels; returns those that there are."""
    kernels = building.kernel_names(options.kernels)
    if options.smoke and not options.kernels:
        kernels = [kernel for kernel in kernels if kind_of(kernel) != 'program']
    if any(kind_of(kernel) == 'program' for kernel in kernels):
        try:
            building.prepare_sqlite(folder, wasm)
        except building.Missing as why:
            note(f'sqlite left out, for want of {why}')
            kernels.remove('sqlite')
    for kernel in kernels + ['empty']:
        building.build_kernel(folder, kernel, any(engine.hosted for engine in engines))
    return kernels


def run_kernels(options, folder, wasm, engines):
    """Whether native code and ours were always right."""
    kernels = build(options, folder, wasm, engines)
    seconds, passed, failed, good = measure(options, folder, kernels, engines)
    if options.smoke:
        print(f'{passed} passed, {failed} failed')
    elif kernels:
        start_up = measure(options, folder, ['empty'], engines)[0]['empty'] if options.net else {}
        report(options, seconds, engines, {name: taken or 0 for name, taken in start_up.items()})
    return good


def main():
    options = parse_options()
    if options.host:
        return host(options.host[0], options.host[1], int(options.host[2]))
    missing = building.missing_tools()
    if missing:
        note('skipped, for want of ' + ', '.join(missing))
        return SKIPPED
    wasm = find_wasm(options.wasm)
    if not wasm:
        if options.wasm:
            sys.exit(f'run.py: no program at {options.wasm}')
        note('our program was not found: give --wasm PATH')
    engines = find_engines(options, wasm)
    with build_folder(options, wasm) as folder:
        good = run_kernels(options, folder, wasm, engines)
        if options.large:
            modules = [module for words in options.large for module in large.find(words, folder, wasm)]
            good = large.report(modules, engines, wasm) and good
    return 0 if good else 1


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
