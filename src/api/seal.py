"""Makes a static library that shows its public names only: seal.py OUTPUT ARCHIVE OBJCOPY AR COMPILER [FLAG…]

All of the archive becomes one object, in which references are resolved; then the hidden names (what include/aioli.h does
not declare, see -fvisibility=hidden) are made local, so that they can't collide with a host's.
"""
import pathlib
import subprocess
import sys


def main():
    output, archive, objcopy, ar, *compiler = sys.argv[1:]
    # Beside the output, under a name that says what a debugger or nm finds in the archive.
    whole = pathlib.Path(output).with_name("aioli.o")
    subprocess.run([*compiler, "-r", "-nostdlib", "-Wl,--whole-archive", archive, "-Wl,--no-whole-archive", "-o", whole], check=True)
    subprocess.run([objcopy, "--localize-hidden", whole], check=True)
    pathlib.Path(output).unlink(missing_ok=True)  # `ar` would add to what is there
    subprocess.run([ar, "rcs", output, whole], check=True)
    whole.unlink()


try:
    main()
except subprocess.CalledProcessError as failed:
    sys.exit(failed.returncode)
