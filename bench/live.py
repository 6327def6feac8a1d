"""
The section of run.py on the live stream: how soon the last of many watchers hears of a solve.
"""
import json, socket, subprocess

import bed
from game import CHALLENGES, GameBed
from results import median

SECTION = 'watchers'
EACH = 10          # watchers of one player
MEMORY_KIB = 16    # of an idle watcher, at most
TARGETS = {2000: 25, 10000: 150}


class Watchers:
    """watchers.c at ADDRESS; all of them are connected."""

    def __init__(self, address, paths, requests):
        self.process = subprocess.Popen([bed.tool('watchers'), address, paths, requests], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != 'connected\n':
            raise RuntimeError('not all watchers could be connected')

    def run(self):
        out, _ = self.process.communicate('\n')
        if self.process.returncode:
            raise RuntimeError('the watchers did not see all')
        return json.loads(out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Broadcast:
    """broadcast.c, with texts of SIZE bytes."""

    def __init__(self, size):
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            port = s.getsockname()[1]
        self.address = f'127.0.0.1:{port}'
        self.process = subprocess.Popen([bed.tool('broadcast'), str(port), str(size)])
        while True:
            try:
                socket.create_connection(('127.0.0.1', port)).close()
                return
            except ConnectionRefusedError:
                if self.process.poll() is not None:
                    raise RuntimeError('broadcast does not listen') from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def limit(b, n, solves, size):
    """The same watchers at broadcast.c, which sends as many bytes."""
    with Broadcast(size) as server:
        paths = b.requests('limit_paths', ['/'] * n)
        requests = b.requests('limit_requests', ['POST / token {}'] * solves)
        with Watchers(server.address, paths, requests) as w:
            return w.run()


def tickets(b, n):
    """A file of paths, each with a ticket that is good for a minute."""
    got = b.each(f'POST /api/v2/stream/tickets {token}'
                 for _, token in b.users[:n // EACH] for _ in range(EACH))
    return b.requests('paths', (f'/scorestream?ticket={t["ticket"]}' for t in got))


def one_round(b, n, solves, fresh):
    """(KiB of the daemon for each idle watcher, what the watchers saw of SOLVES solves)"""
    before, _ = b.memory_mib()
    paths = tickets(b, n)
    requests = b.flags('solves', [next(fresh) for _ in range(solves)], lambda c: f'F{{{c}}}')
    with Watchers(b.address, paths, requests) as w:
        idle, _ = b.memory_mib()
        return (idle - before) * 1024 / n, w.run()


def watchers(run):
    """A solve, and the watchers that hear of it; the daemon and the watchers share all cores."""
    solves = 20 if run.quick else 60
    for n, target_ms in TARGETS.items():
        with GameBed(f'watchers{n}', user_watchers=EACH) as b:
            b.add_users(n // EACH)
            fresh = ((token, c) for c in range(CHALLENGES) for _, token in b.users)
            limits, runs, each = [], [], []
            for _ in range(min(run.rounds, 3)):
                kib, got = one_round(b, n, solves, fresh)
                each.append(kib)
                runs.append(got)
                limits.append(limit(b, n, solves, got['bytes']))
            report(run, n, target_ms, runs, limits, each[0])  # later ones find memory that is free


def spread(runs, key):
    """(median, 99 % of all) of the runs' times, in ms"""
    us = sorted(x for r in runs for x in r[key])
    return median(us) / 1000, us[len(us) * 99 // 100] / 1000


def report(run, n, target_ms, runs, limits, kib):
    for key, what in (('after_answer_us', 'its answer'), ('after_request_us', 'its request')):
        mine, worst = spread(runs, key)
        least, least_worst = spread(limits, key)
        run.add(SECTION, f'{n:,} watchers, the last hears of a solve after {what}: p50 / p99, ms',
                f'{mine:.1f} / {worst:.1f}', f'{least:.1f} / {least_worst:.1f}', 100 * mine / least,
                f'p50 < {target_ms} ms', mine < target_ms)
    run.add(SECTION, f'{n:,} idle watchers: memory of the daemon for each', f'{kib:.2f} KiB',
            target=f'< {MEMORY_KIB} KiB', met=kib < MEMORY_KIB)
