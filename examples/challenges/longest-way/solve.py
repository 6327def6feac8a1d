#!/usr/bin/env python3
"""Solves longest-way."""
HOUSES = 1000000

steps = [0] * HOUSES
steps[1] = 1
for house in range(2, HOUSES):
    at, n = house, 0
    while at >= house or not steps[at]:
        at = at // 2 if at % 2 == 0 else 3 * at + 1
        n += 1
    steps[house] = n + steps[at]
print('CTF{%d}' % steps.index(max(steps)))
