"""
What the measurements lie on: daemons of a release build with a folder of their own, players with
tokens and leases, the load generator, and facts about the machine.  Only Python's own library.
"""
import calendar, json, os, re, shutil, signal, statistics, subprocess, time, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
BUILD = os.path.join(TOP, 'build-release')
WORK = os.path.join(BUILD, 'bench-work')  # on the project's disk: /tmp may be memory
START_WAIT_S = 60
EXTENSIONS = 1000                         # the most that a policy may allow

CHALLENGE = """\
name: {slug}
slug: {slug}
category: bench
description: For a measurement.
value: 100
state: visible
instance:
  image: {image}
  command: [httpd, -f, -p, "8080", -h, /tmp]
  ports: [{{name: web, port: 8080, protocol: http}}]
  flag: {{template: "CTF{{{{bench_<hex>}}}}", env: true}}
  probe: {{type: tcp}}
  policy: {{base_seconds: {base}, increment_seconds: 1, max_extensions: %d,
           max_lifetime_seconds: 2000000}}
""" % EXTENSIONS


def say(text):
    print(f'bench: {text}', flush=True)


def build():
    """The release build of Berth and of what measures it."""
    if not os.path.exists(os.path.join(BUILD, 'build.ninja')):
        subprocess.run(['meson', 'setup', '--buildtype=release', BUILD, TOP], check=True,
                       stdout=subprocess.DEVNULL)
    subprocess.run(['ninja', '-C', BUILD, '--quiet'], check=True)
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)


def tool(name):
    return os.path.join(BUILD, 'bench', name)


# --- the machine ---

