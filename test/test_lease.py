"""The life of a lease: asked for, running, stopped, restarted, owned, queued (fake engine)."""
import statistics

import harness
from client import knock, poll, seconds
from harness import challenge_yaml, parallel

FIELDS = {'id', 'challenge', 'challenge_id', 'state', 'end_reason', 'endpoints', 'created_at',
          'expires_at', 'remaining_seconds', 'extensions', 'max_extensions', 'queue', 'restarts'}


class Start(harness.Case):
    def test_is_answered_at_once_and_becomes_running(self):
        d = self.game(options='start_ms=400')
        p = self.player(d, 'ann')
        r = p.start('alpha').expect(self, 202)
        lease = r.json
        self.assertLessEqual(FIELDS, set(lease))
        self.assertIn(lease['state'], ('pending', 'starting'), 'it did not wait for the engine')
        self.assertEqual(lease['endpoints'], [], 'no address before the probe')
        self.assertEqual(r.headers['location'], f'/api/v2/instances/{lease["id"]}')
        self.assertEqual(seconds(lease['expires_at']) - seconds(lease['created_at']), 900)
        self.assertEqual((lease['extensions'], lease['max_extensions'], lease['restarts'],
                          lease['end_reason'], lease['challenge']), (0, 5, 0, None, 'alpha'))
        got = self.wait_state(p, lease['id'], 'running', timeout=5)
        self.assertEqual(len(got['endpoints']), 1)
        e = got['endpoints'][0]
        self.assertEqual(set(e), {'name', 'protocol', 'host', 'port', 'url'})
        self.assertEqual(e['url'], f'tcp://{e["host"]}:{e["port"]}')
        self.assertLessEqual(got['remaining_seconds'], 900)
        self.assertGreater(got['remaining_seconds'], 880)
        self.assertEqual(d.objects(), {'berth-' + lease['id']})

    def test_answers_within_100_ms(self):
        d = self.game([f'c{i}' for i in range(40)], options='start_ms=2000', limits=False)
        p = [self.player(d, f'p{i}') for i in range(40)]
        took = [c.start(f'c{i}').expect(self, 202).took_s for i, c in enumerate(p)]
        self.assertLess(statistics.median(took), 0.1, sorted(took))

    def test_wait_gives_the_running_lease(self):
        d = self.game(options='start_ms=300')
        p = self.player(d, 'ann')
        lease = p.start('alpha', wait=30).expect(self, 202).json
        self.assertEqual(lease['state'], 'running')
        again = p.start('alpha', wait=30).expect(self, 200).json
        self.assertEqual(again['id'], lease['id'])
        for bad in ('-1', '61', 'x', '1.5'):
            p.start('alpha', wait=bad).expect_problem(self, 400, 'invalid')

    def test_wait_ends_when_its_time_is_over(self):
        d = self.game(options='start_ms=4000')
        p = self.player(d, 'ann')
        r = p.start('alpha', wait=1).expect(self, 202)
        self.assertEqual(r.json['state'], 'starting')
        self.assertGreater(r.took_s, 0.9)

    def test_that_fails_says_why_and_leaves_nothing(self):
        d = self.game({'gone': challenge_yaml('gone', image='missing/image')})
        p = self.player(d, 'ann')
        lease = p.start('gone', wait=30).json
        self.assertEqual(lease['end_reason'], 'failed_create')
        self.wait_state(p, lease['id'], 'ended')
        self.assertTrue(lease['error'])
        self.assertNotIn('missing/image', str(lease), 'the engine\'s text is not for players')
        self.assertEqual(d.objects(), set())
        self.assertEqual(self.actions(d, lease=lease['id'])['failed_create'], 1)
        p.start('gone').expect(self, 202)  # the account is free to try again

    def test_that_exits_at_once_is_not_waited_for(self):
        d = self.game({'dies': challenge_yaml('dies', image='exits/at-once')})
        p = self.player(d, 'ann')
        r = p.start('dies', wait=60)
        self.assertEqual(r.json['end_reason'], 'failed_create')
        self.assertLess(r.took_s, 15, 'not the half minute of its probe')
        self.wait_state(p, r.json['id'], 'ended')
        self.assertEqual(d.objects(), set())

    def test_unknown_challenge(self):
        d = self.game()
        p = self.player(d, 'ann')
        p.start('beta').expect_problem(self, 404, 'not_found')
        p.post('/api/v2/instances', {}).expect_problem(self, 400, 'invalid')
        self.assertEqual(p.get('/api/v2/instances').json, {'items': [], 'next': None})

    def test_100_at_once_give_one_instance(self):
        d = self.game(options='start_ms=100', limits=False)
        p = self.player(d, 'ann')
        got = parallel(100, lambda i: p.twin().start('alpha'))
        self.assertEqual({r.status for r in got}, {200, 202})
        self.assertEqual(sum(r.status == 202 for r in got), 1)
        self.assertEqual(len({r.json['id'] for r in got}), 1)
        self.wait_state(p, got[0].json['id'], 'running')
        self.assertEqual(len(d.objects()), 1)
        self.assertEqual(self.actions(d)['created'], 1)

    def test_over_the_account_limit(self):
        d = self.game(['a', 'b', 'c', 'd', 'e', 'last'])
        p = self.player(d, 'ann')
        for slug in 'abcde':
            p.start(slug).expect(self, 202)
        p.start('last').expect_problem(self, 409, 'quota_exceeded')
        p.start('a').expect(self, 200)
        self.player(d, 'bob').start('last').expect(self, 202)
        first = p.get('/api/v2/instances').json['items'][0]
        p.stop(first['id'], wait=30).expect(self, 200)
        p.start('last').expect(self, 202)


