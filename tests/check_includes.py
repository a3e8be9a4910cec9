#!/usr/bin/env python3
"""Checks that no folder of src/ includes a header of a folder above it: check_includes.py [ROOT]

Also that the command includes nothing of ours but aioli.h, that aioli.h includes nothing of ours, that libuv is
included by its driver and the modules alone, and that the check itself notices an include the wrong way round.
"""
import pathlib
import re
import sys
import tempfile

FLOORS = ["base", "syntax", "object", "compiler", "vm", "loop", "modules", "api", "cli"]


def floor_of(header):
    folder = header.split("/")[0]
    return FLOORS.index(folder) if "/" in header and folder in FLOORS else None


def wrong_includes(root):
    """Every include that goes up, as text."""
    wrong = []
    for number, floor in enumerate(FLOORS):
        for path in sorted((root / "src" / floor).rglob("*.[ch]")):
            for line, quoted, bracketed in includes(path):
                place = f"{path.relative_to(root)}:{line}"
                if quoted and floor == "cli":
                    if quoted != "aioli.h":
                        wrong.append(f"{place}: the command may include aioli.h only, not {quoted}")
                elif quoted and (floor_of(quoted) or 0) > number:
                    wrong.append(f"{place}: {floor} is below {quoted}")
                elif quoted == "aioli.h" and floor != "api":
                    wrong.append(f"{place}: {floor} is below aioli.h")
                if bracketed in ("aioli.h",) and floor not in ("api", "cli"):
                    wrong.append(f"{place}: {floor} is below aioli.h")
                if bracketed.startswith("uv") and floor != "modules" and path.name != "driver_uv.c":
                    wrong.append(f"{place}: libuv belongs into its driver")
                if quoted and "/" not in quoted and quoted != "aioli.h":
                    wrong.append(f"{place}: include {quoted} with its folder")
                if quoted and floor_of(quoted) is None and "/" in quoted and quoted != "grammar/aioli.h":
                    wrong.append(f"{place}: {quoted} belongs to no floor")
    for path in sorted((root / "include").rglob("*.h")):
        for line, quoted, bracketed in includes(path):
            if quoted:
                wrong.append(f"{path.relative_to(root)}:{line}: the public header includes {quoted}")
    return wrong


def includes(path):
    for line, text in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*(?:"([^"]*)"|<([^>]*)>)', text)
        if match:
            yield line, match[1] or "", match[2] or ""


def notices_wrong_ones():
    """The check of the check: one file of each kind of offence must be found."""
    offences = {"src/base/a.h": '#include "object/value.h"', "src/vm/a.c": '#include "loop/loop.h"',
                "src/cli/main.c": '#include "api/host.h"', "include/aioli.h": '#include "base/memory.h"',
                "src/object/b.c": "#include <uv.h>"}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in offences.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        return len(wrong_includes(pathlib.Path(folder))) == len(offences)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)
    wrong = wrong_includes(root)
    if not notices_wrong_ones():
        wrong.append("check_includes.py no longer notices a wrong include")
    print("\n".join(wrong) or "includes: all point down")
    sys.exit(bool(wrong))


main()
