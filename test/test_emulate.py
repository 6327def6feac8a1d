"""
`berth emulate`: what it says happened is what the daemon knows to have happened.  Both kinds of
target, each on SQLite and on PostgreSQL; limits that fail the run; early ends.
"""
import json, os, re, signal, socket, subprocess, time

import harness
from client import poll
from daemon import program
from harness import challenge_yaml, write_file

STATIC = ('easy', 'hard', 'odd')
HINTS = 'hints: [{content: first, cost: 0}, {content: second, cost: 40}]\n'


def static(slug, flag=None):
    return (f'name: {slug.title()}\nslug: {slug}\ncategory: test\nvalue: 100\nstate: visible\n'
            f'flags: ["{flag or "F{%s}" % slug}"]\n' + HINTS)


def ctfg_files(folder, challenges, users, head=''):
    """CTFG's two files: (challenges.json, credentials.csv).  The last of several challenges wants
    the first."""
    made = [{'id': i, 'title': f'Challenge {i}', 'category': 'Web', 'difficulty': 'Easy', 'points': 100,
             'description': 'd', 'flag': f'^flag{i}$', 'testflag': f'flag{i}',
             'hints': [{'id': 1, 'text': 'h', 'cost': 10}],
             'requirements': [1] if 1 < i == challenges else []} for i in range(1, challenges + 1)]
    paths = f'{folder}/challenges.json', f'{folder}/credentials.csv'
    write_file(paths[0], json.dumps(made))
    write_file(paths[1], head + ''.join(f'player{i},password{i}\n' for i in range(1, users + 1)))
    return paths


class Emulate(harness.Case):
    on_postgres = False

    def daemon(self, options='', **settings):
        if self.on_postgres:
            settings.setdefault('store', harness.postgres_store(self))
        return super().daemon(options, **settings)

    def open_game(self, challenges=None, **settings):
        """One that everybody may sign up for."""
        d = self.game(challenges or {s: static(s) for s in STATIC}, **settings)
        self.admin(d).patch('/api/v2/game', {'sign_up': True}).expect(self, 200)
        return d

    def emulate(self, daemon, *args, code=0, timeout=240, **more):
        """Runs it; gives what --json says."""
        done = daemon.cli('emulate', daemon.url, '--json', *map(str, args), timeout=timeout, **more)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout[:2000])
        return json.loads(done.stdout)

    def count(self, daemon, what):
        return daemon.sql(f'SELECT count(*) FROM {what}')[0][0]

    def assert_faultless(self, got, players):
        m = got['metrics']
        self.assertEqual(got['errors'], [])
        for name in ('errors', 'failed_sign_ins', 'failed_streams', 'misjudged', 'frames_missed',
                     'frames_doubled', 'unfinished'):
            self.assertEqual(m[name], 0, name)
        for name in ('players', 'sign_ins', 'streams', 'count_page', 'count_sign_in', 'count_stream'):
            self.assertEqual(m[name], players, name)
        for name in ('sign_in_percent', 'stream_percent', 'right_percent'):
            self.assertEqual(m[name], 100, name)

    def assert_as_stored(self, daemon, got):
        m = got['metrics']
        self.assertEqual(self.count(daemon, 'solve'), m['right'])
        self.assertEqual(self.count(daemon, "submission WHERE result = 'incorrect'"), m['wrong'])
        self.assertEqual(self.count(daemon, 'hint_unlock'), m['hints'])
        self.assertEqual(sum(s['right'] for s in got['timeline']), m['right'])
        self.assertEqual(sum(s['wrong'] for s in got['timeline']), m['wrong'])


