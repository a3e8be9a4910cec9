#!/usr/bin/env python3
"""Runs programs that keep nothing for a long time, and looks whether their memory grows: run.py [OPTION…] [NAME…]

    --aioli COMMAND   what runs them (../../build/aioli)
    --at SECONDS…     when the resident memory is read (10 60 300); the program ends after the last
    --percent N       how much it may grow from the first to the last (5),
    --slack KB        and so much more (0)
    --jobs N          programs at a time (2)
    --runs-only       memory means nothing in this build (a sanitizer keeps what is freed): only whether they run counts

Prints a table, in KB. The exit status is 1 when a program grew or failed. A program is a *.aio here that repeats the same
work for as many seconds as its argument says.
"""
import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


def forget_peak(process):
    """From now on the kernel notes the process's peak anew."""
    try:
        pathlib.Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    except OSError:
        pass  # it has ended


def peak(process):
    """The process's highest resident memory in KB since forget_peak, or None when it has ended."""
    try:
        text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmHWM:\s*(\d+)", text)
    return int(found[1]) if found else None


def wait_until(process, moment):
    try:
        process.wait(max(moment - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        pass


def watch(aioli, program, moments):
    """Runs a program: what its memory was at the moments, and what went wrong."""
    process = subprocess.Popen([aioli, program.name, str(moments[-1] + 1)], cwd=program.parent, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, errors="replace")
    begin = time.monotonic()
    sizes = []
    for moment in moments:
        # Memory goes up and down between collections: its peak counts, in the moment's last half or ten seconds.
        wait_until(process, begin + max(moment / 2, moment - 10))
        forget_peak(process)
        wait_until(process, begin + moment)
        sizes.append(peak(process) if process.poll() is None else None)
    errors = process.communicate()[1]
    if process.returncode or None in sizes:
        return sizes, f"exit status {process.returncode}\n{errors}"
    return sizes, None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--aioli", default=HERE.parent.parent / "build" / "aioli", type=pathlib.Path)
    parser.add_argument("--at", nargs="+", default=[10, 60, 300], type=float)
    parser.add_argument("--percent", default=5, type=float)
    parser.add_argument("--slack", default=0, type=float)
    parser.add_argument("--jobs", default=2, type=int)
    parser.add_argument("--runs-only", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    aioli = options.aioli.resolve()
    programs = sorted(p for p in HERE.glob("*.aio") if not options.names or p.stem in options.names)
    bad = not programs
    print(f"{'KB after s':12}" + "".join(f"{moment:>10g}" for moment in options.at) + f"{'growth':>10}")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for program, (sizes, wrong) in zip(programs, pool.map(lambda p: watch(aioli, p, options.at), programs)):
            line = f"{program.stem:12}" + "".join(f"{size or 0:>10}" for size in sizes)
            if not wrong:
                line += f"{(sizes[-1] / sizes[0] - 1) * 100:>9.1f}%"
                if not options.runs_only and sizes[-1] > sizes[0] * (1 + options.percent / 100) + options.slack:
                    wrong = "grows"
            print(line + (f"  {wrong.strip()}" if wrong else ""), flush=True)
            bad |= wrong is not None
    sys.exit(bad)


if __name__ == "__main__":
    main()
