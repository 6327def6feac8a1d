/* The isolation, line by line, proven from inside a container on a real engine.
 *
 * test/with-docker.sh gives the networks, and $OUTSIDE_ADDRESS and $OUTSIDE_PRIVATE: two addresses
 * of one machine beyond this host, a public and a private one, that answers on port 7777. */
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdarg.h>

#include "base/str.h"
#include "runtime/fixture.h"

static struct runtime *rt;

static void up(const struct spec *spec, struct instance *ret) {
        struct err err;

        CHECK_OK(runtime_start(rt, spec, ret, &err));
        if (spec->n_ports)
                close(dial(ret));
}

/* The exit code of a shell script inside. */
_printf_(2, 3) static int inside(const struct instance *i, const char *fmt, ...) {
        char script[1024];
        const char *command[] = { "sh", "-c", script, NULL };
        int status = -1;
        struct err err;
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(script, sizeof(script), fmt, ap);
        va_end(ap);
        CHECK_OK(runtime_exec(rt, i->name, command, 30000, &status, &err));
        return status;
}

#define HOLDS(...)  CHECK(inside(&a, __VA_ARGS__) == 0)
#define DENIED(...) CHECK(inside(&a, __VA_ARGS__) != 0)

/* Runs a command on the engine's host and reads its first line. */
_printf_(2, 3) static void outside(char ret[512], const char *fmt, ...) {
        char command[512];
        va_list ap;
        FILE *f;

        va_start(ap, fmt);
        vsnprintf(command, sizeof(command), fmt, ap);
        va_end(ap);
        f = popen(command, "r");
        CHECK(f);
        ret[0] = '\0';
        if (fgets(ret, 512, f))
                ret[strcspn(ret, "\n")] = '\0';
        pclose(f);
}

TEST(no_capabilities_no_new_privileges_filtered_system_calls) {
        struct spec spec = spec_of("caps");
        struct instance a;

        rt = open_runtime();
        up(&spec, &a);
        for (const char *const *set = (const char *const[]){ "CapInh", "CapPrm", "CapEff", "CapBnd",
                                                             "CapAmb", NULL };
             *set; set++) {
                HOLDS("grep -q '^%s:.0000000000000000$' /proc/1/status", *set);
                HOLDS("grep -q '^%s:.0000000000000000$' /proc/self/status", *set);
        }
        HOLDS("grep -q '^NoNewPrivs:.1$' /proc/1/status");
        HOLDS("grep -q '^NoNewPrivs:.1$' /proc/self/status");
        HOLDS("grep -q '^Seccomp:.2$' /proc/1/status");
        DENIED("unshare -U true"); /* what the default filter refuses */
        DENIED("chown 1000 /tmp");
        DENIED("hostname other");
}

TEST(not_privileged) {
        struct spec spec = spec_of("priv");
        struct instance a;

        rt = open_runtime();
        up(&spec, &a);
        DENIED("mount -t tmpfs none /tmp");
        DENIED("mknod /tmp/disk b 254 0");
        DENIED("ls /dev/vda /dev/sda /dev/nvme0n1 /dev/kmsg /dev/mem");
        DENIED("echo 1 >/proc/sys/kernel/panic");
        DENIED("echo c >/proc/sysrq-trigger");
        HOLDS("[ -z \"$(find / -xdev -name '*docker.sock' -o -xdev -name containerd.sock)\" ]");
        /* Of the host's disks, only what the engine itself puts in place is mounted. */
        HOLDS("[ -z \"$(grep '^/dev/' /proc/mounts | cut -d' ' -f2 | "
              "grep -vxE '/etc/(resolv.conf|hostname|hosts)|/sbin/docker-init|/dev/init')\" ]");
}

TEST(processes_are_limited) {
        struct spec spec = spec_of("pids"), other = spec_of("pids2");
        struct instance a, b;

        rt = open_runtime();
        spec.pids = 24;
        up(&spec, &a);
        up(&other, &b);
        HOLDS("[ \"$(cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null)\" = 24 "
              "]");
        CHECK(inside(&b, "[ \"$(cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max "
                         "2>/dev/null)\" = 128 ]") == 0);
        /* A fork bomb: it meets the limit, and nobody else notices. */
        DENIED("b() { b | b & }; b; for i in $(seq 40); do sleep 1 & done; wait");
        check_answers(&b);
}

