"""Digits of pi by a spigot, and numbers from and to text."""
import sys


def pi_digits(count):
    q, r, t, k, n, l = 1, 0, 1, 1, 3, 3
    digits = []
    while len(digits) < count:
        if 4 * q + r - t < n * t:
            digits.append(n)
            q, r, n = 10 * q, 10 * (r - n * t), 10 * (3 * q + r) // t - 10 * n
        else:
            q, r, t, k, n, l = q * k, (2 * q + r) * l, t * l, k + 1, (q * (7 * k + 2) + r * l) // (t * l), l + 2
    return digits


total = sum(pi_digits(1500))
sys.set_int_max_str_digits(0)
for _ in range(20):
    text = str(7**5000)
    total += len(text) + int(text) % 10007
print(total)
