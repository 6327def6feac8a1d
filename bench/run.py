#!/usr/bin/env python3
"""
make bench: what Berth does, each figure beside its limit measured in the same run.

    bench/run.py [--quick] [--only SECTION ...] [--out FILE]

Limit and subject take turns (A B A B), the medians are told, and a ratio is the median of the
ratios of the turns.  A whole run writes bench/RESULTS.md; a quick or partial one only prints,
unless --out says where to write.
"""
import argparse, contextlib, http.client, json, os, re, subprocess, sys, threading, time, traceback

import bed, engine, game, herd, live, results
from bed import Bed, Fixed, load, say, store_limit
from results import Row, field, median, ratio


class Run:
    """What a section needs to know, and where its rows go."""

    def __init__(self, quick):
        self.quick, self.rows, self.notes = quick, [], []
        self.server_core, self.client_core = bed.cores()
        self.rounds = 1 if quick else 5
        self.seconds = 0.5 if quick else 2
        self.engine_rounds = 1 if quick else 3

    def add(self, *args, **more):
        row = Row(*args, **more)
        self.rows.append(row)
        say(row.line())

    def note(self, text):
        self.notes.append(text)
        say(text)


# --- reads ---

READS = (('CRE status', 'cre_reads'), ('GET instance', 'native_reads'))


def reads(run):
    """Status reads, one loop on one core, the load on another."""
    with Fixed(run.server_core) as fixed, Bed('reads', core=run.server_core) as b:
        b.fill(2000, 800)
        files = {name: getattr(b, make)() for name, make in READS}
        for n in (64, 256):
            limits, got = [], {name: [] for name in files}
            for _ in range(run.rounds):
                limits.append(load(fixed.address, files['CRE status'], n, run.seconds,
                                   pid=fixed.process.pid, core=run.client_core))
                for name, path in files.items():
                    got[name].append(load(b.address, path, n, run.seconds, pid=b.process.pid,
                                          core=run.client_core))
            for name, runs in got.items():
                report_reads(run, name, n, runs, limits)


def report_reads(run, name, n, runs, limits):
    what = f'{name}, {n} connections'
    percent = ratio(field(runs, 'rate'), field(limits, 'rate'))
    run.add('reads', f'{what}: requests/s', f'{median(field(runs, "rate")):,.0f}',
            f'{median(field(limits, "rate")):,.0f}', percent, '>= 70 % of the limit', percent >= 70)
    p99 = median(field(runs, 'p99_ms'))
    run.add('reads', f'{what}: p50 / p99, ms', f'{median(field(runs, "p50_ms")):.2f} / {p99:.2f}',
            f'{median(field(limits, "p50_ms")):.2f} / {median(field(limits, "p99_ms")):.2f}',
            target='p99 < 10 ms', met=p99 < 10)
    used, least = median(field(runs, 'cpu_us')), median(field(limits, 'cpu_us'))
    run.add('reads', f'{what}: CPU of the server, us a request', f'{used:.1f}', f'{least:.1f}',
            100 * used / least if least else None)


# --- extends ---

def extends(run):
    """Durable extends over HTTP; the daemon and the load share all cores."""
    with Bed('extends') as b:
        b.fill(2000, 800)
        for callers in (16, 64, 256):
            limits, runs = [], []
            for _ in range(run.rounds):
                limits.append(store_limit(run.seconds, callers, 800))
                runs.append(b.extend(callers, run.seconds))
            rate, p99 = median(field(runs, 'rate')), median(field(runs, 'p99_ms'))
            most = callers == 256
            run.add('extends', f'{callers} callers: extends/s', f'{rate:,.0f}',
                    f'{median(field(limits, "rate")):,.0f}',
                    ratio(field(runs, 'rate'), field(limits, 'rate')),
                    '>= 20,000/s' if most else '', rate >= 20000 if most else None)
            run.add('extends', f'{callers} callers: p50 / p99, ms',
                    f'{median(field(runs, "p50_ms")):.1f} / {p99:.1f}',
                    f'{median(field(limits, "p50_ms")):.1f} / {median(field(limits, "p99_ms")):.1f}',
                    target='p99 < 50 ms' if most else '', met=p99 < 50 if most else None)
            used, least = median(field(runs, 'cpu_us')), median(field(limits, 'cpu_us'))
            run.add('extends', f'{callers} callers: CPU of the server, us an extend',
                    f'{used:.1f}', f'{least:.1f}', 100 * used / least)


