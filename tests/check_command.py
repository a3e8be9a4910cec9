#!/usr/bin/env python3
"""Checks the command line: check_command.py BUILD

What it prints and its exit status for what the programs in the other folders can't ask. The command of a build with
-Dstatic=true is also run where there is no other file at all (which takes root).
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ALONE = """
import asyncio, sys
async def main():
    await asyncio.sleep(0.001)
    return await asyncio.gather(*[asyncio.sleep(0, i) for i in range(3)])
print(asyncio.run(main()), 2 ** 70, "\\u00e4".upper())
"""


def expect(what, wanted, found):
    if wanted != found:
        sys.exit(f"{what}: expected {wanted!r}, found {found!r}")


def check_statuses(aioli, folder):
    """`aioli check` asks for the worst of its files: 2 for one that can't be read, 1 for a syntax error."""
    (folder / "good.aio").write_text("print(1)\n")
    (folder / "bad.aio").write_text("print(\n")
    wrong = "  File \"bad.aio\", line 1\n    print(\n         ^\nSyntaxError: '(' was never closed\n"
    missing = "can't open file 'none.aio': [Errno 2] No such file or directory\n"
    said = {"good.aio": "good.aio: ok\n", "bad.aio": wrong, "none.aio": "none.aio: " + missing}
    for names, status in ((["good.aio"], 0), (["bad.aio"], 1), (["none.aio"], 2), (["bad.aio", "good.aio"], 1),
                          (["none.aio", "bad.aio", "good.aio"], 2), (["bad.aio", "none.aio"], 2), (["."], 2)):
        done = subprocess.run([aioli, "check", *names], cwd=folder, capture_output=True, text=True)
        expect(f"status of check {' '.join(names)}", status, done.returncode)
        if names != ["."]:
            expect(f"output of check {' '.join(names)}", "".join(said[name] for name in names), done.stdout)
    expect("status of a file that is not there", 2, subprocess.run([aioli, "none.aio"], cwd=folder, stderr=subprocess.PIPE).returncode)
    expect("status of dis of it", 2, subprocess.run([aioli, "dis", "none.aio"], cwd=folder, stderr=subprocess.PIPE).returncode)


def check_exit(aioli, folder):
    """os._exit ends the process there and then: nothing that waits for the program's end is done. Recorded from CPython 3.13."""
    program = """import atexit, os, sys
atexit.register(print, "never said")
print("_exit" in os.__all__)
for wrong in ("1",), (), (1.5,):
    try:
        os._exit(*wrong)
    except TypeError as problem:
        print(problem)
sys.stdout.flush()
sys.stdout.write("kept back")
try:
    os._exit(status=3)
finally:
    print("never said either", flush=True)
"""
    done = subprocess.run([aioli, "-c", program], cwd=folder, capture_output=True, text=True)
    expect("what os._exit ends", (3, "True\n'str' object cannot be interpreted as an integer\n_exit() missing required argument 'status' (pos 1)\n"
                                     "'float' object cannot be interpreted as an integer\n", ""),
           (done.returncode, done.stdout, done.stderr))


