#!/usr/bin/env python3
"""Measures the border between C and scripts: run.py [--build FOLDER] [--rounds N]

Builds bench.c with the library of a build, and bench_lua.c where pkg-config knows Lua 5.4; runs each some times, in turn, and
prints the best of each figure with its ratio to Lua's.
"""
import argparse
import os
import pathlib
import shlex
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROWS = (("into_script", "a call from C into a script", "ns"), ("into_native", "a call from a script into C", "ns"),
        ("async_native", "an async native completed at once", "ns"), ("vm_new_free", "a VM made and freed", "ns"),
        ("vm_resident", "its memory, resident", "B"), ("vm_bytes", "its memory, asked for", "B"))


def flags(*arguments):
    done = subprocess.run(["pkg-config", *arguments], capture_output=True, text=True)
    return shlex.split(done.stdout) if done.returncode == 0 else None


def figures(program):
    lines = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.split()[0]: float(line.split()[1]) for line in lines}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=HERE.parent.parent / "build", type=pathlib.Path)
    parser.add_argument("--rounds", default=3, type=int)
    options = parser.parse_args()
    build = options.build.resolve()
    # The build's own .pc names the libraries that libaioli.a needs; it is not installed yet, so that the paths are given here.
    os.environ["PKG_CONFIG_PATH"] = f"{build / 'meson-private'}:{os.environ.get('PKG_CONFIG_PATH', '')}"
    compiler = [*shlex.split(os.environ.get("CC", "cc")), "-O2"]
    lua = next((found for name in ("lua5.4", "lua-5.4", "lua") if (found := flags("--cflags", "--libs", f"{name} >= 5.4"))), None)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run([*compiler, HERE / "bench.c", f"-I{HERE.parent.parent / 'include'}", f"-L{build}", f"-Wl,-rpath,{build}",
                        *flags("--static", "--libs", "aioli"), "-o", folder / "aioli"], check=True)
        programs = ["aioli"]
        if lua:
            subprocess.run([*compiler, HERE / "bench_lua.c", *lua, "-o", folder / "lua"], check=True)
            programs.append("lua")
        best = {name: {} for name in programs}
        for _ in range(options.rounds):
            for name in programs:
                for key, value in figures(folder / name).items():
                    best[name][key] = min(value, best[name].get(key, value))
    print(f"{'':36}{'aioli':>12}" + (f"{'Lua':>12}{'ratio':>8}" if lua else ""))
    for key, title, unit in ROWS:
        ours = best["aioli"][key]
        row = f"{title:36}{ours:>9.0f} {unit:2}"
        if lua:
            row += f"{best['lua'][key]:>9.0f} {unit:2}{ours / best['lua'][key]:>8.2f}"
        print(row)


main()
