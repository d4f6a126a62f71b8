#!/usr/bin/env python3
"""Which types are equal, and which are below others: an oracle of its own against `wasm validate`.

Makes modules with random recursion groups, many of them alike, and at the end a function that hands on a
reference as one of another type, which is valid if the one type is below the other. The oracle knows types by
what they say (specification 3.2 and 3.3), and shares nothing with the library.

Usage: subtyping.py WASM [SEED [COUNT [OTHER...]]]    OTHER: a validator of its own, such as wasm-tools validate"""
import random
import subprocess
import sys
import tempfile
from pathlib import Path

FUNC, STRUCT, ARRAY = 0x60, 0x5F, 0x5E
NUMBERS = {"i32": 0x7F, "i64": 0x7E, "f32": 0x7D, "f64": 0x7C, "v128": 0x7B}
PACKED = {"i8": 0x78, "i16": 0x77}
ABSTRACT = {"any": 0x6E, "eq": 0x6D, "i31": 0x6C, "struct": 0x6B, "array": 0x6A, "none": 0x71,
            "func": 0x70, "nofunc": 0x73, "extern": 0x6F, "noextern": 0x72}
ABOVE = {"eq": ["any"], "i31": ["eq", "any"], "struct": ["eq", "any"], "array": ["eq", "any"],
         "none": ["i31", "struct", "array", "eq", "any"], "nofunc": ["func"], "noextern": ["extern"]}


# A value type is a name of NUMBERS or PACKED, or ("ref", nullable, heap), where heap is a name of ABSTRACT or an
# index. A type is {kind, final, supers, parts}: parts of functions are (params, results), of others fields, each
# (type, mutable).

# ---- the oracle ----

class Oracle:
    def __init__(self, groups):
        self.types = [t for group in groups for t in group]
        self.numbers = {}  # of groups, by what they say with all indices replaced
        self.identity = []  # of each type: its group's number, its place there
        self.valid = self.look(groups)

    def look(self, groups):
        start = 0
        for group in groups:
            end = start + len(group)
            if not all(self.closed(t, start + i, end) for i, t in enumerate(group)):
                return False
            said = tuple(self.said(t, start) for t in group)
            number = self.numbers.setdefault(said, len(self.numbers))
            self.identity += [(number, i) for i in range(len(group))]
            start = end
        return all(self.sub_declared(t) for t in self.types)

    def closed(self, t, own, end):
        return all(s < own for s in t["supers"]) and all(
            not isinstance(v, tuple) or isinstance(v[2], str) or v[2] < end for v in values(t))

    def name(self, index, start):
        return ("here", index - start) if index >= start else self.identity[index]

    def value_said(self, v, start):
        if isinstance(v, tuple) and not isinstance(v[2], str):
            return (v[0], v[1], self.name(v[2], start))
        return v

    def said(self, t, start):
        if t["kind"] == FUNC:
            parts = tuple(tuple(self.value_said(v, start) for v in part) for part in t["parts"])
        else:
            parts = tuple((self.value_said(v, start), m) for v, m in t["parts"])
        return (t["kind"], t["final"], tuple(self.name(s, start) for s in t["supers"]), parts)

    def heap_below(self, a, b):
        if isinstance(a, str) and isinstance(b, str):
            return a == b or b in ABOVE.get(a, [])
        if isinstance(a, str):
            return a == ("nofunc" if self.types[b]["kind"] == FUNC else "none")
        if isinstance(b, str):
            own = {FUNC: "func", STRUCT: "struct", ARRAY: "array"}[self.types[a]["kind"]]
            return own == b or b in ABOVE.get(own, [])
        return self.identity[a] == self.identity[b] or any(self.heap_below(s, b) for s in self.types[a]["supers"])

    def below(self, a, b):
        if not isinstance(a, tuple) or not isinstance(b, tuple):
            return a == b
        return (b[1] or not a[1]) and self.heap_below(a[2], b[2])

    def field_below(self, a, b):
        if a[1] != b[1]:
            return False
        return self.below(a[0], b[0]) and (not a[1] or self.below(b[0], a[0]))

    def sub_declared(self, t):
        return all(not self.types[s]["final"] and self.parts_below(t, self.types[s]) for s in t["supers"])

    def parts_below(self, t, above):
        if t["kind"] != above["kind"]:
            return False
        a, b = t["parts"], above["parts"]
        if t["kind"] == FUNC:
            return (len(a[0]) == len(b[0]) and len(a[1]) == len(b[1]) and
                    all(self.below(y, x) for x, y in zip(a[0], b[0])) and
                    all(self.below(x, y) for x, y in zip(a[1], b[1])))
        return len(a) >= len(b) and all(self.field_below(x, y) for x, y in zip(a, b))


