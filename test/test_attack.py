"""What a player who likes to break things tries, and an organiser who clicks too fast."""
import socket, time

import harness
from client import poll


class Crossing(harness.Case):
    def test_nothing_of_another_tenant_is_in_the_log(self):
        d = self.game(['secret-name'])
        host = self.admin(d)
        host.post('/api/v2/tenants', {'slug': 'other', 'policy': {'base_seconds': 77}}).expect(self, 201)
        self.player(d, 'boss', role='admin')
        host.post('/api/v2/users', {'name': 'spy', 'role': 'admin', 'tenant': 'other'}).expect(self, 201)
        spy = self.client(d, host.post('/api/v2/tokens', {'user': 'spy', 'tenant': 'other'})
                          .expect(self, 201).json['token'])
        theirs = host.get('/api/v2/challenges/secret-name').json['id']
        for verb in ('start', 'extend'):
            spy.post(f'/api/v1/container/{verb}', {'challenge_id': theirs}).expect(self, 404)
        spy.post('/api/v1/container/start', {'challenge_id': 1 << 62}).expect(self, 404)
        events = spy.get('/api/v2/events', query={'limit': 100}).expect(self, 200)
        self.assertIn('failed_create', events.text)
        self.assertNotIn('secret-name', events.text)
        policy = [e for e in events.json['items'] if e['action'] == 'policy_changed']
        self.assertEqual(policy[0]['detail']['base_ms'], 77000, 'the log says what it became')
        for path in ('challenges/secret-name', f'challenges/{theirs}', 'users/1'):
            spy.request('PATCH' if 'users' in path else 'GET', '/api/v2/' + path,
                        {} if 'users' in path else None).expect(self, 404)
        spy.post('/api/v2/users', {'name': 'x', 'tenant': 'main'}).expect(self, 403)
        spy.delete('/api/v2/tokens/1').expect(self, 404)


class Hogging(harness.Case):
    def follow(self, client, lease):
        """The status of a log stream that stays open for the rest of the test."""
        s = socket.create_connection(('127.0.0.1', client.port), timeout=20)
        self.addCleanup(s.close)
        s.sendall(f'GET /api/v2/instances/{lease["id"]}/logs?follow=1 HTTP/1.1\r\nHost: x\r\n'
                  f'Authorization: Bearer {client.token}\r\n\r\n'.encode())
        return s, int(s.recv(12).split()[1])

    def test_one_account_does_not_take_every_log_stream(self):
        d = self.game(max_followers=8)
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        hers, his = self.start_running(ann, 'alpha'), self.start_running(bob, 'alpha')
        got = [self.follow(ann, hers) for _ in range(8)]
        self.assertEqual([status for _, status in got], [200] * 4 + [429] * 4)
        self.assertEqual(self.follow(bob, his)[1], 200)
        for s, _ in got:
            s.close()
        poll(lambda: self.follow(ann, hers)[1] == 200, 10, 'a stream to be given back', every=0.3)

    def test_thousands_at_a_door(self):
        d = self.game()
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        door = self.start_running(ann, 'alpha')['endpoints'][0]['port']
        other = self.start_running(bob, 'alpha')['endpoints'][0]['port']
        crowd = []
        for _ in range(1500):
            crowd.append(socket.create_connection(('127.0.0.1', door), timeout=10))
            self.addCleanup(crowd[-1].close)
        began = time.monotonic()
        self.client(d).get('/healthz').expect(self, 200)
        self.assertTrue(self.answers(other), 'another player\'s door')
        self.assertLess(time.monotonic() - began, 5)
        for s in crowd:
            s.close()
        poll(lambda: self.answers(door), 10, 'the door to have room again', every=0.2)

    def answers(self, port):
        with socket.create_connection(('127.0.0.1', port), timeout=5) as s:
            s.sendall(b'GET / HTTP/1.0\r\n\r\n')
            try:
                return s.recv(100) != b''
            except ConnectionError:
                return False


