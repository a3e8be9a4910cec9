#!/usr/bin/env python3
"""Random asyncio programs whose schedules must be those of CPython 3.13: schedule_fuzz.py [--aioli FILE] [--cpython CMD] [--seed S] [--count N]
[--keep FOLDER] [--show I]

Each program has a few async functions of random statements over one of each primitive, and prints a number, a time and a task's name at
every step; both run on a virtual clock. It reaches what is rarely used together: queues of all kinds with shutdown(), conditions with
timeouts, uncancel(), nested groups and timeouts, as_completed in both forms, shields, barriers, contexts, eager tasks, awaitables of a
script's own, coroutines that are kept, driven through generators or cancelled before they begin. Program I of a seed is always the same.
The last line is `N passed, N failed`; programs that differ are kept in the folder with both outputs.
"""
import argparse
import concurrent.futures
import difflib
import os
import pathlib
import random
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

PRELUDE = '''
import asyncio
import contextlib
import contextvars
import types

tasks = []
variable = contextvars.ContextVar("variable", default=0)


def log(*words):
    task = asyncio.current_task()
    name = task.get_name() if task else "-"
    if EAGER and name.startswith(("Task-", "None")):
        name = "task"  # with a factory CPython 3.13.0 calls all that have no name None
    print(round(asyncio.get_running_loop().time() * 1024), name, *words)


def note(error):
    if isinstance(error, BaseExceptionGroup):
        return f"{type(error).__name__}[{', '.join(map(note, error.exceptions))}]"
    return f"{type(error).__name__}{error.args!r}"


def show(results):
    return [note(r) if isinstance(r, BaseException) else r for r in results]


class Wrapped:
    def __init__(self, awaitable):
        self.awaitable = awaitable

    def __await__(self):
        return (yield from self.awaitable.__await__())


@types.coroutine
def bare(times):
    for _ in range(times):
        yield
    return times


async def ticks(count, pause):
    try:
        for n in range(count):
            yield n
            await asyncio.sleep(pause)
    finally:
        log("ticks end")


def spawn(coroutine, **more):
    task = asyncio.create_task(coroutine, **more)
    tasks.append(task)
    return task


async def quick(value):
    return value


async def slow(value, pause):
    try:
        await asyncio.sleep(pause)
    except asyncio.CancelledError as error:
        log("slow is cancelled", note(error))
        raise
    return value


async def failing(value, pause):
    await asyncio.sleep(pause)
    raise ValueError(value)

'''

