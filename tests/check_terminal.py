#!/usr/bin/env python3
"""Checks what a line editor stands on, through pseudo-terminals: check_terminal.py BUILD

Waiting for file descriptors, raw mode and its end in every way that a process can end, keys.
"""
import fcntl
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

PATIENCE = 30  # seconds until something that must come has not come


def expect(what, wanted, found):
    if wanted != found:
        sys.exit(f"{what}: expected {wanted!r}, found {found!r}")


class Session:
    """A program that runs on a terminal, of which this holds the other end."""

    def __init__(self, aioli, folder, source, arguments=()):
        path = folder / "program.aio"
        path.write_text(source)
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.terminal = theirs  # kept open, so that its mode can be asked for when the program has gone

        def enter():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen([aioli, *arguments, path], stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=enter)
        self.said = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for fd in (self.ours, self.terminal):
            if fd is not None:
                os.close(fd)

    def read_until(self, text):
        """What is said up to and with a text."""
        end = time.monotonic() + PATIENCE
        while text.encode() not in self.said:
            ready, _, _ = select.select([self.ours], [], [], max(0, end - time.monotonic()))
            if not ready:
                sys.exit(f"{text!r} did not come, but {self.said!r}")
            try:
                got = os.read(self.ours, 65536)
            except OSError:
                got = b""
            if not got:
                sys.exit(f"{text!r} did not come before the end, but {self.said!r}")
            self.said += got
        before, found, self.said = self.said.partition(text.encode())
        return (before + found).decode()

    def write(self, data):
        data = data.encode() if isinstance(data, str) else data
        while data:
            data = data[os.write(self.ours, data[:1024]):]

    def mode(self):
        return termios.tcgetattr(self.terminal)

    def status(self):
        return self.process.wait(PATIENCE)


# ---- Waiting for descriptors

WAITING = """
import asyncio, _terminal as terminal

async def wait(name, log):
    await terminal.readable(0)
    log.append(name)

async def main():
    log = []
    # One that is cancelled takes its watch along, the others on the same descriptor stay.
    tasks = [asyncio.create_task(wait(name, log)) for name in ("a", "b", "c")]
    await asyncio.sleep(0)
    tasks[1].cancel()
    try:
        await asyncio.wait_for(terminal.readable(0), 0.01)
    except TimeoutError:
        print("timeout")
    # A future of its own that a script completes.
    future = terminal.readable(0)
    future.set_result("mine")
    print(await future, future)
    dropped = terminal.readable(0)
    del dropped
    print("ready", flush=True)
    await asyncio.gather(*tasks, return_exceptions=True)
    print(log, tasks[1].cancelled(), terminal.read(0, 100))
    try:
        terminal.read(0, 100)
    except BlockingIOError as error:
        print("nothing there", error.errno)
    print("more", flush=True)
    await terminal.readable(0)
    print(terminal.read(0, 2), terminal.read(0, 100))
    print("end", flush=True)
    await terminal.readable(0)
    print(terminal.read(0, 100))
    await terminal.readable(0)
    print(terminal.read(0, 100))

asyncio.run(main())
# What is under way when a run ends ends with it.
async def leave():
    global left
    left = terminal.readable(1)  # which is for writing
asyncio.run(leave())
print(left.done())
"""