class BothTargets(Emulate):
    def test_players_who_sign_up(self):  # M1, M4
        d = self.open_game({**{s: static(s) for s in STATIC}, 'web': challenge_yaml('web')}, limits=False)
        got = self.emulate(d, '--players', 50, '--challenges', d.settings['challenges'])
        m = got['metrics']
        self.assert_faultless(got, 50)
        self.assert_as_stored(d, got)
        self.assertEqual((got['dialect'], got['profile'], got['players']), ('berth', 'herd', 50))
        self.assertEqual((m['right'], m['already_solved'], m['rate_limited']), (150, 0, 0))
        self.assertGreaterEqual(m['wrong'], 50)  # of the one whose flag nobody knows, at least
        self.assertGreater(m['hints'], 0)
        self.assertEqual((m['instances'], m['count_connect'], m['count_stop']), (50, 50, 50))
        self.assertEqual(self.count(d, 'instance'), 50)
        poll(lambda: self.count(d, "instance WHERE state <> 'ended'") == 0, 20, 'instances to be gone')
        self.assertEqual(self.count(d, "app_user WHERE name LIKE 'emu-%'"), 50)
        self.assertEqual(m['count_stream_delay'], 150)
        self.assertGreater(m['p95_submit_ms'], 0)
        self.assertEqual(got['timeline'][0]['playing'], 50)

    def test_players_of_ctfgs_files(self):  # M1, M4, CT14, CT15, CT20
        challenges, credentials = ctfg_files(self.folder(), 6, 50)
        d = self.daemon(challenges=challenges, credentials=credentials).init().start()
        got = self.emulate(d, '--players', 50, '--jitter', 0, '--challenges', challenges,
                           '--credentials', credentials)
        m = got['metrics']
        self.assert_faultless(got, 50)
        self.assert_as_stored(d, got)
        self.assertEqual((got['dialect'], m['right'], m['rate_limited']), ('ctfg', 300, 0))
        self.assertEqual(m['count_stream_delay'], 300)
        self.assertGreater(m['p95_challenges_ms'], 0)
        self.assertEqual(got['timeline'][0]['playing'], 50, 'all at once')
        solvers = d.sql('SELECT name FROM app_user WHERE id IN (SELECT user_id FROM solve)')
        self.assertEqual({name for name, in solvers}, {f'player{i}' for i in range(1, 51)})


class BothTargetsOnPostgres(BothTargets):
    on_postgres = True


