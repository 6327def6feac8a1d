#!/usr/bin/env python3
"""The command line, and the daemon's own life: folder, keys, signals, service manager."""
import json, os, resource, signal, socket, sqlite3, stat, subprocess, tempfile, termios, time

from client import poll
from harness import TOP, Case, Daemon, challenge_yaml, main, no_berth_environment, program, \
    write_challenges

OK, FAILED, USAGE, NOT_FOUND, REFUSED, UNREACHABLE, DENIED = range(7)


def berth(*args, env=None, timeout=60):
    return subprocess.run([program(), *args], env={**no_berth_environment(), **(env or {})},
                          text=True, capture_output=True, stdin=subprocess.DEVNULL,
                          timeout=timeout)


def commands():
    """Every command, out of the overview that people read."""
    lines = berth('--help').stdout.splitlines()
    words = [line.split('  ')[1].split()[1:] for line in lines if line.startswith('  berth ')]
    return [[w for w in command if w.islower()] for command in words]


class Words(Case):
    """What needs no daemon."""

    def test_help_lists_every_group(self):
        r = berth('--help')
        self.assertEqual(r.returncode, OK)
        groups = {c[0] for c in commands()}
        self.assertEqual(groups, {'serve', 'init', 'challenge', 'instance', 'user', 'team', 'token',
                                  'audit', 'doctor', 'completion', 'version', 'game', 'award',
                                  'submission', 'suspicion', 'announce', 'scoreboard',
                                  'emulate'})
        self.assertIn('Exit codes', r.stdout)

    def test_every_command_has_help(self):
        for command in commands():
            for words in (command + ['--help'], ['help'] + command):
                r = berth(*words)
                self.assertEqual((r.returncode, r.stderr), (OK, ''), words)
                self.assertTrue(r.stdout.startswith('Usage: berth ' + ' '.join(command[:1])), words)

    def test_mistakes_are_usage_errors_and_say_so(self):
        for words in ([], ['frobnicate'], ['instance'], ['instance', 'frobnicate'],
                      ['instance', 'start'], ['instance', 'start', 'a', 'b'],
                      ['instance', 'list', '--frob'], ['serve', '--capacity', 'many'],
                      ['serve', '--listen'], ['completion', 'csh'], ['user', 'set', 'bob'],
                      ['token', 'add', 'bob', '--expires', 'soon'], ['serve', '--ports', '9-1'],
                      ['team', 'set', 'red'], ['game', 'set'], ['game', 'set', 'paused'],
                      ['game', 'set', 'colour=red'], ['game', 'set', 'paused=perhaps'],
                      ['game', 'set', 'starts_at=soon'], ['game', 'set', 'team_size=-1'],
                      ['game', 'freeze', '--at', 'soon'], ['game', 'reset'],
                      ['award', 'give', 'ann', 'many', 'x'], ['award', 'give', 'ann', '5'],
                      ['submission', 'list', '--max', '0'], ['challenge', 'check', '.', '--timeout', '5']):
            r = berth(*words)
            self.assertEqual(r.returncode, USAGE, (words, r))
            self.assertEqual(r.stdout, '', words)
            self.assertTrue(r.stderr.startswith('berth: '), (words, r.stderr))

    def test_version(self):
        self.assertRegex(berth('version').stdout, r'^berth \d+\.\d+\.\d+\n$')
        self.assertEqual(berth('--version').stdout, berth('version').stdout)
        self.assertIn('version', json.loads(berth('version', '--json').stdout))

    def test_completion_completes(self):
        script = berth('completion', 'bash').stdout
        ask = script + '''
COMP_WORDS=(berth "$@"); COMP_CWORD=$#; _berth; printf '%s\\n' "${COMPREPLY[@]}"
'''
        def complete(*words):
            return subprocess.run(['bash', '-c', ask, 'bash', *words], text=True,
                                  capture_output=True, check=True).stdout.split()
        self.assertEqual(complete('inst'), ['instance'])
        self.assertIn('verify', complete('audit', ''))
        self.assertEqual(complete('audit', 'verify', '--ex'), ['--export'])
        self.assertEqual(complete('serve', '--gate-l'), ['--gate-listen'])

    def test_an_unreachable_daemon_has_its_own_exit_code(self):
        r = berth('instance', 'list', env={'BERTH_URL': 'http://127.0.0.1:1'})
        self.assertEqual(r.returncode, UNREACHABLE)
        self.assertIn('berth serve', r.stderr)
        r = berth('instance', 'list', '--json', '--url', 'http://127.0.0.1:1')
        self.assertEqual(json.loads(r.stderr)['code'], 'unavailable')

    def test_the_examples_are_good(self):
        r = berth('challenge', 'lint', os.path.join(TOP, 'examples', 'challenges'))
        self.assertEqual((r.returncode, r.stderr), (OK, ''))
        self.assertRegex(r.stdout, r'^[4-9]\d* good, 0 bad\n$')
        r = berth('challenge', 'lint', os.path.join(TOP, 'examples', 'ctfg', 'challenges.json'))
        self.assertEqual((r.returncode, r.stderr, r.stdout), (OK, '', '3 good, 0 bad\n'))

    def test_lint_says_file_line_and_reason(self):
        folder = write_challenges(self.folder(), {'good': challenge_yaml('good'),
                                                  'bad': 'name: Bad\nvalue: much\n'})
        r = berth('challenge', 'lint', folder)
        self.assertEqual(r.returncode, FAILED)
        self.assertRegex(r.stderr, r'(?m)^\S+/bad/challenge.yml:2: \S')
        self.assertEqual(r.stdout, '1 good, 1 bad\n')
        report = json.loads(berth('challenge', 'lint', folder, '--json').stdout)
        self.assertEqual(report['good'], ['good'])
        self.assertEqual(report['bad'][0]['line'], 2)
        r = berth('challenge', 'lint', folder + '/none')
        self.assertEqual(r.returncode, FAILED)
        self.assertIn('/none', r.stderr)


