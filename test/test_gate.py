"""The doors that players connect through (E14): open after the probe, shut at the deadline."""
import socket, threading, time

import harness
from client import knock, poll, seconds
from harness import challenge_yaml, parallel, policy
from test_observe import series


class Gate(harness.Case):
    def says(self, endpoint, lease):
        ok, said = knock(endpoint['port'], endpoint['host'])
        return ok and f'berth-{lease["id"]}' in said.decode()

    def test_opens_only_after_the_probe(self):
        d = self.game(options='start_ms=800')
        p = self.player(d, 'ann')
        lease = p.start('alpha').json
        seen = set()
        while not seen & {'running'}:
            got = p.lease(lease['id']).json
            seen.add(got['state'])
            if got['state'] != 'running':
                self.assertEqual(got['endpoints'], [])
            ports = [x[0] for x in d.sql('SELECT port FROM port')]
            if got['state'] == 'starting' and ports and knock(ports[0])[0]:
                self.assertEqual(p.lease(lease['id']).json['state'], 'running', 'open before it is published')
            time.sleep(0.05)
        self.assertTrue(self.says(got['endpoints'][0], lease))

    def test_each_lease_has_a_door_of_its_own(self):
        d = self.game(['a', 'b'])
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        leases = [self.start_running(c, s) for c in (ann, bob) for s in 'ab']
        ends = [x['endpoints'][0] for x in leases]
        self.assertEqual(len({e['port'] for e in ends}), 4)
        for e, lease in zip(ends, leases):
            self.assertTrue(self.says(e, lease))
            self.assertTrue(d.ports.first <= e['port'] <= d.ports.last)

    def test_two_ports_and_none(self):
        d = self.game({'two': challenge_yaml('two', ports=('web', 'admin')),
                       'none': challenge_yaml('none', ports=())})
        p = self.player(d, 'ann')
        two, none = self.start_running(p, 'two'), self.start_running(p, 'none')
        self.assertEqual([e['name'] for e in two['endpoints']], ['web', 'admin'])
        self.assertEqual(len({e['port'] for e in two['endpoints']}), 2)
        for e in two['endpoints']:
            self.assertTrue(self.says(e, two))
        self.assertEqual(none['endpoints'], [])
        self.assertEqual(d.sql('SELECT count(*) FROM port'), [(2,)])

    def test_is_shut_and_given_back_after_a_stop(self):
        d = self.game()
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        port = lease['endpoints'][0]['port']
        with socket.create_connection(('127.0.0.1', port), timeout=20) as s:
            self.assertIn(lease['id'].encode(), s.recv(200))
            p.stop(lease['id'], wait=30).expect(self, 200)
            s.settimeout(10)
            try:
                self.assertEqual(s.recv(1), b'', 'an open connection ends too')
            except ConnectionResetError:
                pass
        self.assertFalse(knock(port)[0])
        self.assertEqual(d.sql('SELECT count(*) FROM port'), [(0,)])
        with socket.socket() as s:  # nobody listens: the port can be bound
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(('127.0.0.1', port))

    def test_shuts_open_connections_at_the_deadline(self):
        d = self.game({'short': challenge_yaml('short', policy=policy(3, 60, 1, 600))},
                      'stop_ms=3000')
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'short')
        with socket.create_connection(('127.0.0.1', lease['endpoints'][0]['port']), timeout=20) as s:
            s.sendall(b'before')
            try:
                while s.recv(100):
                    pass
            except ConnectionResetError:
                pass
            late = time.time() - seconds(lease['expires_at'])
        self.assertGreater(late, -0.05)
        self.assertLess(late, 1)

    def test_carries_bytes_both_ways_whole(self):
        d = self.game()
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        port = lease['endpoints'][0]['port']
        data = bytes(range(256)) * 8000

        def echo(i):
            with socket.create_connection(('127.0.0.1', port), timeout=30) as s:
                t = threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)))
                t.start()
                got = b''
                while len(got) < len(data) + 100:
                    more = s.recv(65536)
                    if not more:
                        break
                    got += more
                t.join()
            return got
        for got in parallel(6, echo):
            head, _, body = got.partition(b'\n')
            self.assertEqual(head, b'berth-' + lease['id'].encode())
            self.assertEqual(body, data)
        text = self.client(d).get('/metrics').text
        total = sum(v for k, v in series(text).items() if k.startswith('berth_gate_bytes_total'))
        self.assertGreaterEqual(total, 2 * 6 * len(data))

    def test_refuses_when_the_instance_died(self):
        d = self.game(sweep_seconds=3600)
        p = self.player(d, 'ann')
        lease = self.start_running(p, 'alpha')
        time.sleep(0.5)  # the engine's follower looks ten times a second
        with open(f'{d.engine}/berth-{lease["id"]}.exited', 'w') as f:
            f.write('1\n')
        began = time.monotonic()
        poll(lambda: not self.says(lease['endpoints'][0], lease), 10, 'no answer from it')
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(self.wait_state(p, lease['id'], 'ended')['end_reason'], 'lost')

    def test_a_port_that_another_program_has(self):
        d = self.game()
        # With one port in the range, and that one taken, the start says so and nothing leaks.
        d.stop()
        d.settings['ports'] = f'{d.ports.first}-{d.ports.first + 1}'
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(('127.0.0.1', d.ports.first))
            s.listen()
            d.start()
            ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
            lease = ann.start('alpha', wait=30).json
            self.assertEqual(lease['state'], 'running', lease)
            self.assertEqual(lease['endpoints'][0]['port'], d.ports.first + 1)
            waits = bob.start('alpha', wait=2).json
            self.assertIn(waits['state'], ('pending', 'starting', 'stopping', 'ended'))
        ann.stop(lease['id'], wait=30)
        if waits['state'] in ('pending', 'starting'):
            self.wait_state(bob, waits['id'], 'running', 'ended', timeout=60)


if __name__ == '__main__':
    harness.main()
