"""Components for oracle.py, as bytes: a callee that gives what lies in its memory, and two callers of functions of the same type,
one of the host's function, one of the callee's.

    host  --f-->  callee          writes down what it got; gives what its memory says
    host  --run-host-->   caller  --h-->  host      calls with what its memory says; writes down what it got
    host  --run-guest-->  caller  --f-->  callee

What their memories are for:

    0    BUMP      where the next allocation goes        64   FLAT     parameters, 8 bytes each: got by f, given by run
    4    EVIL      the how manieth realloc goes wrong,   256  RESULT   what f gives, what run got
    8    EVIL_AT   and what it gives then                264  POST     what post-return was given, and how often
    12   LOG       a hash of all arguments of realloc    320  DROPPED  handles that f drops, DROPS of them, the last first
    16   GROWS     each realloc grows the memory, too    1024 HEAP
    40   DROPS
"""
import definitions as d

BUMP, EVIL, EVIL_AT, LOG, GROWS, DROPS, FLAT, RESULT, POST, DROPPED, HEAP = 0, 4, 8, 12, 16, 40, 64, 256, 264, 320, 1024
PAGE, MAX_PAGES, FILLER = 65536, 4, 0xA5
MAX_PARAMS = 16
ENCODINGS = ["utf8", "utf16", "latin1+utf16"]


def leb(value):
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def signed(value):
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        if (value == 0 and not byte & 0x40) or (value == -1 and byte & 0x40):
            return bytes(out + bytes([byte]))
        out.append(byte | 0x80)


def vec(items):
    return leb(len(items)) + b"".join(items)


def name(text):
    return leb(len(text)) + text.encode()


def section(number, content):
    return bytes([number]) + leb(len(content)) + content


def section_of(number, *items):
    return section(number, vec(items))


# ---- core modules ----

CORE = {"i32": b"\x7f", "i64": b"\x7e", "f32": b"\x7d", "f64": b"\x7c"}
LOAD = {"i32": b"\x28\x02", "i64": b"\x29\x03", "f32": b"\x2a\x02", "f64": b"\x2b\x03"}
STORE = {"i32": b"\x36\x02", "i64": b"\x37\x03", "f32": b"\x38\x02", "f64": b"\x39\x03"}
ZERO, END, I32 = b"\x41\x00", b"\x0b", b"\x7f"


def const(value):
    return b"\x41" + signed(value)


def get(local):
    return b"\x20" + leb(local)


def load(kind, at):
    return ZERO + LOAD[kind] + leb(at)


def store(kind, at, value):
    return ZERO + value + STORE[kind] + leb(at)


def func_type(params, results):
    return b"\x60" + vec([CORE[p] for p in params]) + vec([CORE[r] for r in results])


def body(code, locals_=0):
    code = (vec([leb(locals_) + I32]) if locals_ else leb(0)) + code + END
    return leb(len(code)) + code


def module(*sections):
    return b"\0asm\1\0\0\0" + b"".join(sections)


def realloc_body():
    old, old_size, align, size, at = range(5)
    mul, xor, add, sub, land = b"\x6c", b"\x73", b"\x6a", b"\x6b", b"\x71"
    fill, copy = b"\xfc\x0b\x00", b"\xfc\x0a\x00\x00"
    code = b""
    for param in (old, old_size, align, size):
        code += store("i32", LOG, load("i32", LOG) + get(param) + xor + const(16777619) + mul)
    # if GROWS: unless memory.grow(1) fails, the new page is filled
    code += load("i32", GROWS) + b"\x04\x40" + const(1) + b"\x40\x00" + b"\x22" + leb(at) + const(-1) + b"\x47\x04\x40"
    code += get(at) + const(16) + b"\x74" + const(FILLER) + const(PAGE) + fill + END + END
    # if EVIL: one less; when it is none, EVIL_AT. What moves is moved, or nobody could tell what should be where
    code += load("i32", EVIL) + b"\x04\x40" + store("i32", EVIL, load("i32", EVIL) + const(1) + sub)
    code += load("i32", EVIL) + b"\x45" + get(old) + b"\x45" + load("i32", EVIL_AT) + const(0) + b"\x48\x72\x71\x04\x40" + load("i32", EVIL_AT) + b"\x0f" + END + END
    # if old and size <= old_size: it shrinks where it is
    code += get(old) + b"\x04\x40" + get(size) + get(old_size) + b"\x4d\x04\x40"
    code += get(old) + get(size) + add + const(FILLER) + get(old_size) + get(size) + sub + fill + get(old) + b"\x0f" + END + END
    code += load("i32", BUMP) + get(align) + add + const(1) + sub + const(0) + get(align) + sub + land + b"\x21" + leb(at)
    code += store("i32", BUMP, get(at) + get(size) + add)
    code += get(at) + get(old) + get(old_size) + copy + get(old) + const(FILLER) + get(old_size) + fill
    return body(code + get(at), 1)


