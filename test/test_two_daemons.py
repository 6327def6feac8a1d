"""
Two daemons on one PostgreSQL and one engine, and what one daemon must remove in a minute (J6).
"""
import os, shutil, time

import harness
from client import knock, poll, seconds
from harness import challenge_yaml, parallel, policy


def journal(d):
    with open(f'{d.engine}/journal') as f:
        return [line.split() for line in f]


class TwoDaemons(harness.Case):
    def pair(self, challenges, options='', **settings):
        a = self.game(challenges, options, store=harness.postgres_store(self), worker='a', **settings)
        b = self.daemon('', worker='b', store=a.store, runtime=a.settings['runtime'],
                        challenges=a.settings['challenges'], **settings)
        b.engine, b.token = a.engine, a.token
        os.makedirs(b.settings['var'])
        for name in ('master.key', 'audit.key', 'audit.pub'):
            shutil.copy(os.path.join(a.settings['var'], name), b.settings['var'])
        b.start()
        return a, b

    def agree(self, a, timeout=90, killed=False):
        """Nothing half done, nothing left over, nothing removed or made twice; the chain is whole."""
        leases = lambda state: self.all_instances(a, state=state)
        poll(lambda: not any(leases(s) for s in ('pending', 'starting', 'stopping')) and
             a.objects() == {'berth-' + x['id'] for x in leases('running')}, timeout,
             'engine and store to agree', every=0.2)
        there = set()
        for what, name in journal(a) if not killed else ():  # a killed one may not have written it
            self.assertEqual(name in there, what == 'remove', f'{what} {name} twice')
            (there.remove if what == 'remove' else there.add)(name)
        done = a.verify()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_both_play_one_game(self):
        flag = 'name: Easy\nslug: easy\nvalue: 100\nstate: visible\nflags: ["F{easy}"]\n' \
               'hints: [{content: one, cost: 60}, {content: two, cost: 60}]\n'
        a, b = self.pair({'easy': flag}, limits=False)
        admin = self.admin(a)
        pa = self.player(a, 'ann', admin)
        pb = self.client(b, pa.token)
        poll(lambda: pb.get('/api/v2/whoami').status == 200, 10, 'B to know the token')
        body = {'challenge': 'easy', 'flag': 'F{easy}'}
        got = parallel(60, lambda i: (pb if i % 2 else pa).twin().post('/api/v2/submissions', body))
        results = [r.expect(self, 200).json['result'] for r in got]
        self.assertEqual((results.count('correct'), results.count('already_solved')), (1, 59))
        got = parallel(20, lambda i: (pb if i % 2 else pa).twin().post('/api/v2/challenges/easy/hints/1'))
        self.assertEqual(sorted(r.status for r in got), [200] + [400] * 19)
        points = lambda c: c.get('/api/v2/session').json['points']
        for c in (pa, pb):
            poll(lambda: points(c) == 40, 10, 'both to know the points')
            c.post('/api/v2/challenges/easy/hints/2').expect_problem(self, 402, 'insufficient_points')
        board = lambda c: [(r['name'], r['score']) for r in c.get('/api/v2/scoreboard').json['items']]
        poll(lambda: board(pa) == board(pb) and board(pb), 10, 'the boards to agree')
        pa.put('/api/v2/session/name', {'name': 'Ann'}).expect(self, 200)
        poll(lambda: board(pb) == [('Ann', 40)], 10, 'B to know the name')
        admin.put(f'/api/v2/users/{pa.user["id"]}/password', {'password': 'correct horse'}).expect(self, 200)
        poll(lambda: pb.get('/api/v2/whoami').status == 401, 10, 'B to know that the token ended')
        r = self.client(a).post('/api/v2/session', {'name': 'ann', 'password': 'correct horse'})
        cookie = {'Cookie': r.expect(self, 200).headers['set-cookie'].split(';')[0], 'X-Berth-CSRF': '1'}
        anon = self.client(b)
        poll(lambda: anon.get('/api/v2/session', headers=cookie).status == 200, 10, 'B to know the session')
        admin.post('/api/v2/game/reset', {'confirm': True}).expect(self, 200)
        poll(lambda: anon.get('/api/v2/session', headers=cookie).status == 401, 10, 'B to know of the reset')
        poll(lambda: board(self.client(b, a.token)) == [], 10, 'B to show an empty board')

    def test_what_one_does_the_other_shows(self):
        a, b = self.pair(['alpha', 'beta'])
        pa = self.player(a, 'ann')
        pb = self.client(b, pa.token)
        poll(lambda: pb.get('/api/v2/whoami').status == 200, 10, 'B to know the token')
        lease = self.start_running(pa, 'alpha')
        poll(lambda: pb.lease(lease['id']).status == 200, 10, 'B to show the lease')
        self.wait_state(pb, lease['id'], 'running')
        self.assertEqual(pb.start('alpha').expect(self, 200).json['id'], lease['id'])
        self.assertEqual(pb.extend(lease['id']).expect(self, 200).json['extensions'], 1)
        self.assertEqual(pa.extend(lease['id']).expect(self, 200).json['extensions'], 2)
        poll(lambda: pb.lease(lease['id']).json['extensions'] == 2, 10, 'B to follow')
        other = self.start_running(pb, 'beta')
        pa.stop(other['id']).expect(self, 200, 202)
        pb.stop(lease['id']).expect(self, 200, 202)
        poll(lambda: not a.objects(), 60, 'both to be gone')
        self.agree(a)

    def test_one_lease_and_five_extensions_between_them(self):
        a, b = self.pair(['alpha'], limits=False)
        pa = self.player(a, 'ann')
        pb = self.client(b, pa.token)
        poll(lambda: pb.get('/api/v2/whoami').status == 200, 10, 'B to know the token')
        both = [pa, pb]
        got = parallel(60, lambda i: both[i % 2].twin().start('alpha'))
        self.assertEqual({r.status for r in got}, {200, 202})
        self.assertEqual(len({r.json['id'] for r in got}), 1)
        lease = got[0].json['id']
        poll(lambda: pa.lease(lease).json['state'] == 'running', 30, 'it to run')
        got = parallel(60, lambda i: both[i % 2].twin().extend(lease))
        self.assertEqual(sum(r.status == 200 for r in got), 5)
        self.assertEqual({r.status for r in got}, {200, 403})
        self.agree(a)

    def test_under_load_each_removal_is_done_once(self):
        slugs = ['alpha', 'beta', 'gamma']
        challenges = {s: challenge_yaml(s, policy=policy(4, 4, 5, 600)) for s in slugs}
        a, b = self.pair(challenges, 'start_ms=40&stop_ms=40', limits=False)
        people = [self.player(a, f'p{i}') for i in range(8)]
        twins = [self.client(b, p.token) for p in people]
        poll(lambda: twins[-1].get('/api/v2/whoami').status == 200, 10, 'B to know the tokens')
        owners, wrong = {}, []

        def load(i):
            end = time.monotonic() + 12
            n = 0
            while time.monotonic() < end:
                who = (people if (i + n) % 2 else twins)[i].twin()
                n += 1
                with who:
                    r = who.start(slugs[n % 3], wait=3)
                    if r.status not in (200, 202):
                        continue
                    if owners.setdefault(r.json['id'], i) != i:
                        wrong.append(r.json)
                    if n % 2:
                        who.extend(r.json['id'])
                    if n % 3:
                        who.stop(r.json['id'])
        parallel(8, load)
        self.assertEqual(wrong, [])
        self.assertGreater(len(owners), 40)
        poll(lambda: not a.objects(), 60, 'the last ones to expire', every=0.2)
        self.agree(a)

    def test_one_takes_over_what_the_other_left(self):
        challenges = {'alpha': challenge_yaml('alpha', policy=policy(6, 60, 5, 600)),
                      'beta': challenge_yaml('beta')}
        a, b = self.pair(challenges, 'stop_ms=100', limits=False)
        people = [self.player(a, f'p{i}') for i in range(6)]
        leases = [(self.start_running(p, 'alpha'), self.start_running(p, 'beta')) for p in people]
        a.kill()
        # B ends those of A at their deadline, and keeps the others.
        mine = self.client(b, people[0].token)
        poll(lambda: b.objects() == {'berth-' + x['id'] for _, x in leases}, 60,
             'A\'s expired leases to be removed by B', every=0.2)
        self.assertEqual(mine.lease(leases[0][1]['id']).json['state'], 'running')
        self.assertEqual(mine.stop(leases[0][1]['id'], wait=30).expect(self, 200, 202).json['end_reason'],
                         'stopped_manual')
        a.start()
        self.agree(a, killed=True)
        ok, said = knock(leases[1][1]['endpoints'][0]['port'])
        self.assertTrue(ok and leases[1][1]['id'] in said.decode(), said)