def check_options(aioli, folder):
    """-m, -i, -q, -c, folders, and options that nobody knows."""
    def run(*arguments, stdin="", **more):
        done = subprocess.run([aioli, *arguments], cwd=folder, input=stdin, capture_output=True, text=True, **more)
        return done.returncode, done.stdout, done.stderr

    package = folder / "package"
    package.mkdir()
    (package / "__init__.aio").write_text("")
    (package / "__main__.aio").write_text("import sys\nprint('package', sys.argv[1:], __name__)\n")
    (package / "part.aio").write_text("print('part')\n")
    (folder / "left.aio").write_text("value = 5\n")
    (folder / "fails.aio").write_text("value = 6\n1 / 0\n")
    for arguments, wanted in ((["-m", "package", "a", "-x"], "package ['a', '-x'] __main__\n"), (["-mpackage.part"], "part\n"),
                              (["package", "b"], "package ['b'] __main__\n"), (["-c", "import sys; print(sys.argv)", "-i", "x"], "['-c', '-i', 'x']\n"),
                              (["-cprint(2)"], "2\n"), (["--virtual-time", "-c", "import asyncio; asyncio.run(asyncio.sleep(1000)); print(1)"], "1\n")):
        expect(f"aioli {' '.join(arguments)}", (0, wanted, ""), run(*arguments))
    (package / "__init__.aio").write_text("")
    (package / "near.aio").write_text("from . import part\nprint(__name__, __spec__.name, __package__, __spec__.origin == __file__, __loader__.name)\n"
                                      "import sys\nprint(sys.argv[0] == __file__, sys.path[0] == sys.argv[1])\ndef f():\n    1 / 0\nf()\n")
    status, output, said = run("-m", "package.near", str(folder))
    expect("-m of a module in a package", (1, "part\n__main__ package.near package True package.near\nTrue True\n"), (status, output))
    expect("what its traceback shows", ["Traceback (most recent call last):", "line 7, in <module>", "line 6, in f", "ZeroDivisionError: division by zero"],
           [line.rpartition(", line")[0] and "line" + line.rpartition(", line")[2] or line for line in said.splitlines() if not line.startswith("    ")])
    expect("-m of a namespace package", (1, "", "aioli: No module named hollow.__main__; 'hollow' is a package and cannot be directly "
                                               "executed\n"),
           ((folder / "hollow").mkdir(), run("-m", "hollow"))[1])
    (folder / "wrong.aio").write_text("x =\n")
    status, output, said = run("-m", "wrong")
    expect("-m of what can't be compiled", (1, True), (status, said.startswith('  File "') and said.endswith("SyntaxError: invalid syntax\n")))
    expect("-m of a module of the library", (0, "", ""), run("-m", "os"))
    expect("-m of a package of it that does nothing", (1, "", "aioli: No module named json.__main__; 'json' is a package and cannot be "
                                                             "directly executed\n"), run("-m", "json"))
    (folder / "test_one.py").write_text("import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(1, 2)\n")
    status, output, said = run("-m", "unittest", "test_one")
    expect("-m unittest", (1, "", True, True), (status, output, "AssertionError: 1 != 2" in said, "Ran 1 test" in said))
    expect("-m of no module", (1, "", "aioli: No module named nothing\n"), run("-m", "nothing"))
    (folder / "empty").mkdir()
    expect("a folder without __main__", (1, "", "aioli: can't find '__main__' module in 'empty'\n"), run("empty"))
    expect("check behind an option", (0, "left.aio: ok\n", ""), run("--virtual-time", "check", "left.aio"))
    expect("-i", (0, ">>> 6\n>>> \n", ""), run("-i", "left.aio", stdin="value + 1\n"))
    status, output, errors = run("-i", "fails.aio", stdin="value")
    expect("-i after a failure", (0, ">>> 6\n>>> \n", True), (status, output, errors.endswith("ZeroDivisionError: division by zero\n")))
    expect("exit at the prompt", 7, run("-iq", stdin="import sys\nsys.exit(7)\n")[0])
    for option, nearest in (("--virtualtime", "--virtual-time"), ("--versoin", "--version"), ("-z", None)):
        status, output, errors = run(option)
        expect(f"status of {option}", (2, ""), (status, output))
        expect(f"what {option} is told", (f"Unknown option: {option}", f"Did you mean {nearest}?" if nearest else ""), tuple(errors.split("\n")[:2]))
    expect("-m without a module", 2, run("-m")[0])
    expect("-W without a filter", 2, run("-W")[0])


# (options, program, status, what it says to the standard error), all as CPython 3.13.
WARNED = (
    ([], "import warnings\nwarnings.warn('x')\nwarnings.warn('y', ImportWarning)\n", 0, "FILE:2: UserWarning: x\n  warnings.warn('x')\n"),
    (["-Werror"], "1 is 1", 1, '  File "FILE", line 1\nSyntaxError: "is" with \'int\' literal. Did you mean "=="?\n'),
    (["-W", "ignore"], "1 is 1", 0, ""),
    (["-Wignore::SyntaxWarning:FILE"], "1 is 1", 0, "FILE:1: SyntaxWarning: \"is\" with 'int' literal. Did you mean \"==\"?\n  1 is 1\n"),
    (["-Wnothing"], "import warnings", 0, "Invalid -W option ignored: invalid action: 'nothing'\n"),
    (["-Xdev"], "import warnings, sys\nwarnings.warn('x', ImportWarning)\nassert sys.flags.dev_mode and sys._xoptions == {'dev': True}\n", 0,
     "FILE:2: ImportWarning: x\n  warnings.warn('x', ImportWarning)\n"),
    (["-uX", "dev=1", "-Wignore", "-Xa"], "import sys\nassert sys._xoptions == {'dev': '1', 'a': True}, sys._xoptions\nassert sys.warnoptions == ['ignore']\n", 0, ""),
    (["-Wignore"], "async def f(): pass\nf()\n", 0, ""),
)


