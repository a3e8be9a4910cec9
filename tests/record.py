#!/usr/bin/env python3
"""Records what CPython 3.13 prints for the tests: record.py [--cpython CMD] [--all] [--syntax] [FILE…]

Without files: every test that has no expectations yet (--all: has them or not). Programs that say
`# expectation: by hand` are left alone. --syntax records the wording of syntax errors.
"""
import argparse
import pathlib
import shlex
import subprocess
import sys

import run

HERE = pathlib.Path(__file__).resolve().parent


def record(command, path):
    if "by hand" in run.directives(path).get("expectation", ""):
        return
    out, err, status = run.run_program(command, path, 30)
    if status == "timeout":
        print(f"{path.relative_to(HERE)}: takes too long, not recorded")
        return
    path.with_suffix(".out").write_text(out, encoding="utf-8")
    for suffix, text, write in ((".err", err, err != ""), (".status", status + "\n", status != "0")):
        if write:
            path.with_suffix(suffix).write_text(text, encoding="utf-8")
        else:
            path.with_suffix(suffix).unlink(missing_ok=True)
    print(f"{path.relative_to(HERE)}: {len(out)} bytes, exit status {status}")


def record_syntax(cpython):
    done = subprocess.run(cpython + [str(HERE / "record_syntax.py")], capture_output=True, text=True, check=True)
    (HERE / "unit" / "syntax_errors.out").write_text(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cpython", default="env PYENV_VERSION=3.13.0 python3.13")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--syntax", action="store_true")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    cpython = shlex.split(options.cpython)
    version = subprocess.run(cpython + ["--version"], capture_output=True, text=True).stdout
    if not version.startswith("Python 3.13"):
        sys.exit(f"{options.cpython} is not CPython 3.13: {version or 'it does not run'}")
    if options.syntax:
        return record_syntax(cpython)
    files = [path.resolve() for path in options.files]
    if not files:
        # A program without expectations that another one imports is no test: it says so by lying in a folder `modules`.
        files = [path for path in sorted(HERE.rglob("*.aio"))
                 if "modules" not in path.parts and (options.all or not path.with_suffix(".out").exists())]
    for path in files:
        record(cpython + [str(HERE / "cpython_driver.py")], path)


if __name__ == "__main__":
    main()
