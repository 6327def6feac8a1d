"""
The players' section of run.py: a herd by `berth emulate`, all at once, within the server's limits.
"""
import json, os, subprocess

import bed
from bed import Bed

SECTION = 'emulate'
CHALLENGES = 15
STATIC = """\
name: Challenge {i}
slug: c{i}
category: Category {c}
description: Find what is hidden in the packet capture, and tell who sent it, and why.
value: {value}
state: visible
flags: ["F{{{i}}}"]
hints: [{{content: look again, cost: 10}}]
"""
FAULTS = (('failed_sign_ins', 'failed sign-ins'), ('failed_streams', 'failed streams'), ('errors', 'errors'),
          ('rate_limited', 'answers 429'), ('frames_missed', 'frames missed'))
# Beside sign-in and stream delay, which have limits of their own.
STEPS = ('page', 'ticket', 'stream', 'challenges', 'challenge', 'submit', 'hint', 'start', 'board')


class HerdBed(Bed):
    """A daemon with its limits on, challenges with static flags beside one with an instance, and
    players who have passwords."""

    start_wait_s = 300  # a password is hashed for each player

    def __init__(self, name, players):
        self.players = players
        super().__init__(name, limits='on', tenant='main',
                         credentials=os.path.join(bed.WORK, name, 'credentials.csv'))

    def start(self, core):
        for i in range(CHALLENGES):
            os.makedirs(self.path(f'challenges/c{i}'))
            with open(self.path(f'challenges/c{i}/challenge.yml'), 'w') as f:
                f.write(STATIC.format(i=i, c=i % 3, value=100 + 50 * (i % 5)))
        with open(self.path('credentials.csv'), 'w') as f:
            f.writelines(f'player{i},password{i}\n' for i in range(self.players))
        super().start(core)

    def herd(self):
        """What `berth emulate --json` says."""
        done = subprocess.run([os.path.join(bed.BUILD, 'berth'), 'emulate', f'http://{self.address}', '--json',
                               '--tenant', 'main', '--players', str(self.players), '--jitter', '0',
                               '--duration', '300', '--challenges', self.path('challenges'),
                               '--credentials', self.path('credentials.csv')],
                              env=self.env, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError(f'berth emulate: {done.stderr}{done.stdout[:2000]}')
        return json.loads(done.stdout)


TURNS, TURN_S = 6, 0.5


def hashes():
    """Passwords verified a second, on as many threads as there are cores: the best of some turns,
    for whatever else the machine does only takes from it."""
    command = [bed.tool('password_limit'), str(len(os.sched_getaffinity(0))), str(TURN_S)]
    return max(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)['rate']
               for _ in range(TURNS))


def cpu_s(pid):
    with open(f'/proc/{pid}/stat') as f:
        fields = f.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def children_cpu_s():
    t = os.times()
    return t.children_user + t.children_system


def emulate(run):
    """Players who come at once, sign in, stream and solve."""
    for n in (50,) if run.quick else (200, 1000):
        with HerdBed(f'herd{n}', n) as b:
            before = hashes()
            daemon_s, players_s = cpu_s(b.process.pid), children_cpu_s()
            got = b.herd()
            daemon_s, players_s = cpu_s(b.process.pid) - daemon_s, children_cpu_s() - players_s
            limit = max(before, hashes())
            memory, _ = b.memory_mib()
        report(run, f'herd of {n:,}', n, got, limit)
        m = got['metrics']
        run.note(f'A herd of {n:,} took {m["took_s"]:.0f} s: {m["right"]:,} right and {m["wrong"]:,} wrong flags, '
                 f'{m["instances"]:,} instances, {m["requests"]:,} requests, {m["frames"]:,} frames; '
                 f'the daemon had {memory:.0f} MiB after it. The daemon used {daemon_s:.0f} s '
                 f'of CPU, the players {players_s:.0f} s.')


def report(run, what, n, got, limit):
    m = got['metrics']
    for name, title in FAULTS:
        run.add(SECTION, f'{what}: {title}', f'{m[name]:,}', target='0', met=m[name] == 0)
    rate = m['sign_ins_per_s']
    run.add(SECTION, f'{what}: sign-ins/s while they come', f'{rate:.1f}', f'{limit:.1f} (Argon2id)',
            100 * rate / limit)
    whole = 0.95 * n / limit * 1000
    run.add(SECTION, f'{what}: sign-in, p95, ms', f'{m["p95_sign_in_ms"]:,.0f}', f'{whole:,.0f} (Argon2id)',
            100 * m['p95_sign_in_ms'] / whole)
    for step in STEPS:
        run.add(SECTION, f'{what}: {step}, p50 / p95, ms', f'{m[f"p50_{step}_ms"]:.1f} / {m[f"p95_{step}_ms"]:.1f}')
    run.add(SECTION, f'{what}: stream delay to the last of {n:,} watchers, p50 / p95, ms',
            f'{m["p50_stream_delay_ms"]:.1f} / {m["p95_stream_delay_ms"]:.1f}',
            f'{m["lag_p99_ms"]:.1f} (the emulator late, p99)')
