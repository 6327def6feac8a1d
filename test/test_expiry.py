"""Deadlines: kept to the moment, by all at once, also by a daemon that was down (fake engine)."""
import time

import harness
from client import knock, poll, seconds
from harness import challenge_yaml, parallel, policy


class Expiry(harness.Case):
    def short_game(self, base, options='', **settings):
        return self.game({'short': challenge_yaml('short', policy=policy(base, 60, 5, 600))},
                         options, limits=False, **settings)

    def many(self, d, n):
        """n leases of n players, from eight callers."""
        admin = self.admin(d)
        players = [self.player(d, f'p{i}', admin) for i in range(n)]

        def share(worker):
            return [(c, c.start('short', wait=60).expect(self, 202).json)
                    for c in players[worker::8]]
        got = [pair for part in parallel(8, share) for pair in part]
        self.assertEqual({lease['state'] for _, lease in got}, {'running'})
        return got

    def test_the_door_shuts_at_the_deadline(self):
        d = self.short_game(3, 'stop_ms=2000')
        p = self.player(d, 'ann')
        lease = p.start('short', wait=30).json
        port, end = lease['endpoints'][0]['port'], seconds(lease['expires_at'])
        self.assertTrue(knock(port)[0])
        open_at = shut_at = time.time()
        while True:
            before = time.time()
            if not knock(port)[0]:
                shut_at = time.time()
                break
            open_at = before
            self.assertLess(open_at, end + 5, 'the door stays open')
            time.sleep(0.01)
        self.assertGreater(shut_at, end - 0.05, 'not before the deadline')
        self.assertLess(shut_at, end + 1, 'although the engine takes two seconds')
        seen = p.lease(lease['id']).json
        self.assertIn(seen['state'], ('stopping', 'ended'))
        self.assertEqual(seen['end_reason'], 'stopped_auto')
        self.wait_state(p, lease['id'], 'ended')
        n = self.actions(d, lease=lease['id'])
        self.assertEqual((n['stopped_auto'], n['removed']), (1, 1))

    def test_an_extended_lease_lives_on(self):
        d = self.short_game(2)
        p = self.player(d, 'ann')
        lease = p.start('short', wait=30).json
        p.extend(lease['id']).expect(self, 200)
        time.sleep(max(0, seconds(lease['expires_at']) - time.time()) + 1)
        self.assertEqual(p.lease(lease['id']).json['state'], 'running')
        self.assertTrue(knock(lease['endpoints'][0]['port'])[0])

    def test_200_together(self):
        d = self.short_game(600, 'stop_ms=500')
        admin = self.admin(d)
        leases = self.start_all(d, 'short', [self.player(d, f'p{i}', admin) for i in range(200)])
        self.assertEqual(len(d.objects()), 200)
        seen = [x['endpoints'][0]['port'] for x in self.all_instances(d)]
        self.assertEqual(len(set(seen)), 200)
        with open(f'{d.engine}/journal') as f:
            before = f.read().count('remove ')
        time.sleep(max(0, max(seconds(x['expires_at']) for x in leases) - time.time()))
        poll(lambda: not d.objects(), 60, 'all to be gone')
        poll(lambda: d.sql("SELECT count(*) FROM instance WHERE state <> 'ended'") == [(0,)], 30,
             'all to be recorded as ended')
        self.assertEqual(self.actions(d)['stopped_auto'], 200)
        self.assertEqual(d.sql('SELECT count(*) FROM port'), [(0,)])
        with open(f'{d.engine}/journal') as f:
            self.assertEqual(f.read().count('remove ') - before, 200, 'each removed once')

    def test_the_daemon_was_down_at_the_deadline(self):
        d = self.short_game(8)
        leases = self.many(d, 50)
        d.kill()
        last = max(seconds(lease['expires_at']) for _, lease in leases)
        time.sleep(max(0, last - time.time()) + 0.5)
        self.assertEqual(len(d.objects()), 50)
        d.start()
        poll(lambda: not d.objects(), 60, 'all to be gone')
        client, lease = leases[0]
        self.assertEqual(self.wait_state(client, lease['id'], 'ended')['end_reason'], 'stopped_auto')

    def test_start_extend_and_stop_while_others_expire(self):
        """50 starts, 30 extends and 20 stops while the sweep is at work: nothing left behind."""
        d = self.short_game(6, 'start_ms=100&stop_ms=100')
        self.many(d, 40)
        admin = self.admin(d)
        players = [self.player(d, f'late{i}', admin) for i in range(50)]

        def act(i):
            lease = players[i].start('short', wait=60).expect(self, 202).json
            if i < 30:
                players[i].extend(lease['id'])
            elif i < 50:
                players[i].stop(lease['id'], wait=60).expect(self, 200)
            return lease['id']
        parallel(50, act)
        live = lambda: {'berth-' + row[0] for row in
                        d.sql("SELECT id FROM instance WHERE state IN ('starting', 'running')")}
        poll(lambda: d.sql("SELECT count(*) FROM instance WHERE state = 'stopping'") == [(0,)] and
             d.objects() == live(), 60, 'engine and store to agree')
        for _, problem in d.sql("SELECT id, problem FROM instance WHERE state <> 'ended'"):
            self.assertEqual(problem, '')


if __name__ == '__main__':
    harness.main()
