#!/usr/bin/env python3
"""docs/library.md against the program: every public module has its row there, every module of a row can be imported, and what a
row of a module of CPython's names as left out, in its first sentence, is not there. And every public name of these modules has a text
that help() can show.

    check_documents.py BUILD
"""
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent
ROW = re.compile(r"^\| `([\w.]+)` \| ?(.*?) ?\|$", re.MULTILINE)
OUR_OWN = {"aioli"}  # their rows name what they have

PROBE = """
import sys
for line in sys.stdin:
    name, *left_out = line.split()
    try:
        __import__(name)
    except ImportError as problem:
        print(name, "cannot be imported:", problem)
        continue
    for attribute in left_out:
        if hasattr(sys.modules[name], attribute):
            print(f"{name}.{attribute} is not left out")
print(*sys.builtin_module_names, file=sys.stderr)
"""

# What has no text: modules, their functions and classes, and of classes the public methods and attributes; special ones of built-in
# classes too.
TEXTS = """
import sys
seen = set()

def look(label, cls):
    if id(cls) in seen:
        return
    seen.add(id(cls))
    if not vars(cls).get("__doc__") and not cls.__doc__:
        print(label, "has no text")
    dir(cls)
    built_in = not cls.__flags__ & 1 << 9
    for name, member in list(vars(cls).items()):
        special = name.startswith("__") and name.endswith("__")
        if name.startswith("_") and not (special and built_in):
            continue
        member = member.__func__ if isinstance(member, (staticmethod, classmethod)) else member
        if isinstance(member, type):
            look(f"{label}.{name}", member)
        elif callable(member) or hasattr(type(member), "__get__"):
            slots = vars(cls).get("__slots__")
            if not (slots[name] if isinstance(slots, dict) and name in slots else member.__doc__):
                print(f"{label}.{name} has no text")

for name in sys.stdin.read().split():
    __import__(name)
    module = sys.modules[name]
    if not module.__doc__:
        print(name, "has no text")
    public = getattr(module, "__all__", None) or [key for key in vars(module) if not key.startswith("_")]
    for key in public:
        thing = getattr(module, key)
        if isinstance(thing, type):
            for cls in thing.__mro__:
                look(f"{name}.{key}" if cls is thing else f"{cls.__module__}.{cls.__qualname__}", cls)
        elif callable(thing) and not thing.__doc__:
            print(f"{name}.{key} has no text")
"""


def modules_of_the_library():
    """Public modules that are in the language, packages as a whole."""
    folder = SOURCE / "stdlib"
    for path in [*folder.glob("*.aio"), *folder.glob("*/__init__.aio")]:
        name = path.parent.name if path.stem == "__init__" else path.stem
        if not name.startswith("_") or name == "__future__":
            yield name


def main():
    aioli = pathlib.Path(sys.argv[1]) / "aioli"
    rows = dict(ROW.findall((SOURCE / "docs/library.md").read_text()))
    left_out = {name: [] if name in OUR_OWN else re.findall(r"`(\w+)`", rest.partition(". ")[0]) for name, rest in rows.items()}
    questions = "".join(" ".join([name, *names]) + "\n" for name, names in left_out.items())
    done = subprocess.run([aioli, "-c", PROBE], input=questions, capture_output=True, text=True)
    problems = done.stdout.splitlines()
    if done.returncode or not rows:
        problems.append(f"the probe ended with {done.returncode}, {len(rows)} rows: {done.stderr}")
    public = {name for name in done.stderr.split() if not name.startswith("_")} | set(modules_of_the_library())
    problems += [f"{name} has no row" for name in sorted(public - set(rows))]
    done = subprocess.run([aioli, "-c", TEXTS], input=" ".join(rows), capture_output=True, text=True)
    problems += done.stdout.splitlines() + ([done.stderr] if done.returncode else [])
    if problems:
        sys.exit("docs/library.md:\n" + "\n".join(problems))


main()
