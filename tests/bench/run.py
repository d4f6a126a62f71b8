#!/usr/bin/env python3
"""Builds the kernels natively and for WebAssembly, runs them by every engine in turn, and prints
how many times the native run's user time each engine takes. See README beside this file."""

import argparse
import math
import os
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
KERNELS = os.path.join(HERE, 'kernels')
NATIVE_FLAGS = '-std=c11 -O3 -fno-vectorize -fno-slp-vectorize -ffp-contract=off'.split()
# Bulk memory as later compilers have it by default. Reference types would only pad the table index of
# call_indirect, which wasm3 does not read.
WASM_FLAGS = '-std=c11 --target=wasm32-wasi -O3 -s -mbulk-memory -mno-reference-types'.split()
REACTOR_FLAGS = ['-DKERNEL_REACTOR', '-mexec-model=reactor']
CPU_LIMIT_SECONDS = 300  # of one run
SKIPPED = 77  # meson's exit code for a test that could not run


# ---- engines ----

class Engine:
    """One way to run a kernel: command(kernel) is what to execute, units aside. A hosted engine runs
    in a child that tells the user time of the call alone."""

    def __init__(self, name, command, reactor=False):
        self.name = name
        self.command = command
        self.file_suffix = '.reactor.wasm' if reactor else '.wasm'
        self.hosted = reactor


def cli(name, program, *options):
    path = shutil.which(program)
    if not path or not runs([path, '--version']):
        return None
    return Engine(name, [path, *options])


def node(name, *options):
    path = shutil.which('node')
    if not path or not runs([path, '-e', 'require("node:wasi")']):
        return None
    return Engine(name, [path, '--no-warnings', *options, os.path.join(HERE, 'node_wasi.mjs')])


def hosted(name, module, python):
    if not runs([python, '-c', 'import ' + module]):
        return None
    return Engine(name, [python, os.path.abspath(__file__), '--host', module], reactor=True)


# Name -> how to find it. Those with a star run only when named by --peers.
PEERS = {
    'wasmtime': lambda python: cli('wasmtime', 'wasmtime', 'run'),
    'wasmtime-py': lambda python: hosted('wasmtime-py', 'wasmtime', python),
    '*winch': lambda python: cli('winch', 'wasmtime', 'run', '-C', 'compiler=winch'),
    'wasmer': lambda python: cli('wasmer', 'wasmer', 'run'),
    'node': lambda python: node('node'),
    '*liftoff': lambda python: node('liftoff', '--liftoff-only'),
    '*turbofan': lambda python: node('turbofan', '--no-liftoff'),
    'wasm3': lambda python: cli('wasm3', 'wasm3'),
    'wasm3-py': lambda python: hosted('wasm3-py', 'wasm3', python),
    'iwasm': lambda python: cli('iwasm', 'iwasm'),
    'wazero': lambda python: wazero('wazero'),
    '*wazero-int': lambda python: wazero('wazero-int', '-interpreter'),
}
# What the Python packages offer is left out where the program itself is there.
STAND_INS = {'wasmtime-py': 'wasmtime', 'wasm3-py': 'wasm3'}


def wazero(name, *options):
    path = shutil.which('wazero')
    return Engine(name, [path, 'run', *options]) if path and runs([path, 'version']) else None


def runs(command):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def find_peers(wanted, python):
    """The engines of the comma-separated names, or all that are found."""
    if wanted == 'none':
        return []
    plain = {name.lstrip('*'): find for name, find in PEERS.items()}
    if wanted:
        names = wanted.split(',')
        for name in names:
            if name not in plain:
                sys.exit(f'run.py: no peer {name}; known are {", ".join(plain)}')
    else:
        names = [name for name in PEERS if not name.startswith('*')]
    found, missing = {}, []
    for name in names:
        if not wanted and STAND_INS.get(name) in found:
            continue
        engine = plain[name](python)
        if engine:
            found[name] = engine
        else:
            missing.append(name)
    if missing:
        note('not found: ' + ', '.join(missing))
    return list(found.values())


def find_wasm(path):
    """Our program, by option, in the usual build folders, or on the PATH."""
    build = os.path.join(HERE, '..', '..', 'build', 'tools', 'wasm')
    for candidate in [path] if path else [build, shutil.which('wasm')]:
        if candidate and os.access(candidate, os.X_OK) and os.path.isfile(candidate):
            return os.path.abspath(candidate)
    return None