class Stop(harness.Case):
    def test_removes_the_instance(self):
        d = self.game(options='stop_ms=200')
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        r = p.stop(lease['id']).expect(self, 202).json
        self.assertEqual((r['state'], r['end_reason']), ('stopping', 'stopped_manual'))
        ended = self.wait_state(p, lease['id'], 'ended')
        self.assertEqual((ended['end_reason'], ended['endpoints'], ended['remaining_seconds']),
                         ('stopped_manual', [], 0))
        self.assertEqual(d.objects(), set())
        self.assertEqual(p.get('/api/v2/instances').json['items'], [])
        listed = p.get('/api/v2/instances', query={'state': 'any'}).json['items']
        self.assertEqual([x['id'] for x in listed], [lease['id']])
        p.stop(lease['id']).expect(self, 200, 202)  # twice does no harm
        n = self.actions(d, lease=lease['id'])
        self.assertEqual((n['stopped_manual'], n['removed']), (1, 1))

    def test_while_the_engine_is_down_it_stays_stopping(self):
        d = self.game()
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        d.engine_down()
        r = p.stop(lease['id'], wait=2).expect(self, 202).json
        self.assertEqual(r['state'], 'stopping')
        self.assertEqual(d.objects(), {'berth-' + lease['id']}, 'nothing is forgotten')
        self.assertFalse(knock(lease['endpoints'][0]['port'])[0], 'the door is shut at once')
        d.engine_down(False)
        self.wait_state(p, lease['id'], 'ended', timeout=90)
        self.assertEqual(d.objects(), set())
        self.assertGreaterEqual(self.actions(d, lease=lease['id'])['failed_cleanup'], 1)

    def test_while_it_starts(self):
        d = self.game(options='start_ms=1000')
        p = self.player(d, 'ann')
        lease = p.start('alpha').expect(self, 202).json
        poll(d.objects, 10, 'the instance to be half made')
        p.stop(lease['id'], wait=30).expect(self, 200)
        self.assertEqual(d.objects(), set())
        again = p.start('alpha', wait=30).json
        self.assertEqual(again['state'], 'running')
        self.assertNotEqual(again['id'], lease['id'])

    def test_then_start_again_many_times(self):
        d = self.game(limits=False)
        p = self.player(d, 'ann')
        ids = set()
        for _ in range(15):
            lease = self.start_running(p, 'alpha')
            ids.add(lease['id'])
            p.stop(lease['id'], wait=30).expect(self, 200)
        self.assertEqual(len(ids), 15)
        self.assertEqual(d.objects(), set())
        self.assertEqual(d.sql('SELECT count(*) FROM port'), [(0,)], 'ports are given back')


