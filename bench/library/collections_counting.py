"""Counting and grouping: Counter, defaultdict, OrderedDict as a cache of the latest."""
from collections import Counter, OrderedDict, defaultdict

words = [f"w{(i * i) % 997}" for i in range(60000)]
total = 0
for _ in range(4):
    counts = Counter(words)
    groups = defaultdict(list)
    for i, word in enumerate(words):
        groups[len(word)].append(i)
    cache = OrderedDict()
    for word in words:
        if word in cache:
            cache.move_to_end(word)
        else:
            cache[word] = 1
            if len(cache) > 300:
                cache.popitem(last=False)
    total += counts.most_common(3)[0][1] + len(groups) + len(cache) + sum((counts + counts).values())
print(total)