class Runs(Emulate):
    """What may happen in a run."""

    def test_a_head_is_no_user_and_no_head_is_one(self):  # CT20
        for head in ('', 'username,password\n'):
            challenges, credentials = ctfg_files(self.folder(), 1, 2, head)
            d = self.daemon(challenges=challenges, credentials=credentials).init().start()
            got = self.emulate(d, '--players', 2, '--challenges', challenges, '--credentials', credentials)
            self.assertEqual(got['metrics']['right'], 2)
            done = d.cli('emulate', d.url, '--players', '3', '--challenges', challenges,
                         '--credentials', credentials)
            self.assertEqual(done.returncode, 1)
            self.assertIn('there are 2 users, and 3 players', done.stderr)

    def test_flags_that_are_not_right_any_more(self):  # CT15
        d = self.open_game(limits=False)
        stale = harness.write_challenges(self.folder(), {s: static(s, 'F{stale}') for s in STATIC})
        got = self.emulate(d, '--players', 3, '--challenges', stale, '--fail-on', 'misjudged=0', code=7)
        m = got['metrics']
        self.assert_as_stored(d, got)
        self.assertEqual((m['right'], m['misjudged'], m['right_percent'], m['errors']), (0, 9, 0, 9))
        self.assertEqual(m['p95_stream_delay_ms'], None)
        self.assertIn('a right flag was judged wrong', got['errors'][0]['text'])

    def test_without_flags_only_wrong_ones(self):
        d = self.open_game(limits=False)
        m = self.emulate(d, '--players', 2)['metrics']
        self.assertEqual((m['right'], m['wrong'], m['right_percent'], m['errors']), (0, 6, None, 0))

    def test_a_limit_is_counted_and_waited_out(self):
        d = self.open_game()
        got = self.emulate(d, '--players', 23, '--challenges', d.settings['challenges'])
        m, step = got['metrics'], got['steps']['sign_up']
        self.assertEqual((m['sign_ins'], m['errors'], m['right']), (23, 0, 69))
        self.assertEqual(self.count(d, "app_user WHERE name LIKE 'emu-%'"), 23)
        # 20 at once, then one every 3 s; 3 wait, and each asks as often as it was told to.
        self.assertEqual(m['rate_limited'], step['rate_limited'])
        self.assertTrue(3 <= step['rate_limited'] <= 12, step)

    def test_limits_of_the_run(self):
        d = self.open_game(limits=False)
        self.emulate(d, '--players', 2, '--fail-on', 'errors=0,failed_streams<=0,sign_in_percent>=100')
        done = d.cli('emulate', d.url, '--players', '2', '--fail-on', 'errors=0,max_sign_in_ms=0.5')
        self.assertEqual(done.returncode, 7)
        self.assertRegex(done.stdout, r'kept    errors is 0, within its limit of 0')
        self.assertRegex(done.stdout, r'MISSED  max_sign_in_ms is [0-9.]+, above its limit of 0\.500')
        missed = self.emulate(d, '--players', '2', '--fail-on', 'p95_start_ms=1000', code=7)
        self.assertEqual(missed['thresholds'], [{'name': 'p95_start_ms', 'at_most': 1000, 'value': None,
                                                 'met': False}])

    def test_mistakes_are_told_before_anybody_comes(self):
        d = self.open_game()
        for args, says in ((('--fail-on', 'p96_submit_ms=5'), 'no metric "p96_submit_ms"'),
                           (('--fail-on', 'errors'), 'is no limit'),
                           (('--players', '0'), '--players'), (('--profile', 'flood'), 'flood'),
                           (('--jitter', '-1'), '--jitter'), (('--duration', 'x'), '--duration')):
            done = d.cli('emulate', d.url, *args)
            self.assertEqual((done.returncode, done.stdout), (2, ''), args)
            self.assertIn(says, done.stderr)
        done = d.cli('emulate', d.url, '--report', '/nonexistent/report.html')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        done = d.cli('emulate', d.url + '/path')
        self.assertEqual(done.returncode, 1)
        done = d.cli('emulate', 'http://127.0.0.1:1')
        self.assertEqual(done.returncode, 5)
        self.assertIn('Connection refused', done.stderr)
        self.assertEqual(self.count(d, "app_user WHERE name LIKE 'emu-%'"), 0)

    def test_where_nobody_may_sign_up(self):
        d = self.game({'easy': static('easy')})
        done = d.cli('emulate', d.url, '--players', '5')
        self.assertEqual((done.returncode, done.stdout), (6, ''))
        self.assertIn('--credentials', done.stderr)

    def test_who_has_the_wrong_password_fails(self):
        challenges, credentials = ctfg_files(self.folder(), 1, 3)
        d = self.daemon(challenges=challenges, credentials=credentials, limits=False).init().start()
        with open(credentials, 'a') as f:
            f.write('player9,wrong\n')
        got = self.emulate(d, '--players', 4, '--challenges', challenges, '--credentials', credentials,
                           '--fail-on', 'failed_sign_ins=0', code=7)
        m = got['metrics']
        self.assertEqual((m['sign_ins'], m['failed_sign_ins'], m['sign_in_percent']), (3, 1, 75))
        self.assertEqual((m['right'], m['errors']), (3, 1))
        self.assertIn('Sign-in: HTTP 401', got['errors'][0]['text'])

    def test_teams(self):
        d = self.open_game(limits=False)
        self.admin(d).patch('/api/v2/game', {'mode': 'team'}).expect(self, 200)
        got = self.emulate(d, '--players', 4, '--challenges', d.settings['challenges'])
        self.assert_faultless(got, 4)
        self.assertEqual((got['metrics']['right'], self.count(d, 'team')), (12, 4))

    def test_a_rush_is_one_moment(self):
        d = self.open_game({'easy': static('easy'), 'web': challenge_yaml('web')}, limits=False, starts=16)
        got = self.emulate(d, '--players', 20, '--profile', 'rush', '--challenges', d.settings['challenges'])
        self.assert_faultless(got, 20)
        self.assertEqual(got['metrics']['instances'], 20)
        first, last, signed = d.sql('SELECT min(created_ms) AS first, max(created_ms) AS last, '
                                    '(SELECT max(created_ms) FROM token) AS signed FROM instance')[0]
        self.assertLess(last - first, 5000)
        self.assertGreaterEqual(first, signed, 'after everybody was in')

    def test_an_event_takes_its_time(self):
        d = self.open_game(limits=False)
        got = self.emulate(d, '--players', 20, '--profile', 'event', '--duration', 8,
                           '--challenges', d.settings['challenges'])
        self.assert_faultless(got, 20)
        self.assertTrue(8 <= got['metrics']['took_s'] < 9)
        playing = [s['playing'] for s in got['timeline']]
        self.assertLess(playing[0], 20)
        self.assertEqual(playing[-1], 20)
        self.assertEqual(playing, sorted(playing))

    def test_the_report_needs_nobody(self):  # M2
        d = self.open_game(limits=False)
        path = f'{self.folder()}/report.html'
        self.emulate(d, '--players', 5, '--challenges', d.settings['challenges'], '--report', path)
        with open(path) as f:
            page = f.read()
        self.assertTrue(page.startswith('<!DOCTYPE html>') and page.endswith('</html>\n'))
        self.assertIn("default-src 'none'", page)
        self.assertEqual(re.findall(r'<script|<link|<img|\bsrc=|url\(|@import', page), [])
        self.assertEqual(set(re.findall(r'https?://[^\s<"]+', page)), {d.url})
        self.assertGreaterEqual(page.count('<svg'), 5)
        for word in ('Sign-in', 'Stream delay', 'Throughput'):
            self.assertIn(word, page)

    def test_assets_of_the_page(self):
        pages = self.folder()
        write_file(f'{pages}/index.html', '<link rel="stylesheet" href="/css/a.css"><script src="/js/a.js">'
                   '</script><img src="/images/gone.png"><a href="/js/not.js">x</a>')
        write_file(f'{pages}/css/a.css', 'x')
        write_file(f'{pages}/js/a.js', 'x')
        d = self.open_game(limits=False, pages=pages)
        got = self.emulate(d, '--players', 3)
        self.assertEqual((got['metrics']['count_asset'], got['metrics']['failed_asset']), (6, 3))
        self.assertIn('Assets: HTTP 404', got['errors'][0]['text'])


