"""The OpenAPI document tells the truth: statuses, types and members of real answers are in it."""
import harness

JSON_TYPES = {'string': str, 'integer': int, 'number': (int, float), 'boolean': bool,
              'object': dict, 'array': list}


class Document:
    def __init__(self, case, daemon):
        self.case, self.seen = case, set()
        self.json = case.client(daemon).get('/api/v2/openapi.json').expect(case, 200).json

    def mistakes(self, value, schema, path='$'):
        """What of VALUE is not as SCHEMA says."""
        if '$ref' in schema:
            schema = self.json['components']['schemas'][schema['$ref'].rsplit('/', 1)[1]]
        if 'anyOf' in schema:
            if value is None:
                return []
            schema = next(s for s in schema['anyOf'] if s.get('type') != 'null')
            return self.mistakes(value, schema, path)
        kind = JSON_TYPES[schema['type']]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            return [f'{path}: {value!r} is no {schema["type"]}']
        if kind is list:
            return [m for i, v in enumerate(value)
                    for m in self.mistakes(v, schema['items'], f'{path}[{i}]')]
        if kind is not dict or 'properties' not in schema:
            return []
        got = [f'{path}.{k}: missing' for k in schema['required'] if k not in value]
        got += [f'{path}.{k}: not in the document' for k in value if k not in schema['properties']]
        return got + [m for k, v in value.items() if k in schema['properties']
                      for m in self.mistakes(v, schema['properties'][k], f'{path}.{k}')]

    def check(self, reply, method, template):
        """REPLY is one of those that the document has for the operation."""
        operation = self.json['paths'][template][method.lower()]
        self.seen.add(operation['operationId'])
        self.case.assertIn(str(reply.status), operation['responses'],
                           f'{reply.what} is not documented: {reply.text[:200]}')
        content = operation['responses'][str(reply.status)].get('content')
        if content is None:
            self.case.assertEqual(reply.body, b'', reply.what)
            return
        kind = reply.headers['content-type'].split(';')[0]
        self.case.assertIn(kind, content, reply.what)
        if kind.endswith('json'):
            self.case.assertEqual(self.mistakes(reply.json, content[kind]['schema']), [], reply.what)


