#!/usr/bin/env python3
"""Casts: every kind of reference, by every static type, to every kind of type, by ref.test, ref.cast and both
branches. casts.py WASM_PROGRAM [OPTION]...: writes them as a script with the answers of the types' tree, and runs it."""
import subprocess
import sys
import tempfile

DEPTH = 9  # $0 .. $8 extend one another
DEFINED = ['0', '1', '2', '6', '7', '8', 'leaf', 'side', 'bytes', 'more']
TARGETS = ['$' + name for name in DEFINED] + ['i31', 'struct', 'array', 'eq', 'any', 'none']
STATIC = ['any', 'eq', 'struct', 'array', '$0', '$2', '$bytes']
VALUES = ['null'] + [str(i) for i in range(DEPTH)] + ['leaf', 'side', 'bytes', 'more', 'i31', 'host']

TYPES = '\n'.join(
    ['(rec (type $0 (sub (struct (field $x (mut i32)))))']
    + [f'(type ${i} (sub ${i - 1} (struct (field $x (mut i32)))))' for i in range(1, DEPTH)]
    + ['(type $leaf (sub final $2 (struct (field $x (mut i32)) (field $y i64))))',
       '(type $side (sub final $0 (struct (field $x (mut i32)))))',
       '(type $bytes (sub (array (mut i8)))) (type $more (sub final $bytes (array (mut i8)))))'])


def ancestors(value):
    """All types that a value is of, but for null."""
    if value.isdigit():
        return {f'${i}' for i in range(int(value) + 1)} | {'struct', 'eq', 'any'}
    return {'leaf': {'$leaf', '$2', '$1', '$0', 'struct', 'eq', 'any'}, 'side': {'$side', '$0', 'struct', 'eq', 'any'},
            'bytes': {'$bytes', 'array', 'eq', 'any'}, 'more': {'$more', '$bytes', 'array', 'eq', 'any'},
            'i31': {'i31', 'eq', 'any'}, 'host': {'any'}, 'null': set()}[value]


def answers(value):
    """Two bits for each target: whether the value is of (ref T), of (ref null T)."""
    bits = 0
    for i, target in enumerate(TARGETS):
        bits |= (target in ancestors(value)) << 2 * i
        bits |= (value == 'null' or target in ancestors(value)) << 2 * i + 1
    return bits


def made(value):
    return {'null': '(ref.null none)', 'bytes': '(array.new_default $bytes (i32.const 3))',
            'more': '(array.new_default $more (i32.const 3))', 'i31': '(ref.i31 (i32.const -1))',
            'host': '(any.convert_extern (local.get 0))'}.get(value, f'(struct.new_default ${value})')


def collected(tests):
    shifted = (f'(i64.shl (i64.extend_i32_u {test}) (i64.const {at}))' for at, test in tests)
    return ''.join(f'(local.set 1 (i64.or (local.get 1) {bits}))\n' for bits in shifted) + '(local.get 1)'


def tests_of(static):
    tests = [(2 * i + k, f'(ref.test (ref {null}{target}) (local.get 0))')
             for i, target in enumerate(TARGETS) for k, null in ((0, ''), (1, 'null '))]
    return (f'(func $of_{static[5:] if static.startswith("null ") else "not_" + static} (param (ref {static})) '
            f'(result i64) (local i64)\n{collected(tests)})')


def branches(target):
    return f'''(func $branch_{target} (param anyref) (result i32) (i32.add
  (block $yes (result i32)
    (drop (block $l (result (ref {target})) (drop (br_on_cast $l anyref (ref {target}) (local.get 0))) (br $yes (i32.const 0))))
    (i32.const 1))
  (block $no (result i32)
    (drop (block $l (result anyref) (drop (br_on_cast_fail $l anyref (ref null {target}) (local.get 0))) (br $no (i32.const 2))))
    (i32.const 0))))'''


def value_at(index):
    return f'(table.get $values (local.get {index}))'


def module():
    yield f'(module {TYPES} (table $values {len(VALUES)} anyref) (func (export "init") (param externref)'
    yield from (f'(table.set $values (i32.const {i}) {made(value)})' for i, value in enumerate(VALUES))
    yield ')'
    for static in STATIC:
        for null in ('null ', ''):
            name = static if null else 'not_' + static
            yield tests_of(null + static)
            yield (f'(func (export "{name}") (param i32) (result i64) '
                   f'(call $of_{name} (ref.cast (ref {null}{static}) {value_at(0)})))')
    for target in TARGETS:
        for null in ('', 'null '):
            yield f'(func (export "cast {null}{target}") (param i32) (drop (ref.cast (ref {null}{target}) {value_at(0)})))'
        yield branches(target)
    tests = [(2 * i, f'(call $branch_{target} {value_at(0)})') for i, target in enumerate(TARGETS)]
    yield f'(func (export "branches") (param i32) (result i64) (local i64)\n{collected(tests)}))'


def commands():
    yield '(assert_return (invoke "init" (ref.extern 7)))'
    for i, value in enumerate(VALUES):
        asked = ['branches'] + [static for static in STATIC if value == 'null' or static in ancestors(value)]
        asked += ['not_' + static for static in STATIC if static in ancestors(value)]
        yield from (f'(assert_return (invoke "{name}" (i32.const {i})) (i64.const {answers(value)}))' for name in asked)
        for k, target in enumerate(TARGETS):
            for bit, null in ((1, ''), (2, 'null ')):
                call = f'(invoke "cast {null}{target}" (i32.const {i}))'
                passes = answers(value) >> 2 * k & bit
                yield f'(assert_return {call})' if passes else f'(assert_trap {call} "cast failure")'


with tempfile.NamedTemporaryFile('w', suffix='.wast') as script:
    script.write('\n'.join([*module(), *commands()]) + '\n')
    script.flush()
    sys.exit(subprocess.run([sys.argv[1], 'wast', *sys.argv[2:], script.name]).returncode)
