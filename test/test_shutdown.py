"""Stopping and starting: SIGTERM under load, a second start, stores that must be refused."""
import json, os, signal, sqlite3, threading, time

import harness
from client import Client, knock, poll
from harness import parallel


class Sigterm(harness.Case):
    def test_during_starts(self):
        d = self.game([f'c{i}' for i in range(4)], options='start_ms=1500', limits=False)
        players = [self.player(d, f'p{i}') for i in range(6)]
        leases = [(p, p.start(f'c{i}').expect(self, 202).json) for p in players for i in range(4)]
        answers = []

        def waiter(p, lease):
            with p.twin() as c:
                try:
                    answers.append(c.start(lease['challenge'], wait=60).status)
                except OSError as e:
                    answers.append(e)
        threads = [threading.Thread(target=waiter, args=x) for x in leases[::4]]
        for t in threads:
            t.start()
        time.sleep(0.7)
        began = time.monotonic()
        self.assertEqual(d.stop(), 0)
        self.assertLess(time.monotonic() - began, 30)
        for t in threads:
            t.join()
        self.assertEqual([a for a in answers if a not in (200, 503)], [],
                         'each request in flight was answered')
        with self.assertRaises(OSError):
            Client(d).get('/healthz')
        d.start()
        for p, lease in leases:
            self.wait_state(p, lease['id'], 'running')
        poll(lambda: d.objects() == {'berth-' + x['id'] for _, x in leases}, 30, 'no more, no less')
        self.assertTrue(json.loads(d.verify().stdout)['good'])

    def test_while_idle_with_streams_open(self):
        d = self.game()
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        got = []
        idle = [p.twin() for _ in range(20)]
        for c in idle:
            c.get('/healthz')

        def follow():
            with p.twin() as c:
                try:
                    got.append(c.get(f'/api/v2/instances/{lease["id"]}/logs',
                                     query={'follow': 'true'}).text)
                except OSError as e:
                    got.append(str(e))
        t = threading.Thread(target=follow)
        t.start()
        time.sleep(0.5)
        began = time.monotonic()
        self.assertEqual(d.stop(signal.SIGINT), 0)
        self.assertLess(time.monotonic() - began, 30)
        t.join(20)
        self.assertFalse(t.is_alive())
        for c in idle:
            c.close()

    def test_with_the_engine_down(self):
        d = self.game()
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        d.engine_down()
        p.stop(lease['id']).expect(self, 200, 202)
        began = time.monotonic()
        self.assertEqual(d.stop(), 0)
        self.assertLess(time.monotonic() - began, 30)
        d.engine_down(False)
        d.start()
        self.wait_state(p, lease['id'], 'ended')
        self.assertEqual(d.objects(), set())


class Starts(harness.Case):
    def refused(self, d, *words):
        done = d.cli('serve', timeout=30)
        self.assertNotEqual(done.returncode, 0)
        for word in words:
            self.assertIn(word, done.stderr.lower())

    def change(self, d, *statements):
        db = sqlite3.connect(d.store.partition(':')[2])
        for s in statements:
            db.execute(s)
        db.commit()
        db.close()

    def test_twice_changes_nothing(self):
        d = self.game()
        look = lambda: (d.sql('SELECT * FROM schema_migration'), d.sql('SELECT * FROM challenge'),
                        d.sql('SELECT * FROM app_user'), d.sql('SELECT * FROM meta ORDER BY key'),
                        d.sql('SELECT max(seq) FROM event'))
        d.stop()
        before = look()
        self.assertEqual(d.start().stop(), 0)
        self.assertEqual(look(), before)

    def test_a_second_daemon_on_one_sqlite_store(self):
        d = self.game()
        self.refused(d, 'in use')
        self.client(d).get('/healthz').expect(self, 200)

    def test_half_applied_changed_or_newer(self):
        d = self.game(start=False)
        self.change(d, "UPDATE schema_migration SET state = 'applying'")
        self.refused(d, 'half', 'backup')
        self.change(d, "UPDATE schema_migration SET state = 'applied'")
        d.start().stop()
        old = d.sql('SELECT checksum FROM schema_migration WHERE number = 1')[0][0]
        self.change(d, f"UPDATE schema_migration SET checksum = '{'0' * 64}' WHERE number = 1")
        self.refused(d, 'changed', '0001')
        self.change(d, f"UPDATE schema_migration SET checksum = '{old}' WHERE number = 1",
                    "INSERT INTO schema_migration VALUES (9999, '9999_future', 'x', 1, 'applied')")
        self.refused(d, 'newer', '9999')
        done = d.verify()
        self.assertNotEqual(done.returncode, 0, 'tools refuse as well')
        self.change(d, 'DELETE FROM schema_migration WHERE number = 9999')
        d.start()
        self.client(d).get('/readyz').expect(self, 200)

    def test_not_a_store(self):
        d = self.game(start=False)
        with open(d.store.partition(':')[2], 'wb') as f:
            f.write(b'this is not a database, but long enough to be looked at' * 200)
        for end in ('-wal', '-shm'):
            if os.path.exists(d.store.partition(':')[2] + end):
                os.unlink(d.store.partition(':')[2] + end)
        self.refused(d, 'berth.db')

    def test_keys_are_private_and_must_belong_to_the_store(self):
        d = self.game()
        d.stop()
        var = d.settings['var']
        for name in ('master.key', 'audit.key', 'berth.db'):
            self.assertEqual(os.stat(os.path.join(var, name)).st_mode & 0o077, 0, name)
        path = os.path.join(var, 'audit.key')
        os.chmod(path, 0o644)
        self.refused(d, 'audit.key')
        os.chmod(path, 0o600)
        d.start().stop()
        os.rename(path, path + '.away')
        self.refused(d, 'audit')

    def test_settings_that_are_wrong(self):
        d = self.game(start=False)
        for name, bad in (('sweep_seconds', '0'), ('ports', '5-1'), ('runtime', 'nope:'),
                          ('store', 'mysql:x'), ('listen', 'nowhere'), ('gate', 'perhaps'),
                          ('log_level', 'loud'), ('capacity', 'many')):
            old = d.settings.get(name)
            d.settings[name] = bad
            done = d.cli('serve', timeout=30)
            self.assertNotEqual(done.returncode, 0, name)
            said = done.stderr.lower().replace('-', '_')
            self.assertTrue(name in said or bad in said, done.stderr)
            d.settings[name] = old
            if old is None:
                del d.settings[name]
        d.start()

    def test_the_port_is_taken(self):
        d = self.game()
        other = self.game(start=False)
        other.settings['listen'] = d.settings['listen']
        self.refused(other, str(d.ports.http))

    def test_reload_reads_the_challenges_again(self):
        d = self.game(['alpha'])
        p = self.player(d, 'ann')
        folder = d.settings['challenges']
        harness.write_challenges(folder, {'beta': harness.challenge_yaml('beta')})
        d.process.send_signal(signal.SIGHUP)
        slugs = lambda: {c['slug'] for c in p.get('/api/v2/challenges').json['items']}
        poll(lambda: slugs() == {'alpha', 'beta'}, 10, 'the new one', every=0.2)
        harness.write_challenges(folder, {'beta': 'name: [broken'})
        d.process.send_signal(signal.SIGHUP)
        poll(lambda: 'beta' in d.log_text() and 'challenge.yml' in d.log_text(), 10, 'a complaint')
        self.assertIn('alpha', slugs())


if __name__ == '__main__':
    harness.main()
