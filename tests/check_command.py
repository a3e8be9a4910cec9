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
import subprocess
import sys
import tempfile

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
    told = run("--trace", "prompt.json", "-iq", stdin="import asyncio\nasync def f():\n    await asyncio.sleep(0.001)\n\nawait asyncio.gather(*[f() for i in range(9)])\nprint('well')\n")
    expect("a trace at the prompt", (0, True, ""), (told[0], told[1].endswith("well\n>>> \n"), told[2]))
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
    if options["static"]:
        expect("libraries of the static command", "", "".join(
            line for line in subprocess.run(["readelf", "-dl", build / "aioli"], capture_output=True, text=True).stdout.splitlines()
            if "NEEDED" in line or "INTERP" in line))
        if os.geteuid() == 0:
            with tempfile.TemporaryDirectory() as folder:
                check_alone(build / "aioli", pathlib.Path(folder))


main()
