#!/usr/bin/env python3
"""Pages of docs/ that are made from tables.   docs.py BERTH_DOCS PAGE FILE          writes FILE
                                               docs.py --check BERTH_DOCS PAGE FILE  fails when it is not current"""
import subprocess, sys

check = sys.argv[1] == '--check'
program, page, path = sys.argv[2 if check else 1:]
text = subprocess.run([program, page], capture_output=True, text=True, check=True).stdout
if not check:
    open(path, 'w').write(text)
elif open(path).read() != text:
    sys.exit(f'{path} is not what the tables say: run `make docs`')