class RunsOnPostgres(Runs):
    on_postgres = True


class Ends(Emulate):
    """Of runs, before their time."""

    def begin(self, d, *args):
        return subprocess.Popen([program(), 'emulate', d.url, '--players', '20', '--profile', 'event',
                                 '--duration', '60', '--jitter', '1', '--json', '--challenges',
                                 d.settings['challenges'], *args],
                                env=d.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def game_with_instances(self):
        d = self.open_game({'easy': static('easy'), 'web': challenge_yaml('web'),
                            'pwn': challenge_yaml('pwn')}, limits=False)
        return d

    def test_an_interrupt_tells_what_was_measured(self):
        d = self.game_with_instances()
        p = self.begin(d)
        poll(lambda: self.count(d, "instance WHERE state = 'running'") >= 3 and
             self.count(d, 'token') > 2 * 20, 60, 'instances, and everybody in')  # twice: sign-up
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=30)
        self.assertEqual(p.returncode, 0, err)
        got = json.loads(out)
        self.assertTrue(got['ended_early'])
        self.assertLess(got['metrics']['took_s'], 50)
        self.assertEqual((got['metrics']['sign_ins'], got['metrics']['errors']), (20, 0))
        self.assert_as_stored(d, got)
        # What it had begun it gave back.
        poll(lambda: self.count(d, "instance WHERE state NOT IN ('stopping', 'ended')") == 0, 5, 'stops')

    def test_a_second_interrupt_ends_at_once(self):
        d = self.game_with_instances()
        p = self.begin(d)
        poll(lambda: self.count(d, 'token') > 20 + 10, 60, 'players')  # who signed up, and in
        os.kill(d.process.pid, signal.SIGSTOP)  # so that the players wait for answers
        try:
            time.sleep(3)  # until they have thought, and asked
            p.send_signal(signal.SIGINT)
            time.sleep(1)
            self.assertIsNone(p.poll())
            p.send_signal(signal.SIGINT)
            out, _ = p.communicate(timeout=5)
        finally:
            os.kill(d.process.pid, signal.SIGCONT)
        self.assertEqual((p.returncode, out), (-signal.SIGINT, b''))

    def test_a_daemon_that_dies_is_told(self):
        d = self.game_with_instances()
        p = self.begin(d, '--fail-on', 'failed_streams=0,errors=0')
        poll(lambda: self.count(d, 'solve') >= 3, 60, 'solves')
        d.kill()
        time.sleep(2)
        p.send_signal(signal.SIGTERM)
        out, err = p.communicate(timeout=60)
        self.assertEqual(p.returncode, 7, err)
        m = json.loads(out)['metrics']
        self.assertGreaterEqual(m['failed_streams'], 1)
        self.assertGreaterEqual(m['errors'], m['failed_streams'])
        self.assertLess(m['stream_percent'], 100)

    def test_streams_come_back_after_a_restart(self):
        d = self.game_with_instances()
        all_watch = lambda: ('berth_watchers{transport="websocket"} 20\n' in
                             self.client(d).get('/metrics').text)
        p = self.begin(d)
        poll(all_watch, 60, 'all to watch')
        d.restart()
        poll(all_watch, 60, 'all to come back')
        p.send_signal(signal.SIGINT)
        got = json.loads(p.communicate(timeout=60)[0])
        self.assertGreaterEqual(got['metrics']['streams'], 40, 'twenty, twice')

    def test_too_few_files(self):
        d = self.open_game()
        done = subprocess.run(['prlimit', '--nofile=200:200', program(), 'emulate', d.url, '--players', '100'],
                              env=d.environment(), capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (4, ''))
        self.assertRegex(done.stderr, r'100 players need \d+ open files.* at most 27 players')


