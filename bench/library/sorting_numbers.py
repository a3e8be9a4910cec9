"""Numbers and strings sorted: at random, nearly sorted, with bisect and heapq."""
import bisect
import heapq
import random

rng = random.Random(4)
total = 0
for _ in range(3):
    ints = [rng.randrange(10**9) for _ in range(100000)]
    floats = [rng.random() for _ in range(60000)]
    words = [str(n) for n in ints[:60000]]
    ints.sort()
    floats.sort()
    words.sort()
    ints.append(5)
    ints.sort()
    total += ints[7] + len(words[9]) + bisect.bisect(ints, 5 * 10**8)
    heap = floats[::-1]
    heapq.heapify(heap)
    for i in range(30000):
        heapq.heapreplace(heap, i / 30000)
    total += len(heapq.nlargest(10, words))
print(total)