TEST(memory_is_limited_and_nothing_is_swapped) {
        struct spec spec = spec_of("mem");
        struct instance a;

        rt = open_runtime();
        up(&spec, &a);
        HOLDS("if [ -d /sys/fs/cgroup/memory ]; then cd /sys/fs/cgroup/memory; "
              "[ $(cat memory.limit_in_bytes) = 33554432 ] && "
              "[ $(cat memory.memsw.limit_in_bytes) = 33554432 ]; "
              "else [ $(cat /sys/fs/cgroup/memory.max) = 33554432 ] && "
              "[ $(cat /sys/fs/cgroup/memory.swap.max) = 0 ]; fi");
        HOLDS("head -c 8000000 /dev/zero | tail -c 8000000 >/dev/null");
        DENIED("head -c 80000000 /dev/zero | tail -c 80000000 >/dev/null");
}

TEST(cpu_is_limited) {
        struct spec spec = spec_of("cpu");
        struct instance a;

        rt = open_runtime();
        up(&spec, &a);
        HOLDS("if [ -d /sys/fs/cgroup/cpu ]; then [ $(cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us) = "
              "25000 ]; else [ \"$(cat /sys/fs/cgroup/cpu.max)\" = '25000 100000' ]; fi");
}

TEST(the_root_is_read_only_with_a_small_tmpfs_on_tmp) {
        struct spec spec = spec_of("root");
        struct instance a;

        rt = open_runtime();
        up(&spec, &a);
        for (const char *const *dir =
                     (const char *const[]){ "/", "/home/ctf", "/etc", "/var", NULL };
             *dir; dir++)
                DENIED("touch %s/x", *dir);
        HOLDS("touch /tmp/x && grep -q '^tmpfs /tmp tmpfs rw,nosuid,nodev,noexec' /proc/mounts");
        HOLDS("[ $(df -k /tmp | tail -n1 | awk '{print $2}') = 65536 ]");
        DENIED("cp /bin/busybox /tmp/busybox && /tmp/busybox true");
}

TEST(a_challenge_may_ask_for_a_writable_root) {
        struct spec spec = spec_of("rw");
        struct instance a;

        rt = open_runtime();
        spec.writable_root = true;
        up(&spec, &a);
        HOLDS("touch /x /home/ctf/x /tmp/x");
        HOLDS("grep -q '^CapEff:.0000000000000000$' /proc/self/status");
}

struct size {
        size_t n;
};

static bool count(void *arg, _unused_ bool is_stderr, _unused_ const char *text, size_t n) {
        ((struct size *)arg)->n += n;
        return true;
}

TEST(logs_are_bounded) {
        struct spec spec = spec_of("logs");
        const char *command[] = { "sh", "-c",
                                  "head -c 9000000 /dev/zero | tr '\\0' x | fold -w 500; "
                                  "echo; exec nc -ll -p 7000 -e true",
                                  NULL };
        struct size size = { 0 };
        struct instance a;
        struct err err;

        rt = open_runtime();
        spec.command = command;
        up(&spec, &a);
        CHECK_OK(runtime_logs(rt, spec.name, false, -1, NULL, count, &size, &err));
        CHECK(size.n > 100000 && size.n < 2200000);
}

/* The network. */

static uint16_t listen_on_host(int type, int *fd) {
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY) };
        socklen_t size = sizeof(at);

        *fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
        CHECK(*fd >= 0 && bind(*fd, (struct sockaddr *)&at, sizeof(at)) == 0);
        if (type == SOCK_STREAM)
                CHECK(listen(*fd, 16) == 0);
        CHECK(getsockname(*fd, (struct sockaddr *)&at, &size) == 0);
        return ntohs(at.sin_port);
}

static bool is_mine(const char *addr) {
        struct sockaddr_in at = { .sin_family = AF_INET };
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        bool mine;

        CHECK(fd >= 0 && inet_pton(AF_INET, addr, &at.sin_addr) == 1);
        mine = bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
        close(fd);
        return mine;
}

/* What listens on these ports of the host at ADDR must not answer A.  Gives how many times it was
 * seen to answer the host itself: not at all where ADDR was another test's and went with it. */