MAIN = '''
async def main():
    global lock, semaphore, bounded, event, condition, queue, priorities, stack, barrier, future
    loop = asyncio.get_running_loop()
    # When something is found to be lost depends on the collector.
    loop.set_exception_handler(lambda loop, context: "never" in context["message"] or log("handler", context["message"].split(" at ")[0].split(" <")[0]))
    lock, semaphore, bounded = asyncio.Lock(), asyncio.Semaphore(2), asyncio.BoundedSemaphore(2)
    event, condition, barrier = asyncio.Event(), asyncio.Condition(), asyncio.Barrier(2)
    queue, priorities, stack = asyncio.Queue(2), asyncio.PriorityQueue(), asyncio.LifoQueue(1)
    future = loop.create_future()
    if EAGER:
        loop.set_task_factory(asyncio.eager_task_factory)
    for function in FUNCTIONS:
        spawn(function(), name=function.__name__)
    for turn in range(4):
        try:
            await asyncio.sleep(0.05)
            for task in list(tasks):
                if turn and not task.done():
                    task.cancel(turn)
            event.set()
            if not future.done():
                future.set_result("by main")
        except asyncio.CancelledError as error:
            log("main", note(error))
    for turn in range(20):
        if not (await asyncio.wait(tasks, timeout=1))[1]:
            break
        for task in tasks:
            task.cancel()
    log("end", [task.done() and show([task.exception() if not task.cancelled() and task.exception() else task.cancelled() or task.result()])[0] for task in tasks])
    log(lock.locked(), semaphore.locked(), bounded.locked(), condition.locked(), queue.qsize(), priorities.qsize(), stack.qsize(), repr(semaphore).split('[')[1])

asyncio.run(main())
'''


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines, self.steps = [], 0
        self.count = self.random.randint(2, 4)
        self.eager = self.random.random() < 0.2

    def pause(self):
        return self.random.choice(["0", "0", "0.001", "0.002", "0.003", "0.01"])

    def step(self):
        self.steps += 1
        return self.steps

    def put(self, depth, text):
        self.lines.append("    " * depth + text)

    def log(self, depth, *more):
        self.put(depth, f"log({', '.join([str(self.step()), *more])})")

    def coroutine(self):
        r = self.random
        return r.choice([f"slow({self.step()}, {self.pause()})", f"slow({self.step()}, {self.pause()})", f"failing({self.step()}, {self.pause()})",
                         f"quick({self.step()})", "queue.get()", "event.wait()", "asyncio.sleep(0, 7)", f"slow({self.step()}, 0)"])

    def awaited(self):
        """An expression that is awaited."""
        r = self.random
        pause = self.pause()
        return r.choice([
            f"asyncio.sleep({pause})", f"asyncio.sleep({pause})", "event.wait()", f"asyncio.wait_for(event.wait(), {pause})",
            f"asyncio.wait_for(queue.get(), {pause})", f"asyncio.wait_for({self.coroutine()}, {pause})", "queue.get()", f"queue.put({self.step()})",
            "priorities.get()", f"priorities.put(({r.randint(0, 5)}, {self.step()}))", "stack.get()", f"stack.put({self.step()})",
            f"asyncio.gather({self.coroutine()}, {self.coroutine()}, return_exceptions={r.random() < 0.5})",
            f"asyncio.shield({self.coroutine()})", f"asyncio.wait_for(asyncio.shield(spawn({self.coroutine()})), {pause})", f"bare({r.randint(0, 3)})",
            f"Wrapped(asyncio.sleep({pause}))", "Wrapped(event.wait())", f"Wrapped(queue.put({self.step()}))", "Wrapped(queue.get())",
            f"asyncio.wait_for(barrier.wait(), {pause})", "future", f"asyncio.shield(future)", f"spawn({self.coroutine()})",
            f"asyncio.wait_for(queue.join(), {pause})", "semaphore.acquire()", f"Wrapped(asyncio.wait_for(semaphore.acquire(), {pause}))",
        ])

    def block(self, depth, size):
        for _ in range(self.random.randint(1, size)):
            self.statement(depth, size - 1)

    def guarded(self, depth, text):
        """A statement that may fail, whose failure is shown."""
        self.put(depth, "try:")
        self.put(depth + 1, text)
        self.put(depth, f"except ({self.random.choice(['Exception', 'Exception', 'Exception', 'BaseException'])}) as error:")
        self.log(depth + 1, "note(error)")

    def compound(self, depth, size):
        r = self.random
        kind = r.randrange(8)
        if self.eager and kind in (5, 6):
            kind = 7  # as_completed takes what is done already in the order of a set
        if kind == 0:
            self.put(depth, f"async with {r.choice(['lock', 'semaphore', 'bounded', 'lock'])}:")
        elif kind == 1:
            self.put(depth, f"async with asyncio.timeout({r.choice(['None', '0', self.pause(), self.pause()])}) as limit:")
            if r.random() < 0.3:
                self.put(depth + 1, f"limit.reschedule(asyncio.get_running_loop().time() + {self.pause()})")
        elif kind == 2:
            self.put(depth, "async with asyncio.TaskGroup() as group:")
            for _ in range(r.randint(0, 3)):
                self.put(depth + 1, f"tasks.append(group.create_task({self.coroutine()}))")
        elif kind == 3:
            self.put(depth, "async with condition:")
            self.guarded(depth + 1, r.choice([f"log({self.step()}, await asyncio.wait_for(condition.wait(), {self.pause()}))", "condition.notify()",
                                              "condition.notify_all()", f"log({self.step()}, await condition.wait())",
                                              f"await asyncio.wait_for(condition.wait_for(event.is_set), {self.pause()})"]))
            return
        elif kind == 4:
            # One that is left half-way is closed there: CPython finds it by counting references, when it is dropped.
            self.put(depth, f"async with contextlib.aclosing(ticks({r.randint(1, 3)}, {self.pause()})) as steps:")
            depth += 1
            self.put(depth, "async for n in steps:")
            if r.random() < 0.4:
                self.log(depth + 1, "n")
                self.put(depth + 1, "break")
                return
        elif kind == 5:
            self.put(depth, f"for one in asyncio.as_completed([spawn({self.coroutine()}), spawn({self.coroutine()})], timeout={r.choice(['None', self.pause()])}):")
            self.guarded(depth + 1, f"log({self.step()}, await one)")
            return
        elif kind == 6:
            self.put(depth, f"async for one in asyncio.as_completed([spawn({self.coroutine()}), spawn({self.coroutine()})], timeout={r.choice(['None', self.pause()])}):")
            self.log(depth + 1, "one.done()")
            return
        else:
            self.put(depth, "try:")
            self.block(depth + 1, size)
            self.put(depth, r.choice(["finally:", "except BaseException as error:"]))
            self.log(depth + 1)
            if r.random() < 0.5:
                self.guarded(depth + 1, f"await asyncio.sleep({self.pause()})")
            if self.lines[-1].lstrip().startswith("log") and r.random() < 0.5 and "except BaseException" in "".join(self.lines[-4:]):
                self.put(depth + 1, "raise")
            return
        self.log(depth + 1)
        self.block(depth + 1, size)

    def simple(self, depth):
        r = self.random
        kind = r.randrange(16)
        if kind < 6:
            self.guarded(depth, f"log({self.step()}, await {self.awaited()})")
        elif kind == 6:
            self.guarded(depth, r.choice(["event.set()", "event.clear()", "lock.release()", "semaphore.release()", "bounded.release()", "queue.task_done()",
                                          f"queue.put_nowait({self.step()})", f"log({self.step()}, queue.get_nowait())", f"priorities.put_nowait(({r.randint(0, 3)}, {self.step()}))",
                                          f"log({self.step()}, priorities.get_nowait())", f"future.set_result({self.step()})", "future.cancel()"]))
        elif kind == 7:
            self.put(depth, f"spawn({self.coroutine()}{r.choice(['', '', ', context=contextvars.copy_context()'])})")
        elif kind == 8:
            self.put(depth, f"variable.set({self.step()})")
        elif kind == 9:
            self.log(depth, "variable.get()", "asyncio.current_task().cancelling()")
        elif kind == 10:
            self.put(depth, f"log({self.step()}, {r.choice(['asyncio.current_task()', 'tasks[0]', 'tasks[-1]', f'tasks[len(tasks) // 2]'])}.cancel({r.choice(['', str(self.step())])}))")
        elif kind == 11:
            self.put(depth, f"log({self.step()}, asyncio.current_task().uncancel())")
        elif kind == 12:
            self.put(depth, r.choice([f"asyncio.get_running_loop().call_soon(log, {self.step()})", f"asyncio.get_running_loop().call_later({self.pause()}, lambda: log({self.step()}, variable.get()))",
                                      f"tasks[-1].add_done_callback(lambda task: log({self.step()}, task.cancelled()))"]))
        elif kind == 13:
            self.guarded(depth, f"log({self.step()}, [len(part) for part in await asyncio.wait([spawn({self.coroutine()}), tasks[0]], timeout={self.pause()}, "
                                f"return_when=asyncio.{r.choice(['FIRST_COMPLETED', 'FIRST_EXCEPTION', 'ALL_COMPLETED'])})])")
        elif kind == 14:
            self.put(depth, "if asyncio.get_running_loop().time() > 0.004:")
            self.put(depth + 1, r.choice([f"raise ValueError({self.step()})", f"queue.shutdown({r.random() < 0.5})", "event.set()", "return 5"]))
        else:
            self.put(depth, f"kept = {r.choice(['lock.acquire()', 'event.wait()', 'queue.get()', 'asyncio.sleep(0.001, 3)'])}")
            self.guarded(depth, f"log({self.step()}, await {r.choice(['kept', 'Wrapped(kept)', 'asyncio.wait_for(kept, 0.002)', 'spawn(kept)'])})")

    def statement(self, depth, size):
        if size > 0 and depth < 6 and self.random.random() < 0.45:
            self.compound(depth, size)
        else:
            self.simple(depth)

    def program(self):
        names = [f"worker{n}" for n in range(self.count)]
        for name in names:
            self.put(0, f"async def {name}():")
            self.log(1)
            self.block(1, 4)
            self.put(1, f"return {self.step()}")
            self.put(0, "")
        functions = f"FUNCTIONS, EAGER = [{', '.join(names)}], {self.eager}\n"
        return PRELUDE + "\n" + "\n".join(self.lines) + "\n\n" + functions + MAIN


