#!/usr/bin/env python3
"""The manual pages are well-formed, and say what is there: every option that `wasm VERB --help` lists is in the
verb's section of wasm.1 and the other way round; bash completes the same ones; every function that the pages
of section 3 name is exported. Usage: manual.py WASM SOURCE-FOLDER"""
import pathlib
import re
import shutil
import subprocess
import sys

wasm, source = sys.argv[1], pathlib.Path(sys.argv[2])
pages = [source / "tools/wasm.1", *sorted((source / "include/man").glob("*.3"))]
faults = []


def output(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    return done.stdout + done.stderr


def lint():
    if shutil.which("mandoc"):
        for page in pages:
            faults.extend(output("mandoc", "-Tlint", "-W", "warning", page).splitlines())
    else:
        print("skipped: mandoc -Tlint (no mandoc)")
    if shutil.which("man"):
        for page in pages:
            done = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True,
                                  env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANPAGER": "cat"})
            faults.extend(f"{page.name}: {line}" for line in done.stderr.splitlines())
    else:
        print("skipped: man --warnings (no man)")


def listed(verb):
    """The options of a --help, in its lines that begin with one."""
    return set(re.findall(r"^  (-[-a-zA-Z0-9]+)", output(wasm, verb, "--help"), re.M))


def sections():
    """The options of each .Ss of wasm.1."""
    parts = re.split(r"^\.Ss (.*)\n", pages[0].read_text(), flags=re.M)[1:]
    return {title: {"-" + flag for flag in re.findall(r"^\.It Fl (\S+)", text, re.M)}
            for title, text in zip(parts[::2], parts[1::2])}


def verbs():
    return re.findall(r"^  ([a-z]+) ", output(wasm, "--help"), re.M)


def differ(what, one, other, others):
    faults.extend(f"{what}: {option} is not in {others}" for option in sorted(one - other))


def compare_options():
    by_section = sections()
    engine = by_section.pop("How wasm runs")
    differ("wasm.1", set(by_section), set(verbs()), "the verbs")
    for verb in verbs():
        helped, written = listed(verb), by_section.get(verb, set())
        if "--tier" in helped:
            written = written | engine
        differ(verb, helped, written, "wasm.1")
        differ(verb, written, helped, "--help")
    return sum(len(options) for options in by_section.values()) + len(engine)


def completed(*words):
    """What bash offers for the last of the words."""
    script = f"""source {source}/tools/wasm.bash; compopt() {{ :; }}
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _wasm {wasm}; printf '%s\\n' "${{COMPREPLY[@]}}" """
    return set(output("bash", "-c", script, "bash", "wasm", *words).split())


def compare_completion():
    if not shutil.which("bash"):
        return print("skipped: completion (no bash)")
    differ("completion", set(verbs()), completed(""), "what bash offers")
    for verb in verbs():
        differ(f"completion of {verb}", listed(verb), completed(verb, "-"), "what bash offers")
        differ(f"completion of {verb}", completed(verb, "-") - {"--help"}, listed(verb), "--help")
    # The values of options, and files behind them.
    for words, expected in [(("run", "--tier", ""), {"auto", "jit", "interp"}), (("--tier", "=", "j"), {"jit"}),
                            (("cache", "cl"), {"clean"}), (("component", "h"), {"header"}), (("run", "--clock", "fr"), {"frozen:"}),
                            (("run", "--policy", f"{source}/COPY"), {f"{source}/COPYING"}),
                            (("validate", f"{source}/COPY"), {f"{source}/COPYING"})]:
        if completed(*words) != expected:
            faults.append(f"completion of {' '.join(words)}: {completed(*words)}")


def check_functions():
    known = set("".join((source / f"lib/lib{name}.symbols").read_text() for name in ("wasm", "wasmcm", "wasi")).split())
    named = {}
    for page in pages[1:]:
        for name in re.findall(r"^\.Fn (?:\( )?(wasm\w+|wasi\w+)", page.read_text(), re.M):
            named.setdefault(name, page.name)
    faults.extend(f"{page}: there is no {name}" for name, page in named.items()
                  if name not in known and not name.endswith("_"))
    return len(named)


lint()
options, functions = compare_options(), check_functions()
compare_completion()
print("\n".join(faults))
print(f"{len(pages)} pages, {options} options, {functions} functions, {len(faults)} faults")
sys.exit(1 if faults else 0)
