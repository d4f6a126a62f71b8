#!/usr/bin/env python3
"""Whether two threads of WebAssembly get as much done as two of the native program: the same fixed work
by one and by two, natively and by our program, in turn. See README beside this file."""

import argparse
import os
import sys
import tempfile

import building
from engines import HERE, find_wasm, note, ours
from large import Failure, Meter
from start import measure

KINDS = ('compute', 'memory', 'atomic', 'shared', 'host')
WIDTHS = (10, 12, *[10] * 6)  # of the table's columns
SKIPPED = 77  # meson's exit code for a test that could not run
LINKED = ('-Wl,--shared-memory,--import-memory,--export-memory,--max-memory=67108864,'
          '--no-check-features')  # Debian's C library was not made for threads


def build(folder):
    """The native program, and beside it the guest, whose name ends in .wasm."""
    source, shim = os.path.join(HERE, 'threads.c'), os.path.join(HERE, '..', 'guests', 'pthread_shim.h')
    native = os.path.join(folder, 'threads')
    flags = [building.CC, *building.COMMON_FLAGS, source]
    building.make(native, [source, shim], [*flags, *building.SCALAR_FLAGS, '-pthread', '-o', native])
    building.make(native + '.wasm', [source, shim],
                  [*flags, *building.WASM_FLAGS, *building.ATOMIC_FLAGS, LINKED, '-o', native + '.wasm'])
    return native


def measure_kind(meter, options, kind, native, engine):
    """{(who, threads): (wall seconds, CPU seconds, peak MiB)}; raises Failure."""
    units = ['6'] if options.smoke else []
    runs = {'native': [native], 'ours': [*engine.command, native + '.wasm']}
    commands = {(who, threads): [*run, kind, str(threads), *units]
                for threads in (1, 2) for who, run in runs.items()}
    return measure(meter, options.runs, commands)


def print_titles():
    print(f'{"":<31}{"-- wall time 1 / 2 --":>30}{"-- CPU time 2 / 1 --":>30}')
    titles = ('native s', 'ours/native', 'native', 'ours', 'ratio', 'native', 'ours', 'ratio')
    print(f'{"work":<9}' + ''.join(title.rjust(width) for title, width in zip(titles, WIDTHS)))


def print_row(kind, taken):
    def gain(who, figure):
        return taken[who, 1][figure] / taken[who, 2][figure]
    scaling = [gain('native', 0), gain('ours', 0)]
    growth = [1 / gain('native', 1), 1 / gain('ours', 1)]
    cells = [taken['native', 1][1], taken['ours', 1][1] / taken['native', 1][1],
             *scaling, scaling[1] / scaling[0], *growth, growth[1] / growth[0]]
    print(f'{kind:<9}' + ''.join(f'{cell:{width}.2f}' for cell, width in zip(cells, WIDTHS)), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--wasm', metavar='PATH', help='our program; else build/tools/wasm or on the PATH')
    parser.add_argument('--kinds', metavar='A,B', default=','.join(KINDS), help='of ' + ', '.join(KINDS))
    parser.add_argument('--runs', type=int, default=9, help='runs of each, in turn; the median counts (9)')
    parser.add_argument('--smoke', action='store_true', help='one short run of each: do checksums agree?')
    options = parser.parse_args()
    options.runs = 1 if options.smoke else options.runs
    options.kinds = options.kinds.split(',')
    for kind in options.kinds:
        if kind not in KINDS:
            sys.exit(f'threads.py: no kind {kind}')
    return options


def main():
    options, missing = parse_options(), building.missing_tools()
    if missing:
        note('skipped, for want of ' + ', '.join(missing))
        return SKIPPED
    wasm = find_wasm(options.wasm)
    if not wasm:
        sys.exit('threads.py: our program was not found: give --wasm PATH')
    if not options.smoke:
        print_titles()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        native = build(folder)
        for kind in options.kinds:
            try:
                taken = measure_kind(Meter(folder), options, kind, native, ours(wasm)[0])
                if not options.smoke:
                    print_row(kind, taken)
            except Failure as why:
                note(f'{kind}: {why}')
                good = False
    return 0 if good else 1


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