# ---- hosts in Python: packages without a program ----

def host(module, path, units):
    """Runs the export `run` of a reactor; prints the checksum and the user seconds of the call."""
    call = (host_wasm3 if module == 'wasm3' else host_wasmtime)(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    result = call(units)
    seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
    print(f'{result & (1 << 64) - 1:016x} {seconds:.6f}')


def host_wasm3(path):
    import wasm3
    with open(path, 'rb') as file:
        code = file.read()
    environment = wasm3.Environment()
    engine = environment.new_runtime(1 << 20)
    module = environment.parse_module(code)
    engine.load(module)
    try:
        module.link_function('wasi_snapshot_preview1', 'proc_exit', 'v(i)', sys.exit)
    except RuntimeError:
        pass  # not imported
    engine.find_function('_initialize')()
    return engine.find_function('run')


def host_wasmtime(path):
    import wasmtime
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, path))
    exports = instance.exports(store)
    exports['_initialize'](store)
    return lambda units: exports['run'](store, units)


# ---- building ----

def first_program(*names):
    return next((name for name in names if shutil.which(name)), None)


def missing_tools(cc):
    """What a build needs and this machine lacks, by the names of Debian's packages."""
    if not cc:
        return ['clang-19']
    missing = []
    if not first_program('wasm-ld-19', 'wasm-ld'):
        missing.append('lld-19')
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, 'a.c')
        with open(source, 'w') as file:
            file.write('#include <stdio.h>\n')
        if not runs([cc, '--target=wasm32-wasi', '-fsyntax-only', source]):
            missing.append('wasi-libc')
    runtime = subprocess.run([cc, '--target=wasm32-wasi', '-print-libgcc-file-name'],
                             stdout=subprocess.PIPE, text=True).stdout.strip()
    if not os.path.exists(runtime):
        missing.append('libclang-rt-19-dev-wasm32')
    return missing


def newest_source():
    return max(os.path.getmtime(os.path.join(KERNELS, name)) for name in os.listdir(KERNELS))


def build(cc, folder, kernels, with_reactors):
    """The native program, the WASI command and, for hosts without WASI, the reactor of each kernel."""
    os.makedirs(folder, exist_ok=True)
    newest = newest_source()
    for kernel in kernels:
        source = os.path.join(KERNELS, kernel + '.c')
        products = [('', NATIVE_FLAGS, ['-lm']), ('.wasm', WASM_FLAGS, [])]
        if with_reactors:
            products.append(('.reactor.wasm', WASM_FLAGS + REACTOR_FLAGS, []))
        for suffix, flags, libraries in products:
            target = os.path.join(folder, kernel + suffix)
            if os.path.exists(target) and os.path.getmtime(target) > newest:
                continue
            subprocess.run([cc, *flags, '-o', target, source, *libraries], check=True)


# ---- running ----

def limit_cpu():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_SECONDS, CPU_LIMIT_SECONDS))


def run_once(command, is_hosted):
    """User seconds and checksum of one run; None and the reason when it failed."""
    with tempfile.TemporaryFile('w+', errors='replace') as errors:
        try:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=errors, text=True, preexec_fn=limit_cpu)
        except OSError as error:
            return None, str(error)
        with child.stdout:
            words = child.stdout.read().split()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0 or not words:
            errors.seek(0)
            reason = errors.read().strip().splitlines() or ['no output']
            return None, f'exit code {child.returncode}: {reason[-1][:120]}'
    return (float(words[1]) if is_hosted else usage.ru_utime), words[0]


def note(text):
    print('run.py: ' + text, file=sys.stderr)


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