static int check_closed_to(const struct instance *a, const char *addr, uint16_t tcp_port,
                           uint16_t udp_port) {
        struct instance self = { .ports = { tcp_port } };

        CHECK(inside(a, "nc -w 1 %s %u </dev/null", addr, tcp_port) != 0);
        CHECK(inside(a, "timeout 1 tftp -g -r x -l /tmp/x %s %u", addr, udp_port) != 0);
        if (!is_mine(addr))
                return 0;
        str_copy(self.host, sizeof(self.host), addr);
        close(dial(&self));
        return 1;
}

/* The address of the bridge that the instance sits on is the host's as well. */
static void check_host_is_out_of_reach(const struct instance *a) {
        char addr[INET_ADDRSTRLEN];
        struct ifaddrs *all;
        int tcp, udp, n = 0, accepted = 0;
        uint16_t tcp_port = listen_on_host(SOCK_STREAM, &tcp);
        uint16_t udp_port = listen_on_host(SOCK_DGRAM, &udp);
        char byte;

        CHECK(getifaddrs(&all) == 0);
        for (struct ifaddrs *i = all; i; i = i->ifa_next) {
                if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET)
                        continue;
                inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr, addr,
                          sizeof(addr));
                if (strncmp(addr, "127.", 4) == 0)
                        continue; /* inside, that is the instance itself */
                n += check_closed_to(a, addr, tcp_port, udp_port);
        }
        while (accept(tcp, NULL, NULL) >= 0)
                accepted++;
        CHECK(accepted == n); /* the host's own connections, and no other */
        CHECK(n >= 2);        /* at least an interface of the host's and the bridge */
        CHECK(recv(udp, &byte, 1, 0) < 0);
        freeifaddrs(all);
        close(tcp);
        close(udp);
}

TEST(instances_reach_neither_each_other_nor_the_host_nor_the_outside) {
        struct spec spec = spec_of("net"), other = spec_of("net2");
        struct instance a, b;

        rt = open_runtime();
        up(&spec, &a);
        up(&other, &b);
        HOLDS("nc -w 2 127.0.0.1 7000 </dev/null"); /* the tool works */
        DENIED("nc -w 2 %s 7000 </dev/null", b.host);
        check_answers(&b);
        check_host_is_out_of_reach(&a);
        DENIED("nc -w 2 169.254.169.254 80 </dev/null");
        DENIED("nc -w 2 %s 7777 </dev/null", getenv("OUTSIDE_ADDRESS"));
        DENIED("nc -w 2 %s 7777 </dev/null", getenv("OUTSIDE_PRIVATE"));
        HOLDS("[ ! -s /proc/net/if_inet6 ]"); /* there is no second way, by IPv6 */
}

TEST(with_egress_the_outside_is_reached_and_nothing_private) {
        struct spec spec = spec_of("out"), other = spec_of("out2"), inner = spec_of("out3");
        struct instance a, b, c;

        rt = open_runtime();
        spec.egress = other.egress = true;
        up(&spec, &a);
        up(&other, &b);
        up(&inner, &c);
        HOLDS("nc -w 3 %s 7777 </dev/null | grep -q outside", getenv("OUTSIDE_ADDRESS"));
        DENIED("nc -w 2 %s 7777 </dev/null", getenv("OUTSIDE_PRIVATE"));
        DENIED("nc -w 2 169.254.169.254 7777 </dev/null");
        DENIED("nc -w 2 %s 7000 </dev/null", b.host);
        DENIED("nc -w 2 %s 7000 </dev/null", c.host);
        CHECK(inside(&c, "nc -w 2 %s 7000 </dev/null", a.host) != 0);
        check_host_is_out_of_reach(&a);
        HOLDS("grep -q '^CapEff:.0000000000000000$' /proc/self/status");
        HOLDS("[ ! -s /proc/net/if_inet6 ]");
}