def check_warnings(aioli, folder):
    path = folder / "warns.aio"
    for options, text, status, errors in WARNED:
        path.write_text(text)
        done = subprocess.run([aioli, *(option.replace("FILE", str(path)) for option in options), path], capture_output=True, text=True)
        expect(f"{options}: {text}", (status, errors), (done.returncode, done.stderr.replace(str(path), "FILE")))


# What CPython 3.13 writes for these, with FORCE_COLOR=1.
COLOURED = (
    ('def f():\n    return {1: 2}["x" + "y"]\ntry:\n    f()\nexcept KeyError as e:\n    e.add_note("a note")\n    raise ValueError("two\\nlines") from e\n',
     'Traceback (most recent call last):\n'
     '  File \x1b[35m"FILE"\x1b[0m, line \x1b[35m4\x1b[0m, in \x1b[35m<module>\x1b[0m\n'
     '    \x1b[31mf\x1b[0m\x1b[1;31m()\x1b[0m\n'
     '    \x1b[31m~\x1b[0m\x1b[1;31m^^\x1b[0m\n'
     '  File \x1b[35m"FILE"\x1b[0m, line \x1b[35m2\x1b[0m, in \x1b[35mf\x1b[0m\n'
     '    return \x1b[31m{1: 2}\x1b[0m\x1b[1;31m["x" + "y"]\x1b[0m\n'
     '           \x1b[31m~~~~~~\x1b[0m\x1b[1;31m^^^^^^^^^^^\x1b[0m\n'
     "\x1b[1;35mKeyError\x1b[0m: \x1b[35m'xy'\x1b[0m\n"
     'a note\n\n'
     'The above exception was the direct cause of the following exception:\n\n'
     'Traceback (most recent call last):\n'
     '  File \x1b[35m"FILE"\x1b[0m, line \x1b[35m7\x1b[0m, in \x1b[35m<module>\x1b[0m\n'
     '    raise ValueError("two\\nlines") from e\n'
     '\x1b[1;35mValueError\x1b[0m: \x1b[35mtwo\nlines\x1b[0m\n'),
    ('x = (1 +\n',
     '  File \x1b[35m"FILE"\x1b[0m, line \x1b[35m1\x1b[0m\n'
     '    x = \x1b[1;31m(\x1b[0m1 +\n'
     '        \x1b[1;31m^\x1b[0m\n'
     "\x1b[1;35mSyntaxError\x1b[0m: \x1b[35m'(' was never closed\x1b[0m\n"),
    ('raise ExceptionGroup("g", [ValueError(1)])\n',
     '  + Exception Group Traceback (most recent call last):\n'
     '  |   File \x1b[35m"FILE"\x1b[0m, line \x1b[35m1\x1b[0m, in \x1b[35m<module>\x1b[0m\n'
     '  |     raise ExceptionGroup("g", [ValueError(1)])\n'
     '  | \x1b[1;35mExceptionGroup\x1b[0m: \x1b[35mg (1 sub-exception)\x1b[0m\n'
     '  +-+---------------- 1 ----------------\n'
     '    | ValueError: 1\n'
     '    +------------------------------------\n'),
)


def check_colours(aioli, folder):
    path = folder / "coloured.aio"
    for text, wanted in COLOURED:
        path.write_text(text)
        for settings, coloured in (({"FORCE_COLOR": "1"}, True), ({"PYTHON_COLORS": "1", "NO_COLOR": "1"}, True), ({}, False),
                                   ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False), ({"PYTHON_COLORS": "0", "FORCE_COLOR": "1"}, False)):
            environment = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "NO_COLOR", "PYTHON_COLORS")}
            done = subprocess.run([aioli, path], capture_output=True, text=True, env=environment | settings)
            expected = wanted if coloured else re.sub("\x1b\\[[0-9;]*m", "", wanted)
            expect(f"colours with {settings}", expected, done.stderr.replace(str(path), "FILE"))


