"""powers_of_ten.py OUT.c: the powers of ten that shortest.c multiplies by, to 126 bits, rounded up."""
import sys

LEAST, MOST = -324, 292


def power(k):
    """2^125 <= g < 2^126, a little above 10^-k * 2^-r."""
    r = ((-k * 913124641741) >> 38) - 125
    if k > 0:
        return (1 << -r) // 10**k + 1 if r < 0 else 1 // (10**k << r) + 1
    return (10**-k << -r) + 1 if r < 0 else (10**-k >> r) + 1


def main():
    rows = []
    for k in range(LEAST, MOST + 1):
        g = power(k)
        assert 1 << 125 <= g < 1 << 126, k
        rows.append(f"    {{{g >> 63:#x}, {g & (1 << 63) - 1:#x}}},")
    with open(sys.argv[1], "w", encoding="ascii") as file:
        file.write('// Made by powers_of_ten.py.\n#include "base/shortest.h"\n\n'
                   f"const PowerOfTen powers_of_ten[{MOST - LEAST + 1}] = {{\n" + "\n".join(rows) + "\n};\n")


main()
