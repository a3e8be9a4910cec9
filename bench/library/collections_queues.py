"""Queues and records: deque in both directions, namedtuple, ChainMap."""
from collections import ChainMap, deque, namedtuple

Point = namedtuple("Point", "x y z")
total = 0
queue = deque(maxlen=1000)
for i in range(150000):
    queue.append(i)
    if i % 3 == 0:
        total += queue.popleft()
    if i % 100 == 0:
        queue.rotate(3)
points = [Point(i, i + 1, i + 2) for i in range(60000)]
for point in points:
    total += point.x + point.y * point.z
    x, y, z = point
    total -= z
moved = [point._replace(x=0) for point in points[:10000]]
settings = ChainMap({"a": 1}, {"b": 2}, {"c": 3})
for i in range(30000):
    total += settings["c"] + settings["a"]
print(total, len(moved))
