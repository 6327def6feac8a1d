"""Extensions: exactly as many as the policy grants, never past the cap, whoever asks at once."""
import threading, time

import harness
from client import knock, poll, seconds
from harness import challenge_yaml, parallel, policy

TOP_TEXT = 'Maximum extensions reached (5)'


class Extend(harness.Case):
    def test_five_times_and_not_a_sixth(self):
        d = self.game()
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        for n in range(1, 6):
            got = p.extend(lease['id']).expect(self, 200).json
            self.assertEqual(got['message'], f'Container extended by 15 minutes (extension {n}/5)')
            self.assertEqual(got['extensions'], n)
            self.assertEqual(seconds(got['expires_at']) - seconds(got['created_at']), 900 * (n + 1))
            seen = p.lease(lease['id']).json
            self.assertEqual((seen['extensions'], seen['expires_at']), (n, got['expires_at']))
        r = p.extend(lease['id']).expect_problem(self, 403, 'limit_reached')
        self.assertEqual(r['detail'], TOP_TEXT)
        n = self.actions(d, lease=lease['id'])
        self.assertEqual((n['extended'], n['failed_extend']), (5, 1))

    def hundred(self, limits):
        d = self.game(limits=limits)
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        got = parallel(100, lambda i: p.twin().extend(lease['id']))
        by = {s: sum(r.status == s for r in got) for s in {r.status for r in got}}
        seen = p.lease(lease['id']).json
        self.assertEqual(by[200], 5, by)
        self.assertEqual(seen['extensions'], 5)
        self.assertEqual(seconds(seen['expires_at']) - seconds(seen['created_at']), 6 * 900)
        self.assertEqual(sorted(r.json['extensions'] for r in got if r.status == 200), [1, 2, 3, 4, 5])
        for r in got:
            if r.status == 403:
                self.assertEqual(r.json['detail'], TOP_TEXT)
        n = self.actions(d, lease=lease['id'])
        self.assertEqual(n['extended'], 5)
        self.assertEqual(n['failed_extend'], by[403])
        self.assertEqual(by[403] + by.get(429, 0), 95, by)
        return by

    def test_100_at_once_without_rate_limits(self):
        self.assertEqual(self.hundred(limits=False), {200: 5, 403: 95})

    def test_100_at_once_with_rate_limits(self):
        by = self.hundred(limits=True)
        self.assertGreaterEqual(by[429], 85, 'ten at once, and a few that refilled meanwhile')

    def test_what_is_not_there_or_over(self):
        d = self.game({'short': challenge_yaml('short', policy=policy(1, 1, 5, 10)),
                       'alpha': challenge_yaml('alpha')}, options='stop_ms=1500')
        p = self.player(d, 'ann')
        gone = self.start_running(p, 'alpha')
        p.stop(gone['id']).expect(self, 200, 202)
        r = p.extend(gone['id']).expect_problem(self, 404, 'not_found')
        self.assertEqual(r['detail'], 'No active container found')
        self.wait_state(p, gone['id'], 'ended')
        p.extend(gone['id']).expect_problem(self, 404, 'not_found')
        self.assertEqual(self.actions(d)['failed_extend'], 2)

    def test_races_with_the_deadline(self):
        """Whoever wins, it was either extended and lives, or it ended and was refused."""
        slugs = [f'c{i}' for i in range(20)]
        d = self.game({s: challenge_yaml(s, policy=policy(3, 60, 1, 600)) for s in slugs},
                      limits=False)
        players = [self.player(d, f'p{i}') for i in range(20)]
        leases = [c.start(s, wait=30).json for s, c in zip(slugs, players)]

        def at_deadline(i):
            time.sleep(max(0, seconds(leases[i]['expires_at']) - time.time() + (i - 10) * 0.004))
            return players[i].extend(leases[i]['id'])
        got = parallel(20, at_deadline)
        time.sleep(2)  # a lease that lost ends now, one that won must go on
        for c, lease, r in zip(players, leases, got):
            state = c.lease(lease['id']).json['state']
            if r.status == 200:
                self.assertEqual(state, 'running')
                self.assertIn('berth-' + lease['id'], d.objects())
            else:
                self.assertIn((r.status, r.json['code']), ((409, 'expired'), (404, 'not_found')))
                self.assertIn(state, ('stopping', 'ended'))