def measure(options, folder, kernels, engines):
    """{kernel: {engine name: median user seconds or None}}, native under 'native', and whether all
    runs of our own program were right."""
    units = ['1'] if options.smoke else []
    seconds, good = {}, True
    progress = Progress(len(kernels) * options.runs * (len(engines) + 1))
    for kernel in kernels:
        native = Engine('native', [])
        times = {engine.name: [] for engine in [native] + engines}
        expected = None
        for _ in range(options.runs):
            for engine in [native] + engines:
                progress.step(f'{kernel} {engine.name}')
                if times[engine.name] is None:
                    continue
                suffix = '' if engine is native else engine.file_suffix
                program = os.path.join(folder, kernel + suffix)
                more = units or (['0'] if engine.hosted else [])
                time, answer = run_once([*engine.command, program, *more], engine.hosted)
                if engine is native:
                    expected = answer
                if time is None or answer != expected:
                    progress.close()
                    what = answer if time is None else f'checksum {answer}, native {expected}'
                    note(f'{kernel} by {engine.name}: {what}')
                    good = good and engine.name not in ('native', 'wasm')
                    times[engine.name] = None
                else:
                    times[engine.name].append(time)
        seconds[kernel] = {name: statistics.median(list_) if list_ else None
                           for name, list_ in times.items()}
    progress.close()
    return seconds, good


# ---- reporting ----

def ratios_of(seconds, engines, start_up):
    """{kernel: {engine name: ratio to native or None}}; start_up {engine name: seconds} is taken off."""
    table = {}
    for kernel, times in seconds.items():
        native = (times['native'] or 0) - start_up.get('native', 0)
        table[kernel] = {}
        for engine in engines:
            time = times[engine.name]
            if time is not None and not engine.hosted:
                time -= start_up.get(engine.name, 0)
            usable = time is not None and time > 0 and native > 0
            table[kernel][engine.name] = time / native if usable else None
    return table


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def means_of(table, engines):
    """Over the kernels that every engine ran, so that the means compare; and how many those are. An
    engine that ran none does not count."""
    able = [e.name for e in engines if any(row[e.name] for row in table.values())]
    common = [row for row in table.values() if all(row[name] for name in able)]
    return {e.name: geometric_mean([row[e.name] for row in common]) if e.name in able else None
            for e in engines}, len(common)


def cell(value, form='{:.2f}'):
    return '-' if value is None else form.format(value)


def print_table(seconds, table, engines):
    names = [engine.name for engine in engines]
    width = [max(9, len(name) + 2) for name in names]
    def row(label, native, cells):
        print(f'{label:<14}{native:>9}' + ''.join(c.rjust(w) for c, w in zip(cells, width)))
    row('kernel', 'native s', names)
    for kernel, values in table.items():
        row(kernel, cell(seconds[kernel]['native'], '{:.3f}'), [cell(values[name]) for name in names])
    means, count = means_of(table, engines)
    row('geometric mean', f'({count})', [cell(means[name]) for name in names])
    worst = {n: max((r[n] for r in table.values() if r[n]), default=None) for n in names}
    row('worst', '', [cell(worst[name]) for name in names])


COLORS = ['#1b6ca8', '#e07b39', '#4f9d69', '#b0478c', '#7a6ff0', '#c2a83e', '#5d6d7e', '#a93226']


def write_svg(path, table, engines):
    """Bars on a logarithmic scale: a group for the geometric mean and one for each kernel."""
    means, _ = means_of(table, engines)
    groups = [('geometric mean', means)] + list(table.items())
    values = [v for _, row in groups for v in row.values() if v]
    low = min(1.0, min(values, default=1.0)) / 1.15
    high = max(values, default=1.0) * 1.6
    left, right, top, bar, gap = 120, 860, 76, 11, 10
    group_height = len(engines) * bar + gap
    height = top + len(groups) * group_height + 34
    def x(value):
        return left + (right - left) * math.log(value / low) / math.log(high / low)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 {height}" width="900" '
           f'height="{height}" font-family="sans-serif" font-size="11">',
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="12" y="22" font-size="15">Run time over native, logarithmic; shorter is '
           'faster</text>']
    position = 12
    for i, engine in enumerate(engines):
        out.append(f'<rect x="{position}" y="34" width="11" height="11" fill="{COLORS[i % len(COLORS)]}"/>'
                   f'<text x="{position + 16}" y="44">{escape(engine.name)}</text>')
        position += 34 + 7 * len(engine.name)
    bottom = height - 28
    for tick in (0.5, 1, 2, 5, 10, 20, 50, 100):
        if low <= tick <= high:
            stroke = '#555' if tick == 1 else '#ddd'
            out.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{top - 8}" y2="{bottom}" '
                       f'stroke="{stroke}"/><text x="{x(tick):.1f}" y="{top - 12}" fill="#555" '
                       f'text-anchor="middle">{tick:g}x</text>')
    for g, (label, row) in enumerate(groups):
        y = top + g * group_height
        weight = ' font-weight="bold"' if g == 0 else ''
        out.append(f'<text x="{left - 8}" y="{y + len(engines) * bar / 2 + 4:.1f}" '
                   f'text-anchor="end"{weight}>{escape(label)}</text>')
        for i, engine in enumerate(engines):
            value = row[engine.name]
            if value:
                out.append(f'<rect x="{left}" y="{y + i * bar}" width="{max(1, x(value) - left):.1f}" '
                           f'height="{bar - 1}" fill="{COLORS[i % len(COLORS)]}"/>'
                           f'<text x="{x(value) + 4:.1f}" y="{y + i * bar + 9}" font-size="9">'
                           f'{value:.2f}</text>')
    out.append('</svg>')
    with open(path, 'w') as file:
        file.write('\n'.join(out) + '\n')


