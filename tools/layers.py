#!/usr/bin/env python3
"""Fail when a file in src/ includes something from a layer above its own."""
import pathlib, re, sys

MAY_USE = {  # each layer, and the layers it may include; itself always
    'base':    '',
    'os':      'base',
    'model':   'base',
    'net':     'base os',
    'gate':    'base os',
    'store':   'base os model',
    'runtime': 'base os model',
    'core':    'base os model gate store runtime',
    'api':     'base os model net store core',
    'cli':     'base os model net store',
    'daemon':  'base os model net gate store runtime core api cli',
}
bad = 0
for f in sorted(pathlib.Path(sys.argv[1]).rglob('*.[ch]')):
    layer = f.relative_to(sys.argv[1]).parts[0]
    for n, line in enumerate(f.read_text().splitlines(), 1):
        m = re.match(r'#include "(\w+)/', line)
        if m and m[1] != layer and m[1] not in MAY_USE.get(layer, '').split():
            print(f'{f}:{n}: {layer}/ must not include {m[1]}/')
            bad += 1
        if re.match(r'#include "\w+/driver\.h"', line) and m[1] != layer:
            print(f'{f}:{n}: driver.h is private to {m[1]}/')
            bad += 1
sys.exit(bool(bad))
