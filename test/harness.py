"""
The scenarios' tools: real daemons, clients that keep their connections, and challenges made
for the occasion.  Only Python's own library.

A scenario is a unittest.TestCase in test/test_*.py, run by hand (`python3 test/test_lease.py`)
or by meson.  The program comes from $BERTH, else from a build folder beside this one.  All
that a daemon leaves (its process, its folder, containers with its label, its bridges) is removed
when the test that made it ends, however it ends.
"""
import os, shutil, subprocess, sys, tempfile, threading, time, unittest

from client import Client, poll
from daemon import HERE, TOP, Daemon, no_berth_environment, program

# --- challenges ---

def challenge_yaml(slug, image='berth/busybox', ports=('main',), extra='', policy=None,
                   template='CTF{%s_<hex>}'):
    """The text of a challenge.yml with an instance."""
    lines = [f'name: {slug}', f'slug: {slug}', 'category: test', 'description: For a test.',
             'value: 100', 'state: visible', 'instance:', f'  image: {image}']
    if ports:
        items = ', '.join(f'{{name: {name}, port: {8080 + i}, protocol: tcp}}'
                          for i, name in enumerate(ports))
        lines.append(f'  ports: [{items}]')
    if template:
        lines += ['  flag:', f'    template: "{template % slug}"', '    env: true']
    if policy:
        lines.append('  policy: {%s}' % ', '.join(f'{k}: {v}' for k, v in policy.items()))
    return '\n'.join(lines) + '\n' + extra


def policy(base=900, increment=900, extensions=5, lifetime=5400):
    return {'base_seconds': base, 'increment_seconds': increment, 'max_extensions': extensions,
            'max_lifetime_seconds': lifetime}


def write_challenges(folder, challenges):
    """{slug: text} as FOLDER/slug/challenge.yml."""
    for slug, text in challenges.items():
        os.makedirs(os.path.join(folder, slug), exist_ok=True)
        with open(os.path.join(folder, slug, 'challenge.yml'), 'w') as f:
            f.write(text)
    return folder


