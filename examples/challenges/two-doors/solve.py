#!/usr/bin/env python3
"""Solves two-doors: solve.py HOST WEB_PORT SEAL_PORT"""
import re, socket, sys, urllib.request

host, web, seal = sys.argv[1], sys.argv[2], int(sys.argv[3])
page = urllib.request.urlopen(f'http://{host}:{web}/', timeout=10).read().decode()
message = bytes.fromhex(re.search(r'<pre>([0-9a-f]+)</pre>', page)[1])
known = b'A' * len(message)
with socket.create_connection((host, seal), timeout=10) as s:
    talk = s.makefile('rwb')
    talk.readline()
    talk.write(known + b'\n')
    talk.flush()
    sealed = bytes.fromhex(talk.readline().decode().removeprefix('seal> ').strip())
print(bytes(m ^ k ^ c for m, k, c in zip(message, known, sealed)).decode())
