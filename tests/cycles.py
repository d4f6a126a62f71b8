#!/usr/bin/env python3
"""Finds cycles of files inside each room of lib/: a file needs another one when its object file takes a
symbol that the other's defines. Files in a cycle can only be understood, tested and replaced together, so
each has to be in ALLOWED, with the reason. The list only shrinks: an entry that is not found exactly as it
stands is an error too.
Usage: cycles.py ROOM ARCHIVE [ROOM ARCHIVE]..."""
import os
import pathlib
import subprocess
import sys

# By room: the files of a cycle, and why they may need each other.
ALLOWED = {
    "jit": {
        "fold.c fold_compare.c fold_convert.c fold_divide.c fold_eval.c fold_int.c ir.c":
            "making a node folds it, and what it is folded to are nodes made likewise",
    },
}


def symbols(archive):
    """The defined and the needed symbols of each object file in an archive."""
    nm = os.environ.get("NM", "nm")
    text = subprocess.run([nm, "-g", "--format=posix", archive], check=True, capture_output=True, text=True).stdout
    defined, needed, member = {}, {}, None
    for line in text.splitlines():
        if line.endswith(":"):
            member = line[:-1].rstrip("]").split("[")[-1].split("/")[-1]
            needed[member] = set()
            continue
        name, kind = line.split()[:2]
        if kind in "Uwv":
            needed[member].add(name)
        else:
            defined[name] = member
    return defined, needed


def needs(archive):
    """By object file: the others in the archive that it cannot do without."""
    defined, needed = symbols(archive)
    return {member: {defined[name] for name in names if name in defined} - {member}
            for member, names in needed.items()}


def reachable(graph, start):
    seen, todo = set(), list(graph[start])
    while todo:
        member = todo.pop()
        if member not in seen:
            seen.add(member)
            todo += graph[member]
    return seen


def cycles(graph):
    """The largest sets of members in which each reaches each."""
    reach = {member: reachable(graph, member) for member in graph}
    return {frozenset(other for other in reach[member] if member in reach[other])
            for member in graph if member in reach[member]}


def source_names(room):
    """Members are called by the path of their source, with _ for /, from lib/ or (where the room's own
    meson.build makes the library) from the room's folder; sources have unique names."""
    lib = pathlib.Path(__file__).resolve().parent.parent / "lib"
    return {str(path.relative_to(start)).replace("/", "_") + ".o": path.name
            for path in (lib / room).rglob("*") if path.suffix in {".c", ".S"} for start in (lib, lib / room)}


def shorten(graph, cycle):
    """One shortest way around through a member, as a hint where to cut."""
    best = None
    for start in sorted(cycle):
        ways, seen = [[start]], set()
        while ways:
            way = ways.pop(0)
            for member in sorted(graph[way[-1]] & cycle):
                if member == start and (best is None or len(way) < len(best)):
                    best = way
                if member not in seen:
                    seen.add(member)
                    ways.append(way + [member])
    return best + best[:1]


def check(room, archive):
    """Prints what differs from ALLOWED; returns how many cycles there are, and how many faults."""
    names = source_names(room)
    graph = {names[member]: {names[other] for other in others} for member, others in needs(archive).items()}
    found = cycles(graph)
    allowed = {frozenset(files.split()): reason for files, reason in ALLOWED.get(room, {}).items()}
    for cycle in found - allowed.keys():
        print(f"{room}: a cycle of {len(cycle)} files: {' '.join(sorted(cycle))}")
        print(f"  for example {' -> '.join(shorten(graph, cycle))}")
    for cycle in allowed.keys() - found:
        print(f"{room}: not a cycle (any more), take it off the list: {' '.join(sorted(cycle))}")
    return len(found), len(found ^ allowed.keys())


def main():
    rooms = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    unknown = ALLOWED.keys() - rooms.keys()
    for room in sorted(unknown):
        print(f"{room}: allowed cycles of a room that was not given")
    results = [check(room, archive) for room, archive in rooms.items()]
    faults = sum(fault for _, fault in results) + len(unknown)
    print(f"cycles: {len(rooms)} rooms, {sum(count for count, _ in results)} cycles, {faults} faults")
    return 1 if faults else 0


sys.exit(main())
