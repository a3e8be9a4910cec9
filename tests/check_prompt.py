#!/usr/bin/env python3
"""Types at the prompt through a pseudo-terminal and looks at the screen: check_prompt.py BUILD [NAME…]

The screen is a model of a terminal that knows what the prompt writes. Each function test_… is a test; only those are run whose names
contain one of the NAMEs.
"""
import fcntl
import os
import pathlib
import pty
import random
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time
import traceback
import unicodedata

BUILD = pathlib.Path(sys.argv[1]).resolve()
PATIENCE = 20  # seconds: a sanitized build on a busy machine


def width(character):
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    """Rows of cells, a cursor, and what has been scrolled out."""

    def __init__(self, columns, rows):
        self.columns, self.height = columns, rows
        self.rows = [[" "] * columns for _ in range(rows)]
        self.gone = []
        self.row = self.column = 0
        self.hidden = False
        self.rest = ""

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        at = 0
        while at < len(text):
            character = text[at]
            if character == "\x1b":
                match = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])").match(text, at)
                if not match:
                    if len(text) - at < 20:
                        self.rest = text[at:]
                        return
                    raise AssertionError(f"unknown sequence {text[at:at + 20]!r}")
                self.control(match[1], match[2])
                at = match.end()
                continue
            at += 1
            if character == "\r":
                self.column = 0
            elif character == "\n":
                self.line_feed()
            elif character == "\x08":
                self.column = max(0, self.column - 1)
            elif character >= " ":
                self.put(character)

    def line_feed(self):
        if self.row + 1 < self.height:
            self.row += 1
        else:
            self.gone.append(self.rows.pop(0))
            self.rows.append([" "] * self.columns)

    def put(self, character):
        wide = width(character)
        if not wide:
            if self.column:
                at = self.column - 1
                at -= self.rows[self.row][at] == ""
                self.rows[self.row][at] += character
            return
        if self.column + wide > self.columns:
            self.column = 0
            self.line_feed()
        self.rows[self.row][self.column] = character
        if wide == 2:
            self.rows[self.row][self.column + 1] = ""
        self.column += wide

    def control(self, parameters, letter):
        number = int(parameters) if parameters.isdigit() else None
        row, column = self.row, min(self.column, self.columns - 1)
        if letter == "A":
            self.row = max(0, row - (number or 1))
        elif letter == "B":
            self.row = min(self.height - 1, row + (number or 1))
        elif letter == "C":
            self.column = min(self.columns - 1, column + (number or 1))
        elif letter == "J":
            assert number in (None, 2)
            if number == 2:
                self.rows = [[" "] * self.columns for _ in range(self.height)]
                return
            self.rows[row][self.column:] = [" "] * (self.columns - self.column)
            for below in range(row + 1, self.height):
                self.rows[below] = [" "] * self.columns
        elif letter == "K":
            self.rows[row][self.column:] = [" "] * (self.columns - self.column)
        elif letter == "H":
            self.row = self.column = 0
        elif letter in "hl" and parameters == "?25":
            self.hidden = letter == "l"
        elif letter not in "mhl":
            raise AssertionError(f"unknown control sequence {parameters}{letter}")

    def lines(self):
        return ["".join(row).rstrip() for row in self.gone + self.rows]

    def text(self):
        return "\n".join(self.lines()).rstrip("\n")