# --- starts ---

@contextlib.contextmanager
def docker_bed(name, socket=engine.SOCKET, **settings):
    """A daemon on the Docker Engine, with a bridge of its own, which its first start has made."""
    subprocess.run([os.path.join(bed.TOP, 'test', 'images.sh')], check=True)
    with Bed(name, runtime=f'docker://{socket}', image='berth/busybox:latest',
             network=f'berth-bench-{os.getpid()}', **settings) as b:
        try:
            b.fill(1, 1)
            b.stop_leases()
            yield b
        finally:
            b.close()
            if not engine.remove_network(b.env['BERTH_NETWORK']):
                say(f'The engine does not let go of the network {b.env["BERTH_NETWORK"]}, where it lost a container.')


def record():
    """The calls of one start; the first one of a daemon, which sets things up, does not count."""
    tap = engine.Tap(os.path.join(bed.WORK, 'tap.sock'))
    try:
        with docker_bed('record', tap.path) as b:
            b.start_leases(1)
            name = 'berth-' + b.leases[0]['id']
            return engine.Replay(tap.calls(name), name)
    finally:
        tap.close()


def start_one(b):
    """A start of the next user's; the answer comes when it runs."""
    lock, users = threading.Lock(), iter(b.users)

    def start(_):
        with lock:
            _, token = next(users)
        lease = post(b, f'/api/v2/instances?wait={bed.START_WAIT_S}', token)
        if lease['state'] != 'running':
            raise RuntimeError(f'no start: {lease}')
        b.leases.append(dict(lease, token=token))
    return start


def post(b, path, token):
    c = http.client.HTTPConnection(b.address, timeout=90)
    c.request('POST', path, '{"challenge":"bench"}',
              {'Authorization': f'Bearer {token}', 'Content-Type': 'application/json'})
    r = c.getresponse()
    data = json.loads(r.read())
    c.close()
    return data


def starts(run):
    """From POST to `running` on Docker, beside the same calls made straight to the engine."""
    replay = record()
    run.note(f'The calls of one start, as recorded: {replay.text()}; then TCP connections to the '
             'instance until it answers.')
    with docker_bed('starts', starts=8) as b:
        b.add_users(32)
        for parallel in (1, 4, 8):
            n = (4 if run.quick else 12) if parallel == 1 else (8 if run.quick else 32)
            limits, rates = [], []
            for _ in range(run.engine_rounds):
                limits.append(n / engine.together(parallel, range(n), replay.one))
                engine.remove(engine.on_network(b.env['BERTH_NETWORK']), 16)
                rates.append(n / engine.together(parallel, range(n), start_one(b)))
                b.stop_leases()
            percent = ratio(rates, limits)
            run.add('starts', f'{parallel} parallel: starts/s', f'{median(rates):.2f}',
                    f'{median(limits):.2f}', percent, '>= 90 % of the limit', percent >= 90)


# --- expiry ---

