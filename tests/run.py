#!/usr/bin/env python3
"""Runs the tests: run.py [--build FOLDER] [--jobs N] [--slow FACTOR] [--no-memory] [--times] [NAME…]

A test is a program tests/**/*.aio with its expected standard output beside it (NAME.out), its standard error (NAME.err,
nothing is compared without it) and its exit status (NAME.status, 0 without it). Comments at the start of a program
direct it:
    # args: a b c       arguments of the program
    # virtual           it runs on the virtual clock
    # stdin: FILE       a file beside it that is its standard input
    # expectation: by hand   record.py leaves its expectations alone
Programs run in their own folder, which is taken out of what they print. The unit tests in C, the runs with memory that
runs out (unit/failing_memory.c), a short form of the soak (bench/soak/) and the check_*.py (of the includes, the wording of
syntax errors, the command line, `aioli test`, what it tells of tasks, the terminal, the library for hosts, the same installed) belong to the suite.
The last line is `N passed, N failed`.
"""
import argparse
import concurrent.futures
import difflib
import functools
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


def directives(path):
    """The directives of a program: a dict; `virtual` and `by hand` are keys without a value."""
    found = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if not line.startswith("#"):
                break
            match = re.fullmatch(r"#\s*(args|stdin|expectation|virtual|zone|needs)(?::\s*(.*?))?\s*", line)
            if match:
                found[match[1]] = match[2] or ""
    return found


def clean(text, folder):
    """What a program printed, without the place where it lies and without addresses."""
    text = text.replace(str(folder) + os.sep, "")
    return re.sub(r"\b0x[0-9a-f]{6,16}\b", "0x…", text)


def run_program(command, path, timeout):
    """Runs a program as its directives say: standard output, standard error, exit status."""
    options = directives(path)
    command = list(command)
    if "virtual" in options:
        command.append("--virtual-time")
    command += [path.name, *options.get("args", "").split()]
    stdin = open(path.parent / options["stdin"], "rb") if "stdin" in options else subprocess.DEVNULL
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-8", "TZ": options.get("zone", "UTC")}
    for name in ("AIOLI_PATH", "PYTHONPATH", "COLUMNS", "FORCE_COLOR"):
        environment.pop(name, None)
    try:
        done = subprocess.run(command, cwd=path.parent, stdin=stdin, capture_output=True, timeout=timeout, env=environment)
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode("utf-8", "replace"), f"the test took more than {timeout} s\n", "timeout"
    finally:
        if stdin is not subprocess.DEVNULL:
            stdin.close()
    return (clean(done.stdout.decode("utf-8", "replace"), path.parent),
            clean(done.stderr.decode("utf-8", "replace"), path.parent), str(done.returncode))


def without_what_is_left_out(aioli, programs):
    """The programs but for those that need a module (`# needs: …`) which the build was made without; says how many these are."""
    needs = {path: directives(path).get("needs") for path in programs}
    modules = {name for name in needs.values() if name}
    absent = {name for name in modules if subprocess.run([aioli, "-c", f"import {name}"], capture_output=True).returncode}
    for name in sorted(absent):
        print(f"left out: {sum(needed == name for needed in needs.values())} programs that need {name}, without which this aioli was built")
    return [path for path in programs if needs[path] not in absent]


def expectation(path, suffix, otherwise=None):
    file = path.with_suffix(suffix)
    return file.read_text(encoding="utf-8") if file.exists() else otherwise


def difference(title, wanted, found):
    lines = difflib.unified_diff(wanted.splitlines(True), found.splitlines(True), title + " (expected)", title + " (found)", n=2)
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def check_program(aioli, path, timeout):
    """None, or what is wrong."""
    out, err, status = run_program([aioli], path, timeout)
    name = str(path.relative_to(HERE))
    problems = ""
    wanted = expectation(path, ".out")
    if wanted is not None and wanted != out:
        problems += difference(name, wanted, out)
    wanted = expectation(path, ".err")
    if wanted is not None and wanted != err:
        problems += difference(name + ", standard error", wanted, err)
    wanted = expectation(path, ".status", "0").strip()
    if wanted != status:
        problems += f"{name}: exit status {status}, expected {wanted}\n"
        if expectation(path, ".err") is None:
            problems += err
    return problems or None


def check_unit(program, timeout):
    """Runs a cmocka program: how many of its tests passed, how many failed, and its output if any did."""
    try:
        done = subprocess.run([program], capture_output=True, text=True, errors="replace", timeout=timeout,
                              env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "STDOUT"})
    except subprocess.TimeoutExpired:
        return 0, 1, f"{program.name}: took too long\n"
    output = done.stdout + done.stderr
    # cmocka names those that failed once more at the end.
    passed, failed = len(re.findall(r"\[\s+OK\s+\]", output)), len(set(re.findall(r"\[\s+FAILED\s+\] (\w+)\n", output)))
    if done.returncode and not failed:
        failed = 1
    return passed, failed, f"{program.name}: exit status {done.returncode}\n{output}" if failed else ""


