"""Lines of a log taken apart by named groups, counted and rewritten."""
import re

line = re.compile(r'(?P<host>[\d.]+) \S+ \S+ \[(?P<when>[^\]]+)\] "(?P<verb>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" (?P<status>\d{3}) (?P<size>\d+|-)')
lines = [f'10.0.{i % 256}.{i % 7} - - [10/Oct/2024:13:{i % 60:02}:36 +0000] "GET /page/{i}?q={i * 7} HTTP/1.1" {200 if i % 11 else 404} {i * 13}' for i in range(8000)]
sizes = {}
for _ in range(5):
    for text in lines:
        match = line.match(text)
        key = match["status"]
        sizes[key] = sizes.get(key, 0) + int(match["size"])
        if match.group("verb") != "GET":
            raise ValueError
print(sizes)