class Addresses(Emulate):
    def run_at(self, listen, host):
        challenges, credentials = ctfg_files(self.folder(), 3, 10)
        d = self.daemon(challenges=challenges, credentials=credentials)
        d.settings['listen'] = f'{listen}:{d.ports.http}'
        d.init().spawn()

        def answers():
            family = socket.AF_INET6 if '[' in listen else socket.AF_INET
            with socket.socket(family) as s:
                return s.connect_ex((listen.strip('[]'), d.ports.http)) == 0
        poll(answers, 60, 'the daemon')
        done = d.cli('emulate', f'http://{host}:{d.ports.http}/', '--json', '--players', '10', '--challenges',
                     challenges, '--credentials', credentials, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_faultless(json.loads(done.stdout), 10)

    def test_a_name(self):
        self.run_at('127.0.0.1', 'localhost')

    def test_an_address_of_ipv6(self):
        with socket.socket(socket.AF_INET6) as s:
            try:
                s.bind(('::1', 0))
            except OSError:
                self.skipTest('no IPv6 here')
        self.run_at('[::1]', '[::1]')


class OverTls(Emulate):
    def certificate(self):
        folder = self.folder()
        cert, key = f'{folder}/cert.pem', f'{folder}/key.pem'
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
                        '-nodes', '-days', '2', '-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1',
                        '-keyout', key, '-out', cert], check=True, capture_output=True)
        return cert, key

    def test_pages_and_streams(self):
        cert, key = self.certificate()
        folder = self.folder()
        challenges, credentials = ctfg_files(folder, 3, 20)
        with open(credentials) as f:
            lines = f.readlines()
        halves = f'{folder}/first.csv', f'{folder}/second.csv'
        write_file(halves[0], ''.join(lines[:10]))
        write_file(halves[1], ''.join(lines[10:]))
        d = self.daemon(challenges=challenges, credentials=credentials, tls_cert=cert, tls_key=key)
        d.init().spawn()

        def answers():
            with socket.socket() as s:
                return s.connect_ex(('127.0.0.1', d.ports.http)) == 0
        poll(answers, 60, 'the daemon')
        url = d.url.replace('http:', 'https:')

        def run(users, *more, env=None):
            return d.cli('emulate', url, '--json', '--players', '10', '--challenges', challenges,
                         '--credentials', users, *more, env=env, timeout=240)
        for users, more, dialect in ((halves[0], (), 'ctfg'), (halves[1], ('--tenant', 'main'), 'berth')):
            done = run(users, *more, env={'SSL_CERT_FILE': cert})
            self.assertEqual(done.returncode, 0, done.stderr)
            got = json.loads(done.stdout)
            self.assert_faultless(got, 10)
            self.assertEqual((got['dialect'], got['metrics']['right']), (dialect, 30))
        done = run(credentials, env={'SSL_CERT_FILE': '/dev/null'})
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)['metrics']['failed_sign_ins'], 10)


if __name__ == '__main__':
    harness.need_postgres()
    harness.main()
