"""
A daemon under load, killed with SIGKILL at random moments and started again on what it left.

What was acknowledged, or only shown, is written down; every restart must still know it.
"""
import random, threading, time

from client import Client, poll, seconds

RANK = {'pending': 0, 'starting': 1, 'running': 1, 'stopping': 2, 'ended': 3}


class Book:
    """What the daemon said about each lease, from all callers."""

    def __init__(self):
        self.lock = threading.Lock()
        self.known, self.dirty, self.wrong = {}, set(), []
        self.acknowledged = 0

    def saw(self, lease, owner, stopped=False):
        """LEASE was in an answer to OWNER: it may never go back behind that."""
        with self.lock:
            self.acknowledged += 1
            self.dirty.add(lease['id'])
            had = self.known.get(lease['id'])
            now = {'owner': owner, 'slug': lease['challenge'], 'rank': RANK[lease['state']],
                   'extensions': lease['extensions'], 'restarts': lease['restarts'],
                   'expires': seconds(lease['expires_at']), 'reason': lease['end_reason']}
            if stopped:
                now['rank'] = max(now['rank'], 2)
            if had is None:
                self.known[lease['id']] = now
                return
            if (had['owner'], had['slug']) != (owner, lease['challenge']):
                self.wrong.append(f'{lease["id"]} is {owner}\'s, and was {had["owner"]}\'s')
            for key in ('rank', 'extensions', 'restarts', 'expires'):
                had[key] = max(had[key], now[key])
            had['reason'] = had['reason'] or now['reason']

    def check(self, lease, owner):
        """Is LEASE, as it is shown now, not behind what was said before?  Both notes it."""
        with self.lock:
            had = dict(self.known[lease['id']])
        for key, now in (('rank', RANK[lease['state']]), ('extensions', lease['extensions']),
                         ('restarts', lease['restarts']), ('expires', seconds(lease['expires_at']))):
            if now < had[key]:
                self.wrong.append(f'{lease["id"]}: {key} was {had[key]}, is {now}')
        if had['reason'] and had['reason'] != lease['end_reason']:
            self.wrong.append(f'{lease["id"]}: ended as {had["reason"]}, now {lease["end_reason"]}')
        self.saw(lease, owner)


class Player:
    """One caller: asks for things at random until nobody answers."""

    def __init__(self, name, client, slugs, book, seed):
        self.name, self.client, self.slugs, self.book = name, client, slugs, book
        self.random, self.mine = random.Random(seed), {}

    def load(self, end):
        try:
            while time.monotonic() < end:
                self.one()
        except OSError:
            pass  # it was killed
        finally:
            self.client.close()

    def one(self):
        slug = self.random.choice(self.slugs)
        lease = self.mine.get(slug)
        act = self.random.choices(('start', 'extend', 'stop', 'restart', 'lease'),
                                  (4, 4, 2, 1, 2))[0] if lease else 'start'
        r = self.client.start(slug) if act == 'start' else getattr(self.client, act)(lease)
        if r.status not in (200, 202):
            if r.status not in (403, 404, 409, 503):
                self.book.wrong.append(f'{r.what}: {r.status} {r.text[:200]}')
            if act != 'start' and r.status == 404:
                self.mine.pop(slug, None)
            return
        self.book.saw(r.json, self.name, stopped=act == 'stop')
        self.mine[slug] = r.json['id']


class Killing:
    """Mixed into a test case; D.objects() says what the engine has."""

    def kill_often(self, d, slugs, players, kills, load_s, seed=None):
        seed = random.randrange(1 << 30) if seed is None else seed
        print(f'seed {seed}, {kills} kills', flush=True)
        chance, book = random.Random(seed), Book()
        callers = [Player(f'p{i}', self.player(d, f'p{i}'), slugs, book, seed + i)
                   for i in range(players)]
        d.kill()
        for n in range(kills):
            if chance.random() < 0.15:  # while it starts
                d.spawn()
                time.sleep(chance.uniform(0, 0.3))
                d.kill()
                continue
            d.start(path='/healthz')
            self.check_book(book, callers, only_dirty=True)
            moment = chance.uniform(*load_s)
            threads = [threading.Thread(target=c.load, args=(time.monotonic() + moment + 5,))
                       for c in callers]
            for t in threads:
                t.start()
            time.sleep(moment)
            d.kill()
            for t in threads:
                t.join()
        d.start()
        self.check_book(book, callers, only_dirty=False)
        print(f'{book.acknowledged} answers about {len(book.known)} leases', flush=True)
        self.assertGreater(len(book.known), players)
        self.settle(d)
        self.check_store(d)
        self.check_doors(d, callers, book)
        self.assertEqual(d.stop(), 0)
        done = d.verify()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return book

    def check_book(self, book, callers, only_dirty):
        by_name = {c.name: c.client for c in callers}
        with book.lock:
            ids = list(book.dirty if only_dirty else book.known)
            book.dirty.clear()
        for lease_id in ids:
            owner = book.known[lease_id]['owner']
            r = by_name[owner].lease(lease_id)
            if r.status == 200:
                book.check(r.json, owner)
            else:
                book.wrong.append(f'{lease_id}, which {owner} was given: {r.status} {r.text[:200]}')
        with book.lock:
            book.dirty.clear()
        self.assertEqual(book.wrong, [])

    def settle(self, d, timeout=90):
        """No orphan, nothing half done: the engine has exactly what the store says."""
        live = lambda: {'berth-' + r[0] for r in d.sql("SELECT id FROM instance WHERE state = 'running'")}
        rest = lambda: d.sql("SELECT id, state, attempts, problem FROM instance "
                             "WHERE state NOT IN ('running', 'ended')")
        try:
            poll(lambda: not rest() and set(d.objects()) == live(), timeout, 'engine and store to agree')
        except AssertionError:
            objects = set(d.objects())
            self.fail(f'orphans {objects - live()}, missing {live() - objects}, unfinished {rest()}\n'
                      + d.log_text()[-3000:])

    def check_store(self, d):
        self.assertEqual(d.sql("SELECT owner_kind, owner_id, challenge_id FROM instance WHERE state "
                               "<> 'ended' GROUP BY 1, 2, 3 HAVING count(*) > 1"), [])
        self.assertEqual(d.sql("SELECT p.port FROM port p JOIN instance i ON i.id = p.instance_id "
                               "WHERE i.state = 'ended'"), [], 'a port kept by an ended lease')
        for action, column in (('extended', 'extensions'), ('restarted', 'restarts')):
            self.assertEqual(d.sql(f"SELECT i.id FROM instance i WHERE {column} <> (SELECT count(*) "
                                   "FROM event e WHERE e.lease_id = i.id AND e.action = ?)", action),
                             [], f'{column} and its events differ')
        self.assertEqual(d.sql("SELECT id FROM instance i WHERE 1 <> (SELECT count(*) FROM event e "
                               "WHERE e.lease_id = i.id AND e.action = 'created')"), [])

    def check_doors(self, d, callers, book):
        """Every address leads to the instance of the lease that it was given for."""
        ports = set()
        for c in callers:
            for lease in c.client.get('/api/v2/instances').json['items']:
                for e in lease['endpoints']:
                    self.assertNotIn(e['port'], ports, 'one port, two leases')
                    ports.add(e['port'])
                    said = self.knock(e)
                    self.assertIn(self.expected(lease), said)
