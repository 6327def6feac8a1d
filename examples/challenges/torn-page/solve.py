#!/usr/bin/env python3
"""Solves torn-page: solve.py PAGE"""
import sys

entries = sorted(line.split(None, 1) for line in open(sys.argv[1]))
print('CTF{%s}' % ''.join(text[0] for _, text in entries))
