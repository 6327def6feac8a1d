"""A WebSocket client on bare sockets, and a reader of server-sent events: what came, byte by byte."""
import base64, hashlib, json, os, socket, struct, time

GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Refused(Exception):
    """The handshake was answered with something else."""

    def __init__(self, status, head, body):
        super().__init__(f'{status}: {body[:300]!r}')
        self.status, self.head, self.body = status, head, body


class Closed(Exception):
    """The peer's close frame; code None: the connection just ended."""

    def __init__(self, code=None, reason=''):
        super().__init__(f'{code} {reason}')
        self.code, self.reason = code, reason


class WebSocket:
    """Connected when it is made.  PONGS: answers pings by itself, while it reads."""

    def __init__(self, port, path, headers=None, timeout=20, pongs=True, receive_buffer=None):
        self.pongs, self.pings, self.b = pongs, 0, b''
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(('127.0.0.1', port))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = {'Host': f'127.0.0.1:{port}', 'Connection': 'Upgrade', 'Upgrade': 'websocket',
                 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key, **(headers or {})}
        text = ''.join(f'{k}: {v}\r\n' for k, v in lines.items() if v is not None)
        self.socket.sendall(f'GET {path} HTTP/1.1\r\n{text}\r\n'.encode())
        while b'\r\n\r\n' not in self.b:
            self.more()
        head, _, self.b = self.b.partition(b'\r\n\r\n')
        status = int(head.split()[1])
        if status != 101:
            self.refused(status, head.decode())
        want = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert f'Sec-WebSocket-Accept: {want}' in head.decode(), head

    def refused(self, status, head):
        length = [int(x.split(':')[1]) for x in head.lower().split('\r\n')
                  if x.startswith('content-length:')]
        while length and len(self.b) < length[0]:
            self.more()
        self.close()
        raise Refused(status, head, self.b.decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def abort(self):
        """As a machine that loses power, but at once: a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.socket.close()

    def more(self):
        try:
            got = self.socket.recv(1 << 18)
        except ConnectionResetError:
            got = b''
        if not got:
            raise Closed()
        self.b += got

    def need(self, n):
        while len(self.b) < n:
            self.more()

    def send(self, op, payload=b'', fin=True):
        mask = os.urandom(4)
        n = len(payload)
        head = bytes([(0x80 if fin else 0) | op])
        head += (bytes([0x80 | n]) if n < 126 else b'\xfe' + struct.pack('>H', n) if n < 65536
                 else b'\xff' + struct.pack('>Q', n))
        self.socket.sendall(head + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(payload)))

    def frame(self):
        """(op, payload) of the next frame."""
        self.need(2)
        head, n = 2, self.b[1]
        assert n < 128, 'a server does not mask'
        if n >= 126:
            head = 4 if n == 126 else 10
            self.need(head)
            n = int.from_bytes(self.b[2:head], 'big')
        self.need(head + n)
        op, payload = self.b[0] & 15, self.b[head:head + n]
        assert self.b[0] & 0x80, 'frames are whole'
        self.b = self.b[head + n:]
        return op, payload

    def text(self):
        """The next text; raises Closed."""
        while True:
            op, payload = self.frame()
            if op == TEXT:
                return payload.decode()
            if op == CLOSE:
                code = int.from_bytes(payload[:2], 'big') if payload else None
                raise Closed(code, payload[2:].decode())
            if op == PING:
                self.pings += 1
                if self.pongs:
                    self.send(PONG, payload)

    def json(self):
        return json.loads(self.text())

    def until(self, wanted):
        """Frames up to the first that WANTED says yes to, which is the last of them."""
        got = [self.json()]
        while not wanted(got[-1]):
            got.append(self.json())
        return got

    def closed(self):
        """Reads to its end; gives what came before, and how it was closed."""
        got = []
        while True:
            try:
                got.append(self.json())
            except Closed as c:
                return got, c

    def silent(self, seconds):
        """Does nothing come for so long?"""
        before = self.socket.gettimeout()
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.socket.settimeout(max(end - time.monotonic(), 0.001))
                try:
                    self.text()
                    return False
                except socket.timeout:
                    pass
        finally:
            self.socket.settimeout(before)
        return True


class Events:
    """Server-sent events of one stream."""

    def __init__(self, port, path, headers=None, timeout=20):
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=timeout)
        text = ''.join(f'{k}: {v}\r\n' for k, v in (headers or {}).items())
        self.socket.sendall(f'GET {path} HTTP/1.0\r\nHost: x\r\n{text}\r\n'.encode())
        self.file = self.socket.makefile('rb')
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        for line in iter(self.file.readline, b'\r\n'):
            name, _, value = line.decode().partition(':')
            self.headers[name.lower()] = value.strip()
        self.comments = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def next(self):
        """{'id', 'event', 'data'} of the next event; None at the end."""
        got = {}
        for line in self.file:
            line = line.decode().rstrip('\n')
            if not line and 'data' in got:
                return got
            if line.startswith(':'):
                self.comments += 1
            elif line:
                key, _, value = line.partition(': ')
                got[key] = value
        return None