def escape(text):
    return text.replace('&', '&amp;').replace('<', '&lt;').replace('"', '&quot;')


# ---- the command line ----

def kernel_names(wanted):
    """All kernels, or those of a comma-separated list; `empty` only measures starting."""
    known = sorted(f[:-2] for f in os.listdir(KERNELS) if f.endswith('.c') and f != 'empty.c')
    if not wanted:
        return known
    names = wanted.split(',')
    for name in names:
        if name not in known:
            sys.exit(f'run.py: no kernel {name}; known are {", ".join(known)}')
    return names


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--wasm', metavar='PATH', help='our program; else build/tools/wasm or on the PATH')
    parser.add_argument('--kernels', metavar='A,B', help='only these kernels')
    parser.add_argument('--peers', metavar='A,B', help='only these engines beside ours; "none" for none; '
                        'known: ' + ', '.join(name.lstrip('*') for name in PEERS))
    parser.add_argument('--engine', metavar='NAME=COMMAND', action='append', default=[],
                        help='one more engine: file and arguments are appended to its command')
    parser.add_argument('--runs', type=int, default=5, help='runs of each, the median counts (5)')
    parser.add_argument('--smoke', action='store_true', help='one short run of each: do checksums agree?')
    parser.add_argument('--net', action='store_true', help="take off each engine's time for an empty program")
    parser.add_argument('--svg', metavar='FILE', help='also draw the table')
    parser.add_argument('--build', metavar='FOLDER', help='where programs go and stay (else a temporary one)')
    parser.add_argument('--python', metavar='PATH', default=sys.executable,
                        help='interpreter that has pywasm3 or wasmtime')
    parser.add_argument('--host', nargs='+', help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.runs = 1 if options.smoke else max(1, options.runs)
    return options


def find_engines(options):
    engines = []
    wasm = find_wasm(options.wasm)
    if wasm:
        engines.append(Engine('wasm', [wasm, 'run']))
    elif options.wasm:
        sys.exit(f'run.py: no program at {options.wasm}')
    else:
        note('our program was not found: give --wasm PATH')
    for extra in options.engine:
        name, _, command = extra.partition('=')
        engines.append(Engine(name, shlex.split(command)))
    return engines + find_peers(options.peers, options.python)


def main():
    options = parse_options()
    if options.host:
        return host(options.host[0], options.host[1], int(options.host[2]))
    kernels = kernel_names(options.kernels)
    cc = first_program('clang-19', 'clang')
    missing = missing_tools(cc)
    if missing:
        note('skipped, for want of ' + ', '.join(missing))
        return SKIPPED
    engines = find_engines(options)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.build or temporary
        build(cc, folder, kernels + ['empty'], any(e.hosted for e in engines))
        seconds, good = measure(options, folder, kernels, engines)
        start_up = {}
        if options.net:
            start_up, _ = measure(options, folder, ['empty'], engines)
            start_up = {name: time or 0 for name, time in start_up['empty'].items()}
    if options.smoke:
        run = sum(1 for row in seconds.values() for time in row.values() if time is not None)
        failed = sum(len(row) for row in seconds.values()) - run
        print(f'{run} passed, {failed} failed')
        return 0 if good else 1
    table = ratios_of(seconds, engines, start_up)
    print_table(seconds, table, engines)
    if options.svg:
        write_svg(options.svg, table, engines)
    return 0 if good else 1


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