class Prompt:
    """The command on a terminal of its own."""

    def __init__(self, *arguments, columns=80, rows=24, term="xterm", home=None, **environment):
        self.screen = Screen(columns, rows)
        self.received = 0  # bytes
        self.folder = home or tempfile.mkdtemp()
        settings = {"PATH": os.environ["PATH"], "HOME": self.folder, "TERM": term, "NO_COLOR": "", "LANG": "C.UTF-8"}
        settings.update({name: value for name, value in os.environ.items() if name.startswith(("ASAN_", "UBSAN_", "TSAN_"))})
        settings.update(environment)
        self.child, self.descriptor = pty.fork()
        if not self.child:
            try:
                os.chdir(self.folder)
                os.execve(BUILD / "aioli", ["aioli", *arguments], settings)
            finally:  # a child that could not become the command must not go on as a second run of these tests
                os._exit(127)
        self.resize(columns, rows)
        self.bytes = b""

    def resize(self, columns, rows):
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        """What comes within so many seconds of silence goes to the screen. False at the end."""
        while select.select([self.descriptor], [], [], seconds)[0]:
            try:
                block = os.read(self.descriptor, 65536)
            except OSError:
                return False
            if not block:
                return False
            self.received += len(block)
            self.bytes += block
            text = self.bytes.decode("utf-8", "ignore") if not self.bytes[-4:].isascii() else self.bytes.decode()
            rest = b""
            for cut in range(1, 4):  # a character may be cut
                if len(self.bytes) >= cut and self.bytes[-cut] >= 0xC0:
                    needed = 2 if self.bytes[-cut] < 0xE0 else 3 if self.bytes[-cut] < 0xF0 else 4
                    if needed > cut:
                        rest = self.bytes[-cut:]
                        text = self.bytes[:-cut].decode("utf-8", "ignore")
                    break
            self.bytes = rest
            self.screen.feed(text)
        return True

    def type(self, text, wait=None):
        os.write(self.descriptor, text.encode())
        if wait is not None:
            self.wait(wait)
        return self

    def wait(self, what):
        """Until the screen shows a text, or a function of its text says so."""
        end = time.monotonic() + PATIENCE
        test = what if callable(what) else lambda text: what in text
        while True:
            alive = self.read(0.03)
            if test(self.screen.text()):
                return self
            if not alive or time.monotonic() > end:
                raise AssertionError(f"waited for {what!r}; the screen:\n{self.screen.text()}")

    def ready(self):
        """Until a prompt stands alone on the last line, with the cursor behind it."""
        return self.wait(lambda text: text.split("\n")[-1] == ">>>" and not self.screen.hidden and self.screen.column == 4)

    def answer(self, keys):
        """Types, and waits for the next prompt, not taking the one before for it."""
        self.ready()
        before = self.received
        self.type(keys)
        return self.wait(lambda text: self.received > before).ready()

    def run(self, block):
        return self.answer(block + "\r")

    def paste(self, block):
        return self.answer("\x1b[200~" + block + "\x1b[201~\r")

    def shows(self, *texts):
        text = self.screen.text()
        for wanted in texts:
            assert wanted in text, f"{wanted!r} is not on the screen:\n{text}"
        return self

    def last(self, count):
        return [line for line in self.screen.text().split("\n")][-count:]

    def end(self, keys="\x04", status=0):
        if keys:
            self.type(keys)
        end = time.monotonic() + PATIENCE
        while self.read(0.05):
            if time.monotonic() > end:
                os.kill(self.child, signal.SIGKILL)
                raise AssertionError(f"it does not end:\n{self.screen.text()}")
        found = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
        os.close(self.descriptor)
        assert status is None or found == status, f"exit status {found}\n{self.screen.text()}"
        assert "Sanitizer" not in self.screen.text() and "runtime error:" not in self.screen.text(), self.screen.text()
        return found


# ---- Blocks and results

def test_results():
    p = Prompt()
    p.ready().shows("Ctrl-D")
    p.run("1 + 1").run("_ * 21").run("_, __").run("None").run("'a' 'b'")
    assert p.last(9)[-9:] == ["2", ">>> _ * 21", "42", ">>> _, __", "(42, 2)", ">>> None", ">>> 'a' 'b'", "'ab'", ">>>"], p.last(9)
    p.run("list(range(60))").shows("[0, 1, 2,", " 59]")
    p.run("['x' * 30] * 3").shows("['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',\n 'xxx")
    p.run("x = []; x.append(x); x").shows("[[...]]")
    p.run("'y' * 5000").shows("3000 more characters")
    p.end()


