#!/usr/bin/env python3
"""The canonical ABI against the specification's own: oracle.py DRIVER DEFINITIONS COUNT [SEED].

DEFINITIONS is definitions.py of WebAssembly/component-model (design/mvp/canonical-abi). Random types and values go through it and
through a component in DRIVER (oracle_driver.c): host to guest, guest to host, guest to guest (oracle_component.py draws them). What
is lifted, every byte of the guests' memories, the arguments of realloc, the tables of handles and whether it traps must agree. A
third of the memories are damaged first. Without DEFINITIONS: skipped, exit 77.

NaNs pass as they are in both: the specification lets an implementation do so, and its Python makes any of them. Where a string is
allocated twice, the Python has written some of it before the second realloc, and we write it all afterwards: a realloc that keeps what
was there, as it must, cannot tell. A string in UTF-16 that turns out to be Latin-1 is given back with the alignment of its encoding, 2,
which wasmtime's scripts ask for, and such strings when they are lifted; the Python has 1."""
import os
import pathlib
import random
import struct
import subprocess
import sys

driver_path, definitions, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
if not pathlib.Path(definitions).is_file():
    print("skipped: canonical ABI (no definitions.py: configure with -Dcanonical_abi=FILE)")
    sys.exit(77)
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(definitions))
import definitions as d  # pylint: disable=wrong-import-position

import oracle_component as c  # pylint: disable=wrong-import-position

# Floats are their bits here.
for function in ("decode_i32_as_float", "decode_i64_as_float", "encode_float_as_i32", "encode_float_as_i64", "canonicalize_nan32",
                 "canonicalize_nan64", "maybe_scramble_nan32", "maybe_scramble_nan64"):
    setattr(d, function, lambda bits: bits)

rng = random.Random(seed)
RESOURCE = d.ResourceType(None)

# ---- types ----

SCALARS = [d.BoolType, d.S8Type, d.U8Type, d.S16Type, d.U16Type, d.S32Type, d.U32Type, d.S64Type, d.U64Type, d.F32Type, d.F64Type,
           d.CharType]


def labels(prefix, most):
    return [f"{prefix}{i}" for i in range(rng.randint(1, most))]


def random_type(depth, borrows):
    """A type that nests at most `depth` deep."""
    kind = rng.randrange(20) if depth else rng.randrange(9)
    if kind < 6:
        return rng.choice(SCALARS)()
    if kind < 8:
        return d.StringType()
    if kind == 8:
        return rng.choice([d.FlagsType(labels("f", 32)), d.EnumType(labels("e", rng.choice([4, 300]))), d.OwnType(RESOURCE),
                           d.BorrowType(RESOURCE) if borrows else d.U8Type()])
    inner = lambda: random_type(depth - 1, borrows)
    maybe = lambda: inner() if rng.random() < 0.7 else None
    if kind < 12:
        return d.ListType(inner())
    if kind < 14:
        return d.RecordType([d.FieldType(label, inner()) for label in labels("f", 6)])
    if kind == 14:
        return d.TupleType([inner() for _ in range(rng.randint(1, 5))])
    if kind < 17:
        most = 260 if rng.random() < 0.05 else 5
        return d.VariantType([d.CaseType(label, maybe() if i < 6 else None) for i, label in enumerate(labels("c", most))])
    if kind == 17:
        return d.OptionType(inner())
    return d.ResultType(maybe(), maybe())


class Signature:
    def __init__(self):
        depth = rng.choice([0, 1, 2, 2, 3, 4])
        self.params = [random_type(depth, True) for _ in range(rng.choice([0, 1, 1, 2, 3, 4, 20]))]
        self.result = random_type(depth, False) if rng.random() < 0.8 else None
        self.results = [] if self.result is None else [self.result]
        self.callee_encoding, self.caller_encoding = rng.choice(c.ENCODINGS), rng.choice(c.ENCODINGS)
        opts = d.CanonicalOptions(memory=d.MemInst(bytearray(), "i32"))
        lifted = d.flatten_functype(opts, d.FuncType(self.params, self.results), "lift")
        lowered = d.flatten_functype(opts, d.FuncType(self.params, self.results), "lower")
        self.flat_params, self.flat_results = lifted.params, lifted.results
        self.lowered_params, self.lowered_results = lowered.params, lowered.results
        self.by_pointer = self.result if len(d.flatten_types(self.results, opts)) > 1 else None


