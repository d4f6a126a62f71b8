"""The programs: kernels natively and for WebAssembly, SQLite's source, large modules."""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

from engines import HERE, runs

KERNELS = os.path.join(HERE, 'kernels')
CC = next((name for name in ('clang-19', 'clang') if shutil.which(name)), None)
COMMON_FLAGS = '-std=gnu11 -O3 -ffp-contract=off'.split()
SCALAR_FLAGS = '-fno-vectorize -fno-slp-vectorize'.split()
# The machine whose vectors are as wide as WebAssembly's and that has an instruction for most of its.
SIMD_FLAGS = ['-march=x86-64-v2'] if os.uname().machine == 'x86_64' else []
# Bulk memory as later compilers have it by default. Reference types would only pad the table index of
# call_indirect, which wasm3 does not read.
WASM_FLAGS = '--target=wasm32-wasi -s -mbulk-memory -mno-reference-types'.split()
ATOMIC_FLAGS = ['-matomics']
REACTOR_FLAGS = ['-DKERNEL_REACTOR', '-mexec-model=reactor']

SQLITE_CRATE = 'libsqlite3-sys = { version = "=0.30.1", features = ["bundled"] }'
SQLITE_FLAGS = '-w -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION'.split()
EMULATED = ('signal', 'getpid', 'mman')  # which wasi-libc leaves to libraries of its own
ESBUILD = 'github.com/evanw/esbuild/cmd/esbuild@v0.25.0'


class Missing(Exception):
    """What a program needs and this machine lacks."""


def missing_tools():
    """What a build needs and this machine lacks, by the names of Debian's packages."""
    if not CC:
        return ['clang-19']
    missing = []
    if not any(map(shutil.which, ('wasm-ld-19', 'wasm-ld'))):
        missing.append('lld-19')
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, 'a.c')
        with open(source, 'w') as file:
            file.write('#include <stdio.h>\n')
        if not runs([CC, '--target=wasm32-wasi', '-fsyntax-only', source]):
            missing.append('wasi-libc')
    runtime = subprocess.run([CC, '--target=wasm32-wasi', '-print-libgcc-file-name'],
                             stdout=subprocess.PIPE, text=True).stdout.strip()
    if not os.path.exists(runtime):
        missing.append('libclang-rt-19-dev-wasm32')
    return missing


def make(target, sources, command):
    """Runs the command unless the target is newer than its sources and this file."""
    sources = [*sources, __file__]
    if os.path.exists(target) and all(os.path.getmtime(target) > os.path.getmtime(s) for s in sources):
        return
    subprocess.run(command, check=True)


# ---- kernels ----

def kind_of(kernel):
    """scalar: compared with native code without vectors; atomic, simd: the like, and by the name's
    beginning; program: something large, end to end."""
    prefix = kernel.partition('_')[0]
    return 'program' if kernel == 'sqlite' else prefix if prefix in ('atomic', 'simd') else 'scalar'


def kernel_names(wanted):
    """All kernels, or those of a comma-separated list; `empty` only measures starting."""
    known = sorted(f[:-2] for f in os.listdir(KERNELS) if f.endswith('.c') and f != 'empty.c')
    known.sort(key=lambda name: ('scalar', 'atomic', 'simd', 'program').index(kind_of(name)))
    if not wanted or wanted == 'none':
        return [] if wanted else known
    names = wanted.split(',')
    for name in names:
        if name not in known:
            sys.exit(f'run.py: no kernel {name}; known are {", ".join(known)}')
    return names


def build_kernel(folder, kernel, with_reactor):
    """The native program, the WASI command and, for hosts without WASI, the reactor."""
    if kind_of(kernel) == 'program':
        return build_sqlite(folder)
    source = os.path.join(KERNELS, kernel + '.c')
    flags = [CC, *COMMON_FLAGS]
    native_flags, wasm_flags = SCALAR_FLAGS, WASM_FLAGS
    if kind_of(kernel) == 'simd':
        native_flags, wasm_flags = SIMD_FLAGS, [*WASM_FLAGS, '-msimd128']
    if kind_of(kernel) == 'atomic':
        wasm_flags = WASM_FLAGS + ATOMIC_FLAGS
    products = [('', native_flags, ['-lm']), ('.wasm', wasm_flags, [])]
    if with_reactor:
        products.append(('.reactor.wasm', wasm_flags + REACTOR_FLAGS, []))
    for suffix, more, libraries in products:
        target = os.path.join(folder, kernel + suffix)
        make(target, [source, os.path.join(KERNELS, 'kernel.h')],
             [*flags, *more, '-o', target, source, *libraries])


