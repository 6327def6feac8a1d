"""
The live stream: what is replayed and what comes, who may see it, and how it ends.  Each on SQLite and
on PostgreSQL.
"""
import json, os, shutil, threading, time

import harness
from client import poll, seconds
from harness import challenge_yaml, parallel
from wsclient import Closed, Events, Refused, WebSocket, PING, PONG, TEXT

HINTS = 'hints: [{content: first, cost: 40}]\n'


def static(slug, value=100, extra=''):
    return (f'name: {slug.title()}\nslug: {slug}\ncategory: test\nvalue: {value}\nstate: visible\n'
            f'flags: ["F{{{slug}}}"]\n' + extra)


class Stream(harness.Case):
    on_postgres = False

    def game(self, challenges=None, **more):
        if self.on_postgres:
            more.setdefault('store', harness.postgres_store(self))
        more.setdefault('limits', False)
        return super().game(challenges or {'easy': static('easy', extra=HINTS),
                                           'hard': static('hard', 200)}, **more)

    def solve(self, client, slug='easy'):
        got = client.post('/api/v2/submissions', {'challenge': slug, 'flag': 'F{%s}' % slug})
        self.assertEqual(got.expect(self, 200).json['result'], 'correct')
        return got.json

    def rules(self, daemon, **rules):
        return self.admin(daemon).patch('/api/v2/game', rules).expect(self, 200).json

    def award(self, admin, user, value=1, reason='for a test'):
        admin.post('/api/v2/awards', {'user': user, 'value': value, 'reason': reason}).expect(self, 201)

    def mark(self, admin, title='mark'):
        admin.post('/api/v2/announcements', {'title': title, 'text': 'x'}).expect(self, 201)

    def ticket(self, client):
        return client.post('/api/v2/stream/tickets').expect(self, 200).json['ticket']

    def open(self, daemon, path, **more):
        ws = WebSocket(daemon.ports.http, path, **more)
        self.addCleanup(ws.close)
        return ws

    def watch(self, daemon, client, since=None, **more):
        more_path = '' if since is None else f'&since={since}'
        return self.open(daemon, f'/scorestream?ticket={self.ticket(client)}{more_path}', **more)

    def snapshot(self, ws):
        got = ws.json()
        self.assertEqual(got['type'], 'snapshot', got)
        return got

    def refused(self, daemon, path, status, **more):
        with self.assertRaises(Refused) as got:
            self.open(daemon, path, **more)
        self.assertEqual(got.exception.status, status, got.exception)
        self.assertIn('application/problem+json', got.exception.head)
        return json.loads(got.exception.body)

    # --- what one is told ---

    def test_a_game_as_it_is_told(self):  # C1, C5, CT11
        d = self.game()
        admin, ann, bob = self.admin(d), self.player(d, 'ann'), self.player(d, 'bob')
        ws = self.watch(d, bob)
        first = self.snapshot(ws)
        self.assertEqual((first['accounts'], first['frozen_at']), ([], None))
        self.assertEqual([c['slug'] for c in first['challenges']], ['easy', 'hard'])
        self.solve(ann)
        self.solve(bob)
        ann.post('/api/v2/challenges/easy/hints/1').expect(self, 200)
        ann.put('/api/v2/session/name', {'name': "Ann (o'Neill)"}).expect(self, 200)
        self.award(admin, 'ann', -5, 'a "quoted" \\ reason\twith\u0001 control é 漢 <script>')
        self.mark(admin, 'a "title" \n with lines')
        got = ws.until(lambda f: f['type'] == 'announcement')
        self.assertEqual([f['type'] for f in got],
                         ['solve', 'solve', 'hint', 'name', 'award', 'announcement'])
        solve = got[0]
        self.assertEqual({k: solve[k] for k in ('account_id', 'account_kind', 'challenge', 'title',
                                                'points', 'total', 'value', 'solves', 'blood')},
                         {'account_id': ann.user['id'], 'account_kind': 'user', 'challenge': 'easy',
                          'title': 'Easy', 'points': 100, 'total': 100, 'value': 100, 'solves': 1,
                          'blood': 1})
        self.assertEqual((got[1]['blood'], got[1]['solves']), (2, 2))
        self.assertEqual((got[2]['hint'], got[2]['points'], got[2]['total']), (1, -40, 60))
        self.assertEqual((got[3]['account_id'], got[3]['name']), (ann.user['id'], "Ann (o'Neill)"))
        self.assertEqual(got[3]['before'], solve['name'])
        self.assertIn('é 漢 <script>', got[4]['reason'])
        self.assertTrue(all(f['name'] for f in got if 'name' in f))  # CT5: nobody is nameless
        seqs = [first['seq']] + [f['seq'] for f in got]
        self.assertEqual(seqs, sorted(set(seqs)))
        self.assertLess(abs(time.time() - solve['ts'] / 1000), 60)
        self.assertEqual(self.snapshot(self.watch(d, ann))['accounts'], [
            {'account_id': bob.user['id'], 'account_kind': 'user', 'name': got[1]['name'],
             'score': 100, 'solves': 1, 'bracket': None,
             'last_score_at': self.at(got[1]['ts'])},
            {'account_id': ann.user['id'], 'account_kind': 'user', 'name': "Ann (o'Neill)",
             'score': 55, 'solves': 1, 'bracket': None, 'last_score_at': self.at(solve['ts'])}])

    def at(self, ms):
        return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(ms // 1000)) + '.%03dZ' % (ms % 1000)

    def test_a_replay_is_byte_for_byte_what_was_live(self):  # C4, C5
        d = self.game()
        admin, ann = self.admin(d), self.player(d, 'ann')
        ws = self.watch(d, admin)
        begin = self.snapshot(ws)['seq']
        self.solve(ann)
        ann.post('/api/v2/challenges/easy/hints/1').expect(self, 200)
        ann.put('/api/v2/session/name', {'name': 'Annie'}).expect(self, 200)
        self.award(admin, 'ann', 7)
        self.rules(d, paused=True)
        admin.patch(f'/api/v2/users/{ann.user["id"]}', {'standing': 'hidden'}).expect(self, 200)
        self.mark(admin)
        live = [ws.text() for _ in range(7)]
        seqs = [begin] + [json.loads(x)['seq'] for x in live]
        for _ in range(2):
            for i, since in enumerate(seqs):
                again = self.watch(d, admin, since)
                self.assertEqual([again.text() for _ in live[i:]], live[i:])
                again.close()
            d.restart()
        again = self.watch(d, admin, seqs[-1])
        self.mark(admin, 'after the restart')
        self.assertEqual(again.json()['title'], 'after the restart')

    def test_none_is_lost_and_none_comes_twice(self):  # C4
        d = self.game(user_watchers=1000)
        admin, ann, n = self.admin(d), self.player(d, 'ann'), 1000
        sockets, stop = [], threading.Event()

        def connect():
            client = ann.twin()
            while not stop.is_set():
                sockets.append(self.watch(d, client, timeout=60))
                time.sleep(0.03)
        connecting = threading.Thread(target=connect)
        connecting.start()
        try:
            parallel(4, lambda i: [self.award(admin_i, 'ann') for admin_i in [admin.twin()]
                                   for _ in range(n // 4)])
        finally:
            stop.set()
            connecting.join()
        self.mark(admin, 'end')
        self.assertGreater(len(sockets), 5)
        begun = set()
        for ws in sockets[:15]:
            first = self.snapshot(ws)
            score = first['accounts'][0]['score'] if first['accounts'] else 0
            begun.add(score)
            got = ws.until(lambda f: f.get('title') == 'end')
            self.assertEqual([f['total'] for f in got[:-1]], list(range(score + 1, n + 1)))
        self.assertGreater(len(begun), 3)

    def test_two_forms_of_one_history(self):  # C5, CT5, CT11, CTFG's own form
        d = self.game({'easy': static('easy', extra=HINTS), 'hard': static('hard', 200)})
        admin, ann, bob = self.admin(d), self.player(d, 'ann'), self.player(d, 'bob')
        path = lambda c: c.get('/api/me').expect(self, 200).json['websocket_url'].partition(
            str(d.ports.http))[2]
        live = self.open(d, path(ann))
        self.assertEqual(live.json(), [])
        self.solve(ann)
        ann.post('/api/v2/challenges/easy/hints/1').expect(self, 200)
        self.award(admin, 'bob', 7)
        got = [live.json() for _ in range(3)]
        self.assertEqual([len(x) for x in got], [1, 1, 1])
        got = [x[0] for x in got]
        self.assertEqual([x['type'] for x in got], ['score', 'hint', 'score'])
        self.assertTrue(all(x['displayname'] for x in got))
        self.assertEqual([x['points'] for x in got], [100, -40, 7])
        replay = self.open(d, path(bob)).json()
        self.assertEqual(replay, got)
        d.restart()
        self.assertEqual(self.open(d, path(bob)).json(), got)
        ann.put('/api/v2/session/name', {'name': 'Annie'}).expect(self, 200)
        names = [x['displayname'] for x in self.open(d, path(bob)).json()]
        self.assertEqual(names, ['Annie', 'Annie', got[2]['displayname']])

    # --- who may ---

    def test_tickets(self):  # C2, CT9
        d = self.game(limits=True, log_level='debug')
        ann = self.player(d, 'ann')
        seen = [self.ticket(ann) for _ in range(3)]
        self.assertEqual(len(set(seen)), 3)
        for t in seen:
            self.assertRegex(t, r'^[\w-]{43}$')  # 256 bits
        answer = ann.post('/api/v2/stream/tickets').json
        self.assertLess(time.time(), seconds(answer['expires_at']))
        self.assertLess(seconds(answer['expires_at']), time.time() + 61)
        self.snapshot(self.open(d, f'/scorestream?ticket={seen[0]}'))
        self.refused(d, f'/scorestream?ticket={seen[0]}', 401)
        self.refused(d, '/scorestream', 401)
        self.refused(d, '/scorestream?token=' + 'A' * 54, 401)
        self.refused(d, f'/scorestream?ticket={ann.token}', 401)
        self.client(d).post('/api/v2/stream/tickets').expect(self, 401)
        got = [ann.post('/api/v2/stream/tickets') for _ in range(40)]
        self.assertIn(429, [r.status for r in got])
        passed = ann.get('/api/me').json['websocket_url'].rpartition('=')[2]
        d.restart()
        ann.close()
        self.refused(d, f'/scorestream?ticket={seen[1]}', 401)
        self.assertEqual(self.open(d, f'/scorestream?token={passed}').json(), [])
        self.assertEqual(d.stop(), 0)
        for secret in (*seen, passed, ann.token):
            self.assertNotIn(secret, d.log_text())

    def test_a_ticket_ends_with_its_minute_or_its_token(self):
        d = self.game()
        admin, ann = self.admin(d), self.player(d, 'ann')
        ticket, late = self.ticket(ann), self.ticket(admin)
        made = time.monotonic()
        ws = self.watch(d, ann)
        self.snapshot(ws)
        token = ann.get('/api/v2/whoami').json['token_id']
        admin.delete(f'/api/v2/tokens/{token}').expect(self, 200)
        self.assertEqual(ws.closed()[1].code, 1008)
        self.refused(d, f'/scorestream?ticket={ticket}', 401)
        time.sleep(max(0, made + 61 - time.monotonic()))
        self.refused(d, f'/scorestream?ticket={late}', 401)

    def test_a_session_and_its_streams(self):
        d = self.game()
        admin = self.admin(d)
        self.rules(d, sign_up=True)
        new = {'name': 'eve', 'password': 'correct horse'}
        r = self.client(d).post('/api/v2/sign-up', new).expect(self, 201)
        cookie = r.headers['set-cookie'].split(';')[0]
        c = self.client(d)
        head = {'Cookie': cookie, 'X-Berth-CSRF': '1'}
        ticket = c.post('/api/v2/stream/tickets', headers=head).expect(self, 200).json['ticket']
        ws = self.open(d, f'/scorestream?ticket={ticket}')
        self.snapshot(ws)
        events = Events(d.ports.http, '/api/v2/stream', {'Cookie': cookie})
        self.addCleanup(events.close)
        self.assertEqual(events.next()['event'], 'snapshot')
        c.post('/api/v2/stream/tickets', headers={'Cookie': cookie}).expect(self, 403)
        c.delete('/api/v2/session', headers=head).expect(self, 204, 200)
        self.assertEqual(ws.closed()[1].code, 1008)
        self.assertIsNone(events.next())
        bob = self.player(d, 'bob')
        ws = self.watch(d, bob)
        self.snapshot(ws)
        admin.patch(f'/api/v2/users/{bob.user["id"]}', {'standing': 'banned'}).expect(self, 200)
        self.assertEqual(ws.closed()[1].code, 1008)

    def test_origins(self):  # C3
        d = self.game()
        ann = self.player(d, 'ann')
        own = f'http://127.0.0.1:{d.ports.http}'
        ticket = self.ticket(ann)
        for foreign in ('https://evil.example', 'null', own.replace('http:', 'https:'),
                        own + '.evil.example', 'http://127.0.0.1'):
            self.refused(d, f'/scorestream?ticket={ticket}', 403, headers={'Origin': foreign})
        self.snapshot(self.open(d, f'/scorestream?ticket={ticket}', headers={'Origin': own}))
        self.snapshot(self.watch(d, ann))  # programs send none
        d.stop()
        d.settings.update(origins='https://ctf.example, http://other.example:81')
        d.start()
        ann.close()
        for fine in ('https://ctf.example', 'http://other.example:81'):
            self.snapshot(self.watch(d, ann, headers={'Origin': fine}))
        self.refused(d, f'/scorestream?ticket={self.ticket(ann)}', 403, headers={'Origin': own})
        d.stop()
        d.settings.update(origin_required='on')
        d.start()
        ann.close()
        self.refused(d, f'/scorestream?ticket={self.ticket(ann)}', 403)

    def test_handshakes_and_cursors(self):
        d = self.game()
        ann = self.player(d, 'ann')
        path = f'/scorestream?ticket={self.ticket(ann)}'
        self.assertEqual(self.refused(d, path, 426, headers={'Upgrade': None})['code'],
                         'upgrade_required')
        self.refused(d, path, 426, headers={'Sec-WebSocket-Version': '8'})
        self.refused(d, path, 400, headers={'Sec-WebSocket-Key': 'short'})
        for since in ('x', '-1', '1.5', '', '99999999999999999999', '1000000'):
            self.refused(d, f'{path}&since={since}', 400)
        self.snapshot(self.open(d, path))  # none of these has used it up
        ann.request('POST', '/scorestream').expect(self, 405)
        for since in ('x', '-1', '1000000'):
            ann.get('/api/v2/stream', query={'since': since}).expect(self, 400)

    def test_hidden_frozen_and_thawed(self):
        d = self.game()
        admin, ann, bob = self.admin(d), self.player(d, 'ann'), self.player(d, 'bob')
        staff, player = self.watch(d, admin), self.watch(d, bob)
        begin = self.snapshot(staff)['seq']
        self.snapshot(player)
        admin.patch(f'/api/v2/users/{ann.user["id"]}', {'standing': 'hidden'}).expect(self, 200)
        self.solve(ann)
        self.mark(admin, 'one')
        kinds = lambda ws, end: [f.get('event', f['type'])
                                 for f in ws.until(lambda f: f.get('title') == end)][:-1]
        self.assertEqual(kinds(player, 'one'), ['rescored'])
        self.assertEqual(kinds(staff, 'one'), ['rescored', 'solve'])
        time.sleep(0.01)
        moment = self.at(int(time.time() * 1000))
        time.sleep(0.01)
        self.rules(d, freeze_at=moment)
        self.solve(bob)
        bob.put('/api/v2/session/name', {'name': 'Bobby'}).expect(self, 200)
        self.mark(admin, 'two')
        self.assertEqual(kinds(player, 'two'), ['rules', 'name'])
        self.assertEqual(kinds(staff, 'two'), ['rules', 'solve', 'name'])
        self.assertEqual(kinds(self.watch(d, bob, begin), 'two'),
                         ['rescored', 'announcement', 'rules', 'name'])
        first = self.snapshot(self.watch(d, bob))
        self.assertEqual((first['accounts'], first['frozen_at']), ([], moment))
        self.assertEqual(len(self.snapshot(self.watch(d, admin))['accounts']), 1)
        with Events(d.ports.http, f'/api/v2/stream?since={begin}',
                    {'Authorization': f'Bearer {bob.token}'}) as events:
            got = [events.next()['event'] for _ in range(5)]
        self.assertEqual(got, ['system', 'announcement', 'system', 'name', 'announcement'])
        self.rules(d, freeze_at=None)
        self.mark(admin, 'three')
        self.assertEqual(kinds(player, 'three'), ['rules'])
        self.assertEqual(kinds(self.watch(d, bob, begin), 'three').count('solve'), 1)

    def test_a_reset_ends_all(self):  # B12, CTFG's system event
        d = self.game()
        admin, ann = self.admin(d), self.player(d, 'ann')
        self.solve(ann)
        path = ann.get('/api/me').json['websocket_url'].partition(str(d.ports.http))[2]
        ctfg, native = self.open(d, path), self.watch(d, ann)
        self.assertEqual(len(ctfg.json()), 1)
        self.snapshot(native)
        admin.post('/api/v2/game/reset', {'confirm': True}).expect(self, 200)
        got, end = native.closed()
        self.assertEqual([(f['type'], f['event'], f['logout']) for f in got],
                         [('system', 'reset', True)])
        self.assertEqual(end.code, 1008)
        got, end = ctfg.closed()
        ts = got[0].pop('ts')
        self.assertEqual(got, [{'type': 'system', 'event': 'reset', 'logout': True}])
        self.assertLess(abs(time.time() - ts / 1000), 60)
        self.assertIsNotNone(end.code)
        self.assertEqual(self.open(d, path).json(), [])
        self.assertEqual(self.snapshot(self.watch(d, ann))['accounts'], [])

    # --- clients of all kinds ---

    def test_the_silent_are_dropped_and_the_living_stay(self):  # C6
        d = self.game()
        admin, ann = self.admin(d), self.player(d, 'ann')
        dead = self.watch(d, ann, pongs=False, timeout=70)
        alive = [self.watch(d, ann, timeout=70) for _ in range(3)]
        began = time.monotonic()
        stop = threading.Event()

        def live(ws):
            ws.socket.settimeout(1)
            while not stop.is_set():
                try:
                    ws.text()
                except TimeoutError:
                    pass
        threads = [threading.Thread(target=live, args=(ws,)) for ws in alive]
        for t in threads:
            t.start()
        try:
            self.snapshot(dead)
            got, end = dead.closed()
            took = time.monotonic() - began
        finally:
            stop.set()
            for t in threads:
                t.join()
        self.assertEqual(got, [])
        self.assertGreater(took, 44)
        self.assertLess(took, 60)
        self.assertGreaterEqual(dead.pings, 2)
        self.mark(admin)
        for ws in alive:
            ws.socket.settimeout(20)
            self.assertEqual(ws.json()['title'], 'mark')
        poll(lambda: 'dropped_total{reason="silent"} 1' in self.client(d).get('/metrics').text, 10,
             'it to be counted')

    def test_a_slow_client_delays_nobody(self):  # C7
        d = self.game()
        admin, ann = self.admin(d), self.player(d, 'ann')
        slow = self.watch(d, ann, receive_buffer=4096)
        quick = self.watch(d, ann, timeout=60)
        self.snapshot(quick)
        late, text = [], 'x' * 900

        def write(i):
            client = admin.twin()
            for _ in range(1500):
                client.post('/api/v2/announcements', {'title': 't', 'text': text}).expect(self, 201)
        threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
        for t in threads:
            t.start()
        for _ in range(6000):
            f = quick.json()
            late.append(time.time() * 1000 - f['ts'])
        for t in threads:
            t.join()
        metrics = lambda: self.client(d).get('/metrics').text
        poll(lambda: 'berth_stream_dropped_total{reason="slow"} 1' in metrics(), 20,
             'the slow one to be dropped')
        late.sort()
        self.assertLess(late[len(late) // 2], 100, 'ms')
        self.assertLess(late[len(late) * 99 // 100], 500, 'ms, on a busy machine')
        self.mark(admin)
        self.assertEqual(quick.json()['title'], 'mark')
        slow.close()

    def test_clients_that_are_killed_change_no_result(self):  # C8, CT17
        d = self.game()
        players = [self.player(d, f'p{i}') for i in range(30)]
        watcher = self.watch(d, players[0])
        self.snapshot(watcher)
        stop = threading.Event()

        def kill(i):
            while not stop.is_set():
                ws = self.watch(d, players[i].twin())
                ws.socket.settimeout(0.05)
                try:
                    ws.text()
                except (TimeoutError, Closed):
                    pass
                ws.abort()
        killers = [threading.Thread(target=kill, args=(i,)) for i in range(3)]
        for t in killers:
            t.start()
        try:
            for p in players:
                for slug in ('easy', 'hard'):
                    self.solve(p, slug)
        finally:
            stop.set()
            for t in killers:
                t.join()
        totals = {}
        for _ in range(60):
            f = watcher.json()
            totals[f['account_id']] = f['total']
        self.assertEqual(set(totals.values()), {300})
        self.assertEqual(len(totals), 30)
        watchers = 'berth_watchers{transport="websocket"} 1\n'
        poll(lambda: watchers in self.client(d).get('/metrics').text, 20, 'the dead to be forgotten')

    def test_what_clients_send_is_bounded(self):
        d = self.game()
        ann = self.player(d, 'ann')
        ws = self.watch(d, ann)
        self.snapshot(ws)
        for _ in range(5):
            ws.send(TEXT, b'{"type": "ping"}')
        ws.send(TEXT, b'in ', fin=False)
        ws.send(PING, b'between')
        ws.send(0, b'pieces')
        self.assertEqual(ws.frame(), (PONG, b'between'))
        for bad, code in (((TEXT, b'x' * 5000), 1009), ((TEXT, b'\xff'), 1007), ((3, b''), 1002)):
            ws = self.watch(d, ann)
            self.snapshot(ws)
            ws.send(*bad)
            self.assertEqual(ws.closed()[1].code, code)
        ws = self.watch(d, ann)
        self.snapshot(ws)
        try:
            for _ in range(1000):
                ws.send(TEXT, b'flood')
        except OSError:
            pass
        try:
            self.assertIn(ws.closed()[1].code, (1008, None))
        except ConnectionError:
            pass
        poll(lambda: 'dropped_total{reason="flood"} 1' in self.client(d).get('/metrics').text, 10,
             'the flooder to be dropped')

    def test_places(self):
        d = self.game(max_watchers=6, user_watchers=4)
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        mine = [self.watch(d, ann) for _ in range(4)]
        for ws in mine:
            self.snapshot(ws)
        self.refused(d, f'/scorestream?ticket={self.ticket(ann)}', 429)
        bobs = [self.watch(d, bob) for _ in range(2)]
        self.refused(d, f'/scorestream?ticket={self.ticket(bob)}', 503)
        bob.get('/api/v2/stream').expect(self, 503)
        bobs[0].close()
        poll(lambda: 'berth_watchers{transport="websocket"} 5\n' in self.client(d).get('/metrics').text,
             10, 'a place')
        self.snapshot(self.watch(d, bob))

    def test_a_stop_is_told(self):  # J8
        d = self.game()
        ann = self.player(d, 'ann')
        sockets = [self.watch(d, ann) for _ in range(5)]
        events = Events(d.ports.http, '/api/v2/stream', {'Authorization': f'Bearer {ann.token}'})
        self.addCleanup(events.close)
        for ws in sockets:
            self.snapshot(ws)
        self.assertEqual(events.next()['event'], 'snapshot')
        began = time.monotonic()
        self.assertEqual(d.stop(), 0)
        self.assertLess(time.monotonic() - began, 20)
        for ws in sockets:
            self.assertEqual(ws.closed()[1].code, 1001)
        self.assertIsNone(events.next())

    # --- server-sent events ---

    def test_events_and_ones_own_leases(self):
        d = self.game({'easy': static('easy'), 'web': challenge_yaml('web')})
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        listen = lambda c, path='/api/v2/stream', **headers: Events(
            d.ports.http, path, {'Authorization': f'Bearer {c.token}', **headers})
        with listen(ann) as mine, listen(bob) as other:
            self.assertEqual(mine.headers['content-type'], 'text/event-stream')
            self.assertEqual(mine.next()['event'], 'snapshot')
            self.assertEqual(other.next()['event'], 'snapshot')
            ann.start('web').expect(self, 202)
            states = []
            while states[-1:] != ['running']:
                got = mine.next()
                self.assertEqual(got['event'], 'lease')
                self.assertNotIn('id', got)
                states.append(json.loads(got['data'])['state'])
            lease = json.loads(got['data'])
            self.assertEqual(lease['endpoints'],
                             ann.lease(lease['id']).json['endpoints'])
            self.solve(ann)
            got, of_bob = mine.next(), other.next()
            while got['event'] == 'lease':  # a lease is told as it is by then: perhaps again
                self.assertEqual(json.loads(got['data'])['state'], 'running')
                got = mine.next()
            self.assertEqual((got['event'], got), ('solve', of_bob))
            self.assertEqual(got['id'], str(json.loads(got['data'])['seq']))
        self.solve(bob)
        with listen(ann, **{'Last-Event-ID': got['id']}) as again:
            self.assertEqual(json.loads(again.next()['data'])['account_id'], bob.user['id'])


class StreamOnPostgres(Stream):
    on_postgres = True
    # These take a minute, and no store.
    test_a_ticket_ends_with_its_minute_or_its_token = None
    test_the_silent_are_dropped_and_the_living_stay = None

    def test_what_another_daemon_writes(self):
        store = harness.postgres_store(self)
        a = self.game(store=store, worker='a')
        b = self.daemon(store=store, worker='b', limits=False)
        os.makedirs(b.settings['var'], exist_ok=True)
        for name in ('master.key', 'audit.key'):
            shutil.copy2(os.path.join(a.settings['var'], name), b.settings['var'])
        b.token = a.token
        b.start()
        ann, admin = self.player(a, 'ann'), self.admin(a)
        there = self.client(b, ann.token)
        poll(lambda: there.get('/api/v2/whoami').status == 200, 10, 'B to know the token')
        here, there = self.watch(a, ann), self.watch(b, there)
        self.snapshot(here)
        self.snapshot(there)
        self.solve(ann)
        ann.post('/api/v2/challenges/easy/hints/1').expect(self, 200)
        self.solve(self.player(b, 'bob'))
        self.award(admin, 'ann', 3)
        self.mark(admin)
        mine = [here.text() for _ in range(5)]
        self.assertEqual([there.text() for _ in range(5)], mine)
        first = json.loads(mine[0])['seq']
        again = self.watch(b, self.client(b, ann.token), first)
        self.assertEqual([again.text() for _ in range(4)], mine[1:])
        # A stream at one daemon ends when its token is revoked at the other.
        token = ann.get('/api/v2/whoami').json['token_id']
        admin.delete(f'/api/v2/tokens/{token}').expect(self, 200)
        self.assertEqual(there.closed()[1].code, 1008)


if __name__ == '__main__':
    harness.need_postgres()
    harness.main()