# ---- values, as definitions.py has them ----

ALPHABETS = ["abcXYZ 09", "aé\xff\x80ü", "aé€一\ud7ff\ue000\uffff", "a\xff€😀\U0010ffff\U00010000", "\0"]


def random_string(most=24):
    alphabet = rng.choice(ALPHABETS)
    size = rng.randint(0, most if rng.random() < 0.95 else 300)
    text = "".join(rng.choice(alphabet) for _ in range(size))
    if size and rng.random() < 0.2:  # one that changes the encoding, anywhere
        at = rng.randrange(size)
        text = text[:at] + rng.choice("\x7f\x80\xff\u0100€😀") + text[at:]
    return (text, "utf8", len(text.encode()))


def random_integer(bits, signed):
    least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return rng.choice([0, 1, least, most, rng.randint(least, most), rng.randint(least, most)])


INTEGERS = {d.S8Type: (8, True), d.U8Type: (8, False), d.S16Type: (16, True), d.U16Type: (16, False), d.S32Type: (32, True),
            d.U32Type: (32, False), d.S64Type: (64, True), d.U64Type: (64, False)}
F32_EDGES = [0, 0x80000000, 0x7F800000, 0x7FC00000, 0x7F800001, 0xFFFFFFFF, 1]
F64_EDGES = [bits << 32 | rest for bits, rest in [(0, 0), (0x80000000, 0), (0x7FF00000, 0), (0x7FF80000, 0), (0x7FF00000, 1), (0xFFFFFFFF, 7)]]


def random_value(t, depth=0):
    if type(t) in INTEGERS:
        return random_integer(*INTEGERS[type(t)])
    match t:
        case d.BoolType():
            return rng.random() < 0.5
        case d.F32Type():
            return rng.choice(F32_EDGES + [rng.getrandbits(32)])
        case d.F64Type():
            return rng.choice(F64_EDGES + [rng.getrandbits(64)])
        case d.CharType():
            return rng.choice("\0a\x7f\x80\xffĀ€\ud7ff\ue000\uffff\U00010000\U0010ffff")
        case d.StringType():
            return random_string()
        case d.ListType(element):
            size = rng.choice([0, 1, 2, 3, rng.randint(0, 90 if depth == 0 else 8)])
            return [random_value(element, depth + 1) for _ in range(size)]
        case d.FlagsType(names):
            return {name: rng.random() < 0.5 for name in names}
        case d.OwnType() | d.BorrowType():
            return rng.getrandbits(32)
    t = d.despecialize(t)
    if isinstance(t, d.RecordType):
        return {f.label: random_value(f.t, depth + 1) for f in t.fields}
    case = rng.choice(t.cases)
    return {case.label: random_value(case.t, depth + 1) if case.t is not None else None}


def text_of(t, v):
    """As component_values.h has values."""
    match t:
        case d.BoolType():
            return "true" if v else "false"
        case d.CharType():
            return str(ord(v))
        case d.StringType():
            return '"' + v[0].encode().hex() + '"'
        case d.ListType(element):
            return "[" + ",".join([text_of(element, item) for item in v]) + "]"
        case d.FlagsType(names):
            return "{" + ",".join([name for name in names if v[name]]) + "}"
    if not isinstance(d.despecialize(t), (d.RecordType, d.VariantType)):
        return str(v)
    plain = d.despecialize(t)
    if isinstance(plain, d.RecordType):
        return "(" + ",".join([text_of(f.t, v[f.label]) for f in plain.fields]) + ")"
    [(label, payload)] = v.items()
    [(index, case)] = [(i, case) for i, case in enumerate(plain.cases) if case.label == label]
    label = str(index) if isinstance(t, (d.OptionType, d.ResultType)) else label
    return f"#{label}" + (f"({text_of(case.t, payload)})" if case.t is not None else "")


