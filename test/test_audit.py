"""
The log: exactly one row for each change, written with it or not at all; and a chain that shows
which row was changed, removed or forged.  On SQLite and on PostgreSQL.
"""
import json, os, shutil, sqlite3, time

import harness
from client import poll
from harness import challenge_yaml, policy


class Rows(harness.Case):
    def settings(self):
        return {}

    def test_one_row_for_each_change(self):
        d = self.game({'alpha': challenge_yaml('alpha'),
                       'gone': challenge_yaml('gone', image='missing/x'),
                       'short': challenge_yaml('short', policy=policy(2, 5, 1, 600))},
                      **self.settings())
        admin, p = self.admin(d), self.player(d, 'ann')
        me = p.user['id']
        ask = {'X-Request-ID': 'ask-1'}
        lease = p.post('/api/v2/instances', {'challenge': 'alpha'}, headers=ask).json
        self.wait_state(p, lease['id'], 'running')
        p.post(f'/api/v2/instances/{lease["id"]}/extend', headers={'X-Request-ID': 'ask-2'})
        p.restart(lease['id'], wait=30).expect(self, 202)
        for _ in range(5):
            p.extend(lease['id'])
        p.stop(lease['id'], wait=30).expect(self, 200)
        failed = p.start('gone', wait=30).json
        short = p.start('short', wait=30).json
        self.wait_state(p, short['id'], 'ended')
        p.start('short', wait=30)
        token = admin.post('/api/v2/tokens', {'user': 'ann'}).json
        admin.delete(f'/api/v2/tokens/{token["id"]}').expect(self, 200)
        admin.patch(f'/api/v2/users/{me}', {'role': 'organiser'}).expect(self, 200)
        admin.put('/api/v2/policy', policy(600, 600, 2, 3600)).expect(self, 200)

        mine = self.events(d, lease=lease['id'])
        self.assertEqual([e['action'] for e in mine],
                         ['created', 'started', 'running', 'extended', 'restarted', 'running',
                          'extended', 'extended', 'extended', 'extended', 'failed_extend', 'stopped_manual',
                          'removed'])
        self.assertEqual(mine[0]['request_id'], 'ask-1')
        self.assertEqual(mine[3]['request_id'], 'ask-2')
        self.assertEqual(mine[0]['account'], {'kind': 'user', 'id': me})
        self.assertEqual((mine[0]['actor']['kind'], mine[0]['actor']['id']), ('user', me))
        self.assertEqual(mine[0]['challenge_id'], lease['challenge_id'])
        self.assertNotEqual(mine[2]['actor']['kind'], 'user', 'the daemon saw it run')
        self.assertEqual(self.actions(d, lease=failed['id']), {'created': 1, 'started': 1, 'failed_create': 1,
                                                               **self.removed(d, failed)})
        self.assertEqual(self.actions(d, lease=short['id']),
                         {'created': 1, 'started': 1, 'running': 1, 'stopped_auto': 1, 'removed': 1})
        n = self.actions(d)
        for action, want in (('user_created', 2), ('user_changed', 1), ('token_created', 3),
                             ('token_revoked', 1), ('tenant_created', 1), ('challenge_changed', 3)):
            self.assertEqual(n.get(action), want, (action, n))
        self.assertGreaterEqual(n['policy_changed'], 1)
        everything = json.dumps(self.events(d))
        for secret in (token['token'], admin.token, p.token, 'CTF{'):
            self.assertNotIn(secret, everything)
        got = json.loads(d.verify().stdout)
        self.assertEqual((got['good'], got['first_bad_seq']), (True, None))

    def removed(self, d, lease):
        n = self.actions(d, lease=lease['id'])
        return {'removed': 1} if 'removed' in n else {}

    def test_filters_and_pages(self):
        d = self.game(['alpha', 'beta'], **self.settings())
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        a, b = self.start_running(ann, 'alpha'), self.start_running(bob, 'beta')
        ann.stop(a['id'], wait=30)
        every = self.events(d)
        seqs = [e['seq'] for e in every]
        self.assertEqual(seqs, sorted(set(seqs)))
        self.assertEqual({e['lease'] for e in self.events(d, user='bob', action='created')}, {b['id']})
        self.assertEqual({e['challenge_id'] for e in self.events(d, challenge='alpha')},
                         {a['challenge_id']})
        admin = self.admin(d)
        newest = admin.get('/api/v2/events', query={'order': 'desc', 'limit': 3}).json
        self.assertEqual([e['seq'] for e in newest['items']], seqs[:-4:-1])
        middle = every[len(every) // 2]['at']
        late, early = self.events(d, **{'from': middle}), self.events(d, to=middle)
        self.assertEqual(len(late) + len(early), len(every))
        admin.get('/api/v2/events', query={'lease': '0' * 20}).expect(self, 200)

    def test_a_change_and_its_row_survive_together(self):
        """kill -9 between changes: whatever the store has, its log has, and the other way round."""
        d = self.game([f'c{i}' for i in range(5)], limits=False, **self.settings())
        p = self.player(d, 'ann')
        for round in range(6):
            for i in range(5):
                try:
                    lease = p.start(f'c{i}').json
                    p.extend(lease['id'])
                    if i % 2:
                        p.stop(lease['id'])
                except OSError:
                    break
                if i == round:
                    d.kill()
            d.kill()
            d.start()
        self.compare(d)
        self.assertTrue(json.loads(d.verify().stdout)['good'])

    def compare(self, d):
        leases = self.admin(d).get('/api/v2/instances', query={'all': 'true', 'state': 'any',
                                                               'limit': 100}).json['items']
        self.assertTrue(leases)
        for lease in leases:
            n = self.actions(d, lease=lease['id'])
            self.assertEqual(n['created'], 1)
            self.assertEqual(n.get('extended', 0), lease['extensions'])
            self.assertEqual(n.get('stopped_manual', 0), lease['end_reason'] == 'stopped_manual')
            if lease['state'] == 'ended':
                self.assertEqual(n.get('removed', 0) + n.get('failed_create', 0), 1)


class RowsOnPostgres(Rows):
    def settings(self):
        return {'store': harness.postgres_store(self)}


class Tampering(harness.Case):
    @classmethod
    def setUpClass(cls):
        """One store with some history and a signed checkpoint; each test forges a copy."""
        cls.holder = harness.Case()
        cls.d = d = cls.holder.game(['alpha', 'beta'], limits=False)
        p = cls.holder.player(d, 'ann')
        for _ in range(4):
            for slug in ('alpha', 'beta'):
                lease = cls.holder.start_running(p, slug)
                p.extend(lease['id'])
                p.stop(lease['id'], wait=30)
        assert d.stop() == 0
        cls.path = d.store.partition(':')[2]
        cls.key = os.path.join(d.settings['var'], 'audit.pub')

    @classmethod
    def tearDownClass(cls):
        cls.holder.doCleanups()

    def forged(self, *statements):
        path = os.path.join(self.folder(), 'berth.db')
        for end in ('', '-wal'):
            if os.path.exists(self.path + end):
                shutil.copy(self.path + end, path + end)
        db = sqlite3.connect(path)
        for s in statements:
            db.execute(s)
        db.commit()
        db.close()
        return self.d.cli('audit', 'verify', '--store', f'sqlite:{path}', '--key', self.key, '--json')

    def test_good_as_it_is(self):
        done = self.forged()
        got = json.loads(done.stdout)
        self.assertEqual((done.returncode, got['good'], got['unsigned_rows']), (0, True, 0), got)
        self.assertGreaterEqual(got['checkpoints'], 1)
        self.assertGreater(got['rows'], 30)

    def test_a_changed_row_is_named(self):
        for column, value in (('action', "'running'"), ('at_ms', 'at_ms + 1'), ('actor_id', '99'),
                              ('account_id', '7'), ('lease_id', "'0'"), ('detail', "'{}'"),
                              ('challenge_id', '5'), ('request_id', "'x'"), ('tenant_id', '2'),
                              ('actor_kind', "'operator'"), ('account_kind', "'team'")):
            row = self.d.sql("SELECT seq FROM event WHERE action = 'extended'")[2][0]
            done = self.forged(f'UPDATE event SET {column} = {value} WHERE seq = {row}')
            got = json.loads(done.stdout)
            self.assertEqual((done.returncode, got['good'], got['first_bad_seq']), (1, False, row),
                             (column, got))
            self.assertTrue(got['what'])

    def test_a_changed_row_with_its_hash(self):
        row = self.d.sql('SELECT seq FROM event ORDER BY seq')[7][0]
        done = self.forged(f"UPDATE event SET hash = '{'a' * 64}' WHERE seq = {row}")
        self.assertEqual(json.loads(done.stdout)['first_bad_seq'], row)

    def test_a_removed_row_is_named(self):
        done = self.forged('DELETE FROM event WHERE seq = 9')
        got = json.loads(done.stdout)
        self.assertEqual((done.returncode, got['good']), (1, False))
        self.assertIn(got['first_bad_seq'], (9, 10))

    def test_the_end_cut_off(self):
        done = self.forged('DELETE FROM event WHERE seq > 20')
        self.assertFalse(json.loads(done.stdout)['good'])
        done = self.forged('DELETE FROM event WHERE seq > 20', 'DELETE FROM checkpoint WHERE seq > 20',
                           'UPDATE chain SET seq = 20')
        self.assertFalse(json.loads(done.stdout)['good'])

    def test_two_rows_changed_places(self):
        done = self.forged('UPDATE event SET seq = -1 WHERE seq = 5', 'UPDATE event SET seq = 5 WHERE seq = 6',
                           'UPDATE event SET seq = 6 WHERE seq = -1')
        self.assertEqual(json.loads(done.stdout)['first_bad_seq'], 5)

    def test_a_forged_row_at_the_end(self):
        done = self.forged('INSERT INTO event SELECT seq + 1, at_ms, tenant_id, action, actor_kind, '
                           'actor_id, account_kind, account_id, challenge_id, lease_id, request_id, '
                           'detail, hash FROM event ORDER BY seq DESC LIMIT 1')
        last = self.d.sql('SELECT max(seq) FROM event')[0][0]
        self.assertEqual(json.loads(done.stdout)['first_bad_seq'], last + 1)

    def test_a_chain_that_was_signed_with_another_key(self):
        # The key lies beside the store: who names only the store is not content with less.
        self.assertTrue(json.loads(self.d.verify().stdout)['key_given'])
        shutil.copy(self.key, self.key + '.kept')
        self.addCleanup(os.replace, self.key + '.kept', self.key)
        with open(self.key, 'w') as f:
            f.write('ab' * 32 + '\n')
        done = self.d.verify()
        self.assertEqual((done.returncode, json.loads(done.stdout)['good']), (1, False))

    def test_a_forged_checkpoint(self):
        done = self.forged("UPDATE checkpoint SET signature = substr(signature, 3) || '00'")
        self.assertEqual((done.returncode, json.loads(done.stdout)['good']), (1, False))
        done = self.forged(f"UPDATE checkpoint SET public_key = '{'ab' * 32}'")
        self.assertEqual((done.returncode, json.loads(done.stdout)['good']), (1, False))

    def test_exports(self):
        path = os.path.join(self.folder(), 'log.jsonl')
        self.assertEqual(self.d.cli('audit', 'export', path, '--store', self.d.store).returncode, 0)
        verify = lambda: self.d.cli('audit', 'verify', '--export', path, '--key', self.key, '--json')
        self.assertEqual(verify().returncode, 0)
        lines = open(path).read().splitlines()
        at = next(i for i, line in enumerate(lines) if '"extended"' in line)
        seq = json.loads(lines[at]).get('seq')
        write = lambda these: open(path, 'w').write('\n'.join(these) + '\n')
        write(lines[:at] + [lines[at].replace('"extended"', '"restarted"', 1)] + lines[at + 1:])
        done = verify()
        self.assertEqual((done.returncode, json.loads(done.stdout)['first_bad_seq']), (1, seq))
        write(lines[:at] + lines[at + 1:])
        self.assertEqual(verify().returncode, 1)
        write(lines[:at] + ['{"seq": "x"'] + lines[at + 1:])
        self.assertNotEqual(verify().returncode, 0)
        open(path, 'w').write('')
        self.assertIn(verify().returncode, (0, 1))

    def test_running_store(self):
        self.d.start()
        done = self.d.verify()
        self.assertEqual((done.returncode, json.loads(done.stdout)['good']), (0, True), done.stderr)
        self.assertEqual(self.d.stop(), 0)


if __name__ == '__main__':
    harness.need_postgres()
    harness.main()
