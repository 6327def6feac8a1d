"""What operators see: health, readiness, metrics with bounded series, logs without secrets."""
import re, time

import harness
from client import poll
from harness import challenge_yaml

NAMES = ('berth_build_info', 'berth_http_requests_total', 'berth_http_request_seconds',
         'berth_starts_total', 'berth_start_seconds', 'berth_leases', 'berth_extends_total',
         'berth_expiry_lateness_seconds', 'berth_cleanups_total', 'berth_queue_depth',
         'berth_commit_batch_commands', 'berth_commit_seconds', 'berth_breaker_state',
         'berth_gate_bytes_total', 'berth_gate_connections_total', 'berth_events_total')


def series(text):
    """{name{labels}: value}"""
    return {line.rsplit(' ', 1)[0]: float(line.rsplit(' ', 1)[1])
            for line in text.splitlines() if line and not line.startswith('#')}


class Health(harness.Case):
    def test_alive_and_ready(self):
        d = self.game()
        c = self.client(d)
        for path in ('/health', '/healthz', '/ready', '/readyz', '/version', '/metrics'):
            c.get(path).expect(self, 200)
            self.assertEqual(c.request('HEAD', path).body, b'')
        self.assertEqual(c.get('/version').json['name'], 'berth')
        self.assertEqual(c.get('/readyz').json['missing'], [])

    def test_ready_names_the_runtime_that_is_gone(self):
        d = self.game()
        c = self.client(d)
        d.engine_down()
        began = time.monotonic()
        got = poll(lambda: (lambda r: r if r.status == 503 else None)(c.get('/readyz')), 5, '503')
        self.assertLess(time.monotonic() - began, 5)
        self.assertIn('runtime fake', ' '.join(got.json['missing']))
        c.get('/healthz').expect(self, 200)
        self.assertEqual(c.get('/ready').status, 503)
        self.player(d, 'ann').get('/api/v2/challenges').expect(self, 200)
        d.engine_down(False)
        poll(lambda: c.get('/readyz').status == 200, 60, 'ready again')

    def test_starts_without_its_engine(self):
        d = self.game(start=False)
        d.engine_down()
        d.start(path='/healthz')
        poll(lambda: self.client(d).get('/readyz').status == 503, 10, '503')
        d.engine_down(False)
        poll(lambda: self.client(d).get('/readyz').status == 200, 60, 'ready')
        self.start_running(self.player(d, 'ann'), 'alpha')


class Metrics(harness.Case):
    def test_names_and_movement(self):
        d = self.game({'alpha': challenge_yaml('alpha'),
                       'gone': challenge_yaml('gone', image='missing/x')})
        p, c = self.player(d, 'ann'), self.client(d)
        lease = self.start_running(p, 'alpha')
        p.extend(lease['id']).expect(self, 200)
        p.start('gone', wait=20)
        running = 'berth_leases{state="running"}'
        poll(lambda: series(c.get('/metrics').text)[running] == 1, 10, 'the gauge to follow')
        text = c.get('/metrics').text
        for name in NAMES:
            self.assertIn(f'# TYPE {name} ', text)
            self.assertIn(f'# HELP {name} ', text)
        got = series(text)
        pick = lambda *words: sum(v for k, v in got.items() if all(w in k for w in words))
        self.assertEqual(pick('berth_starts_total{', '"fake"'), 2)
        self.assertEqual(pick('berth_extends_total{', 'extended'), 1)
        self.assertEqual(pick('berth_breaker_state{', '"fake"'), 0)
        self.assertGreaterEqual(pick('berth_commit_batch_commands_count'), 4)
        self.assertGreaterEqual(pick('berth_http_requests_total{', '/api/v2/instances/{id}/extend'), 1)
        p.stop(lease['id'], wait=20)
        poll(lambda: series(c.get('/metrics').text)[running] == 0, 10, 'the gauge to follow')
        got = series(c.get('/metrics').text)
        self.assertGreaterEqual(pick('berth_cleanups_total{'), 1)

    def test_series_are_bounded(self):
        d = self.game(limits=False)
        p, c = self.player(d, 'ann'), self.client(d)
        for path in ('/api/v2/instances/1', '/api/v2/challenges/x', '/x', '/api/v2/instances/x/extend'):
            p.get(path)
        p.request('BREW', '/api/v2/whoami')
        c.get('/metrics')
        before = set(series(c.get('/metrics').text))
        for i in range(2000):
            path = ('/api/v2/instances/%020d', '/api/v2/challenges/x%d', '/x%d',
                    '/api/v2/instances/%d/extend')[i % 4] % i
            p.get(path)
        p.request('FETCH', '/api/v2/whoami')
        text = c.get('/metrics').text
        self.assertEqual(set(series(text)) - before, set())
        self.assertNotIn('x1999', text)


class Logs(harness.Case):
    def test_lines_are_json_with_the_request_and_without_secrets(self):
        d = self.game(log_level='debug')
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        r = p.get(f'/api/v2/instances/{lease["id"]}', headers={'X-Request-ID': 'my-own.id_1'})
        self.assertEqual(r.headers['x-request-id'], 'my-own.id_1')
        wrong = 'brt_' + 'Z' * 43
        self.client(d, wrong).get('/api/v2/whoami').expect(self, 401)
        p.get('/api/v2/whoami', query={'token': 'in-the-query-string'})
        p.post('/api/v2/instances', b'{"challenge": "password-in-body"', headers={
            'Content-Type': 'application/json'})
        p.stop(lease['id'], wait=20)
        self.assertEqual(d.stop(), 0)
        text = d.log_text()
        lines = d.log_lines()
        self.assertEqual(len(lines), len(text.splitlines()), 'a line that is not JSON')
        mine = [x for x in lines if x.get('request_id') == 'my-own.id_1']
        self.assertEqual(len(mine), 1, 'one line for a request')
        self.assertEqual(int(mine[0]['status']), 200)
        self.assertTrue(any(k in mine[0] for k in ('ms', 'us', 'duration_ms')), mine[0])
        for secret in (p.token, d.token, wrong, 'CTF{', 'in-the-query-string', 'password-in-body'):
            self.assertNotIn(secret, text)
        for x in lines:
            self.assertLessEqual({'ts', 'level', 'msg'}, set(x))

    def test_request_ids(self):
        d = self.game()
        c = self.client(d)
        ids = {c.get('/healthz').headers['x-request-id'] for _ in range(20)}
        self.assertEqual(len(ids), 20, 'each has its own')
        for bad in ('x' * 500, 'a b', '"quoted"', 'a;b<c>'):
            got = c.get('/healthz', headers={'X-Request-ID': bad})
            self.assertNotEqual(got.headers['x-request-id'], bad)
            self.assertRegex(got.headers['x-request-id'], r'^[\w.-]{1,64}$')
        r = c.get('/api/v2/whoami', headers={'X-Request-ID': 'seen-in-body'})
        self.assertEqual(r.json['request_id'], 'seen-in-body')

    def test_headers_of_every_answer(self):
        d = self.game()
        for path in ('/healthz', '/nope', '/api/v2/whoami', '/api/v2/openapi.json'):
            head = self.client(d).get(path).headers
            self.assertEqual(head['x-content-type-options'], 'nosniff')
            self.assertIn('content-security-policy', head)
            self.assertNotIn('unsafe-inline', head['content-security-policy'])
            self.assertIn("frame-ancestors 'none'", head['content-security-policy'])


if __name__ == '__main__':
    harness.main()