# ---- guests, as oracle_component.py has them ----

SIZES = {"i32": 4, "f32": 4, "i64": 8, "f64": 8}


class Guest:
    def __init__(self, encoding):
        self.handles = d.Table()
        self.pages = 1
        self.encoding = encoding
        self.memory = None

    def reset(self, image):
        self.memory = d.MemInst(bytearray(bytes([c.FILLER])) * (self.pages * c.PAGE), "i32")
        self.memory.bytes[:len(image)] = image

    def get(self, at, size=4):
        return int.from_bytes(self.memory.bytes[at:at + size], "little")

    def put(self, at, value, size=4):
        self.memory.bytes[at:at + size] = value.to_bytes(size, "little")

    def fill(self, at, size):
        d.trap_if(at + size > len(self.memory))
        self.memory.bytes[at:at + size] = bytes([c.FILLER]) * size

    def grow(self):
        if self.get(c.GROWS) and self.pages < c.MAX_PAGES:
            self.pages += 1
            self.memory.bytes.extend(bytes([c.FILLER]) * c.PAGE)

    def realloc(self, old, old_size, align, size):
        for argument in (old, old_size, align, size):
            self.put(c.LOG, (self.get(c.LOG) ^ argument) * 16777619 & 0xFFFFFFFF)
        self.grow()
        if self.get(c.EVIL):
            self.put(c.EVIL, self.get(c.EVIL) - 1)
            if not self.get(c.EVIL) and (not old or self.get(c.EVIL_AT) >= 1 << 31):
                return self.get(c.EVIL_AT)
        if old and size <= old_size:
            self.fill(old + size, old_size - size)
            return old
        at = (self.get(c.BUMP) + align - 1) & -align & 0xFFFFFFFF
        self.put(c.BUMP, at + size & 0xFFFFFFFF)
        d.trap_if(max(at, old) + old_size > len(self.memory))
        self.memory.bytes[at:at + old_size] = self.memory.bytes[old:old + old_size]
        self.fill(old, old_size)
        return at


class Scope(d.Task):
    def __init__(self):  # pylint: disable=super-init-not-called
        self.num_borrows = 0


class Lender(d.Subtask):
    def __init__(self):  # pylint: disable=super-init-not-called
        self.handles = []

    def add_lender(self, handle):
        handle.num_lends += 1
        self.handles.append(handle)

    def finish(self):
        for handle in self.handles:
            handle.num_lends -= 1


class Context(d.LiftLowerContext):
    def __init__(self, guest, scope=None):
        super().__init__(d.LiftLowerOptions(guest.encoding, guest.memory), guest, scope)

    def reallocate(self, old, old_byte_length, alignment, new_byte_length):
        if old and self.opts.string_encoding == "latin1+utf16":
            alignment = 2
        return self.inst.realloc(old, old_byte_length, alignment, new_byte_length)


# ---- what guests have in their memories before a call ----