def values(t):
    return [v for part in t["parts"] for v in part] if t["kind"] == FUNC else [v for v, _ in t["parts"]]


# ---- types by chance ----

class Maker:
    def __init__(self, rng):
        self.rng = rng

    def value(self, limit, packed):
        way = self.rng.randrange(8)
        if way == 0:
            return self.rng.choice(list(NUMBERS)[:2] + (list(PACKED) if packed else []))
        heap = self.rng.choice(list(ABSTRACT)) if way < 3 else self.rng.randrange(limit)
        return ("ref", self.rng.random() < 0.5, heap)

    def field(self, limit):
        return (self.value(limit, True), self.rng.random() < 0.3)

    def parts(self, kind, limit):
        count = self.rng.randrange(3)
        if kind == FUNC:
            return tuple([self.value(limit, False) for _ in range(self.rng.randrange(2))] for _ in range(2))
        return [self.field(limit) for _ in range(1 if kind == ARRAY else count)]

    def narrowed(self, v, limit):
        if not isinstance(v, tuple) or self.rng.random() < 0.6:
            return v
        if self.rng.random() < 0.5:
            return ("ref", False, v[2])
        return ("ref", v[1], self.rng.randrange(limit) if self.rng.random() < 0.5 else "none")

    def below(self, above, limit):
        """Mostly what a type below that one may be."""
        if above["kind"] == FUNC:
            return ([v for v in above["parts"][0]], [self.narrowed(v, limit) for v in above["parts"][1]])
        parts = [(v if m and self.rng.random() < 0.9 else self.narrowed(v, limit), m) for v, m in above["parts"]]
        return parts + ([self.field(limit)] if above["kind"] == STRUCT and self.rng.random() < 0.5 else [])

    def one(self, earlier, own, limit):
        kind = self.rng.choice([FUNC, STRUCT, STRUCT, ARRAY])
        t = {"kind": kind, "final": self.rng.random() < 0.2, "supers": [], "parts": None}
        open_ones = [i for i, e in enumerate(earlier) if not e["final"] or self.rng.random() < 0.05]
        if open_ones and self.rng.random() < 0.6:
            above = self.rng.choice(open_ones)
            t["supers"] = [above if self.rng.random() < 0.99 else self.rng.randrange(limit)]
            t["kind"] = earlier[above]["kind"]
            t["parts"] = self.below(earlier[above], limit)
        else:
            t["parts"] = self.parts(kind, limit)
        return t

    def again(self, group, start, now):
        """The group once more, its own indices moved; at times with one of them left."""
        def moved(i):
            return i if isinstance(i, str) or i < start or self.rng.random() < 0.01 else i - start + now

        def value(v):
            return (v[0], v[1], moved(v[2])) if isinstance(v, tuple) else v

        return [{"kind": t["kind"], "final": t["final"], "supers": [moved(s) for s in t["supers"]],
                 "parts": tuple([value(v) for v in part] for part in t["parts"]) if t["kind"] == FUNC
                 else [(value(v), m) for v, m in t["parts"]]} for t in group]

    def groups(self):
        groups, starts, types = [], [], []
        for _ in range(self.rng.randrange(1, 7)):
            start = len(types)
            if groups and self.rng.random() < 0.5:
                which = self.rng.randrange(len(groups))
                group = self.again(groups[which], starts[which], start)
                types += group
            else:
                group = []
                limit = start + self.rng.randrange(1, 5)
                for own in range(start, limit):
                    group.append(self.one(types, own, limit + (self.rng.random() < 0.005)))
                    types.append(group[-1])
            groups.append(group)
            starts.append(start)
        return groups


