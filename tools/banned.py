#!/usr/bin/env python3
"""Fail on calls that the house style bans and on files over 600 lines."""
import re, subprocess, sys

BANNED = {  # call -> what to use
    'strcpy': 'snprintf', 'strcat': 'snprintf', 'strncpy': 'snprintf', 'strncat': 'snprintf',
    'sprintf': 'snprintf', 'vsprintf': 'vsnprintf', 'strtok': 'strcspn', 'gets': 'fgets',
    'gmtime': 'gmtime_r', 'localtime': 'localtime_r', 'ctime': 'clock_text', 'asctime': 'clock_text',
    'rand': 'random_below', 'srand': 'random_below', 'random': 'random_below', 'atoi': 'strtoll',
    'atol': 'strtoll', 'mktemp': 'mkstemp', 'tmpnam': 'mkstemp', 'alloca': 'an arena',
    'system': 'posix_spawn',
}
CALL = re.compile(r'(?<![\w.>])(' + '|'.join(BANNED) + r')\s*\(')
IN_TESTS = {'atoi', 'system'}  # their input is their own
MARK = re.compile(r'\b(TODO|FIXME|XXX|HACK)\b')
GOTO = re.compile(r'^\s*goto\s')
MOST = 600

bad = 0
files = subprocess.run(['git', 'ls-files', '*.c', '*.h'], capture_output=True, text=True, check=True)
for path in files.stdout.split():
    text = open(path).read()
    # What stands in comments and strings is no call; lines stay where they are.
    code = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', lambda m: re.sub(r'[^\n]', ' ', m[0]), text,
                  flags=re.S)
    lines = code.splitlines()
    if len(lines) > MOST:
        print(f'{path}: {len(lines)} lines, more than {MOST}: split it by what changes together')
        bad += 1
    for n, line in enumerate(lines, 1):
        for m in CALL.finditer(line):
            if m[1] in IN_TESTS and re.search(r'_test\.c$|^test/|/testbed\.', path):
                continue
            print(f'{path}:{n}: {m[1]}() is banned: use {BANNED[m[1]]}')
            bad += 1
        if GOTO.match(line):
            print(f'{path}:{n}: no goto')
            bad += 1
    for n, line in enumerate(text.splitlines(), 1):
        if MARK.search(line):
            print(f'{path}:{n}: a mark of unfinished work')
            bad += 1
sys.exit(bad > 0)
