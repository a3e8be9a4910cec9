"""single_byte.py OUT.c: the encodings of one byte a character, as tables.

What the bytes stand for is asked of the Python that builds: the encodings are standards and do not change.
"""
import sys

NAMES = {  # our name, as Python knows it: further names
    "cp037": ["ibm037", "csibm037", "ebcdiccpca", "ebcdiccpnl", "ebcdiccpus", "ebcdiccpwt", "ibm039", "037"],
    "cp273": ["273", "ibm273", "csibm273"], "cp424": ["424", "csibm424", "ebcdiccphe", "ibm424"],
    "cp437": ["437", "cspc8codepage437", "ibm437"], "cp500": ["500", "csibm500", "ebcdiccpbe", "ebcdiccpch", "ibm500"],
    "cp720": [], "cp737": [], "cp775": ["775", "cspc775baltic", "ibm775"],
    "cp850": ["850", "cspc850multilingual", "ibm850"], "cp852": ["852", "cspcp852", "ibm852"], "cp855": ["855", "csibm855", "ibm855"],
    "cp856": [], "cp857": ["857", "csibm857", "ibm857"], "cp858": ["858", "csibm858", "ibm858"],
    "cp860": ["860", "csibm860", "ibm860"], "cp861": ["861", "cpis", "csibm861", "ibm861"],
    "cp862": ["862", "cspc862latinhebrew", "ibm862"], "cp863": ["863", "csibm863", "ibm863"], "cp864": ["864", "csibm864", "ibm864"],
    "cp865": ["865", "csibm865", "ibm865"], "cp866": ["866", "csibm866", "ibm866"], "cp869": ["869", "cpgr", "csibm869", "ibm869"],
    "cp874": [], "cp875": [], "cp1006": [], "cp1026": ["1026", "csibm1026", "ibm1026"], "cp1125": ["1125", "ibm1125", "cp866u", "ruscii"],
    "cp1140": ["1140", "ibm1140"], "cp1250": ["1250", "windows1250"], "cp1251": ["1251", "windows1251"],
    "cp1252": ["1252", "windows1252"], "cp1253": ["1253", "windows1253"], "cp1254": ["1254", "windows1254"],
    "cp1255": ["1255", "windows1255"], "cp1256": ["1256", "windows1256"], "cp1257": ["1257", "windows1257"],
    "cp1258": ["1258", "windows1258"], "hp_roman8": ["roman8", "r8", "cshproman8", "cp1051", "ibm1051"],
    "iso8859_2": ["csisolatin2", "isoir101", "latin2", "l2"], "iso8859_3": ["csisolatin3", "isoir109", "latin3", "l3"],
    "iso8859_4": ["csisolatin4", "isoir110", "latin4", "l4"], "iso8859_5": ["csisolatincyrillic", "cyrillic", "isoir144"],
    "iso8859_6": ["arabic", "asmo708", "csisolatinarabic", "ecma114", "isoir127"],
    "iso8859_7": ["csisolatingreek", "ecma118", "elot928", "greek", "greek8", "isoir126"],
    "iso8859_8": ["csisolatinhebrew", "hebrew", "isoir138"], "iso8859_9": ["csisolatin5", "isoir148", "latin5", "l5"],
    "iso8859_10": ["csisolatin6", "isoir157", "latin6", "l6"], "iso8859_11": ["thai"], "iso8859_13": ["latin7", "l7"],
    "iso8859_14": ["isoceltic", "isoir199", "latin8", "l8"], "iso8859_15": ["latin9", "l9"], "iso8859_16": ["isoir226", "latin10", "l10"],
    "koi8_r": ["cskoi8r"], "koi8_t": [], "koi8_u": [], "kz1048": ["kz1048", "rk1048", "strk10482002"],
    "mac_cyrillic": ["maccyrillic"], "mac_greek": ["macgreek"], "mac_iceland": ["maciceland"],
    "mac_latin2": ["maccentraleurope", "maclatin2", "mac_centeuro"], "mac_roman": ["macintosh", "macroman"], "mac_turkish": ["macturkish"],
    "mac_croatian": [], "mac_romanian": [], "mac_arabic": [], "mac_farsi": [],
    "ptcp154": ["csptcp154", "pt154", "cp154", "cyrillicasian"], "palmos": [], "tis_620": ["tis620", "tis6200", "tis62025290", "tis62025291", "isoir166"],
}


def plain(name):
    return name.replace("_", "").replace("-", "").lower()


def main():
    out = ['// Made by single_byte.py.', '#include "object/text/codec_internal.h"', '']
    tables, aliases = [], {}
    for number, (name, others) in enumerate(NAMES.items()):
        characters = [ord(bytes([byte]).decode(name, "replace")) for byte in range(256)]
        characters = [0xFFFE if c == 0xFFFD else c for c in characters]
        # Where several bytes stand for a character, the one that it is encoded to comes first.
        encoded = {c: chr(c).encode(name)[0] for c in characters if c != 0xFFFE}
        order = sorted(range(256), key=lambda byte: (characters[byte], encoded.get(characters[byte]) != byte))
        out.append(f"static const uint16_t characters_{number}[256] = {{{', '.join(map(hex, characters))}}};")
        out.append(f"static const uint8_t order_{number}[256] = {{{', '.join(map(str, order))}}};")
        tables.append(f'    {{"{name.replace("_", "-")}", characters_{number}, order_{number}}},')
        for alias in (name, *others):
            aliases[plain(alias)] = number
        if name.startswith("iso8859"):
            part = name.partition("_")[2]
            for alias in (f"iso8859{part}", f"8859{part}", f"iso8859{part}e", f"iso8859{part}i"):
                aliases.setdefault(plain(alias), number)
            year = {"2": "1987", "3": "1988", "4": "1988", "5": "1988", "6": "1987", "7": "1987", "8": "1988", "9": "1989", "10": "1992",
                    "11": "2001", "14": "1998", "16": "2001"}.get(part)
            if year:
                aliases[f"iso8859{part}{year}"] = number
    out += ["const SingleByteTable single_byte_tables[] = {", *tables, "    {0}};", "const struct SingleByteAlias single_byte_aliases[] = {"]
    out += [f'    {{"{alias}", {number}}},' for alias, number in sorted(aliases.items())] + ["    {0}};"]
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")


main()
