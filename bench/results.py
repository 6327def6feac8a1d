"""The table of a run, on the terminal and as bench/RESULTS.md."""
import statistics
import time

import bed

TITLES = {
    'reads': 'Status reads',
    'extends': 'Durable extends over HTTP',
    'game': 'The game: flags, lists and boards',
    'watchers': 'Watchers of the live stream',
    'starts': 'Start to running on Docker',
    'expiry': 'Leases that expire together',
    'emulate': 'Players at once',
    'memory': 'Memory',
    'growth': 'Growth: 20,000 users and 8,000 leases beside 2,000 and 800',
    'parts': 'Store and gate by themselves',
}
HOW = {
    'reads': 'The limit is libmicrohttpd answering a fixed body of 109 bytes (`bench/http_fixed.c`)'
             ' to the same requests. 2,000 users, 800 leases, each request with the token of one of'
             ' 800 accounts. Either server has one loop and one core, the load another core.',
    'extends': 'The limit is SQLite alone (`bench/store_limit.c`): one writer, one transaction for'
               ' as many changes as there are callers, an update and a row of the log each, WAL,'
               ' synchronous=FULL, without HTTP. The daemon and the load share all cores, the'
               ' limit has them for itself.',
    'game': 'For flags the limit is SQLite alone, as for extends; for reads libmicrohttpd answering as'
            ' many bytes.',
    'watchers': 'WebSockets on loopback, all in one program on one thread (`bench/watchers.c`), which'
                ' hands in the flags as well; the daemon and that program share all cores. The limit'
                ' is a bare server in its place that sends as many bytes to as many sockets, one'
                ' `send()` after the other, once it has answered (`bench/broadcast.c`). From the'
                ' request on, Berth has made the solve durable as well. Memory is what the daemon has'
                ' more of than before its watchers asked for tickets, the kernel aside.',
    'starts': 'The limit is the calls that Berth makes for one start, recorded and made again'
              ' straight to the engine by as many threads (`bench/engine.py`).',
    'expiry': 'Time is from the first deadline until the engine has none of them left and all leases'
              ' have ended. Doors are'
              ' watched from outside (`bench/doors.c`): a connected player is cut off, and dials'
              ' again in vain.',
    'emulate': '`berth emulate`, profile herd, jitter 0, by sign-ins with passwords, with the server\'s'
               ' limits on: 15 challenges with flags and one with an instance (fake runtime). The daemon'
               ' and the players share all cores. The limit of sign-ins is passwords verified and nothing'
               ' else (`bench/password_limit.c`) on as many threads as there are cores, the best of some turns'
               ' before and after;'
               ' the daemon verifies them at a lower priority than it serves who is in already, so the'
               ' other times are those of players who play while the rest still sign in.',
    'memory': 'Fake runtime, with the gate\'s 800 doors open.',
    'growth': 'The limit is the small case; fake runtime, all cores shared.',
    'parts': '`store_bench` and `gate_bench`; the limits are sqlite3 alone and direct connections.',
}


def median(values):
    return statistics.median(values)


def ratio(subjects, limits):
    """Percent: the median over the turns."""
    return median([100 * s / m for s, m in zip(subjects, limits)])


def field(runs, key):
    return [r[key] for r in runs]


class Row:
    """A figure beside its limit: texts, PERCENT of the limit, and whether a TARGET is met."""

    def __init__(self, section, what, subject, limit='', percent=None, target='', met=None):
        self.section, self.what, self.subject, self.limit = section, what, subject, limit
        self.percent, self.target, self.met = percent, target, met

    def cells(self):
        verdict = '' if self.met is None else 'met' if self.met else '**not met**'
        share = '' if self.percent is None else f'{self.percent:.0f} %'
        return [self.what, self.subject, self.limit, share, self.target, verdict]

    def line(self):
        return ' | '.join(c for c in self.cells() if c).replace('**', '')


HEAD = ['figure', 'Berth', 'limit', 'Berth / limit', 'target', 'verdict']


def table(rows):
    """All rows for a terminal."""
    lines = [HEAD] + [[c.replace('**', '') for c in r.cells()] for r in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    return '\n'.join('  '.join(c.ljust(w) for c, w in zip(line, widths)).rstrip()
                     for line in lines)


def section(name, rows):
    mine = [r for r in rows if r.section == name]
    if not mine:
        return ''
    text = f'\n## {TITLES[name]}\n\n{HOW[name]}\n\n| {" | ".join(HEAD)} |\n|---|---|---|---|---|---|\n'
    return text + ''.join(f'| {" | ".join(r.cells())} |\n' for r in mine)


def write(path, run, facts, took_s):
    commit = bed.output('git', 'describe', '--always', '--dirty', '--abbrev=12')
    judged = [r for r in run.rows if r.met is not None]
    missed = [r for r in judged if not r.met]
    text = ('# What Berth does, beside its limits\n\n'
            f'{time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())}, commit {commit}, '
            f'{took_s / 60:.0f} minutes. Repeat it with `make bench`, a section of it with '
            '`bench/run.py --only reads`.\n\n'
            'A limit and its subject take turns; figures are the medians of '
            f'{run.rounds} turns ({run.engine_rounds} on Docker) of {run.seconds} s each, a ratio '
            'is the median of the ratios of the turns.\n\n| machine | |\n|---|---|\n')
    text += ''.join(f'| {what} | {fact} |\n' for what, fact in facts)
    text += f'\n{len(judged) - len(missed)} of {len(judged)} targets met.\n'
    if missed:
        text += 'Not met:\n\n' + ''.join(
            f'- {r.what}: {r.subject}{"" if r.percent is None else f", {r.percent:.0f} %"}; '
            f'target {r.target}\n' for r in missed)
    for name in TITLES:
        text += section(name, run.rows)
    if run.notes:
        text += '\n## Notes\n\n' + ''.join(f'- {note}\n' for note in run.notes)
    with open(path, 'w') as f:
        f.write(text)
