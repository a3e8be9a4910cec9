#!/usr/bin/env python3
"""Checks what the examples that are about aioli's reports say: check_examples.py BUILD [NAME…]

The beginning of such an example has the commands to be tried, indented, as `aioli OPTIONS examples/NAME.aio`. What each writes to the standard
output, and then to the standard error, and its exit status stand in tests/examples/NAME.txt. They are written by hand, as CPython writes no
such reports. Numbers that differ from run to run are # there.
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES, EXPECTED = HERE.parent / "examples", HERE / "examples"
COMMAND = re.compile(r"^    aioli (.*)$", re.MULTILINE)
VARYING = ((re.compile(r"took 0\.\d+ seconds"), "took # seconds"), (re.compile(r"after 0\.\d+ seconds"), "after # seconds"), (re.compile(r"when=\d+\.\d+"), "when=#"))


def run(aioli, words):
    environment = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "AIOLI_REPORT", "AIOLI_PATH")}
    done = subprocess.run([aioli, *words], cwd=EXAMPLES.parent, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, env=environment)
    text = (done.stdout + done.stderr).replace(f"{EXAMPLES}{os.sep}", "examples/")
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    return f"$ aioli {' '.join(words)}\n{text}(status {done.returncode})\n"


def main():
    aioli, names = pathlib.Path(sys.argv[1]).resolve() / "aioli", sys.argv[2:]
    problems, tried = [], set()
    for path in sorted(EXAMPLES.glob("*.aio")):
        commands = COMMAND.findall(path.read_text(encoding="utf-8").partition("import ")[0])
        if not commands or (names and path.stem not in names):
            continue
        tried.add(path.stem)
        wrong = [command for command in commands if command.split()[-1] != f"examples/{path.name}"]
        if wrong:
            problems.append(f"{path.name}: a command runs something else: {wrong}\n")
            continue
        found = "\n".join(run(aioli, command.split()) for command in commands)
        wanted = (EXPECTED / f"{path.stem}.txt").read_text(encoding="utf-8")
        problems += difflib.unified_diff(wanted.splitlines(True), found.splitlines(True), f"{path.name} (expected)", f"{path.name} (found)")
    left = {path.stem for path in EXPECTED.glob("*.txt")} - tried
    if left and not names:
        problems.append(f"no example has commands for {sorted(left)}\n")
    if problems:
        sys.exit("".join(problems))


main()