class Hasty(harness.Case):
    def test_start_while_it_is_being_stopped(self):
        d = self.game(options='stop_ms=1500')
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        p.stop(lease['id']).expect(self, 200, 202)
        r = p.start('alpha', wait=10)
        r.expect_problem(self, 409, 'conflict')
        self.assertEqual(r.headers['retry-after'], '1')
        cid = lease['challenge_id']
        r = p.post('/api/v1/container/start', {'challenge_id': cid}).expect(self, 409)
        self.assertEqual(r.json['message'], 'Container is being stopped, try again in a moment')
        done = d.cli('instance', 'start', 'alpha', token=p.token)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn('being stopped', done.stderr)
        self.wait_state(p, lease['id'], 'ended')
        self.assertEqual(p.start('alpha', wait=30).json['state'], 'running')

    def test_the_last_admin_stays(self):
        d = self.game()
        admin = self.admin(d)
        me = admin.get('/api/v2/whoami').json['user']['id']
        r = admin.request('PATCH', f'/api/v2/users/{me}', {'role': 'player'})
        r.expect_problem(self, 409, 'conflict')
        admin.get('/api/v2/users').expect(self, 200)
        other = self.player(d, 'second', role='admin')
        other.request('PATCH', f'/api/v2/users/{me}', {'role': 'player'}).expect(self, 200)
        other.request('PATCH', f'/api/v2/users/{other.user["id"]}', {'role': 'organiser'}).expect(self, 409)

    def test_two_admins_change_one_user(self):
        d = self.game()
        admin = self.admin(d)
        ann = self.player(d, 'ann').user['id']
        admin.post('/api/v2/teams', {'name': 'red'}).expect(self, 201)
        path = f'/api/v2/users/{ann}'
        for _ in range(10):
            admin.request('PATCH', path, {'role': 'player', 'team': None}).expect(self, 200)
            change = ({'role': 'organiser'}, {'team': 'red'})
            harness.parallel(2, lambda i: admin.twin().request('PATCH', path, change[i])
                             .expect(self, 200))
            got = [u for u in admin.get('/api/v2/users').json['items'] if u['id'] == ann][0]
            self.assertEqual((got['role'], got['team']), ('organiser', 'red'))


class Words(harness.Case):
    def test_names_that_lie(self):
        d = self.game()
        admin = self.admin(d)
        for name in ('\u202etxt.exe', 'a\u009b31mb', 'ann\u200b', '\ufeffann', 'a\u2028b', '\u2066x',
                     '\u00a0', 'ann\u00a0', '\u3000', 'a\u0085b'):
            for path in ('/api/v2/users', '/api/v2/teams'):
                got = admin.post(path, {'name': name}).expect_problem(self, 400, 'invalid')
                self.assertIn('name', got['detail'], repr(name))
        for name in ('Zoë', '王小明', 'אבי', '👩\u200d💻', 'نی\u200cنا', 'O\'Neil "Ned" <n@x>', 'a\u00a0b'):
            admin.post('/api/v2/users', {'name': name}).expect(self, 201)
        got = [u['name'] for u in admin.get('/api/v2/users').json['items']]
        self.assertIn('👩\u200d💻', got)

    def test_days_that_are_none(self):
        d = self.game()
        admin = self.admin(d)
        for day in ('2026-02-29', '2026-02-31', '2026-04-31', '2026-13-01', '2026-00-10', '2100-02-29'):
            admin.get('/api/v2/events', query={'from': day + 'T00:00:00Z'}).expect_problem(
                self, 400, 'invalid')
        admin.get('/api/v2/events', query={'from': '2028-02-29T23:59:59.5Z'}).expect(self, 200)

    def test_errors_in_json_name_no_library(self):
        d = self.game()
        p = self.player(d, 'ann')
        for bad in (b'{"challenge": "a\\u0000b"}', b'{"challenge\\u0000": "a"}', b'{"a": 1e400}'):
            r = p.post('/api/v2/instances', bad, headers={'Content-Type': 'application/json'})
            self.assertIn('line 1', r.expect_problem(self, 400, 'invalid')['detail'])
            self.assertNotIn('JSON_', r.text)


if __name__ == '__main__':
    harness.main()