def memory_module():
    return module(section_of(1, func_type(["i32"] * 4, ["i32"])), section_of(3, leb(0)),
                  section_of(5, b"\x01" + leb(1) + leb(MAX_PAGES)),
                  section_of(7, name("m") + b"\x02" + leb(0), name("r") + b"\x00" + leb(0)),
                  section_of(10, realloc_body()))


MEMORY_IMPORT = name("l") + name("m") + b"\x02\x01" + leb(1) + leb(MAX_PAGES)


def callee_module(params, results):
    drop = b"\x10\x00"
    code = b"".join(store(kind, FLAT + 8 * i, get(i)) for i, kind in enumerate(params))
    count = len(params)
    # while DROPS: DROPS -= 1; drop(DROPPED[DROPS])
    code += b"\x02\x40\x03\x40" + load("i32", DROPS) + b"\x45\x0d\x01" + store("i32", DROPS, load("i32", DROPS) + const(1) + b"\x6b")
    code += load("i32", DROPS) + const(2) + b"\x74" + LOAD["i32"] + leb(DROPPED) + drop + b"\x0c\x00" + END + END
    for kind in results:
        code += load(kind, RESULT)
    post = b"".join(store(kind, POST, get(i)) for i, kind in enumerate(results))
    post += store("i32", POST + 8, load("i32", POST + 8) + const(1) + b"\x6a")
    assert count <= MAX_PARAMS
    return module(section_of(1, func_type(["i32"], []), func_type(params, results), func_type(results, [])),
                  section_of(2, MEMORY_IMPORT, name("i") + name("d") + b"\x00" + leb(0)), section_of(3, leb(1), leb(2)),
                  section_of(7, name("f") + b"\x00" + leb(1), name("p") + b"\x00" + leb(2)), section_of(10, body(code), body(post)))


def caller_module(params, results):
    code = b"".join(load(kind, FLAT + 8 * i) for i, kind in enumerate(params)) + b"\x10\x00"
    if results:
        code = ZERO + code + STORE[results[0]] + leb(RESULT)
    return module(section_of(1, func_type(params, results), func_type([], [])),
                  section_of(2, MEMORY_IMPORT, name("i") + name("h") + b"\x00" + leb(0)), section_of(3, leb(1)),
                  section_of(7, name("run") + b"\x00" + leb(1)), section_of(10, body(code)))


# ---- component types ----

PRIMITIVES = {d.BoolType: 0x7F, d.S8Type: 0x7E, d.U8Type: 0x7D, d.S16Type: 0x7C, d.U16Type: 0x7B, d.S32Type: 0x7A, d.U32Type: 0x79,
              d.S64Type: 0x78, d.U64Type: 0x77, d.F32Type: 0x76, d.F64Type: 0x75, d.CharType: 0x74, d.StringType: 0x73}
NOMINAL = (d.RecordType, d.VariantType, d.EnumType, d.FlagsType)


class Types:
    """The types of one scope: what refers to records and so on needs them imported by name."""

    def __init__(self):
        self.sections = section_of(10, b"\x00" + name("r") + b"\x03\x01")
        self.count = 1
        self.indices = {}
        self.names = []  # of imported types: (name, index)

    def push(self, code):
        self.sections += section_of(7, code)
        self.count += 1
        return self.count - 1

    def ref(self, t):
        if type(t) in PRIMITIVES:
            return bytes([PRIMITIVES[type(t)]])
        if id(t) not in self.indices:
            index = self.push(self.code(t))
            if isinstance(t, NOMINAL):
                label = f"t{len(self.names)}"
                self.sections += section_of(10, b"\x00" + name(label) + b"\x03\x00" + leb(index))
                index = self.count
                self.count += 1
                self.names.append((label, index))
            self.indices[id(t)] = index
        return signed(self.indices[id(t)])

    def optional(self, t):
        return b"\x01" + self.ref(t) if t is not None else b"\x00"

    def code(self, t):
        match t:
            case d.RecordType(fields):
                return b"\x72" + vec([name(f.label) + self.ref(f.t) for f in fields])
            case d.VariantType(cases):
                return b"\x71" + vec([name(c.label) + self.optional(c.t) + b"\x00" for c in cases])
            case d.ListType(element):
                return b"\x70" + self.ref(element)
            case d.TupleType(ts):
                return b"\x6f" + vec([self.ref(u) for u in ts])
            case d.FlagsType(labels):
                return b"\x6e" + vec([name(label) for label in labels])
            case d.EnumType(labels):
                return b"\x6d" + vec([name(label) for label in labels])
            case d.OptionType(u):
                return b"\x6b" + self.ref(u)
            case d.ResultType(ok, error):
                return b"\x6a" + self.optional(ok) + self.optional(error)
            case d.OwnType():
                return b"\x69" + leb(0)
            case d.BorrowType():
                return b"\x68" + leb(0)
        raise TypeError(t)

    def func(self, params, result):
        params = [name(f"p{i}") + self.ref(t) for i, t in enumerate(params)]
        return self.push(b"\x40" + vec(params) + (b"\x00" + self.ref(result) if result is not None else b"\x01\x00"))

    def arguments(self):
        return [name(label) + b"\x03" + leb(index) for label, index in [("r", 0)] + self.names]