# ---- the binary format ----

def leb(n):
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out) + bytes([n])


def heap_bytes(h):
    if isinstance(h, str):
        return bytes([ABSTRACT[h]])
    return leb(h) if h & 0x40 == 0 or h > 0x7F else bytes([h | 0x80, 0])  # signed


def value_bytes(v):
    if isinstance(v, tuple):
        return bytes([0x63 if v[1] else 0x64]) + heap_bytes(v[2])
    return bytes([NUMBERS.get(v) or PACKED[v]])


def type_bytes(t):
    out = bytes([0x4F if t["final"] else 0x50]) + vector([leb(s) for s in t["supers"]]) + bytes([t["kind"]])
    if t["kind"] == FUNC:
        return out + vector([value_bytes(v) for v in t["parts"][0]]) + vector([value_bytes(v) for v in t["parts"][1]])
    fields = [value_bytes(v) + bytes([m]) for v, m in t["parts"]]
    return out + (vector(fields) if t["kind"] == STRUCT else fields[0])


def vector(items):
    return leb(len(items)) + b"".join(items)


def section(number, content):
    return bytes([number]) + leb(len(content)) + content


def module(groups, query):
    """With a function that hands on a reference to the first type of the query as one to the second."""
    rec = [b"\x4E" + vector([type_bytes(t) for t in g]) for g in groups]
    sig = b"\x60" + vector([value_bytes(query[0])]) + vector([value_bytes(query[1])])
    count = sum(map(len, groups))
    code = leb(4) + b"\0\x20\0\x0B"
    return (b"\0asm\1\0\0\0" + section(1, vector(rec + [sig])) + section(3, vector([leb(count)])) +
            section(10, vector([code])))


# ---- both ----

def cases(rng, count):
    maker = Maker(rng)
    while count > 0:
        groups = maker.groups()
        oracle = Oracle(groups)
        total = len(oracle.types)
        for _ in range(3 if oracle.valid else 1):
            a, b = (("ref", rng.random() < 0.3, rng.randrange(total)) for _ in range(2))
            if rng.random() < 0.1:
                b = ("ref", True, rng.choice(list(ABSTRACT)))
            count -= 1
            yield groups, (a, b), oracle.valid and oracle.below(a, b), oracle.valid


def main():
    wasm, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    count, other = int(sys.argv[3]) if len(sys.argv) > 3 else 2000, sys.argv[4:]
    with tempfile.TemporaryDirectory() as folder:
        wanted = {}
        numbers = [0, 0, 0]
        for i, (groups, query, good, types_good) in enumerate(cases(random.Random(seed), count)):
            path = Path(folder) / f"{i}.wasm"
            path.write_bytes(module(groups, query))
            wanted[str(path)] = (good, groups, query)
            numbers[0 if good else 1 if types_good else 2] += 1
        ran = subprocess.run([wasm, "validate", *wanted], capture_output=True, text=True)
        refused = {line.split(": ")[1]: line for line in ran.stderr.splitlines() if ".wasm: " in line}
        wrong = 0
        for path, (good, groups, query) in wanted.items():
            here = path not in refused
            there = subprocess.run([*other, path], capture_output=True).returncode == 0 if other else good
            if good != here or good != there:
                wrong += 1
                print(f"{path}: the oracle says {good}, wasm {here}, {other[0] if other else 'nobody else'} {there}",
                      refused.get(path, ""), f"query {query}", *[f"  {g}" for g in groups], sep="\n")
        print(f"{numbers[0]} valid, {numbers[1]} not below, {numbers[2]} with types that are not valid; {wrong} wrong")
        return wrong > 0 or min(numbers) < count // 20


if __name__ == "__main__":
    sys.exit(main())
