#!/usr/bin/env python3
"""Runs the programs beside this one under aioli and another implementation by turns: run.py [--runs N] [--aioli CMD] [--other CMD] [NAME…]

Prints the least processor time of each program under both, and their ratio: below 1 aioli is the faster one.
"""
import argparse
import pathlib
import resource
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def seconds(command, program):
    """The processor time of one run, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = subprocess.run([*command, program], check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, output


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--aioli", default=str(HERE.parent.parent / "build" / "aioli"), type=shlex.split)
    parser.add_argument("--other", default="/usr/bin/python3", type=shlex.split)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    slower = 0
    for program in sorted(HERE.glob("*.py")):
        if program.name == "run.py" or not (not options.names or any(name in program.name for name in options.names)):
            continue
        times = {"aioli": [], "other": []}
        printed = set()
        for _ in range(options.runs):
            for name, command in (("aioli", options.aioli), ("other", options.other)):
                time, output = seconds(command, program)
                times[name].append(time)
                printed.add(output)
        if len(printed) != 1:
            sys.exit(f"{program.name}: they print different things")
        ratio = min(times["aioli"]) / min(times["other"])
        slower += ratio > 1
        print(f"{program.stem:24} aioli {min(times['aioli']):6.3f} s   other {min(times['other']):6.3f} s   ratio {ratio:5.2f}", flush=True)
    print(f"{slower} slower")


if __name__ == "__main__":
    main()
