"""Writes a page, with its script in place of `@SCRIPT@`, as two C arrays, cut at `@EVENTS@`: embed_page.py OUTPUT PAGE SCRIPT"""
import pathlib
import sys


def literal(data):
    return "\n".join(",".join(map(str, data[i:i + 40])) + "," for i in range(0, len(data), 40))


def main():
    page, script = (pathlib.Path(name).read_bytes() for name in sys.argv[2:])
    parts = page.split(b"@EVENTS@")
    if len(parts) != 2 or page.count(b"@SCRIPT@") != 1 or b"</script" in script:
        sys.exit(f"{sys.argv[2]}: @EVENTS@ and @SCRIPT@ must stand in it once, and no end of a script in the script")
    parts[0] = parts[0].replace(b"@SCRIPT@", script)
    text = ['// Made by src/cli/embed_page.py.\n#include "timeline.h"\n']
    for name, data in zip(("before", "after"), parts):
        text.append(f"const unsigned char timeline_{name}[] = {{\n{literal(data)}\n}};\nconst size_t timeline_{name}_length = {len(data)};\n")
    pathlib.Path(sys.argv[1]).write_text("\n".join(text))


main()
