"""Writes properties of characters as C tables: unicode_data.py OUTPUT DATABASE UNICODE_3_2

DATABASE is the folder of Unicode's database, UNICODE_3_2 the table beside this file. See unicode_data.h for what the tables mean. They
are of Unicode 15.1, whether the database is somewhat older or newer: what later versions have added is left out.
"""
import fractions
import pathlib
import sys

import unicode_added

VERSION, OLD_VERSION = (15, 1), (3, 2)
CATEGORIES = "Cn Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co".split()
DIRECTIONS = ["", *"L R AL EN ES ET AN CS NSM BN B S WS ON LRE RLE PDF LRO RLO LRI RLI FSI PDI".split()]
WIDTHS = "N A F H Na W".split()
KINDS = ["", *(f"<{name}>" for name in "font noBreak initial medial final isolated circle super sub vertical wide narrow small square "
               "fraction compat".split())]
NUMERIC, DIGIT, DECIMAL = 1, 2, 3
BLOCK = 16
END = 0x110000


def rows(path):
    for line in path.read_text().splitlines():
        fields = [field.strip() for field in line.split("#")[0].split(";")]
        if len(fields) > 1:
            first, _, last = fields[0].partition("..")
            yield int(first, 16), int(last or first, 16), fields[1:]


def read_ages(folder):
    """The version that assigned each code point, None: none."""
    ages = [None] * END
    for first, last, (version, *_) in rows(folder / "DerivedAge.txt"):
        ages[first:last + 1] = [tuple(map(int, version.split(".")))] * (last + 1 - first)
    for code in [*unicode_added.NAMES, *range(unicode_added.IDEOGRAPHS[0], unicode_added.IDEOGRAPHS[1] + 1)]:
        ages[code] = VERSION
    return [age if age and age <= VERSION else None for age in ages]


def read_characters(folder, ages):
    """Lines of UnicodeData.txt by character, as lists of fields behind the name."""
    characters, first = {}, None
    for line in (folder / "UnicodeData.txt").read_text().splitlines():
        code, name, *fields = line.split(";")
        code = int(code, 16)
        first = code if name.endswith("First>") else first if name.endswith("Last>") else code
        if not name.endswith("First>"):
            characters.update(dict.fromkeys(range(first, code + 1), fields))
    for code in unicode_added.NAMES:
        characters.setdefault(code, ["So", "0", "ON", "", "", "", "", "N"])
    for code in range(unicode_added.IDEOGRAPHS[0], unicode_added.IDEOGRAPHS[1] + 1):
        characters.setdefault(code, ["Lo", "0", "L", "", "", "", "", "N"])
    return {code: fields for code, fields in characters.items() if ages[code]}


def read_widths(folder):
    widths = [0] * END
    # Of ideographs these are wide, assigned or not (UAX 11).
    for first, last in ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FFFD), (0x30000, 0x3FFFD)):
        widths[first:last + 1] = [WIDTHS.index("W")] * (last + 1 - first)
    for first, last, (width, *_) in rows(folder / "EastAsianWidth.txt"):
        widths[first:last + 1] = [WIDTHS.index(width)] * (last + 1 - first)
    for code in unicode_added.NAMES:
        widths[code] = WIDTHS.index("W")
    return widths


def read_numbers(folder, characters, old):
    """Code: (kind, kind in Unicode 3.2, value)."""
    values = {}
    for first, last, fields in rows(folder / "extracted/DerivedNumericValues.txt"):
        values.update(dict.fromkeys(range(first, last + 1), fractions.Fraction(fields[2])))
    values.update(unicode_added.NUMBERS)
    numbers = {}
    for code, value in sorted(values.items()):
        if code in characters:
            decimal, digit = characters[code][4:6]
            kind = DECIMAL if decimal else DIGIT if digit else NUMERIC
            numbers[code] = (kind, DECIMAL if "decimal" in old.get(code, ()) else kind, value)
    return numbers


def table(kind, name, values, shown=str):
    lines = (", ".join(map(shown, values[i:i + 24])) for i in range(0, len(values), 24))
    return f"const {kind} {name}[] = {{\n" + ",\n".join(lines) + "};\n"


def texts_table(name, texts, room):
    return f"const char {name}[][{room}] = {{" + ", ".join(f'"{text}"' for text in texts) + "};\n"