class Client(Case):
    """The client commands against a daemon on a fake engine."""

    def test_the_life_of_an_instance(self):
        d = self.game(['alpha'])
        d.cli('user', 'add', 'ann')
        ann = d.cli('token', 'add', 'ann').stdout.strip()
        r = d.cli('instance', 'start', 'alpha', token=ann)
        self.assertEqual(r.returncode, OK, r.stderr)
        shown = json.loads(d.cli('instance', 'show', 'alpha', '--json', token=ann).stdout)
        self.assertEqual((shown['state'], shown['extensions']), ('running', 0))
        self.assertIn(shown['endpoints'][0]['url'], r.stdout)
        for n in range(1, 6):
            self.assertEqual(d.cli('instance', 'extend', shown['id'], token=ann).stdout,
                             f'Container extended by 15 minutes (extension {n}/5)\n')
        r = d.cli('instance', 'extend', 'alpha', token=ann)
        self.assertEqual(r.returncode, REFUSED)
        self.assertEqual(r.stderr, 'berth: Maximum extensions reached (5)\n')
        self.assertEqual(d.cli('instance', 'restart', 'alpha', token=ann).returncode, OK)
        self.assertEqual(d.cli('instance', 'logs', 'alpha', token=ann).returncode, OK)
        r = d.cli('instance', 'stop', 'alpha', token=ann)
        self.assertEqual(r.returncode, OK, r.stderr)
        self.assertIn('ended', r.stdout)
        self.assertEqual(d.cli('instance', 'stop', 'alpha', token=ann).returncode, NOT_FOUND)
        self.assertEqual(d.cli('instance', 'list', token=ann).stdout.count('running'), 0)

    def test_what_is_not_allowed_or_not_there(self):
        d = self.game(['alpha'])
        d.cli('user', 'add', 'ann')
        ann = d.cli('token', 'add', 'ann').stdout.strip()
        for want, words, token in (
                (NOT_FOUND, ['instance', 'start', 'none'], ann),
                (NOT_FOUND, ['instance', 'show', 'none'], ann),
                (NOT_FOUND, ['challenge', 'show', 'none'], ann),
                (NOT_FOUND, ['user', 'set', 'nobody', '--role', 'admin'], None),
                (DENIED, ['user', 'list'], ann),
                (DENIED, ['audit', 'list'], ann),
                (DENIED, ['instance', 'list'], 'brt_none'),
                (REFUSED, ['user', 'add', 'ann'], None)):
            r = d.cli(*words, token=token)
            self.assertEqual(r.returncode, want, (words, r.stdout, r.stderr))
            self.assertEqual(r.stdout, '')

    def test_accounts_and_tokens(self):
        d = self.game(['alpha'], init=('--team-mode',))
        self.assertEqual(d.cli('team', 'add', 'red').returncode, OK)
        self.assertEqual(d.cli('user', 'add', 'ann', '--team', 'red').returncode, OK)
        self.assertEqual(d.cli('user', 'set', 'ann', '--role', 'organiser').returncode, OK)
        users = json.loads(d.cli('user', 'list', '--json').stdout)
        ann = next(u for u in users if u['name'] == 'ann')
        self.assertEqual((ann['role'], ann['team_id']), ('organiser', 1))
        self.assertEqual(d.cli('user', 'set', 'ann', '--team', 'none').returncode, OK)
        made = json.loads(d.cli('token', 'add', 'ann', '--label', 'laptop', '--expires', '1h',
                                '--json').stdout)
        self.assertEqual(d.cli('challenge', 'list', token=made['token']).returncode, OK)
        self.assertEqual(d.cli('token', 'revoke', str(made['id'])).returncode, OK)
        self.assertEqual(d.cli('challenge', 'list', token=made['token']).returncode, DENIED)
        listed = json.loads(d.cli('token', 'list', '--user', 'ann', '--json').stdout)
        self.assertTrue(listed[0]['revoked_at'] and listed[0]['expires_at'])
        self.assertNotIn('token', listed[0])

    def ok(self, d, *words, says=None, token=None, given=None):
        r = d.cli(*words, token=token) if given is None else subprocess.run(
            [program(), *words], env={**d.environment(), 'BERTH_URL': d.url, 'BERTH_TOKEN': token or d.token},
            input=given, text=True, capture_output=True, timeout=60)
        self.assertEqual(r.returncode, OK, (words, r.stdout, r.stderr))
        if says is not None:
            self.assertEqual(r.stdout, says)
        return json.loads(r.stdout) if '--json' in words else r.stdout

    def signs_in(self, d, name, password):
        return self.client(d).post('/api/v2/session', {'name': name, 'password': password}).status == 200

    def test_passwords_come_from_a_file_or_from_standard_input(self):
        d = self.game(['alpha'])
        path = os.path.join(d.var, 'password')
        with open(path, 'w') as f:
            f.write('from a file\nmore\n')
        self.ok(d, 'user', 'add', 'ann', '--password-file', path)
        self.ok(d, 'user', 'add', 'bob', '--password-stdin', '--display', 'Bobby Tables', given='by pipe\r\n')
        self.assertTrue(self.signs_in(d, 'ann', 'from a file') and self.signs_in(d, 'bob', 'by pipe'))
        self.ok(d, 'user', 'password', 'bob', '--password-stdin', given='another one\n')
        self.assertTrue(self.signs_in(d, 'bob', 'another one') and not self.signs_in(d, 'bob', 'by pipe'))
        users = {u['name']: u for u in self.ok(d, 'user', 'list', '--json')}
        self.assertEqual(users['bob']['display_name'], 'Bobby Tables')
        for words, given, code in ((('user', 'password', 'bob'), '', FAILED),  # nobody to ask
                                   (('user', 'password', 'bob', '--password-stdin'), '\n', FAILED),
                                   (('user', 'password', 'none', '--password-stdin'), 'x', NOT_FOUND)):
            r = subprocess.run([program(), *words], text=True, capture_output=True, input=given,
                               env={**d.environment(), 'BERTH_URL': d.url, 'BERTH_TOKEN': d.token})
            self.assertEqual((r.returncode, r.stdout), (code, ''), (words, r.stderr))
        self.assertTrue(self.signs_in(d, 'bob', 'another one'))

    def test_a_password_is_asked_for_where_nobody_sees_it(self):
        d = self.game(['alpha'])
        self.ok(d, 'user', 'add', 'ann')

        def typed(*lines, give_up=False):
            ours, theirs = os.openpty()
            p = subprocess.Popen([program(), 'user', 'password', 'ann'], stdin=theirs, stdout=theirs,
                                 stderr=theirs, env={**d.environment(), 'BERTH_URL': d.url, 'BERTH_TOKEN': d.token})
            os.close(theirs)
            seen = b''
            for prompt, line in zip((b'Password of ann: ', b'Once more, that of ann: '), lines):
                while not seen.endswith(prompt):
                    seen += os.read(ours, 1000)
                os.write(ours, line.encode() + b'\n')
            if give_up:
                while not seen.endswith(b'that of ann: '):
                    seen += os.read(ours, 1000)
                self.assertFalse(termios.tcgetattr(ours)[3] & termios.ECHO)
                p.send_signal(signal.SIGINT)
                code = p.wait(30)
                self.assertTrue(termios.tcgetattr(ours)[3] & termios.ECHO, 'the terminal as it was')
                os.close(ours)
                return code, seen.decode()
            while True:
                try:
                    more = os.read(ours, 1000)
                except OSError:
                    break
                seen += more
                if not more:
                    break
            os.close(ours)
            return p.wait(30), seen.decode()
        code, seen = typed('typed twice', 'typed twice')
        self.assertEqual(code, OK, seen)
        self.assertNotIn('typed', seen)
        self.assertTrue(self.signs_in(d, 'ann', 'typed twice'))
        code, seen = typed('once', 'another')
        self.assertEqual(code, FAILED)
        self.assertIn('not the same', seen)
        self.assertEqual(typed('typed', give_up=True)[0], -signal.SIGINT)

    def test_import_makes_users_once(self):
        d = self.game(['alpha'], limits=True)
        path = os.path.join(d.var, 'users.csv')
        with open(path, 'w') as f:
            f.write('username,password\n' + ''.join(f'p{i},secret {i}\n' for i in range(130)))
        self.assertEqual(self.ok(d, 'user', 'import', path, '--json'), {'made': 130, 'already_there': 0})
        self.ok(d, 'user', 'import', path, says='0 made, 130 there already\n')
        self.assertTrue(self.signs_in(d, 'p129', 'secret 129'))
        with open(path, 'a') as f:
            f.write('q,x\nbad\n')
        r = d.cli('user', 'import', path)
        self.assertEqual((r.returncode, r.stdout), (FAILED, ''))
        self.assertIn('users.csv:133: has 1 fields', r.stderr)
        self.assertNotIn('q', [u['name'] for u in self.ok(d, 'user', 'list', '--json')])

    def test_the_rules_of_the_game(self):
        d = self.game(['alpha'])
        shown = self.ok(d, 'game', 'set', 'paused=on', 'team-size=4', 'blood_bonus_percent=10,5,2',
                        'brackets=Students,Open', 'ends_at=2040-01-01T00:00:00Z', 'public_board=yes', '--json')
        self.assertEqual({k: shown[k] for k in ('paused', 'team_size', 'blood_bonus_percent', 'brackets',
                                                'ends_at', 'public_board')},
                         {'paused': True, 'team_size': 4, 'blood_bonus_percent': [10, 5, 2],
                          'brackets': ['Students', 'Open'], 'ends_at': '2040-01-01T00:00:00.000Z',
                          'public_board': True})
        self.assertIn('phase\tpaused\n', self.ok(d, 'game', 'show'))
        self.assertIn('blood_bonus_percent\t10, 5, 2\n', self.ok(d, 'game', 'resume'))
        self.assertEqual(self.ok(d, 'game', 'show', '--json')['phase'], 'open')
        self.assertTrue(self.ok(d, 'game', 'freeze', '--json')['frozen'])
        self.assertFalse(self.ok(d, 'game', 'unfreeze', '--json')['frozen'])
        at = self.ok(d, 'game', 'freeze', '--at', '2039-12-31T22:00:00Z', '--json')
        self.assertEqual((at['frozen'], at['freeze_at']), (False, '2039-12-31T22:00:00.000Z'))
        self.assertTrue(self.ok(d, 'game', 'pause', '--json')['paused'])
        self.assertEqual(self.ok(d, 'game', 'set', 'ends_at=none', 'brackets=', '--json')['brackets'], [])
        r = d.cli('game', 'set', 'mode=nonsense')
        self.assertEqual((r.returncode, r.stdout), (FAILED, ''))

    def test_what_organisers_do(self):
        d = self.game({'quiz': 'name: Quiz\nvalue: 100\nflags: ["CTF{q}"]\n', 'alpha': challenge_yaml('alpha')})
        ann, bob = self.player(d, 'ann'), self.player(d, 'bob')
        for p, flag in ((ann, 'CTF{q}'), (bob, 'wrong')):
            p.post('/api/v2/submissions', {'challenge': 'quiz', 'flag': flag}).expect(self, 200)
        board = self.ok(d, 'scoreboard', '--json')
        self.assertEqual([(r['rank'], r['account_id'], r['score']) for r in board], [(1, ann.user['id'], 100)])
        listed = self.ok(d, 'submission', 'list', '--result', 'incorrect', '--json')
        self.assertEqual([(s['user'], s['text']) for s in listed], [('bob', 'wrong')])
        self.assertEqual(len(self.ok(d, 'submission', 'list', '--max', '1', '--json')), 1)
        self.assertEqual(self.ok(d, 'submission', 'list', '--account', f'user:{ann.user["id"]}').count('\n'), 1)
        self.ok(d, 'submission', 'judge', str(listed[0]['id']), 'correct', says='judged\n')
        self.assertEqual(len(self.ok(d, 'scoreboard', '--json')), 2)
        self.ok(d, 'submission', 'delete', str(listed[0]['id']), says='deleted\n')
        self.ok(d, 'award', 'give', 'bob', '150', 'for the write-up')
        self.assertEqual(self.ok(d, 'award', 'give', f'user:{bob.user["id"]}', '-30', 'a toll', '--json')['value'], -30)
        self.assertEqual([r['score'] for r in self.ok(d, 'scoreboard', '--json')], [120, 100])
        toll = next(a for a in self.ok(d, 'award', 'list', '--json') if a['value'] == -30)
        self.ok(d, 'award', 'remove', str(toll['id']), says='taken back\n')
        self.assertRegex(self.ok(d, 'scoreboard'), r'^1\t\S.*\t150\t0\t')
        self.ok(d, 'announce', 'Lunch', 'In the *galley*.')
        self.assertEqual([(a['title'], a['text']) for a in ann.get('/api/v2/announcements').json['items']],
                         [('Lunch', 'In the *galley*.')])
        self.ok(d, 'user', 'set', 'ann', '--standing', 'banned')
        self.assertEqual([r['account_id'] for r in self.ok(d, 'scoreboard', '--json')], [bob.user['id']])
        self.assertIn('sessions ended', self.ok(d, 'game', 'reset', '--yes'))
        self.assertEqual(self.ok(d, 'scoreboard', '--json'), [])
        for want, words, token in ((NOT_FOUND, ['award', 'remove', '99'], None),
                                   (NOT_FOUND, ['award', 'give', 'nobody', '5', 'x'], None),
                                   (NOT_FOUND, ['submission', 'delete', '99'], None),
                                   (DENIED, ['submission', 'list'], bob.token),
                                   (DENIED, ['game', 'pause'], bob.token)):
            r = d.cli(*words, token=token)
            self.assertEqual((r.returncode, r.stdout), (want, ''), (words, r.stderr))

    def test_teams(self):
        d = self.game(['alpha'], init=('--team-mode',))
        self.ok(d, 'game', 'set', 'brackets=Open')
        self.ok(d, 'team', 'add', 'red')
        self.ok(d, 'user', 'add', 'ann', '--team', 'red')
        before = self.ok(d, 'team', 'set', 'red', '--captain', 'ann', '--json')
        after = self.ok(d, 'team', 'set', 'red', '--name', 'Red Dwarf', '--bracket', 'Open', '--new-invite', '--json')
        self.assertEqual((after['name'], after['bracket'], after['id']), ('Red Dwarf', 'Open', before['id']))
        self.assertNotEqual(after['invite'], before['invite'])
        team = self.ok(d, 'team', 'list', '--json')[0]
        ann = next(u for u in self.ok(d, 'user', 'list', '--json') if u['name'] == 'ann')
        self.assertEqual((team['captain_id'], team['standing']), (ann['id'], 'visible'))
        self.ok(d, 'team', 'set', 'Red Dwarf', '--standing', 'hidden', '--bracket', 'none')
        self.assertEqual(self.ok(d, 'team', 'list', '--json')[0]['bracket'], None)
        self.assertEqual(d.cli('team', 'set', 'blue', '--name', 'x').returncode, NOT_FOUND)

    def test_push_makes_the_challenges_those_of_the_folder(self):
        d = self.game(['alpha', 'beta'])
        folder = write_challenges(self.folder(), {'beta': challenge_yaml('beta'),
                                                  'gamma': challenge_yaml('gamma')})
        self.assertEqual(d.cli('challenge', 'push', folder).stdout, '1 added, 0 changed, 1 hidden\n')
        listed = [c['slug'] for c in json.loads(d.cli('challenge', 'list', '--json').stdout)]
        self.assertEqual(sorted(listed), ['beta', 'gamma'])
        write_challenges(folder, {'beta': 'name: [\n'})
        self.assertEqual(d.cli('challenge', 'push', folder).returncode, FAILED)

    def test_audit_is_verified_and_a_change_is_found(self):
        d = self.game(['alpha'])
        d.cli('user', 'add', 'ann')
        rows = json.loads(d.cli('audit', 'list', '--json', '--action', 'user_created').stdout)
        self.assertEqual([r['detail']['name'] for r in rows], ['ann', 'admin'])
        key = os.path.join(d.settings['var'], 'audit.pub')
        r = d.verify('--key', key)
        self.assertEqual(r.returncode, OK, r.stderr)
        export = os.path.join(d.var, 'export')
        self.assertEqual(d.cli('audit', 'export', export).returncode, OK)
        self.assertEqual(d.cli('audit', 'verify', '--export', export).returncode, OK)
        d.stop()
        self.assertGreater(json.loads(d.verify('--key', key).stdout)['checkpoints'], 0)
        db = sqlite3.connect(d.store.partition(':')[2])
        with db:
            db.execute('UPDATE event SET request_id = request_id || ? WHERE seq = 3', ('x',))
        db.close()
        r = d.verify('--key', key)
        self.assertEqual(r.returncode, FAILED)
        self.assertEqual(json.loads(r.stdout)['first_bad_seq'], 3)
        d.init('--slug', 'other')  # the chain goes on, and stays bad at that row
        self.assertEqual(json.loads(d.verify('--key', key).stdout)['first_bad_seq'], 3)


