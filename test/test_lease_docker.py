"""The lease on real containers: one for a hundred starts, gone after a stop, all gone after expiry."""
import os, time

import docker_engine, harness
from client import knock, poll, seconds
from docker_engine import container_yaml
from harness import parallel

EXPIRING = int(os.environ.get('BERTH_EXPIRING', '200'))


class Docker(docker_engine.DockerCase):
    def test_a_container_of_ones_own(self):
        d = self.docker_game({'nc': container_yaml('nc')})
        p = self.player(d, 'ann')
        lease = p.start('nc').expect(self, 202).json
        got = self.wait_state(p, lease['id'], 'running', timeout=30)
        e = got['endpoints'][0]
        ok, said = knock(e['port'], e['host'])
        self.assertEqual((ok, said), (True, b'hello from nc\n'))
        name = f'berth-{lease["id"]}'
        self.assertEqual(set(d.containers()), {name})
        box = d.docker.inspect(name)
        labels = box['Config']['Labels']
        self.assertEqual(labels['berth.lease'], lease['id'])
        for label in ('berth.install', 'berth.tenant', 'berth.hard_deadline'):
            self.assertIn(label, labels)
        self.assertEqual((box['HostConfig']['Memory'], box['HostConfig']['NanoCpus'],
                          box['HostConfig']['PidsLimit']), (16 << 20, 200000000, 32))
        self.assertFalse(box['HostConfig']['PortBindings'], 'nothing is published by the engine')
        flag = [v for v in box['Config']['Env'] if v.startswith('FLAG=')][0]
        self.assertRegex(flag, r'^FLAG=CTF\{nc_[0-9a-f]+\}$')
        self.assertNotIn(flag[5:], d.log_text() + str(self.events(d)))
        more = p.extend(lease['id']).expect(self, 200).json
        self.assertEqual(seconds(more['expires_at']) - seconds(more['created_at']), 1800)
        p.restart(lease['id'], wait=60).expect(self, 202)
        self.wait_state(p, lease['id'], 'running', timeout=30)
        fresh = d.docker.inspect(name)
        self.assertNotEqual(fresh['Id'], box['Id'])
        again = [v for v in fresh['Config']['Env'] if v.startswith('FLAG=')][0]
        self.assertTrue(again.startswith('FLAG=CTF{nc_'))
        self.assertTrue(knock(e['port'], e['host'])[0], 'the same address')
        p.stop(lease['id'], wait=30).expect(self, 200)
        self.assertEqual(d.containers(), {})
        self.assertFalse(knock(e['port'], e['host'])[0])

    def test_100_starts_give_one_container(self):
        d = self.docker_game({'nc': container_yaml('nc')}, limits=False)
        p = self.player(d, 'ann')
        got = parallel(100, lambda i: p.twin().start('nc'))
        self.assertEqual({r.status for r in got}, {200, 202})
        self.assertEqual(len({r.json['id'] for r in got}), 1)
        self.wait_state(p, got[0].json['id'], 'running')
        self.assertEqual(len(d.containers()), 1)
        got = parallel(100, lambda i: p.twin().extend(got[0].json['id']))
        self.assertEqual(sum(r.status == 200 for r in got), 5)

    def test_two_accounts_two_containers(self):
        d = self.docker_game({'nc': container_yaml('nc', command='nc -ll -p 8080 -e hostname')})
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        ends = [self.start_running(c, 'nc', timeout=60)['endpoints'][0] for c in (ann, bob)]
        said = [knock(e['port'], e['host'])[1] for e in ends]
        self.assertNotEqual(ends[0]['url'], ends[1]['url'])
        self.assertEqual(len(set(said)), 2, said)

    def test_stopped_while_it_starts(self):
        d = self.docker_game({f'c{i}': container_yaml(f'c{i}') for i in range(5)}, limits=False)
        p = self.player(d, 'ann')
        for i in range(5):
            lease = p.start(f'c{i}').expect(self, 202).json
            time.sleep(i * 0.12)
            p.stop(lease['id']).expect(self, 200, 202)
            self.wait_state(p, lease['id'], 'ended', timeout=30)
        time.sleep(1)
        self.assertEqual(d.containers(), {})
        self.assertEqual(d.sql('SELECT count(*) FROM port'), [(0,)])

    def test_what_cannot_start_leaves_nothing(self):
        d = self.docker_game({'gone': container_yaml('gone').replace('berth/busybox', 'berth/none-such'),
                              'dies': container_yaml('dies', command='false'),
                              'deaf': container_yaml('deaf', command='sleep 600')
                              + '  probe: {type: tcp, port: main, timeout_seconds: 2}\n'})
        p = self.player(d, 'ann')
        for slug in ('gone', 'dies', 'deaf'):
            lease = p.start(slug, wait=60).expect(self, 202).json
            self.assertEqual(lease['end_reason'], 'failed_create', slug)
            self.wait_state(p, lease['id'], 'ended', timeout=60)
            for word in ('docker', 'image', 'berth/'):
                self.assertNotIn(word, (lease['error'] or '').lower())
        self.assertEqual(d.containers(), {})

    def test_the_logs_of_a_container(self):
        d = self.docker_game({'talk': container_yaml(
            'talk', command='sh -c "echo out; echo err >&2; printf \'\\303\\251\\377\\n\'; '
            'nc -ll -p 8080 -e cat"')})
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'talk', timeout=60)
        path = f'/api/v2/instances/{lease["id"]}/logs'
        text = poll(lambda: (lambda t: t if 'err' in t and '\u00e9' in t else None)(
            p.get(path).expect(self, 200).text), 10, 'its words', every=0.3)
        self.assertIn('out', text)

    def test_many_expire_together(self):
        """They expired while the daemon was down: all gone from Docker within 60 s."""
        d = self.docker_game({'nc': container_yaml(
            'nc', limits='{memory_mb: 8, cpu_milli: 100, pids: 16}')}, limits=False, capacity=1000)
        admin = self.admin(d)
        leases = self.start_all(d, 'nc', [self.player(d, f'p{i}', admin) for i in range(EXPIRING)])
        self.assertEqual(len(d.containers()), EXPIRING)
        d.kill()
        time.sleep(max(0, max(seconds(x['expires_at']) for x in leases) + 1 - time.time()))
        d.start(path='/healthz')
        began = time.monotonic()
        poll(lambda: not d.containers(), 60, 'all containers to be gone', every=0.5)
        print(f'{EXPIRING} containers gone after {time.monotonic() - began:.1f} s', flush=True)
        rest = "SELECT count(*) FROM instance WHERE state <> 'ended'"
        poll(lambda: d.sql(rest) == [(0,)], 30, 'all to end')
        self.assertEqual(self.actions(d, action='stopped_auto'), {'stopped_auto': EXPIRING})


if __name__ == '__main__':
    harness.main()