def watch_doors(b):
    """doors.c on every lease of B; gives its process once it is connected."""
    path = b.requests('doors', (f'{e["host"]} {e["port"]} {bed.milliseconds(lease["expires_at"])}'
                                for lease in b.leases for e in lease['endpoints']))
    p = subprocess.Popen([bed.tool('doors'), path], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    if p.stderr.readline() != 'connected\n':
        raise RuntimeError(f'doors: {p.stderr.read()}')
    return p


def expire(b, count, every_s):
    """(s from the first deadline until COUNT gives 0, spread of the deadlines, what doors saw)"""
    deadlines = [bed.milliseconds(lease['expires_at']) / 1000 for lease in b.leases]
    if time.time() > min(deadlines) - 1:
        raise RuntimeError('the leases expire before all of them run')
    doors = watch_doors(b)
    time.sleep(max(0, min(deadlines) - time.time()))
    while count():
        time.sleep(every_s)
    gone_s = time.time() - min(deadlines)
    out, error = doors.communicate(timeout=60)
    if doors.returncode:
        raise RuntimeError(f'doors: {error}')
    seen = json.loads(out)
    if seen['refused'] or seen['early'] or seen['again']:
        raise RuntimeError(f'doors were shut early, or let somebody in late: {seen}')
    return gone_s, max(deadlines) - min(deadlines), seen


def report_expiry(run, what, n, gone_s, limit_s, limit_text, seen):
    if seen['broken']:
        run.note(f'{what}: {seen["broken"]} of {n} instances let go of their players before the deadline; their'
                 ' doors stayed open until then.')
    run.add('expiry', f'{what}, {n} leases: all gone after', f'{gone_s:.1f} s',
            f'{limit_s:.1f} s{limit_text}', 100 * gone_s / limit_s, '< 60 s', gone_s < 60)
    run.add('expiry', f'{what}, {seen["doors"]} doors: shut after the deadline, p50 / p99 / worst',
            f'{seen["p50_ms"]:.0f} / {seen["p99_ms"]:.0f} / {seen["max_ms"]:.0f} ms', '0 ms',
            target='p99 <= 250 ms', met=seen['p99_ms'] <= 250)


def expiry(run):
    """Leases that expire together, on the fake runtime."""
    n, stops = (80 if run.quick else 800), 16
    folder = os.path.join(bed.WORK, 'fake-engine')
    os.makedirs(folder)
    with Bed('expiry', runtime=f'fake:{folder}?stop_ms=500', stops=stops, starts=64,
             base_s=5 if run.quick else 15) as b:
        b.fill(n, n)

        def left():
            return sum(1 for name in os.listdir(folder) if name.startswith('berth-')) + b.live()
        gone_s, spread_s, seen = expire(b, left, 0.05)
        report_expiry(run, 'fake, 500 ms a removal', n, gone_s, n * 0.5 / stops,
                      f' (n * 0.5 s / {stops} at once)', seen)
        run.note(f'Expiry on the fake runtime: the deadlines lie {spread_s:.2f} s apart.')


def expiry_docker(run):
    """The same on Docker, beside removals made straight to the engine."""
    n, stops = (16 if run.quick else 100), 16
    replay = record()
    with docker_bed('expiry_docker', stops=stops, starts=8, base_s=30 if run.quick else 60) as b:
        network = b.env['BERTH_NETWORK']
        engine.together(8, range(n), replay.one)
        limit_s = engine.remove(engine.on_network(network), stops)
        b.fill(n, n)
        gone_s, spread_s, seen = expire(b, lambda: len(engine.on_network(network)) + b.live(),
                                        0.25)
        report_expiry(run, 'Docker', n, gone_s, limit_s, ' (the engine alone)', seen)
        run.note(f'Expiry on Docker: the deadlines lie {spread_s:.2f} s apart.')


# --- memory and growth ---

def memory(run):
    """The daemon's own, at rest and after load."""
    with Bed('memory') as b:
        b.fill(2000, 800)
        time.sleep(1)
        rest, _ = b.memory_mib()
        for path in (b.cre_reads(), b.native_reads()):
            load(b.address, path, 256, run.seconds)
        b.extend(256, max(run.seconds, 3))
        loaded, most = b.memory_mib()
        what = 'RSS with 2,000 users and 800 leases'
        run.add('memory', f'{what}, at rest', f'{rest:.1f} MiB', target='< 64 MiB', met=rest < 64)
        run.add('memory', f'{what}, after reads and extends by 256', f'{loaded:.1f} MiB',
                target='< 64 MiB', met=loaded < 64)
        run.add('memory', f'{what}, most ever (VmHWM)', f'{most:.1f} MiB')


def growth(run):
    """The same reads and extends with ten times the users and leases."""
    with Bed('small') as small, Bed('big', ports='20000-59999') as big:
        small.fill(2000, 800)
        big.fill(20000, 8000)
        say(f'20,000 users and 8,000 leases: {big.memory_mib()[0]:.1f} MiB')
        measures = [(f'{name}, 64 connections: requests/s',
                     lambda b, path: load(b.address, path, 64, run.seconds),
                     getattr(small, make)(), getattr(big, make)()) for name, make in READS]
        measures.append(('extends, 64 callers: extends/s',
                         lambda b, _: b.extend(64, run.seconds), None, None))
        for what, measure, of_small, of_big in measures:
            a, z = [], []
            for _ in range(run.rounds):
                a.append(measure(small, of_small)['rate'])
                z.append(measure(big, of_big)['rate'])
            percent = ratio(z, a)
            run.add('growth', what, f'{median(z):,.0f}', f'{median(a):,.0f} (small)', percent,
                    '>= 80 % of the small case', percent >= 80)


# --- the parts ---

def parts(run):
    """Store and gate by themselves, as their own programs measure them."""
    text = subprocess.run([bed.tool('store_bench'), '1' if run.quick else '4'], text=True,
                          capture_output=True, check=True, cwd=bed.WORK).stdout
    bare, store = (re.search(rf'^ *{name}.*? (\d+)/s +([0-9.]+) us', text, re.M)
                   for name in ('bare sqlite3', 'store'))
    for i, (what, form) in enumerate((('extensions/s', ',.0f'), ('CPU, us an extension', '.1f')), 1):
        a, z = float(bare[i]), float(store[i])
        run.add('parts', f'store, 256 in a transaction: {what}', format(z, form), format(a, form),
                100 * z / a)
    text = subprocess.run([bed.tool('gate_bench')], text=True, capture_output=True,
                          check=True).stdout
    for m in re.finditer(r'^(\S.*?) {2,}(\d+) +(\d+) +(\d+) %$', text, re.M):
        run.add('parts', f'gate: {m[1]}', f'{int(m[3]):,}', f'{int(m[2]):,}', float(m[4]))
    for line in text.splitlines():
        if ':' in line:
            run.note(f'Gate: {line}.')


SECTIONS = {f.__name__: f for f in (reads, extends, game.submissions, game.game_reads, game.board,
                                    live.watchers, herd.emulate, memory, growth, expiry, parts, starts,
                                    expiry_docker)}


def main():
    p = argparse.ArgumentParser(description=__doc__.strip().split('\n')[0])
    p.add_argument('--only', nargs='+', choices=SECTIONS, metavar='SECTION',
                   help=f'some sections only: {", ".join(SECTIONS)}')
    p.add_argument('--quick', action='store_true', help='short and rough: does it run at all?')
    p.add_argument('--out', help='where to write the results')
    args = p.parse_args()
    out = args.out or (None if args.quick or args.only else os.path.join(bed.HERE, 'RESULTS.md'))
    say('building')
    bed.build()
    run, began = Run(args.quick), time.time()
    facts = bed.machine()
    failed = False
    for name in args.only or SECTIONS:
        say(f'--- {name}: {SECTIONS[name].__doc__.splitlines()[0]}')
        try:
            SECTIONS[name](run)
        except Exception as e:  # the others are worth having all the same
            traceback.print_exc()
            run.note(f'**{name} could not be measured:** {e!r}')
            failed = True
    print(results.table(run.rows))
    if out:
        results.write(out, run, facts, time.time() - began)
        say(f'wrote {out}')
    return failed


if __name__ == '__main__':
    sys.exit(main())
