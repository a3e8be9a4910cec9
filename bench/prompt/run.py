#!/usr/bin/env python3
"""What the prompt costs: run.py [AIOLI]: milliseconds of CPU until it is there, for each key in a block of 200 lines, and for a program
of 2,000 lines that is pasted, beside the same program as a file."""
import os
import pathlib
import pty
import resource
import select
import subprocess
import sys
import tempfile
import time

AIOLI = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/aioli").resolve()
PROGRAM = "".join(f"def f{n}(x):\n    if x:\n        return {n}\n\n    return -1\n\n" for n in range(333)) + "total = sum(globals()[f'f{n}'](1) for n in range(333))"


class Prompt:
    def __init__(self):
        self.child, self.descriptor = pty.fork()
        if not self.child:
            try:
                os.execve(AIOLI, ["aioli", "-q"], {"TERM": "xterm", "PATH": os.environ["PATH"], "AIOLI_HISTORY": "", "HOME": "/nonexistent",
                                                   "COLUMNS": "80", "LINES": "50"})
            finally:  # never a second run of this program
                os._exit(127)
        self.text = b""

    def until(self, wanted):
        while wanted not in self.text:
            select.select([self.descriptor], [], [])
            self.text += os.read(self.descriptor, 65536)
        self.text = b""

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.child}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.type("\x15\x04")
        while True:
            try:
                if not os.read(self.descriptor, 65536):
                    break
            except OSError:
                break
        return os.wait4(self.child, 0)[2]


def seconds(usage):
    return usage.ru_utime + usage.ru_stime


def main():
    starts = []
    for _ in range(10):
        prompt = Prompt()
        prompt.until(b">>> ")
        starts.append(seconds(prompt.end()))
    print(f"start and end      {min(starts) * 1e3:6.1f} ms")

    prompt = Prompt()
    prompt.until(b">>> ")
    block = "\n".join(f"def function_{n}(a, b={n}, *c):\n    if a: return [x * 2 for x in c if x > {n}]  # comment {n}" for n in range(100))
    prompt.type("\x1b[200~" + block + "\x1b[201~")
    prompt.until(b"comment 99")
    time.sleep(0.3)
    before, count = prompt.cpu(), 1000
    for n in range(count):
        prompt.type("x")
        prompt.until(b"x")
    print(f"a key of 200 lines {(prompt.cpu() - before) / count * 1e3:6.2f} ms")
    prompt.type("\x03")
    prompt.end()

    prompt = Prompt()
    prompt.until(b">>> ")
    begin = time.perf_counter()
    prompt.type("\x1b[200~" + PROGRAM + "\x1b[201~\r'en' 'd'\r")
    prompt.until(b"'end'")
    pasted = time.perf_counter() - begin
    prompt.end()
    with tempfile.NamedTemporaryFile("w", suffix=".aio") as file:
        file.write(PROGRAM)
        file.flush()
        begin = time.perf_counter()
        subprocess.run([AIOLI, file.name], check=True)
        as_file = time.perf_counter() - begin
    print(f"2,000 lines pasted {pasted * 1e3:6.1f} ms, as a file {as_file * 1e3:.1f} ms")


main()
