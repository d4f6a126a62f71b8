#!/usr/bin/env python3
"""Programs that use the whole screen, played in tmux: what they show, that they follow the size of the
window, and that however they end the terminal is as it was. Usage: as run.py"""
import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import run
from run import BUILD, CLANG, HERE, Missing, WASM, WAYS, check, compiled, tell

TMUX = shutil.which("tmux")
EXAMPLES = HERE.parents[1] / "examples/guest"
PATIENCE = 60  # seconds for anything to show

# What runs in the pane: not a shell that puts a terminal in order by itself. Keys that send signals reach it, too. A
# hang-up is sent to nobody but it, who leads the session: it must end by that, or nobody else hears of it.
SCRIPT = """trap : INT QUIT
echo what was there before
stty -g >modes-before
{command}
echo "ended with $?"
stty -g >modes-after
exec sleep 1000
"""


def build_guest(source, name):
    if not CLANG or not os.path.exists("/usr/include/wasm32-wasi/stdio.h"):
        raise Missing("no clang with wasi-libc")
    guest = BUILD / f"{name}.wasm"
    return compiled(guest, [source, EXAMPLES / "terminal.h"],
                    [CLANG, "--target=wasm32-wasi", "-O2", "-Wall", "-Werror", "-I", EXAMPLES, source, "-o", guest])


def tmux(folder, *args):
    done = subprocess.run([TMUX, "-S", folder / "socket", "-f", folder / "tmux.conf", *map(str, args)],
                          capture_output=True, text=True, timeout=60)
    return done.stdout


