"""Bad input: refused with the right code, naming what is wrong; nothing is changed or leaked."""
import json, socket, time

import harness
from client import raw

LEAKS = ('SELECT', 'INSERT', 'sqlite', 'constraint', '/src/', '.c:', 'fake', '/tmp/', 'Traceback')


class Input(harness.Case):
    @classmethod
    def setUpClass(cls):
        cls.holder = harness.Case()
        cls.d = cls.holder.game(['alpha'], idle_timeout_seconds=2, limits=False)
        cls.p = cls.holder.player(cls.d, 'ann')

    @classmethod
    def tearDownClass(cls):
        cls.holder.doCleanups()

    def setUp(self):
        self.before = self.state()

    def tearDown(self):
        self.assertEqual(self.state(), self.before, 'a refused request changed something')
        self.p.get('/api/v2/whoami').expect(self, 200)

    def state(self):
        tables = ('instance', 'app_user', 'team', 'tenant', 'token', 'policy', 'challenge', 'port')
        return [self.d.sql(f'SELECT count(*) FROM {t}') for t in tables] + [self.d.objects()]

    def clean(self, reply):
        for word in LEAKS:
            self.assertNotIn(word.lower(), reply.text.lower(), reply.what)
        return reply

    def post(self, body, path='/api/v2/instances', **headers):
        head = {'Content-Type': 'application/json'}
        head.update({k.replace('_', '-'): v for k, v in headers.items()})
        return self.clean(self.p.twin().post(path, body, headers=head))

    def test_content_type(self):
        body = b'{"challenge": "alpha"}'
        for wrong in ('text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', ''):
            self.post(body, Content_Type=wrong).expect_problem(self, 415, 'unsupported_media_type')

    def test_malformed_json(self):
        for bad in (b'{"challenge": }', b'{', b'{"challenge": "alpha"} x', b'\xff\xfe', b'{"a":1,}',
                    b'{"challenge": "al\x00pha"}', b'{"challenge": "\\ud800"}', b'nul', b'{\n\n  x}'):
            got = self.post(bad).expect_problem(self, 400, 'invalid')
            self.assertRegex(got['detail'], r'line \d+|column \d+|position \d+|byte \d+', bad)

    def test_not_an_object(self):
        for bad in (b'[]', b'"alpha"', b'1', b'null', b'true', b''):
            self.post(bad).expect_problem(self, 400, 'invalid')
        self.post(b'[' * 5000 + b']' * 5000).expect_problem(self, 400, 'invalid')
        self.post(b'{"a":' * 5000 + b'1' + b'}' * 5000).expect_problem(self, 400, 'invalid')

    def test_fields(self):
        for bad in ({}, {'challenge': None}, {'challenge': 1}, {'challenge': ''},
                    {'challenge': ['alpha']}, {'challenge': 'x' * 500}, {'Challenge': 'alpha'}):
            got = self.post(json.dumps(bad).encode()).expect_problem(self, 400, 'invalid')
            self.assertIn('challenge', got['detail'], bad)
        for bad in ("alpha' OR '1'='1", '../alpha', 'alpha%00', '<script>', '\u0000', 'ALPHA'):
            r = self.post(json.dumps({'challenge': bad}).encode()).expect(self, 400, 404)
            self.assertNotIn('<script>', r.text)

    def test_admin_fields(self):
        admin = self.client(self.d, self.d.token)
        for path, bad, field in (
                ('/api/v2/users', {'name': ''}, 'name'), ('/api/v2/users', {'name': 'x' * 64}, 'name'),
                ('/api/v2/users', {'name': 'a\nb'}, 'name'), ('/api/v2/users', {'name': 5}, 'name'),
                ('/api/v2/users', {'name': 'zed', 'role': 'god'}, 'role'),
                ('/api/v2/users', {'name': 'zed', 'team': 'none such'}, 'team'),
                ('/api/v2/tokens', {}, 'user'),
                ('/api/v2/tokens', {'user': 'ann', 'expires_in_seconds': -1}, 'expires_in_seconds'),
                ('/api/v2/tokens', {'user': 'ann', 'expires_at': 'tomorrow'}, 'expires_at'),
                ('/api/v2/tenants', {'slug': 'No Slug'}, 'slug')):
            got = self.clean(admin.post(path, bad)).expect_problem(self, 400, 'invalid')
            self.assertIn(field, got['detail'], bad)
        admin.post('/api/v2/tokens', {'user': 'nobody'}).expect_problem(self, 404, 'not_found')
        admin.post('/api/v2/users', {'name': 'ann'}).expect_problem(self, 409, 'conflict')

    def test_too_large(self):
        big = b'{"challenge": "' + b'a' * (10 << 20) + b'"}'
        got = raw(self.d.ports.http, b'POST /api/v2/instances HTTP/1.1\r\nHost: x\r\n'
                  b'Authorization: Bearer ' + self.p.token.encode() + b'\r\n'
                  b'Content-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(big) + big,
                  half_close=False)
        self.assertIn(b' 413 ', got.split(b'\r\n')[0])
        chunks = b''.join(b'10000\r\n' + b'a' * 65536 + b'\r\n' for _ in range(40))
        got = raw(self.d.ports.http, b'POST /api/v2/instances HTTP/1.1\r\nHost: x\r\n'
                  b'Authorization: Bearer ' + self.p.token.encode() + b'\r\n'
                  b'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n' + chunks
                  + b'0\r\n\r\n', half_close=False)
        self.assertIn(b' 413 ', got.split(b'\r\n')[0])
        fits = b'{"challenge": "nope", "x": "' + b'a' * 900000 + b'"}'
        self.post(fits).expect(self, 404, 400)

    def test_unknown_paths_and_ids(self):
        for path in ('/nope', '/api/v2/', '/api/v2/instances/', '/api/v2/instances/x',
                     '/api/v2/instances/' + '0' * 20, '/api/v2/instances/' + '0' * 500,
                     '/api/v2/instances/..%2f..%2fetc', '/api/v2/challenges/none',
                     '/api/v2/instances/%00', '//', '/api/v2/../../etc/passwd'):
            self.clean(self.p.twin().get(path)).expect(self, 404, 400)

    def test_wrong_method(self):
        for method, path, allow in (('DELETE', '/api/v2/instances', {'GET', 'POST'}),
                                    ('PUT', '/api/v2/instances', {'GET', 'POST'}),
                                    ('POST', '/api/v2/challenges', {'GET', 'PUT'}),
                                    ('GET', '/api/v2/instances/0/extend', {'POST'}),
                                    ('POST', '/healthz', {'GET'}),
                                    ('BREW', '/api/v2/whoami', {'GET'})):
            r = self.clean(self.p.twin().request(method, path))
            r.expect_problem(self, 405, 'method_not_allowed')
            self.assertLessEqual(allow, set(r.headers['allow'].replace(' ', '').split(',')))

    def test_queries(self):
        for query in ({'limit': 'x'}, {'limit': '0'}, {'limit': '-1'}, {'limit': '99999999999999'},
                      {'state': 'dancing'}, {'all': 'perhaps'}, {'challenge': 'none'}):
            self.clean(self.p.get('/api/v2/instances', query=query)).expect_problem(
                self, 400 if query != {'all': 'perhaps'} else 400, 'invalid')
        admin = self.client(self.d, self.d.token)
        for query in ({'action': 'x'}, {'from': 'yesterday'}, {'order': 'up'}, {'account': 'cat:1'},
                      {'cursor': 'x'}, {'user': 'nobody'}):
            self.clean(admin.get('/api/v2/events', query=query)).expect_problem(self, 400, 'invalid')

    def test_headers_and_url(self):
        line = lambda data: raw(self.d.ports.http, data, half_close=False).split(b'\r\n')[0]
        self.assertIn(b' 414 ', line(b'GET /' + b'a' * 70000 + b' HTTP/1.1\r\nHost: x\r\n\r\n'))
        self.assertIn(b' 431 ', line(b'GET / HTTP/1.1\r\nHost: x\r\nA: ' + b'a' * 70000 + b'\r\n\r\n'))
        self.assertIn(b' 431 ', line(b'GET / HTTP/1.1\r\nHost: x\r\n' + b'A: b\r\n' * 9000 + b'\r\n'))
        self.assertIn(line(b'\x16\x03\x01 garbage\r\n\r\n')[:12],
                      (b'', b'HTTP/1.1 400', b'HTTP/1.0 400', b'HTTP/1.1 505'))

    def test_slow_headers_time_out(self):
        with socket.create_connection(('127.0.0.1', self.d.ports.http), timeout=30) as s:
            began = time.monotonic()
            closed = None
            for byte in b'GET /healthz HTTP/1.1\r\nHost: slow':
                try:
                    s.sendall(bytes([byte]))
                    s.settimeout(0.5)
                    s.recv(1)  # its end, or the first byte of an answer that ends it
                    closed = time.monotonic()
                    break
                except socket.timeout:
                    continue
                except OSError:
                    closed = time.monotonic()
                    break
            self.assertIsNotNone(closed, 'a client that drips its headers holds a connection')
            self.assertGreater(closed - began, 1)
            self.assertLess(closed - began, 16)
        with socket.create_connection(('127.0.0.1', self.d.ports.http), timeout=30) as s:
            s.sendall(b'POST /api/v2/instances HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{')
            self.assertIn(s.recv(1)[:1], (b'', b'H'), 'a body that never comes ends as well')

    def test_tokens(self):
        for bad in ('Bearer', 'Bearer ', 'Bearer x', 'Basic YTpi', 'Bearer ' + 'a' * 5000,
                    'bearer  ' + 'b' * 43, 'Bearer brt_' + 'A' * 43, "Bearer ' OR 1=1"):
            r = self.client(self.d).get('/api/v2/whoami', headers={'Authorization': bad})
            self.clean(r).expect(self, 401, 431)
            if r.status == 401:
                r.expect_problem(self, 401, 'unauthenticated')
                self.assertIn('Bearer', r.headers['www-authenticate'])
                self.assertNotIn('a' * 50, r.text)
        self.client(self.d).get('/api/v2/instances').expect_problem(self, 401, 'unauthenticated')

    def test_players_may_not(self):
        for method, path in (('GET', '/api/v2/events'), ('POST', '/api/v2/users'),
                             ('GET', '/api/v2/users'), ('GET', '/api/v2/tokens'),
                             ('POST', '/api/v2/tokens'), ('PUT', '/api/v2/challenges'),
                             ('PUT', '/api/v2/policy'), ('POST', '/api/v2/tenants')):
            body = ([] if path.endswith('challenges') else {}) if method != 'GET' else None
            self.p.request(method, path, body).expect_problem(self, 403, 'forbidden')

    def test_every_route_answers_in_json(self):
        doc = self.client(self.d).get('/api/v2/openapi.json').expect(self, 200).json
        self.assertTrue(doc['openapi'].startswith('3.1'))
        for path, methods in doc['paths'].items():
            if not path.startswith('/api/v2') or path.endswith('openapi.json'):
                continue
            for method, operation in methods.items():
                r = self.client(self.d).request(method.upper(), path.replace('{id}', '1')
                                                .replace('{slug}', 'alpha'))
                if {} not in operation.get('security', [{}]):
                    r.expect_problem(self, 401, 'unauthenticated')
                elif r.status != 200:
                    self.assertEqual(r.json['status'], r.status)


if __name__ == '__main__':
    harness.main()
