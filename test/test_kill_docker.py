"""kill -9 at 30 random moments (BERTH_KILLS_DOCKER) under load, on real containers (I6, E13)."""
import os

import docker_engine, harness
from client import knock
from docker_engine import container_yaml
from harness import policy
from killing import Killing

KILLS = int(os.environ.get('BERTH_KILLS_DOCKER', '30'))


class KillDocker(Killing, docker_engine.DockerCase):
    def knock(self, endpoint):
        return knock(endpoint['port'], endpoint['host'])[1].decode()

    def expected(self, lease):
        return self.hosts[lease['id']]

    def check_doors(self, d, callers, book):
        """Each container says its own host name, which the engine took from its id."""
        self.hosts = {name[len('berth-'):]: c['Id'][:12] for name, c in d.containers().items()}
        super().check_doors(d, callers, book)

    def test_under_load(self):
        say = 'nc -ll -p 8080 -e hostname'
        slugs = {s: container_yaml(s, say) for s in ('alpha', 'beta')}
        slugs['short'] = container_yaml('short', say, policy=policy(5, 5, 5, 60))
        d = self.docker_game(slugs, limits=False, start=False)
        d.start()
        book = self.kill_often(d, list(slugs), players=4, kills=KILLS, load_s=(0.3, 3))
        self.assertGreater(len(book.known), KILLS)


if __name__ == '__main__':
    harness.main()
