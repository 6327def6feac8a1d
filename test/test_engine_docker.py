"""
An engine that fails: dockerd stopped, killed and started under load, containers removed behind
Berth's back, containers that exit.  On a dockerd of its own, in a network namespace of its own.
"""
import subprocess, threading, time

import docker_engine, harness
from client import Client, knock, poll
from docker_engine import Engine, container_yaml
from harness import parallel


class EngineFails(docker_engine.DockerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dockerd = docker_engine.PrivateDockerd()
        cls.addClassCleanup(cls.dockerd.close)
        cls.dockerd.start().load()

    def setUp(self):
        if self.dockerd.process is None:
            self.dockerd.start()

    def game_here(self, *slugs, **settings):
        folder = self.folder()
        harness.write_challenges(folder, {s: container_yaml(s) for s in slugs})
        d = docker_engine.DockerDaemon(self.dockerd.path, challenges=folder, limits=False, **settings)
        self.addCleanup(d.close)
        d.init().start()
        return d

    def agree(self, d, timeout=120):
        """The engine has exactly the containers of the leases that run."""
        live = lambda: {'berth-' + r[0] for r in d.sql("SELECT id FROM instance WHERE state = 'running'")}
        rest = lambda: d.sql("SELECT id, state, problem FROM instance "
                             "WHERE state NOT IN ('running', 'ended')")
        try:
            poll(lambda: not rest() and set(d.containers()) == live(), timeout, 'them to agree', 0.2)
        except AssertionError:
            self.fail(f'containers {set(d.containers()) ^ live()} differ, unfinished {rest()}\n'
                      + d.log_text()[-3000:])

    def test_a_container_removed_behind_our_back(self):
        d = self.game_here('nc', sweep_seconds=30)
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'nc', timeout=60)
        began = time.monotonic()
        d.docker.remove('berth-' + lease['id'])
        got = self.wait_state(p, lease['id'], 'ended', timeout=20)
        self.assertLess(time.monotonic() - began, 20, 'by the engine\'s events, before the sweep')
        self.assertEqual(got['end_reason'], 'lost')
        self.assertTrue(got['error'])
        self.assertEqual(self.actions(d, lease=lease['id'])['lost'], 1)
        self.assertFalse(knock(lease['endpoints'][0]['port'])[0])
        self.start_running(p, 'nc', timeout=60)

    def test_a_container_that_exits(self):
        d = self.game_here('nc', sweep_seconds=30)
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'nc', timeout=60)
        d.docker.call('POST', f'/containers/berth-{lease["id"]}/kill', signal='KILL')
        got = self.wait_state(p, lease['id'], 'ended', timeout=20)
        self.assertEqual(got['end_reason'], 'lost')
        self.agree(d)
        self.assertEqual(d.containers(), {})

    def test_an_orphan_is_removed_and_a_strangers_container_is_not(self):
        d = self.game_here('nc')
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'nc', timeout=60)
        labels = d.docker.inspect('berth-' + lease['id'])['Config']['Labels']
        fake_id = 'berth-' + lease['id'][:-1] + ('0' if lease['id'][-1] != '0' else '1')
        make = lambda name, labels: d.docker.call(
            'POST', f'/containers/create?name={name}', {
                'Image': docker_engine.IMAGE, 'Cmd': ['sleep', '1000'], 'Labels': labels})
        self.assertEqual(make(fake_id, dict(labels, **{'berth.lease': fake_id[6:]}))[0], 201)
        self.assertEqual(make('strange', {'berth.install': 'another'})[0], 201)
        poll(lambda: d.docker.inspect(fake_id) is None, 30, 'the orphan to go')
        self.assertIsNotNone(d.docker.inspect('strange'))
        d.docker.remove('strange')
        self.assertEqual(self.wait_state(p, lease['id'], 'running')['id'], lease['id'])
        poll(lambda: d.sql("SELECT count(*) FROM event WHERE action = 'orphan_removed'") == [(1,)], 10,
             'its row in the log')

    def under_load(self, d, players, seconds, slugs, meanwhile):
        """Starts, extends and stops from all players, while MEANWHILE happens."""
        end = time.monotonic() + seconds
        bad = []

        def load(i):
            n = 0
            with players[i].twin() as c:
                while time.monotonic() < end:
                    n += 1
                    r = c.start(slugs[n % len(slugs)])
                    if r.status not in (200, 202, 409, 503):
                        bad.append(r.text)
                        continue
                    if r.status in (200, 202):
                        c.extend(r.json['id'])
                        if n % 2:
                            c.stop(r.json['id'])
                    time.sleep(0.1)
        threads = [threading.Thread(target=load, args=(i,)) for i in range(len(players))]
        for t in threads:
            t.start()
        meanwhile()
        for t in threads:
            t.join()
        self.assertEqual(bad, [])

    def stopped_and_started(self, kill):
        d = self.game_here('a', 'b', 'c')
        players = [self.player(d, f'p{i}') for i in range(5)]
        kept = self.start_running(players[0], 'c', timeout=60)

        def meanwhile():
            time.sleep(2)
            self.dockerd.stop(kill=kill)
            poll(lambda: self.client(d).get('/readyz').status == 503, 10, '/readyz to tell')
            self.assertIn('docker', self.client(d).get('/readyz').text)
            time.sleep(2)
            self.dockerd.start()
        self.under_load(d, players, 12, ['a', 'b'], meanwhile)
        poll(lambda: self.client(d).get('/readyz').status == 200, 90, 'ready again', 0.2)
        self.agree(d)
        state = players[0].lease(kept['id']).json
        if 'berth-' + kept['id'] in d.containers():
            self.assertEqual(state['state'], 'running')
            poll(lambda: knock(kept['endpoints'][0]['port'])[0], 20, 'its door to lead there')
        else:
            self.assertEqual(state['end_reason'], 'lost')
        self.start_running(players[1], 'c', timeout=90)
        self.assertEqual(d.verify().returncode, 0)

    def test_stopped_and_started_under_load(self):
        self.stopped_and_started(kill=False)

    def test_killed_and_started_under_load(self):
        self.stopped_and_started(kill=True)

    def test_down_when_the_daemon_starts(self):
        d = self.game_here('nc')
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'nc', timeout=60)
        d.stop()
        self.dockerd.stop()
        d.start(path='/healthz')
        self.assertEqual(self.client(d).get('/readyz').status, 503)
        p.stop(lease['id']).expect(self, 200, 202)
        self.assertEqual(p.lease(lease['id']).json['state'], 'stopping')
        self.dockerd.start()
        self.wait_state(p, lease['id'], 'ended', timeout=120)
        self.agree(d)
        self.assertEqual(d.containers(), {})


if __name__ == '__main__':
    docker_engine.own_network()
    harness.main()
