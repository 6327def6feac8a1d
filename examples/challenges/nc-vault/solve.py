#!/usr/bin/env python3
"""Solves nc-vault: solve.py HOST PORT"""
import re, socket, sys

host, port = sys.argv[1], int(sys.argv[2])
known, digit, found = '', 0, None
while not found:
    with socket.create_connection((host, port), timeout=10) as s:
        talk = s.makefile('rw', newline='\n')
        talk.readline()
        while not found:
            guess = (known + str(digit)).ljust(6, 'x').replace('x', '0')
            talk.write(guess + '\n')
            talk.flush()
            answer = talk.readline()
            found = re.search(r'Inside: (.*)', answer)
            clicks = re.search(r'(\d+) click', answer)
            if not clicks:
                break
            if int(clicks[1]) > len(known):
                known, digit = guess[:int(clicks[1])], 0
            else:
                digit += 1
print(found[1])
