"""Words found, split and replaced in running text."""
import re

text = ("The quick brown fox jumps over the lazy dog; it was 12:45 on 2024-11-05, e-mail to fox@example.org or dog.lazy@example.com. " * 400)
total = 0
for _ in range(6):
    total += len(re.findall(r"\b\w+\b", text))
    total += len(re.sub(r"(\d+)-(\d+)-(\d+)", r"\3.\2.\1", text))
    total += len(re.split(r"[;,.]\s*", text))
    total += sum(len(m.group()) for m in re.finditer(r"[\w.]+@[\w.]+\w", text))
    total += len(re.sub(r"\b([a-z])(\w*)", lambda m: m.group(1).upper() + m.group(2), text))
print(total)