class Policies(harness.Case):
    def test_the_lifetime_cap_holds_whatever_the_timing(self):
        d = self.game({'capped': challenge_yaml('capped', policy=policy(900, 900, 50, 5400))},
                      limits=False)
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'capped')
        got = [p.extend(lease['id']) for _ in range(10)]
        self.assertEqual([r.status for r in got], [200] * 5 + [403] * 5)
        self.assertEqual(got[5].json['detail'], 'Maximum lifetime reached (90 minutes)')
        seen = p.lease(lease['id']).json
        self.assertEqual(seconds(seen['expires_at']) - seconds(seen['created_at']), 5400)
        self.assertEqual((seen['extensions'], seen['max_extensions']), (5, 50))

    def test_the_edge_of_the_cap(self):
        d = self.game({'even': challenge_yaml('even', policy=policy(100, 100, 9, 300)),
                       'odd': challenge_yaml('odd', policy=policy(100, 100, 9, 299))}, limits=False)
        p = self.player(d, 'ann')
        for slug, want in (('even', 2), ('odd', 1)):
            lease = self.start_running(p, slug)
            got = [p.extend(lease['id']).status for _ in range(4)]
            self.assertEqual(got.count(200), want, slug)
            self.assertEqual(got[:want], [200] * want)

    def test_a_challenges_policy_governs_only_itself(self):
        d = self.game({'brief': challenge_yaml('brief', policy=policy(60, 30, 1, 5400)),
                       'plain': challenge_yaml('plain')})
        p = self.player(d, 'ann')
        brief, plain = self.start_running(p, 'brief'), self.start_running(p, 'plain')
        self.assertEqual(seconds(brief['expires_at']) - seconds(brief['created_at']), 60)
        self.assertEqual(brief['max_extensions'], 1)
        got = p.extend(brief['id']).expect(self, 200).json
        self.assertEqual(seconds(got['expires_at']) - seconds(got['created_at']), 90)
        self.assertEqual(got['message'], 'Container extended by 30 seconds (extension 1/1)')
        r = p.extend(brief['id']).expect_problem(self, 403, 'limit_reached')
        self.assertEqual(r['detail'], 'Maximum extensions reached (1)')
        self.assertEqual(seconds(plain['expires_at']) - seconds(plain['created_at']), 900)
        self.assertEqual(p.extend(plain['id']).expect(self, 200).json['extensions'], 1)

    def test_the_operators_policy_wins_for_new_leases(self):
        d = self.game(['alpha', 'beta'])
        admin, p = self.admin(d), self.player(d, 'ann')
        old = self.start_running(p, 'alpha')
        body = policy(120, 60, 2, 240)
        admin.put('/api/v2/challenges/alpha/policy', body).expect(self, 200)
        p.put('/api/v2/challenges/alpha/policy', body).expect_problem(self, 403, 'forbidden')
        self.assertEqual(p.lease(old['id']).json['max_extensions'], 5, 'a lease keeps its own')
        p.stop(old['id'], wait=30)
        new = self.start_running(p, 'alpha')
        self.assertEqual(seconds(new['expires_at']) - seconds(new['created_at']), 120)
        self.assertEqual(self.start_running(p, 'beta')['max_extensions'], 5)
        d.restart()
        p.stop(new['id'], wait=30)
        self.assertEqual(self.start_running(p, 'alpha')['max_extensions'], 2, 'it is stored')
        admin.delete('/api/v2/challenges/alpha/policy').expect(self, 200)
        for bad in ({'base_seconds': 0}, {'base_seconds': -1}, {'base_seconds': 'x'},
                    {'base_seconds': 10 ** 9}, policy(100, 10, 1, 50)):
            admin.put('/api/v2/challenges/alpha/policy', bad).expect_problem(self, 400, 'invalid')


if __name__ == '__main__':
    harness.main()
