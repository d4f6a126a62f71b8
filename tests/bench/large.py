"""Large modules: time to the first result, peak memory, how fast they are compiled, how large the code is."""

import os
import shlex
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile

import building
from engines import HERE, IN, OUT, note

ENOUGH_SECONDS = 20  # of runs of one command


def split_option(text):
    """The words of a --large."""
    words = shlex.split(text)
    if words != ['auto'] and not os.path.isfile(words[0] if words else ''):
        sys.exit(f'run.py: no file {text}')
    return words


def find(words, folder, wasm):
    """[(name, file, arguments)] of a --large: a file and its arguments, or `auto`: what can be built here."""
    if words != ['auto']:
        return [(os.path.basename(words[0]), words[0], words[1:])]
    found = []
    def offer(name, make, *arguments):
        try:
            found.append((name, make(), list(arguments)))
        except building.Missing as why:
            note(f'{name} left out, for want of {why}')
    def sqlite():
        building.prepare_sqlite(folder, wasm)
        building.build_kernel(folder, 'sqlite', False)
        return os.path.join(folder, 'sqlite.wasm')
    offer('SQLite', sqlite, '1')
    offer('esbuild', lambda: building.build_esbuild(folder), '--version')
    return found


# ---- what a file holds ----

def code_bytes(path):
    """Of a module's code section; 0 if it is none."""
    with open(path, 'rb') as file:
        data = file.read()
    at = 8
    while data[:4] == b'\0asm' and at < len(data):
        kind, at, size, shift = data[at], at + 1, 0, 0
        while True:
            byte, at = data[at], at + 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        if kind == 10:
            return size
        at += size
    return 0


def machine_code_bytes(path):
    """Of the executable sections of a 64-bit ELF file; None if it is none."""
    with open(path, 'rb') as file:
        data = file.read()
    if data[:5] != b'\x7fELF\x02':
        return None
    offset, = struct.unpack_from('<Q', data, 0x28)
    entry_bytes, count = struct.unpack_from('<HH', data, 0x3A)
    headers = [struct.unpack_from('<IIQQQQ', data, offset + i * entry_bytes) for i in range(count)]
    return sum(size for _, _, flags, _, _, size in headers if flags & 4)


# ---- measuring ----

class Failure(Exception):
    pass


class Meter:
    """Runs commands by the small program measure.c."""

    def __init__(self, folder):
        self.folder = folder
        self.program = os.path.join(folder, 'measure')
        self.errors = ''
        source = os.path.join(HERE, 'measure.c')
        building.make(self.program, [source], [building.CC, '-O2', '-o', self.program, source])

    def once(self, command, expected=0):
        """Wall seconds, CPU seconds, peak MiB, what it printed; it ends with the expected status. `errors` is
        what it printed there."""
        figures = os.path.join(self.folder, 'figures')
        done = subprocess.run([self.program, figures, *command], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace')
        with open(figures) as file:
            wall, cpu, peak, status = map(float, file.read().split())
        self.errors = done.stderr
        if done.returncode or status != expected:
            reason = done.stderr.strip().splitlines() or ['no message']
            raise Failure(f'exit status {status:.0f}: {reason[0][:120]}')
        return wall, cpu, peak / 1024, done.stdout

    def times(self, command, rounds):
        """The medians of some runs, fewer of what takes long; and what the last one printed."""
        runs = []
        while len(runs) < rounds and sum(run[0] for run in runs) < ENOUGH_SECONDS:
            runs.append(self.once(command))
        return *(statistics.median(column) for column in list(zip(*runs))[:3]), runs[-1][3]


def compile_figures(meter, engine, path):
    """CPU seconds of compiling in one thread, bytes of machine code and of the file, where known."""
    output = os.path.join(meter.folder, 'compiled')
    command = [{IN: path, OUT: output}.get(word, word) for word in engine.compiler]
    _, cpu, _, printed = meter.times(command, 3)
    if OUT not in engine.compiler:
        return float(printed), None, None
    size = os.path.getsize(output)
    machine = machine_code_bytes(output)
    os.unlink(output)
    return cpu, machine, size


def find_loader(wasm):
    """The program load.c in our program's build."""
    path = os.path.join(os.path.dirname(wasm), '..', 'tests', 'bench', 'bench_load') if wasm else ''
    return path if os.access(path, os.X_OK) else None


def loader_figures(loader, path):
    """What load.c prints in its last line, as {name: number}; {} without a compiler."""
    done = subprocess.run([loader, path, '3'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        note('bench_load: ' + done.stderr.strip()[-200:])
        return {}
    words = [line.split() for line in done.stdout.splitlines() if line.startswith('jit:')]
    return {name: float(value) for name, value in (w.split('=') for w in words[-1][1:])} if words else {}


# ---- the table ----

COLUMNS = ('result s', 'CPU s', 'peak MiB', 'compile s', 'MB/s', 'code MB', 'x wasm', 'file MB')


def print_row(name, *cells):
    texts = ['-' if c is None else c if isinstance(c, str) else f'{c:.3g}' if c < 1000 else f'{c:.0f}'
             for c in cells]
    print(f'{name:<14}' + ''.join(text.rjust(11) for text in texts))


def print_engine(meter, engine, name, path, arguments, jit, expected):
    """One row; returns what the module should print, and whether the engine did it."""
    wasm_bytes = code_bytes(path)
    try:
        wall, cpu, peak, printed = meter.times([*engine.command, path, *arguments], 3)
        if expected is not None and printed != expected:
            raise Failure('prints something else than others')
        seconds = machine = file_bytes = None
        if engine.compiler:
            seconds, machine, file_bytes = compile_figures(meter, engine, path)
            if engine.is_ours():
                machine = jit.get('code_bytes')
    except (Failure, OSError, ValueError) as why:
        note(f'{name} by {engine.name}: {why}')
        print_row(engine.name, *[None] * len(COLUMNS))
        return expected, False
    print_row(engine.name, wall, cpu, peak, seconds, seconds and wasm_bytes / 1e6 / seconds,
              machine and machine / 1e6, machine and wasm_bytes and machine / wasm_bytes,
              file_bytes and file_bytes / 1e6)
    return printed, True


def print_loader(jit):
    print(f'our compiler alone: {jit["mb_per_s"]:.1f} MB/s of code, {jit["code_per_wasm"]:.2f} bytes a '
          f'byte of wasm; {jit["refused"]:.0f} of {jit["functions"]:.0f} functions refused; memory '
          f'{jit["peak_bytes"] / 1e6:.1f} MB' +
          (f', for a large function {jit["memory_ratio"]:.0f} times its size' if jit['memory_ratio'] else ''))


def report(modules, engines, wasm):
    """Prints a table for each module; whether ours ran all."""
    good, loader = True, find_loader(wasm)
    with tempfile.TemporaryDirectory() as temporary:
        meter = Meter(temporary)
        for name, original, arguments in modules:
            path = os.path.join(temporary, 'module.wasm')  # some engines look at the ending
            shutil.copyfile(original, path)
            print(f'\n{" ".join([name, *arguments])}: {os.path.getsize(path) / 1e6:.1f} MB, '
                  f'{code_bytes(path) / 1e6:.1f} MB of code')
            print_row('', *COLUMNS)
            jit = loader_figures(loader, path) if loader else {}
            expected = None
            for engine in engines:
                if not engine.hosted:
                    expected, ran = print_engine(meter, engine, name, path, arguments, jit, expected)
                    good = good and (ran or not engine.is_ours())
            if jit:
                print_loader(jit)
    return good