# ---- SQLite ----

def sqlite_source(folder, wasm):
    """The folder of SQLite's one C file: in this build or the guests' of our program's build, else from
    the package of Rust's registry that carries it; fetched once."""
    def find():
        places = [folder] + ([os.path.join(os.path.dirname(wasm), '..', 'tests', 'guests')] if wasm else [])
        for place in places:
            for file in glob.glob(os.path.join(place, '**', 'libsqlite3-sys-*', 'sqlite3', 'sqlite3.c'),
                                  recursive=True):
                return os.path.dirname(file)
        return None
    found = find()
    if found:
        return found
    cargo = shutil.which('cargo')
    if not cargo:
        raise Missing('cargo, to fetch SQLite with')
    package = os.path.join(folder, 'sqlite_package')
    os.makedirs(os.path.join(package, 'src'), exist_ok=True)
    open(os.path.join(package, 'src', 'lib.rs'), 'w').close()
    with open(os.path.join(package, 'Cargo.toml'), 'w') as file:
        file.write('[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2018"\n[workspace]\n'
                   f'[dependencies]\n{SQLITE_CRATE}\n')
    done = subprocess.run([cargo, 'fetch'], cwd=package, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**os.environ, 'CARGO_HOME': os.path.join(package, 'home')})
    found = find()
    if done.returncode or not found:
        raise Missing("SQLite's source, which cargo cannot fetch")
    return found


def prepare_sqlite(folder, wasm):
    """SQLite as an object for both; afterwards its kernel can be built. Else raises Missing."""
    link = os.path.join(folder, 'sqlite_source')
    if not os.path.exists(os.path.join(link, 'sqlite3.c')):
        if os.path.islink(link):
            os.unlink(link)
        os.symlink(os.path.abspath(sqlite_source(folder, wasm)), link)
    source = os.path.join(link, 'sqlite3.c')
    emulated = ['-D_WASI_EMULATED_' + name.upper() for name in EMULATED]
    for target, flags in (('sqlite3.o', SCALAR_FLAGS), ('sqlite3.wasm.o', WASM_FLAGS + emulated)):
        target = os.path.join(folder, target)
        make(target, [source], [CC, *COMMON_FLAGS, *SQLITE_FLAGS, *flags, '-c', source, '-o', target])


def build_sqlite(folder):
    source = os.path.join(KERNELS, 'sqlite.c')
    flags = [CC, *COMMON_FLAGS, '-I', os.path.join(folder, 'sqlite_source'), source]
    libraries = ['-lwasi-emulated-' + name for name in EMULATED] + ['-Wl,-z,stack-size=1048576']
    products = (('', 'sqlite3.o', ['-lm']), ('.wasm', 'sqlite3.wasm.o', WASM_FLAGS + libraries))
    for suffix, code, more in products:
        target, code = os.path.join(folder, 'sqlite' + suffix), os.path.join(folder, code)
        make(target, [source, code], [*flags, code, *more, '-o', target])


# ---- large modules ----

def build_esbuild(folder):
    """The bundler esbuild, by Go: 20 MB of WebAssembly. Returns the file."""
    target = os.path.join(folder, 'go', 'bin', 'wasip1_wasm', 'esbuild')
    if os.path.exists(target):
        return target
    go = shutil.which('go') or shutil.which('go', path='/usr/local/go/bin')
    if not go or 'wasip1/wasm' not in subprocess.run([go, 'tool', 'dist', 'list'], stdout=subprocess.PIPE,
                                                     text=True).stdout:
        raise Missing('Go 1.21 or later, to build esbuild with')
    environment = {**os.environ, 'GOOS': 'wasip1', 'GOARCH': 'wasm', 'GOPATH': os.path.join(folder, 'go'),
                   'GOFLAGS': '-modcacherw'}
    environment.pop('GOBIN', None)
    done = subprocess.run([go, 'install', ESBUILD], env=environment, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)
    if done.returncode or not os.path.exists(target):
        raise Missing("esbuild, which Go cannot fetch or build")
    return target
