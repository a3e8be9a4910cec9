#!/usr/bin/env python3
"""Checks what the command tells of a program's tasks: check_explain.py BUILD

Reports as text and as JSON, of those that ask from another terminal too; orders of tasks; what is slow or stuck; the trace and the timeline.
"""
import html.parser
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


def expect(what, wanted, found):
    if wanted != found:
        sys.exit(f"{what}: expected {wanted!r}, found {found!r}")


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
  task 'Task-1' waits for the tasks of its group: 'outer', 'stir'
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


ASKED = """
import asyncio, sys
async def eat(first, second):
    async with first:
        await asyncio.sleep(0.01)
        async with second:
            pass
async def waits(task):
    await task
async def main():
    fork, knife = asyncio.Lock(), asyncio.Lock()
    ada = asyncio.create_task(eat(fork, knife), name="Ada")
    bob = asyncio.create_task(eat(knife, fork), name="Bob\\x1b[31m\\n\\udc80")
    asyncio.create_task(waits(ada), name="guest")
    asyncio.create_task(asyncio.sleep(100), name="\u6f22")
    await asyncio.sleep(0.1)
    print("ready", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""

TABLE = """5 tasks
TASK                 STATE  SINCE  MADE AT       AT                    WAITS FOR
Ada                  waits  #######asked.aio:12  asked.aio:6 in eat    lock 'knife' (asked.aio:11), held by 'Bob\\x1b[31m\\n\\udc80' since asked.aio:4
Bob\\x1b[31m\\n\\udc80  waits  #######asked.aio:13  asked.aio:6 in eat    lock 'fork' (asked.aio:11), held by 'Ada' since asked.aio:4
Task-1               waits  #######asked.aio:19  asked.aio:18 in main  event (asked.aio:18)
guest                waits  #######asked.aio:14  asked.aio:9 in waits  task 'Ada'
\u6f22                   waits  #######asked.aio:15                        a sleep
"""

TREE = """5 tasks
Task-1: waits for event (asked.aio:18), at asked.aio:18 in main
guest: waits for task 'Ada', at asked.aio:9 in waits
\u2514\u2500 Ada: waits for lock 'knife' (asked.aio:11), held by 'Bob\\x1b[31m\\n\\udc80' since asked.aio:4, at asked.aio:6 in eat
   \u2514\u2500 Bob\\x1b[31m\\n\\udc80: waits for lock 'fork' (asked.aio:11), held by 'Ada' since asked.aio:4, at asked.aio:6 in eat
      \u2514\u2500 Ada: a circle
\u6f22: waits for a sleep
"""


def check_ask(aioli, folder):
    """aioli ps PID and aioli pstree PID; and processes that are not to be harmed."""
    sockets = folder / "sockets"
    sockets.mkdir()
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(sockets), "LC_ALL": "C.UTF-8"}

    def ask(command, process, **more):
        done = subprocess.run([aioli, command, str(getattr(process, "pid", process))], capture_output=True, text=True, timeout=60, env={**os.environ, "LC_ALL": "C.UTF-8"}, **more)
        return done.returncode, done.stdout, done.stderr

    def expect_answer(what, wanted, command, process):
        """A program that has just said that it runs may take a while to come to where it stays."""
        for _ in range(50):
            found = ask(command, process)
            if found == (0, wanted, ""):
                return
            time.sleep(0.1)
        expect(what, (0, wanted, ""), found)

    def begin(*words, **more):
        process = subprocess.Popen([aioli, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
                                   preexec_fn=lambda: signal.signal(signal.SIGURG, signal.SIG_DFL), **more)
        process.stdout.readline()
        return process

    (folder / "asked.aio").write_text(ASKED)
    process = begin("asked.aio")
    time.sleep(0.2)  # so that the first description comes when it waits: it then notes no time
    expect("aioli ps", (0, TABLE.replace("#######", " " * 7), ""), ask("ps", process))
    status, table, errors = ask("ps", process)
    expect("aioli ps once more", (0, TABLE.replace("#######", ">0 s   "), ""), (status, re.sub(r">\d s", ">0 s", table), errors))
    expect("aioli pstree", (0, TREE, ""), ask("pstree", process))
    expect("the sockets afterwards", [], list(sockets.iterdir()))
    process.kill()
    process.communicate()
    for text, place in (("import time\nprint(flush=True)\ntime.sleep(60)\n", "3 in <module>"), ("def f():\n    while True: pass\nprint(flush=True)\nf()\n", "2 in f"),
                        ("print(flush=True)\ninput()\n", "2 in <module>")):
        (folder / "plain.aio").write_text(text)
        process = begin("plain.aio", stdin=subprocess.PIPE)
        expect_answer("a program without a loop", f"no tasks; the program runs at plain.aio:{place}\n", "ps", process)
        if "sleep" in text:
            process.send_signal(signal.SIGQUIT)
            expect("the report of a sleep", ["What runs and waits, the latest call first:\n", "  the program runs\n"], [process.stderr.readline() for _ in range(2)])
        process.kill()
        process.communicate()
    (folder / "rings.aio").write_text("import asyncio\nasync def main():\n    asyncio.create_task(asyncio.sleep(9), name='ready')\n    print(flush=True)\n    while True: pass\nasyncio.run(main())\n")
    process = begin("rings.aio")
    expect_answer("a program that computes in a task", "2 tasks; 'Task-1' runs at rings.aio:5 in main\nTask-1: runs, at rings.aio:5 in main\nready: could run\n", "pstree", process)
    process.send_signal(signal.SIGURG)  # which nobody has sent to ask
    expect("what runs on after the signal alone", "2 tasks", ask("ps", process)[1].partition(";")[0])
    process.kill()
    process.communicate()
    # Whoever is no aioli, or can't be asked, is left alone.
    stranger = subprocess.Popen(["sleep", "60"])
    expect("a stranger", (1, "", f"aioli: process {stranger.pid} is not aioli\n"), ask("ps", stranger))
    expect("it lives", None, stranger.poll())
    stranger.kill()
    stranger.wait()
    expect("one that is gone", (1, "", f"aioli: process {stranger.pid} is not there\n"), ask("ps", stranger))
    shutil.copy(shutil.which("sleep"), folder / "aioli")
    stranger = subprocess.Popen([folder / "aioli", "60"])
    expect("another program of the name", (1, "", f"aioli: process {stranger.pid} runs no program that can be asked\n"), ask("ps", stranger))
    expect("that lives as well", None, stranger.poll())
    stranger.kill()
    stranger.wait()
    (folder / "aioli").unlink()
    for words in ("x", "-1", "0", "1x", "99999999999999999999"):
        expect(f"the number {words}", (1, "", f"aioli: '{words}' is not the number of a process\n"), ask("pstree", words))
    expect("no number", 2, subprocess.run([aioli, "ps"], capture_output=True).returncode)
    if os.geteuid() != 0:
        return
    try:
        process = subprocess.Popen([aioli, "-c", "import time; time.sleep(60)"], cwd="/", user=65534)
    except PermissionError:
        return  # that user can't reach the build
    expect("another user's", (1, "", f"aioli: process {process.pid} is another user's\n"), ask("ps", process))
    process.kill()
    process.wait()


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


STUCK = """
import asyncio, gc, sys
def say(text):
    print(text, file=sys.stderr)
async def waits(on): await on
async def sets(event):
    await asyncio.sleep(30)
    event.set()
class Holder: pass
def collects(event):
    gc.collect()
    return 0
async def main():
    event, loop = asyncio.Event(), asyncio.get_running_loop()
    asyncio.create_task(waits(asyncio.Event().wait()), name="early")
    asyncio.create_task(waits(event.wait()), name="is woken by a task that sleeps")
    asyncio.create_task(sets(event))
    loop.call_later(20, (future := loop.create_future()).set_result, 1)
    asyncio.create_task(waits(future), name="is woken by a callback")
    del event, future
    await asyncio.sleep(1)
    gc.collect()
    say("collected")
    await asyncio.sleep(1)
    say("told")
    holder = Holder()
    holder.event = asyncio.Event()
    asyncio.create_task(waits(holder.event.wait()), name="late")
    await asyncio.sleep(1)
    gc.collect()
    await asyncio.sleep(1)
    say("held")
    del holder.event
    # Held by the sort alone, while its key function collects.
    own = [asyncio.Event()]
    asyncio.create_task(waits(own[0].wait()), name="sorted")
    await asyncio.sleep(1)
    sorted([own.pop()], key=collects)
    await asyncio.sleep(1)
    say("end")
    await asyncio.sleep(30)
asyncio.run(main())
"""


def check_stuck(aioli, folder):
    """-X dev tells of stuck tasks when a collection has found them, of each once; and without it nobody does."""
    (folder / "stuck.aio").write_text(STUCK)
    for options, wanted in (["-Xdev"], ["collected", "early", "told", "held", "late", "end", "sorted"]), ([], ["collected", "told", "held", "end"]):
        done = subprocess.run([aioli, "--virtual-time", *options, "stuck.aio"], cwd=folder, capture_output=True, text=True)
        found = re.findall(r"^(?:  task ')?(\w+)(?:' \(made.*)?$", done.stderr, re.MULTILINE)
        # What is left on the C stack may still look like the event when the sort collects: then the run's end finds that nothing holds it.
        if found[-3:-1] == ["end", "late"]:
            found[-3:-1] = "late", "end"
        expect(f"stuck tasks, {options}", (0, wanted), (done.returncode, found))


ORIGINS = """
import asyncio, sys
async def fails(text):
    raise ValueError(text)
def make(text):
    return asyncio.create_task(fails(text), name=text)
async def outer():
    await make("inner")
async def main():
    try:
        await asyncio.create_task(outer(), name="outer")
    except ValueError as e:
        print(getattr(e, "__notes__", None))
    make("lost")
    await asyncio.sleep(0)
    raise KeyError("main")
asyncio.run(main())
"""


def check_told_once(aioli, folder):
    """What a deadlock has told is not told once more as stuck."""
    done = subprocess.run([aioli, "--virtual-time", "-Xdev", HERE.parent / "examples" / "bell.aio"], capture_output=True, text=True)
    expect("a deadlock under -X dev", (1, 1), (done.returncode, done.stderr.count("'worker' (made at")))


def check_origins(aioli, folder):
    """-X dev: exceptions say of which tasks they come and where these were made; debug mode alone says it of lost ones, as CPython does."""
    (folder / "origins.aio").write_text(ORIGINS)
    plain = """Task exception was never retrieved
future: <Task finished name='lost' coro=<fails() done, defined at origins.aio:3> exception=ValueError('lost')>
Traceback (most recent call last):
  File "origins.aio", line 4, in fails
    raise ValueError(text)
ValueError: lost
Traceback (most recent call last):
  File "origins.aio", line 17, in <module>
    asyncio.run(main())
    ~~~~~~~~~~~^^^^^^^^
  File "origins.aio", line 16, in main
    raise KeyError("main")
KeyError: 'main'
"""
    origin = """source_traceback: Object created at (most recent call last):
  File "origins.aio", line 6, in make
    return asyncio.create_task(fails(text), name=text)
"""
    debug = plain.replace("Traceback", origin + "Traceback", 1)
    told = debug.replace("ValueError: lost\n", "ValueError: lost\ntask 'lost' was made at origins.aio:6 in make\n")
    notes = ["task 'inner' was made at origins.aio:6 in make", "task 'outer' was made at origins.aio:11 in main"]
    for options, text, output, errors in (([], ORIGINS, None, plain), ([], ORIGINS.replace("main())", "main(), debug=True)"), None, debug), (["-Xdev"], ORIGINS, notes, told)):
        (folder / "origins.aio").write_text(text)
        done = subprocess.run([aioli, *options, "origins.aio"], cwd=folder, capture_output=True, text=True)
        found = done.stderr.replace(f"{folder}/", "").replace(", debug=True)", ")").replace("~~~~~~~~~~~^^^^^^^^^^^^^^^^^^^^", "~~~~~~~~~~~^^^^^^^^")
        expect(f"origins, {options}", (1, f"{output}\n", errors), (done.returncode, done.stdout.replace(f"{folder}/", ""), found))


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
    busy = "<Handle busy() at FILE:3> took # seconds\nIt was here after # seconds:\n  File \"FILE\", line 3, in busy\n    def busy(): time.sleep(0.12)\n"
    holds = "<Task pending name='holds' coro=<holds() running at FILE:6> cb=[Task.task_wakeup()]> took # seconds\nIt was here after # seconds:\n" \
            "  File \"FILE\", line 5, in holds\n    time.sleep(0.12)\n"
    for word, wanted in (("debug", f"Executing {busy}Executing {holds}"), ("plain", "")):
        done = subprocess.run([aioli, "slow.aio", word], cwd=folder, capture_output=True, text=True)
        found = re.sub(r"0\.[1-9]\d\d seconds", "# seconds", done.stderr.replace(str(folder / "slow.aio"), "FILE"))
        expect(f"what is slow, {word}", (wanted, f"{word == 'debug'} 0.1\n"), (found, done.stdout))
    # One that computes, and one that awaits for ever what is there already: that is told of while it does.
    (folder / "spins.aio").write_text("""
import asyncio
def computes(n):
    while n:
        n -= 1
async def main():
    loop = asyncio.get_running_loop()
    loop.slow_callback_duration = 0.001
    loop.call_soon(computes, 3_000_000)
    await asyncio.sleep(0)
    done = loop.create_future()
    done.set_result(1)
    while True:
        await done
asyncio.run(main(), debug=True)
""")
    process = subprocess.Popen([aioli, "spins.aio"], cwd=folder, stderr=subprocess.PIPE, text=True)
    lines = []
    while not lines or "awaited" not in lines[-1]:
        lines.append(process.stderr.readline().replace(str(folder / "spins.aio"), "FILE"))
        if not lines[-1]:
            sys.exit(f"what spins ends: {lines}")
    process.kill()
    process.communicate()
    text = re.sub(r"\d+\.\d+ seconds", "# seconds", re.sub(r"^\d{3,} times", "# times", "".join(lines), flags=re.MULTILINE))
    text = re.sub(r"line [45], in computes\n.*", "line 4 or 5, in computes", text)
    text = text.replace("A callback holds the loop, for # seconds so far\n  File \"FILE\", line 4 or 5, in computes\n", "")
    expect("what computes, and what spins", "Executing <Handle computes() at FILE:3> took # seconds\nIt was here after # seconds:\n  File \"FILE\", line 4 or 5, in computes\n"
           "Task 'Task-1' holds the loop, for # seconds so far\n", text[:text.index("seconds so far\n") + 15])
    expect("what is said of awaits", "# times by then it awaited what was there already, which lets nobody else run", text.splitlines()[-1])


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


HOSTILE_NAMES = ["</script><script>document.title = 'taken'</script>", "<!--<script>", "\"'\\\n\t\0\x7f\u2028", "\udc80 alone", "\u00e4\U0001f600" * 20, ""]
REPORTED_AS_JSON = """
import asyncio, sys
NAMES = NAMES_HERE
async def eat(first, second):
    async with first:
        await asyncio.sleep(1)
        async with second:
            pass
async def fails():
    raise ValueError(NAMES[0])
async def forgets():
    future = asyncio.get_running_loop().create_future()
    future.set_exception(KeyError("future"))
async def waits(task):
    await task
async def lost(event):
    await event.wait()
async def main():
    asyncio.create_task(fails(), name=NAMES[1])
    asyncio.create_task(forgets())
    asyncio.create_task(lost(asyncio.Event()), name="stuck")
    await asyncio.sleep(0.1)
    fork, knife, own = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
    if sys.argv[1:]: return
    await own.acquire()
    tasks = [asyncio.create_task(eat(fork, knife), name=NAMES[2]), asyncio.create_task(eat(knife, fork), name=NAMES[3])]
    asyncio.create_task(waits(tasks[1]), name=NAMES[4])
    await asyncio.sleep(2)
    await own.acquire()
asyncio.run(main())
""".replace("NAMES_HERE", ascii(HOSTILE_NAMES))


def check_reports(aioli, folder):
    """AIOLI_REPORT=json: reports for programs, a JSON object a line, which names that hold anything do not break."""
    (folder / "reports.aio").write_text(REPORTED_AS_JSON)

    def run(*arguments, **more):
        done = subprocess.run([aioli, "--virtual-time", *arguments], cwd=folder, capture_output=True, text=True, env={**os.environ, "AIOLI_REPORT": "json", "FORCE_COLOR": "1", **more})
        return done.returncode, done.stdout, done.stderr.replace(f"{folder}/", "")

    def place(line, function):
        return {"file": "reports.aio", "line": line, "function": function}

    status, _, said = run("reports.aio")
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    expect("the last line", (1, "DeadlockError: 5 tasks wait and nothing can wake them"), (status, re.sub(r"\x1b\[[0-9;]*m", "", said.splitlines()[-1])))
    lost = {line["kind"]: line for line in lines if line["report"] == "never retrieved"}
    expect("reports", ["deadlock", "never retrieved", "never retrieved"], sorted(line["report"] for line in lines))
    expect("a lost exception", {"report": "never retrieved", "kind": "task", "task": {"name": HOSTILE_NAMES[1], "made": place(19, "main")}, "exception": {
        "type": "ValueError", "message": HOSTILE_NAMES[0], "traceback": 'Traceback (most recent call last):\n  File "reports.aio", line 10, in fails\n'
        f"    raise ValueError(NAMES[0])\nValueError: {HOSTILE_NAMES[0]}\n"}}, {**lost["task"], "exception": {**lost["task"]["exception"], "traceback":
                                                                         lost["task"]["exception"]["traceback"].replace(f"{folder}/", "")}})
    expect("that of a future", (None, {"type": "KeyError", "message": "'future'", "traceback": "KeyError: 'future'\n"}), (lost["future"]["task"], lost["future"]["exception"]))
    deadlock = next(line for line in lines if line["report"] == "deadlock")
    expect("its cycles", [[1], [2, 3]], deadlock["cycles"])
    expect("its tasks", [(1, "Task-1"), (2, HOSTILE_NAMES[2]), (3, HOSTILE_NAMES[3]), (4, "stuck"), (5, HOSTILE_NAMES[4])], [(t["id"], t["name"]) for t in deadlock["tasks"]])
    expect("a task that waits for a lock", {
        "id": 2, "name": HOSTILE_NAMES[2], "made": place(26, "main"), "at": place(7, "eat"),
        "waits": {"sort": "lock", "name": "knife", "made": place(23, "main"), "tasks": [{"id": 3, "name": HOSTILE_NAMES[3]}],
                  "held": {"by": {"id": 3, "name": HOSTILE_NAMES[3]}, "ended": False, "since": place(5, "eat")}, "seconds": None, "for": deadlock["tasks"][1]["waits"]["for"]}}, deadlock["tasks"][1])
    expect("one that waits for itself", {"id": 1, "name": "Task-1"}, deadlock["tasks"][0]["waits"]["held"]["by"])
    expect("one that waits for an event", ("event", None, None), tuple(deadlock["tasks"][3]["waits"][key] for key in ("sort", "name", "held")))
    expect("one that waits for a task", {"sort": "task", "for": f"task '{HOSTILE_NAMES[3]}'", "name": None, "made": None, "tasks": [{"id": 3, "name": HOSTILE_NAMES[3]}],
                                         "held": None, "seconds": None}, deadlock["tasks"][4]["waits"])
    status, _, said = run("-Xdev", "reports.aio", "short")
    stuck = [line for line in map(json.loads, said.splitlines()) if line["report"] == "stuck"]
    expect("stuck tasks", (0, 1, [], ["stuck"]), (status, len(stuck), stuck[0]["cycles"], [task["name"] for task in stuck[0]["tasks"]]))
    status, output, said = run("-c", "import asyncio\nasync def f(): 1 / 0\nasync def main():\n"
                            " asyncio.get_running_loop().set_exception_handler(lambda loop, context: print(context['message']))\n"
                            " asyncio.create_task(f())\n await asyncio.sleep(1)\nasyncio.run(main())")
    expect("a program that has a handler of its own", (0, "Task exception was never retrieved\n", ""), (status, output, said))
    expect("another word", (2, "AIOLI_REPORT must be json, not yaml"), (lambda done: (done[0], done[2].split("\n")[0]))(run("-c", "", AIOLI_REPORT="yaml")))


class Page(html.parser.HTMLParser):
    """What the elements `script` of a page have in them, as a browser reads it; and all addresses in it."""

    def __init__(self, text):
        super().__init__()
        self.scripts, self.addresses, self.inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append((dict(attributes), ""))
        self.addresses += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)

    def handle_endtag(self, tag):
        self.inside = False


def check_timeline(aioli, folder):
    """--timeline FILE: one page with the events in it, which no name of a task or of a program can get out of."""
    name = "<script> & 'co'.aio"
    (folder / name).write_text(f"""
import asyncio
class Strange(Exception): pass
async def holds(lock):
    async with lock:
        await asyncio.sleep(1)
async def fails():
    raise Strange
async def main():
    fork = asyncio.Lock()
    tasks = [asyncio.create_task(holds(fork), name=name) for name in {ascii(HOSTILE_NAMES)}]
    tasks[0].set_name("renamed")
    done = asyncio.create_task(fails(), name="failing")
    await asyncio.gather(*tasks, done, return_exceptions=True)
    asyncio.create_task(asyncio.sleep(5), name="cut short")
    await asyncio.sleep(0.1)
asyncio.run(main())
asyncio.run(asyncio.sleep(0.1))
""")
    done = subprocess.run([aioli, "--virtual-time", "--timeline", "page.html", "--trace", "both.json", name], cwd=folder, capture_output=True, text=True)
    expect("--timeline", (0, "", ""), (done.returncode, done.stdout, done.stderr))
    text = (folder / "page.html").read_text(encoding="utf-8")
    page = Page(text)
    expect("what a page refers to", [], page.addresses)
    expect("its scripts", [None, "application/json"], [attributes.get("type") for attributes, _ in page.scripts])
    events = json.loads(page.scripts[1][1])
    expect("the page's program", {"name": "aioli", "program": name, "virtual": True}, events[0]["args"])
    traced = json.loads((folder / "both.json").read_text())[1:]
    expect("events of the trace and of the page", [event for event in traced if event.get("cat") != "wait"], events[1:])
    named = {}
    for event in events:
        if event["name"] == "thread_name":
            named.setdefault(event["tid"], []).append(event["args"]["name"])
    expect("names", [["Task-1"], [HOSTILE_NAMES[0], "renamed"], *([one] for one in HOSTILE_NAMES[1:]), ["failing"], ["cut short"]], list(named.values())[:-1])
    made = [event["args"]["made"].replace(f"{folder}/", "") for event in events if event["name"] == "thread_name"]
    expect("where they were made", [f"{name}:17 in <module>", f"{name}:11 in main"], made[:2])
    steps = {track: [e["args"] for e in events if e.get("cat") == "run" and e["tid"] == track] for track in named}
    expect("a failure", [{"ends": "failed", "exception": "Strange"}], steps[8])
    expect("a task that was cancelled", "cancelled", steps[9][-1]["ends"])
    expect("a wait for a lock", {"sort": "lock", "waits for": f"lock 'fork' ({name}:10), held by 'renamed' since {name}:5", "stops at": f"{name}:5 in holds"},
           {key: value.replace(f"{folder}/", "") for key, value in steps[3][0].items()})
    times = [e["ts"] for e in events if e.get("cat") == "run"]
    expect("times", (sorted(times), True), (times, 6e6 < times[-1] < 8e6))
    # A run that was ended from outside leaves a page whose events end in the middle.
    process = subprocess.Popen([aioli, "--timeline", "cut.html", "-c", "import asyncio\nasync def f():\n for n in range(200): await asyncio.sleep(0)\n print(flush=True)\n"
                                " await asyncio.sleep(60)\nasyncio.run(f())"], cwd=folder, stdout=subprocess.PIPE)
    process.stdout.readline()
    process.kill()
    process.communicate()
    head, mark, cut = (folder / "cut.html").read_text().partition('<script type="application/json" id="events">')
    expect("a page that was cut off", (text.partition(mark)[0], False), (head, "</script>" in cut))
    expect("its first events", ["process_name", "thread_name"], [json.loads(line.rstrip(","))["name"] for line in cut.split("\n")[1:3]])
    expect("a page that can't be written", (2, "aioli: can't write 'none/t.html': No such file or directory\n"),
           (lambda done: (done.returncode, done.stderr))(subprocess.run([aioli, "--timeline", "none/t.html", "-c", ""], cwd=folder, capture_output=True, text=True)))


def main():
    aioli = pathlib.Path(sys.argv[1]).resolve() / "aioli"
    with tempfile.TemporaryDirectory() as folder:
        for check in (check_report, check_ask, check_shuffle, check_stuck, check_told_once, check_origins, check_slow, check_trace, check_reports, check_timeline):
            check(aioli, pathlib.Path(folder))


main()
