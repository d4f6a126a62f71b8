"""The engines: how each is found, and the commands that run and compile a module by it."""

import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
CPU_LIMIT_SECONDS = 300  # of one run
IN, OUT = '{in}', '{out}'  # in a compiler's command


class Engine:
    """command: what runs a module, whose file and arguments are appended. A hosted engine runs an export
    in a child that tells the user time of the call alone. compiler: what compiles IN in one thread, to
    OUT; or prints the CPU seconds it took. lacks: the kinds of kernel that it cannot run."""

    def __init__(self, name, command, compiler=None, hosted=False, lacks=()):
        self.name = name
        self.command = command
        self.compiler = compiler
        self.hosted = hosted
        self.lacks = lacks
        self.file_suffix = '.reactor.wasm' if hosted else '.wasm'

    def is_ours(self):
        return self.name.startswith('ours-')


def note(text):
    print(f'{os.path.basename(sys.argv[0])}: {text}', file=sys.stderr)


class Ended(NamedTuple):
    """How a program went: its output; the reason when it failed, else ''; its wall seconds, and what it used."""
    output: str
    failure: str
    wall: float
    usage: resource.struct_rusage


def limit_cpu():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_SECONDS, CPU_LIMIT_SECONDS))


def run_measured(command):
    """Runs it to its end; raises OSError when it cannot be started."""
    with tempfile.TemporaryFile('w+', errors='replace') as errors:
        start = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                 text=True, preexec_fn=limit_cpu)
        with child.stdout:
            output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        failure = ''
        if child.returncode != 0 or not output.strip():
            errors.seek(0)
            reason = errors.read().strip().splitlines() or ['no output']
            failure = f'exit code {child.returncode}: {reason[-1][:120]}'
        return Ended(output, failure, wall, usage)


def output_of(command):
    """What it prints; None when it fails."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def runs(command):
    return output_of(command) is not None


# ---- ours ----

def find_wasm(path):
    """Our program, by option, in the usual build folder, or on the PATH."""
    build = os.path.join(HERE, '..', '..', 'build', 'tools', 'wasm')
    for candidate in [path] if path else [build, shutil.which('wasm')]:
        if candidate and os.access(candidate, os.X_OK) and os.path.isfile(candidate):
            return os.path.abspath(candidate)
    return None


def ours(wasm):
    """An engine for each tier that this build has."""
    parts = [line.split() for line in (output_of([wasm, '--version']) or '').splitlines()]
    if not any(words[0] == 'parts:' and 'jit' in words for words in parts if words):
        return [Engine('ours-interp', [wasm, 'run'])]
    engines = [Engine('ours-' + tier, [wasm, 'run', '--tier=' + tier]) for tier in ('jit', 'auto', 'interp')]
    engines[0].compiler = [wasm, 'compile', '--compile-threads=0', IN, '-o', OUT]
    return engines


# ---- others ----

def cli(name, program, *options, version='--version', lacks=()):
    path = shutil.which(program)
    if not path or not runs([path, version]):
        return None
    return Engine(name, [path, *options], lacks=lacks)


def wasmtime(name, *options):
    engine = cli(name, 'wasmtime', 'run')
    if not engine:
        return None
    path = engine.command[0]
    uncached = ['-C', 'cache=n']
    if runs([path, 'run', *uncached, '--help']):
        options = (*uncached, *options)
    engine.command += options
    engine.compiler = [path, 'compile', '-C', 'parallel-compilation=n', *options, IN, '-o', OUT]
    return engine


def node(name, *options):
    path = shutil.which('node')
    if not path or not runs([path, '-e', 'require("node:wasi")']):
        return None
    compiler = None
    if options:  # at once and in one thread, which it would not do by itself
        compiler = [path, *options, '--no-wasm-lazy-compilation', '--wasm-num-compilation-tasks=0',
                    os.path.join(HERE, 'node_compile.mjs'), IN]
    return Engine(name, [path, '--no-warnings', *options, os.path.join(HERE, 'node_wasi.mjs')], compiler)


def hosted(name, module, python, lacks=()):
    """A Python package without a program."""
    if not runs([python, '-c', 'import ' + module]):
        return None
    run = os.path.join(HERE, 'run.py')
    return Engine(name, [python, run, '--host', module], hosted=True, lacks=('program', *lacks))


# Name -> how to find it. Those with a star run only when named by --peers.
PEERS = {
    'wasmtime': lambda python: wasmtime('wasmtime'),
    'wasmtime-py': lambda python: hosted('wasmtime-py', 'wasmtime', python),
    '*winch': lambda python: wasmtime('winch', '-C', 'compiler=winch'),
    'turbofan': lambda python: node('turbofan', '--no-liftoff'),
    'liftoff': lambda python: node('liftoff', '--liftoff-only'),
    '*node': lambda python: node('node'),
    'wasmer': lambda python: cli('wasmer', 'wasmer', 'run'),
    'wasm3': lambda python: cli('wasm3', 'wasm3', lacks=('atomic', 'simd')),
    'wasm3-py': lambda python: hosted('wasm3-py', 'wasm3', python, lacks=('atomic', 'simd')),
    'iwasm': lambda python: cli('iwasm', 'iwasm'),
    'wazero': lambda python: cli('wazero', 'wazero', 'run', version='version'),
    '*wazero-int': lambda python: cli('wazero-int', 'wazero', 'run', '-interpreter', version='version'),
}
PEER_NAMES = [name.lstrip('*') for name in PEERS]
# What the Python packages offer is left out where the program itself is there.
STAND_INS = {'wasmtime-py': 'wasmtime', 'wasm3-py': 'wasm3'}


def find_peers(wanted, python):
    """The engines of the comma-separated names, or all that are found."""
    if wanted == 'none':
        return []
    names = wanted.split(',') if wanted else [name for name in PEERS if not name.startswith('*')]
    found, missing = {}, []
    for name in names:
        if name not in PEER_NAMES:
            sys.exit(f'run.py: no peer {name}; known are {", ".join(PEER_NAMES)}')
        if not wanted and STAND_INS.get(name) in found:
            continue
        engine = (PEERS.get(name) or PEERS['*' + name])(python)
        if engine:
            found[name] = engine
        else:
            missing.append(name)
    if missing:
        note('not found: ' + ', '.join(missing))
    return list(found.values())


def find_engines(options, wasm):
    """Ours, those of --engine, and the peers."""
    engines = ours(wasm) if wasm else []
    for extra in options.engine:
        name, _, command = extra.partition('=')
        engines.append(Engine(name, shlex.split(command)))
    return engines + find_peers(options.peers, options.python)


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
    import wasmtime as package
    engine = package.Engine()
    store = package.Store(engine)
    store.set_wasi(package.WasiConfig())
    linker = package.Linker(engine)
    linker.define_wasi()
    instance = linker.instantiate(store, package.Module.from_file(engine, path))
    exports = instance.exports(store)
    exports['_initialize'](store)
    return lambda units: exports['run'](store, units)
