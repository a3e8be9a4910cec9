"""Big integers: factorials, powers modulo, greatest common divisors, shifts."""
import math

total = 0
for _ in range(3):
    n = 1
    for i in range(1, 2500):
        n *= i
    total += n.bit_length()
    for i in range(300):
        total += pow(3, 10**30 + i, 2**127 - 1) & 0xFF
    for i in range(20000):
        a = (1 << 90) + i
        total += (a * a - a // 7) % 1000003
    total += math.gcd(n, 10**200) % 1000
    total += (3**20000 >> 100) & 0xFFFF
print(total)