def cores():
    """(server's core, client's core); the same one where there is only one."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[0], mine[min(1, len(mine) - 1)]


def pinned(core):
    """For Popen: the child and its threads stay on CORE; None: anywhere."""
    return None if core is None else lambda: os.sched_setaffinity(0, {core})


def fsync_us():
    """Median time of a write of 4 KiB and its fdatasync."""
    path, took = os.path.join(WORK, 'fsync'), []
    with open(path, 'wb', buffering=0) as f:
        for _ in range(300):
            f.write(b'x' * 4096)
            began = time.perf_counter()
            os.fdatasync(f.fileno())
            took.append(time.perf_counter() - began)
    os.unlink(path)
    return statistics.median(took) * 1e6


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=TOP).stdout.strip()
    except OSError:
        return ''


def machine():
    """[(what, text)]"""
    with open('/proc/cpuinfo') as f:
        model = re.search(r'model name\s*:\s*(.*)', f.read())
    with open('/proc/meminfo') as f:
        kib = int(re.search(r'MemTotal:\s*(\d+)', f.read())[1])
    system = output('sh', '-c', '. /etc/os-release && echo "$PRETTY_NAME"')
    docker = output('docker', 'version', '--format', '{{.Server.Version}}')
    return [
        ('processor', f'{len(os.sched_getaffinity(0))} cores, {model[1] if model else "unknown"}'),
        ('memory', f'{kib / 2**20:.0f} GiB'),
        ('kernel', f'{os.uname().release}, {system}'),
        ('disk', f'write of 4 KiB and fdatasync: {fsync_us():.0f} us (median of 300)'),
        ('engine', f'Docker {docker}' if docker else 'no Docker Engine answers'),
        ('load', f'{os.getloadavg()[0]:.1f} when the run began (other work on the machine)'),
    ]


# --- the load ---

def load(address, requests, connections, seconds=None, warm_s=0.7, pid=0, core=None, out=None):
    """Runs load.c; gives its figures.  With OUT each line is sent once and OUT gets the answers."""
    command = [tool('load'), '-c', str(connections), '-p', str(pid)]
    command += ['-o', out] if out else ['-d', str(seconds), '-w', str(warm_s)]
    done = subprocess.run(command + [address, requests], capture_output=True, text=True,
                          preexec_fn=pinned(core))
    if done.returncode:
        raise RuntimeError(f'load: {done.stderr}')
    got = json.loads(done.stdout)
    if got['errors']:
        raise RuntimeError(f'load: answers that are no success: {got["errors"]}')
    return got


def store_limit(seconds, callers, leases):
    """Bare SQLite with group commit, one row changed and one added for each."""
    path = os.path.join(WORK, 'limit.db')
    try:
        done = subprocess.run([tool('store_limit'), path, str(callers), str(seconds),
                               str(leases)], capture_output=True, text=True, check=True)
    finally:
        for end in ('', '-wal', '-shm'):
            if os.path.exists(path + end):
                os.unlink(path + end)
    return json.loads(done.stdout)


def milliseconds(text):
    """An RFC 3339 time in UTC as ms since 1970."""
    whole, _, part = text.rstrip('Z').partition('.')
    return calendar.timegm(time.strptime(whole, '%Y-%m-%dT%H:%M:%S')) * 1000 + int(part or 0)


class Bed:
    """A daemon with users, tokens and leases, each lease of a user of its own.

    core: the daemon stays on it and has one loop.  base_s: the leases' time.  More BERTH_*
    settings by name.
    """

    start_wait_s = 30
    made = 0  # each has an address of its own for its doors, which nobody else uses

    def __init__(self, name, runtime='fake:', core=None, base_s=86400, image='bench', **settings):
        self.dir = os.path.join(WORK, name)
        os.makedirs(os.path.join(self.dir, 'challenges', 'bench'))
        with open(os.path.join(self.dir, 'challenges', 'bench', 'challenge.yml'), 'w') as f:
            f.write(CHALLENGE.format(slug='bench', image=image, base=base_s))
        Bed.made += 1
        self.env = {k: v for k, v in os.environ.items() if not k.startswith('BERTH_')}
        settings = {'var': self.path('var'), 'listen': '127.0.0.1:0', 'runtime': runtime,
                    'challenges': self.path('challenges'), 'limits': 'off', 'gate_listen': f'127.77.{os.getpid() % 250}.{Bed.made}',
                    'capacity': 20000, 'max_queue': 20000, 'loops': 0 if core is None else 1,
                    **settings}
        self.env.update({'BERTH_' + k.upper(): str(v) for k, v in settings.items()})
        self.process = None
        self.users, self.leases = [], []  # (name, token); as the API gives them, and their token
        self.used = 0                     # extensions, about
        try:
            self.start(core)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self, core):
        berth = os.path.join(BUILD, 'berth')
        done = subprocess.run([berth, 'init', '--json'], env=self.env, capture_output=True,
                              text=True)
        if done.returncode:
            raise RuntimeError(f'berth init: {done.stderr}')
        self.admin = json.loads(done.stdout)['token']
        with open(self.path('log'), 'wb') as log:
            self.process = subprocess.Popen([berth, 'serve'], env=self.env, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, preexec_fn=pinned(core))
        self.address = self.wait_for(lambda: re.search(r'^Berth serves http://(\S+)',
                                                       self.log(), re.M),
                                     self.start_wait_s)[1]
        self.wait_for(lambda: self.get('/readyz')['status'] == 'ready')
        self.challenge_id = self.get('/api/v2/challenges/bench')['id']

    def log(self):
        with open(self.path('log'), errors='replace') as f:
            return f.read()

    def wait_for(self, look, timeout_s=30):
        end = time.monotonic() + timeout_s
        while True:
            try:
                got = look()
            except OSError:
                got = None
            if got:
                return got
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError('the daemon is not as it should be:\n' + self.log()[-2000:])
            time.sleep(0.02)

    def get(self, path):
        request = urllib.request.Request(f'http://{self.address}{path}',
                                         headers={'Authorization': f'Bearer {self.admin}'})
        with urllib.request.urlopen(request, timeout=30) as r:
            return json.load(r)

    def pages(self, path):
        """Every item of a list."""
        items, cursor = [], ''
        while cursor is not None:
            page = self.get(path + cursor)
            items += page['items']
            cursor = page['next'] and f'&cursor={page["next"]}'
        return items

    # --- its players ---

    def requests(self, name, lines):
        """A file of requests, one a line."""
        with open(self.path(name), 'w') as f:
            f.write('\n'.join(lines) + '\n')
        return self.path(name)

    def each(self, lines, connections=64):
        """Sends each request once; gives the answers in order."""
        path = self.requests('once', lines)
        load(self.address, path, connections, out=self.path('answers'))
        with open(self.path('answers')) as f:
            return [json.loads(line.partition(' ')[2]) for line in f]

    def add_users(self, n):
        names = [f'player{i}' for i in range(len(self.users), len(self.users) + n)]
        self.each(f'POST /api/v2/users {self.admin} {{"name":"{name}"}}' for name in names)
        tokens = self.each(f'POST /api/v2/tokens {self.admin} {{"user":"{name}"}}'
                           for name in names)
        self.users += [(name, t['token']) for name, t in zip(names, tokens)]

    def start_leases(self, n):
        """The first N users get a lease each; waits until all run."""
        started = self.each((f'POST /api/v2/instances?wait={START_WAIT_S} {token} '
                             '{"challenge":"bench"}' for _, token in self.users[:n]), 256)
        self.leases = [dict(lease, token=token) for lease, (_, token) in zip(started, self.users)]
        bad = [lease for lease in started if lease['state'] != 'running']
        if bad:
            raise RuntimeError(f'{len(bad)} of {n} leases do not run: {bad[0]}')
        self.used = 0

    def stop_leases(self):
        self.each((f'DELETE /api/v2/instances/{lease["id"]}?wait={START_WAIT_S} {lease["token"]}'
                   for lease in self.leases), 256)
        self.leases = []

    def fill(self, users, leases):
        self.add_users(users)
        self.start_leases(leases)
        return self

    # --- what is measured ---

    def native_reads(self):
        return self.requests('native', (f'GET /api/v2/instances/{lease["id"]} {lease["token"]}'
                                        for lease in self.leases))

    def cre_reads(self):
        path = f'/api/v1/container/status?challenge_id={self.challenge_id}'
        return self.requests('cre', (f'GET {path} {lease["token"]}' for lease in self.leases))

    def extend(self, callers, seconds):
        """Extensions by CALLERS at once.  The leases are new when theirs might run out."""
        if self.used > EXTENSIONS * len(self.leases) * 0.4:
            n = len(self.leases)
            self.stop_leases()
            self.start_leases(n)
        path = self.requests('extend', (f'POST /api/v2/instances/{lease["id"]}/extend '
                                        f'{lease["token"]}' for lease in self.leases))
        got = load(self.address, path, callers, seconds, pid=self.process.pid)
        self.used += got['all']
        return got

    def memory_mib(self):
        """(resident now, most ever)"""
        with open(f'/proc/{self.process.pid}/status') as f:
            text = f.read()
        return tuple(int(re.search(rf'{key}:\s*(\d+)', text)[1]) / 1024
                     for key in ('VmRSS', 'VmHWM'))

    def live(self):
        """Leases that have not ended."""
        with urllib.request.urlopen(f'http://{self.address}/metrics', timeout=30) as r:
            return sum(float(m) for m in re.findall(r'^berth_leases\{.*\} (\S+)',
                                                    r.read().decode(), re.M))

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


class Fixed:
    """libmicrohttpd with a fixed answer, on one core; SIZE in bytes, else that of a status."""

    def __init__(self, core, size=None):
        for port in range(18700, 18800):
            self.process = subprocess.Popen([tool('http_fixed'), str(port)] + ([str(size)] if size else []),
                                            preexec_fn=pinned(core), stderr=subprocess.DEVNULL)
            time.sleep(0.2)
            if self.process.poll() is None:
                self.address = f'127.0.0.1:{port}'
                return
        raise RuntimeError('http_fixed finds no port')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
