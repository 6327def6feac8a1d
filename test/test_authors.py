#!/usr/bin/env python3
"""What authors bring in: a folder that is followed while the daemon runs, files to download, CTFG's own
files, pushes.  Each on SQLite and on PostgreSQL."""
import hashlib, json, os, re, shutil, time, zlib

import harness
from client import poll

SEEN_S = 2  # an edit is to be visible within


def quiz(name, flag, value=100, extra=''):
    """A challenge.yml without an instance."""
    return f'name: {name}\ncategory: quiz\nvalue: {value}\nflags: ["{flag}"]\n{extra}'


class Both:
    """The tests; a subclass says on which store."""
    def store(self):
        return {}

    def follow(self, challenges, **settings):
        """A daemon that follows a folder of CHALLENGES, and its admin."""
        d = self.game(challenges, limits=False, **self.store(), **settings)
        return d, self.admin(d), d.settings['challenges']

    def serve_file(self, name, text, init=True, start=True, **settings):
        """A daemon with a file of CTFG's."""
        path = os.path.join(self.folder(), name)
        self.write(path, text)
        d = self.daemon(limits=False, **{**self.store(), **settings, name.split('.')[0]: path})
        d.init()
        return (d.start() if start else d), path

    def write(self, path, text):
        """As editors do: another file takes its place."""
        with open(path + '~', 'w', newline='') as f:
            f.write(text if isinstance(text, str) else json.dumps(text))
        os.rename(path + '~', path)

    def listed(self, client):
        return {c['slug']: c for c in self.pages(client, '/api/v2/challenges')}

    def source(self, admin):
        return admin.get('/api/v2/challenges/source').expect(self, 200).json

    def soon(self, look, what):
        return poll(look, SEEN_S, what, every=0.05)

    def submit(self, client, slug, flag, result='correct'):
        got = client.post('/api/v2/submissions', {'challenge': slug, 'flag': flag}).expect(self, 200).json
        self.assertEqual(got['result'], result, got)
        return got


