"""
The routes that clients of CRE speak: the documented paths, texts and codes, and every one of its
traps (CR1-CR19), over HTTP.
"""
import os, time

import harness
from client import knock, seconds
from harness import challenge_yaml, parallel, policy

BASE = '/api/v1/container/'


class Cre(harness.Case):
    def setUp(self):
        self.d = self.game({'5 apples': challenge_yaml('five-apples').replace(
            'name: five-apples', 'name: "5 apples"'),
            'short': challenge_yaml('short', policy=policy(2, 900, 5, 5400)),
            'brief': challenge_yaml('brief', policy=policy(60, 30, 1, 5400)),
            'capped': challenge_yaml('capped', policy=policy(900, 900, 10, 5400))},
            limits=False)
        self.ann, self.bob = self.player(self.d, 'ann'), self.player(self.d, 'bob')
        self.ids = {c['slug']: c['id'] for c in self.ann.get('/api/v2/challenges').json['items']}

    def call(self, who, verb, slug):
        return who.post(BASE + verb, {'challenge_id': self.ids[slug]})

    def status(self, who, slug):
        return who.get(BASE + 'status', query={'challenge_id': self.ids[slug]}).expect(self, 200).json

    def run_one(self, who, slug):
        got = self.call(who, 'start', slug).expect(self, 200).json
        self.assertTrue(got['success'])
        self.wait_state(who, got['container_id'], 'running')
        return got['container_id']

    def refused(self, reply, status, text):
        got = reply.expect(self, status).json
        self.assertEqual((got['success'], got['message']), (False, text))

    # CR3, CR4, CR8, CR18, CR19: all four verbs, by challenge id, at the documented paths
    def test_the_four_verbs(self):
        self.assertEqual(self.status(self.ann, 'five-apples'), {'active': False})
        lease = self.run_one(self.ann, 'five-apples')
        got = self.status(self.ann, 'five-apples')
        for key in ('active', 'container_id', 'docker_image', 'revert_time', 'remaining_seconds',
                    'extension_count', 'max_extensions', 'created_at', 'last_extended_at', 'host',
                    'ports'):
            self.assertIn(key, got)
        self.assertEqual((got['active'], got['container_id'], got['extension_count'],
                          got['max_extensions']), (True, lease, 0, 5))
        self.assertTrue(0 < 900 - got['remaining_seconds'] + 1 < 30, got)
        self.assertRegex(got['ports'][0], r'^\d+/tcp$')
        self.assertTrue(knock(int(got['ports'][0].split('/')[0]), got['host'])[0])
        more = self.call(self.ann, 'extend', 'five-apples').expect(self, 200).json
        self.assertEqual((more['success'], more['message']),
                         (True, 'Container extended by 15 minutes (extension 1/5)'))
        seen = self.status(self.ann, 'five-apples')  # CR19: no stale answer
        self.assertEqual(seen['extension_count'], 1)
        self.assertEqual(seen['revert_time'], got['revert_time'] + 900)
        gone = self.call(self.ann, 'stop', 'five-apples').expect(self, 200).json
        self.assertTrue(gone['success'])
        self.assertEqual(self.status(self.ann, 'five-apples'), {'active': False})
        self.assertEqual(self.d.objects(), set(), 'answered when it was gone')
        n = self.actions(self.d, lease=lease)
        self.assertEqual((n['created'], n['extended'], n['stopped_manual']), (1, 1, 1))  # CR2, CR8

    # CR3: "5 apples" is not challenge 5, and no other challenge answers for it
    def test_a_challenge_is_its_id_not_its_name(self):
        self.run_one(self.ann, 'five-apples')
        for slug in ('short', 'brief', 'capped'):
            self.assertEqual(self.status(self.ann, slug), {'active': False})
            self.refused(self.call(self.ann, 'extend', slug), 404, 'No active container found')
        self.assertEqual(self.ann.get(BASE + 'status', query={'challenge_id': 5000}).json,
                         {'active': False})

    # CR12, CR15: the count
    def test_the_sixth_extension(self):
        self.run_one(self.ann, 'five-apples')
        got = parallel(100, lambda i: self.call(self.ann.twin(), 'extend', 'five-apples'))
        good = [r.json['message'] for r in got if r.status == 200]
        self.assertEqual(sorted(good), [f'Container extended by 15 minutes (extension {i}/5)'
                                        for i in range(1, 6)])
        for r in got:
            if r.status != 200:
                self.refused(r, 403, 'Maximum extensions reached (5)')
        self.assertEqual(self.status(self.ann, 'five-apples')['extension_count'], 5)

    # CR1: the cap counts what was granted already
    def test_ten_clicks_in_the_first_second(self):
        lease = self.run_one(self.ann, 'capped')
        got = [self.call(self.ann, 'extend', 'capped') for _ in range(10)]
        self.assertEqual([r.status for r in got], [200] * 5 + [403] * 5)
        self.refused(got[9], 403, 'Maximum lifetime reached (90 minutes)')
        seen = self.ann.lease(lease).json
        self.assertEqual(seconds(seen['expires_at']) - seconds(seen['created_at']), 5400)

    # CR7: the policy of the challenge
    def test_policy_of_its_own(self):
        self.run_one(self.ann, 'brief')
        self.assertEqual(self.call(self.ann, 'extend', 'brief').json['message'],
                         'Container extended by 30 seconds (extension 1/1)')
        self.refused(self.call(self.ann, 'extend', 'brief'), 403, 'Maximum extensions reached (1)')

    # CR9, CR10: expiry comes first, and takes the container with it, and is logged
    def test_expiry(self):
        lease = self.run_one(self.ann, 'short')
        self.d.engine_down()
        end = seconds(self.ann.lease(lease).json['expires_at'])
        time.sleep(max(0, end - time.time()) + 0.3)
        r = self.call(self.ann, 'extend', 'short')
        self.assertIn((r.status, r.json['message']),
                      ((409, 'Container already expired'), (404, 'No active container found')))
        self.assertEqual(self.status(self.ann, 'short'), {'active': False})
        self.assertEqual(self.d.objects(), {'berth-' + lease}, 'the record of it is kept')
        self.assertEqual(self.ann.lease(lease).json['state'], 'stopping')
        self.d.engine_down(False)
        self.wait_state(self.ann, lease, 'ended', timeout=90)
        self.assertEqual(self.d.objects(), set())
        self.assertEqual(self.actions(self.d, lease=lease)['stopped_auto'], 1)

    # E11, T3: by the credential
    def test_somebody_elses(self):
        self.run_one(self.ann, 'five-apples')
        self.assertEqual(self.status(self.bob, 'five-apples'), {'active': False})
        self.refused(self.call(self.bob, 'extend', 'five-apples'), 404, 'No active container found')
        self.refused(self.call(self.bob, 'stop', 'five-apples'), 404, 'No active container found')
        r = self.bob.post(BASE + 'stop', {'challenge_id': self.ids['five-apples'],
                                          'user_id': self.ann.user['id']})
        self.refused(r, 404, 'No active container found')
        self.assertTrue(self.status(self.ann, 'five-apples')['active'])
        for verb in ('start', 'stop', 'extend'):
            self.client(self.d).post(BASE + verb, {'challenge_id': 1}).expect(self, 401)

    def test_what_is_wrong_with_the_request(self):
        for verb in ('start', 'stop', 'extend'):
            self.refused(self.ann.post(BASE + verb, {}), 400, 'challenge_id required')
            for bad in ('x', -1, 0, 1.5, [1], True, '1 OR 1=1', {}):
                self.refused(self.ann.post(BASE + verb, {'challenge_id': bad}), 400,
                             'Invalid challenge_id')
            self.ann.get(BASE + verb).expect(self, 405)
        self.refused(self.ann.get(BASE + 'status'), 400, 'challenge_id required')
        self.refused(self.ann.get(BASE + 'status', query={'challenge_id': 'x'}), 400,
                     'Invalid challenge_id')
        self.ann.post(BASE + 'start', {'challenge_id': 10 ** 6}).expect(self, 404)
        self.ann.post('/api/v1/api/v1/container/extend', {'challenge_id': 1}).expect(self, 404)
        self.assertEqual(self.d.objects(), set())

    # CR9: the engine refuses to stop it
    def test_a_stop_that_fails_says_so(self):
        lease = self.run_one(self.ann, 'five-apples')
        self.d.engine_down()
        r = self.call(self.ann, 'stop', 'five-apples').expect(self, 503, 504)
        self.assertFalse(r.json['success'])
        self.assertEqual(self.d.objects(), {'berth-' + lease})
        self.d.engine_down(False)
        self.wait_state(self.ann, lease, 'ended', timeout=90)
        self.assertEqual(self.d.objects(), set())

    def test_ids_as_text(self):
        r = self.ann.post(BASE + 'start', {'challenge_id': str(self.ids['brief'])}).expect(self, 200)
        self.assertTrue(r.json['success'])