class ManyExpire(harness.Case):
    """800 leases that expired together, 500 ms a removal, one daemon: gone in under 60 s."""

    def test_on_sqlite(self):
        n, callers = 800, 8
        d = self.game({'short': challenge_yaml('short')}, 'stop_ms=500', limits=False, capacity=1000)
        admin = self.admin(d)

        def some(k):
            with admin.twin() as c:
                return [self.player(d, f'p{i}', c) for i in range(k, n, callers)]
        people = [p for part in parallel(callers, some) for p in part]
        leases = self.start_all(d, 'short', people)
        self.assertEqual(len(d.objects()), n)
        before = sum(what == 'remove' for what, _ in journal(d))
        d.kill()  # so that all of them are expired at one moment
        time.sleep(max(0, max(seconds(x['expires_at']) for x in leases) - time.time()))
        self.assertEqual(len(d.objects()), n)
        d.spawn()
        began = time.monotonic()
        poll(lambda: not d.objects(), 60, '800 to be gone', every=0.1)
        print(f'800 gone after {time.monotonic() - began:.1f} s', flush=True)
        d.wait_answers()
        rest = "SELECT count(*) FROM instance WHERE state <> 'ended'"
        poll(lambda: d.sql(rest) == [(0,)], 30, 'all to have ended')
        self.assertEqual(self.actions(d, action='stopped_auto'), {'stopped_auto': n})
        self.assertEqual(sum(what == 'remove' for what, _ in journal(d)) - before, n)


if __name__ == '__main__':
    harness.need_postgres()
    harness.main()