class Folder(Both):
    """(B11) The folder while running."""

    def test_an_edit_is_seen_soon_and_ids_and_solves_survive_it(self):
        d, admin, folder = self.follow({'one': quiz('One', 'CTF{1}', extra='slug: one\n'),
                                        'two': quiz('Two', 'CTF{2}', extra='slug: two\n')})
        ann = self.player(d, 'ann')
        self.submit(ann, 'one', 'CTF{1}')
        before = self.listed(admin)
        file = os.path.join(folder, 'one', 'challenge.yml')
        self.write(file, quiz('Another title', 'CTF{new}', 150, 'slug: one\n'))
        self.soon(lambda: self.listed(admin)['one']['title'] == 'Another title', 'the new title')
        after = self.listed(ann)
        self.assertEqual(after['one']['id'], before['one']['id'])
        self.assertTrue(after['one']['solved'])
        self.submit(ann, 'one', 'CTF{new}', 'already_solved')
        self.assertEqual(self.source(admin)['problems'], [])
        # a new one, one in place of another, and one that goes
        os.mkdir(os.path.join(folder, 'three'))
        self.write(os.path.join(folder, 'three', 'challenge.yml'), quiz('Three', 'CTF{3}'))
        self.soon(lambda: 'three' in self.listed(admin), 'a new folder')
        self.write(os.path.join(folder, 'three', 'challenge.yml'), quiz('Three', 'CTF{3}', 333))
        self.soon(lambda: self.listed(admin)['three']['value'] == 333, 'an edit in the new folder')
        shutil.rmtree(os.path.join(folder, 'two'))
        self.soon(lambda: 'two' not in self.listed(admin), 'a folder to be gone')
        # what was gone comes back as what it was
        harness.write_challenges(folder, {'two': quiz('Two', 'CTF{2}', extra='slug: two\n')})
        self.soon(lambda: 'two' in self.listed(admin), 'it again')
        self.assertEqual(self.listed(admin)['two']['id'], before['two']['id'])

    def test_an_invalid_edit_keeps_all_that_was_and_says_why(self):
        d, admin, folder = self.follow({'one': quiz('One', 'CTF{1}'), 'two': quiz('Two', 'CTF{2}')})
        before = self.listed(admin)
        loaded_at = self.source(admin)['loaded_at']
        self.assertTrue(loaded_at)
        harness.write_challenges(folder, {'one': quiz('One', 'CTF{1}', 999),
                                          'two': 'name: Two\nvalue: much\n',
                                          'three': quiz('Three', 'CTF{3}', extra='requirements: [none]\n')})
        problems = self.soon(lambda: self.source(admin)['problems'], 'the problems')
        self.assertEqual([(p['file'], p['line']) for p in problems],
                         [('two/challenge.yml', 2), ('three/challenge.yml', 5)])
        self.assertIn('value', problems[0]['message'])
        self.assertIn('there is no challenge "none"', problems[1]['message'])
        time.sleep(1)
        self.assertEqual(self.listed(admin), before, 'not even the good ones are taken')
        self.assertEqual(self.source(admin)['loaded_at'], loaded_at)
        self.assertTrue([w for w in admin.get('/ready').json['warnings'] if w.startswith('challenges')])
        refused = [x for x in d.log_lines() if x['msg'] == 'a challenge is refused']
        self.assertEqual({(os.path.basename(os.path.dirname(x['file'])), x['line']) for x in refused},
                         {('two', 2), ('three', 5)})
        self.assertTrue(all(x['reason'] for x in refused))
        n = len(refused)
        time.sleep(5)  # it is looked at now and then, and not told again
        self.assertEqual(len([x for x in d.log_lines() if x['msg'] == 'a challenge is refused']), n)
        # mended: all of it at once
        harness.write_challenges(folder, {'two': quiz('Two', 'CTF{2}', 222),
                                          'three': quiz('Three', 'CTF{3}', extra='requirements: [Two]\n')})
        self.soon(lambda: len(self.listed(admin)) == 3, 'all three')
        now = self.listed(admin)
        self.assertEqual((now['one']['value'], now['two']['value']), (999, 222))
        self.assertEqual(self.source(admin)['problems'], [])
        self.assertEqual(admin.get('/ready').json['warnings'], [])
        ann = self.player(d, 'ann')
        self.assertEqual(set(self.listed(ann)), {'one', 'two'}, 'three wants two to be solved first')

    def test_only_authors_see_the_source(self):
        d, admin, folder = self.follow({'one': quiz('One', 'CTF{1}')})
        ann = self.player(d, 'ann')
        ann.get('/api/v2/challenges/source').expect(self, 404)
        self.assertEqual(self.source(admin)['folder'], os.path.basename(folder))
        self.assertEqual(self.source(self.player(d, 'olga', role='organiser'))['problems'], [])
        # a challenge of that slug is what its path leads to
        harness.write_challenges(folder, {'x': quiz('Source', 'CTF{s}')})
        self.soon(lambda: 'source' in self.listed(admin), 'it')
        self.assertEqual(ann.get('/api/v2/challenges/source').expect(self, 200).json['title'], 'Source')

    def test_another_tenants_organiser_sees_nothing_of_it(self):
        d, admin, folder = self.follow({'one': 'name: [\n'})
        admin.post('/api/v2/tenants', {'slug': 'other'}).expect(self, 201)
        admin.post('/api/v2/users', {'name': 'eve', 'role': 'admin', 'tenant': 'other'}).expect(self, 201)
        token = admin.post('/api/v2/tokens', {'user': 'eve', 'tenant': 'other'}).expect(self, 201).json['token']
        eve = self.client(d, token)
        self.assertEqual(len(self.source(admin)['problems']), 1)
        self.assertEqual(self.source(eve), {'folder': None, 'loaded_at': None, 'problems': []})

    def test_the_files_of_a_challenge_are_followed_too(self):
        folder = self.folder()
        harness.write_challenges(folder, {
            'one': quiz('One', 'CTF{1}', extra='files: [dist/page.txt]\n'),
            'later': quiz('Later', 'CTF{2}', extra='requirements: [one]\nfiles: [secret.bin]\n')})
        os.mkdir(os.path.join(folder, 'one', 'dist'))
        self.write(os.path.join(folder, 'one', 'dist', 'page.txt'), 'first')
        self.write(os.path.join(folder, 'later', 'secret.bin'), 'hidden')
        d = self.daemon(challenges=folder, limits=False, **self.store()).init().start()
        admin, ann = self.admin(d), self.player(d, 'ann')

        def file(client=ann, slug='one'):
            return client.get(f'/api/v2/challenges/{slug}').expect(self, 200).json['files'][0]
        first = file()
        self.assertEqual((first['name'], first['bytes'], first['id']),
                         ('page.txt', 5, hashlib.sha256(b'first').hexdigest()))
        got = ann.get('/api/v2/files/' + first['id']).expect(self, 200)
        self.assertEqual(got.body, b'first')
        self.assertEqual(got.headers['content-disposition'],
                         'attachment; filename="page.txt"; filename*=UTF-8\'\'page.txt')
        self.assertEqual(got.headers['content-type'], 'application/octet-stream')
        self.assertEqual(got.headers['x-content-type-options'], 'nosniff')
        ann.get('/api/v2/files/' + first['id'],
                headers={'If-None-Match': got.headers['etag']}).expect(self, 304)
        head = ann.request('HEAD', '/api/v2/files/' + first['id']).expect(self, 200)
        self.assertEqual((head.body, head.headers['content-length']), (b'', '5'))
        self.client(d).get('/api/v2/files/' + first['id']).expect(self, 401)
        # only to who may see a challenge that has it
        hidden = hashlib.sha256(b'hidden').hexdigest()
        ann.get('/api/v2/files/' + hidden).expect_problem(self, 404, 'not_found')
        self.assertEqual(admin.get('/api/v2/files/' + hidden).expect(self, 200).body, b'hidden')
        self.submit(ann, 'one', 'CTF{1}')
        self.assertEqual(ann.get('/api/v2/files/' + hidden).expect(self, 200).body, b'hidden')
        for bad in ('0' * 64, '..', '%2e%2e%2fmaster.key', 'x' * 71, hidden.upper()):
            admin.get('/api/v2/files/' + bad).expect(self, 400, 404)
        # another content is another file
        self.write(os.path.join(folder, 'one', 'dist', 'page.txt'), 'second')
        self.soon(lambda: file()['id'] != first['id'], 'the new contents')
        self.assertEqual(ann.get('/api/v2/files/' + file()['id']).expect(self, 200).body, b'second')
        ann.get('/api/v2/files/' + first['id']).expect(self, 404)  # no challenge has it any more
        # one that goes missing is a problem
        os.unlink(os.path.join(folder, 'one', 'dist', 'page.txt'))
        problem = self.soon(lambda: self.source(admin)['problems'], 'a problem')[0]
        self.assertEqual((problem['file'], problem['line']), ('one/challenge.yml', 5))
        self.assertEqual(ann.get('/api/v2/files/' + file()['id']).expect(self, 200).body, b'second')


