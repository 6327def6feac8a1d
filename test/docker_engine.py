"""A real Docker Engine for scenarios, and daemons on it that leave nothing behind."""
import http.client, json, os, shutil, socket, subprocess, sys, tempfile, urllib.parse

import harness
from client import poll

IMAGE = 'berth/busybox'  # test/images.sh makes it
SOCKET = '/var/run/docker.sock'


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost', timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """The engine's own interface, to look at what is really there."""

    def __init__(self, path=SOCKET):
        self.path = path

    def call(self, method, path, body=None, **query):
        c = UnixConnection(self.path)
        try:
            if query:
                path += '?' + urllib.parse.urlencode(
                    {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()})
            c.request(method, path, None if body is None else json.dumps(body),
                      {'Content-Type': 'application/json'})
            r = c.getresponse()
            text = r.read()
            return r.status, json.loads(text) if text.startswith((b'{', b'[')) else text
        finally:
            c.close()

    def containers(self, install):
        """All of one install, whatever their state."""
        status, got = self.call('GET', '/containers/json', all='1',
                                filters={'label': [f'berth.install={install}']})
        assert status == 200, got
        return got

    def inspect(self, name):
        status, got = self.call('GET', f'/containers/{name}/json')
        return got if status == 200 else None

    def remove(self, name):
        return self.call('DELETE', f'/containers/{name}', force='1', v='1')[0]

    def run(self, name, *command, timeout=30):
        """`docker exec`, its output; by the command line, whose framing we need not parse."""
        done = subprocess.run(['docker', '-H', f'unix://{self.path}', 'exec', name, *command],
                              capture_output=True, text=True, timeout=timeout)
        return done.returncode, done.stdout + done.stderr

    def forget(self, install, network):
        """Removes the containers, bridges and firewall rules of one install."""
        for c in self.containers(install):
            self.remove(c['Id'])
        for name in (network, network + '-out', network + '-pub'):
            status, got = self.call('GET', f'/networks/{name}')
            if status != 200:
                continue
            bridge = got['Options'].get('com.docker.network.bridge.name', 'br-' + got['Id'][:12])
            self.call('DELETE', f'/networks/{name}')
            drop_rules(bridge)


def drop_rules(bridge):
    done = subprocess.run(['iptables', '-w', '-S'], capture_output=True, text=True)
    for line in done.stdout.splitlines():
        if line.startswith('-A') and f' {bridge} ' in line:
            subprocess.run(['iptables', '-w', '-D', *line.split()[1:]], capture_output=True)


class DockerDaemon(harness.Daemon):
    """A daemon whose instances are containers, on a bridge of their own."""

    def __init__(self, path=SOCKET, **settings):
        self.docker = Engine(path)
        settings.setdefault('runtime', 'docker:' if path == SOCKET else f'docker://{path}')
        super().__init__(**settings)
        self.settings.setdefault('network', f'berth-e2e-{self.ports.http}')
        self.known_install = None

    @property
    def install(self):
        if self.known_install is None:
            self.known_install = self.sql("SELECT value FROM meta WHERE key = 'install'")[0][0]
        return self.known_install

    def objects(self):
        return set(self.containers())

    def containers(self):
        return {c['Names'][0].lstrip('/'): c for c in self.docker.containers(self.install)}

    def close(self):
        try:
            install = self.install
        except Exception:
            install = None  # it never had a store
        self.kill()
        if install:
            self.docker.forget(install, self.settings['network'])
        super().close()


class DockerCase(harness.Case):
    @classmethod
    def setUpClass(cls):
        subprocess.run(['sh', os.path.join(harness.HERE, 'images.sh')], check=True)

    def docker_game(self, challenges, start=True, init=(), **settings):
        folder = self.folder()
        harness.write_challenges(folder, challenges)
        d = DockerDaemon(challenges=folder, **settings)
        self.addCleanup(d.close)
        d.init(*init)
        return d.start() if start else d


def container_yaml(slug, command='nc -ll -p 8080 -e echo hello from {slug}', ports=('main',),
                   limits='{memory_mb: 16, cpu_milli: 200, pids: 32}', extra='', **more):
    """A challenge on the test image: answers every connection with one line."""
    command = command.format(slug=slug)
    text = harness.challenge_yaml(slug, image=IMAGE, ports=ports, **more)
    if command:
        text += f'  command: [/bin/sh, -c, {json.dumps("exec " + command)}]\n'
    return text + f'  limits: {limits}\n' + extra


class PrivateDockerd:
    """An engine of the test's own, to be stopped and started; needs a network namespace of its
    own (own_network()), since two engines would write over each other's firewall rules."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='berth-e2e-dockerd-')
        self.path = os.path.join(self.dir, 'docker.sock')
        self.process = None

    def spawn(self):
        d = self.dir
        with open(os.path.join(d, 'log'), 'ab') as log:
            self.process = subprocess.Popen(
                ['dockerd', '--data-root', f'{d}/data', '--exec-root', f'{d}/exec', '--pidfile',
                 f'{d}/pid', '-H', f'unix://{self.path}', '--bridge=none',
                 '--containerd-namespace', f'e2e-{os.getpid()}', '--live-restore'],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def answers(self):
        try:
            return Engine(self.path).call('GET', '/_ping')[0] == 200
        except OSError:
            return False

    def start(self):
        self.spawn()
        poll(self.answers, 60, 'the private dockerd to answer', every=0.1)
        return self

    def load(self):
        """Gives it the test image of the shared engine."""
        save = subprocess.Popen(['docker', '-H', f'unix://{SOCKET}', 'save', IMAGE],
                                stdout=subprocess.PIPE)
        subprocess.run(['docker', '-H', f'unix://{self.path}', 'load', '-q'], stdin=save.stdout,
                       stdout=subprocess.DEVNULL, check=True)
        save.stdout.close()
        assert save.wait() == 0
        return self

    def stop(self, kill=False):
        if self.process is None:
            return
        self.process.kill() if kill else self.process.terminate()
        self.process.wait(60)
        self.process = None

    def close(self):
        if self.process is None and os.path.isdir(self.dir + '/data'):
            self.start()  # an orderly end takes its containers and mounts with it
        for c in Engine(self.path).call('GET', '/containers/json', all='1')[1]:
            Engine(self.path).remove(c['Id'])
        self.stop()
        subprocess.run(['umount', '-l', f'{self.dir}/data'], capture_output=True)
        shutil.rmtree(self.dir, ignore_errors=True)


def own_network():
    """Runs this program again in a network namespace of its own, as root, unless it is there."""
    if os.environ.get('BERTH_E2E_NETNS'):
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
        return
    sudo = [] if os.geteuid() == 0 else ['sudo', '-n', '--preserve-env']
    os.execvpe((sudo + ['unshare'])[0], sudo + ['unshare', '--net', sys.executable, *sys.argv],
               dict(os.environ, BERTH_E2E_NETNS='1'))
