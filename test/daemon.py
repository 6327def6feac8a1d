"""The program under test, as a process with a folder and ports of its own."""
import fcntl, hashlib, hmac, json, os, re, shutil, signal, sqlite3, subprocess, sys, tempfile, time

from client import Client

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
READY_S = 60       # a sanitizer build on a busy machine takes its time
PORT_BLOCK = 1000  # ports of one daemon, taken below the kernel's own range
PORT_BLOCKS = range(10000, 30000, PORT_BLOCK)
FINDING = re.compile(r'ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer|Assertion .* failed')


def program():
    """The berth to test."""
    found = [os.environ.get('BERTH')] + [os.path.join(TOP, d, 'berth')
                                         for d in ('build', 'build-asan')]
    for path in found:
        if path and os.access(path, os.X_OK):
            return os.path.abspath(path)
    sys.exit('no berth to test: build it (ninja -C build), or set $BERTH')


class Ports:
    """A block of ports that no other test of this machine has; the first one is for HTTP."""

    def __init__(self):
        for first in PORT_BLOCKS:
            self.lock = open(os.path.join(tempfile.gettempdir(), f'berth-test-ports-{first}'), 'w')
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self.lock.close()
                continue
            self.http, self.first, self.last = first, first + 1, first + PORT_BLOCK - 1
            return
        raise RuntimeError('every block of test ports is in use')

    def close(self):
        self.lock.close()


def no_berth_environment():
    """The environment without what would steer a daemon or a client."""
    return {k: v for k, v in os.environ.items() if not k.startswith('BERTH_')}


