"""Text put together: +=, join, f-strings, format, %."""


def main():
    text = ""
    for i in range(200000):
        text += "ab"
        if i % 10 == 0:
            text += str(i)
    total = len(text)
    for _ in range(3):
        parts = []
        for i in range(60000):
            parts.append(f"{i}:{i * 2:>8}|{i / 3:.2f}")
        total += len(",".join(parts))
        total += sum(len("%s=%d (%5.1f)" % ("name", i, i / 2)) for i in range(30000))
        total += sum(len("{:<10}{:^6}{!r}".format("left", i, "x")) for i in range(30000))
    print(total)


main()
