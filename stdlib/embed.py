"""Writes the library modules as a C table: embed.py OUTPUT FOLDER

Every NAME.aio below FOLDER becomes an entry of `source_modules`; a folder's __init__.aio becomes the package.
"""
import pathlib
import sys


def literal(data):
    """Bytes as lines of a C array: a string literal could not be as long as some modules are."""
    return "\n".join(",".join(map(str, data[i:i + 40])) + "," for i in range(0, len(data), 40))


def main():
    output, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    text = ['// Made by stdlib/embed.py.\n#include "vm/import.h"\n#include "modules/modules.h"\n']
    table = []
    for number, path in enumerate(sorted(folder.rglob("*.aio"))):
        parts = list(path.relative_to(folder).with_suffix("").parts)
        package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if package else parts)
        data = path.read_bytes()
        text.append("static const unsigned char text_%d[] = {\n%s\n0};\n" % (number, literal(data)))
        table.append('    {"%s", (const char *)text_%d, %d, %s},' % (name, number, len(data), "true" if package else "false"))
    text.append("const SourceModule source_modules[] = {\n" + "\n".join(table) + "\n    {0}};\n")
    pathlib.Path(output).write_text("\n".join(text))


main()