class Push(Both):
    """A folder sent to a daemon that reads none."""

    def bare(self, **settings):
        d = self.daemon(limits=False, **self.store(), **settings).init().start()
        return d, self.admin(d)

    def test_push_sends_what_is_missing_and_is_idempotent(self):
        d, admin = self.bare()
        ann = self.player(d, 'ann')
        folder = harness.write_challenges(self.folder(), {
            'one': quiz('One', 'CTF{1}', extra='files: [big.bin, note.txt]\n'),
            'two': quiz('Two', 'CTF{2}', extra='requirements: [One]\nfiles: [note.txt, empty]\n')})
        big = os.urandom(1300 * 1024)  # three parts
        for path, data in (('one/big.bin', big), ('one/note.txt', b'note'), ('two/note.txt', b'note'),
                           ('two/empty', b'')):
            with open(os.path.join(folder, path), 'wb') as f:
                f.write(data)
        push = lambda *words: d.cli('challenge', 'push', folder, *words)
        r = push()
        self.assertEqual((r.returncode, r.stdout),
                         (0, '2 added, 0 changed, 0 hidden; 3 of 3 files sent\n'), r.stderr)
        ids = {slug: c['id'] for slug, c in self.listed(admin).items()}
        files = ann.get('/api/v2/challenges/one').json['files']
        self.assertEqual([f['name'] for f in files], ['big.bin', 'note.txt'])
        self.assertEqual(ann.get('/api/v2/files/' + files[0]['id']).expect(self, 200).body, big)
        r = json.loads(push('--json').stdout)
        self.assertEqual(r, {'added': 0, 'changed': 0, 'hidden': 0, 'files': 3, 'files_sent': 0})
        with open(os.path.join(folder, 'two/empty'), 'w') as f:
            f.write('not any more')
        self.assertEqual(push().stdout, '0 added, 1 changed, 0 hidden; 1 of 3 files sent\n')
        self.assertEqual({slug: c['id'] for slug, c in self.listed(admin).items()}, ids)
        self.submit(ann, 'one', 'CTF{1}')
        harness.write_challenges(folder, {'two': quiz('Two', 'CTF{2}', extra='requirements: [Nine]\n')})
        r = push()
        self.assertEqual((r.returncode, r.stdout), (1, ''))
        self.assertRegex(r.stderr, r'(?m)/two/challenge\.yml:5: requirements\[0\]: there is no')
        self.assertIn('nothing was pushed', r.stderr)
        self.assertEqual(d.cli('challenge', 'push', folder, token=ann.token).returncode, 1)

    def test_a_player_may_not(self):
        d, admin = self.bare()
        ann = self.player(d, 'ann')
        folder = harness.write_challenges(self.folder(), {'one': quiz('One', 'CTF{1}')})
        self.assertEqual(d.cli('challenge', 'push', folder, token=ann.token).returncode, 6)
        ann.put('/api/v2/files/' + hashlib.sha256(b'x').hexdigest(), b'x').expect(self, 403)
        ann.put('/api/v2/challenges', []).expect(self, 403)

    def test_files_come_in_parts(self):
        d, admin = self.bare(max_file_mb=1)
        data = os.urandom(100000)
        path = '/api/v2/files/' + hashlib.sha256(data).hexdigest()

        def put(offset, part, total=len(data), at=path):
            return admin.put(at, part, query={'offset': offset, 'bytes': total})
        admin.request('HEAD', path).expect(self, 404)
        put(50, data[50:]).expect_problem(self, 409, 'conflict')
        self.assertEqual(put(0, data[:60000]).expect(self, 202).json,
                         {'id': path[-64:], 'bytes': 60000, 'complete': False})
        admin.get(path).expect(self, 404)
        put(60000, data[60000:] + b'x').expect_problem(self, 400, 'invalid')
        self.assertEqual(put(60000, data[60000:]).expect(self, 201).json,
                         {'id': path[-64:], 'bytes': 100000, 'complete': True})
        self.assertEqual(put(0, b'anything').expect(self, 200).json['complete'], True)
        self.assertEqual(admin.get(path).expect(self, 200).body, data)
        whole = os.urandom(1000)
        admin.put('/api/v2/files/' + hashlib.sha256(whole).hexdigest(), whole).expect(self, 201)
        # other bytes than were said
        other = '/api/v2/files/' + '0' * 64
        put(0, data, at=other).expect_problem(self, 400, 'invalid')
        admin.get(other).expect(self, 404)
        put(0, b'x', 2 << 20, other).expect_problem(self, 413, 'too_large')
        for query in ({'offset': '-1'}, {'offset': 'x'}, {'bytes': '-1'}):
            admin.put(other, b'x', query=query).expect_problem(self, 400, 'invalid')
        admin.put('/api/v2/files/xyz', b'x').expect(self, 404)

    def test_a_set_is_refused_as_a_whole(self):
        d, admin = self.bare()
        one = {'name': 'One', 'flags': ['x']}
        admin.put('/api/v2/challenges', [one]).expect(self, 200)
        digest = hashlib.sha256(b'x').hexdigest()
        for bad, words in (
                ({'name': 'Two', 'files': ['page.txt']}, '[1]: files[0]: must be {name, sha256, bytes}'),
                ({'name': 'Two', 'files': [{'name': 'x', 'sha256': digest, 'bytes': 1}]},
                 '[1]: files[0]: is not here'),
                ({'name': 'Two', 'requirements': ['Nine']}, 'two: requirements[0]: there is no'),
                ({'name': 'Two', 'value': 'x'}, '[1]: value'), ({'name': 'one'}, '[1]: a second "one"')):
            got = admin.put('/api/v2/challenges', [one, bad]).expect_problem(self, 400, 'invalid')
            self.assertIn(words, got['detail'])
        self.assertEqual(set(self.listed(admin)), {'one'})
        admin.put('/api/v2/files/' + digest, b'x').expect(self, 201)
        two = {'name': 'Two', 'files': [{'name': 'x', 'sha256': digest, 'bytes': 2}], 'requirements': ['One']}
        self.assertIn('has 1 bytes, not 2',
                      admin.put('/api/v2/challenges', [one, two]).expect(self, 400).json['detail'])
        two['files'][0]['bytes'] = 1
        admin.put('/api/v2/challenges', [one, two]).expect(self, 200)
        got = admin.get('/api/v2/challenges/two').json
        self.assertEqual((got['requirements'], got['files']),
                         (['one'], [{'id': digest, 'name': 'x', 'bytes': 1}]))

    def test_one_tenants_files_are_not_anothers(self):
        d, admin = self.bare()
        path = '/api/v2/files/' + hashlib.sha256(b'secret').hexdigest()
        admin.put(path, b'secret').expect(self, 201)
        admin.post('/api/v2/tenants', {'slug': 'other'}).expect(self, 201)
        admin.post('/api/v2/users', {'name': 'eve', 'role': 'admin', 'tenant': 'other'}).expect(self, 201)
        eve = self.client(d, admin.post('/api/v2/tokens', {'user': 'eve', 'tenant': 'other'})
                          .expect(self, 201).json['token'])
        eve.get(path).expect(self, 404)
        eve.request('HEAD', path).expect(self, 404)
        eve.put('/api/v2/challenges', [{'name': 'X', 'files': [
            {'name': 'x', 'sha256': path[-64:], 'bytes': 6}]}]).expect(self, 400)