def test_blocks():
    p = Prompt()
    p.ready().type("def f(a):\r").wait("\n...").type("if a:\r").type("return 'yes'\r").type("return 'no'\r\r").ready()
    p.shows("...     if a:", "...         return 'yes'", "...     return 'no'")
    p.run("f(1), f(0)").shows("('yes', 'no')")
    p.run("for i in range(3): i\r").shows("0\n1\n2")
    p.run("1 +").shows("SyntaxError: invalid syntax")
    p.ready().type("x = [1,\r").wait("\n...").type("2]\r").ready()
    p.run("x").shows("[1, 2]")
    p.ready().type("'''a\r").wait("\n...").type("b'''\r").ready().shows("'a\\nb'")
    p.end()


def test_errors():
    p = Prompt()
    p.run("def g(): return 1 / 0\r").run("g()")
    p.shows('  File "<prompt-2>", line 1, in <module>', '  File "<prompt-1>", line 1, in g', "ZeroDivisionError: division by zero")
    assert "_prompt" not in p.screen.text(), p.screen.text()
    p.run("nowhere").shows("NameError: name 'nowhere' is not defined")
    p.run("if x").shows("SyntaxError: expected ':'")
    p.type("import sys; sys.exit(5)\r").end("", 5)
    p = Prompt()
    p.ready().type("raise SystemExit('so')\r").end("", None)


# ---- Tasks

def test_await():
    p = Prompt()
    p.run("import asyncio").run("await asyncio.sleep(0.01, 'slept')").shows("'slept'")
    p.run("async def agen():\ryield 1\r")
    p.run("[x async for x in agen()]").shows("[1]")
    p.run("async with asyncio.timeout(5): await asyncio.sleep(0, 'in')\r").shows("'in'")
    p.end()


def line_stays_whole(columns):
    p = Prompt(columns=columns)
    p.run("import asyncio")
    p.ready().type("async def tick():\r").wait("\n...").type("for i in range(1000000):\r").type("print('tick', i); await asyncio.sleep(0.1)\r\r").ready()
    p.ready().type("t = asyncio.create_task(tick())\r").wait("tick 1")
    line = "'a line that is typed while something prints, ' + 'wide: 日本語'"
    for n in range(0, len(line), 3):
        p.type(line[n:n + 3])
        p.read(0.03)
        shown = p.screen.text().split("\n")
        start = max(i for i, text in enumerate(shown) if text.startswith(">>>"))
        whole = "".join(text if width_of(text) >= columns else text for text in shown[start:])
        assert ">>> " + line[:n + 3].rstrip() == whole.rstrip() or ">>> " + line[:n].rstrip() == whole.rstrip(), (line[:n + 3], shown[-6:])
        assert all(re.fullmatch(r"tick \d+", text) for text in shown[start - 2:start]), shown[-6:]
    p.type("\r").wait("something prints, wide: 日本語'" if columns > 70 else "日本語'")
    p.type("t.cancel()\r").wait("True")
    ticks = [int(text.split()[1]) for text in p.screen.text().split("\n") if re.fullmatch(r"tick \d+", text)]
    assert ticks == list(range(ticks[0], ticks[0] + len(ticks))) and len(ticks) > 5, ticks
    p.ready().end()


def width_of(text):
    return sum(width(character) for character in text)


def test_output_above():
    line_stays_whole(80)


def test_output_above_narrow():
    line_stays_whole(40)


