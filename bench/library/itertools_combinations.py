"""Arrangements: product, permutations, combinations."""
from itertools import combinations, combinations_with_replacement, permutations, product

total = 0
for _ in range(3):
    total += sum(1 for _ in product(range(20), repeat=4))
    total += sum(p[0] for p in permutations(range(8)))
    total += sum(a * b * c for a, b, c in combinations(range(60), 3))
    total += sum(len(c) for c in combinations_with_replacement("abcdefgh", 5))
print(total)