class Restart(harness.Case):
    def test_keeps_lease_deadline_and_address(self):
        d = self.game(options='start_ms=200')
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        r = p.restart(lease['id']).expect(self, 202).json
        self.assertEqual((r['id'], r['restarts'], r['expires_at']),
                         (lease['id'], 1, lease['expires_at']))
        got = self.wait_state(p, lease['id'], 'running')
        self.assertEqual(got['endpoints'], lease['endpoints'])
        self.assertEqual(d.objects(), {'berth-' + lease['id']})
        with open(f'{d.engine}/journal') as f:
            self.assertEqual(f.read().count(f'create berth-{lease["id"]}\n'), 2, 'a fresh one')
        ok, said = knock(got['endpoints'][0]['port'])
        self.assertTrue(ok and lease['id'] in said.decode(), said)

    def test_needs_a_running_instance(self):
        d = self.game(options='start_ms=1500')
        p = self.player(d, 'ann')
        lease = p.start('alpha').json
        p.restart(lease['id']).expect_problem(self, 409, 'conflict')
        p.stop(lease['id'], wait=30)
        p.restart(lease['id']).expect_problem(self, 404, 'not_found')


class Ownership(harness.Case):
    def test_another_accounts_lease_is_not_found(self):
        d = self.game()
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        lease = self.start_running(ann, 'alpha')
        for known, unknown in ((lease['id'], '0' * 20),):
            for act in ('lease', 'extend', 'restart', 'stop'):
                mine = getattr(bob, act)(known).expect_problem(self, 404, 'not_found')
                none = getattr(bob, act)(unknown).expect(self, 404).json
                if act != 'lease' and mine['detail'] != none['detail']:
                    self.assertIn(none['detail'], ('No active container found',))
            bob.get(f'/api/v2/instances/{known}/logs').expect_problem(self, 404, 'not_found')
        self.assertEqual(bob.get('/api/v2/instances', query={'state': 'any'}).json['items'], [])
        bob.get('/api/v2/instances', query={'all': 'true'}).expect_problem(self, 403, 'forbidden')
        self.assertEqual(ann.lease(lease['id']).json['state'], 'running')
        poll(lambda: len(self.events(d, action='denied')) >= 5, 10, 'every refusal in the log')
        denied = self.events(d, action='denied')
        self.assertEqual(len(denied), 5)
        self.assertEqual({(e['actor']['id'], e['lease']) for e in denied},
                         {(bob.user['id'], lease['id'])})

    def test_identity_is_never_taken_from_the_body(self):
        d = self.game()
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        r = bob.post('/api/v2/instances', {'challenge': 'alpha', 'user_id': ann.user['id'],
                                           'account': {'kind': 'user', 'id': ann.user['id']}})
        self.assertIn(r.status, (202, 400))
        self.assertEqual(ann.get('/api/v2/instances').json['items'], [])

    def test_team_mode(self):
        d = self.game(init=('--team-mode',))
        admin = self.admin(d)
        for name in ('red', 'blue'):
            admin.post('/api/v2/teams', {'name': name}).expect(self, 201)
        ann, amy = (self.player(d, n, team='red') for n in ('ann', 'amy'))
        bob, lone = self.player(d, 'bob', team='blue'), self.player(d, 'lone')
        lease = self.start_running(ann, 'alpha')
        self.assertEqual(amy.start('alpha').expect(self, 200).json['id'], lease['id'])
        self.assertEqual(amy.extend(lease['id']).expect(self, 200).json['extensions'], 1)
        bob.lease(lease['id']).expect(self, 404)
        other = self.start_running(bob, 'alpha')
        self.assertNotEqual(other['id'], lease['id'])
        lone.start('alpha').expect_problem(self, 403, 'forbidden')
        lone.get('/api/v2/instances').expect(self, 200)
        amy.stop(lease['id'], wait=30).expect(self, 200)
        self.assertEqual(ann.lease(lease['id']).json['state'], 'ended')
        self.assertEqual({e['account']['kind'] for e in self.events(d, lease=lease['id'])}, {'team'})