def random_painting(columns, rows, seed):
    """Whatever is typed: painting what has changed comes to the same as painting it all (Ctrl-L)."""
    chance = random.Random(seed)
    p = Prompt(columns=columns, rows=rows)
    p.ready()
    p.type("\x0c").wait(lambda text: text.strip() == ">>>")
    keys = ["a", "bc ", "(", ")", "[1, ", "'", "日本", "e\u0301", "👍", "\t", "def f(x):", "if x: ", "return 5", "# note", "\x1b\r", "\x1b\r", "\x1b\r",
            "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\x7f", "\x7f", "\x1b[3~", "\x0b", "\x15", "\x17", "\x19", "\x1f", "\x14", "\x1bb",
            "\x1bf", "\x1b[200~pasted\n\ttext\x1b[201~", "x" * (columns - 5), "y" * columns]
    for n in range(60):
        p.type(chance.choice(keys))
        if n % 5 == 4:
            p.read(0.25)
            before, cursor = p.screen.text().split("\n"), (p.screen.row, p.screen.column)
            p.type("\x0c")
            p.read(0.25)
            after = p.screen.text().split("\n")
            seen = [line for line in after if line.strip()]
            assert [line for line in before if line.strip()][-len(seen):] == seen or len(seen) == 0, f"seed {seed}, key {n}:\n" + "\n".join(
                before) + "\n--- all painted:\n" + "\n".join(after)
            assert p.screen.column == cursor[1], f"seed {seed}, key {n}: column {cursor[1]}, {p.screen.column} when all is painted"
            p.screen.gone.clear()
    p.type("\x03").ready().end()


def test_random_painting():
    for seed in range(4):
        random_painting((80, 40, 23, 61)[seed], (24, 12, 10, 30)[seed], seed)


def test_unended_lines():
    p = Prompt()
    p.run("print('no end', end='')")
    assert p.last(2) == ["no end", ">>>"], p.last(4)
    p.type("input('name? ')\r").wait("name?").type("me\r").wait("'me'")
    p.ready()
    assert p.last(3) == ["name? me", "'me'", ">>>"], p.last(4)
    p.run("import asyncio").run("async def dots():\rfor i in range(5): print('.', end=''); await asyncio.sleep(0.1)\r")
    p.run("t = asyncio.create_task(dots())")
    time.sleep(1)
    p.run("t.done()").shows("True", "\n....\n").end()


def test_failing_task():
    p = Prompt()
    p.run("import asyncio").run("async def bad(): await asyncio.sleep(0.2); nowhere\r")
    p.run("t = asyncio.create_task(bad(), name='bad one')").type("typed meanwhile").wait("NameError: name 'nowhere'")
    p.shows("Task 'bad one' failed:", 'in bad')
    assert p.last(1) == [">>> typed meanwhile"], p.last(4)
    p.type("\x15").ready().end()


def test_edit():
    """An editor that changes a block, another file, one that fails, and one that is not there; tasks go on meanwhile."""
    p = Prompt(VISUAL="sh edit.sh a b", TMPDIR="")
    script = pathlib.Path(p.folder, "edit.sh")
    script.write_text("sleep 0.3; echo \"$1 $2\" >/dev/tty; sed -i 's/first/second/' \"$3\"; stat -c %a \"$3\" >mode\n")
    p.run("import asyncio; t = asyncio.create_task(asyncio.sleep(0.1, 'slept'))")
    p.type("first, second = 5, [6,\r").type("7]\r").ready().type(":edit\r").wait(">>> second, second = 5, [6,\n...                     7]")
    p.type("\r").run("second").shows("a b", "[6, 7]").run("t.done()").shows("True")
    assert pathlib.Path(p.folder, "mode").read_text() == "600\n"
    # Ctrl-C is the editor's; what tasks print meanwhile comes afterwards.
    script.write_text("trap 'echo caught >/dev/tty' INT; echo begins >/dev/tty; sleep 0.5; echo ends >/dev/tty\n")
    p.ready().type("async def say(): await asyncio.sleep(0.1); print('said'); nowhere\r\r").run("t = asyncio.create_task(say()); 77")
    p.type(":edit\r").wait("begins").type("\x03").wait("caught").wait("defined\n>>> t = ")
    lines = p.screen.lines()
    assert lines.index("ends") < lines.index("said") < lines.index("NameError: name 'nowhere' is not defined"), lines
    p.type("\x03")
    pathlib.Path(p.folder, "other.aio").write_text("print('one')\n")
    script.write_text("echo 'print(\"two\")' >>$3\n")
    p.run(":edit other.aio").shows("\none\ntwo\n")
    script.write_text("exit 3\n")
    p.run(":edit").shows("OSError: sh ended with status 3")
    p.end()
    p = Prompt(VISUAL="", EDITOR="/nowhere/at/all")
    p.run("1").run(":edit").shows("FileNotFoundError: [Errno 2] No such file or directory: '/nowhere/at/all'").end()
    p = Prompt("-i", term="dumb", VISUAL="sh edit.sh")
    pathlib.Path(p.folder, "edit.sh").write_text("sed -i 's/3/4/' $1\n")
    p.ready().type("3 * 1000\r").wait("3000").type(":edit\r").wait("4000").end()


