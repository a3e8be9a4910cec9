"""Writes a page as two C arrays, what comes before the line's `@EVENTS@` and what comes behind: embed_page.py OUTPUT PAGE"""
import pathlib
import sys


def literal(data):
    return "\n".join(",".join(map(str, data[i:i + 40])) + "," for i in range(0, len(data), 40))


def main():
    parts = pathlib.Path(sys.argv[2]).read_bytes().split(b"@EVENTS@")
    if len(parts) != 2:
        sys.exit(f"{sys.argv[2]}: @EVENTS@ must stand in it once")
    text = ['// Made by src/cli/embed_page.py.\n#include "timeline.h"\n']
    for name, data in zip(("before", "after"), parts):
        text.append(f"const unsigned char timeline_{name}[] = {{\n{literal(data)}\n}};\nconst size_t timeline_{name}_length = {len(data)};\n")
    pathlib.Path(sys.argv[1]).write_text("\n".join(text))


main()
