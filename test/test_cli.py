#!/usr/bin/env python3
"""The command line, and the daemon's own life: folder, keys, signals, service manager."""
import json, os, signal, socket, sqlite3, stat, subprocess, tempfile, time

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
                                  'audit', 'doctor', 'completion', 'version'})
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
                      ['token', 'add', 'bob', '--expires', 'soon'], ['serve', '--ports', '9-1']):
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
                         ['BERTH_URL', 'BERTH_ADMIN_TOKEN', 'BERTH_PLAYER1_TOKEN',
                          'BERTH_PLAYER2_TOKEN'])
        self.assertEqual(demo(), first)
        lines = dict(line.split('=', 1) for line in first.splitlines())
        d.start()
        d.token = lines['BERTH_ADMIN_TOKEN']
        self.assertEqual(d.cli('user', 'list').stdout.count('\n'), 3)
        ids = {t['user_id']: t['id'] for t in json.loads(d.cli('token', 'list', '--json').stdout)}
        self.assertEqual(d.cli('token', 'revoke', str(ids[2])).returncode, OK)
        d.stop()
        again = dict(line.split('=', 1) for line in demo().splitlines())
        self.assertNotEqual(again['BERTH_PLAYER1_TOKEN'], lines['BERTH_PLAYER1_TOKEN'])
        self.assertEqual(again['BERTH_PLAYER2_TOKEN'], lines['BERTH_PLAYER2_TOKEN'])

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


if __name__ == '__main__':
    main()