class Image(d.LiftLowerContext):
    """Values as a guest may have laid them out, with handles of its table."""

    def __init__(self, guest):
        self.guest = guest
        self.taken = set()
        super().__init__(d.LiftLowerOptions(guest.encoding, d.MemInst(bytearray(bytes([c.FILLER])) * 16384, "i32")), self, Scope())
        self.handles = self
        self.bytes = self.opts.memory.bytes
        self.top = c.HEAP + rng.randrange(16)
        self.bytes[:c.FLAT] = bytes(c.FLAT)
        self.bytes[c.POST + 8:c.POST + 12] = bytes(4)

    def reallocate(self, old, old_byte_length, alignment, new_byte_length):
        at = -(-self.top // alignment) * alignment
        self.top = at + new_byte_length + rng.choice([0, 0, 0, 3])
        if self.top > len(self.bytes):
            self.bytes.extend(bytes([c.FILLER]) * (self.top - len(self.bytes)))
        return at

    def add(self, handle):
        """As a table: one that the guest has, mostly."""
        fitting = [i for i, has in enumerate(self.guest.handles.array)
                   if has is not None and i not in self.taken and (has.own or not handle.own)]
        if not fitting or rng.random() < 0.05:
            return rng.choice([0, 1, 2, 7, 0xFFFFFFFF])
        index = rng.choice(fitting)
        if handle.own:
            self.taken.add(index)
        return index

    def put(self, at, value, size):
        self.bytes[at:at + size] = value.to_bytes(size, "little")

    def put_flat(self, at, kinds, values):
        for i, (kind, value) in enumerate(zip(kinds, values)):
            self.put(at + 8 * i, value, SIZES[kind])

    def finish(self):
        self.put(c.BUMP, self.top, 4)
        if rng.random() < 0.05:
            self.put(c.BUMP, self.guest.pages * c.PAGE - rng.randrange(64), 4)
        if rng.random() < 0.1:
            self.put(c.GROWS, 1, 4)
        if rng.random() < 0.05:
            self.put(c.EVIL, rng.randint(1, 3), 4)
            self.put(c.EVIL_AT, rng.choice([40001, 40002, 40004, c.PAGE - 4, c.PAGE * c.MAX_PAGES, 0xFFFFFFF0, 0x80000000]), 4)
        return bytes(self.bytes).rstrip(bytes([c.FILLER]))


BYTES = [0, 1, 2, 3, 0x7F, 0x80, 0xC0, 0xC3, 0xD8, 0xDC, 0xDF, 0xE0, 0xED, 0xF0, 0xF4, 0xFF]
WORDS = [0, 1, 2, 255, 256, 257, 0xD800, 0xDFFF, 0x10FFFF, 0x110000, 65535, 65536, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF,
         0x10000000, 0x0FFFFFFF]


def damage(image, begins, flat, kinds):
    """Wrong bytes among those of the values, or wrong words."""
    if rng.random() < 0.66:
        return
    for _ in range(rng.randint(1, 3)):
        if kinds and rng.random() < 0.4:
            i = rng.randrange(len(kinds))
            flat[i] = rng.choice(WORDS + [flat[i] + 1 & 0xFFFFFFFF, flat[i] ^ 2])
            if SIZES[kinds[i]] == 8 and rng.random() < 0.5:
                flat[i] = flat[i] << 32 & 0xFFFFFFFFFFFFFFFF | rng.choice(WORDS)
        elif image.top > begins:
            at = rng.randrange(begins, image.top)
            if rng.random() < 0.6:
                image.bytes[at] = rng.choice(BYTES)
            else:
                struct.pack_into("<I", image.bytes, min(at & ~3, len(image.bytes) - 4), rng.choice(WORDS))


def store_string(cx, v):
    """As guests may have strings: what fits into Latin-1 in UTF-16, too."""
    if not isinstance(cx, Image):
        return store_string_by_specification(cx, v)
    text, encoding = v[0], cx.opts.string_encoding
    tag = 0
    if encoding == "latin1+utf16":
        wide = max(text, default="a") > "\xff" or rng.random() < 0.4
        encoding, tag = ("utf16", 1 << 31) if wide else ("latin1", 0)
    data = text.encode({"utf8": "utf-8", "utf16": "utf-16-le", "latin1": "latin-1"}[encoding])
    at = cx.allocate(2 if cx.opts.string_encoding != "utf8" else 1, len(data))
    cx.bytes[at:at + len(data)] = data
    return at, len(data) // (2 if encoding == "utf16" else 1) | tag


store_string_by_specification = d.store_string_into_range
d.store_string_into_range = store_string


def image_of(guest, types, most_flat, kinds, at, room_for=None):
    """A memory with values of the types, or where they are, at `at`; and room for a result, whose address is the last one."""
    image = Image(guest)
    begins = image.top
    flat = d.lower_flat_values(image, most_flat, [random_value(t) for t in types], types)
    if room_for is not None:
        flat.append(image.allocate(d.alignment(room_for, "i32"), d.elem_size(room_for, "i32")))
    damage(image, begins, flat, kinds)
    image.put_flat(at, kinds, flat)
    return image


# ---- calls ----


class Scene:
    """Instances of one component, in the driver and here."""

    def __init__(self, driver, sig):
        self.driver, self.sig = driver, sig
        self.renew()
        driver.send(b"C", c.component(sig))
        answer = driver.receive()
        if answer:
            raise SystemExit(f"the component is refused: {answer.decode()}")

    def renew(self):
        self.callee = Guest(self.sig.callee_encoding)
        self.callers = [Guest(self.sig.caller_encoding) for _ in range(2)]

    def drop(self, guest, index):
        handle = guest.handles.remove(index)
        d.trap_if(handle.num_lends)
        if handle.own:
            self.destroyed += 1
        else:
            handle.borrow_scope.num_borrows -= 1

    def run_callee(self, values):
        """What it gives to those arguments."""
        sig, guest, scope = self.sig, self.callee, Scope()
        flat = d.lower_flat_values(Context(guest, scope), c.MAX_PARAMS, values, sig.params)
        for i, (kind, value) in enumerate(zip(sig.flat_params, flat)):
            guest.put(c.FLAT + 8 * i, value, SIZES[kind])
        borrowed = [i for i, h in enumerate(guest.handles.array) if h is not None and h.borrow_scope is scope]
        self.dropped = borrowed[:50]
        if borrowed and rng.random() < 0.1:
            self.dropped = self.dropped[1:]
        for i, index in enumerate(self.dropped):
            guest.put(c.DROPPED + 4 * i, index)
        guest.put(c.DROPS, 0)
        for index in reversed(self.dropped):
            self.drop(guest, index)
        given = [guest.get(c.RESULT, SIZES[kind]) for kind in sig.flat_results]
        result = d.lift_flat_values(Context(guest), 1, d.CoreValueIter(given), sig.results)
        d.trap_if(scope.num_borrows)
        for kind, value in zip(sig.flat_results, given):
            guest.put(c.POST, value, SIZES[kind])
        guest.put(c.POST + 8, guest.get(c.POST + 8) + 1)
        return result

    def run_caller(self, guest, callee):
        """Calls with what its memory says; the result is there then."""
        sig, lender = self.sig, Lender()
        flat = [guest.get(c.FLAT + 8 * i, SIZES[kind]) for i, kind in enumerate(sig.lowered_params)]
        given = d.CoreValueIter(flat)
        values = d.lift_flat_values(Context(guest, lender), c.MAX_PARAMS, given, sig.params)
        results = callee(values)
        flat = d.lower_flat_values(Context(guest), 1, results, sig.results, given)
        for kind, value in zip(sig.lowered_results, flat):
            guest.put(c.RESULT, value, SIZES[kind])
        lender.finish()

    def callee_image(self):
        sig = self.sig
        return image_of(self.callee, sig.results, 1, sig.flat_results, c.RESULT)

    def caller_image(self, guest):
        sig = self.sig
        return image_of(guest, sig.params, c.MAX_PARAMS, sig.lowered_params, c.FLAT, sig.by_pointer)

    def attempt(self, act):
        """("ok", what it gave) or ("trap", None), with the memories afterwards. Drops are told to the driver beforehand."""
        self.destroyed = 0
        self.dropped = []
        try:
            return True, act()
        except d.Trap:
            return False, ""

    def texts(self, values, types):
        return " ".join([text_of(t, v) for t, v in zip(types, values)])

    def case(self):
        what = rng.randrange(3)
        sig, used = self.sig, []
        text = ""
        caller = self.callers[what - 1]
        images = [b"", b""]
        if what != 1:
            images[0] = self.callee_image().finish()
            self.callee.reset(images[0])
            used.append(self.callee)
        if what:
            images[1] = self.caller_image(caller).finish()
            caller.reset(images[1])
            used.append(caller)
        if what == 0:
            values = [random_value(t) for t in sig.params]
            text = self.texts(values, sig.params)
            good, told = self.attempt(lambda: self.texts(self.run_callee(values), sig.results))
        elif what == 1:
            results = [random_value(t) for t in sig.results]
            text = self.texts(results, sig.results)
            received = []

            def host(values):
                received.append(self.texts(values, sig.params))
                return results

            good, _ = self.attempt(lambda: self.run_caller(caller, host))
            told = received[0] if received else ""
        else:
            good, told = self.attempt(lambda: self.run_caller(caller, self.run_callee) or "")
        if self.dropped:  # the list lies there beforehand
            image = bytearray(images[0].ljust(c.DROPPED + 4 * len(self.dropped), bytes([c.FILLER])))
            struct.pack_into(f"<{len(self.dropped)}I", image, c.DROPPED, *self.dropped)
            struct.pack_into("<I", image, c.DROPS, len(self.dropped))
            images[0] = bytes(image)
        self.driver.send(b"X", bytes([what]), images[0], images[1], text.encode())
        self.compare(what, good, told, used, text)

    def compare(self, what, good, told, used, text):
        status = self.driver.receive()
        theirs = self.driver.receive().decode()
        memories = [self.driver.receive() for _ in range(2)]
        destroyed = int.from_bytes(self.driver.receive(), "little")
        self.driver.outcomes[what, good] = self.driver.outcomes.get((what, good), 0) + 1
        wrong = ""
        if (status == b"ok") != good:
            wrong = f"expected {'ok' if good else 'a trap'}, found {status.decode()} {theirs}"
        elif good and told != theirs:
            wrong = f"expected {told}, found {theirs}"
        elif good and destroyed != self.destroyed:
            wrong = f"expected {self.destroyed} destroyed, found {destroyed}"
        for guest in used if good and not wrong else []:
            mine = bytes(guest.memory.bytes).rstrip(bytes([c.FILLER]))
            other = memories[0 if guest is self.callee else 1]
            if mine != other:
                at = next((i for i, (a, b) in enumerate(zip(mine, other)) if a != b), min(len(mine), len(other)))
                wrong = f"memory of the {'callee' if guest is self.callee else 'caller'} at {at}: " \
                    f"expected {mine[at:at + 24].hex()}, found {other[at:at + 24].hex()}"
        if wrong:
            print(f"difference in {['f', 'run-host', 'run-guest'][what]} of {self.sig.params} -> {self.sig.result} "
                  f"({self.sig.caller_encoding}, {self.sig.callee_encoding}), given {text!r}:\n  {wrong}")
            self.driver.differences += 1
        if not good or wrong:
            self.renew()
            if status == b"ok":
                self.driver.send(b"R")


class Driver:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.differences = 0
        self.outcomes = {}

    def send(self, command, *parts):
        self.process.stdin.write(command + b"".join([struct.pack("<I", len(part)) + part for part in parts]))
        self.process.stdin.flush()

    def receive(self):
        size = self.process.stdout.read(4)
        if len(size) < 4:
            raise SystemExit("the driver ended")
        return self.process.stdout.read(struct.unpack("<I", size)[0])

    def end(self):
        self.process.stdin.close()
        if self.process.wait():
            raise SystemExit(f"the driver ended with {self.process.returncode}")


def main():
    driver = Driver(driver_path)
    done = 0
    while done < count and driver.differences < 10:
        scene = Scene(driver, Signature())
        for _ in range(min(25, count - done)):
            scene.case()
            done += 1
    driver.end()
    words = ["host to guest", "guest to host", "guest to guest"]
    for (what, good), number in sorted(driver.outcomes.items()):
        print(f"{number} {words[what]}: {'values' if good else 'traps'}")
    print(f"{done} cases, seed {seed}: {driver.differences} differences")
    sys.exit(1 if driver.differences else 0)


main()
