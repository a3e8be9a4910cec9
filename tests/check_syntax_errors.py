#!/usr/bin/env python3
"""Compares syntax errors with the recorded ones of CPython: check_syntax_errors.py TREE_DUMP [--record CPYTHON_ANSWERS]

The programs are in unit/syntax_errors.txt, one a line; unit/syntax_errors.out holds what CPython 3.13 says of each,
recorded by `record.py --syntax`. Lines of unit/syntax_errors.known are programs whose error is known to differ.
"""
import ast
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent / "unit"


def unescape(line):
    return ast.literal_eval("'''" + line.replace("'", "\\'") + "'''")


def cases():
    """The escaped programs."""
    return [line for line in (HERE / "syntax_errors.txt").read_text().split("\n") if line and not line.startswith("##")]


def column(lines, line, byte):
    """The offset in characters from 1 of a column in bytes."""
    if line - 1 < len(lines):
        text = lines[line - 1].encode("utf-8", "surrogatepass")
        return len(text[:byte].decode("utf-8", "replace")) + 1 + max(0, byte - len(text))
    return byte + 1


def ours(answer, source):
    fields = answer.split("\t")
    if "Error" not in fields[0]:
        return None
    start_line, start, end_line, end = map(int, fields[1:5])
    if not start_line:
        return fields[0], fields[6], None
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start, end = column(lines, start_line, start), column(lines, end_line, end)
    if start_line == end_line:
        end = max(end, start + 1)
    return fields[0], fields[6], (start_line, start, end_line, end)


def answers(program, sources):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, source in enumerate(sources):
            paths.append(pathlib.Path(folder, str(number)))
            paths[-1].write_bytes(source.encode("utf-8", "surrogatepass"))
        # A few sources at a time: enough to be quick, few enough for a command line.
        lines = []
        for start in range(0, len(paths), 500):
            done = subprocess.run([program, "-x", *map(str, paths[start:start + 500])], capture_output=True)
            lines += done.stdout.decode("utf-8", "replace").split("\n")[:-1]
        return lines


def main():
    lines = cases()
    sources = [unescape(line) for line in lines]
    found = answers(sys.argv[1], sources)
    if len(found) != len(sources):
        sys.exit(f"the program stopped early, at {sources[min(len(found), len(sources)) - 1]!r}")
    recorded = {}
    for line in (HERE / "syntax_errors.out").read_text().split("\n"):
        if line:
            case, _, answer = line.partition("\t")
            recorded[case] = ast.literal_eval(answer)
    known = HERE / "syntax_errors.known"
    known = set(known.read_text().split("\n")) if known.exists() else set()
    wrong = 0
    for line, source, answer in zip(lines, sources, found):
        if line in known or line not in recorded:
            continue
        if ours(answer, source) != recorded[line]:
            wrong += 1
            print(f"{source!r}\n    here    {ours(answer, source)}\n    CPython {recorded[line]}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
