"""Writes the names of characters as C tables: unicode_names.py UnicodeData.txt NameAliases.txt NamedSequences.txt OUTPUT

See unicode_name.c for what the tables mean. Not in them are the names that are computed: Hangul syllables, CJK unified ideographs, and
those that end in the character's own number.
"""
import collections
import pathlib
import sys

import unicode_added

BLOCK = 16
SEQUENCE = 0x110000


def read_names(path):
    names, ideographs, first = dict(unicode_added.NAMES), {unicode_added.IDEOGRAPHS}, None
    for line in path.read_text().splitlines():
        code, name = line.split(";")[:2]
        code = int(code, 16)
        if not name.startswith("<"):
            names[code] = name
        elif name.startswith("<CJK Ideograph") and name.endswith("First>"):
            first = code
        elif name.startswith("<CJK Ideograph"):
            ideographs.add((first, code))
    return dict(sorted(names.items())), sorted(ideographs)


def read_aliases(path):
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [(int(code, 16), name) for code, name, *_ in (line.split(";") for line in lines if line)]


def read_sequences(path):
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [(name, "".join(chr(int(code, 16)) for code in codes.split())) for name, codes in (line.split(";") for line in lines if line)]


def take_numbered(names):
    """Ranges of characters whose name is a prefix and their own number: (first, last, prefix)."""
    ranges = []
    for code in list(names):
        suffix = f"{code:04X}"
        if not names[code].endswith("-" + suffix):
            continue
        prefix = names.pop(code)[:-len(suffix)]
        if ranges and ranges[-1][2] == prefix and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code, prefix)
        else:
            ranges.append((code, code, prefix))
    return ranges


def table(kind, name, values):
    lines = (", ".join(map(str, values[i:i + 24])) for i in range(0, len(values), 24))
    return f"const {kind} {name}[] = {{\n" + ",\n".join(lines) + "};\n"


def ranges_table(name, ranges):
    rows = (", ".join([hex(first), hex(last), *(f'"{prefix}"' for prefix in rest)]) for first, last, *rest in ranges)
    return f"const UnicodeNameRange {name}[] = {{\n" + ",\n".join("{" + row + "}" for row in rows) + "};\n"


def main():
    names, ideographs = read_names(pathlib.Path(sys.argv[1]))
    numbered = take_numbered(names)
    aliases = read_aliases(pathlib.Path(sys.argv[2]))
    sequences = read_sequences(pathlib.Path(sys.argv[3]))
    texts = [*names.values(), *(name for _, name in aliases), *(name for name, _ in sequences)]
    sequence_bytes, sequence_codes = bytearray(), []
    for _, text in sequences:
        sequence_codes.append(SEQUENCE + len(sequence_bytes))
        sequence_bytes += bytes([len(text.encode())]) + text.encode()
    codes = [*names, *(code for code, _ in aliases), *sequence_codes]
    counts = collections.Counter(word for text in texts for word in text.split(" "))
    words = [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    index = {word: i for i, word in enumerate(words)}
    # The commonest words have one byte, the others two: the first of these is `short` or more.
    short = next(n for n in range(255, 0, -1) if n + (256 - n) * 256 >= len(words))

    word_bytes, word_blocks = bytearray(), []
    for i, word in enumerate(words):
        if i % BLOCK == 0:
            word_blocks.append(len(word_bytes))
        word_bytes += word.encode()
        word_bytes[-1] |= 0x80
    stream, name_blocks = bytearray(), []
    for i, text in enumerate(texts):
        if i % BLOCK == 0:
            name_blocks.append(len(stream))
        coded = bytearray()
        for number in map(index.get, text.split(" ")):
            coded += bytes([number] if number < short else [short + (number - short) // 256, (number - short) % 256])
        stream += bytes([len(coded)]) + coded
    runs = []
    for i, code in enumerate(names):
        if not runs or code != runs[-1][0] + i - runs[-1][1]:
            runs.append((code, i))
    order = sorted(range(len(texts)), key=texts.__getitem__)

    parts = ['// Made by src/base/unicode_names.py.\n#include "base/unicode_name_internal.h"\n',
             f"const size_t unicode_name_count = {len(texts)}, unicode_name_own_count = {len(names)};\n",
             f"const unsigned unicode_name_short = {short};\n",
             table("unsigned char", "unicode_name_words", word_bytes), table("uint32_t", "unicode_name_word_blocks", word_blocks),
             table("unsigned char", "unicode_name_stream", stream), table("uint32_t", "unicode_name_blocks", name_blocks),
             table("uint16_t", "unicode_name_order", order),
             table("uint32_t", "unicode_name_run_codes", [code for code, _ in runs]),
             table("uint16_t", "unicode_name_run_names", [number for _, number in runs]),
             f"const size_t unicode_name_run_count = {len(runs)};\n",
             table("uint32_t", "unicode_name_alias_codes", codes[len(names):]),
             table("unsigned char", "unicode_name_sequences", sequence_bytes),
             ranges_table("unicode_name_ideographs", ideographs),
             f"const size_t unicode_name_ideograph_count = {len(ideographs)};\n",
             ranges_table("unicode_name_numbered", numbered),
             f"const size_t unicode_name_numbered_count = {len(numbered)};\n"]
    pathlib.Path(sys.argv[4]).write_text("\n".join(parts))


main()