def check_unbuffered(aioli, folder):
    """-u: what is printed is there though the program goes on and its output is no terminal."""
    process = subprocess.Popen([aioli, "-u", "-c", "print('at once', end='')\nwhile True: pass"], stdout=subprocess.PIPE, cwd=folder)
    expect("output with -u", b"at once", process.stdout.read(7))
    process.kill()
    process.communicate()


REPORTED = """
import asyncio, time
async def kettle(): await asyncio.sleep(100)
async def outer(): await kettle()
async def stir():
    await asyncio.sleep(0.01)
    print('stirs', flush=True)
    await asyncio.get_running_loop().create_future()
async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(outer(), name='outer')
        group.create_task(stir(), name='stir')
asyncio.run(main())
"""
REPORT = """What runs and waits, the latest call first:
  the program waits for its tasks
    File "reported.aio", line 13, in <module>
  task 'Task-1' waits for TaskGroup.__aexit__()
    File "reported.aio", line 10, in main
  task 'outer' waits for a sleep
    File "reported.aio", line 3, in kettle
    File "reported.aio", line 4, in outer
  task 'stir' waits for a future
    File "reported.aio", line 8, in stir
"""


def check_report(aioli, folder):
    """Ctrl-\\ on a program that waits, and on one that computes in a deep recursion."""
    def begin(text):
        (folder / "reported.aio").write_text(text)
        # A shell starts what runs in the background with these two ignored.
        process = subprocess.Popen([aioli, "reported.aio"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=lambda: [signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGQUIT)])
        process.stdout.readline()
        return process

    place = str(folder) + os.sep

    def read_report(process, last):
        lines = []
        while not lines or last not in lines[-1]:
            lines.append(process.stderr.readline())
            if not lines[-1]:
                sys.exit(f"the report ends early: {lines}")
        return "".join(lines).replace(place, "")

    process = begin(REPORTED)
    time.sleep(0.2)
    for _ in range(3):
        process.send_signal(signal.SIGQUIT)
        expect("the report", REPORT, read_report(process, "in stir"))
    process.send_signal(signal.SIGINT)
    process.communicate()
    expect("status after reports", 130, process.returncode)
    process = begin("def f(n):\n    while not n: pass\n    f(n - 1)\nprint('runs', flush=True)\nf(70)\n")
    time.sleep(0.2)
    process.send_signal(signal.SIGQUIT)
    expect("the report of a recursion",
           'What runs and waits, the latest call first:\n  the program runs\n    File "reported.aio", line 2, in f\n'
           + '    File "reported.aio", line 3, in f\n' * 49 + "    and 22 more\n", read_report(process, "more"))
    process.send_signal(signal.SIGINT)
    process.communicate()
    # Whoever has it ignored, as a shell does for a job in the background, is left alone.
    process = subprocess.Popen([aioli, "-c", "import time; print('runs', flush=True); time.sleep(0.3)"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGQUIT, signal.SIG_IGN))
    process.stdout.readline()
    process.send_signal(signal.SIGQUIT)
    expect("a program that ignores it", ("", ""), process.communicate())
    expect("its status", 0, process.returncode)


