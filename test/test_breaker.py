"""A failing engine (J1, J2): retried with backoff, then left alone by its breaker, then back."""
import time

import harness
from client import poll
from harness import challenge_yaml, parallel
from test_observe import series

BREAKER = 'berth_breaker_state{runtime="fake"}'


class Retries(harness.Case):
    def test_what_can_pass_is_tried_again(self):
        d = self.game([f'c{i}' for i in range(5)], options='fail_start=30&fail_stop=30&seed=7',
                      limits=False)
        players = [self.player(d, f'p{i}') for i in range(4)]
        leases = parallel(4, lambda i: [players[i].start(f'c{k}', wait=60).json for k in range(5)])
        running = [x for some in leases for x in some if x['state'] == 'running']
        self.assertGreaterEqual(len(running), 12, 'three tries each: all but one in 37 succeed')
        for p, some in zip(players, leases):
            for lease in some:
                p.stop(lease['id']).expect(self, 200, 202)
        poll(lambda: not d.objects(), 90, 'all to be removed whatever fails')
        for p, some in zip(players, leases):
            for lease in some:
                self.wait_state(p, lease['id'], 'ended', timeout=90)

    def test_lost_and_garbled_answers_leave_nothing_behind(self):
        d = self.game([f'c{i}' for i in range(5)], options='lose=15&garble=10&seed=3', limits=False)
        players = [self.player(d, f'p{i}') for i in range(4)]
        leases = parallel(4, lambda i: [players[i].start(f'c{k}', wait=60).json for k in range(5)])
        for p, some in zip(players, leases):
            for lease in some:
                p.stop(lease['id']).expect(self, 200, 202)
        poll(lambda: not d.objects(), 90, 'all to be removed')
        poll(lambda: d.sql("SELECT count(*) FROM instance WHERE state <> 'ended'") == [(0,)], 90,
             'all to end')

    def test_what_cannot_pass_is_not_tried_again(self):
        d = self.game(options='refuse=100')
        p = self.player(d, 'ann')
        r = p.start('alpha', wait=30)
        self.assertEqual(r.json['end_reason'], 'failed_create')
        self.assertLess(r.took_s, 10)
        self.assertEqual(self.actions(d, lease=r.json['id'])['failed_create'], 1)
        self.assertNotIn('scripted', r.text)


class Breaker(harness.Case):
    def test_opens_answers_at_once_and_closes_again(self):
        d = self.game(limits=False)
        players, c = [self.player(d, f'p{i}') for i in range(9)], self.client(d)
        first = self.start_running(players[0], 'alpha')
        state = lambda: series(c.get('/metrics').text).get(BREAKER)
        self.assertEqual(state(), 0)
        d.engine_down()
        parallel(7, lambda i: players[i + 1].start('alpha', wait=60))
        poll(lambda: state() == 2, 60, 'the breaker to open')
        poll(lambda: 'breaker is open' in c.get('/readyz').text, 10, 'what is missing to be named')
        c.get('/readyz').expect(self, 503)
        # While it is open a start fails without its engine's latency, and is said to have failed.
        failed = players[8].start('alpha', wait=60)
        self.assertIn(failed.json.get('end_reason', failed.status), ('failed_create', 503))
        self.assertLess(failed.took_s, 10)
        # What runs goes on, and can be extended.
        players[0].extend(first['id']).expect(self, 200)
        self.assertEqual(players[0].lease(first['id']).json['state'], 'running')
        d.engine_down(False)
        poll(lambda: state() == 0, 90, 'the breaker to close', every=0.2)
        poll(lambda: c.get('/readyz').status == 200, 30, 'ready')
        poll(lambda: not players[2].get('/api/v2/instances').json['items'], 90,
             'what failed to be cleared away', every=0.2)
        self.start_running(players[2], 'alpha')
        self.assertEqual(players[0].lease(first['id']).json['state'], 'running', 'not lost')
        poll(lambda: d.objects() == {'berth-' + r[0] for r in
                                     d.sql("SELECT id FROM instance WHERE state = 'running'")},
             30, 'engine and store to agree')

    def test_an_engine_that_was_down_does_not_lose_leases(self):
        """Down for a while with several sweeps: an answer that did not come is not 'gone'."""
        d = self.game(['a', 'b'], limits=False)
        p = self.player(d, 'ann')
        leases = [self.start_running(p, s) for s in 'ab']
        d.engine_down()
        time.sleep(5)
        d.engine_down(False)
        time.sleep(3)
        for lease in leases:
            self.assertEqual(p.lease(lease['id']).json['state'], 'running')
        self.assertNotIn('lost', self.actions(d))


if __name__ == '__main__':
    harness.main()
