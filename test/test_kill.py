"""
kill -9 at 500 random moments (BERTH_KILLS) under load, on the fake engine: no orphan, no lost
acknowledged change, no second owner, no port in use twice, and the chain verifies (I6, E13).
"""
import os

import harness
from client import knock
from harness import challenge_yaml, policy
from killing import Killing

KILLS = int(os.environ.get('BERTH_KILLS', '500'))


class Kill(Killing, harness.Case):
    def knock(self, endpoint):
        return knock(endpoint['port'], endpoint['host'])[1].decode()

    def expected(self, lease):
        return lease['id']

    def run_on(self, kills, options):
        slugs = {s: challenge_yaml(s) for s in ('alpha', 'beta')}
        slugs['short'] = challenge_yaml('short', policy=policy(2, 2, 5, 60))
        d = self.game(slugs, options=options, limits=False, orphan_grace_seconds=1)
        self.kill_often(d, list(slugs), players=5, kills=kills, load_s=(0.02, 0.4))

    def test_under_load(self):
        self.run_on(KILLS - KILLS // 2, 'start_ms=30&stop_ms=30')

    def test_under_load_with_a_failing_engine(self):
        self.run_on(KILLS // 2, 'start_ms=20&stop_ms=20&lose=3&fail_start=3&fail_stop=3')


if __name__ == '__main__':
    harness.main()
