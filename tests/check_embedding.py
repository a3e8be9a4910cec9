#!/usr/bin/env python3
"""Checks aioli as hosts get it, installed: check_embedding.py static|shared|subproject|documentation BUILD

    static, shared   `meson install` puts everything in place; the hosts of examples/embed/ are built against it by one line with
                     pkg-config, in a folder outside the repository, and print what stands in tests/embedding/. What BUILD
                     is not configured for is built in a folder of its own below BUILD, without optimisation.
    subproject       another project has aioli as a meson subproject, without I/O: libtommath and utf8proc are all it needs
    documentation    the C programs of docs/embedding.md compile, and those with an output print it

How a block of docs/embedding.md is compiled stands at its end.
"""
import functools
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
EXAMPLES, EXPECTED = ROOT / "examples" / "embed", ROOT / "tests" / "embedding"
COMPILER = os.environ.get("CC", "cc")
WARNINGS = "-Wall -Wextra -Werror"
ARGUMENTS = {"game": ["--fast"],
             "plugins": [f"hostile/{name}.aio" for name in ("loop_while", "bomb_memory_error", "recursion_uncaught", "escape_attributes_open",
                                                            "output_exit_large", "task_deadlock")]}


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300, **more)
    if done.returncode:
        sys.exit(f"{command if isinstance(command, str) else shlex.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(what, wanted, found):
    if wanted != found:
        sys.exit(f"{what}: expected\n{wanted}\nfound\n{found}")


def options_of(build):
    listed = json.loads((build / "meson-info" / "intro-buildoptions.json").read_text())
    return {option["name"]: option["value"] for option in listed}


def uses_uv(build):
    return "driver_uv_new" in run(["nm", build / "libaioli_inside.a"])


def is_sanitized(build):
    return options_of(build)["b_sanitize"] not in ("none", [])


@functools.cache
def cxx_compilers():
    """C++ compilers that have their headers."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "main.cpp"
        source.write_text("#include <string>\nint main() { return 0; }\n")
        return [compiler for compiler in ("g++", "clang++") if shutil.which(compiler) and
                not subprocess.run([compiler, "-c", source, "-o", source.with_suffix(".o")], capture_output=True).returncode]


# ---- Installing

def configured(build, kind):
    """A build folder that has this kind of library."""
    if options_of(build)["default_library"] in (kind, "both"):
        return build
    folder = build / f"embedding-{kind}"
    if not (folder / "build.ninja").exists():
        io = "enabled" if uses_uv(build) else "disabled"
        run(["meson", "setup", folder, ROOT, f"-Ddefault_library={kind}", "-Doptimization=0", f"-Dio={io}"])
    run(["ninja", "-C", folder])
    return folder


class Installed:
    """aioli below a temporary folder. The folder takes the place of the system's root: a build keeps its prefix."""

    def __init__(self, build, kind, root):
        run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", root])
        found = {path.name: path for path in pathlib.Path(root).rglob("*") if not path.is_dir()}
        library = "libaioli.so" if kind == "shared" else "libaioli.a"
        for name in ("aioli.h", "aioli.pc", "aioli.1", library):
            if name not in found:
                sys.exit(f"{name} is not installed")
        self.root, self.library, self.kind = pathlib.Path(root), found[library], kind
        self.command = next(path for path in self.root.rglob("bin/aioli"))
        self.completion = next(path for path in self.root.rglob("bash-completion/completions/aioli"))
        self.zsh_completion = next(path for path in self.root.rglob("zsh/site-functions/_aioli"))
        self.manual = found["aioli.1"]
        # The .pc file names the prefix of the build; what it says is right once that is below the root.
        text = found["aioli.pc"].read_text()
        found["aioli.pc"].write_text(re.sub(r"^prefix=", f"prefix={root}", text, flags=re.M))
        self.environment = {**os.environ, "PKG_CONFIG_PATH": str(found["aioli.pc"].parent), "LD_LIBRARY_PATH": str(self.library.parent)}
        # Both kinds lie there: the linker is to take the one that is meant.
        both = (self.library.parent / "libaioli.so").exists() and (self.library.parent / "libaioli.a").exists()
        if both and kind == "static":
            for path in self.library.parent.glob("libaioli.so*"):
                path.unlink()
        self.flags = f"$(pkg-config {'--static ' if both and kind == 'static' else ''}--cflags --libs aioli)"

    def build(self, compiler, source, folder, more=""):
        """Builds a host by one line, and returns its path."""
        program = pathlib.Path(folder) / pathlib.Path(source).stem
        language = "" if not compiler.endswith("++") or source.endswith(".cpp") else "-x c++ "
        run(f"{compiler} {WARNINGS} {more} {language}{source} {self.flags} -o {program.name}".replace("  ", " "), shell=True, cwd=folder,
            env=self.environment)
        return program

    def output(self, program, *arguments):
        return run([program, *arguments], cwd=program.parent, env=self.environment).replace(str(program.parent) + os.sep, "")


def check_command_files(installed):
    """The manual and the completions know what `aioli --help` says."""
    usage = run([installed.command, "--help"], env=installed.environment)
    manual = installed.manual.read_text().replace("\\-", "-")
    completions = [installed.completion.read_text(), installed.zsh_completion.read_text()]
    for word in set(re.findall(r"--[a-z-]+|AIOLI_[A-Z]+|(?m:^-[a-z])| -[a-z]\b|aioli [a-z]+", usage)):
        word = word.removeprefix("aioli ").strip()
        if word not in manual:
            sys.exit(f"the manual does not know {word}")
        if not word.isupper() and word not in ("-h", "-V") and any(word not in completion for completion in completions):
            sys.exit(f"a completion does not know {word}")
    if shutil.which("zsh"):
        run(["zsh", "-n", installed.zsh_completion])
    complete = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _aioli; printf "%s\\n" "${COMPREPLY[@]}"'
    for words, wanted in ((["aioli", "--v"], "--virtual-time --version"), (["aioli", "check", "ga"], "game.aio"),
                          (["aioli", "ga"], "game.aio"), (["aioli", "game.aio", "wrap"], "wrapper.cpp"), (["aioli", "d"], "dis"),
                          (["aioli", "te"], "test"), (["aioli", "test", "--d"], "--durations"), (["aioli", "test", "ga"], "game.aio")):
        found = run(["bash", "-c", complete, "bash", installed.completion, *words], cwd=EXAMPLES)
        expect(f"completion of {' '.join(words)}", wanted, " ".join(found.split()))


def check_examples(build, kind):
    if is_sanitized(build):
        return
    build = configured(build, kind)
    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as folder:
        installed = Installed(build, kind, root)
        if options_of(build)["static"] and kind == "static":
            shutil.copy(EXAMPLES / "hello.c", folder)
            program = installed.build(COMPILER, "hello.c", folder, "-static")
            expect("libraries of a static host", "", "".join(re.findall(r".*NEEDED.*", run(["readelf", "-d", program]))))
            expect("a static host", (EXPECTED / "hello.out").read_text(), installed.output(program))
        if (needs := "libaioli.so" in run(["readelf", "-d", installed.command])) != (options_of(build)["default_library"] == "shared"):
            sys.exit(f"the command {'needs' if needs else 'does not need'} libaioli.so")
        check_command_files(installed)
        shutil.copytree(EXAMPLES, folder, dirs_exist_ok=True)
        for source in sorted([*EXAMPLES.glob("*.c"), *EXAMPLES.glob("*.cpp")]):
            compilers = cxx_compilers() if source.suffix == ".cpp" else [COMPILER]
            if source.stem == "hello":
                compilers = compilers + cxx_compilers()
            for compiler in compilers:
                program = installed.build(compiler, source.name, folder)
                needed = "libaioli.so" in run(["readelf", "-d", program])
                expect(f"{source.name} needs libaioli.so", kind == "shared", needed)
                wanted = (EXPECTED / (source.stem + ".out")).read_text()
                expect(f"{source.name}, {kind}, {compiler}", wanted, installed.output(program, *ARGUMENTS.get(source.stem, [])))


# ---- As a subproject

def check_subproject(build):
    if is_sanitized(build):
        return
    guest = build / "embedding-guest"
    (guest / "subprojects").mkdir(parents=True, exist_ok=True)
    (guest / "libraries").mkdir(exist_ok=True)
    if not (guest / "subprojects" / "aioli").exists():
        (guest / "subprojects" / "aioli").symlink_to(ROOT)
    shutil.copy(EXAMPLES / "hello.c", guest)
    (guest / "meson.build").write_text(
        "project('guest', 'c')\n"
        "aioli_dep = dependency('aioli', fallback: ['aioli', 'aioli_dep'],\n"
        "  default_options: ['io=auto', 'default_library=static', 'optimization=0'])\n"
        "everything = executable('hello', 'hello.c', dependencies: aioli_dep)\n"
        "alias_target('everything', everything)\n")
    # pkg-config knows these two and nothing else.
    folders = run(["pkg-config", "--variable", "pc_path", "pkg-config"]).strip().split(":")
    folders = os.environ.get("PKG_CONFIG_PATH", "").split(":") + folders
    for name in ("libtommath.pc", "libutf8proc.pc"):
        for folder in folders:
            if folder and (pathlib.Path(folder) / name).exists() and not (guest / "libraries" / name).exists():
                (guest / "libraries" / name).symlink_to(pathlib.Path(folder) / name)
    environment = {**os.environ, "PKG_CONFIG_PATH": "", "PKG_CONFIG_LIBDIR": str(guest / "libraries")}
    if not (guest / "build" / "build.ninja").exists():
        run(["meson", "setup", guest / "build", guest, "--wrap-mode=forcefallback"], env=environment)
    run(["ninja", "-C", guest / "build"], env=environment)
    needed = re.findall(r"NEEDED.*\[lib(\w+)", run(["readelf", "-d", guest / "build" / "hello"]))
    expect("libraries of a guest without I/O", [], sorted(set(needed) - {"tommath", "utf8proc", "c", "m", "pthread"}))
    expect("a guest", (EXPECTED / "hello.out").read_text(), run([guest / "build" / "hello"]))
    expect("tests of aioli among the guest's", [], json.loads(run(["meson", "introspect", "--tests", guest / "build"])))


# ---- The documentation

PIECE_HEAD = """#include <aioli.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
"""


def blocks_of(text):
    """The C blocks of each section: its title, and for each block the code and the output that follows it, or None."""
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        found = re.findall(r"```c\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", section, flags=re.S)
        if found:
            yield section.split("\n", 1)[0], found


def check_documentation(build):
    """A block with a main is a program, and one of the section's; the others are pieces, which stand before it or are compiled alone:
    an indented block is a part of a function that has a `vm`, a `value` and `values`."""
    if is_sanitized(build):
        return
    kind = "static" if options_of(build)["default_library"] != "shared" else "shared"
    lua = next((name for name in ("lua5.4", "lua-5.4", "lua")
                if not subprocess.run(["pkg-config", "--exists", name + " >= 5.4"], capture_output=True).returncode), None)
    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as folder:
        installed = Installed(build, kind, root)
        for title, blocks in blocks_of((ROOT / "docs" / "embedding.md").read_text()):
            pieces = PIECE_HEAD
            for number, (code, output) in enumerate(blocks):
                source = pathlib.Path(folder) / "block.c"
                more = "-Wno-unused-variable -Wno-unused-function -Wno-unused-but-set-variable -Wno-unused-parameter"
                if "<lua.h>" in code:
                    if not lua:
                        continue
                    more += f" $(pkg-config --cflags {lua}) "
                    source.write_text(code)
                    run(f"{COMPILER} {WARNINGS} {more} block.c -o block $(pkg-config --libs {lua})", shell=True, cwd=folder)
                    if output:
                        expect(f"docs/embedding.md, {title}", output, installed.output(pathlib.Path(folder) / "block"))
                    continue
                if "int main(" in code:
                    source.write_text((PIECE_HEAD if "#include" in code else pieces) + code)
                    program = installed.build(COMPILER, "block.c", folder, more)
                    if output:
                        expect(f"docs/embedding.md, {title}", output, installed.output(program))
                    continue
                if code.startswith("    "):
                    code = f"void part_{number}(aioli *vm, aioli_value value, aioli_value *values) {{\n{code}}}\n"
                pieces += code
                source.write_text(pieces + "int main(void) { return 0; }\n")
                installed.build(COMPILER, "block.c", folder, more)


def main():
    build = pathlib.Path(sys.argv[2]).resolve()
    checks = {"subproject": check_subproject, "documentation": check_documentation,
              "static": lambda build: check_examples(build, "static"), "shared": lambda build: check_examples(build, "shared")}
    checks[sys.argv[1]](build)


main()
