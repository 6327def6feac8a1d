"""
The game's sections of run.py: flags handed in, challenges and the board read, a board made anew.
"""
import itertools, json, subprocess, urllib.request

import bed
from bed import Bed, Fixed, load, store_limit
from results import field, median, ratio

USERS, CHALLENGES, SECTION = 2000, 100, 'game'
TEXT = 'Find what is hidden in the packet capture, and tell us who sent it, to whom, and why. ' * 3


class GameBed(Bed):
    """A daemon with players and challenges that have static flags, all worth the same."""

    def __init__(self, name, **settings):
        super().__init__(name, **settings)
        challenges = [{'name': f'Challenge {i}', 'slug': f'c{i}', 'category': f'Category {i % 6}',
                       'description': TEXT, 'value': 100, 'flags': [f'F{{{i}}}'],
                       'hints': [{'content': 'look again', 'cost': 10}], 'tags': ['bench']}
                      for i in range(CHALLENGES)]
        self.request('PUT', '/api/v2/challenges', challenges)

    def request(self, method, path, body):
        r = urllib.request.Request(f'http://{self.address}{path}', method=method,
                                   data=json.dumps(body).encode(),
                                   headers={'Authorization': f'Bearer {self.admin}',
                                            'Content-Type': 'application/json'})
        with urllib.request.urlopen(r, timeout=60) as answer:
            return json.load(answer)

    def flags(self, name, pairs, flag):
        """A file of submissions, one for each (token, challenge) of PAIRS."""
        return self.requests(name, ('POST /api/v2/submissions %s {"challenge":"c%d","flag":"%s"}' %
                                    (token, c, flag(c)) for token, c in pairs))

    def reads(self, name, path):
        return self.requests(name, (f'GET {path} {token}' for _, token in self.users[:512]))

    def size(self, path):
        """Bytes of what a player gets at PATH."""
        r = urllib.request.Request(f'http://{self.address}{path}',
                                   headers={'Authorization': f'Bearer {self.users[0][1]}'})
        with urllib.request.urlopen(r, timeout=30) as answer:
            return len(answer.read())


def submissions(run):
    """Flags handed in by 256 at once, each durable before it is answered."""
    with GameBed('submissions') as b:
        b.add_users(USERS)
        tokens = [token for _, token in b.users]
        pairs = ((token, c) for c in range(CHALLENGES) for token in tokens)
        for what, flag in (('right', lambda c: f'F{{{c}}}'), ('wrong', lambda c: 'F{no}')):
            limits, runs = [], []
            for _ in range(run.rounds):
                limits.append(store_limit(run.seconds, 256, 800))
                fresh = list(itertools.islice(pairs, 4000 if run.quick else 30000)) \
                    if what == 'right' else [(t, CHALLENGES - 1) for t in tokens]
                path = b.flags(what, fresh, flag)
                once = {'out': b.path('answers')} if what == 'right' else {'seconds': run.seconds}
                runs.append(load(b.address, path, 256, pid=b.process.pid, **once))
                if what == 'right':
                    with open(b.path('answers')) as f:
                        wrong = sum('"correct"' not in line for line in f)
                    if wrong:
                        raise RuntimeError(f'{wrong} right answers were not correct')
            rate, p99 = median(field(runs, 'rate')), median(field(runs, 'p99_ms'))
            run.add(SECTION, f'{what} flags, 256 callers: submissions/s', f'{rate:,.0f}',
                    f'{median(field(limits, "rate")):,.0f} (bare SQLite, one row changed)',
                    ratio(field(runs, 'rate'), field(limits, 'rate')), '>= 15,000/s', rate >= 15000)
            run.add(SECTION, f'{what} flags, 256 callers: p50 / p99, ms',
                    f'{median(field(runs, "p50_ms")):.1f} / {p99:.1f}',
                    f'{median(field(limits, "p50_ms")):.1f} / {median(field(limits, "p99_ms")):.1f}')


def game_reads(run):
    """Challenge list and board, one loop on one core, beside a fixed body of the same size."""
    with GameBed('game_reads', core=run.server_core) as b:
        b.add_users(USERS)
        b.each(f'POST /api/v2/submissions {token} {{"challenge":"c{i % 10}","flag":"F{{{i % 10}}}"}}'
               for i, (_, token) in enumerate(b.users))
        for what, path in (('challenge list', '/api/v2/challenges'), ('board', '/api/v2/scoreboard')):
            requests, size = b.reads(what.split()[0], path), b.size(path)
            limits, runs = [], []
            with Fixed(run.server_core, size) as fixed:
                for _ in range(run.rounds):
                    limits.append(load(fixed.address, requests, 64, run.seconds,
                                       pid=fixed.process.pid, core=run.client_core))
                    runs.append(load(b.address, requests, 64, run.seconds, pid=b.process.pid,
                                     core=run.client_core))
            percent = ratio(field(runs, 'rate'), field(limits, 'rate'))
            run.add(SECTION, f'{what}, {size:,} bytes, 64 connections: reads/s',
                    f'{median(field(runs, "rate")):,.0f}', f'{median(field(limits, "rate")):,.0f}',
                    percent, '>= 60 % of the limit', percent >= 60)


def board(run):
    """A board made anew after a solve."""
    done = subprocess.run([bed.tool('board_bench'), str(USERS), str(CHALLENGES)], check=True,
                          capture_output=True, text=True)
    got = json.loads(done.stdout)
    run.add(SECTION, f'board after a solve, {USERS:,} accounts x {CHALLENGES} challenges: p50 / p99, us',
            f'{got["p50_us"]:,} / {got["p99_us"]:,}', f'{got["sort_us"]:,} (a sort of the rows)',
            100 * got['p50_us'] / max(got['sort_us'], 1), '< 1,000 us', got['p50_us'] < 1000)
