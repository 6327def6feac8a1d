"""Challenge files: bad ones are refused with file, line and reason; the good ones load and play."""
import json, os, re, shutil, subprocess, sys

import docker_engine, harness
from client import poll
from harness import challenge_yaml

EXAMPLES = os.path.join(harness.TOP, 'examples', 'challenges')

# name: (text, the line at fault or None for any, words of the reason)
BAD = {
    'broken': ('name: Broken\nvalue: [1, 2\n', None, ()),
    'no-name': ('value: 100\ninstance:\n  image: x\n', None, ('name',)),
    'ill-typed': ('name: A\nvalue: 5\ninstance:\n  image: 7\n', 4, ('image',)),
    'no-image': ('name: A\nvalue: 5\ninstance:\n  ports: []\n', None, ('image',)),
    'bad-port': ('name: A\nvalue: 5\ninstance:\n  image: x\n  ports:\n    - {name: a, port: 70000}\n',
                 6, ('port',)),
    'twice': ('name: A\nvalue: 5\ninstance:\n  image: x\n  ports:\n    - {name: a, port: 1}\n'
              '    - {name: a, port: 2}\n', None, ('a',)),
    'bad-probe': ('name: A\nvalue: 5\ninstance:\n  image: x\n  probe: {type: dance}\n', 5, ('type',)),
    'bad-policy': ('name: A\nvalue: 5\ninstance:\n  image: x\n  policy: {base_seconds: 0}\n', 5,
                   ('base_seconds',)),
    'cap': ('name: A\nvalue: 5\ninstance:\n  image: x\n  policy: {base_seconds: 600, '
            'max_lifetime_seconds: 60}\n', 5, ('max_lifetime_seconds',)),
    'bad-limits': ('name: A\nvalue: 5\ninstance:\n  image: x\n  limits: {memory_mb: -4}\n', 5,
                   ('memory_mb',)),
    'mount': ('name: A\nvalue: 5\ninstance:\n  image: x\n  flag: {template: "X", file: ../etc/passwd}\n',
              5, ('file',)),
    'alias': ('a: &x {name: A}\nb: *x\n', None, ()),
    'deep': ('name: ' + '[' * 2000 + ']' * 2000 + '\n', None, ()),
    'not-utf8': (b'name: \xff\xfe\nvalue: 1\n', None, ()),
}


class Files(harness.Case):
    def fill(self, folder):
        harness.write_challenges(folder, {'good': challenge_yaml('good'),
                                          'fine': challenge_yaml('fine')})
        for slug, (text, _, _) in BAD.items():
            os.makedirs(os.path.join(folder, slug))
            with open(os.path.join(folder, slug, 'challenge.yml'), 'wb') as f:
                f.write(text if isinstance(text, bytes) else text.encode())
        return folder

    def complaints(self, done):
        """{slug: (line, reason)} of `berth challenge lint`."""
        found = re.findall(r'(?m)^\S*/([\w-]+)/challenge\.yml(?::(\d+))?: (.+)$', done.stderr)
        return {slug: (int(line or 0), reason) for slug, line, reason in found}

    def test_lint_names_file_line_and_reason(self):
        d = self.daemon()
        done = d.cli('challenge', 'lint', self.fill(self.folder()))
        self.assertNotEqual(done.returncode, 0)
        got = self.complaints(done)
        self.assertEqual(set(got), set(BAD), done.stderr)
        for slug, (_, line, words) in BAD.items():
            if line:
                self.assertEqual(got[slug][0], line, (slug, got[slug]))
            for word in words:
                self.assertIn(word, got[slug][1], slug)

    def test_the_good_ones_load_beside_bad_ones(self):
        d = self.daemon(challenges=self.fill(self.folder())).init().start()
        p = self.player(d, 'ann')
        slugs = {c['slug'] for c in p.get('/api/v2/challenges').json['items']}
        self.assertEqual(slugs, {'good', 'fine'})
        self.start_running(p, 'good')
        told = [line for line in d.log_lines() if 'challenge.yml' in str(line)]
        self.assertGreaterEqual(len(told), len(BAD))

    def test_a_slug_twice(self):
        folder = self.folder()
        harness.write_challenges(folder, {'one': challenge_yaml('same'), 'two': challenge_yaml('same')})
        done = self.daemon().cli('challenge', 'lint', folder)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('same', done.stderr)

    def test_every_example_loads(self):
        d = self.daemon(challenges=EXAMPLES).init().start()
        p = self.player(d, 'ann')
        got = {c['slug']: c for c in p.get('/api/v2/challenges').json['items']}
        self.assertEqual(set(got) | {'torn-page'}, set(os.listdir(EXAMPLES)))
        self.assertNotIn('torn-page', got, 'wants another one to be solved first')
        for slug, c in got.items():
            one = p.get(f'/api/v2/challenges/{slug}').json
            self.assertEqual({k: one[k] for k in c}, c)
            self.assertEqual(p.get(f'/api/v2/challenges/{c["id"]}').json, one)
            self.assertNotIn('CTF{', json.dumps({k: v for k, v in c.items() if k != 'description'}))
        ports = [len(c['instance']['endpoints']) for c in got.values() if c['instance']]
        self.assertLessEqual({0, 1, 2}, set(ports))
        static = next(s for s, c in got.items() if not c['instance'])
        p.start(static).expect_problem(self, 400, 'invalid')

    def test_ids_survive_changes(self):
        d = self.game(['alpha', 'beta'])
        admin, p = self.admin(d), self.player(d, 'ann')
        ids = lambda: {c['slug']: c['id'] for c in p.get('/api/v2/challenges').json['items']}
        before, lease = ids(), self.start_running(p, 'beta')
        admin.put('/api/v2/challenges', [
            {'name': 'alpha', 'slug': 'alpha', 'value': 7, 'instance': {'image': 'x/y'}}]).expect(self, 200)
        self.assertEqual(ids(), {'alpha': before['alpha']})
        self.assertEqual(p.lease(lease['id']).json['state'], 'running', 'what runs goes on')
        p.start('beta').expect(self, 404)
        p.extend(lease['id']).expect(self, 200)
        harness.write_challenges(d.settings['challenges'], {'alpha': challenge_yaml('alpha')})
        d.restart()
        self.assertEqual(ids(), before)