# ---- components ----

HEADER = b"\0asm\x0d\0\1\0"


def core_alias(sort, instance, label):
    return b"\x00" + sort + b"\x01" + leb(instance) + name(label)


def options(encoding, memory, realloc, post=None):
    items = [bytes([ENCODINGS.index(encoding)]), b"\x03" + leb(memory), b"\x04" + leb(realloc)]
    return vec(items + ([b"\x05" + leb(post)] if post is not None else []))


def export(label, index):
    return b"\x00" + name(label) + b"\x01" + leb(index) + b"\x00"


def linked(main, imported):
    """Core instances: 0 with the memory, 1 of what the main module imports, 2 of that."""
    return (section(1, main) + section_of(2, b"\x01" + vec([imported]),
                                          b"\x00" + leb(1) + vec([name("l") + b"\x12" + leb(0), name("i") + b"\x12" + leb(1)])))


def callee(sig):
    types = Types()
    ft = types.func(sig.params, sig.result)
    return (HEADER + types.sections + section_of(8, b"\x03" + leb(0)) + section(1, memory_module()) +
            section_of(2, b"\x00" + leb(0) + leb(0)) + section_of(6, core_alias(b"\x02", 0, "m"), core_alias(b"\x00", 0, "r")) +
            linked(callee_module(sig.flat_params, sig.flat_results), name("d") + b"\x00" + leb(0)) +
            section_of(6, core_alias(b"\x00", 2, "f"), core_alias(b"\x00", 2, "p")) +
            section_of(8, b"\x00\x00" + leb(2) + options(sig.callee_encoding, 0, 1, 3) + leb(ft)) + section_of(11, export("f", 0)))


def caller(sig):
    types = Types()
    ft = types.func(sig.params, sig.result)
    imports = types.sections + section_of(10, b"\x00" + name("h") + b"\x01" + leb(ft))
    run = types.count
    return (HEADER + imports + section_of(7, b"\x40\x00\x01\x00") + section(1, memory_module()) +
            section_of(2, b"\x00" + leb(0) + leb(0)) + section_of(6, core_alias(b"\x02", 0, "m"), core_alias(b"\x00", 0, "r")) +
            section_of(8, b"\x01\x00" + leb(0) + options(sig.caller_encoding, 0, 0)) +
            linked(caller_module(sig.lowered_params, sig.lowered_results), name("h") + b"\x00" + leb(1)) +
            section_of(6, core_alias(b"\x00", 2, "run")) +
            section_of(8, b"\x00\x00" + leb(2) + vec([b"\x03" + leb(0)]) + leb(run)) + section_of(11, export("run", 1)))


def component(sig):
    types = Types()
    ft = types.func(sig.params, sig.result)
    args = types.arguments()

    def alias(instance, label):
        return b"\x01\x00" + leb(instance) + name(label)

    def make(index, *more):
        return section_of(5, b"\x00" + leb(index) + vec(args + list(more)))

    return (HEADER + types.sections + section_of(10, b"\x00" + name("h") + b"\x01" + leb(ft)) + section(4, callee(sig)) +
            section(4, caller(sig)) + make(0) + section_of(6, alias(0, "f")) + make(1, name("h") + b"\x01" + leb(0)) +
            make(1, name("h") + b"\x01" + leb(1)) + section_of(6, alias(1, "run"), alias(2, "run")) +
            section_of(11, export("f", 1), export("run-host", 2), export("run-guest", 3)))
