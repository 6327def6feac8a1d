"""
Watching over the game: shared flags and what else two accounts have in common are found, told to
organisers and judged by them in a log that cannot be rewritten; a challenge that cannot be started or
solved is told to be broken.  On SQLite and on PostgreSQL.
"""
import hashlib, hmac, json, os, sqlite3

import harness
from client import poll
from harness import challenge_yaml

FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
FOUND_S = 30  # it is looked for every 5 s


def quiz(slug):
    """A challenge without an instance."""
    return (f'name: {slug}\nslug: {slug}\ncategory: test\ndescription: For a test.\nvalue: 100\n'
            'state: visible\nflags:\n  - CTF{right}\n')


class Watching(harness.Case):
    def settings(self):
        return {}

    def play(self, challenges, options='', **more):
        return self.game(challenges, options, **self.settings(), **more)

    def submit(self, player, challenge, flag, agent=FIREFOX):
        r = player.post('/api/v2/submissions', {'challenge': challenge, 'flag': flag},
                        headers={'User-Agent': agent} if agent else {})
        return r.expect(self, 200).json['result']

    def suspicions(self, d, **filters):
        return self.pages(self.admin(d), '/api/v2/suspicions', **filters)

    def await_suspicions(self, d, n, **filters):
        return poll(lambda: [s for s in [self.suspicions(d, **filters)] if len(s) == n], FOUND_S,
                    f'{n} suspicions {filters}', every=0.2)[0]

    def wait_looks(self, d, n=2):
        """Until it has been looked again some times: what is handed in now is found then."""
        for i in range(n):
            a, b = self.player(d, f'mark{i}a'), self.player(d, f'mark{i}b')
            for p in (a, b):
                self.submit(p, 'mark', f'CTF{{mark {i}}}')
            self.await_suspicions(d, 1, account=f'user:{a.user["id"]}')

    def flag_of(self, d, lease, player, generation=1):
        """What the instance was given: the fake engine does not show it, but it can be derived."""
        with open(os.path.join(d.settings['var'], 'master.key')) as f:
            master = bytes.fromhex(f.read().strip())

        def mac(key, text):
            return hmac.new(key, text.encode(), hashlib.sha256).digest()
        place = f'{lease["challenge_id"]}/user/{player.user["id"]}/{generation}/0'
        return 'CTF{alpha_%s}' % mac(mac(master, 'berth flag key/1'), place)[:3].hex()

    # --- shared flags ---

    def test_anothers_flag_is_wrong_and_raises_an_alert(self):
        d = self.play(['alpha'])
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        lease = self.start_running(ann, 'alpha')
        flag = self.flag_of(d, lease, ann)
        self.assertEqual(self.submit(bob, 'alpha', flag), 'incorrect')
        [s] = self.suspicions(d)  # at once: it is of the same transaction
        self.assertEqual((s['certainty'], s['risk'], s['signals'], s['verdict'], s['challenge']),
                         (1, 'high', ['shared_flag'], 'pending', 'alpha'))
        self.assertEqual({s['one']['account_id'], s['other']['account_id']},
                         {ann.user['id'], bob.user['id']})
        whole = self.admin(d).get(f'/api/v2/suspicions/{s["id"]}').expect(self, 200).json
        [evidence] = whole['evidence']
        self.assertIsNone(evidence['one_submission'], 'it was ann\'s flag')
        self.assertIsInstance(evidence['other_submission'], int)
        self.organisers_see_it_on_the_command_line(d, s['id'], bob)
        self.assertEqual(self.submit(bob, 'alpha', flag), 'incorrect')
        self.assertEqual(self.submit(ann, 'alpha', flag), 'correct')
        [event] = self.events(d, action='suspicion_found')
        self.assertEqual(event['detail']['certainty'], 100)
        self.assertEqual({event['detail']['one'], event['detail']['other']},
                         {f'user:{p.user["id"]}' for p in (ann, bob)})
        self.assertNotIn(flag, json.dumps(self.events(d)) + json.dumps(whole) + d.log_text())
        # Nobody is punished, and no player is told.
        self.assertEqual(self.events(d, action='user_changed'), [])
        for p in (ann, bob):
            p.get('/api/v2/suspicions').expect_problem(self, 403, 'forbidden')
            p.get(f'/api/v2/suspicions/{s["id"]}').expect_problem(self, 403, 'forbidden')
        d.kill()
        d.start()
        self.assertEqual(len(self.suspicions(d)), 1)

    def organisers_see_it_on_the_command_line(self, d, number, player):
        self.assertRegex(d.cli('suspicion', 'list', '--verdict', 'pending').stdout,
                         rf'^{number}\talpha\t\S.*\t1\.00\tshared_flag\tpending\n$')
        self.assertIn('\tshared_flag\t-\t', d.cli('suspicion', 'show', str(number)).stdout)
        d.cli('suspicion', 'review', str(number), 'suspicious', 'ask them')
        whole = json.loads(d.cli('suspicion', 'show', str(number), '--json').stdout)
        self.assertEqual((whole['verdict'], whole['notes']), ('suspicious', 'ask them'))
        self.assertEqual(d.cli('suspicion', 'list', '--verdict', 'pending').stdout, '')
        self.assertEqual(d.cli('suspicion', 'list', token=player.token).returncode, 6)
        self.assertRegex(d.cli('challenge', 'health').stdout, r'^alpha\tHEALTHY\t100\t')

    # --- what submissions have in common ---

    def test_the_same_wrong_answer_from_one_address(self):
        """Test 4 of CRE's guide."""
        d = self.play({'quiz': quiz('quiz'), 'other': quiz('other')})
        ann, bob, eve = (self.player(d, n) for n in ('ann', 'bob', 'eve'))
        self.assertEqual(self.submit(ann, 'quiz', 'CTF{alm0st}'), 'incorrect')
        self.assertEqual(self.submit(bob, 'quiz', ' ctf{ALM0ST} '), 'incorrect')
        [s] = self.await_suspicions(d, 1)
        self.assertEqual((s['certainty'], s['risk']), (1, 'high'))
        self.assertEqual(s['signals'], ['same_address', 'same_wrong_answer', 'similar_agent',
                                        'close_in_time'])
        self.submit(ann, 'other', 'CTF{nearly}', agent='curl/8.0')
        self.submit(eve, 'other', 'CTF{nearly}', agent=None)
        [s] = self.await_suspicions(d, 1, challenge='other')
        self.assertEqual((s['certainty'], len(s['signals'])), (0.8, 3))
        self.assertEqual(self.suspicions(d, risk='medium'), [])
        self.assertEqual(len(self.suspicions(d, account=f'user:{ann.user["id"]}')), 2)
        d.restart()  # what is found again is told once
        late = self.player(d, 'late')
        for p in (bob, late):
            self.submit(p, 'other', 'CTF{once more}')
        self.await_suspicions(d, 1, account=f'user:{late.user["id"]}')
        self.assertEqual(len(self.events(d, action='suspicion_found')), 3)
        text = json.dumps(self.events(d)) + json.dumps(self.suspicions(d))
        for secret in ('alm0st', 'ALM0ST', 'nearly', '127.0.0.1', 'Firefox', 'curl'):
            self.assertNotIn(secret, text)

    def test_neighbours_are_no_suspicion(self):
        d = self.play({'quiz': quiz('quiz'), 'mark': quiz('mark')}, limits=False)
        hall = [self.player(d, f'p{i}') for i in range(6)]
        for i, p in enumerate(hall):  # one address, one browser, one minute
            self.assertEqual(self.submit(p, 'quiz', f'CTF{{guess {i}}}'), 'incorrect')
            self.assertEqual(self.submit(p, 'quiz', 'flag'), 'incorrect')  # anybody's guess
            self.assertEqual(self.submit(p, 'quiz', 'x'), 'incorrect')
            self.assertEqual(self.submit(p, 'quiz', 'CTF{right}'), 'correct')
        self.wait_looks(d)
        self.assertEqual(self.suspicions(d, challenge='quiz'), [])
        # An event that wants to know of neighbours is told.
        self.admin(d).patch('/api/v2/game', {'suspicion_threshold': 50}).expect(self, 200)
        self.submit(self.player(d, 'late'), 'quiz', 'CTF{late}', agent=None)
        found = poll(lambda: self.suspicions(d, challenge='quiz'), FOUND_S, 'neighbours', every=0.2)
        self.assertEqual({s['certainty'] for s in found}, {0.5})
        self.assertEqual({s['risk'] for s in found}, {'medium'})

    # --- verdicts ---

    def test_verdicts_cannot_be_rewritten(self):
        d = self.play(['alpha'])
        ann, bob, admin = self.player(d, 'ann'), self.player(d, 'bob'), self.admin(d)
        self.submit(bob, 'alpha', self.flag_of(d, self.start_running(ann, 'alpha'), ann))
        id_ = self.suspicions(d)[0]['id']
        path = f'/api/v2/suspicions/{id_}'
        for verdict, notes in (('suspicious', 'they are "brothers"'), ('confirmed', 'they said so'),
                               ('innocent', '')):
            r = admin.put(path + '/review', {'verdict': verdict, 'notes': notes}).expect(self, 200)
            self.assertEqual((r.json['verdict'], r.json['reviewed_by']), (verdict, 'admin'))
        bob.put(path + '/review', {'verdict': 'innocent'}).expect_problem(self, 403, 'forbidden')
        admin.put(path + '/review', {'verdict': 'pending'}).expect_problem(self, 400, 'invalid')
        history = admin.get(path).expect(self, 200).json['history']
        self.assertEqual([(h['verdict'], h['before']) for h in history],
                         [('innocent', 'confirmed'), ('confirmed', 'suspicious'),
                          ('suspicious', 'pending')])
        self.assertEqual(history[2]['notes'], 'they are "brothers"')
        self.assertEqual([h['seq'] for h in reversed(history)],
                         [e['seq'] for e in self.events(d, action='suspicion_reviewed')])
        self.assertEqual(d.stop(), 0)
        done = d.verify()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        if d.store.startswith('sqlite:'):
            self.rewrite(d, history[1]['seq'])

    def rewrite(self, d, seq):
        """Who changes a verdict in the store is found."""
        db = sqlite3.connect(d.store.partition(':')[2])
        with db:
            db.execute("UPDATE event SET detail = replace(detail, 'confirmed', 'innocent')"
                       ' WHERE seq = ?', (seq,))
        db.close()
        done = d.verify()
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(json.loads(done.stdout)['first_bad_seq'], seq)

    # --- health ---

    def health(self, d, slug):
        return self.admin(d).get(f'/api/v2/challenges/{slug}/health').expect(self, 200).json

    def await_state(self, d, slug, state):
        return poll(lambda: [h for h in [self.health(d, slug)] if h['state'] == state], FOUND_S,
                    f'{slug} to be {state}', every=0.2)[0]

    def test_starts_that_fail_break_a_challenge(self):
        d = self.play(['alpha'], 'fail_start=100')
        players = [self.player(d, f'p{i}') for i in range(3)]
        for p in players:
            p.post('/api/v2/instances', {'challenge': 'alpha'}, query={'wait': 60})
        h = self.await_state(d, 'alpha', 'BROKEN')
        self.assertEqual((h['score'], h['last_hour']['starts'], h['last_hour']['failed_starts']),
                         (0, 3, 3))
        self.assertEqual((h['instances']['failed'], h['instances']['started']), (3, 0))
        [event] = poll(lambda: self.events(d, action='challenge_checked'), FOUND_S, 'the news',
                       every=0.2)
        self.assertEqual((event['challenge'], event['detail']['state'], event['detail']['before']),
                         ('alpha', 'BROKEN', 'HEALTHY'))
        broken = self.pages(self.admin(d), '/api/v2/health/challenges', state='BROKEN')
        self.assertEqual([c['challenge'] for c in broken], ['alpha'])
        d.kill()  # the last hour is not forgotten
        d.start()
        h = self.health(d, 'alpha')
        self.assertEqual((h['state'], h['last_hour']['failed_starts']), ('BROKEN', 3))
        self.assertIn('BROKEN', [s['state'] for s in h['snapshots']])
        poll(lambda: 'berth_challenges{state="BROKEN"} 1' in self.client(d).get('/metrics').text,
             FOUND_S, 'the metric', every=0.2)
        self.assertEqual(len(self.events(d, action='challenge_checked')), 1)
        old = self.admin(d).get('/api/v1/phase2/challenge_health', query={'status': 'BROKEN'})
        self.assertEqual([c['health_score'] for c in old.expect(self, 200).json['data']], [0])

    def test_what_nobody_solves_is_broken(self):
        d = self.play({'quiz': quiz('quiz'), 'easy': quiz('easy')}, limits=False)
        players = [self.player(d, f'p{i}') for i in range(4)]
        self.assertEqual(self.health(d, 'quiz')['state'], 'HEALTHY')
        for i in range(100):
            self.submit(players[i % 4], 'quiz', f'CTF{{guess number {i}}}')
            if i == 9:
                self.assertEqual(self.health(d, 'quiz')['state'], 'UNDERPERFORMING')
        h = self.health(d, 'quiz')
        self.assertEqual((h['state'], h['attempts'], h['solves']), ('BROKEN', 100, 0))
        self.submit(players[0], 'quiz', 'CTF{right}')
        self.assertEqual(self.health(d, 'quiz')['state'], 'UNDERPERFORMING')
        self.assertEqual(self.health(d, 'easy')['state'], 'HEALTHY', 'nobody tried it')


