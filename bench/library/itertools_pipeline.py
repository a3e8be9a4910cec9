"""Pipelines of iterators over many items."""
from itertools import accumulate, chain, count, groupby, islice, pairwise, starmap, takewhile, zip_longest
from operator import add, mul

total = 0
for _ in range(4):
    numbers = range(50000)
    total += sum(islice(chain(numbers, numbers), 10, 90000, 3))
    total += list(accumulate(numbers, add))[-1]
    total += sum(starmap(mul, zip(numbers, numbers)))
    total += sum(b - a for a, b in pairwise(numbers))
    total += sum(1 for _ in takewhile(lambda n: n < 30000, count()))
    total += sum(len(list(group)) * key for key, group in groupby(numbers, key=lambda n: n // 100))
    total += sum(a + b for a, b in zip_longest(numbers, range(100), fillvalue=0))
print(total)