class OpenApi(harness.Case):
    def ask(self, client, method, template, body=None, query=None, headers=None, **params):
        r = client.request(method, template.format(**params), body, query, headers)
        self.document.check(r, method, template)
        return r

    def test_answers_are_as_it_says(self):
        d = self.game(['alpha', 'beta'], limits=False)
        self.document = Document(self, d)
        admin, ann, nobody = self.admin(d), self.player(d, 'ann'), self.client(d)
        for who in (admin, ann, nobody):
            self.instances(who, ann)
            self.cre(who, ann)
            self.accounts(who)
            self.challenges(who)
            self.watching(who, ann, d)
            for path in ('health', 'healthz', 'ready', 'readyz', 'metrics', 'version',
                         'api/v2/openapi.json', 'api/v2/whoami'):
                self.ask(who, 'GET', '/' + path)
        d.engine_down()
        harness.poll(lambda: self.ask(nobody, 'GET', '/ready').status == 503, 10, 'the engine to be gone')
        all_ = {o['operationId'] for p in self.document.json['paths'].values() for o in p.values()}
        self.assertEqual(all_ - self.document.seen, set(), 'operations that were not tried')

    def instances(self, who, ann):
        one, many = '/api/v2/instances/{id}', '/api/v2/instances'
        lease = self.start_running(ann, 'alpha')['id']
        self.ask(who, 'POST', many, {'challenge': 'alpha'}, query={'wait': 30})
        for body in ({}, {'challenge': 'none'}, b'{', {'challenge': 5}):
            self.ask(who, 'POST', many, body)
        self.ask(who, 'POST', many, {'challenge': 'beta'}, headers={'Idempotency-Key': 'x' * 200})
        self.ask(who, 'POST', many, b'{}', headers={'Content-Type': 'text/plain'})
        self.ask(who, 'POST', many, b' ' * (1 << 21), headers={'Content-Type': 'application/json'})
        for query in ({'all': 1, 'state': 'any'}, {'limit': 0}, {}):
            self.ask(who, 'GET', many, query=query)
        for id_ in (lease, 'none'):
            self.ask(who, 'GET', one, id=id_)
            self.ask(who, 'POST', one + '/extend', id=id_)
            for query in ({'wait': 30}, {'wait': 'x'}):
                self.ask(who, 'POST', one + '/restart', query=query, id=id_)
            for query in ({}, {'tail': 'x'}):
                self.ask(who, 'GET', one + '/logs', query=query, id=id_)
            for query in ({'wait': 'x'}, {'wait': 30}):
                self.ask(who, 'DELETE', one, query=query, id=id_)
        for verb, method in (('extend', 'POST'), ('restart', 'POST'), ('logs', 'GET')):
            self.ask(who, method, f'{one}/{verb}', id=lease)

    def cre(self, who, ann):
        id_ = ann.get('/api/v2/challenges/alpha').json['id']
        base = '/api/v1/container/'
        for verb in ('start', 'extend', 'start', 'stop', 'stop'):
            for body in ({'challenge_id': id_}, {'challenge_id': 999}, {}, b'['):
                self.ask(who, 'POST', base + verb, body)
            self.ask(who, 'POST', base + verb, b' ' * (1 << 21))
            self.ask(who, 'POST', base + verb, b'x', headers={'Content-Type': 'text/plain'})
            for query in ({'challenge_id': id_}, {}):
                self.ask(who, 'GET', base + 'status', query=query)

    def accounts(self, who):
        name = f'n{len(self.document.seen)}'
        for what, body in (('users', {'name': name}), ('teams', {'name': name}),
                           ('tokens', {'user': 'ann', 'expires_in_seconds': 60, 'label': 'x'}),
                           ('tenants', {'slug': name})):
            for b in (body, body, {}):
                self.ask(who, 'POST', '/api/v2/' + what, b)
            for query in ({}, {'limit': 'x'}):
                self.ask(who, 'GET', '/api/v2/' + what, query=query)
        self.ask(who, 'POST', '/api/v2/tokens', {'user': 'ann'}, headers={'Idempotency-Key': name})
        self.ask(who, 'POST', '/api/v2/tokens', {'user_id': 1}, headers={'Idempotency-Key': name})
        self.ask(who, 'PATCH', '/api/v2/users/{id}', {'role': 'player'}, id=2)
        self.ask(who, 'PATCH', '/api/v2/users/{id}', {'role': 'god'}, id=2)
        self.ask(who, 'PATCH', '/api/v2/users/{id}', {}, id=999)
        self.ask(who, 'PATCH', '/api/v2/users/{id}', {'role': 'player'}, id=1)
        for id_ in (3, 3, 999):
            self.ask(who, 'DELETE', '/api/v2/tokens/{id}', id=id_)
        for query in ({'limit': 100}, {'limit': 1}, {'order': 'x'}):
            self.ask(who, 'GET', '/api/v2/events', query=query)

    def challenges(self, who):
        policy = '/api/v2/challenges/{slug}/policy'
        for slug in ('alpha', 'none'):
            r = self.ask(who, 'GET', '/api/v2/challenges/{slug}', slug=slug)
            self.ask(who, 'PUT', policy, {'base_seconds': 60}, slug=slug)
            self.ask(who, 'DELETE', policy, slug=slug)
            self.ask(who, 'GET', '/api/v2/challenges/{slug}', slug=slug,
                     headers={'If-None-Match': r.headers.get('etag', 'x')})
        for path in (policy, '/api/v2/policy'):
            self.ask(who, 'PUT', path, {'base_seconds': 0}, slug='alpha')
        self.ask(who, 'PUT', '/api/v2/policy', {})
        for query in ({}, {'limit': 0}):
            self.ask(who, 'GET', '/api/v2/challenges', query=query)
        self.ask(who, 'PUT', '/api/v2/challenges', {})
        self.ask(who, 'PUT', '/api/v2/challenges', [{'name': 5}])

    def watching(self, who, ann, d):
        if 'suspicion_get' not in self.document.seen:
            self.share(d, ann)
        for query in ({}, {'risk': 'high', 'limit': 1}, {'verdict': 'x'}):
            self.ask(who, 'GET', '/api/v2/suspicions', query=query)
        for id_ in (1, 999):
            for path in ('/api/v2/suspicions/{id}', '/api/v1/phase2/suspicious_activity/{id}'):
                for body in ({'verdict': 'innocent', 'notes': 'x'}, {'verdict': 'x'}):
                    self.ask(who, 'PUT', path + '/review', body, id=id_)
            self.ask(who, 'GET', '/api/v2/suspicions/{id}', id=id_)
        for query in ({}, {'state': 'BROKEN'}, {'state': 'x'}):
            self.ask(who, 'GET', '/api/v2/health/challenges', query=query)
        for path in ('status', 'first_blood_leaderboard', 'challenge_health', 'suspicious_activity'):
            for query in ({}, {'limit': 'x'}, {'status': 'x'}):
                self.ask(who, 'GET', '/api/v1/phase2/' + path, query=query)
        id_ = ann.get('/api/v2/challenges/alpha').json['id']
        for slug, number in (('alpha', id_), ('none', 999)):
            for query in ({}, {'limit': 0}):
                self.ask(who, 'GET', '/api/v2/challenges/{slug}/health', query=query, slug=slug)
                self.ask(who, 'GET', '/api/v1/phase2/challenge_health/{id}', query=query, id=number)

    def share(self, d, ann):
        """A suspicion, so that one can be shown."""
        for c in (ann, self.player(d, 'eve')):
            c.post('/api/v2/submissions', {'challenge': 'alpha', 'flag': 'CTF{alike}'}).expect(self, 200)
        harness.poll(lambda: self.admin(d).get('/api/v2/suspicions').json['items'], 30,
                     'a suspicion')


if __name__ == '__main__':
    harness.main()