class Daemon:
    """A `berth serve` with a folder of its own: start(), stop(), kill(), start() again.

    SETTINGS become BERTH_* variables: Daemon(challenges=DIR, sweep_seconds=1).  The runtime is
    a fake engine in self.engine unless it is said; OPTIONS are the fake's ("start_ms=50").
    """

    def __init__(self, options='', var=None, **settings):
        self.ports = Ports()
        self.var = var or tempfile.mkdtemp(prefix='berth-e2e-')
        self.engine = os.path.join(self.var, 'engine')
        self.log_path = os.path.join(self.var, f'log-{self.ports.http}')
        self.process = None
        self.settings = {
            'var': os.path.join(self.var, 'var'),
            'listen': f'127.0.0.1:{self.ports.http}',
            'ports': f'{self.ports.first}-{self.ports.last}',
            'runtime': f'fake:{self.engine}' + ('?' + options if options else ''),
            'sweep_seconds': 1,
            'orphan_grace_seconds': 1,
        }
        self.settings.update(settings)
        self.settings.setdefault('store', f'sqlite:{self.settings["var"]}/berth.db')
        self.token = None

    # --- its settings and its files ---

    @property
    def store(self):
        return self.settings['store']

    @property
    def url(self):
        return f'http://127.0.0.1:{self.ports.http}'

    def environment(self):
        env = no_berth_environment()
        for key, value in self.settings.items():
            if isinstance(value, bool):
                value = 'on' if value else 'off'
            env['BERTH_' + key.upper()] = str(value)
        return env

    def cli(self, *args, token=None, env=None, timeout=60):
        """Runs `berth ARGS`; gives the finished process, its output as text."""
        e = self.environment()
        e['BERTH_URL'] = self.url
        if token or self.token:
            e['BERTH_TOKEN'] = token or self.token
        e.update(env or {})
        return subprocess.run([program(), *args], env=e, timeout=timeout, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL)

    def init(self, *args):
        """Makes the store, the tenant and its administrator, whose token is kept."""
        done = self.cli('init', '--json', *args)
        if done.returncode:
            raise AssertionError(f'berth init: {done.returncode}: {done.stderr}')
        self.token = json.loads(done.stdout)['token']
        return self

    # --- its process ---

    def spawn(self):
        with open(self.log_path, 'ab') as log, open(self.log_path + '.out', 'ab') as out:
            self.process = subprocess.Popen([program(), 'serve'], env=self.environment(),
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=log)
        return self

    def start(self, path='/readyz', wait_s=READY_S):
        self.spawn()
        self.wait_answers(path, wait_s)
        return self

    def wait_answers(self, path='/readyz', wait_s=READY_S):
        """Until PATH answers 200."""
        end = time.monotonic() + wait_s
        with Client(self) as c:
            while True:
                if self.process.poll() is not None:
                    raise AssertionError(f'berth serve ended with {self.process.returncode}:\n'
                                         + self.log_text()[-4000:])
                try:
                    if c.get(path).status == 200:
                        return
                except OSError:
                    c.close()
                if time.monotonic() > end:
                    raise AssertionError(f'{path} is not 200 after {wait_s} s:\n'
                                         + self.log_text()[-4000:])
                time.sleep(0.01)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, sig=signal.SIGTERM, timeout=40):
        """Asks it to end; gives its exit code."""
        if self.process is None:
            return 0
        if self.alive():
            self.process.send_signal(sig)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            raise AssertionError(f'the daemon did not end within {timeout} s')
        self.process = None
        return code

    def kill(self):
        """As a power cut: no last words."""
        if self.alive():
            self.process.kill()
        if self.process is not None:
            self.process.wait()
        self.process = None

    def restart(self):
        self.stop()
        return self.start()

    # --- what it left ---

    def log_text(self):
        try:
            with open(self.log_path, errors='replace') as f:
                return f.read()
        except FileNotFoundError:
            return ''

    def log_lines(self):
        return [json.loads(line) for line in self.log_text().splitlines() if line.startswith('{')]

    def sql(self, text, *args):
        """Rows of its store, read beside it."""
        kind, _, path = self.store.partition(':')
        if kind == 'postgres':
            for a in args:
                text = text.replace('?', "'%s'" % str(a).replace("'", "''"), 1)
            done = subprocess.run(['psql', '-qAt', '-d', path, '-c',
                                   f"SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM ({text}) t"],
                                  check=True, capture_output=True, text=True,
                                  env=no_berth_environment())
            return [tuple(row.values()) for row in json.loads(done.stdout)]
        db = sqlite3.connect(f'file:{path}?mode=ro', uri=True, timeout=30)
        try:
            return db.execute(text, args).fetchall()
        finally:
            db.close()

    def flag_of(self, lease, template):
        """The flag of a lease, derived as src/model/flag.h says; TEMPLATE has <hex> alone."""
        tenant, challenge, kind, owner, generation = self.sql(
            'SELECT tenant_id, challenge_id, owner_kind, owner_id, generation FROM instance WHERE id = ?',
            lease)[0]
        with open(os.path.join(self.settings['var'], 'master.key')) as f:
            master = bytes.fromhex(f.read().strip())
        mac = lambda key, text: hmac.new(key, text.encode(), hashlib.sha256).digest()
        key, parts = mac(master, f'berth flag key/{tenant}'), template.split('<hex>')
        return parts[0] + ''.join(
            mac(key, f'{challenge}/{kind}/{owner}/{generation}/{i}')[:3].hex() + part
            for i, part in enumerate(parts[1:]))

    def objects(self):
        """The names of the fake engine's instances."""
        try:
            names = os.listdir(self.engine)
        except FileNotFoundError:
            return set()
        return {n for n in names if n.startswith('berth-') and not n.endswith('.exited')}

    def engine_down(self, down=True):
        path = os.path.join(self.engine, 'down')
        os.makedirs(self.engine, exist_ok=True)
        if down:
            open(path, 'w').close()
        else:
            os.unlink(path)

    def verify(self, *args):
        """`berth audit verify` on its store."""
        return self.cli('audit', 'verify', '--store', self.store, '--json', *args)

    def close(self):
        """Ends it and removes its folder.  A sanitizer's finding in its log is a failure."""
        try:
            self.kill()
            text = self.log_text()
        finally:
            self.ports.close()
            shutil.rmtree(self.var, ignore_errors=True)
        found = FINDING.search(text)
        if found:
            raise AssertionError('in the daemon\'s log:\n' + text[max(found.start() - 500, 0):
                                                                  found.start() + 6000])
