"""Rate limits (I1): per account and endpoint after sign-in, per address before; nothing resets them."""
import time

import harness
from client import Client


class Limits(harness.Case):
    def refused(self, reply):
        got = reply.expect_problem(self, 429, 'rate_limited')
        self.assertGreaterEqual(int(reply.headers['retry-after']), 1)
        return got

    def test_ten_extends_a_minute(self):
        d = self.game()
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        got = [p.extend(lease['id']).status for _ in range(10)]
        self.assertEqual(got, [200] * 5 + [403] * 5)
        self.refused(p.extend(lease['id']))
        # A new connection, another address in a header, another token: the account is the same.
        self.refused(p.twin().extend(lease['id']))
        for name in ('X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'CF-Connecting-IP'):
            self.refused(p.twin().post(f'/api/v2/instances/{lease["id"]}/extend',
                                       headers={name: '203.0.113.7'}))
        token = self.admin(d).post('/api/v2/tokens', {'user': 'ann'}).json['token']
        self.refused(self.client(d, token).extend(lease['id']))
        # Other endpoints of the account, and other accounts, are not touched by it.
        p.lease(lease['id']).expect(self, 200)
        bob = self.player(d, 'bob')
        mine = self.start_running(bob, 'alpha')
        bob.extend(mine['id']).expect(self, 200)
        # It refills: one in six seconds.
        wait = int(p.extend(lease['id']).headers['retry-after'])
        self.assertLessEqual(wait, 7)
        time.sleep(wait)
        p.extend(lease['id']).expect(self, 403)
        self.assertIn('berth_rate_limited_total{limit="extend"}',
                      self.client(d).get('/metrics').text)

    def test_reads_burst_and_refill(self):
        d = self.game()
        p = self.player(d, 'ann')
        got = [p.get('/api/v2/whoami') for _ in range(160)]
        self.assertEqual([r.status for r in got[:100]], [200] * 100)
        limited = [r for r in got if r.status == 429]
        self.assertTrue(limited, 'a hundred at once, ten a second after')
        self.assertGreaterEqual(int(limited[0].headers['retry-after']), 1)
        p.get('/api/v2/instances').expect(self, 200)
        time.sleep(1.2)
        p.get('/api/v2/whoami').expect(self, 200)

    def test_starts(self):
        d = self.game()
        p = self.player(d, 'ann')
        got = [p.start('alpha').status for _ in range(30)]
        self.assertEqual(set(got[:20]), {200, 202})
        self.assertIn(429, got[20:])

    def test_strangers_by_address(self):
        d = self.game()
        got = []
        for i in range(130):
            with Client(d) as c:  # a connection each
                got.append(c.get('/api/v2/openapi.json', headers={'X-Forwarded-For': f'198.51.100.{i}'}))
        self.assertEqual({r.status for r in got[:100]}, {200})
        self.assertIn(429, {r.status for r in got})
        for path in ('/healthz', '/readyz', '/metrics', '/version'):
            self.client(d).get(path).expect(self, 200)
        self.player(d, 'ann').get('/api/v2/whoami').expect(self, 200)

    def test_guessing_tokens(self):
        d = self.game()
        c = self.client(d, 'brt_' + 'A' * 43)
        got = [c.get('/api/v2/whoami').status for _ in range(40)]
        self.assertEqual(set(got[:20]), {401})
        self.assertIn(429, got)
        self.player(d, 'ann').get('/api/v2/whoami').expect(self, 200)

    def test_a_trusted_proxys_word_counts(self):
        d = self.game(trusted_proxies='127.0.0.1')
        ask = lambda who: self.client(d).get('/api/v2/openapi.json', headers={'X-Forwarded-For': who})
        got = [ask('198.51.100.1').status for _ in range(130)]
        self.assertIn(429, got)
        ask('198.51.100.2').expect(self, 200)
        # Of a chain the last hop counts, which the proxy saw itself; the rest is hearsay.
        got = [ask(f'203.0.113.{i}, 198.51.100.3').status for i in range(130)]
        self.assertIn(429, got)
        # One IPv6 customer has a whole /64.
        got = [ask(f'2001:db8:1:2::{i:x}').status for i in range(130)]
        self.assertIn(429, got)
        ask('2001:db8:1:3::1').expect(self, 200)

    def test_denied_requests_do_not_fill_the_log(self):
        d = self.game()
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        lease = self.start_running(ann, 'alpha')
        for _ in range(60):
            bob.lease(lease['id']).expect(self, 404)
        self.assertLess(self.actions(d)['denied'], 20)


class Idempotency(harness.Case):
    def test_the_same_key_is_done_once(self):
        d = self.game()
        admin = self.admin(d)
        key = {'Idempotency-Key': 'k-1'}
        first = admin.post('/api/v2/users', {'name': 'ann'}, headers=key).expect(self, 201)
        again = admin.post('/api/v2/users', {'name': 'ann'}, headers=key).expect(self, 201)
        self.assertEqual(first.json, again.json)
        admin.post('/api/v2/users', {'name': 'bob'}, headers=key).expect(self, 400, 409, 422)
        admin.post('/api/v2/users', {'name': 'ann'}).expect_problem(self, 409, 'conflict')
        self.assertEqual(self.actions(d, action='user_created')['user_created'], 2, 'admin and ann')


if __name__ == '__main__':
    harness.main()