class Screen:
    """A window with a command in it, 80 by 24."""

    def __init__(self, folder, command):
        self.folder = folder
        (folder / "modes-after").unlink(missing_ok=True)
        (folder / "script").write_text(SCRIPT.format(command=command))
        (folder / "tmux.conf").write_text("set -g status off\nset -g default-terminal screen-256color\n")
        tmux(folder, "new-session", "-d", "-x", 80, "-y", 24, "-c", folder, "env COLORTERM=truecolor sh ./script")

    def lines(self, *how):
        return tmux(self.folder, "capture-pane", "-p", *how).splitlines()

    def keys(self, *keys):
        tmux(self.folder, "send-keys", *keys)

    def resize(self, columns, rows):
        tmux(self.folder, "resize-window", "-x", columns, "-y", rows)

    def until(self, holds):
        """What is shown once it is so, or when nobody waits any longer."""
        end = time.monotonic() + PATIENCE
        while not holds(self.lines()) and time.monotonic() < end:
            time.sleep(0.02)
        return self.lines()

    def program(self):
        """The process that the script waits for."""
        script = tmux(self.folder, "display-message", "-p", "#{pane_pid}").strip()
        return int(pathlib.Path(f"/proc/{script}/task/{script}/children").read_text().split()[0])

    def signal(self, number):
        os.kill(self.program(), number)

    def wait_stopped(self):
        """Until none of its threads runs."""
        tasks = pathlib.Path(f"/proc/{self.program()}/task")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not all((task / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
                                                 for task in tasks.iterdir()):
            time.sleep(0.01)

    def is_as_before(self):
        after = self.folder / "modes-after"
        end = time.monotonic() + PATIENCE
        while not (after.exists() and after.read_text()) and time.monotonic() < end:
            time.sleep(0.02)
        flags = tmux(self.folder, "display-message", "-p", "#{alternate_on} #{cursor_flag}").split()
        same = after.exists() and after.read_text() == (self.folder / "modes-before").read_text()
        return same and flags == ["0", "1"]

    def close(self):
        tmux(self.folder, "kill-server")


def in_screen(command, play):
    with tempfile.TemporaryDirectory() as folder:
        screen = Screen(pathlib.Path(folder), command)
        try:
            play(screen)
        finally:
            screen.close()


def line(*args):
    return shlex.join(map(str, [WASM, *args]))


def shows(text):
    return lambda lines: any(text in l for l in lines)


def place(lines):
    """Row and column of the player."""
    return next(((y, l.index("@")) for y, l in enumerate(lines) if "@" in l), None)


# ---- the game ----

def turn(number):
    return lambda lines: any(l.endswith(f"Turn {number}") for l in lines)


def play_game(way):
    def play(screen):
        first = screen.until(shows("q quits."))
        check(f"the game begins{way}", place(first) == (15, 34) and "12/12" in first[23], first)
        screen.keys("l")
        one = screen.until(turn(1))
        check(f"a key moves{way}", place(one) == (15, 35), one)
        screen.keys("Up", "h", "Left")
        check(f"so do arrows{way}", place(screen.until(turn(4))) == (14, 33), screen.lines())
        check(f"it is in colours{way}", any("[33m" in l for l in screen.lines("-e")))
        screen.keys("C-z")  # a key as others
        for columns, rows in ((60, 16), (100, 40), (30, 10)):
            screen.resize(columns, rows)
            seen = screen.until(lambda lines: len(lines) >= rows and lines[rows - 1].startswith(f"{columns}x{rows}"))
            right = seen[rows - 1].startswith(f"{columns}x{rows}  Level 1") and place(seen) is not None
            check(f"it follows the window to {columns} by {rows}{way}", right, seen)
            check(f"nothing of the old picture is left, {columns} by {rows}{way}",
                  sum("Health" in l for l in seen) == 1 and sum("@" in l for l in seen) == 1, seen)
        screen.keys("q")
        last = screen.until(shows("ended with"))
        check(f"its own key ends it{way}", "ended with 0" in last and "Goodbye." in last, last)
        check(f"what was there before is there again{way}", "what was there before" in last, last)
        check(f"the terminal is as it was{way}", screen.is_as_before())
    return play


def without_a_terminal(guest):
    def last_status(*options, stdin=b"l\nl\nq\n"):
        done = run.wasm("run", *options, guest, "7", stdin=stdin)
        status = re.findall(r"(\d+x\d+)  Level 1", done.stdout.decode())
        return done.returncode, bool(re.search(r"Turn 2\b", done.stdout.decode())), status[-1] if status else done
    check("lines instead of keys", last_status() == (0, True, "80x24"), last_status())
    check("lines, though granted", last_status("--terminal") == (0, True, "80x24"))
    sized = last_status("--env", "COLUMNS=70", "--env", "LINES=20")
    check("the environment tells the size", sized == (0, True, "70x20"), sized)


# ---- ends ----

def ends(name, command, status, act=None, says=None, ready="the terminal is raw"):
    def play(screen):
        if act:
            screen.until(shows(ready))
            act(screen)
        last = screen.until(shows("ended with"))
        check(name, f"ended with {status}" in last, last)
        if says:
            check(f"{name}: it says so", any(says in l for l in last), last)
        check(f"{name}: the terminal is as it was", screen.is_as_before(), screen.lines())
        check(f"{name}: the screen, too", "what was there before" in last, last)
    in_screen(command, play)


def pressed(*keys):
    return lambda screen: screen.keys(*keys)


def sent(number):
    return lambda screen: screen.signal(number)


def stopped_and_sent_two(screen):
    """Both at once: then the first comes to nothing."""
    screen.signal(signal.SIGSTOP)
    screen.wait_stopped()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
        screen.signal(number)


def all_ends(game, raw):
    play = line("run", "--terminal", game, "7")
    for name, act, status in (("Ctrl-C", pressed("C-c"), 130), ("Ctrl-\\", pressed("C-\\"), 131),
                              ("SIGTERM", sent(signal.SIGTERM), 143), ("SIGHUP", sent(signal.SIGHUP), 129)):
        ends(f"{name} ends the game", play, status, act, ready="q quits.")
    ends("a time-out ends the game", line("run", "--terminal", "--timeout", "0.7", game, "7"), 134, says="interrupt")
    for way, how in WAYS.items():
        command = [*how, "--terminal", raw]
        ends(f"a return{way}", line("run", *command, "return"), 4)
        ends(f"an exit{way}", line("run", *command, "exit"), 3)
        ends(f"a trap{way}", line("run", *command, "trap"), 134, says="unreachable")
        ends(f"Ctrl-C in a loop{way}", line("run", *command, "loop"), 130, pressed("C-c"))
        ends(f"a time-out in a loop{way}", line("run", "--timeout", "0.5", *command, "loop"), 134, says="interrupt")
    ends("two signals", line("run", "--terminal", raw, "loop"), 130, stopped_and_sent_two)
    ends("no more fuel", line("run", "--fuel", "1000000", "--terminal", raw, "loop"), 134, says="fuel")
    written = f"{{ {line('run', '--terminal', raw, 'write')}; echo $? >&2; }} | head -c 1000 >/dev/null"
    ends("nobody reads", written, 0, says="141")


# ---- hang-ups ----

def hung_up(command, ignored=False, typed=b"x"):
    """How a command of a terminal of its own ends when that is hung up: minus the signal, or the exit status."""
    pid, host = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
        os.execv(command[0], list(map(str, command)))
    end, seen = time.monotonic() + PATIENCE, b""
    while not seen and time.monotonic() < end:
        if select.select([host], [], [], 0.05)[0]:
            seen = os.read(host, 4096)
    os.write(host, typed)
    time.sleep(0.1)
    os.close(host)
    done, status = 0, None
    while not done and time.monotonic() < end:
        time.sleep(0.02)
        done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        return os.waitstatus_to_exitcode(status)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "it goes on"


def hang_ups(game, raw):
    """A program ends by the signal as a native one; where that is ignored, by what it is told when it reads or writes."""
    native = hung_up(["/bin/sh", "-c", "echo ready; exec cat"])
    check("a native program ends by SIGHUP", native == -signal.SIGHUP, native)
    for way, how in WAYS.items():
        for mode in ("loop", "read", "write"):
            got = hung_up([WASM, "run", *how, "--terminal", raw, mode])
            check(f"a hang-up ends {mode}{way}", got == native, got)
        check(f"a hang-up ends the game{way}", hung_up([WASM, "run", *how, "--terminal", game, "7"]) == native)
        for mode, status in (("read", 5), ("write", 6)):
            got = hung_up([WASM, "run", *how, "--terminal", raw, mode], ignored=True)
            check(f"without the signal, {mode} is told of it{way}", got == status, got)
        got = hung_up([WASM, "run", *how, "--terminal", game, "7"], ignored=True)
        check(f"without the signal, the game is told of it{way}", got == 0, got)
    got = hung_up([WASM, "run", game, "7"])
    check("a hang-up ends who was not granted the terminal", got == native, got)

    def kill_window(screen):
        screen.until(shows("the terminal is raw"))
        program = pathlib.Path(f"/proc/{screen.program()}")
        screen.close()
        end = time.monotonic() + PATIENCE
        while program.exists() and time.monotonic() < end:
            time.sleep(0.02)
        ended = not program.exists()
        check("nothing goes on in a window that was killed", ended, program)
        if not ended:
            os.kill(int(program.name), signal.SIGKILL)
    in_screen(line("run", "--terminal", raw, "loop"), kill_window)


# ---- what is granted, told and recorded ----

def policies(raw):
    """What `wasm inspect --capabilities` prints grants the terminal; without that line it is refused, which is told."""
    policy = run.wasm("inspect", "--capabilities", raw).stdout.decode()
    check("the terminal and clocks are among the capabilities",
          "\nterminal: true" in policy and "none of WASI" not in policy, policy)
    clocks = run.wasm("inspect", "--capabilities", build_guest(EXAMPLES / "burrow.c", "burrow")).stdout.decode()
    check("so is a clock", "\n# clock: {kind: real}" in clocks, clocks)
    for name, text, text_of_raw in (("the policy grants it", policy, "raw=0"),
                                    ("another one does not", policy.replace("\nterminal: true", "\nterminal: false"), "raw=76")):
        def play(screen):
            (screen.folder / "policy").write_text(text)
            (screen.folder / "go").write_text("")
            last = screen.until(shows("ended with"))
            check(name, text_of_raw in "\n".join(last), last)
            told = [l for l in (screen.folder / "audit").read_text().splitlines() if '"terminal_set_raw"' in l]
            result = "success" if text_of_raw == "raw=0" else "notcapable"
            check(f"{name}: the audit says so", len(told) == 1 and f'"result":"{result}"' in told[0]
                  and '"grant":"stdin"' in told[0], told)
        in_screen("while ! test -e go; do sleep 0.02; done; " + line("run", "--policy", "policy", "--audit", "audit", raw, "env"), play)


def recordings(game):
    """What was played in a window is played again where there is none."""
    def play(screen):
        screen.until(shows("q quits."))
        for key, number in (("l", 1), ("Up", 2), ("h", 3)):
            screen.keys(key)
            screen.until(turn(number))
        screen.keys("q")
        screen.until(shows("ended with"))
        again = run.wasm("run", "--replay", screen.folder / "run", game, "7")
        seen = re.findall(r"(\d+x\d+)  Level 1.*?Turn (\d+)", again.stdout.decode())
        check("a recorded game is played again", seen and seen[-1] == ("80x24", "3") and again.returncode == 0,
              (seen, again.stderr))
    in_screen(line("run", "--record", "run", "--terminal", game, "7"), play)


def variables(raw):
    def seen(options, text):
        def play(screen):
            last = screen.until(shows("ended with"))
            check(f"what {' '.join(options) or 'nothing'} grants", text in "\n".join(last), last)
        in_screen(line("run", *options, raw, "env"), play)
    nothing = "LINES=(none)\nCOLUMNS=(none)\nHOME=(none)\n"
    known = f"TERM=screen-256color\nCOLORTERM=truecolor\nNO_COLOR=(none)\n{nothing}"
    seen([], f"TERM=(none)\nCOLORTERM=(none)\nNO_COLOR=(none)\n{nothing}size=80x24 raw=76")
    seen(["--terminal"], f"{known}size=80x24 raw=0")
    seen(["--terminal", "--env", "TERM=dumb"], "TERM=dumb\nCOLORTERM=truecolor")


def main():
    BUILD.mkdir(parents=True, exist_ok=True)
    try:
        game, raw = build_guest(EXAMPLES / "burrow.c", "burrow"), build_guest(HERE / "raw.c", "raw")
        without_a_terminal(game)
        if not TMUX:
            raise Missing("no tmux")
        for way, how in WAYS.items():
            in_screen(line("run", *how, "--terminal", game, "7"), play_game(way))
        all_ends(game, raw)
        hang_ups(game, raw)
        policies(raw)
        recordings(game)
        variables(raw)
    except Missing as why:
        tell("skipped", "terminals", str(why))
    return run.result()


if __name__ == "__main__":
    sys.exit(main())