def test_task_tree():
    p = Prompt()
    p.run("import asyncio").ready().type("async def leaf(): await asyncio.sleep(1000)\r\r")
    p.ready().type("async def group():\rasync with asyncio.TaskGroup() as g:\rfor name in 'ab': g.create_task(leaf(), name=name)\r\r")
    p.ready().type("async def top(): await asyncio.gather(t, asyncio.wait([u, asyncio.create_task(leaf(), name='c')]))\r\r")
    p.run("t = asyncio.create_task(group(), name='t'); u = asyncio.create_task(leaf(), name='u')")
    p.run("v = asyncio.create_task(top(), name='v')").run(":tasks")
    p.shows("v waits for a gather for 0.", "├─ t waits for TaskGroup.__aexit__() for 0.", "│  ├─ a waits for a sleep", "│  └─ b waits for a sleep",
            "└─ Task-", "waits for wait() for 0.", "   ├─ u waits for", "   └─ c waits for")
    # Each waits for the other.
    p.ready().type("async def circle(n): await both[n]\r\r")
    p.run("v.cancel(); both = []; both += [asyncio.create_task(circle(n), name='xy'[n]) for n in (1, 0)]")
    p.run(":tasks").shows("y waits for task 'x' for 0.", "└─ x waits for task 'y' for 0.", "   └─ y (see there)")
    # Ctrl-\ shows it above what is being typed.
    p.ready().type("2 + ").wait(">>> 2 +").type("\x1c").wait(lambda text: text.count("y (see there)") == 2 and text.endswith("\n>>> 2 +"))
    p.type("3\r").ready().shows("\n5\n>>>").end("\x04\x04", None)


def test_tasks():
    p = Prompt()
    p.run("import asyncio").run(":tasks").shows("no tasks")
    p.run("t = asyncio.create_task(asyncio.sleep(1000), name='long')").run(":tasks").shows("long waits for a sleep for 0.")
    p.run(":cancel nobody").shows("There is no task 'nobody'.")
    p.ready().type("\x04").wait("1 task still running: long").type("1\r").ready().type("\x04").wait("still running")
    p.type("2\r").ready()
    p.run(":cancel long").run("t.cancelled()").shows("True")
    p.run(":time 1 + 1").shows("ms computing;", "bytes allocated")
    pathlib.Path(p.folder, "some.aio").write_text("loaded = 5\nprint('at last', loaded)\n")
    p.run(":load some.aio").shows("at last 5").run("loaded + 1").shows("6")
    p.run(":load nothing.aio").shows("FileNotFoundError")
    p.run(":nonsense").shows("There is no command :nonsense")
    p.run(":help").shows("Ctrl-R", ":cancel NAME")
    p.end()


def test_ends_with_tasks():
    p = Prompt()
    p.run("import asyncio").run("t = asyncio.create_task(asyncio.sleep(1000))")
    p.type("\x04").wait("still running").end()


# ---- Interrupts