# Runs with failing memory: a few of every program, the same ones every time.
FAILING_RUNS = 400


def check_failing_memory(build, slow):
    """Runs all programs with memory that runs out (unit/failing_memory.c)."""
    programs = sorted([*HERE.rglob("*.aio"), *(HERE.parent / "examples").glob("*.aio")])
    command = [build / "failing_memory", "--runs", str(FAILING_RUNS), "--jobs", "2", "--limit", "4",
               "--seconds", str(int(100 * slow)), *programs]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return f"failing_memory\n{done.stdout}{done.stderr}" if done.returncode else None


def check_soak(build, sizes_count):
    """Whether the memory of programs that keep nothing stays as it is after a second's warming up."""
    command = [sys.executable, HERE.parent / "bench" / "soak" / "run.py", "--aioli", build / "aioli", "--at", "2", "5", "--slack", "1024"]
    if not sizes_count:
        command.append("--runs-only")
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return f"bench/soak\n{done.stdout}{done.stderr}" if done.returncode else None


def check_script(script, *arguments):
    done = subprocess.run([sys.executable, HERE / script, *arguments], capture_output=True, text=True, errors="replace")
    return f"{script}\n{done.stdout}{done.stderr}" if done.returncode else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=HERE.parent / "build", type=pathlib.Path)
    parser.add_argument("--jobs", default=min(os.cpu_count() or 2, 4), type=int)
    parser.add_argument("--slow", default=1, type=float, help="how much slower than usual the build is")
    parser.add_argument("--no-memory", action="store_true", help="the build keeps what is freed: how much memory it takes says nothing")
    parser.add_argument("--times", action="store_true", help="says of each test that takes more than a second how long it took")
    parser.add_argument("names", nargs="*", help="only tests whose path contains one of these")
    options = parser.parse_args()
    build = options.build.resolve()
    # A job in the background of a shell ignores both, and so would all programs here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    timeout = 200 * options.slow  # for one that hangs: on a machine with other things to do all of them take long

    def wanted(name):
        return not options.names or any(part in name for part in options.names)

    programs = [path for path in sorted(HERE.rglob("*.aio"))
                if path.with_suffix(".out").exists() and wanted(str(path.relative_to(HERE)))]
    programs = without_what_is_left_out(build / "aioli", programs)
    units = [path for path in sorted(build.glob("unit_*")) if os.access(path, os.X_OK) and path.is_file() and wanted(path.name)]
    passed = failed = 0

    def timed(name, check, *arguments):
        start = time.monotonic()
        result = check(*arguments)
        taken = time.monotonic() - start
        if options.times and taken > 1:
            print(f"{name}: {taken:.0f} s", flush=True)
        return result

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for result in pool.map(lambda path: timed(path.relative_to(HERE), check_program, build / "aioli", path, timeout), programs):
            passed, failed = passed + (result is None), failed + (result is not None)
            if result:
                print(result, flush=True)
        for good, bad, output in pool.map(lambda unit: timed(unit.name, check_unit, unit, timeout), units):
            passed, failed = passed + good, failed + bad
            if output:
                print(output, flush=True)
    scripts = [("check_includes.py", ()), ("check_syntax_errors.py", (build / "tree_dump",)), ("check_command.py", (build,)), ("check_test.py", (build,)),
               ("check_examples.py", (build,)), ("check_network_examples.py", (build,)), ("check_explain.py", (build,)),
               ("check_descriptors_used_up.py", (build,)), ("check_terminal.py", (build,))]
    scripts += [("check_library.py", (check, build)) for check in ("names", "globals", "host", "header")]
    scripts += [("check_hostile.py", (build,)), ("check_prompt.py", (build,)), ("check_documents.py", (build,))]
    scripts += [("check_embedding.py", (check, build)) for check in ("static", "shared", "subproject", "documentation")]
    checks = [(script, functools.partial(check_script, script, *arguments)) for script, arguments in scripts]
    checks.append(("failing_memory", lambda: check_failing_memory(build, options.slow)))
    checks.append(("soak", lambda: check_soak(build, not options.no_memory)))
    for name, check in checks:
        if not wanted(name):
            continue
        result = timed(name, check)
        passed, failed = passed + (result is None), failed + (result is not None)
        if result:
            print(result, flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
