"""Run under CPython 3.13 by record.py: what it says of each program in unit/syntax_errors.txt."""
import warnings

import check_syntax_errors as cases


def answer(source):
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


warnings.simplefilter("ignore")
for line in cases.cases():
    print(line, repr(answer(cases.unescape(line))), sep="\t")
