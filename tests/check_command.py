#!/usr/bin/env python3
"""Checks the command line: check_command.py BUILD

What it prints and its exit status for what the programs in the other folders can't ask. The command of a build with
-Dstatic=true is also run where there is no other file at all (which takes root).
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ALONE = """
import asyncio, sys
async def main():
    await asyncio.sleep(0.001)
    return await asyncio.gather(*[asyncio.sleep(0, i) for i in range(3)])
print(asyncio.run(main()), 2 ** 70, "\\u00e4".upper())
"""


def expect(what, wanted, found):
    if wanted != found:
        sys.exit(f"{what}: expected {wanted!r}, found {found!r}")


def check_statuses(aioli, folder):
    """`aioli check` asks for the worst of its files: 2 for one that can't be read, 1 for a syntax error."""
    (folder / "good.aio").write_text("print(1)\n")
    (folder / "bad.aio").write_text("print(\n")
    wrong = "  File \"bad.aio\", line 1\n    print(\n         ^\nSyntaxError: '(' was never closed\n"
    missing = "can't open file 'none.aio': [Errno 2] No such file or directory\n"
    said = {"good.aio": "good.aio: ok\n", "bad.aio": wrong, "none.aio": "none.aio: " + missing}
    for names, status in ((["good.aio"], 0), (["bad.aio"], 1), (["none.aio"], 2), (["bad.aio", "good.aio"], 1),
                          (["none.aio", "bad.aio", "good.aio"], 2), (["bad.aio", "none.aio"], 2), (["."], 2)):
        done = subprocess.run([aioli, "check", *names], cwd=folder, capture_output=True, text=True)
        expect(f"status of check {' '.join(names)}", status, done.returncode)
        if names != ["."]:
            expect(f"output of check {' '.join(names)}", "".join(said[name] for name in names), done.stdout)
    expect("status of a file that is not there", 2, subprocess.run([aioli, "none.aio"], cwd=folder, stderr=subprocess.PIPE).returncode)
    expect("status of dis of it", 2, subprocess.run([aioli, "dis", "none.aio"], cwd=folder, stderr=subprocess.PIPE).returncode)


def check_alone(aioli, folder):
    shutil.copy(aioli, folder / "aioli")

    def enter():
        os.chroot(folder)
        os.chdir("/")

    done = subprocess.run(["/aioli", "-c", ALONE], capture_output=True, text=True, preexec_fn=enter, env={})
    expect("the static command alone", ("[0, 1, 2] 1180591620717411303424 \u00c4\n", "", 0), (done.stdout, done.stderr, done.returncode))


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    listed = json.loads((build / "meson-info" / "intro-buildoptions.json").read_text())
    options = {option["name"]: option["value"] for option in listed}
    with tempfile.TemporaryDirectory() as folder:
        check_statuses(build / "aioli", pathlib.Path(folder))
    if options["static"]:
        expect("libraries of the static command", "", "".join(
            line for line in subprocess.run(["readelf", "-dl", build / "aioli"], capture_output=True, text=True).stdout.splitlines()
            if "NEEDED" in line or "INTERP" in line))
        if os.geteuid() == 0:
            with tempfile.TemporaryDirectory() as folder:
                check_alone(build / "aioli", pathlib.Path(folder))


main()
