#!/usr/bin/env python3
"""Add up the logs of `meson test` given, name what failed, and close with one line."""
import json, re, sys

INNER = re.compile(r'^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$', re.M)
passed = failed = skipped = 0


def count(test):
    """What one test of meson's counts for: its own closing line where it prints one."""
    found = INNER.findall(test.get('stdout', ''))
    inner = [int(n or 0) for n in found[-1]] if found else [0, 0, 0]
    if test['result'] == 'SKIP':
        return [inner[0], inner[1], max(inner[2], 1)]
    if test['result'] not in ('OK', 'EXPECTEDFAIL'):
        return [inner[0], max(inner[1], 1), inner[2]]
    return inner if sum(inner) else [1, 0, 0]


for path in sys.argv[1:]:
    try:
        tests = [json.loads(line) for line in open(path)]
    except OSError as e:
        print(f'FAIL {path}: {e.strerror}: the run ended before its tests')
        failed += 1
        continue
    for test in tests:
        p, f, s = count(test)
        passed, failed, skipped = passed + p, failed + f, skipped + s
        if f or s:
            print('FAIL' if f else 'SKIP', path.split('/')[0], test['name'])
print(f'{passed} passed, {failed} failed, {skipped} skipped')
sys.exit(failed > 0)
