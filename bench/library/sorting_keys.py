"""Records sorted by keys, several times over."""
from operator import attrgetter, itemgetter
import random


class Item:
    def __init__(self, name, rank):
        self.name = name
        self.rank = rank


rng = random.Random(3)
rows = [(f"n{rng.randrange(10000)}", rng.randrange(100), rng.random()) for _ in range(30000)]
items = [Item(name, rank) for name, rank, _ in rows]
total = 0
for _ in range(3):
    total += sorted(rows)[0][1]
    total += sorted(rows, key=itemgetter(2))[0][1]
    total += sorted(rows, key=lambda row: (row[1], row[0]), reverse=True)[0][1]
    total += sorted(items, key=attrgetter("rank"))[0].rank
    total += len(max(rows, key=itemgetter(1))[0])
print(total)