CHALLENGES = [
    {'id': 1, 'title': 'Count', 'category': 'Basics', 'difficulty': 'Easy', 'points': 100,
     'description': 'Hello @DISPLAYNAME@ (@USERNAME@, @USERID@, @OBFUSCATED_DISPLAYNAME@) at '
                    '@PLAYER_CLUSTER@ of @CONTROL_CLUSTER@.', 'flag': '^26$', 'testflag': '26',
     'hints': [{'id': 1, 'text': 'For @DISPLAYNAME@ only', 'cost': 0}],
     'content': {'who': ['@DISPLAYNAME@', 7]}},
    {'id': 2, 'title': 'Area', 'points': 200, 'description': 'As *k* times pi, such as `300\u03c0`.',
     'flag': '^300\u03c0$', 'testflag': '300\u03c0', 'requirements': [1]},
]


class Ctfg(Both):
    """CTFG's own files."""

    def edited(self, **change):
        """CHALLENGES with the first one changed."""
        return [{**CHALLENGES[0], **change}, CHALLENGES[1]]

    def test_b1_what_is_wrong_refuses_the_start_with_its_place(self):
        d, path = self.serve_file('challenges.json', '[]', start=False)
        for change, words in (({'id': 2}, 'id: 2 is there twice'),
                              ({'requirements': [9]}, 'requirements[0]: there is no challenge 9'),
                              ({'flag': '^(26$'}, 'flag: is no regular expression'),
                              ({'hints': [{'id': 2, 'text': 'x', 'cost': 1}]}, 'hints[0].id: must be 1'),
                              ({'testflag': '27'}, 'testflag: is not accepted')):
            self.write(path, json.dumps(self.edited(**change), indent=1))
            r = d.cli('serve')
            self.assertNotEqual(r.returncode, 0, change)
            self.assertRegex(r.stderr, r'challenges\.json:[1-9]\d*:[1-9]\d*: ' + re.escape(words))
            r = d.cli('challenge', 'lint', path)
            self.assertEqual(r.returncode, 1)
            self.assertRegex(r.stderr, r'(?m)^\S+challenges\.json:[1-9]\d*:[1-9]\d*: ' + re.escape(words))
        self.write(path, '[{"id": 1,}]')
        r = d.cli('serve')
        self.assertIn('challenges.json:1:11: not valid JSON', r.stderr)
        self.write(path, CHALLENGES)
        self.assertEqual(d.cli('challenge', 'lint', path).stdout, '2 good, 0 bad\n')
        d.start()
        self.assertEqual(set(self.listed(self.admin(d))), {'count', 'area'})

    def test_b2_flags_match_in_one_place(self):
        d, path = self.serve_file('challenges.json', CHALLENGES + [
            {'id': 3, 'title': 'Slow', 'points': 1, 'flag': '(a+)+$'}])
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        for wrong in ('261', 'x26', '26\n26', '2 6'):
            self.submit(ann, 'count', wrong, 'incorrect')
        self.submit(ann, 'count', ' 26\n')
        self.submit(bob, 'count', '26')
        self.submit(bob, 'area', '300', 'incorrect')
        self.submit(bob, 'area', '300\u03c0')
        began = time.monotonic()
        self.submit(bob, 'slow', 'a' * 900 + '!', 'incorrect')
        self.assertLess(time.monotonic() - began, 0.5)

    def test_b5_placeholders(self):
        d, path = self.serve_file('challenges.json', CHALLENGES, mask_key='some-secret-key',
                                  control_cluster='control.example',
                                  player_clusters='p0.example,p1.example,p2.example')
        key = b'some-secret-key'

        def unmask(text):
            data = bytes(b ^ key[i % len(key)] for i, b in enumerate(bytes.fromhex(text)))
            self.assertEqual(data[-4:], zlib.crc32(data[:-4]).to_bytes(4, 'big'))
            self.assertEqual(text, text.upper())
            return data[:-4].decode()
        for name in ('ann', 'bob', 'carl', 'dora'):
            p = self.player(d, name)
            uid = p.user['id']
            seen = lambda: p.get('/api/v2/challenges/count').expect(self, 200).json
            for display in (None, f"O'Hara (b) #{uid}"):
                if display:
                    p.put('/api/v2/session/name', {'name': display}).expect(self, 200)
                shown = display or '[unset]'
                got = seen()
                masked = got['description'].split(', ')[2].split(')')[0]
                self.assertEqual(unmask(masked), shown)
                cluster = f'p{uid % 3}.example'  # (CT10) by the id, whatever the order they come in
                self.assertEqual(got['description'], f'Hello {shown} ({name}, {uid}, {masked}) at '
                                                     f'{cluster} of control.example.')
                self.assertEqual(got['html'], f'<p>Hello {shown} ({name}, {uid}, {masked}) at {cluster} '
                                              'of control.example.</p>\n'.replace("'", '&#39;'))
                self.assertEqual(got['content'], {'who': [shown, 7]})
                if not display:
                    hint = p.post('/api/v2/challenges/count/hints/1').expect(self, 200).json
                    self.assertEqual(hint['text'], 'For [unset] only')
            self.assertEqual(seen()['hints'][0]['text'], f"For O'Hara (b) #{uid} only")

    def test_the_clusters_come_from_ctfgs_file_too(self):
        folder = self.folder()
        self.write(os.path.join(folder, 'game-clusters.yaml'),
                   'control_cluster: c.example\nplayer_clusters:\n  - one.example\n')
        clusters = os.path.join(folder, 'game-clusters.yaml')
        d, path = self.serve_file('challenges.json', CHALLENGES, clusters=clusters)
        got = self.player(d, 'ann').get('/api/v2/challenges/count').json['description']
        self.assertTrue(got.endswith('at one.example of c.example.'), got)
        masked = got.split(', ')[2].split(')')[0]
        self.assertNotIn('5B', masked[:2], 'masked with a key of the install')
        d.stop()
        self.write(clusters, 'control_cluster: c.example\nplayer_clusters: [a]\nregion: x\n')
        r = d.cli('serve')
        self.assertEqual(r.returncode, 1)
        self.assertIn('game-clusters.yaml: line 3: region: is unknown', r.stderr)

    def test_it_is_followed_and_ids_and_solves_survive_a_new_title(self):
        d, path = self.serve_file('challenges.json', CHALLENGES)
        admin, ann = self.admin(d), self.player(d, 'ann')
        before = self.listed(admin)
        self.submit(ann, 'count', '26')
        self.write(path, self.edited(title='Count again', points=150))
        self.soon(lambda: self.listed(admin)['count']['title'] == 'Count again', 'the new title')
        now = self.listed(ann)
        self.assertEqual((now['count']['id'], now['count']['solved'], now['count']['value']),
                         (before['count']['id'], True, 150))
        self.assertIn('area', now)
        # while it is down, too
        d.stop()
        self.write(path, self.edited(title='Third title'))
        d.start()
        now = self.listed(self.player(d, 'bob'))
        self.assertEqual((now['count']['title'], now['count']['id']), ('Third title', before['count']['id']))
        # a bad one keeps what was, with its place
        self.write(path, '[\n {"id": 1, "title": "X", "flag": "["}\n]')
        admin = self.admin(d)
        problem = self.soon(lambda: self.source(admin)['problems'], 'the problem')[0]
        self.assertEqual((problem['file'], problem['line'], problem['column']), ('challenges.json', 2, 34))
        self.assertEqual(self.listed(admin)['count']['title'], 'Third title')

    def test_raw_line_breaks_are_tolerated(self):
        d, path = self.serve_file('challenges.json', '[{"id": 1, "title": "Two\tlines", "points": 1, '
                                                     '"flag": "x", "description": "a\n\nb"}]', start=False)
        r = d.cli('challenge', 'lint', path)
        self.assertIn(':1:21: title: must be one line', r.stderr)
        self.write(path, '[{"id": 1, "title": "Lines", "points": 1, "flag": "x", "description": "a\n\nb"}]')
        d.start()
        self.assertEqual(self.listed(self.admin(d))['lines']['description'], 'a\n\nb')


