#!/usr/bin/env python3
"""Selection, by example: each .wat in golden/ says in comments what its functions become.
   golden.py WASM_PROGRAM FILE...

   ;; lir: PATTERN    these lines appear in the allocated LIR of the function, in this order
   ;; ir: PATTERN     the same for the placed IR
   ;; no-lir: PATTERN nothing like it is anywhere
   ;; asm: PATTERN    the same for its machine code; said to be left out where there is no disassembler
   ;; ir-count: N PATTERN    so many lines of the IR are like it
   ;; asm-most: N FIRST .. LAST    the lines from the first with FIRST to the next with LAST are at most N
   ;; options: ...    for `wasm dump`
A pattern is words with * for anything; it is looked for within a line. The first function is meant."""
import fnmatch
import re
import subprocess
import sys
import tempfile


def dump(program, path, stage, options):
    command = [program, 'dump', '--stage=' + stage, '--func', '0', *options, path]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.splitlines() if done.returncode == 0 else [done.stderr]


def fits(line, pattern):
    return fnmatch.fnmatchcase(' '.join(line.split()), '*' + pattern.replace('[', '[[]') + '*')


def check_length(lines, rule):
    most, first, last = re.fullmatch(r'(\d+) (.*) \.\. (.*)', rule).groups()
    start = next((i for i in range(len(lines)) if fits(lines[i], first)), None)
    end = None if start is None else next((i for i in range(start, len(lines)) if fits(lines[i], last)), None)
    if end is None:
        return f'no "{rule}"'
    count = end - start + 1
    return f'{count} lines for "{rule}"' if count > int(most) else None


def check_count(lines, rule):
    number, pattern = rule.split(' ', 1)
    count = sum(fits(line, pattern) for line in lines)
    return f'{count} times "{pattern}"' if count != int(number) else None


counts = {'asm-most': check_length, 'ir-count': check_count}


def check(program, path):
    rules = re.findall(r';; (lir|ir|asm|asm-most|ir-count|no-lir|no-ir|options): *(.*)', open(path).read())
    options = [word for kind, text in rules if kind == 'options' for word in text.split()]
    wants_asm = any(kind.startswith('asm') for kind, _ in rules)
    stages = ('ir', 'lir', 'asm') if wants_asm else ('ir', 'lir')
    texts = {stage: dump(program, path, stage, options) for stage in stages}
    if wants_asm and not any('ret' in line for line in texts['asm']):
        print(f'{path}: machine code is not looked at: {texts["asm"][-1:]}')
        rules = [rule for rule in rules if not rule[0].startswith('asm')]
    at = dict.fromkeys(stages, 0)
    for kind, pattern in rules:
        if kind == 'options':
            continue
        if kind in counts:
            stage = kind.split('-')[0]
            trouble = counts[kind](texts[stage], pattern)
            if trouble:
                return trouble, texts[stage]
            continue
        stage = kind.replace('no-', '')
        lines = texts[stage]
        if kind.startswith('no-'):
            if any(fits(line, pattern) for line in lines):
                return f'there is "{pattern}"', lines
            continue
        found = next((i for i in range(at[stage], len(lines)) if fits(lines[i], pattern)), None)
        if found is None:
            return f'no "{pattern}" from line {at[stage]} on', lines
        at[stage] = found + 1
    return ('no rule', []) if not rules and not wants_asm else None


def check_large(program):
    """Of a function that takes so much memory that each pass gives back what later ones do not read."""
    steps = ''.join(f'(if (i32.load offset={4 * i} (local.get 0)) (then (local.set 0 (i32.const {i}))))\n' for i in range(3000))
    with tempfile.NamedTemporaryFile('w', suffix='.wat') as wat:
        wat.write(f'(module (memory 1) (func (export "f") (param i32) (result i32) {steps} (local.get 0)))')
        wat.flush()
        lines = {stage: dump(program, wat.name, stage, []) for stage in ('ir', 'lir')}
    return [f'{stage}: {text[-1:]}' for stage, text in lines.items() if len(text) < 3000]


failed = 0
for trouble in check_large(sys.argv[1]):
    failed += 1
    print('a large function:', trouble)
for name in sys.argv[2:]:
    trouble = check(sys.argv[1], name)
    if trouble:
        failed += 1
        print(f'{name}: {trouble[0]}', *trouble[1], sep='\n  ')
print(f'{len(sys.argv) - 2} files, {failed} failed')
sys.exit(1 if failed else 0)
