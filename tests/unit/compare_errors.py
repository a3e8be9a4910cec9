"""Compares syntax errors with CPython's: compare_errors.py TREE_DUMP CASES [-v]

CASES holds one program a line, with \\n, \\t and the like escaped as in a Python string; lines that start with ## are
titles. Needs CPython 3.13. An end that CPython leaves out counts as one column behind the start.
"""
import pathlib
import subprocess
import sys
import tempfile
import warnings


def unescape(line):
    return eval("'''" + line.replace("'", "\\'") + "'''")


def oracle(source):
    try:
        compile(source, "file", "exec", dont_inherit=True)
    except SyntaxError as error:
        end_line = error.end_lineno or error.lineno
        end = error.end_offset or 0
        if end_line == error.lineno:
            end = max(end, (error.offset or 0) + 1)
        if not error.lineno or error.offset is None:
            return type(error).__name__, error.msg, None
        return type(error).__name__, error.msg, (error.lineno, error.offset, end_line, end)
    except (ValueError, MemoryError, RecursionError) as error:
        return type(error).__name__, str(error), None
    return None


def column(lines, line, byte):
    """The offset in characters from 1 of a column in bytes."""
    if line - 1 < len(lines):
        text = lines[line - 1].encode("utf-8", "surrogatepass")
        return len(text[:byte].decode("utf-8", "replace")) + 1 + max(0, byte - len(text))
    return byte + 1


def ours(line, source):
    fields = line.split("\t")
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


def main():
    warnings.simplefilter("ignore")
    program, cases = sys.argv[1:3]
    sources = [unescape(line) for line in pathlib.Path(cases).read_text().split("\n")
               if line and not line.startswith("##")]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, source in enumerate(sources):
            paths.append(pathlib.Path(folder, str(number)))
            paths[-1].write_bytes(source.encode("utf-8", "surrogatepass"))
        answers = subprocess.run([program, "-x", *map(str, paths)], capture_output=True).stdout.decode().split("\n")
    if len(answers) != len(sources) + 1:
        sys.exit(f"the program stopped early, at {sources[len(answers) - 1]!r}")
    whole = messages = errors = 0
    for source, answer in zip(sources, answers):
        wanted, found = oracle(source), ours(answer, source)
        errors += 1
        if wanted == found:
            whole += 1
        if (wanted and wanted[:2]) == (found and found[:2]):
            messages += 1
        if wanted != found:
            print(f"{source!r}\n    here    {found}\n    CPython {wanted}")
    print(f"{whole} of {errors} the same, {messages} in kind and message")


main()
