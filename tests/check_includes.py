#!/usr/bin/env python3
"""Checks that no folder of src/ includes a header of a folder above it: check_includes.py [ROOT]

Within a floor that has rooms, a room's headers include those of its own and of earlier rooms only, so that each room can be
understood from those before it; its sources may use any header of the floor, since types are made of one another (a class
has a dict, a dict has a class). Headers named *_internal.h are for their own room. No room holds more than a fifth of the
house, no file but the interpreter's loop more than 800 lines.

Also that the command includes nothing of ours but aioli.h, that aioli.h includes nothing of ours, that libuv is
included by its driver and the modules alone, and that the check itself notices an include the wrong way round.
"""
import pathlib
import re
import sys
import tempfile

FLOORS = ["base", "syntax", "object", "compiler", "vm", "loop", "modules", "api", "cli"]
ROOMS = {"object": ["core", "text", "container", "number", "shared", "function", "exception"],
         "modules": ["", "system", "posix", "network", "number", "functional", "collection", "text", "date", "builtins"]}
LONGEST_FILE, LONG_FILES = 800, {"src/vm/interpreter.c"}


def floor_of(header):
    folder = header.split("/")[0]
    return FLOORS.index(folder) if "/" in header and folder in FLOORS else None


def room_of(name):
    """The floor and room of a path below src/ (None, None when its floor has no rooms, or not this one)."""
    floor, _, room = name.rpartition("/")[0].partition("/")
    return (floor, room) if room in ROOMS.get(floor, ()) else (None, None)


def wrong_within_floor(path, header):
    """What is wrong with the include of a header of the same floor, or None."""
    floor, room = room_of(path)
    other_floor, other = room_of(header)
    if floor is None or floor != other_floor or room == other:
        return None
    if header.endswith("_internal.h"):
        return f"{header} is for its own room"
    if path.endswith(".h") and not path.endswith("_internal.h") and ROOMS[floor].index(other) > ROOMS[floor].index(room):
        return f"the room {floor}/{room} comes before {header}"
    return None


def wrong_rooms(root):
    """Folders of a floor with rooms that are none of these, rooms and files that have grown too large."""
    wrong, sizes = [], {}
    for top in ("src", "grammar", "stdlib", "include"):
        for path in sorted((root / top).rglob("*")):
            if not path.is_file():
                continue
            lines = path.read_text(encoding="utf-8", errors="replace").count("\n")
            name = str(path.relative_to(root))
            sizes[str(path.parent.relative_to(root))] = sizes.get(str(path.parent.relative_to(root)), 0) + lines
            if lines > LONGEST_FILE and name not in LONG_FILES:
                wrong.append(f"{name} has {lines} lines: which two things is it?")
            below = name.removeprefix("src/")
            if top == "src" and below.split("/")[0] in ROOMS and room_of(below)[0] is None:
                wrong.append(f"{name} lies in no room that check_includes.py knows")
    house = sum(sizes.values())
    return wrong + [f"{room} holds {lines} of the house's {house} lines: more than a fifth"
                    for room, lines in sizes.items() if lines * 5 > house]


def wrong_includes(root):
    """Every include that goes up, as text."""
    wrong = []
    for number, floor in enumerate(FLOORS):
        for path in sorted((root / "src" / floor).rglob("*.[ch]")):
            for line, quoted, bracketed in includes(path):
                place = f"{path.relative_to(root)}:{line}"
                if quoted and floor == "cli":
                    if quoted != "aioli.h" and not (path.parent / quoted).exists():
                        wrong.append(f"{place}: the command may include aioli.h only, not {quoted}")
                elif quoted and (floor_of(quoted) or 0) > number:
                    wrong.append(f"{place}: {floor} is below {quoted}")
                elif quoted == "aioli.h" and floor != "api":
                    wrong.append(f"{place}: {floor} is below aioli.h")
                if bracketed in ("aioli.h",) and floor not in ("api", "cli"):
                    wrong.append(f"{place}: {floor} is below aioli.h")
                if bracketed.startswith("uv") and floor != "modules" and path.name != "driver_uv.c":
                    wrong.append(f"{place}: libuv belongs into its driver")
                problem = quoted and wrong_within_floor(str(path.relative_to(root / "src")), quoted)
                if problem:
                    wrong.append(f"{place}: {problem}")
                if quoted and "/" not in quoted and quoted != "aioli.h" and floor != "cli":
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
    offences = {"src/base/a.h": '#include "object/core/value.h"', "src/vm/a.c": '#include "loop/loop.h"',
                "src/cli/main.c": '#include "api/host.h"', "include/aioli.h": '#include "base/memory.h"',
                "src/object/text/b.c": "#include <uv.h>",
                "src/object/text/c.h": '#include "object/exception/exception.h"',
                "src/object/text/d.c": '#include "object/number/int_internal.h"'}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in offences.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        return len(wrong_includes(pathlib.Path(folder))) == len(offences)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)
    wrong = wrong_includes(root) + wrong_rooms(root)
    if not notices_wrong_ones():
        wrong.append("check_includes.py no longer notices a wrong include")
    print("\n".join(wrong) or "includes: all point down")
    sys.exit(bool(wrong))


main()