def test_interrupts():
    p = Prompt()
    p.ready().type("some text").wait("some text").type("\x03").ready()
    p.ready().type("def f():\rpass").wait("pass").type("\x03").ready()
    p.type("while True: pass\r\r")
    time.sleep(0.3)
    p.type("\x03").wait("KeyboardInterrupt").ready()
    p.run("import asyncio, time")
    p.type("await asyncio.sleep(1000)\r")
    time.sleep(0.3)
    p.type("\x03").wait(lambda text: text.count("KeyboardInterrupt") == 2).ready()
    p.type("time.sleep(1000)\r")
    time.sleep(0.3)
    p.type("\x03").wait(lambda text: text.count("KeyboardInterrupt") == 3).ready()
    p.run("async def hog():\rwhile True: pass\r")
    p.type("t = asyncio.create_task(hog(), name='hog')\r")
    time.sleep(0.3)
    p.type("\x03").wait("Task 'hog' failed:").ready()
    p.run("'still here'").end()


# ---- Editing

def test_editing():
    p = Prompt()
    p.ready().type("ello\x01h").wait(">>> hello").type("\x05\x15").ready()
    p.type("'one two three'\x02\x17\x17").wait(">>> 'one '").type("\x19").wait(">>> 'one two three'").type("\x1f").wait(">>> 'one '").type("\x05\x15").ready()
    p.type("abc\x15def \x19\x01'\x05'\r").ready().shows("'def abc'")
    p.type("12\x14\r").ready().shows("\n21")
    p.type("x = 1\x1b[D\x1b[D\x1b[D\x1b[D\x7fy\r").ready().run("y").shows("\n1")
    p.type("'left'\x1b[1;5D\x1b[1;5D").type("\x1b[H").type("\x1b[3~\x1b[3~").wait(">>> eft'").type("\x15\x0b").ready()
    p.type("'e\u0301日本'").wait("日本'").type("\x1b[D\x1b[D\x1b[D\x7f").wait(">>> '日本'").type("\x1b[C\x7f\r").ready().shows("'本'")
    p.end()


def test_history():
    home = tempfile.mkdtemp()
    p = Prompt(home=home)
    p.run("first = 1").ready().type("def f():\r").wait("\n...").type("return 7\r\r").ready()
    p.run("f()")
    p.type("\x1b[A").wait(lambda text: text.split("\n")[-1] == ">>> f()").type("\x1b[A").wait(lambda text: text.split("\n")[-1] == "...     return 7" or text.split("\n")[-2:] == ["...     return 7", "..."])
    p.type("\x12first").wait("search: first").type("\r").wait(">>> first = 1").type("2\r").ready().run("first").shows("\n12")
    file = pathlib.Path(home, ".local/state/aioli/history")
    assert file.stat().st_mode & 0o777 == 0o600
    os.kill(p.child, signal.SIGKILL)
    p.end("", -signal.SIGKILL)
    p = Prompt(home=home)
    p.ready().type("\x1b[A").wait(">>> first").type("\x1b[A").wait(">>> first = 12").end("\x15\x04")
    p = Prompt(home=home, AIOLI_HISTORY="")
    p.ready().type("\x1b[A")
    p.run("unseen = 1").end()
    assert "unseen" not in file.read_text()


def test_completion():
    p = Prompt()
    p.paste("class Thing:\n    def method_one(self, wide, narrow): pass\n    def method_two(self): pass\n    @property\n    def prop(self): print('RU' 'N')\n")
    p.run("thing = Thing(); thing.attribute = 5")
    p.type("thing.attr\t\r").ready().shows("\n5")
    p.type("thing.me\t").wait(">>> thing.method_").wait("method_one  method_two")
    p.type("\t").wait(">>> thing.method_one").type("\t").wait(">>> thing.method_two").type("\t").wait(">>> thing.method_one").type("(na\t").wait(">>> thing.method_one(narrow=").type("\x15").ready()
    p.type("thing.\t").wait("prop").type("\x15").ready()
    p.type("prin\t(1)\r").ready().shows("\n1")
    p.run("d = {'alpha': 1, 'beta': 2}").type("d['al\t\r").ready().shows("\n1")
    p.type("import asy\t\r").ready().run("asyncio.__name__").shows("'asyncio'")
    p.run("if True:\r\tpass\r")
    assert "RUN" not in p.screen.text()
    p.end()


