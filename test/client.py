"""An HTTP client that keeps its connection and says what it got; polling; times."""
import datetime, http.client, json, socket, time, urllib.parse


def poll(look, timeout, what, every=0.02):
    """Calls LOOK until it gives something true; gives that.  Fails after TIMEOUT seconds."""
    end = time.monotonic() + timeout
    while True:
        got = look()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f'waited {timeout} s in vain for {what}')
        time.sleep(every)


def seconds(text):
    """An RFC 3339 time as seconds since 1970."""
    assert text.endswith('Z'), text
    return datetime.datetime.fromisoformat(text[:-1] + '+00:00').timestamp()


class Reply:
    """One answer: status, headers (names in lower case), text, json."""

    def __init__(self, what, status, headers, body, took_s):
        self.what, self.status, self.body, self.took_s = what, status, body, took_s
        self.headers = {k.lower(): v for k, v in headers}

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def expect(self, case, *statuses):
        case.assertIn(self.status, statuses, f'{self.what}: {self.body[:600]!r}')
        return self

    def expect_problem(self, case, status, code):
        """An RFC 9457 document."""
        self.expect(case, status)
        case.assertEqual(self.headers['content-type'].split(';')[0], 'application/problem+json')
        got = self.json
        case.assertEqual((got['status'], got['code']), (status, code), got)
        case.assertTrue(got['request_id'], got)
        case.assertTrue(got['title'] and got['detail'], got)
        return got


class Client:
    """One connection to one daemon, kept; TOKEN None sends none.  Not for several threads."""

    def __init__(self, daemon, token=None, timeout=90):
        self.port = daemon.ports.http if hasattr(daemon, 'ports') else daemon
        self.token, self.timeout, self.connection = token, timeout, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def twin(self):
        """The same credentials on a connection of its own."""
        return Client(self.port, self.token, self.timeout)

    def request(self, method, path, body=None, query=None, headers=None):
        """BODY: bytes as they are, anything else as JSON.  OSError when there is no answer; a
        connection that the daemon closed while it was idle is opened again."""
        if query:
            path += '?' + urllib.parse.urlencode(query)
        head = {'Authorization': f'Bearer {self.token}'} if self.token else {}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            head['Content-Type'] = 'application/json'
        head.update(headers or {})
        began = time.monotonic()
        for fresh in (self.connection is None, True):
            if self.connection is None:
                self.connection = http.client.HTTPConnection('127.0.0.1', self.port,
                                                             timeout=self.timeout)
            try:
                self.connection.request(method, path, body, head)
                r = self.connection.getresponse()
                data = r.read()
                if r.will_close:
                    self.close()
                return Reply(f'{method} {path}', r.status, r.getheaders(), data,
                             time.monotonic() - began)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.close()
                if fresh:
                    raise
            except http.client.HTTPException as e:
                self.close()
                raise ConnectionError(f'{method} {path}: {e!r}')
            except OSError:
                self.close()
                raise
        raise AssertionError('not reached')

    def get(self, path, **more):
        return self.request('GET', path, **more)

    def post(self, path, body=None, **more):
        return self.request('POST', path, body, **more)

    def put(self, path, body=None, **more):
        return self.request('PUT', path, body, **more)

    def patch(self, path, body=None, **more):
        return self.request('PATCH', path, body, **more)

    def delete(self, path, **more):
        return self.request('DELETE', path, **more)

    # --- the verbs ---

    def start(self, challenge, **query):
        return self.post('/api/v2/instances', {'challenge': challenge}, query=query)

    def lease(self, lease_id):
        return self.get(f'/api/v2/instances/{lease_id}')

    def extend(self, lease_id):
        return self.post(f'/api/v2/instances/{lease_id}/extend')

    def restart(self, lease_id, **query):
        return self.post(f'/api/v2/instances/{lease_id}/restart', query=query)

    def stop(self, lease_id, **query):
        return self.delete(f'/api/v2/instances/{lease_id}', query=query)


def raw(port, data, timeout=20, half_close=True):
    """Sends bytes as they are; gives all that comes back until the peer closes."""
    got = b''
    with socket.create_connection(('127.0.0.1', port), timeout=timeout) as s:
        try:
            s.sendall(data)
            if half_close:
                s.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it closed early: what it said before is what counts
        try:
            while True:
                more = s.recv(65536)
                if not more:
                    break
                got += more
        except ConnectionResetError:
            pass
    return got


def knock(port, host='127.0.0.1', send=b'', timeout=5):
    """What the instance behind a door says: (True, bytes), or (False, why) when it is shut."""
    try:
        with socket.create_connection((host, port), timeout=timeout) as s:
            if send:
                s.sendall(send)
            s.shutdown(socket.SHUT_WR)
            got = b''
            while True:
                more = s.recv(65536)
                if not more:
                    return bool(got), got
                got += more
    except OSError as e:
        return False, str(e).encode()
