#!/usr/bin/env python3
"""Checks the command `aioli test`: check_test.py BUILD

It makes folders of tests and looks at what is printed and at the exit status. The examples of docs/testing.md are run too.
"""
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

HERE = pathlib.Path(__file__).resolve().parent
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if name not in ("AIOLI_PATH", "COLUMNS", "FORCE_COLOR", "NO_COLOR", "PYTHON_COLORS")}
PATIENCE = 120  # seconds for what should take none: builds with sanitizers on a busy machine are slow


def expect(what, wanted, found):
    if wanted != found:
        sys.exit(f"{what}: expected\n{wanted}\nfound\n{found}" if isinstance(wanted, str) else f"{what}: expected {wanted!r}, found {found!r}")


def expect_in(what, wanted, text):
    for part in [wanted] if isinstance(wanted, str) else wanted:
        if part not in text:
            sys.exit(f"{what}: {part!r} is missing in\n{text}")


class Folder:
    """A folder of files, and runs of the command in it."""

    def __init__(self, aioli, files):
        self.aioli, self.temporary = aioli, tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.temporary.name)
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(textwrap.dedent(text).lstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.temporary.cleanup()

    def run(self, *arguments, **environment):
        """Exit status, what is printed, the errors."""
        done = subprocess.run([self.aioli, "test", *arguments], cwd=self.path, capture_output=True, text=True, timeout=PATIENCE,
                              env=ENVIRONMENT | environment, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def check(self, what, status, wanted, *arguments, **environment):
        found = self.run(*arguments, **environment)
        expect(what, wanted, found[1])
        expect(f"{what}: status and errors", (status, ""), (found[0], found[2]))

    def report(self, what, status, *arguments, **environment):
        """What is printed."""
        found = self.run(*arguments, **environment)
        expect(f"{what}: status", status, found[0])
        expect(f"{what}: errors", "", found[2])
        return found[1]


def check_collecting(aioli):
    tests = "def test_it(): pass\n"
    files = {"test_a.aio": tests, "b_test.aio": tests, "other.aio": "1 / 0\n", "test_no.txt": "1 / 0\n", "deep/er/test_c.aio": tests,
             ".hidden/test_d.aio": "1 / 0\n", "__pycache__/test_e.aio": "1 / 0\n", "deep/test_a.aio": tests,
             "single.aio": "def test_one(): pass\nimport sys\ndef helper(): 1 / 0\nclass Test:\n    def test_not(self): 1 / 0\n", "empty/readme": ""}
    with Folder(aioli, files) as folder:
        os.symlink("..", folder.path / "deep" / "round")
        names = ["b_test.aio::test_it", "deep/er/test_c.aio::test_it", "deep/test_a.aio::test_it", "test_a.aio::test_it"]
        everything = "".join(f"{name} passed\n" for name in names) + "4 passed, 0 failed\n"
        folder.check("all", 0, everything, "-v")
        folder.check("the present folder", 0, everything, "-v", ".")
        folder.check("one folder", 0, "deep/er/test_c.aio::test_it passed\n1 passed, 0 failed\n", "-v", "deep/er/")
        folder.check("files, each once", 0, "single.aio::test_one passed\ntest_a.aio::test_it passed\n2 passed, 0 failed\n",
                     "-v", "./single.aio", "test_a.aio", "single.aio")
        folder.check("dots", 0, "b_test.aio .\ndeep/er/test_c.aio .\ndeep/test_a.aio .\ntest_a.aio .\n4 passed, 0 failed\n")
        folder.check("nothing", 5, "0 passed, 0 failed\n", "empty")
        folder.check("nothing left", 5, "0 passed, 0 failed\n", "-k", "nothing")
        for arguments, message in ((["none"], "no such file or folder: none"), (["-z"], "unknown option -z"), (["--zzz"], "unknown option --zzz"),
                                   (["-k"], "-k wants an argument"), (["-k", "a and"], "-k 'a and': a word is missing"),
                                   (["-k", "(a"], "-k '(a': a bracket is missing"), (["-k", "a b"], "-k 'a b': 'b' is one word too many"),
                                   (["--durations", "x"], "--durations wants a number, not 'x'"), (["--durations"], "--durations wants an argument"), (["--seeds", "many"], "--seeds wants a number, not 'many'"),
                                   (["/dev/null"], "neither a file nor a folder: /dev/null")):
            status, output, errors = folder.run(*arguments)
            expect(f"misuse {arguments}", (4, "", f"aioli test: {message}"), (status, output, errors.split("\n")[0]))
        status, output, errors = folder.run(b"\xff")
        expect("a name that is not UTF-8", (4, ""), (status, output))
        status, output, errors = folder.run("--help")
        expect("help", (0, "usage: aioli test [OPTION…] [PATH…]", ""), (status, output.split("\n")[0], errors))
        # A file named like an option, and one that is named `test` for the command itself.
        (folder.path / "-x.aio").write_text(tests)
        folder.check("behind --", 0, "-x.aio .\n1 passed, 0 failed\n", "--", "-x.aio")
        (folder.path / "test").write_text("print('a program')\n")
        done = subprocess.run([aioli, "./test"], cwd=folder.path, capture_output=True, text=True, env=ENVIRONMENT)
        expect("a program named test", (0, "a program\n"), (done.returncode, done.stdout))


def check_order(aioli):
    files = {"test_order.aio": """
        import unittest
        class Base(unittest.TestCase):
            def test_z(self): pass
        def test_y(): pass
        class Derived(Base):
            def test_b(self): pass
            test_number = 5
            def test_a(self): pass
            def helper(self): 1 / 0
        async def test_x(): pass
        test_value = 5
        """}
    names = ("Base::test_z", "test_y", "Derived::test_z", "Derived::test_b", "Derived::test_a", "test_x")
    with Folder(aioli, files) as folder:
        folder.check("order of definition", 0, "".join(f"test_order.aio::{name} passed\n" for name in names) + "6 passed, 0 failed\n", "-v")


def check_modules(aioli):
    """Files of the same name, and what they import, stay apart; the library is there once."""
    tests = """
        import asyncio, sys, unittest, helper, shared
        def test_helper():
            assert helper.name == {0!r} and __name__ == "test_same" and sys.modules["test_same"].helper is helper
            assert __file__ == "{0}/test_same.aio" and shared.count() == 1 and sys.path[0] == {0!r}
        def test_library():
            kept = sys.__dict__.setdefault("kept", (asyncio.Lock, unittest.TestCase))
            assert kept == (asyncio.Lock, unittest.TestCase)
        sys.path.append("nowhere")
        sys.modules["fake"], sys.modules["none"] = object(), None
        import math
        """
    files = {"shared.aio": "counted = 0\ndef count():\n    global counted\n    counted += 1\n    return counted\n"}
    for name in ("one", "two"):
        files[f"{name}/test_same.aio"] = tests.format(name)
        files[f"{name}/helper.aio"] = f"name = {name!r}\n"
    files["two/test_then.aio"] = "import sys\ndef test_path():\n    assert 'nowhere' not in sys.path and not {'test_same', 'helper', 'fake', 'none'} & set(sys.modules) and 'math' in sys.modules\n"
    with Folder(aioli, files) as folder:
        folder.check("modules", 0, "one/test_same.aio ..\ntwo/test_same.aio ..\ntwo/test_then.aio .\n5 passed, 0 failed\n")


# Each with what its report must say.
FAILING = {
    "assert": ("def test(): pass\ndef test_it():\n    assert 1 == 2\n", 'File "test_it.aio", line 3, in test_it\n    assert 1 == 2\n'),
    "exception": ("def test_it():\n    1 / 0\n", "ZeroDivisionError: division by zero"),
    "in async": ("async def test_it():\n    1 / 0\n", 'Traceback (most recent call last):\n  File "test_it.aio", line 2, in test_it\n'),
    "exit": ("import sys\ndef test_it():\n    sys.exit(0)\n", "SystemExit: 0"),
    "exit in async": ("import sys\nasync def test_it():\n    sys.exit(0)\n", "SystemExit: 0"),
    "cancelled": ("import asyncio\nasync def test_it():\n    asyncio.current_task().cancel()\n    await asyncio.sleep(1)\n", "CancelledError"),
    "generator": ("def test_it():\n    yield\n", "TypeError: the test is a generator"),
    "async generator": ("async def test_it():\n    yield\n", "TypeError: the test is a generator"),
    "parameters": ("def test_it(tmp_path): pass\n", "missing 1 required positional argument: 'tmp_path'"),
    "recursion": ("def test_it():\n    test_it()\n", "RecursionError: maximum recursion depth exceeded"),
    "group": ("import asyncio\nasync def bad():\n    1 / 0\nasync def test_it():\n    async with asyncio.TaskGroup() as group:\n"
              "        group.create_task(bad())\n", ["ExceptionGroup: unhandled errors in a TaskGroup", "ZeroDivisionError"]),
    "deadlock": ("import asyncio\nasync def test_it():\n    await asyncio.Queue().get()\n",
                 "DeadlockError: 1 task waits and nothing can wake it:\n  task 'Task-1' waits for an item of queue (test_it.aio:3)\n"
                 '    File "test_it.aio", line 3, in test_it\n'),
    "deadlock of a plain test": ("import asyncio\ndef test_it():\n    asyncio.run(asyncio.Event().wait())\n", "DeadlockError: 1 task waits"),
    "deadlock of a case": ("import asyncio, unittest\nclass T(unittest.IsolatedAsyncioTestCase):\n    async def test_it(self):\n"
                           "        await asyncio.Event().wait()\n", "DeadlockError: 1 task waits"),
    "syntax": ("def test_it():\n    return (\n", "SyntaxError: '(' was never closed"),
    "not UTF-8": ("# \udcff\ndef test_it(): pass\n", "SyntaxError"),
    "top level": ("def test_it(): pass\n[][0]\n", 'Traceback (most recent call last):\n  File "test_it.aio", line 2, in <module>\n'),
    "exit at the top": ("import sys\nsys.exit()\n", "SystemExit"),
    "import": ("import nowhere\n", "ModuleNotFoundError: No module named 'nowhere'"),
    "chained": ("def test_it():\n    try:\n        1 / 0\n    except ZeroDivisionError as error:\n        raise KeyError from error\n",
                "The above exception was the direct cause"),
    "expected": ("import unittest\n@unittest.expectedFailure\ndef test_it(): pass\n", "It passed, though it was expected to fail."),
    "setUpModule": ("def setUpModule(): 1 / 0\ndef test_it(): print('never')\n", "---- test_it.aio setUpModule\n"),
    "setUpClass": ("import unittest\nclass T(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls): 1 / 0\n"
                   "    def test_it(self): print('never')\n", "---- test_it.aio::T setUpClass\n"),
    "tearDown": ("import unittest\nclass T(unittest.TestCase):\n    def tearDown(self): 1 / 0\n    def test_it(self): pass\n",
                 "ZeroDivisionError"),
    "closed output": ("import sys\ndef test_it():\n    sys.stdout = None\n    assert sys.stdout\n", "AssertionError"),
    "own repr": ("class R:\n    def __repr__(self): 1 / 0\ndef test_it():\n    r = R()\n    assert r is None\n",
                 "AssertionError\nwhere r = <its repr() raised ZeroDivisionError>\n"),
}


def check_failing(aioli):
    for what, (text, wanted) in FAILING.items():
        with Folder(aioli, {}) as folder:
            (folder.path / "test_it.aio").write_bytes(text.encode("utf-8", "surrogateescape"))
            (folder.path / "test_then.aio").write_text("def test_then(): pass\n")
            report = folder.report(what, 1)
            expect_in(what, wanted, report)
            expect(f"{what}: the last line", "1 failed", report.splitlines()[-1].split(", ")[1])
            expect_in(f"{what}: the others", "test_then.aio .\n", report)
            for part in ("<built-in", "never\n"):
                if part in report.replace("'(' was never closed\n", "").replace("<built-in asyncio", ""):
                    sys.exit(f"{what}: {part!r} in\n{report}")


# What is left behind, the line and function where it was made, and what else is said of it.
LEAVING = {
    "a task": ("    asyncio.create_task(wait(), name='left')\n", "A task was left running: 'left', which waits for its turn\n"),
    "a task that waits": ("    asyncio.create_task(wait(), name='left'); await asyncio.sleep(1)\n",
                          "A task was left running: 'left', which waits for a sleep\n  File \"test_it.aio\", line 3, in wait\n"),
    "a task that a future keeps": ("    asyncio.create_task(forever(), name='left'); await asyncio.sleep(1)\n",
                                   "A task was left running: 'left', which waits for a future\n"),
    "a coroutine": ("    wait()\n", "A coroutine was never awaited: 'wait'\n"),
    "a coroutine that is kept": ("    global kept; kept = wait()\n", "A coroutine was never awaited: 'wait'\n"),
    "an exception": ("    asyncio.create_task(bad()); await asyncio.sleep(1)\n",
                     ["An exception was never retrieved: <Task finished", "\n    1 / 0\n    ~~^~~\nZeroDivisionError: division by zero\n"]),
    "an exception that is kept": ("    global kept; kept = asyncio.create_task(bad()); await asyncio.sleep(1)\n",
                                  "An exception was never retrieved: <Task finished"),
}
KEEPING = {
    "a task that has ended": "    asyncio.create_task(asyncio.sleep(1)); await asyncio.sleep(2)\n",
    "a task that is cancelled": "    task = asyncio.create_task(wait()); await asyncio.sleep(1); task.cancel()\n",
    "a task that is cancelled before it begins": "    task = asyncio.create_task(wait()); task.cancel()\n",
    "a task that has been cancelled before it began": "    task = asyncio.create_task(wait()); task.cancel(); await asyncio.sleep(1)\n",
    "a group that fails": "    try:\n        async with asyncio.TaskGroup() as group: group.create_task(wait()); 1 / 0\n    except* ZeroDivisionError: pass\n",
    "a timeout": "    try: await asyncio.wait_for(wait(), 1)\n    except TimeoutError: pass\n",
    "a race": "    done, rest = await asyncio.wait([asyncio.create_task(bad()), asyncio.create_task(wait())], return_when='FIRST_COMPLETED')\n"
              "    rest.pop().cancel(); assert isinstance(done.pop().exception(), ZeroDivisionError)\n",
    "a shield": "    task = asyncio.create_task(asyncio.sleep(5)); await asyncio.wait([asyncio.shield(task)], timeout=1); await task\n",
    "an async generator": "    async def count():\n        yield 1\n        yield 2\n    async for x in count(): break\n    async with asyncio.timeout(5): pass\n",
    "a coroutine that is closed": "    wait().close()\n",
    "an exception that is seen": "    task = asyncio.create_task(bad()); await asyncio.sleep(1); task.exception()\n",
    "an exception that is awaited": "    await asyncio.gather(bad(), return_exceptions=True)\n",
}
BEFORE = """import asyncio, unittest
async def wait():
    await asyncio.sleep(1000)
async def forever():
    await asyncio.get_running_loop().create_future()
async def bad():
    1 / 0
"""


def check_leaving(aioli):
    case = BEFORE + "class T(unittest.IsolatedAsyncioTestCase):\n  async def test_it(self):\n"
    then = "def test_then(): pass\n"
    for what, (body, wanted) in LEAVING.items():
        with Folder(aioli, {}) as folder:
            # As a function, a method, and where the test fails anyway: then what runs still is the failure's doing.
            for text, function, line in ((BEFORE + "async def test_it():\n" + body, "test_it", 9), (case + body, "T.test_it", 10)):
                (folder.path / "test_it.aio").write_text(text + then)
                report = folder.report(what, 1)
                expect_in(what, wanted, report)
                expect_in(what, f'It was made here:\n  File "test_it.aio", line {line}, in {function}\n    {body.strip()}\n', report)
                expect(f"{what}: the last line", "1 passed, 1 failed", report.splitlines()[-1])
                if "<built-in" in report:
                    sys.exit(f"{what}: the runner shows in\n{report}")
            (folder.path / "test_it.aio").write_text(BEFORE + "async def test_it():\n" + body + "    raise KeyError('itself')\n" + then)
            report = folder.report(what, 1)
            expect(f"{what}, failing: whether it is told", "a task" not in what, "It was made here" in report)
            expect_in(what, ["KeyError: 'itself'", "1 passed, 1 failed"], report)
    for what, body in KEEPING.items():
        with Folder(aioli, {"test_it.aio": BEFORE + "async def test_it():\n" + body}) as folder:
            folder.check(what, 0, "test_it.aio .\n1 passed, 0 failed\n")
    texts = {"the top level": (BEFORE + "wait()\ndef test_it(): pass\n", "---- test_it.aio\nA coroutine was never awaited: 'wait'\n"),
             "a plain test": (BEFORE + "def test_it():\n    wait()\n", "---- test_it.aio::test_it\nA coroutine was never awaited: 'wait'\n"),
             "asyncio.run in a test": (BEFORE + "async def go():\n    asyncio.create_task(bad()); await asyncio.sleep(1)\n"
                                       "def test_it(): asyncio.run(go())\n", "---- test_it.aio::test_it\nAn exception was never retrieved"),
             "setUpClass": (BEFORE + "class T(unittest.TestCase):\n  @classmethod\n  def setUpClass(cls): wait()\n"
                            "  def test_it(self): pass\n", "---- test_it.aio::T\nA coroutine was never awaited: 'wait'\n"),
             "a task group's task": (BEFORE + "async def test_it():\n    group = asyncio.TaskGroup()\n    await group.__aenter__()\n"
                                     "    group.create_task(wait())\n", 'line 11, in test_it\n    group.create_task(wait())\n')}
    for what, (text, wanted) in texts.items():
        with Folder(aioli, {"test_it.aio": text}) as folder:
            expect_in(what, wanted, folder.report(what, 1))


PARTS = (
    # The test's body, and the line behind "AssertionError".
    ("a, b = 1, 2\nassert a == b", "where a = 1, b = 2"),
    ("assert not 1 == True", None),
    ("assert 0", None),
    ("x = []\nassert x", "where x = []"),
    ("x = 'text'\nassert x.upper() == 'text'", "where x.upper() = 'TEXT', x = 'text'"),
    ("d = {'k': [1, 2]}\nassert d['k'][0] > 1", "where d['k'][0] = 1, d['k'] = [1, 2], d = {'k': [1, 2]}"),
    ("a, b = 1, 0\nassert a > 5 and b.missing", "where a = 1"),
    ("a, b = 1, 2\nassert a == 5 or b == 5", "where a = 1, b = 2"),
    ("assert len([1, 2]) == 3", "where len([1, 2]) = 2"),
    ("x = 5\nassert isinstance(x, str)", "where isinstance(x, str) = False, x = 5"),
    ("x = 5\nassert type(x) is str", "where type(x) = <class 'int'>, x = 5"),
    ("x = 5\nassert any(y > x for y in [x])", "where any(y > x for y in [x]) = False, x = 5"),
    ("x = 5\nassert x < 3 < x", "where x = 5"),
    ("x = 5\nassert (y := x + 1) == 7", "where y = 6, x = 5"),
    ("x = 5\nassert (lambda: x)() == 7", "where (lambda: x)() = 5"),
    ("x = 5\nassert f'{x}' == '6'", "where f'{x}' = '5', x = 5"),
    ("x = 5\nassert x + 1 == 3 * 4", "where x + 1 = 6, x = 5"),
    ("x = [1]\nassert [*x, 2] == [1, 3]", "where x = [1]"),
    ("x = 5\nassert x == 6, 'a message'", ": a message\nwhere x = 5"),
    ("x = 5\nassert max(x,\n           3) == 6", "where max(x, 3) = 5, x = 5"),
    ("x = 'ä' * 500\nassert not x", "where x = '" + "ä" * 139 + " … 322 more … " + "ä" * 39 + "'"),
    ("count = []\ndef once():\n    count.append(1)\n    return len(count)\nassert once() == 2", "where once() = 1"),
    ("class C:\n    def __eq__(self, other): return False\n    def __repr__(self): return 'two\\nlines'\nc = C()\nassert c == c", "where c = two\nlines"),
    ("long = 'x' * 60\nmore = 'y' * 60\nassert long == more", f"where long = {'x' * 60!r},\n      more = {'y' * 60!r}"),
)


def check_parts(aioli):
    for number, (body, wanted) in enumerate(PARTS):
        for kind in ("def", "async def"):
            text = f"{kind} test_it():\n" + textwrap.indent(body, "    ") + "\n"
            with Folder(aioli, {"test_it.aio": text}) as folder:
                report = folder.report(body, 1)
                after = "AssertionError" + ("\n" + wanted if wanted and not wanted.startswith(":") else wanted or "") + "\n1 passed"
                expect_in(body, after.removesuffix("1 passed") + "0 passed, 1 failed\n", report)
    with Folder(aioli, {"test_it.aio": "async def f(x): return x\nasync def test_it():\n    assert await f(3) == 4\n"}) as folder:
        expect_in("await", "where await f(3) = 3\n", folder.report("await", 1))
    # Without a test, nothing of it.
    with Folder(aioli, {"plain.aio": "x = 5\nassert x == 6\n"}) as folder:
        done = subprocess.run([aioli, "plain.aio"], cwd=folder.path, capture_output=True, text=True, env=ENVIRONMENT)
        expect("a program's assertion", (1, "AssertionError"), (done.returncode, done.stderr.splitlines()[-1]))
        listing = subprocess.run([aioli, "dis", "plain.aio"], cwd=folder.path, capture_output=True, text=True, env=ENVIRONMENT).stdout
        expect("its bytecode", False, "EXPLAIN" in listing)


def check_output(aioli):
    files = {"test_it.aio": """
        import sys
        print("at the top")
        def test_quiet():
            print("never shown")
        def test_loud():
            print("one", end=" ")
            print("two", file=sys.stderr)
            sys.stdout.write("three")
            assert not sys.stdout.isatty()
            raise ValueError
        """, "test_top.aio": "print('seen')\nraise ValueError\n"}
    with Folder(aioli, files) as folder:
        report = folder.report("output", 1)
        expect_in("output", ["ValueError\n-- its output:\none three\n-- its error output:\ntwo\n", "ValueError\n-- its output:\nseen\n"], report)
        for hidden in ("never shown", "at the top"):
            if hidden in report:
                sys.exit(f"{hidden!r} is shown in\n{report}")


def check_skipping(aioli):
    files = {"test_it.aio": """
        import unittest
        @unittest.skip("by decorator")
        def test_decorated(): 1 / 0
        @unittest.skipIf(True, "async")
        async def test_async(): 1 / 0
        def test_raised(): raise unittest.SkipTest("raised")
        async def test_raised_async(): raise unittest.SkipTest
        @unittest.expectedFailure
        async def test_expected(): 1 / 0
        class A(unittest.TestCase):
            def test_method(self): self.skipTest("method")
        @unittest.skip("class")
        class B(unittest.TestCase):
            def test_b(self): 1 / 0
        class C(unittest.TestCase):
            @classmethod
            def setUpClass(cls): raise unittest.SkipTest("setUpClass")
            def test_c(self): 1 / 0
        """, "test_top.aio": "import unittest\nraise unittest.SkipTest('not here')\n"}
    lines = ("test_decorated skipped: by decorator", "test_async skipped: async", "test_raised skipped: raised", "test_raised_async skipped",
             "test_expected failed as expected", "A::test_method skipped: method", "B::test_b skipped: class", "C::test_c skipped: setUpClass")
    with Folder(aioli, files) as folder:
        folder.check("skipping", 0, "".join(f"test_it.aio::{line}\n" for line in lines) + "test_top.aio skipped: not here\n1 passed, 0 failed, 8 skipped\n",
                     "-v")
        folder.check("only skipped", 0, "test_it.aio s\ntest_top.aio s\n0 passed, 0 failed, 2 skipped\n", "-k", "decorated")


def check_choosing(aioli):
    files = {"test_it.aio": """
        import asyncio, unittest
        class Fast(unittest.TestCase):
            def test_one(self): pass
            def test_two(self): pass
        def test_slow_one(): pass
        def test_fails(): 1 / 0
        def test_last(): 1 / 0
        """}
    with Folder(aioli, files) as folder:
        for words, wanted in (("one", ["Fast::test_one", "test_slow_one"]), ("one and not slow", ["Fast::test_one"]), ("ONE", ["Fast::test_one", "test_slow_one"]),
                              ("fast or slow", ["Fast::test_one", "Fast::test_two", "test_slow_one"]),
                              ("not (fails or last or fast)", ["test_slow_one"]), ("test_it.aio::Fast", ["Fast::test_one", "Fast::test_two"]),
                              ("not not two", ["Fast::test_two"]), ("two or one and slow", ["Fast::test_two", "test_slow_one"])):
            wanted_text = "".join(f"test_it.aio::{name} passed\n" for name in wanted) + f"{len(wanted)} passed, 0 failed\n"
            folder.check(f"-k {words}", 0, wanted_text, "-v", "-k", words)
        folder.check("-kWORDS", 0, "test_it.aio .\n1 passed, 0 failed\n", "-ktwo")
        report = folder.report("-x", 1, "-x")
        expect("-x", ["test_it.aio ...F", "stopped at the first failure", "3 passed, 1 failed"], [report.splitlines()[i] for i in (0, -2, -1)])
        report = folder.report("-xv", 1, "-xv")
        expect_in("-xv", "test_it.aio::test_fails FAILED\n---- test_it.aio::test_fails\n", report)
        for arguments, count in ((["--durations", "2"], 2), (["--durations=1"], 1), (["--durations=0"], 5)):
            lines = folder.report("--durations", 1, *arguments).splitlines()
            shown = [line for line in lines if re.fullmatch(r" +\d+\.\d{3} s  test_it\.aio::\S+", line)]
            expect(f"{arguments}", (count, "---- the slowest"), (len(shown), lines[-2 - count]))
            expect(f"{arguments}: their order", sorted(shown, reverse=True, key=lambda line: float(line.split()[0])), shown)


def check_seeds(aioli):
    """--seeds N runs async functions in other orders too, --seed N in that one."""
    files = {"test_it.aio": """
        import asyncio
        async def test_races():
            seen = []
            async def note(n): seen.append(n)
            await asyncio.gather(note(0), note(1), note(2))
            assert seen[0] != 2
        async def test_does_not():
            seen = []
            async def note(n): seen.append(n)
            await asyncio.gather(note(0), note(1), note(2))
            assert sorted(seen) == [0, 1, 2]
        async def test_fails():
            assert False
        def test_plain():
            pass
        """}
    with Folder(aioli, files) as folder:
        folder.check("without --seeds", 0, "test_it.aio ...\n3 passed, 0 failed\n", "-k", "not fails")
        report = folder.report("--seeds", 1, "--seeds", "50", "-k", "not fails")
        found = re.search(r"^---- test_it\.aio::test_races \(--seed (\d+)\)$", report, re.MULTILINE)
        if not found or not report.endswith("3 passed, 1 failed\n"):
            sys.exit(f"--seeds: {report}")
        expect_in("--seed", f"test_races (--seed {found[1]})\n", folder.report("--seed", 1, "--seed", found[1], "-k", "races"))
        passing = next(n for n in range(1, 50) if "1 passed" in folder.run("--seed", str(n), "-k", "races")[1])
        folder.check("--seed of one that passes", 0, "test_it.aio .\n1 passed, 0 failed\n", "--seed", str(passing), "-k", "races")
        expect_in("--seeds of what fails anyhow", "0 passed, 1 failed\n", folder.report("--seeds", 1, "--seeds", "50", "-k", "fails"))


def check_clock(aioli):
    """The clock is virtual, begins at 0 in each test, and is real when one asks for that."""
    files = {"test_it.aio": """
        import asyncio, time, unittest
        async def sleep():
            before = asyncio.get_running_loop().time()
            await asyncio.sleep(0.25)
            assert asyncio.get_running_loop().time() - before >= 0.25
        async def test_sleeps():
            await sleep()
        async def test_hours():
            assert asyncio.get_running_loop().time() == 0
            await asyncio.sleep(100000)
        class T(unittest.IsolatedAsyncioTestCase):
            async def test_sleeps_too(self):
                await sleep()
        """}
    with Folder(aioli, files) as folder:
        folder.check("virtual time", 0, "test_it.aio ...\n3 passed, 0 failed\n")
        begin = time.monotonic()
        folder.check("real time", 0, "test_it.aio ..\n2 passed, 0 failed\n", "--real-time", "-k", "sleeps")
        if time.monotonic() - begin < 0.5:
            sys.exit("--real-time does not wait")


# begin() says so when the test waits.
BEGIN = """import asyncio, sys, unittest
def begin():
    asyncio.get_running_loop().call_later(0.01, lambda: print('begun', file=sys.__stderr__, flush=True))
"""


def check_interrupts(aioli):
    """Ctrl-C stops a test that computes or waits, and what has run is reported."""
    bodies = {"computing": "def test_stuck():\n    print('begun', file=sys.__stderr__, flush=True)\n    while True: pass\n",
              "computing in async": "async def test_stuck():\n    print('begun', file=sys.__stderr__, flush=True)\n    while True: pass\n",
              "waiting": "async def test_stuck():\n    begin()\n    print('kept')\n"
                         "    try: await asyncio.sleep(1000)\n    finally: print('cleaned up')\n",
              "a case": "class T(unittest.IsolatedAsyncioTestCase):\n    async def test_stuck(self):\n"
                        "        print('begun', file=sys.__stderr__, flush=True)\n        while True: pass\n",
              "a case that waits": "class T(unittest.IsolatedAsyncioTestCase):\n    async def test_stuck(self):\n"
                                   "        begin()\n        await asyncio.sleep(1000)\n",
              "top level": "print('begun', file=sys.__stderr__, flush=True)\nwhile True: pass\n"}
    for what, body in bodies.items():
        files = {"test_a.aio": "def test_passes(): pass\ndef test_fails(): 1 / 0\n", "test_b.aio": BEGIN + body,
                 "test_c.aio": "def test_never(): pass\n"}
        with Folder(aioli, files) as folder:
            process = subprocess.Popen([aioli, "test", "--real-time"], cwd=folder.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                       env=ENVIRONMENT)
            expect(f"{what}: the test begins", "begun\n", process.stderr.readline())
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=PATIENCE)
            expect(f"{what}: status", (2, ""), (process.returncode, errors))
            expect_in(what, ["ZeroDivisionError", "---- interrupted in test_b.aio", "KeyboardInterrupt", "\n1 passed, 1 failed\n"], output)
            if "test_c" in output:
                sys.exit(f"{what}: it goes on\n{output}")
            if "wait" in what:  # where it waits
                expect_in(what, "in test_stuck\n", output)
                expect_in(what, "await asyncio.sleep(1000)", output)
            if what == "waiting":
                expect_in(what, "-- its output:\nkept\ncleaned up\n", output)


def check_terminal(aioli):
    """On a terminal one line tells of the test that runs; colours are as elsewhere."""
    files = {"test_it.aio": "def test_good(): pass\ndef test_bad(): 1 / 0\n"}
    with Folder(aioli, files) as folder:
        pid, terminal = pty.fork()
        if pid == 0:
            try:
                os.chdir(folder.path)
                os.execve(aioli, [str(aioli), "test"], ENVIRONMENT | {"TERM": "xterm"})
            finally:  # a child that could not become the command must not go on as a second run of these tests
                os._exit(127)
        said = b""
        while select.select([terminal], [], [], PATIENCE)[0]:
            try:
                said += os.read(terminal, 65536)
            except OSError:
                break
        os.close(terminal)
        expect("status at a terminal", 1, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        text = said.decode()
        expect_in("a terminal", ["\r\x1b[2K0 run, 0 failed: test_it.aio::test_good", "\r\x1b[2K1 run, 0 failed: test_it.aio::test_bad",
                                 "\r\x1b[2K\x1b[31mfailed\x1b[0m test_it.aio::test_bad\r\n", "\x1b[1m\x1b[31m1 passed, 1 failed\x1b[0m\r\n"], text)
        plain = folder.report("without colours", 1)
        coloured = folder.report("with colours", 1, FORCE_COLOR="1")
        expect("whether there are colours", (False, True), ("\x1b" in plain, "\x1b[1;35mZeroDivisionError" in coloured))
        expect("colours alone", plain, re.sub("\x1b\\[[0-9;]*m", "", coloured))


def check_documentation(aioli):
    """The examples of docs/testing.md are true."""
    text = (HERE.parent / "docs" / "testing.md").read_text()
    files = dict(re.findall(r"`(\w+\.aio)`:\n\n```python\n(.*?)```", text, re.S))
    examples = re.findall(r"^    \$ aioli test ?(.*)\n((?:    .*\n|\n(?=    ))*)", text, re.M)
    expect("how many files and examples docs/testing.md has", True, len(files) >= 4 and len(examples) >= 5)
    with Folder(aioli, {}) as folder:
        for name, content in files.items():
            (folder.path / name).write_text(content)
            for arguments, output in examples:
                # An example without a file comes before the files that it would find.
                named = re.findall(r"\S+\.aio", arguments)
                if named == [name] or not named and len(list(folder.path.iterdir())) == 1:
                    found = folder.run(*re.findall(r"\S+", arguments))
                    expect(f"docs/testing.md: aioli test {arguments}", textwrap.dedent(output).rstrip("\n"), found[1].rstrip("\n"))


def main():
    aioli = pathlib.Path(sys.argv[1]).resolve() / "aioli"
    for check in (check_collecting, check_order, check_modules, check_failing, check_leaving, check_parts, check_output, check_skipping,
                  check_choosing, check_seeds, check_clock, check_interrupts, check_terminal, check_documentation):
        if len(sys.argv) < 3 or check.__name__.removeprefix("check_") in sys.argv[2:]:
            check(aioli)


main()