class OnPostgres(Watching):
    def settings(self):
        return {'store': harness.postgres_store(self)}

    def test_two_daemons_tell_once(self):
        a = self.play({'quiz': quiz('quiz')}, worker='a')
        b = self.daemon(store=a.store, worker='b', challenges=a.settings['challenges'])
        os.makedirs(b.settings['var'], exist_ok=True)
        for key in ('master.key', 'audit.key', 'audit.pub'):
            self.copy(a, b, key)
        b.token = a.token
        b.start()
        ann, bob = self.player(a, 'ann'), self.player(a, 'bob')
        other = self.client(b, bob.token)
        self.submit(ann, 'quiz', 'CTF{nearly}')
        self.submit(other, 'quiz', 'CTF{nearly}')
        for i in range(10):
            self.submit(ann if i % 2 else other, 'quiz', f'CTF{{guess {i}}}')
        [s] = self.await_suspicions(a, 1)
        self.assertEqual(s['certainty'], 1, 'an address has the same hash on both')
        self.await_state(b, 'quiz', 'UNDERPERFORMING')
        poll(lambda: self.events(b, action='challenge_checked'), FOUND_S, 'the news', every=0.2)
        eve = self.player(b, 'eve')  # once more round
        self.submit(eve, 'quiz', 'CTF{nearly}')
        self.await_suspicions(b, 3)
        self.assertEqual(len(self.events(a, action='suspicion_found')), 3)
        self.assertEqual(len(self.events(a, action='challenge_checked')), 1)

    def copy(self, a, b, name):
        with open(os.path.join(a.settings['var'], name), 'rb') as f:
            data = f.read()
        path = os.path.join(b.settings['var'], name)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), 'wb') as f:
            f.write(data)


if __name__ == '__main__':
    harness.need_postgres()
    harness.main()