def test_help():
    p = Prompt()
    p.run("def f(a, /, b=2, *c, d, e=5, **g):\r'Does it.'\r")
    p.run("f?").shows("f(a, /, b=2, *c, d, e=5, **g)", "Does it.")
    p.run("help(f)").run("int?").shows("class int(object)").run("nowhere?").shows("NameError")
    p.end()


def test_paste():
    p = Prompt()
    program = "".join(f"def f{n}(x):\n    if x:\n        return {n}\n\n    return -1\n\n" for n in range(333)) + "total = sum(globals()[f'f{n}'](1) for n in range(333))"
    p.ready().type("\x1b[200~" + program + "\x1b[201~")
    p.wait("total = sum").type("\r").ready().run("total").shows("\n55278")
    p.end()


# ---- Terminals

def test_plain():
    p = Prompt(term="dumb")
    p.wait(">>>").type("1 + 1\r").wait("\n2\n>>>").type("def f():\r").wait("\n...").type("  return 5\r").wait(lambda text: text.endswith("\n...")).type("\r").wait(lambda text: text.endswith("\n>>>")).type("f()\r").wait("\n5")
    assert "\x1b" not in p.screen.text()
    p.end()


def test_colours():
    p = Prompt(NO_COLOR="x")
    p.run("def f(): return 'x'\r").end()


def test_ended_by_signals():
    """The terminal is left as it was, and what was entered is in the history."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        home = tempfile.mkdtemp()
        p = Prompt(home=home)
        p.run("entered = 1").type("def f(half, written").wait("written")
        assert not termios.tcgetattr(p.descriptor)[3] & termios.ECHO
        slave = os.open(os.readlink(f"/proc/{p.child}/fd/0"), os.O_RDWR | os.O_NOCTTY)
        os.kill(p.child, number)
        os.waitpid(p.child, 0)
        sane = bool(termios.tcgetattr(slave)[3] & termios.ECHO)
        assert sane or number == signal.SIGKILL, number
        os.close(slave)
        os.close(p.descriptor)
        assert pathlib.Path(home, ".local/state/aioli/history").read_text() == "entered = 1\n"
    p = Prompt()
    p.run("import asyncio; t = asyncio.create_task(asyncio.sleep(1000))")
    os.close(p.descriptor)  # the terminal goes
    end = time.monotonic() + PATIENCE
    while os.waitpid(p.child, os.WNOHANG)[0] == 0:
        assert time.monotonic() < end, "it goes on without a terminal"
        time.sleep(0.05)


def test_resized():
    p = Prompt(columns=80)
    p.ready().type("'a rather long line that does not fit forty columns'").wait("columns'")
    p.screen = Screen(40, 24)
    p.resize(40, 24)
    p.type("\x1b[D").wait("does not")
    p.type("\x05\r").ready().end()


def test_command_line():
    folder = tempfile.mkdtemp()
    pathlib.Path(folder, "program.aio").write_text("import sys\nleft = sys.argv[1:]\n")
    p = Prompt("-i", "program.aio", "a", "b", home=folder)
    p.run("left").shows("['a', 'b']").end()
    p = Prompt("-q")
    p.ready()
    assert p.screen.text() == ">>>"
    p.end()


def main():
    bad = 0
    tests = [(name, test) for name, test in list(globals().items()) if name.startswith("test_") and (len(sys.argv) < 3 or any(part in name for part in sys.argv[2:]))]
    for name, test in tests:
        try:
            test()
        except (AssertionError, OSError) as error:
            bad += 1
            place = traceback.extract_tb(error.__traceback__)
            lines = ", ".join(str(frame.lineno) for frame in place if frame.filename == __file__)
            print(f"{name} (lines {lines}): {error}\n", flush=True)
    print(f"{len(tests) - bad} passed, {bad} failed")
    sys.exit(bad > 0)


main()