class Queue(harness.Case):
    def setUp(self):
        self.d = self.game(['a', 'b', 'c'], capacity=1)
        self.ann, self.bob, self.eve = (self.player(self.d, n) for n in ('ann', 'bob', 'eve'))

    def place(self, who, lease):
        return who.lease(lease['id']).json['queue']['place']

    def test_tells_place_and_is_fair(self):
        first = self.start_running(self.eve, 'a')
        one, two = self.ann.start('b').json, self.ann.start('c').json
        bobs = self.bob.start('a').json
        self.assertEqual({x['state'] for x in (one, two, bobs)}, {'pending'})
        # Ann asked first, but her second wish comes after Bob's first.
        line = [(self.ann, one), (self.bob, bobs), (self.ann, two)]
        self.assertEqual([self.place(*x) for x in line], [1, 2, 3])
        self.assertIn('estimate_seconds', one['queue'])
        free = (self.eve, first)
        for i, (who, lease) in enumerate(line):
            free[0].stop(free[1]['id'], wait=30).expect(self, 200)
            got = self.wait_state(who, lease['id'], 'running')
            self.assertIsNone(got['queue'])
            self.assertGreater(seconds(got['created_at']), seconds(lease['created_at']),
                               'its clock began with its slot')
            self.assertEqual(seconds(got['expires_at']) - seconds(got['created_at']), 900)
            self.assertEqual([self.place(*x) for x in line[i + 1:]], [1, 2][:2 - i])
            free = (who, lease)

    def test_who_leaves_it_gives_up_the_place(self):
        self.start_running(self.ann, 'a')
        waiting, behind = self.ann.start('b').json, self.bob.start('b').json
        self.assertEqual(self.bob.stop(behind['id']).expect(self, 200, 202).json['state'], 'ended')
        self.assertEqual(self.ann.lease(waiting['id']).json['queue']['place'], 1)
        self.assertEqual(len(self.d.objects()), 1)

    def test_goes_on_after_a_restart(self):
        first = self.start_running(self.ann, 'a')
        waiting = self.bob.start('a').json
        self.d.restart()
        self.assertEqual(self.bob.lease(waiting['id']).json['queue']['place'], 1)
        self.ann.stop(first['id']).expect(self, 200, 202)
        self.wait_state(self.bob, waiting['id'], 'running')


class Store(harness.Case):
    def test_everything_is_there_after_a_restart(self):
        d = self.game()
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        lease = p.extend(lease['id']).expect(self, 200).json
        d.restart()
        got = self.wait_state(p, lease['id'], 'running')
        for key in ('extensions', 'expires_at', 'created_at', 'challenge_id', 'endpoints'):
            self.assertEqual(got[key], lease[key], key)
        # A fake instance has moved with the daemon, which hears of it when it first looks at its engine.
        def answer():
            ok, said = knock(got['endpoints'][0]['port'])
            return ok and said
        said = poll(answer, 20, 'it to answer')
        self.assertIn(lease['id'], said.decode())
        self.assertEqual(d.objects(), {'berth-' + lease['id']}, 'the same one, not another')


if __name__ == '__main__':
    harness.main()
