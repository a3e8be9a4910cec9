#!/usr/bin/env python3
"""Checks what a build gives to host programs: check_library.py names|globals|host|header BUILD

    names   libaioli.a and libaioli.so define no global name but aioli_…
    globals the library has no data that can be written, neither of the process nor of a thread, and nothing runs when it is
            loaded: all that changes belongs to a VM
    host    a host with names of the library's insides for its own functions links with it and runs; so does the README's
            host, by the README's own command
    header  include/aioli.h is clean C99, C11 and C++17

What a build does not have is not checked: a sanitized one keeps its inner names (see meson.build).
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMPILER = shlex.split(os.environ.get("CC", "cc"))

# Functions of the library's insides, as a host may name its own; each counts how often it is called.
HOST = """
#include <aioli.h>
#include <stdio.h>
#include <string.h>
int calls;
void arena_init(void) { calls++; }
void heap_collect(void) { calls++; }
void buffer_text(void) { calls++; }
void *vm_create(void) { calls++; return NULL; }
int main(void) {
    const char *script = "import asyncio, gc\\nasyncio.run(asyncio.sleep(0.001))\\ngc.collect()\\nprint(2 ** 100, [])\\n";
    aioli *vm = aioli_new(NULL);
    aioli_status status = aioli_run_source(vm, "<script>", script, strlen(script));
    if (status != AIOLI_OK) fputs(aioli_error_text(vm, NULL), stderr);
    aioli_free(vm);
    arena_init(), heap_collect(), buffer_text(), vm_create();
    printf("%d\\n", calls);
    return status;
}
"""


def options_of(build):
    listed = json.loads((build / "meson-info" / "intro-buildoptions.json").read_text())
    return {option["name"]: option["value"] for option in listed}


def is_sealed(options):
    """Whether libaioli.a is made with its inner names hidden."""
    return options["b_sanitize"] in ("none", []) and not options.get("b_lto") and shutil.which("objcopy") is not None


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", **more)
    if done.returncode:
        sys.exit(f"{shlex.join(map(str, command)) if isinstance(command, list) else command}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def expect(what, wanted, found):
    if wanted != found:
        sys.exit(f"{what}: expected {wanted!r}, found {found!r}")


def check_names(build):
    libraries = [(build / "libaioli.so", ["-D"])]
    if is_sealed(options_of(build)):
        libraries.append((build / "libaioli.a", []))
    declared = set(re.findall(r"\b(aioli_\w+)\(", re.sub(r"//.*", "", (ROOT / "include/aioli.h").read_text())))
    for library, arguments in libraries:
        if not library.exists():
            continue
        lines = run(["nm", "--defined-only", "--extern-only", *arguments, library]).splitlines()
        names = {line.split()[2] for line in lines if len(line.split()) == 3}
        expect(f"{library.name}: names that the header does not declare", [], sorted(names - declared))
        expect(f"{library.name}: names that it lacks", [], sorted(declared - names))


# Variables of the whole process that the library may have all the same: their names, each with the reason.
VARIABLES = {
    "signal_owners": "signals are the process's: which VM gets which, for their handler, which gets nothing else to go by",
    "signal_handlers_running": "how many of these handlers are looking at that, so that a VM can wait for them before it goes",
}


def writable_sections(archive):
    """The sections of an archive's objects that take room and can be written while a program runs: (object, section)."""
    found, member = set(), ""
    lines = run(["objdump", "-h", archive]).splitlines()
    for line, flags in zip(lines, lines[1:] + [""]):
        if ":     file format" in line:
            member = pathlib.Path(line.split(":")[0]).name
        match = re.match(r" +\d+ (\S+) +([0-9a-f]+) ", line)
        # What has to be relocated is written by the loader only.
        if match and int(match[2], 16) and "ALLOC" in flags and "READONLY" not in flags and not match[1].startswith(".data.rel.ro"):
            found.add((member, match[1]))
    return found


def check_globals(build):
    options = options_of(build)
    # Those have counters and tables of their own.
    if not is_sealed(options) or options.get("b_coverage") or shutil.which("objdump") is None:
        return
    archive = build / "libaioli_inside.a"
    sections, member, named, found = writable_sections(archive), "", set(), []
    for line in run(["objdump", "-t", archive]).splitlines():
        if ":     file format" in line:
            member = pathlib.Path(line.split(":")[0]).name
        match = re.match(r"[0-9a-f]+ .{7} (\S+)\t([0-9a-f]+) +(?:\.hidden )?(\S+)$", line)
        if not match or not int(match[2], 16) or ((member, match[1]) not in sections and match[1] != "*COM*"):
            continue
        named.add((member, match[1]))
        if match[3].split(".")[0] not in VARIABLES:
            found.append(f"{member}: {match[3]} ({match[1]}, {int(match[2], 16)} bytes)")
    found += [f"{member}: {section}" for member, section in sections - named]
    expect("variables that all VMs would share", [], sorted(found))


def readme_host():
    """The README's host program, and the command beneath it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    match = re.search(r"`host\.c`:\n\n```c\n([^`]*)```\n\n    \$ (cc host\.c .*)\n    (.*)\n", text)
    return match[1], match[2], match[3]


def check_host(build):
    if not is_sealed(options_of(build)):
        return
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "own_names.c").write_text(HOST)
        program, command, output = readme_host()
        (folder / "host.c").write_text(program)
        (folder / "include").symlink_to(ROOT / "include")
        (folder / "build").symlink_to(build)
        names = run(["nm", build / "libaioli_inside.a"])
        uses_uv, uses_pcre2 = "driver_uv_new" in names, "regex_module_fill" in names
        libraries = ["-luv"] * uses_uv + ["-ltommath", "-lutf8proc"] + ["-lpcre2-8"] * uses_pcre2 + ["-lm"]
        links = {"libaioli.a": ["build/libaioli.a"], "libaioli.so": ["-Lbuild", "-laioli", f"-Wl,-rpath,{build}"]}
        for library, link in links.items():
            if (build / library).exists():
                run([*COMPILER, "own_names.c", "-Iinclude", *link, *libraries, "-o", "own_names"], cwd=folder)
                expect(f"a host with {library}", "1267650600228229401496703205376 []\n4\n", run(["./own_names"], cwd=folder))
        if (build / "libaioli.a").exists() and uses_uv:
            expect("the README's host", output + "\n", run(command, shell=True, cwd=folder))


def check_header(build):
    with tempfile.TemporaryDirectory() as folder:
        for language, standards in (("c", ("c99", "c11", "c17")), ("c++", ("c++11", "c++17"))):
            for compiler in (COMPILER[0], "g++", "clang++"):
                # A C compiler may come without its C++ half; then another one is asked, if there is one.
                source = pathlib.Path(folder) / ("main." + language)
                source.write_text("int main() { return 0; }\n" if language == "c++" else "int main(void) { return 0; }\n")
                command = [compiler, "-x", language, "-fsyntax-only", "-Wall", "-Wextra", "-pedantic", "-Werror", source]
                if shutil.which(compiler) and not subprocess.run(command, capture_output=True).returncode:
                    break
            else:
                continue
            source.write_text('#include "aioli.h"\n#include "aioli.h"\nint main(%s) { return aioli_version() == %s; }\n' %
                              (("", "nullptr") if language == "c++" else ("void", "NULL")))
            for standard in standards:
                run([*command, f"-std={standard}", f"-I{ROOT / 'include'}"])


def main():
    checks = {"names": check_names, "globals": check_globals, "host": check_host, "header": check_header}
    checks[sys.argv[1]](pathlib.Path(sys.argv[2]).resolve())


main()