def run(command, path):
    try:
        done = subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return "it took too long", ""
    return done.stdout + f"status {done.returncode}\n", done.stderr


def check(options, index, folder):
    text = Maker(f"{options.seed}-{index}").program()
    path = pathlib.Path(folder, f"{options.seed}-{index}.aio")
    path.write_text(text)
    found, errors = run([options.aioli, "--virtual-time"], path)
    wanted, trouble = run([*shlex.split(options.cpython), str(HERE / "cpython_driver.py"), "--virtual-time"], path)
    if found == wanted:
        return None
    if options.keep:
        keep = pathlib.Path(options.keep)
        keep.mkdir(parents=True, exist_ok=True)
        (keep / path.name).write_text(text)
        (keep / f"{path.name}.found").write_text(found + errors)
        (keep / f"{path.name}.wanted").write_text(wanted + trouble)
    lines = difflib.unified_diff(wanted.splitlines(), found.splitlines(), "CPython", "aioli", n=1, lineterm="")
    return f"{path.name} ({text.count(chr(10))} lines) differs:\n" + "\n".join(list(lines)[:12])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--aioli", default=HERE.parent / "build" / "aioli")
    parser.add_argument("--cpython", default="python3.13")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 2, 4))
    parser.add_argument("--keep")
    parser.add_argument("--show", type=int, help="prints that program, and ends")
    options = parser.parse_args()
    if options.show is not None:
        print(Maker(f"{options.seed}-{options.show}").program())
        return
    options.aioli = str(pathlib.Path(options.aioli).resolve())
    failed = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for problem in pool.map(lambda index: check(options, index, folder), range(options.count)):
            if problem:
                failed += 1
                print(problem, flush=True)
    print(f"{options.count - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
