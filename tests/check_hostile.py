#!/usr/bin/env python3
"""Runs the host examples/embed/plugins.c on hostile scripts: check_hostile.py BUILD [-v] [--each] [NAME…]

Each script of examples/embed/hostile/ (or only those whose names contain one of the NAMEs) is run by a process of its own. It
must end without a crash or a report of a sanitizer; a good script must run after it in the same VM; and it may take no more than SECONDS of CPU time, WALL of any time, and MEGABYTES more of resident memory than the same host with an empty script. In
sanitized builds the times are SANITIZED times as long, and memory is not looked at. -v shows a table of all of them.

Many scripts go through a table of lambdas, of which the first few use up the limits. With --each such a script is run once for each
of them, as if it had no others: that takes many minutes.
"""
import ast
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOSTILE = ROOT / "examples" / "embed" / "hostile"
REPORT = r"Sanitizer|runtime error:"
# The second that is the limit, one more past it, and half of one for the host and the good script.
SECONDS, WALL, MEGABYTES, SANITIZED = 2.5, 10.0, 64 + 8, 20


def run(program, script, wall):
    """Runs the host on a script: exit status or minus a signal, output, seconds of CPU time and of any, megabytes."""
    with tempfile.TemporaryFile() as output:
        begin = time.monotonic()
        child = subprocess.Popen([program, "-v", script], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        end_it = threading.Timer(wall + 2, child.kill)
        end_it.start()
        status, usage = os.wait4(child.pid, 0)[1:]
        end_it.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begin
        output.seek(0)
        text = output.read().decode(errors="replace")
    return (child.returncode, text, usage.ru_utime + usage.ru_stime, seconds, usage.ru_maxrss / 1024)


def variants(script):
    """The texts of a script with one lambda of its table each, by a name for each; of one without a table none."""
    text = script.read_text()
    comments = re.match(r"(#.*\n)*", text)[0]
    tree = ast.parse(text)
    for table in ast.walk(tree):
        if isinstance(table, (ast.Tuple, ast.List)) and len(table.elts) > 2 and all(isinstance(x, ast.Lambda) for x in table.elts):
            jobs = table.elts
            for job in jobs:
                table.elts = [job]
                yield f"{script.stem}: {ast.unparse(job.body)}"[:110], comments + ast.unparse(tree)
            table.elts = jobs


def complaints(name, result, base, sanitized):
    """What is wrong with how a script went. One that tries to escape leaves by SystemExit when it has reached something."""
    status, text, cpu, seconds, megabytes = result
    factor = SANITIZED if sanitized else 1
    if status < 0:
        yield f"ended by {signal.Signals(-status).name}"
    elif re.search(REPORT, text):
        yield "a sanitizer reports"
    elif status:
        yield f"exit status {status}"
    elif name.startswith("escape_") and ": exit " in text.split("\n")[0]:
        yield "something was reached: " + text.splitlines()[-1][:200]
    if cpu > SECONDS * factor:
        yield f"{cpu:.2f} s of CPU time"
    if seconds > WALL * factor:
        yield f"{seconds:.1f} s"
    if megabytes - base > MEGABYTES and not sanitized:
        yield f"{megabytes - base:.0f} MB"


def main():
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    build, names, verbose = pathlib.Path(arguments[0]).resolve(), arguments[1:], "-v" in sys.argv
    options = json.loads((build / "meson-info" / "intro-buildoptions.json").read_text())
    sanitized = {option["name"]: option["value"] for option in options}["b_sanitize"] not in ("none", [])
    scripts = [path for path in sorted(HOSTILE.glob("*.aio")) if not names or any(name in path.name for name in names)]
    wall = WALL * (SANITIZED if sanitized else 1)
    with tempfile.NamedTemporaryFile(suffix=".aio") as empty:
        base = run(build / "plugins", empty.name, wall)[4]
    if "--each" in sys.argv:
        texts = [variant for script in scripts for variant in variants(script)]
    else:
        texts = [(script.name, script.read_text()) for script in scripts]
    bad, results = 0, {}

    def run_text(text):
        with tempfile.NamedTemporaryFile("w", suffix=".aio") as file:
            file.write(text)
            file.flush()
            return run(build / "plugins", file.name, wall)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        all_results = list(pool.map(run_text, (text for name, text in texts)))
    for (name, text), result in zip(texts, all_results):
        results[name] = result
        found = list(complaints(name, result, base, sanitized))
        bad += bool(found)
        output, cpu, seconds, megabytes = result[1:]
        if found or verbose:
            first = (output.splitlines() or [""])[0].partition(": ")[2]
            print(f"{name:40} {cpu:6.2f} s {seconds:6.2f} s {megabytes - base:6.1f} MB  {first[:50]}",
                  f"*** {', '.join(found)}" if found else "", flush=True)
        if found and "exit status" in found[0]:
            print("    " + "\n    ".join(output[-600:].splitlines()))
        if found and found[0] == "a sanitizer reports":
            print("    " + "\n    ".join(output[re.search(REPORT, output).start():].splitlines()[:25]))
    if results:
        slowest = max(results, key=lambda name: results[name][2])
        largest = max(results, key=lambda name: results[name][4])
        print(f"{len(texts) - bad} passed, {bad} failed; the slowest: {slowest}, {results[slowest][2]:.2f} s; "
              f"the largest: {largest}, {results[largest][4] - base:.1f} MB")
    sys.exit(bool(bad))


main()