def properties_tables(ages, characters, widths, old):
    records, runs, last = {}, [], None
    for code in range(END):
        category, combining, direction, *_, mirrored = characters.get(code, ("Cn", "0", "", "", "", "", "", "N"))[:8]
        now = (CATEGORIES.index(category), int(combining), DIRECTIONS.index(direction), widths[code], int(mirrored == "Y"))
        if code in characters and ages[code] <= OLD_VERSION:
            was = old.get(code, {})
            then = (CATEGORIES.index(was.get("category", category)), now[1], DIRECTIONS.index(was.get("bidirectional", direction)),
                    WIDTHS.index(was["east_asian_width"]) if "east_asian_width" in was else now[3], int(was.get("mirrored", now[4])))
        else:
            then = (0, 0, 0, 0 if code in characters else now[3], 0)
        if (now, then) != last:
            last = (now, then)
            runs.append(code << 11 | records.setdefault(last, len(records)))
    assert len(records) <= 1 << 11
    row = "{{{{{}}}, {{{}}}}}".format
    return [table("uint32_t", "unicode_data_runs", runs), f"const size_t unicode_data_run_count = {len(runs)};\n",
            table("UnicodeRecord", "unicode_data_records", list(records),
                  lambda pair: row(*(", ".join(map(str, properties)) for properties in pair)))]


def numbers_table(numbers):
    """Characters that follow one another and count up by one."""
    ranges = []
    for code, (kind, old_kind, value) in numbers.items():
        last = ranges[-1] if ranges else None
        if last and code == last[0] + last[1] and (kind, old_kind) == last[2:4] and value == last[4] + last[1]:
            last[1] += 1
        else:
            ranges.append([code, 1, kind, old_kind, value])
    return [table("UnicodeNumbers", "unicode_data_numbers", ranges,
                  lambda row: f"{{{row[0]:#x}, {row[1]}, {row[2]}, {row[3]}, {float(row[4])!r}}}"),
            f"const size_t unicode_data_numbers_count = {len(ranges)};\n"]


def decomposition_tables(characters):
    runs, stream, blocks, count = [], bytearray(), [], 0
    for code in sorted(characters):
        *kind, mapping = characters[code][3].rpartition("> ")
        if not mapping:
            continue
        if not runs or code != runs[-1][0] + count - runs[-1][1]:
            runs.append((code, count))
        if count % BLOCK == 0:
            blocks.append(len(stream))
        text = "".join(chr(int(part, 16)) for part in mapping.split()).encode()
        stream += bytes([KINDS.index(kind[0] + ">" if kind[0] else ""), len(text)]) + text
        count += 1
    return [table("uint32_t", "unicode_data_mapping_codes", [code for code, _ in runs]),
            table("uint16_t", "unicode_data_mapping_numbers", [number for _, number in runs]),
            f"const size_t unicode_data_mapping_run_count = {len(runs)}, unicode_data_mapping_count = {count};\n",
            table("uint32_t", "unicode_data_mapping_blocks", blocks), table("unsigned char", "unicode_data_mappings", stream)]


def corrections_table(folder):
    """Decompositions that a version after 3.2 has corrected."""
    pairs = [(first, int(fields[0], 16)) for first, _, fields in rows(folder / "NormalizationCorrections.txt")
             if tuple(map(int, fields[2].split("."))) > (3, 2, 0)]
    return [table("uint32_t", "unicode_data_corrections", [code for pair in sorted(pairs) for code in pair], hex),
            f"const size_t unicode_data_correction_count = {len(pairs)};\n"]


def main():
    folder = pathlib.Path(sys.argv[2])
    old = {}
    for first, last, (name, value) in rows(pathlib.Path(sys.argv[3])):
        for code in range(first, last + 1):
            old.setdefault(code, {})[name] = value
    ages = read_ages(folder)
    characters = read_characters(folder, ages)
    parts = ['// Made by src/base/unicode_data.py.\n#include "base/unicode_data_internal.h"\n',
             texts_table("unicode_category_names", CATEGORIES, 3), texts_table("unicode_bidirectional_names", DIRECTIONS, 4),
             texts_table("unicode_width_names", WIDTHS, 3), texts_table("unicode_mapping_kinds", KINDS, 12),
             *properties_tables(ages, characters, read_widths(folder), old),
             *numbers_table(read_numbers(folder, characters, old)),
             *decomposition_tables(characters), *corrections_table(folder)]
    pathlib.Path(sys.argv[1]).write_text("\n".join(parts))


main()