def write_file(path, text):
    """Writes PATH, and the folders that it needs."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as f:
        f.write(text)


# --- test cases ---

class Case(unittest.TestCase):
    """A test with daemons; each is closed after it."""
    maxDiff = 4000

    def daemon(self, options='', **settings):
        d = Daemon(options, **settings)
        self.addCleanup(d.close)
        return d

    def game(self, challenges=None, options='', init=(), start=True, **settings):
        """A daemon that serves CHALLENGES ({slug: text}, or names for plain ones)."""
        folder = self.folder()
        if not isinstance(challenges, dict):
            challenges = {slug: challenge_yaml(slug) for slug in challenges or ('alpha',)}
        write_challenges(folder, challenges)
        d = self.daemon(options, challenges=folder, **settings).init(*init)
        return d.start() if start else d

    def folder(self):
        path = tempfile.mkdtemp(prefix='berth-e2e-files-')
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    def admin(self, daemon):
        return self.client(daemon, daemon.token)

    def client(self, daemon, token=None):
        c = Client(daemon, token)
        self.addCleanup(c.close)
        return c

    def player(self, daemon, name, admin=None, **more):
        """A client for a fresh user; its `user` is the answer that made it."""
        admin = admin or self.admin(daemon)
        user = admin.post('/api/v2/users', {'name': name, **more}).expect(self, 201).json
        token = admin.post('/api/v2/tokens', {'user': name}).expect(self, 201).json['token']
        c = self.client(daemon, token)
        c.user = user
        return c

    def pages(self, client, path, **query):
        """Every item of a list."""
        got, cursor = [], {}
        while True:
            page = client.get(path, query={**query, 'limit': 100, **cursor}).expect(self, 200).json
            got += page['items']
            if not page['next']:
                return got
            cursor = {'cursor': page['next']}

    def events(self, daemon, **filters):
        """Every event that fits, oldest first."""
        return self.pages(self.admin(daemon), '/api/v2/events', **filters)

    def all_instances(self, daemon, **filters):
        return self.pages(self.admin(daemon), '/api/v2/instances', all='true', **filters)

    def actions(self, daemon, **filters):
        """How many events of each action."""
        n = {}
        for e in self.events(daemon, **filters):
            n[e['action']] = n.get(e['action'], 0) + 1
        return n

    def wait_state(self, client, lease_id, *states, timeout=30):
        """Polls until the lease is in one of STATES; gives it."""
        def look():
            r = client.lease(lease_id).expect(self, 200, 429)  # we may ask too often
            return r.json if r.status == 200 and r.json['state'] in states else None
        return poll(look, timeout, f'{lease_id} to become {" or ".join(states)}', every=0.05)

    def start_all(self, daemon, slug, clients, callers=8):
        """A lease of SLUG for each of CLIENTS.  They expire together, soon after the last one was
        given: its base time is set by how long the first ones take."""
        admin, sample = self.admin(daemon), clients[:16]

        def share(some):
            return [c.start(slug).expect(self, 202).json for c in some]

        def settle(n):
            poll(lambda: daemon.sql("SELECT count(*) FROM instance WHERE state = 'running'") == [(n,)],
                 300, f'{n} leases to run', every=0.1)
        began = time.monotonic()
        parallel(callers, lambda i: share(sample[i::callers]))
        settle(len(sample))
        each = (time.monotonic() - began) / len(sample)
        for c in sample:
            c.stop(c.get('/api/v2/instances').json['items'][0]['id'], wait=60).expect(self, 200)
        base = int(20 + 2 * each * len(clients))
        admin.put(f'/api/v2/challenges/{slug}/policy', policy(base, 60, 5, base + 600)).expect(self, 200)
        leases = [x for part in parallel(callers, lambda i: share(clients[i::callers])) for x in part]
        settle(len(clients))
        return leases

    def start_running(self, client, slug, timeout=30):
        got = client.post('/api/v2/instances', {'challenge': slug},
                          query={'wait': min(timeout, 60)}).json
        if got.get('state') == 'running':
            return got
        self.assertIn('id', got, got)
        return self.wait_state(client, got['id'], 'running', timeout=timeout)


# --- PostgreSQL ---

def need_postgres():
    """Runs this program again beside a PostgreSQL of its own, if there is none yet."""
    if not os.environ.get('BERTH_TEST_POSTGRES'):
        os.execv('/bin/sh', ['sh', os.path.join(HERE, 'with_postgres.sh'), sys.executable, *sys.argv])


def postgres_store(case):
    """The URL of an empty database, dropped after the test."""
    url = os.environ['BERTH_TEST_POSTGRES']
    info = dict(part.split('=', 1) for part in url.partition(':')[2].split())
    name = f'e2e_{os.getpid()}_{time.monotonic_ns()}'

    def run(command):
        subprocess.run(['psql', '-q', '-h', info['host'], '-U', info['user'], '-d', 'postgres',
                        '-c', command], check=True, capture_output=True,
                       env=no_berth_environment())
    run(f'CREATE DATABASE {name}')
    case.addCleanup(run, f'DROP DATABASE {name} WITH (FORCE)')
    return f'postgres:host={info["host"]} user={info["user"]} dbname={name}'


def parallel(n, fn):
    """Runs fn(0) ... fn(n-1) at once; gives their results in order, raises what one raised."""
    results, errors, gate = [None] * n, [], threading.Barrier(n)

    def body(i):
        try:
            gate.wait()
            results[i] = fn(i)
        except BaseException as e:  # told to the caller below
            errors.append(e)
    threads = [threading.Thread(target=body, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]
    return results


def main():
    """Runs the file's tests and closes with the line that tools/test_summary.py adds up."""
    loaded = unittest.defaultTestLoader.loadTestsFromModule(sys.modules['__main__'])
    if len(sys.argv) > 1:
        loaded = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:],
                                                               sys.modules['__main__'])
    r = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(loaded)
    failed = len({str(t) for t, _ in r.failures + r.errors} | {str(t) for t in r.unexpectedSuccesses})
    print(f'{max(r.testsRun - failed - len(r.skipped), 0)} passed, {failed} failed, {len(r.skipped)} skipped')
    sys.exit(failed > 0)