class CreRules(harness.Case):
    # CR5: ten a minute and account
    def test_rate_limit(self):
        d = self.game()
        p = self.player(d, 'ann')
        cid = p.get('/api/v2/challenges/alpha').json['id']
        got = [p.twin().post(BASE + 'extend', {'challenge_id': cid}) for _ in range(12)]
        self.assertEqual([r.status for r in got[:10]], [404] * 10)
        self.assertEqual({r.status for r in got[10:]}, {429})
        self.assertGreaterEqual(int(got[11].headers['retry-after']), 1)
        self.assertFalse(got[11].json['success'])
        # ... and the native route counts on the same limit
        p.extend('0' * 20).expect_problem(self, 429, 'rate_limited')

    # CR11: a host that is not on UTC
    def test_time_zone(self):
        old = os.environ.get('TZ')
        os.environ['TZ'] = 'Pacific/Auckland'
        self.addCleanup(lambda: os.environ.pop('TZ') if old is None else
                        os.environ.__setitem__('TZ', old))
        d = self.game({'short': challenge_yaml('short', policy=policy(3, 60, 1, 600))})
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'short')
        self.assertLess(abs(seconds(lease['created_at']) - time.time()), 60)
        self.assertEqual(self.wait_state(p, lease['id'], 'ended')['end_reason'], 'stopped_auto')

    # CR13: teams
    def test_team(self):
        d = self.game(init=('--team-mode',))
        admin = self.admin(d)
        admin.post('/api/v2/teams', {'name': 'red'}).expect(self, 201)
        ann, amy = (self.player(d, n, team='red') for n in ('ann', 'amy'))
        cid = ann.get('/api/v2/challenges/alpha').json['id']
        first = ann.post(BASE + 'start', {'challenge_id': cid}).expect(self, 200).json
        again = amy.post(BASE + 'start', {'challenge_id': cid}).expect(self, 200).json
        self.assertEqual(first['container_id'], again['container_id'])
        self.wait_state(ann, first['container_id'], 'running')
        amy.post(BASE + 'extend', {'challenge_id': cid}).expect(self, 200)
        got = ann.get(BASE + 'status', query={'challenge_id': cid}).json
        self.assertEqual(got['extension_count'], 1)


if __name__ == '__main__':
    harness.main()