class Examples(docker_engine.DockerCase):
    """Each example as a player meets it: start, connect, solve."""

    @classmethod
    def setUpClass(cls):
        subprocess.run([os.path.join(harness.TOP, 'tools', 'images.sh')], check=True,
                       stdout=subprocess.DEVNULL)

    def test_check_solves_each_and_finds_a_broken_one(self):
        folder = self.folder()
        shutil.copytree(EXAMPLES, folder, dirs_exist_ok=True)
        d = docker_engine.DockerDaemon(challenges=folder)
        self.addCleanup(d.close)
        d.init().start()
        r = d.cli('challenge', 'check', folder, timeout=300)
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
        slugs = set(os.listdir(EXAMPLES))
        self.assertEqual({line.split('\t')[0]: line.split('\t')[1] for line in r.stdout.splitlines()[:-1]},
                         {slug: 'ok' for slug in slugs})
        self.assertEqual(r.stdout.splitlines()[-1], f'{len(slugs)} ok, 0 failed, 0 skipped')
        self.assertEqual(d.containers(), {}, 'each is stopped')
        n = self.actions(d)
        self.assertEqual((n['challenge_checked'], n.get('solved', 0), n.get('submitted', 0)), (len(slugs), 0, 0))
        # a service whose flag cannot be had: it has another one than the challenge says
        path = os.path.join(folder, 'web-cookie', 'challenge.yml')
        with open(path) as f:
            text = f.read()
        with open(path, 'w') as f:
            f.write(text.replace('  flag: {', '  environment: {FLAG: wrong}\n  flag: {env: false, file: /tmp/flag, '))
        poll(lambda: self.actions(d)['challenge_changed'] > len(slugs), 20, 'the broken one', every=0.2)
        r = d.cli('challenge', 'check', folder, 'web-cookie', '--json', timeout=300)
        self.assertEqual(r.returncode, 1, r.stdout + r.stderr)
        got = json.loads(r.stdout)
        self.assertEqual([(c['slug'], c['result']) for c in got], [('web-cookie', 'failed')])
        self.assertIn('solve: ', got[0]['reason'])
        self.assertEqual(d.containers(), {})

    def solve(self, p, slug, lease):
        ends = lease['endpoints']
        args = [ends[0]['host']] + [str(e['port']) for e in ends] if ends else []
        words = None if ends else p.get(f'/api/v2/instances/{lease["id"]}/logs').expect(self, 200).text
        done = subprocess.run([sys.executable, os.path.join(EXAMPLES, slug, 'solve.py'), *args],
                              input=words, capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    def test_each_gives_its_flag(self):
        d = docker_engine.DockerDaemon(challenges=EXAMPLES, limits=False)
        self.addCleanup(d.close)
        d.init().start()
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        flags = set()
        slugs = [c['slug'] for c in ann.get('/api/v2/challenges').json['items'] if c['instance']]
        self.assertGreaterEqual(len(slugs), 4)
        for slug in slugs:
            with open(os.path.join(EXAMPLES, slug, 'challenge.yml')) as f:
                template = re.search(r'template: "(.*?)"', f.read())[1]
            form = '^' + re.escape(template).replace('<hex>', '[0-9a-f]+') + '$'
            for p in (ann, bob):
                lease = self.start_running(p, slug, timeout=60)
                flag = poll(lambda: (lambda f: f if re.match(form, f) else None)(
                    self.solve(p, slug, lease)), 30, f'the flag of {slug}', every=0.5)
                flags.add(flag)
                again = self.wait_state(p, p.restart(lease['id'], wait=60).json['id'], 'running')
                self.assertTrue(again['restarts'])
                p.stop(lease['id'], wait=30).expect(self, 200)
        self.assertEqual(len(flags), 2 * len(slugs), 'each player has flags of their own')
        for flag in flags:
            self.assertNotIn(flag, d.log_text())
        self.assertEqual(d.containers(), {})


if __name__ == '__main__':
    harness.main()
