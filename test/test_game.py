"""
The game: accounts, flags, hints, teams, the board, the judge, the reset.  Each on SQLite and on
PostgreSQL.
"""
import json, time, urllib.parse

import harness
from client import Client, poll
from harness import challenge_yaml, parallel

HINTS = 'hints: [{content: first, cost: 40}, {content: second, cost: 40}]\n'


def static(slug, value=100, flag=None, extra=''):
    return (f'name: {slug.title()}\nslug: {slug}\ncategory: test\nvalue: {value}\nstate: visible\n'
            f'flags: ["{flag or "F{%s}" % slug}"]\n' + extra)


class Game(harness.Case):
    on_postgres = False

    def game(self, *args, **more):
        if self.on_postgres:
            more.setdefault('store', harness.postgres_store(self))
        return super().game(*args, **more)

    def submit(self, client, slug, flag=None):
        return client.post('/api/v2/submissions',
                           {'challenge': slug, 'flag': flag or 'F{%s}' % slug})

    def result(self, client, slug, flag=None, status=200):
        return self.submit(client, slug, flag).expect(self, status).json['result']

    def points(self, client):
        return client.get('/api/v2/session').expect(self, 200).json['points']

    def rules(self, daemon, **rules):
        return self.admin(daemon).patch('/api/v2/game', rules).expect(self, 200).json

    def board(self, client, **query):
        return client.get('/api/v2/scoreboard', query=query).expect(self, 200).json

    def browser(self, daemon):
        """A client that keeps its cookie, as a page of ours has it."""
        c = self.client(daemon)
        plain = c.request

        def request(method, path, body=None, query=None, headers=None):
            head = {'X-Berth-CSRF': '1', **({'Cookie': c.cookie} if c.cookie else {})}
            r = plain(method, path, body, query, {**head, **(headers or {})})
            if 'set-cookie' in r.headers:
                c.cookie = r.headers['set-cookie'].split(';')[0]
            return r
        c.cookie, c.request = None, request
        return c

    # --- accounts ---

    def test_sign_up_sign_in_and_out(self):  # A3, A4, A6, A7
        d = self.game({'easy': static('easy')})
        b = self.browser(d)
        new = {'name': 'ann', 'password': 'correct horse', 'display_name': 'Ann'}
        b.post('/api/v2/sign-up', new).expect_problem(self, 403, 'forbidden')
        self.rules(d, sign_up=True)
        b.post('/api/v2/sign-up', {**new, 'password': '7 bytes'}).expect(self, 400)
        b.post('/api/v2/sign-up', new).expect(self, 201)
        self.browser(d).post('/api/v2/sign-up', new).expect(self, 409)
        self.assertEqual(self.result(b, 'easy'), 'correct')
        d.restart()
        b.close()
        seen = b.get('/api/v2/session').expect(self, 200).json
        self.assertEqual((seen['account']['name'], seen['points']), ('Ann', 100))
        old = self.browser(d)
        old.cookie = b.cookie
        b.put('/api/v2/session/password',
              {'old': 'correct horse', 'new': 'battery staple'}).expect(self, 200)
        b.get('/api/v2/session').expect(self, 200)
        old.get('/api/v2/session').expect(self, 401)
        login = lambda password: self.browser(d).post('/api/v2/session',
                                                      {'name': 'ann', 'password': password})
        login('correct horse').expect_problem(self, 401, 'unauthenticated')
        login('battery staple').expect(self, 200)
        old.cookie = b.cookie
        b.delete('/api/v2/session').expect(self, 204)
        old.get('/api/v2/session').expect(self, 401)
        stored = d.sql("SELECT password FROM app_user WHERE name = 'ann'")[0][0]
        self.assertTrue(stored.startswith('$argon2id$v=19$m=19456,t=2,p=1$'), stored)

    def test_two_cannot_take_one_name(self):  # A8, CT12
        d = self.game(limits=False)
        admin = self.admin(d)
        pair = [self.player(d, n, admin) for n in ('ann', 'bob')]
        for run in range(100):
            got = parallel(2, lambda i: pair[i].put('/api/v2/session/name',
                                                    {'name': f'Name {run}' if i else f'NAME  {run}'}))
            self.assertEqual(sorted(r.status for r in got), [200, 409])
        name = lambda text: pair[0].put('/api/v2/session/name', {'name': text}).status
        for bad in ('x', 'y' * 31, 'admin', 'The Admin', 'aaaaa', '<b>', 'tab\tand\x07bell'):
            self.assertEqual(name(bad), 400, bad)
        for good in ('Modern', 'Beetroot', 'z1' * 15, "O'Neill (2)", 'Zoë'):
            self.assertEqual(name(good), 200, good)

    def test_a_team_shares_what_it_does(self):  # A12
        d = self.game({'easy': static('easy'), 'web': challenge_yaml('web')})
        self.rules(d, mode='team', team_size=2)
        ann, bob, eve = (self.player(d, n) for n in ('ann', 'bob', 'eve'))
        self.submit(ann, 'easy').expect_problem(self, 403, 'forbidden')
        team = ann.post('/api/v2/team', {'name': 'Reds'}).expect(self, 201).json
        bob.post('/api/v2/team/join', {'invite': team['invite']}).expect(self, 200)
        eve.post('/api/v2/team/join', {'invite': team['invite']}).expect_problem(self, 409, 'quota_exceeded')
        eve.post('/api/v2/team', {'name': 'reds'}).expect(self, 409)
        eve.post('/api/v2/team', {'name': 'Blues'}).expect(self, 201)
        lease = self.start_running(ann, 'web')
        self.assertEqual(bob.lease(lease['id']).expect(self, 200).json['id'], lease['id'])
        bob.extend(lease['id']).expect(self, 200)
        eve.lease(lease['id']).expect(self, 404)
        eve.extend(lease['id']).expect(self, 404)
        bob.stop(lease['id']).expect(self, 200, 202)
        self.assertEqual(self.result(bob, 'easy'), 'correct')
        self.assertEqual(self.result(ann, 'easy'), 'already_solved')
        self.assertEqual(self.points(ann), 100)
        ann.post('/api/v2/team/leave').expect_problem(self, 409, 'conflict')
        row = self.board(eve)['items'][0]
        self.assertEqual((row['kind'], row['name'], row['score']), ('team', 'Reds', 100))
        self.admin(d).patch('/api/v2/game', {'mode': 'user'}).expect(self, 409)

    def test_a_judge_says_who_solved(self):  # A13, CT8
        d = self.game({'easy': static('easy')})
        self.player(d, 'ann')
        id = self.admin(d).get('/api/v2/challenges/easy').json['id']
        judge = self.client(d)

        def award(token, body):
            return judge.post('/api/award', body, headers={'Authorization': token})
        self.assertEqual(award(d.token, {'username': 'ann', 'id': str(id)}).expect(self, 200).json,
                         {'result': 'ok'})
        self.assertEqual(award(d.token, {'username': 'ann', 'id': id}).json, {'result': 'already_solved'})
        self.assertEqual(award('brt_wrong', {'username': 'ann', 'id': id}).status, 401)
        self.assertEqual(judge.post('/api/award', {'username': 'ann', 'id': id}).status, 401)
        self.assertEqual(award(d.token, {'username': 'ann', 'id': 99}).expect(self, 400).json['error'],
                         'unknown_id')
        self.assertEqual(d.sql('SELECT count(*) FROM solve'), [(1,)])

    # --- flags and hints ---

    def test_of_100_right_ones_at_once_one_counts(self):  # B6
        d = self.game({'easy': static('easy')}, limits=False)
        p = self.player(d, 'ann')
        got = parallel(100, lambda i: self.result(p.twin(), 'easy'))
        self.assertEqual((got.count('correct'), got.count('already_solved')), (1, 99))
        self.assertEqual((self.points(p), d.sql('SELECT count(*) FROM solve')), (100, [(1,)]))
        self.assertEqual(self.actions(d)['solved'], 1)

    def test_a_wrong_one_is_sealed_and_never_logged(self):  # B7, CT18
        d = self.game({'easy': static('easy')}, log_level='debug')
        p = self.player(d, 'ann')
        self.assertEqual(self.result(p, 'easy', 'F{nearly-right}'), 'incorrect')
        self.assertEqual(self.result(p, 'easy'), 'correct')
        for word in ('nearly-right', 'F{easy}'):
            self.assertNotIn(word, d.log_text())
        rows = repr(d.sql('SELECT * FROM submission') + d.sql('SELECT * FROM event') +
                    d.sql('SELECT * FROM challenge'))
        for word in ('nearly-right', 'F{easy}'):
            self.assertNotIn(word, rows)
        seen = self.admin(d).get('/api/v2/submissions').json['items']
        self.assertEqual([s['text'] for s in seen], [None, 'F{nearly-right}'])
        self.assertEqual(p.get('/api/v2/submissions').status, 403)

    def test_the_flag_of_an_instance_is_its_owners(self):  # B3
        d = self.game({'web': challenge_yaml('web')})
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        mine = self.start_running(ann, 'web')
        flag = d.flag_of(mine['id'], 'CTF{web_<hex>}')
        self.assertEqual(self.result(bob, 'web', flag), 'incorrect')
        row = self.admin(d).get('/api/v2/submissions').json['items'][0]
        self.assertEqual(row['flag_of'], f'user:{ann.user["id"]}')
        ann.stop(mine['id'], wait=30).expect(self, 200)
        self.assertEqual(self.result(ann, 'web', flag), 'correct')  # within its grace
        d.restart()
        self.assertEqual(self.result(bob, 'web', flag), 'incorrect')

    def test_what_is_to_be_solved_first(self):  # B4, CT6
        d = self.game({'easy': static('easy'),
                       'hard': challenge_yaml('hard') + 'requirements: [easy]\nflags: ["F{hard}"]\n' + HINTS})
        p = self.player(d, 'ann')
        self.assertEqual([c['slug'] for c in p.get('/api/v2/challenges').json['items']], ['easy'])
        p.get('/api/v2/challenges/hard').expect_problem(self, 403, 'locked')
        self.assertEqual(self.result(p, 'hard', status=403), 'locked')
        p.post('/api/v2/challenges/hard/hints/1').expect_problem(self, 403, 'locked')
        p.start('hard').expect_problem(self, 403, 'locked')
        for table in ('submission', 'hint_unlock', 'instance'):
            self.assertEqual(d.sql(f'SELECT count(*) FROM {table}'), [(0,)], table)
        self.assertEqual(self.result(p, 'easy'), 'correct')
        self.start_running(p, 'hard')
        self.assertEqual(self.result(p, 'hard'), 'correct')

    def test_hints_never_take_a_total_below_zero(self):  # B8, CT7
        many = {f'c{i}': static(f'c{i}', extra=HINTS) for i in range(10)}
        d = self.game(many, limits=False)
        p = self.player(d, 'ann')
        p.post('/api/v2/challenges/c0/hints/1').expect_problem(self, 402, 'insufficient_points')
        self.assertEqual(self.result(p, 'c0'), 'correct')
        p.post('/api/v2/challenges/c0/hints/2').expect_problem(self, 403, 'locked')
        got = parallel(100, lambda i: p.twin().post(f'/api/v2/challenges/c{i % 10}/hints/1'))
        good = [r.json for r in got if r.status == 200]
        self.assertEqual(len(good), 2, 'that is what 100 points pay for')
        self.assertEqual({h['text'] for h in good}, {'first'})
        self.assertEqual(self.points(p), 20)
        self.assertLessEqual({r.status for r in got}, {200, 400, 402})
        bought = d.sql('SELECT challenge_id FROM hint_unlock')[0][0]
        p.post(f'/api/v2/challenges/{bought}/hints/1').expect_problem(self, 400, 'already_done')

    def test_a_hint_is_no_solve_after_a_restart(self):  # B9, CT1
        d = self.game({'easy': static('easy'), 'more': static('more', extra=HINTS),
                       'last': static('last', extra='requirements: [more]\n')})
        p = self.player(d, 'ann')
        self.result(p, 'easy')
        p.post('/api/v2/challenges/more/hints/1').expect(self, 200)
        d.restart()
        p.close()
        seen = {c['slug']: c for c in p.get('/api/v2/challenges').json['items']}
        self.assertEqual((set(seen), seen['more']['solved']), ({'easy', 'more'}, False))
        self.assertEqual((self.points(p), self.result(p, 'more')), (60, 'correct'))

    # --- the board ---

    def test_bloods_deadlines_and_the_freeze(self):  # B10
        d = self.game({'easy': static('easy'), 'more': static('more')})
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        at = lambda s: time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + s))
        self.rules(d, starts_at=at(60))
        self.assertEqual(self.result(ann, 'easy', status=403), 'not_started')
        self.rules(d, starts_at=None, ends_at=at(-60))
        self.assertEqual(self.result(ann, 'easy', status=403), 'ended')
        self.rules(d, ends_at=None, blood_bonus_percent=[10, 5])
        first = self.submit(ann, 'easy').expect(self, 200).json
        second = self.submit(bob, 'easy').expect(self, 200).json
        self.assertEqual([(r['blood'], r['points']) for r in (first, second)], [(1, 110), (2, 105)])
        time.sleep(1.1)  # the freeze is told in whole seconds
        before = self.board(bob)
        self.rules(d, freeze_at=at(0))
        self.assertEqual(self.result(ann, 'more'), 'correct')
        for client, rows in ((bob, [110, 105]), (self.admin(d), [220, 105])):
            self.assertEqual([i['score'] for i in self.board(client)['items']], rows)
        self.assertEqual(self.board(bob)['challenges'], before['challenges'])
        d.restart()
        bob.close()
        self.assertEqual([i['score'] for i in self.board(bob)['items']], [110, 105])
        self.assertTrue(self.board(bob)['frozen_at'])
        # A correction reaches the frozen board, too.
        self.admin(d).patch(f'/api/v2/users/{ann.user["id"]}', {'standing': 'hidden'}).expect(self, 200)
        self.assertEqual([i['score'] for i in self.board(bob)['items']], [110])  # bob's is first blood now
        self.rules(d, freeze_at=None)
        self.assertEqual([i['score'] for i in self.board(bob)['items']], [110])

    def test_ties_go_to_the_earlier_score_and_not_hint(self):  # CT13
        d = self.game({'a': static('a', extra=HINTS), 'b': static('b')})
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        for c in (ann, bob):
            self.result(c, 'a')
        self.admin(d).post('/api/v2/awards', {'user': 'bob', 'value': -40, 'reason': 'late'}).expect(self, 201)
        time.sleep(0.01)
        ann.post('/api/v2/challenges/a/hints/1').expect(self, 200)
        rows = self.board(ann)['items']
        self.assertEqual([(r['account_id'], r['score']) for r in rows],
                         [(ann.user['id'], 60), (bob.user['id'], 60)])

    def test_dynamic_values_follow_the_solves(self):
        text = ('name: Dyn\nslug: dyn\ntype: dynamic\nextra: {initial: 500, minimum: 100, decay: 4, '
                'function: linear}\nflags: ["F{dyn}"]\nstate: visible\n')
        d = self.game({'dyn': text})
        people = [self.player(d, f'p{i}') for i in range(4)]
        for c in people:
            self.assertEqual(self.result(c, 'dyn'), 'correct')
        value = lambda: people[0].get('/api/v2/challenges/dyn').json['value']
        self.assertEqual((value(), self.points(people[0])), (500 - 4 * 3, 488))
        admin = self.admin(d)
        admin.patch(f'/api/v2/users/{people[3].user["id"]}', {'standing': 'banned'}).expect(self, 200)
        self.assertEqual((value(), self.points(people[0])), (492, 492))
        people[3].get('/api/v2/session').expect(self, 403)
        self.assertEqual(len(self.board(people[0])['items']), 3)

    # --- beginning anew, and CTFG's pages ---

    def test_a_reset_forgets_all(self):  # B12, CT2, CT3
        d = self.game({'easy': static('easy', extra=HINTS)})
        self.rules(d, sign_up=True)
        b = self.browser(d)
        b.post('/api/v2/sign-up', {'name': 'ann', 'password': 'correct horse',
                                   'display_name': 'Ann'}).expect(self, 201)
        self.result(b, 'easy')
        form = lambda token: self.client(d).post(
            '/admin/reset', urllib.parse.urlencode({'token': token, 'confirm': 'yes'}).encode(),
            headers={'Content-Type': 'application/x-www-form-urlencoded'}).status
        self.assertEqual(form('wrong'), 401)
        self.assertEqual(form(d.token), 200)
        b.get('/api/v2/session').expect(self, 401)
        b.cookie = None
        b.post('/api/v2/session', {'name': 'ann', 'password': 'correct horse'}).expect(self, 200)
        seen = b.get('/api/v2/session').json
        self.assertEqual((seen['points'], seen['user']['display_name']), (0, None))
        b.post('/api/v2/challenges/easy/hints/1').expect_problem(self, 402, 'insufficient_points')
        for table in ('submission', 'solve', 'hint_unlock', 'award'):
            self.assertEqual(d.sql(f'SELECT count(*) FROM {table}'), [(0,)], table)
        self.assertEqual([form('wrong') for _ in range(4)].count(429), 1, 'five a minute')
        done = d.verify()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_answers_to_ctfgs_clients_are_objects(self):  # CT4
        d = self.game({'easy': static('easy', extra=HINTS)})
        p = self.player(d, 'ann')
        id = p.get('/api/v2/challenges/easy').json['id']
        for body, want in (({'id': id, 'flag': 'no'}, {'result': 'incorrect'}),
                           ({'id': id, 'flag': 'F{easy}'}, {'result': 'correct', 'points': 100, 'total': 100}),
                           ({'id': id, 'flag': 'F{easy}'}, {'result': 'already_solved', 'total': 100})):
            self.assertEqual(p.post('/api/submit', body).expect(self, 200).json, want)
        self.assertEqual(p.post('/api/submit', {'id': 99, 'flag': 'x'}).expect(self, 400).json['error'],
                         'unknown_id')
        self.assertEqual(p.get('/api/challenges').json[0]['solved'], True)
        self.assertEqual(p.post('/api/hint', {'id': id, 'hint_id': 1}).json,
                         {'result': 'ok', 'text': 'first'})

    def test_pages_are_served_and_seen_anew(self):  # CT16, D8
        pages = self.folder()
        files = {'index.html': '<!DOCTYPE html><p>one', 'js/app.js': 'one()', 'css/a.css': 'p{}',
                 'images/b.png': 'PNG', 'secret': 'no'}
        for name, text in files.items():
            harness.write_file(f'{pages}/{name}', text)
        d = self.game(pages=pages)
        c = self.client(d)
        self.assertIn('one', c.get('/').expect(self, 200).text)
        r = c.get('/js/app.js').expect(self, 200)
        self.assertEqual(r.headers['content-type'], 'text/javascript; charset=utf-8')
        self.assertEqual(r.headers['cache-control'], 'no-cache')
        tag = {'If-None-Match': r.headers['etag']}
        c.get('/js/app.js', headers=tag).expect(self, 304)
        harness.write_file(f'{pages}/js/app.js', 'two()')
        self.assertEqual(c.get('/js/app.js', headers=tag).expect(self, 200).text, 'two()')
        self.assertIn("default-src 'self'", c.get('/').headers['content-security-policy'])
        for bad in ('/js/../secret', '/js/%2e%2e/secret', '/js/%2e%2e%2fsecret', '/js/..%5csecret',
                    '/secret', '//secret', '/js//etc/passwd', '/css/app.js', '/js/.hidden'):
            self.assertIn(c.get(bad).status, (400, 404), bad)

    def test_a_foreign_page_changes_nothing(self):  # I6
        d = self.game({'easy': static('easy')})
        self.rules(d, sign_up=True)
        b = self.browser(d)
        b.post('/api/v2/sign-up', {'name': 'ann', 'password': 'correct horse'}).expect(self, 201)
        body = {'challenge': 'easy', 'flag': 'F{easy}'}
        b.post('/api/v2/submissions', body, headers={'X-Berth-CSRF': ''}).expect(self, 403)
        b.post('/api/v2/submissions', body, headers={'Origin': 'https://evil.example'}).expect(self, 403)
        b.post('/api/submit', b'id=1&flag=x', headers={
            'Content-Type': 'application/x-www-form-urlencoded'}).expect(self, 415)
        self.assertEqual(d.sql('SELECT count(*) FROM submission'), [(0,)])
        b.post('/api/v2/submissions', body,
               headers={'Origin': f'http://127.0.0.1:{d.ports.http}'}).expect(self, 200)


class GameOnPostgres(Game):
    on_postgres = True


if __name__ == '__main__':
    harness.need_postgres()
    harness.main()
