#!/usr/bin/env python3
"""Solves log-reader: its log on standard input"""
import re, sys

good = {}
for record in re.finditer(r'seq=(\d+) pos=(\d+) byte=(\d+) sum=(\d+)', sys.stdin.read()):
    seq, pos, byte, total = map(int, record.groups())
    if (seq + 31 * pos + byte) % 256 == total:
        good[pos] = byte
print(bytes(good[pos] for pos in sorted(good)).decode())
