"""
The limit that starts on Docker are measured against: the calls that Berth itself makes to the
engine for one start, recorded on their way and then made again by as many threads, with nothing
of Berth around them.
"""
import http.client, json, os, queue, re, socket, threading, time

SOCKET = '/var/run/docker.sock'
PROBE_PORT = 8080
PROBE_EVERY_S = 0.005
PROBE_WAIT_S = 30


class Unix(http.client.HTTPConnection):
    """One connection to the engine, kept."""

    def __init__(self):
        super().__init__('docker', timeout=120)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)

    def call(self, method, path, body=None):
        """The answer, read to its end."""
        self.request(method, path, body, {'Content-Type': 'application/json'} if body else {})
        r = self.getresponse()
        data = r.read()
        if r.status >= 400 and not (method == 'DELETE' and r.status in (404, 409)):
            raise RuntimeError(f'{method} {path}: {r.status} {data[:300]!r}')
        return data


def on_network(network):
    """The ids of all containers on NETWORK."""
    flt = json.dumps({'network': [network]}).replace('"', '%22').replace(' ', '')
    c = Unix()
    try:
        return [o['Id'] for o in json.loads(c.call('GET',
                                                   f'/containers/json?all=1&filters={flt}'))]
    finally:
        c.close()


def together(parallel, jobs, fn):
    """fn(job) for each of JOBS on PARALLEL threads; gives the seconds it took."""
    todo, errors = queue.SimpleQueue(), []
    for job in jobs:
        todo.put(job)

    def body():
        try:
            while not errors:
                fn(todo.get_nowait())
        except queue.Empty:
            pass
        except BaseException as e:  # raised again below
            errors.append(e)
    threads = [threading.Thread(target=body) for _ in range(parallel)]
    began = time.monotonic()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]
    return time.monotonic() - began


local = threading.local()


def engine_call(method, path, body=None):
    """On this thread's own connection."""
    if not hasattr(local, 'engine'):
        local.engine = Unix()
    return local.engine.call(method, path, body)


def remove(ids, parallel):
    """Removes containers; gives the seconds it took."""
    return together(parallel, ids, lambda i: engine_call('DELETE', f'/containers/{i}?force=1&v=1'))


def remove_network(network):
    """Removes it with all containers on it.  An engine that lost one of those on the way keeps the network until
    it is started anew: then false."""
    remove(on_network(network), 8)
    c = Unix()
    try:
        c.call('DELETE', f'/networks/{network}')
        return True
    except RuntimeError as e:
        if 'has active endpoints' not in str(e):
            raise
        return False
    finally:
        c.close()


class Tap:
    """A socket in front of the engine's, that keeps what clients send."""

    def __init__(self, path):
        self.path, self.sent, self.lock = path, [], threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(SOCKET)
            kept = bytearray()
            with self.lock:
                self.sent.append(kept)
            for a, b, note in ((client, engine, kept), (engine, client, None)):
                threading.Thread(target=self.pump, args=(a, b, note), daemon=True).start()

    @staticmethod
    def pump(a, b, note):
        try:
            while data := a.recv(65536):
                if note is not None:
                    note += data
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def calls(self, name):
        """[(method, path, body)] about the container NAME, in order."""
        with self.lock:
            streams = [bytes(s) for s in self.sent]
        found = []
        for stream in streams:
            while stream:
                head, _, rest = stream.partition(b'\r\n\r\n')
                method, path, _ = head.decode().split('\r\n')[0].split(' ')
                length = re.search(rb'(?i)\r\ncontent-length: *(\d+)', head)
                n = int(length[1]) if length else 0
                if name in path:
                    found.append((method, path, rest[:n]))
                stream = rest[n:]
        return found

    def close(self):
        self.listener.close()
        os.unlink(self.path)


class Replay:
    """The calls of one start, made again under names of our own."""

    def __init__(self, calls, name):
        self.name, self.calls, self.made = name, calls, 0
        self.lock = threading.Lock()
        # Another install: the daemon, which is still there, must not take them for its orphans.
        self.calls = [(m, p, re.sub(rb'("berth.install": *")[^"]*', rb'\1bench', b))
                      for m, p, b in calls]

    def text(self):
        return ', '.join(f'{m} {re.sub(r"^/v[0-9.]+", "", p).replace(self.name, "NAME")}'
                         for m, p, _ in self.calls)

    def one(self, _):
        """Create, start, look, and wait until the instance answers."""
        with self.lock:
            self.made += 1
            name = f'berth-bench-{os.getpid()}-{self.made}'
        address = None
        for method, path, body in self.calls:
            data = engine_call(method, path.replace(self.name, name),
                               body.replace(self.name.encode(), name.encode()) or None)
            found = re.search(rb'"IPAddress":"([0-9.]+)"[^}]*}}', data)
            address = found[1].decode() if found else address
        self.probe(address)

    @staticmethod
    def probe(address):
        end = time.monotonic() + PROBE_WAIT_S
        while True:
            try:
                socket.create_connection((address, PROBE_PORT), 5).close()
                return
            except OSError:
                if time.monotonic() > end:
                    raise
            time.sleep(PROBE_EVERY_S)