def check_waiting(aioli, folder):
    path = folder / "waiting.aio"
    path.write_text(WAITING)
    with subprocess.Popen([aioli, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        lines = []
        for answer in (b"hello", b"wxyz", None):
            lines += iter(process.stdout.readline, {b"hello": b"ready\n", b"wxyz": b"more\n", None: b"end\n"}[answer])
            if answer:
                process.stdin.write(answer)
                process.stdin.flush()
            else:
                process.stdin.close()
        lines += process.stdout.readlines()
    expect("waiting", ["timeout\n", "mine <Future finished result='mine'>\n", "['a', 'c'] True b'hello'\n", "nothing there 11\n",
                       "b'wx' b'yz'\n", "b''\n", "b''\n", "False\n"], [line.decode() for line in lines])
    expect("status of waiting", 0, process.returncode)


FILES = """
import asyncio, _terminal as terminal, sys

async def main():
    ticks = 0
    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)
    other = asyncio.create_task(tick())
    while True:
        await terminal.readable(0)
        if not (got := terminal.read(0, 100)):
            break
    # Who waits for what is always ready lets others go on.
    print(got, ticks > 3)
    for descriptor in (2000000000, 9):
        try:
            await terminal.readable(descriptor)
        except OSError as error:
            print(error.errno)
    try:
        terminal.readable(-1)
    except ValueError as error:
        print(error)
    print(terminal.is_terminal(0), terminal.size(0))
asyncio.run(main())
try:
    terminal.readable(0)
except RuntimeError as error:
    print(error)
"""


def check_files(aioli, folder):
    path = folder / "files.aio"
    path.write_text(FILES)
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    for name, more, size in ((path, {}, "(80, 24)"), ("/dev/null", {"COLUMNS": "40", "LINES": "x"}, "(40, 24)")):
        with open(name, "rb") as stdin:
            done = subprocess.run([aioli, path], stdin=stdin, capture_output=True, text=True, env={**environment, **more})
        # The file takes a few reads, /dev/null a single one.
        wanted = f"b'' {name == path}\n9\n9\nnegative file descriptor\nFalse {size}\nno running event loop\n"
        expect(f"files: {name}", (wanted, "", 0), (done.stdout, done.stderr, done.returncode))
    path.write_text("import asyncio, _terminal\nasync def main(): await _terminal.readable(0)\nasyncio.run(main())\n")
    done = subprocess.run([aioli, "--virtual-time", path], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    expect("on virtual time", "RuntimeError: file descriptors can't be waited for on virtual time", done.stderr.splitlines()[-1])


def check_interrupt(aioli, folder):
    source = "import asyncio, _terminal\nasync def main():\n    print('waits', flush=True)\n    await _terminal.readable(0)\nasyncio.run(main())\n"
    with Session(aioli, folder, source) as session:
        session.read_until("waits")
        session.process.send_signal(signal.SIGINT)
        expect("status after an interrupt", 130, session.status())
        session.read_until("KeyboardInterrupt")


# ---- Modes

MODES = """
import asyncio, _terminal as terminal
async def main():
    print(terminal.is_terminal(0), terminal.is_terminal(2), terminal.size(1), flush=True)
    terminal.restore(0)
    terminal.raw(0)
    terminal.raw(0)
    terminal.write(1, "raw\\n")
    await terminal.readable(0)
    print(terminal.read(0, 100))
    terminal.restore(0)
    print("restored", flush=True)
    await terminal.readable(0)
    print(terminal.read(0, 100))
    terminal.raw(0)
    print("again", flush=True)
    await terminal.readable(0)
    print(terminal.read(0, 100), flush=True)
    exec(terminal.read(0, 1000))
asyncio.run(main())
"""


def check_modes(aioli, folder):
    with Session(aioli, folder, MODES) as session:
        before = session.before
        session.read_until("True True (111, 33)\r\n")
        # Lines end as before.
        session.read_until("raw\r\n")
        raw = session.mode()
        expect("no echo, no lines, no signals in raw mode", 0, raw[3] & (termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN))
        expect("output in raw mode", before[1], raw[1])
        expect("blocking", 0, fcntl.fcntl(session.terminal, fcntl.F_GETFL) & os.O_NONBLOCK)
        session.write("a\x03\x04\r\x1a")
        session.read_until("b'a\\x03\\x04\\r\\x1a'\r\n")
        session.read_until("restored")
        expect("the mode when restored", before, session.mode())
        session.write("line\n")
        session.read_until("b'line\\n'")
        session.read_until("again")
        os.close(session.terminal)
        session.terminal = None
        os.close(session.ours)
        session.ours = None
        # The terminal is hung up.
        expect("status after a hang-up", -signal.SIGHUP, session.status())


# What a program in raw mode may end by: what it does, the signal sent to it, and its status.
ENDS = [("pass", None, 0), ("1 / 0", None, 1), ("raise SystemExit(3)", None, 3), ("raise KeyboardInterrupt", None, 130),
        ("time.sleep(60)", signal.SIGTERM, -signal.SIGTERM), ("time.sleep(60)", signal.SIGHUP, -signal.SIGHUP),
        ("time.sleep(60)", signal.SIGSEGV, -signal.SIGSEGV),
        ("time.sleep(60)", signal.SIGABRT, -signal.SIGABRT), ("time.sleep(60)", signal.SIGINT, 130)]


def check_ends(aioli, folder, sanitized):
    for statement, number, status in ENDS:
        if sanitized and number in (signal.SIGSEGV, signal.SIGABRT):
            continue
        with Session(aioli, folder, f"import time, _terminal\n_terminal.raw(0)\nprint('raw', flush=True)\n{statement}\n") as session:
            session.read_until("raw\r\n")
            if number:
                expect("raw", 0, session.mode()[3] & termios.ECHO)
                session.process.send_signal(number)
            expect(f"status after {statement}, {number}", status, session.status())
            expect(f"the mode after {statement}, {number}", session.before, session.mode())


def check_slow_writing(aioli, folder):
    """A terminal that takes nothing for a while, and one that does not block."""
    source = "import _terminal\n_terminal.write(1, 'x' * 200000 + '\\nend\\n')\nprint('y' * 100000)\n"
    with Session(aioli, folder, source) as session:
        flags = fcntl.fcntl(session.terminal, fcntl.F_GETFL)
        fcntl.fcntl(session.terminal, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        time.sleep(0.1)
        expect("what is written", 200000 + 7, len(session.read_until("end\r\n")))
        expect("what is printed", 100002, len(session.read_until("\r\n")))
        expect("status", 0, session.status())


# ---- Keys

KEYS = """
import asyncio, _terminal as terminal
from _keys import Keys

async def main():
    keys = Keys(0)
    terminal.raw(0)
    print("begin", flush=True)
    while True:
        key = await keys.read()
        print(key if len(key.text) < 1000 else (key.name, len(key.text), hash(key.text) == hash("line\\n" * 20000)), flush=True)
        if key.name == "closed":
            break
        if key.name == "ctrl-x":
            # Reading that is given up loses nothing.
            for i in range(3):
                try:
                    print(await asyncio.wait_for(keys.read(), 0.02), "came")
                except TimeoutError:
                    print("late", flush=True)
        if key.name == "ctrl-r":
            reading = asyncio.create_task(keys.read())
            ticks = 0
            while not reading.done():
                await asyncio.sleep(0.001)
                ticks += 1
            print(reading.result(), ticks > 5, flush=True)
    print(await keys.read())

asyncio.run(main())
"""

# What is typed, and the events that it makes.
TYPED = [(b"a", "Key('text', 'a')"), ("ä日👍🏽".encode(), "Key('text', 'ä日👍🏽')"), (b"\r", "Key('enter')"), (b"\x03", "Key('ctrl-c')"), (b"\x1a", "Key('ctrl-z')"),
         (b"\x04", "Key('ctrl-d')"), (b"\x13", "Key('ctrl-s')"), (b"\x16", "Key('ctrl-v')"), (b"\x1b", "Key('escape')"), (b"\x1b[A", "Key('up')"), (b"\x1bOA", "Key('up')"),
         (b"\x1b[1;5C", "Key('ctrl-right')"), (b"\x1b[3~", "Key('delete')"), (b"\x1b[[A", "Key('f1')"), (b"\x1b[15~", "Key('f5')"), (b"\x1b\r", "Key('alt-enter')"),
         (b"\x1bb", "Key('alt-b')"), (b"\x1b[", "Key('alt-[')"), (b"\x1b\x1b[D", "Key('alt-left')"), (b"\x1b[Z", "Key('shift-tab')"), (b"\x7f", "Key('backspace')"),
         (b"\x1b[200~two\r\nlines\r\x1b[201~", "Key('paste', 'two\\nlines\\n')"), (b"\x1b[<0;1;1M!", "Key('text', '!')")]


def check_keys(aioli, folder):
    with Session(aioli, folder, KEYS) as session:
        session.read_until("begin\r\n")
        for data, wanted in TYPED:
            session.write(data)
            expect(f"typed: {data}", wanted, session.read_until("\r\n").rstrip())
        # Byte by byte: a machine that is busy may come late with the second.
        for data, wanted in TYPED:
            if data in (b"\x1b", b"\x1b["):
                continue  # another key with what follows
            for attempt in range(5):
                for i in range(len(data)):
                    session.write(data[i:i + 1])
                session.write(b"\x07")
                found = session.read_until("Key('ctrl-g')\r\n").splitlines()[:-1]
                if wanted.startswith("Key('text'"):
                    found = ["Key('text', '" + "".join(line.removeprefix("Key('text', '").removesuffix("')") for line in found) + "')"]
                if found == [wanted]:
                    break
            else:
                sys.exit(f"typed byte by byte: {data}: expected {wanted}, found {found}")
        # A paste that is longer than anything that is read at once.
        session.write(b"\x1b[200~" + b"line\r" * 20000 + b"\x1b[201~")
        session.read_until("('paste', 100000, True)\r\n")
        session.write(b"\x18")
        session.read_until("late\r\nlate\r\nlate\r\n")
        session.write(b"\x12")
        time.sleep(0.1)
        session.write(b"x")
        session.read_until("Key('text', 'x') True\r\n")
        # Half a character that was there when reading was given up.
        session.write(b"\x18\xc3")
        session.read_until("late\r\nlate\r\n")
        session.write(b"\xa4")
        session.read_until("Key('text', 'ä')")


def check_closed_keys(aioli, folder):
    path = folder / "closed.aio"
    path.write_text(KEYS.replace("terminal.raw(0)", "pass"))
    for data, wanted in ((b"", ""), (b"ab\x1b", "Key('text', 'ab')\nKey('escape')\n"), (b"\x1b[200~half\rof it", "Key('paste', 'half\\nof it')\n"), (b"\x1b[1;", "")):
        done = subprocess.run([aioli, path], input=data, capture_output=True, timeout=PATIENCE)
        expect(f"keys of a pipe: {data}", f"begin\n{wanted}Key('closed')\nKey('closed')\n", done.stdout.decode())
        expect("nothing said", b"", done.stderr)
    # A terminal that goes away under a program that does not mind.
    path.write_text(KEYS)
    ours, theirs = pty.openpty()
    with subprocess.Popen([aioli, path], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        process.stdout.readline()
        os.write(ours, b"x")
        expect("before a hang-up", b"Key('text', 'x')\n", process.stdout.readline())
        os.close(ours)
        rest, error = process.communicate(timeout=PATIENCE)
        expect("after a hang-up", (b"Key('closed')\nKey('closed')\n", b""), (rest, error))


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    sanitized = b"libasan" in subprocess.run(["ldd", build / "aioli"], capture_output=True).stdout
    aioli = build / "aioli"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_waiting(aioli, folder)
        check_files(aioli, folder)
        check_interrupt(aioli, folder)
        check_modes(aioli, folder)
        check_ends(aioli, folder, sanitized)
        check_slow_writing(aioli, folder)
        check_keys(aioli, folder)
        check_closed_keys(aioli, folder)


if __name__ == "__main__":
    main()