TEST(egress_is_refused_where_the_firewall_cannot_hold) {
        struct runtime_config config = { .install = install(),
                                         .network = getenv("RUNTIME_NETWORK") };
        struct spec spec = spec_of("noout");
        struct runtime_health health;
        struct runtime *unmanaged;
        struct instance a;
        char ignored[512];
        struct err err;

        outside(ignored,
                "iptables -w 5 -D DOCKER-USER -d 10.0.0.0/8 -i "
                "$(docker network inspect -f "
                "'{{index .Options \"com.docker.network.bridge.name\"}}' %s-out) "
                "-m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP",
                config.network);
        CHECK_OK(runtime_open("docker:", &config, &unmanaged, &err));
        spec.egress = true;
        CHECK(runtime_start(unmanaged, &spec, &a, &err) == -1);
        CHECK(err.kind == ERR_INVALID && strstr(err.msg, "firewall"));
        runtime_free(unmanaged);
        /* One that manages the firewall mends it. */
        rt = open_runtime();
        up(&spec, &a);
        runtime_health(rt, &health);
        CHECK(health.isolated);
}

TEST(health_tells_a_missing_rule_and_its_fix) {
        struct runtime_config config = { .install = install(),
                                         .network = getenv("RUNTIME_NETWORK") };
        struct spec spec = spec_of("rule");
        struct runtime_health health;
        struct runtime *unmanaged;
        struct instance a;
        char ignored[512];
        struct err err;

        rt = open_runtime();
        up(&spec, &a);
        CHECK_OK(runtime_open("docker:", &config, &unmanaged, &err));
        runtime_health(unmanaged, &health);
        CHECK(health.isolated);
        outside(ignored,
                "iptables -w 5 -D INPUT -i $(docker network inspect -f "
                "'{{index .Options \"com.docker.network.bridge.name\"}}' %s) "
                "-m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP",
                config.network);
        runtime_health(unmanaged, &health);
        CHECK(health.up && !health.isolated && health.problem[0]);
        CHECK(strncmp(health.isolation_fix, "iptables -I INPUT -i ", 21) == 0);
        outside(ignored, "%s", health.isolation_fix); /* the fix fixes */
        runtime_health(unmanaged, &health);
        CHECK(health.isolated);
        runtime_free(unmanaged);
}

/* The flag. */

TEST(a_flag_reaches_a_read_only_root) {
        static const char *const paths[] = { "/flag.txt", "/home/ctf/flag", "/new/dir/flag.txt" };
        struct spec spec = spec_of("flag");
        char volume[512], answer[512];
        struct instance a;
        struct err err;

        rt = open_runtime();
        spec.flag = "FLAG{'\"$x}";
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                spec.flag_path = paths[i];
                spec.generation++;
                up(&spec, &a);
                HOLDS("[ \"$(cat %s)\" = \"FLAG{'\\\"\\$x}\" ]", paths[i]);
                DENIED("echo x >%s", paths[i]);
                DENIED("rm -f %s", paths[i]);
                DENIED("echo x >/run/berth/x");
                DENIED("touch /x");
                HOLDS("[ -z \"$FLAG\" ]");
        }
        outside(volume, "docker inspect -f '{{range .Mounts}}{{.Name}}{{end}}' %s", spec.name);
        CHECK(strlen(volume) == 64);
        outside(answer, "docker ps -aq --filter name=%s.flag", spec.name);
        CHECK_STR(answer, "");
        CHECK_OK(runtime_stop(rt, spec.name, &err));
        outside(answer, "docker volume ls -q --filter name=%s", volume);
        CHECK_STR(answer, ""); /* the volume went with it */
}

TEST(a_flag_reaches_a_writable_root_and_the_environment) {
        struct spec spec = spec_of("flagrw");
        struct instance a;

        rt = open_runtime();
        spec.flag = "FLAG{y}";
        spec.flag_path = "/new/dir/flag.txt";
        spec.flag_env = spec.writable_root = true;
        up(&spec, &a);
        HOLDS("[ \"$(cat /new/dir/flag.txt)\" = 'FLAG{y}' ] && [ \"$FLAG\" = 'FLAG{y}' ]");
}

TEST(zombies_are_collected) {
        struct spec spec = spec_of("init");
        struct instance a;

        rt = open_runtime();
        up(&spec, &a);
        /* One that nobody waits for stays; one that just ended may be seen for a moment. */
        HOLDS("(sleep 0.1 & exec true); sleep 0.5; for i in $(seq 50); do "
              "grep -q '^State:.Z' /proc/[0-9]*/status || exit 0; sleep 0.1; done; exit 1");
}