class Life(Case):
    """berth serve and berth init."""

    def mode(self, *path):
        return stat.S_IMODE(os.stat(os.path.join(*path)).st_mode)

    def test_init_makes_keys_for_its_owner_only_and_one_tenant_once(self):
        d = self.daemon().init('--slug', 'lab', '--admin', 'root')
        var = d.settings['var']
        self.assertEqual([self.mode(var, f) for f in ('', 'master.key', 'audit.key', 'berth.db')],
                         [0o700, 0o600, 0o600, 0o600])
        r = d.cli('init', '--slug', 'lab')
        self.assertEqual(r.returncode, REFUSED)
        self.assertIn('lab', r.stderr)

    def test_a_key_that_others_can_read_refuses_the_start(self):
        d = self.daemon().init()
        os.chmod(os.path.join(d.settings['var'], 'master.key'), 0o644)
        r = d.cli('serve')
        self.assertEqual(r.returncode, FAILED)
        self.assertIn('chmod 600', r.stderr)

    def test_the_wrong_keys_refuse_the_start(self):
        for name, size in (('master.key', 32), ('audit.key', 64)):
            d = self.daemon().init()
            with open(os.path.join(d.settings['var'], name), 'w') as f:
                f.write('ab' * size + '\n')
            r = d.cli('serve')
            self.assertEqual(r.returncode, FAILED, r)
            self.assertIn('put', r.stderr)

    def test_a_second_daemon_on_the_store_is_refused(self):
        d = self.game()
        r = d.cli('serve', '--listen', '127.0.0.1:0')
        self.assertEqual(r.returncode, REFUSED)
        self.assertTrue(d.alive())

    def test_both_signals_stop_it_with_0(self):
        d = self.game()
        for sig in (signal.SIGTERM, signal.SIGINT):
            self.assertEqual(d.stop(sig, timeout=30), 0)
            d.start()

    def test_reload_reads_the_folder_again_and_keeps_all_when_something_became_bad(self):
        d = self.game(['alpha', 'beta'])
        folder = d.settings['challenges']

        def slugs():
            return sorted(c['slug'] for c in
                          json.loads(d.cli('challenge', 'list', '--json').stdout))

        def refused():
            return [x for x in d.log_lines() if x['msg'] == 'a challenge is refused']
        write_challenges(folder, {'alpha': 'name: [\n', 'gamma': challenge_yaml('gamma')})
        d.process.send_signal(signal.SIGHUP)
        poll(refused, 20, 'the refusal', every=0.2)
        self.assertEqual(slugs(), ['alpha', 'beta'])
        self.assertEqual(os.path.basename(os.path.dirname(refused()[-1]['file'])), 'alpha')
        write_challenges(folder, {'alpha': challenge_yaml('alpha')})
        d.process.send_signal(signal.SIGHUP)
        poll(lambda: slugs() == ['alpha', 'beta', 'gamma'], 20, 'the new challenge', every=0.2)

    def test_the_demo_keeps_its_tokens(self):
        d = self.daemon()
        env = os.path.join(d.settings['var'], 'demo.env')

        def demo():
            self.assertEqual(d.cli('init', '--demo').returncode, OK)
            return open(env).read()
        first = demo()
        self.assertEqual(self.mode(env), 0o600)
        self.assertEqual([line.partition('=')[0] for line in first.splitlines()],
                         ['BERTH_URL'] + [f'BERTH_{who}_{what}' for who in ('ADMIN', 'PLAYER1', 'PLAYER2')
                                          for what in ('PASSWORD', 'TOKEN')])
        self.assertEqual(demo(), first)
        lines = dict(line.split('=', 1) for line in first.splitlines())
        d.start()
        d.token = lines['BERTH_ADMIN_TOKEN']
        for who in ('admin', 'player1', 'player2'):
            password = lines[f'BERTH_{who.upper()}_PASSWORD']
            self.assertEqual(self.client(d).post('/api/v2/session', {'name': who, 'password': password})
                             .expect(self, 200).json['user']['name'], who)
            self.assertNotIn(password, d.log_text())
        self.assertEqual(d.cli('user', 'list').stdout.count('\n'), 3)
        ids = {t['user_id']: t['id'] for t in json.loads(d.cli('token', 'list', '--json').stdout)
               if t['label'] == 'demo'}
        self.assertEqual(d.cli('token', 'revoke', str(ids[2])).returncode, OK)
        d.stop()
        again = dict(line.split('=', 1) for line in demo().splitlines())
        self.assertNotEqual(again['BERTH_PLAYER1_TOKEN'], lines['BERTH_PLAYER1_TOKEN'])
        self.assertEqual(again['BERTH_PLAYER2_TOKEN'], lines['BERTH_PLAYER2_TOKEN'])
        self.assertEqual(again['BERTH_PLAYER1_PASSWORD'], lines['BERTH_PLAYER1_PASSWORD'])
        os.unlink(env)
        fresh = dict(line.split('=', 1) for line in demo().splitlines())
        self.assertNotEqual(fresh['BERTH_PLAYER1_PASSWORD'], lines['BERTH_PLAYER1_PASSWORD'])

    def test_the_service_manager_is_told(self):
        with tempfile.TemporaryDirectory() as folder, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            path = os.path.join(folder, 'notify')
            s.bind(path)
            s.settimeout(60)
            d = self.daemon().init()
            env = {**d.environment(), 'NOTIFY_SOCKET': path, 'WATCHDOG_USEC': '900000'}
            env.pop('WATCHDOG_PID', None)
            with open(d.log_path, 'ab') as log:
                d.process = subprocess.Popen([program(), 'serve'], env=env, stdout=log, stderr=log)
            self.assertEqual(s.recv(100), b'READY=1')
            self.assertEqual([s.recv(100) for _ in range(2)], [b'WATCHDOG=1'] * 2)
            d.process.send_signal(signal.SIGSTOP)  # a daemon that hangs is silent
            s.settimeout(0.1)
            time.sleep(0.5)
            try:
                while True:
                    s.recv(100)
            except socket.timeout:
                pass
            s.settimeout(2)
            self.assertRaises(socket.timeout, s.recv, 100)
            d.process.send_signal(signal.SIGCONT)
            d.process.send_signal(signal.SIGTERM)
            s.settimeout(60)
            poll(lambda: s.recv(100) == b'STOPPING=1', 60, 'STOPPING=1')
            self.assertEqual(d.process.wait(40), 0)

    def test_doctor_looks_and_tells_the_fix(self):
        d = self.game(['alpha'])
        r = d.cli('doctor', '--json')
        found = {f['check']: f for f in json.loads(r.stdout)}
        self.assertEqual(found['store']['verdict'], 'ok')
        self.assertEqual(found['keys']['verdict'], 'ok')
        self.assertEqual(found['engine fake']['verdict'], 'ok')
        self.assertEqual(found['listen']['verdict'], 'warning')  # our own daemon has it
        self.assertIn('clock', found)
        for f in found.values():
            self.assertEqual(f['verdict'] == 'ok', f['fix'] is None, f)
        r = d.cli('doctor', '--runtime', 'docker:///nowhere/docker.sock', '--json')
        self.assertEqual(r.returncode, FAILED)
        engine = next(f for f in json.loads(r.stdout) if f['check'] == 'engine docker')
        self.assertEqual(engine['verdict'], 'broken')
        r = d.cli('doctor', '--ports', '30000-59999', '--json')
        ports = next(f for f in json.loads(r.stdout) if f['check'] == 'ports')
        self.assertTrue(ports['verdict'] == 'ok' or 'ip_local_reserved_ports' in ports['fix'], ports)

    def test_as_many_files_as_the_system_allows(self):
        files = resource.RLIMIT_NOFILE
        soft, hard = resource.getrlimit(files)
        self.addCleanup(resource.setrlimit, files, (soft, hard))
        resource.setrlimit(files, (1000, hard))
        d = self.game(['alpha'])
        self.assertEqual(resource.prlimit(d.process.pid, files), (hard, hard))
        few = ['--max-connections', '100', '--capacity', '10', '--json']
        for watchers, verdict in (100, 'ok'), (1000000, 'warning'):
            r = d.cli('doctor', '--max-watchers', str(watchers), *few)
            found = next(f for f in json.loads(r.stdout) if f['check'] == 'file limit')
            self.assertEqual(found['verdict'], verdict)
        self.assertIn('LimitNOFILE=1000260', found['fix'])


if __name__ == '__main__':
    main()
