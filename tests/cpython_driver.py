"""Runs a program under CPython as aioli would; record.py calls it.

usage: cpython_driver.py [--virtual-time] FILE [ARG…]

Imports find .aio files before .py files. With --virtual-time, asyncio's clock jumps to the next timer when no callback
is ready, and two accidents of CPython are settled: timers of one deadline fire in the order in which they were made,
and a task group cancels its tasks in the order in which they were made.
"""
import asyncio
import asyncio.events
import asyncio.taskgroups
import importlib.machinery
import itertools
import os
import selectors
import sys
import time
import types


class Jump(selectors.DefaultSelector):
    """A selector that never waits for a timer: it moves the loop's clock."""

    clock = 0.0

    def select(self, timeout=None):
        if timeout and timeout > 0:
            self.clock += timeout
            timeout = 0
        return super().select(timeout)


class Loop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.jump = Jump()
        super().__init__(self.jump)

    def time(self):
        return self.jump.clock


class Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self):
        return Loop()


class Timer(asyncio.events.TimerHandle):
    """A timer that knows how many were made before it."""

    __slots__ = ("number",)
    numbers = itertools.count()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.number = next(Timer.numbers)

    def __lt__(self, other):
        return (self._when, self.number) < (other._when, other.number)

    __hash__ = asyncio.events.TimerHandle.__hash__


class Ordered(dict):
    """As much of a set as a task group needs, in order of insertion."""

    def add(self, item):
        self[item] = None

    def discard(self, item):
        self.pop(item, None)


def make_virtual():
    asyncio.events.TimerHandle = Timer
    original = asyncio.taskgroups.TaskGroup.__init__

    def initialise(self):
        original(self)
        self._tasks = Ordered()

    asyncio.taskgroups.TaskGroup.__init__ = initialise
    asyncio.set_event_loop_policy(Policy())
    time.sleep = lambda seconds: None


def main():
    arguments = sys.argv[1:]
    if arguments[0] == "--virtual-time":
        del arguments[0]
        make_virtual()
    path = os.path.abspath(arguments[0])
    sys.argv = arguments
    sys.dont_write_bytecode = True
    machinery = importlib.machinery
    loaders = [(machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES), (machinery.SourceFileLoader, [".aio", ".py"])]
    sys.path_hooks.insert(0, machinery.FileFinder.path_hook(*loaders))
    sys.path_importer_cache.clear()
    sys.path[0] = os.path.dirname(path)
    main_module = types.ModuleType("__main__")
    main_module.__file__ = path
    keep.append(sys.modules["__main__"])
    sys.modules["__main__"] = main_module
    try:
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
        exec(code, main_module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        # The driver's own frame is none of the program's.
        error.__traceback__ = error.__traceback__.tb_next
        sys.stdout.flush()
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)


keep = []  # modules whose globals must live as long as the program
main()