class Credentials(Both):
    """(A2, CT20) credentials.csv."""

    def sign_in(self, d, name, password):
        return self.client(d).post('/api/v2/session', {'name': name, 'password': password}).status

    def names(self, d):
        return {u['name']: u['role'] for u in self.pages(self.admin(d), '/api/v2/users')}

    def test_a2_500_users_before_the_port_opens(self):
        rows = ''.join(f'  player{i} , pass word{i}\t\r\n' for i in range(1, 501))
        d, path = self.serve_file('credentials.csv', 'username,password\r\n' + rows, start=False)
        d.start(path='/healthz', wait_s=180)  # the first answer comes when all are there
        names = self.names(d)
        self.assertEqual(len(names), 501)
        self.assertEqual({names[f'player{i}'] for i in range(1, 501)}, {'player'})
        self.assertNotIn('username', names)
        for i in (1, 250, 500):
            self.assertEqual(self.sign_in(d, f'player{i}', f'pass word{i}'), 200)
        self.assertEqual(self.sign_in(d, 'player1', 'pass word2'), 401)
        self.assertNotIn('pass word', d.log_text())
        if d.store.startswith('sqlite:'):
            stored = d.sql("SELECT password FROM app_user WHERE name LIKE 'player%'")
            self.assertEqual(len({p for p, in stored}), 500, 'each has its own salt')
            self.assertTrue(all(p.startswith('$argon2id$v=19$m=19456,t=2,p=1$') for p, in stored))
        d.stop()
        for folder, _, files in os.walk(d.settings['var']):
            for name in files:
                with open(os.path.join(folder, name), 'rb') as f:
                    self.assertNotIn(b'pass word', f.read(), name)
        began = time.monotonic()
        d.start()
        self.assertLess(time.monotonic() - began, 5, 'a second start is quick')
        self.assertEqual(len(self.names(d)), 501)

    def test_ct20_a_first_row_that_is_no_heading_is_a_user(self):
        d, path = self.serve_file('credentials.csv', 'player1,one\nplayer2,"t,wo"\n')
        self.assertEqual(self.names(d), {'admin': 'admin', 'player1': 'player', 'player2': 'player'})
        self.assertEqual(self.sign_in(d, 'player1', 'one'), 200)
        self.assertEqual(self.sign_in(d, 'player2', 't,wo'), 200)

    def test_those_that_are_there_stay_as_they_are(self):
        d, path = self.serve_file('credentials.csv', 'ann,first\n')
        admin = self.admin(d)
        ann = next(u for u in self.pages(admin, '/api/v2/users') if u['name'] == 'ann')
        admin.patch(f'/api/v2/users/{ann["id"]}', {'role': 'organiser'}).expect(self, 200)
        d.stop()
        self.write(path, 'username,password\nann,second\nbob,third\nadmin,fourth\n')
        d.start()
        self.assertEqual(self.names(d), {'admin': 'admin', 'ann': 'organiser', 'bob': 'player'})
        self.assertEqual([self.sign_in(d, *who) for who in
                          (('ann', 'first'), ('ann', 'second'), ('bob', 'third'), ('admin', 'fourth'))],
                         [200, 401, 200, 401])

    def test_bad_rows_refuse_the_start_and_are_named(self):
        d, path = self.serve_file('credentials.csv', 'ann,secret1\nbob\n,secret2\nann,secret3\n"x" y,secret4\n',
                                  start=False)
        r = d.cli('serve')
        self.assertEqual(r.returncode, 1)
        self.assertIn('credentials.csv:2: has 1 fields', r.stderr)
        lines = [json.loads(x) for x in r.stderr.splitlines() if x.startswith('{')]
        self.assertEqual([x['line'] for x in lines if x['msg'] == 'a row of the credentials is refused'],
                         [2, 3, 4, 5])
        self.assertNotIn('secret', r.stderr + r.stdout)
        self.write(path, 'ann,secret1\n')
        d.start()
        self.assertEqual(set(self.names(d)), {'admin', 'ann'}, 'nobody was made by the bad one')


class FolderOnSqlite(Folder, harness.Case):
    pass


class FolderOnPostgres(Folder, harness.Case):
    def store(self):
        return {'store': harness.postgres_store(self)}


class PushOnSqlite(Push, harness.Case):
    pass


class PushOnPostgres(Push, harness.Case):
    def store(self):
        return {'store': harness.postgres_store(self)}


class CtfgOnSqlite(Ctfg, harness.Case):
    pass


class CtfgOnPostgres(Ctfg, harness.Case):
    def store(self):
        return {'store': harness.postgres_store(self)}


class CredentialsOnSqlite(Credentials, harness.Case):
    pass


class CredentialsOnPostgres(Credentials, harness.Case):
    def store(self):
        return {'store': harness.postgres_store(self)}


if __name__ == '__main__':
    harness.need_postgres()
    harness.main()