def check_shuffle(aioli, folder):
    """--shuffle=N takes another order, the same each time; --minimize names the one departure that a failure needs."""
    def run(*arguments):
        done = subprocess.run([aioli, *arguments], cwd=folder, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr.replace(f"{folder}/", "")

    (folder / "order.aio").write_text("""
import asyncio
async def say(name):
    print(name, end=" ")
    await asyncio.sleep(0)
    print(name.upper(), end=" ")
async def main():
    loop = asyncio.get_running_loop()
    for n in range(3): loop.call_soon(lambda n=n: print(n, end=" "))
    await asyncio.gather(*[say(name) for name in "abcdef"])
asyncio.run(main())
""")
    plain = "0 1 2 a b c d e f A B C D E F "
    expect("the plain order", (0, plain, ""), run("order.aio"))
    found = {run(f"--shuffle={n}", "order.aio")[1] for n in range(1, 31)}
    if len(found) < 25 or any(sorted(text.split()) != sorted(plain.split()) or not text.startswith("0 1 2 ") for text in found):
        sys.exit(f"--shuffle: {len(found)} orders of 30: {found}")
    for text in found:  # each task's own order stays
        if any(text.index(name) > text.index(name.upper()) for name in "abcdef"):
            sys.exit(f"--shuffle: {text}")
    expect("the same number", run("--shuffle=7", "order.aio"), run("--shuffle=7", "order.aio"))
    account = (HERE.parent / "examples" / "account.aio").read_text()
    (folder / "account.aio").write_text(account)
    line = next(number for number, text in enumerate(account.split("\n"), 1) if text.startswith("async def withdraw"))
    other = next(number for number, text in enumerate(account.split("\n"), 1) if text.startswith("async def deposit"))
    expect("the account in the plain order", (0, "", ""), run("account.aio"))
    failing = next(n for n in range(1, 100) if run(f"--shuffle={n}", "account.aio")[0])
    said = run(f"--shuffle={failing}", "account.aio")[2].split("\n")
    expect("what a failing order ends with", f"aioli: the order was that of --shuffle={failing}", said[-2])
    expect("--minimize", (1, "", f"""aioli: with --shuffle={failing} it fails: AssertionError: 70
aioli: it fails so when, other than in the plain order,
  task 'withdraw' (account.aio:{line} in withdraw) runs before 'deposit' (account.aio:{other} in deposit)
"""), run(f"--shuffle={failing}", "--minimize", "account.aio"))
    passing = next(n for n in range(1, 100) if not run(f"--shuffle={n}", "account.aio")[0])
    expect("--minimize of what passes", (0, "", f"aioli: with --shuffle={passing} it does not fail\n"),
           run(f"--shuffle={passing}", "--minimize", "account.aio"))
    # Two departures that need each other.
    (folder / "both.aio").write_text("""
import asyncio
order = []
async def step(name):
    order.append(name)
async def main():
    for names in "ab", "cd":
        await asyncio.gather(*map(step, names))
    assert order != ["b", "a", "d", "c"], "both"
asyncio.run(main())
""")
    failing = next(n for n in range(1, 200) if run(f"--shuffle={n}", "both.aio")[0])
    said = run(f"--shuffle={failing}", "--minimize", "both.aio")[2].split("\n")
    expect("two departures", ["task 'Task-3' (both.aio:4 in step) runs before 'Task-2' (both.aio:4 in step)",
                              "task 'Task-5' (both.aio:4 in step) runs before 'Task-4' (both.aio:4 in step)"],
           [text.strip() for text in said[2:-1]])
    (folder / "always.aio").write_text("raise KeyError(1)\n")
    expect("what fails in any order", "aioli: in the plain order it fails as well", run("--shuffle=1", "--minimize", "always.aio")[2].split("\n")[-2])
    for wrong in (["--shuffle=0", "order.aio"], ["--shuffle=x", "order.aio"], ["--minimize", "order.aio"], ["--shuffle", "--minimize"]):
        expect(f"status of {wrong}", 2, run(*wrong)[0])


def check_slow(aioli, folder):
    """Debug mode tells of steps and callbacks that hold the loop for long; without it nobody does."""
    (folder / "slow.aio").write_text("""
import asyncio, sys, time
def busy(): time.sleep(0.12)
async def holds():
    time.sleep(0.12)
    await asyncio.sleep(0)
async def main():
    loop = asyncio.get_running_loop()
    print(loop.get_debug(), loop.slow_callback_duration)
    loop.call_soon(busy)
    await asyncio.create_task(holds(), name="holds")
    loop.slow_callback_duration = 60
    loop.call_soon(busy)
    await asyncio.sleep(0.01)
asyncio.run(main(), debug=sys.argv[1] == "debug")
""")
    for word, wanted in (("debug", ["<Handle busy() at FILE:3>", "<Task pending name='holds' coro=<holds() running at FILE:6> cb=[Task.task_wakeup()]>"]), ("plain", [])):
        done = subprocess.run([aioli, "slow.aio", word], cwd=folder, capture_output=True, text=True)
        found = re.findall(r"^Executing (.*) took 0\.[1-9]\d\d seconds$", done.stderr.replace(str(folder / "slow.aio"), "FILE"), re.MULTILINE)
        expect(f"what is slow, {word}", (wanted, len(wanted), f"{word == 'debug'} 0.1\n"), (found, done.stderr.count("\n"), done.stdout))


def check_trace(aioli, folder):
    """--trace FILE: a track for each task, slices that do not overlap, an arrow for each wake-up."""
    (folder / "traced.aio").write_text("""
import asyncio
async def waits(event, lock):
    await event.wait()
    async with lock:
        await asyncio.sleep(1)
async def main():
    event, lock = asyncio.Event(), asyncio.Lock()
    tasks = [asyncio.create_task(waits(event, lock), name=name) for name in ('a "quoted" name', "b")]
    await asyncio.sleep(2)
    event.set()
    await asyncio.gather(*tasks)
asyncio.run(main())
""")
    done = subprocess.run([aioli, "--virtual-time", "--trace", "trace.json", "traced.aio"], cwd=folder, capture_output=True, text=True)
    expect("--trace", (0, "", ""), (done.returncode, done.stdout, done.stderr))
    events = json.loads((folder / "trace.json").read_text())
    names = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    expect("tracks", ['a "quoted" name', "b"], sorted(names.values())[1:])
    slices = {}
    for event in events:
        if event["ph"] == "X":
            slices.setdefault(names[event["tid"]], []).append((event["ts"], event["dur"], event["cat"], event["name"]))
    for name, of_task in slices.items():
        of_task.sort()
        for (start, length, _, _), (after, _, _, _) in zip(of_task, of_task[1:]):
            if start + length > after + 0.01:
                sys.exit(f"--trace: slices of {name} overlap: {of_task}")
    expect("waits", {'a "quoted" name': ["Event.wait()", "sleep()"], "b": ["Event.wait()", "Lock.acquire()", "sleep()"], sorted(names.values())[0]: ["sleep()", "gather()"]},
           {name: [what for _, _, kind, what in of_task if kind == "wait"] for name, of_task in slices.items()})
    lengths = {what: length for _, length, kind, what in slices["b"] if kind == "wait"}
    if not 1.9e6 < lengths["Event.wait()"] < 2.5e6 or not 0.9e6 < lengths["Lock.acquire()"] < 1.5e6:
        sys.exit(f"--trace: {lengths}")
    arrows = [sorted(e["id"] for e in events if e["ph"] == kind) for kind in "sf"]
    expect("arrows", (arrows[0], len(set(arrows[0]))), (arrows[1], len(arrows[0])))
    expect("status of a file that can't be written", 2, subprocess.run([aioli, "--trace", "none/t.json", "traced.aio"], cwd=folder, capture_output=True).returncode)


def check_alone(aioli, folder):
    shutil.copy(aioli, folder / "aioli")

    def enter():
        os.chroot(folder)
        os.chdir("/")

    done = subprocess.run(["/aioli", "-c", ALONE], capture_output=True, text=True, preexec_fn=enter, env={})
    expect("the static command alone", ("[0, 1, 2] 1180591620717411303424 \u00c4\n", "", 0), (done.stdout, done.stderr, done.returncode))


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    listed = json.loads((build / "meson-info" / "intro-buildoptions.json").read_text())
    options = {option["name"]: option["value"] for option in listed}
    with tempfile.TemporaryDirectory() as folder:
        check_statuses(build / "aioli", pathlib.Path(folder))
        check_exit(build / "aioli", pathlib.Path(folder))
        check_options(build / "aioli", pathlib.Path(folder))
        check_colours(build / "aioli", pathlib.Path(folder))
        check_unbuffered(build / "aioli", pathlib.Path(folder))
        check_warnings(build / "aioli", pathlib.Path(folder))
        check_report(build / "aioli", pathlib.Path(folder))
        check_shuffle(build / "aioli", pathlib.Path(folder))
        check_slow(build / "aioli", pathlib.Path(folder))
        check_trace(build / "aioli", pathlib.Path(folder))
    if options["static"]:
        expect("libraries of the static command", "", "".join(
            line for line in subprocess.run(["readelf", "-dl", build / "aioli"], capture_output=True, text=True).stdout.splitlines()
            if "NEEDED" in line or "INTERP" in line))
        if os.geteuid() == 0:
            with tempfile.TemporaryDirectory() as folder:
                check_alone(build / "aioli", pathlib.Path(folder))


main()
