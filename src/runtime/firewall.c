#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/str.h"
#include "runtime/firewall.h"

#define WORDS_MAX     20
#define CAP_NET_ADMIN 12

/* Where no instance may go: this host, private and shared networks, link-local with the clouds'
 * metadata service, documentation and benchmarks, multicast, reserved. */
static const char *const ranges[] = {
        "0.0.0.0/8",       "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",    "169.254.0.0/16",
        "172.16.0.0/12",   "192.0.0.0/24",   "192.0.2.0/24",  "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",   "240.0.0.0/4",
};

/* One rule: its chain, and the rest of its words. */
struct rule {
        const char *chain;
        const char *words[WORDS_MAX];
};

struct rules {
        struct rule list[ARRAY_SIZE(ranges) + 1];
        size_t n;
};

static void add_answerless(struct rules *r, const char *chain, const char *bridge,
                           const char *range) {
        struct rule *rule = &r->list[r->n++];
        const char *const all[] = {
                "-i", bridge, "-m", "conntrack", "!", "--ctstate", "RELATED,ESTABLISHED",
                "-j", "DROP"
        };
        const char *const to[] = { "-i",  bridge,      "-d",
                                   range, "-m",        "conntrack",
                                   "!",   "--ctstate", "RELATED,ESTABLISHED",
                                   "-j",  "DROP" };

        rule->chain = chain;
        if (range)
                memcpy(rule->words, to, sizeof(to));
        else
                memcpy(rule->words, all, sizeof(all));
}

static void rules_of(const char *bridge, enum firewall_bridge kind, struct rules *ret) {
        *ret = (struct rules){ 0 };
        add_answerless(ret, "INPUT", bridge, NULL);
        if (kind == FIREWALL_PUBLISH)
                add_answerless(ret, "DOCKER-USER", bridge, NULL);
        for (size_t i = 0; kind == FIREWALL_OUT && i < ARRAY_SIZE(ranges); i++)
                add_answerless(ret, "DOCKER-USER", bridge, ranges[i]);
}

void firewall_fix(const char *bridge, enum firewall_bridge kind, char *ret, size_t room) {
        static const char answerless[] = "-m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP";
        _cleanup_buf_ struct buf b = { 0 };

        buf_printf(&b, "iptables -I INPUT -i %s %s", bridge, answerless);
        if (kind == FIREWALL_PUBLISH)
                buf_printf(&b, " && iptables -I DOCKER-USER -i %s %s", bridge, answerless);
        if (kind == FIREWALL_OUT) {
                buf_str(&b, " && for r in");
                for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
                        buf_printf(&b, " %s", ranges[i]);
                buf_printf(&b, "; do iptables -I DOCKER-USER -i %s -d $r %s; done", bridge,
                           answerless);
        }
        str_copy(ret, room, b.data);
}

/* Running iptables. */

static bool may_run(void) {
        _cleanup_close_ int fd = -1;
        unsigned long long caps = 0;
        char text[4096];
        const char *at;
        ssize_t n;

        if (geteuid() == 0)
                return true;
        fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (n < 0)
                return false;
        text[n] = '\0';
        at = strstr(text, "CapAmb:"); /* what a program that we run inherits */
        if (at)
                caps = strtoull(at + strlen("CapAmb:"), NULL, 16);
        return caps >> CAP_NET_ADMIN & 1;
}

static const char *program(void) {
        static const char *const places[] = { "/usr/sbin/iptables", "/sbin/iptables",
                                              "/usr/local/sbin/iptables", "/usr/bin/iptables" };

        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                if (access(places[i], X_OK) == 0)
                        return places[i];
        return NULL;
}

static int run(const char *path, const char *verb, const struct rule *rule, int *status,
               struct err *err) {
        char *none[] = { NULL };
        const char *argv[WORDS_MAX + 6] = { "iptables", "-w", "5", verb, rule->chain };
        posix_spawn_file_actions_t actions;
        int result, code;
        pid_t pid;

        if (fault_here("firewall.iptables", err))
                return -1;
        memcpy(argv + 5, rule->words, sizeof(rule->words));
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        /* The interface of posix_spawn is older than const. */
        result = posix_spawn(&pid, path, &actions, NULL, (char **)(uintptr_t)argv, none);
        posix_spawn_file_actions_destroy(&actions);
        if (result != 0)
                return err_set(err, ERR_UNAVAILABLE, "%s: errno %d", path, result);
        while ((result = waitpid(pid, &code, 0)) < 0 && errno == EINTR)
                ;
        if (result < 0 || !WIFEXITED(code))
                return err_set(err, ERR_UNAVAILABLE, "%s did not end well", path);
        *status = WEXITSTATUS(code);
        return 0;
}

static int guard(const char *path, const struct rule *rule, bool set, struct err *err) {
        int status = -1;

        if (run(path, "-C", rule, &status, err) < 0)
                return -1;
        if (status == 0)
                return 0;
        if (!set)
                return err_set(err, ERR_INVALID, "a rule of the chain %s is missing", rule->chain);
        if (run(path, "-I", rule, &status, err) < 0)
                return -1;
        if (status != 0)
                return err_set(err, ERR_INVALID,
                               "iptables refuses a rule in the chain %s (exit %d)", rule->chain,
                               status);
        return 0;
}

int firewall_guard(const char *bridge, enum firewall_bridge kind, bool set, struct err *err) {
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* checking, then setting */
        const char *path = program();
        struct rules rules;
        int result = 0;

        if (!path)
                return err_set(err, ERR_INVALID, "there is no iptables here");
        if (!may_run())
                return err_set(
                        err, ERR_INVALID,
                        "only root, or CAP_NET_ADMIN as an ambient capability, may see rules");
        rules_of(bridge, kind, &rules);
        pthread_mutex_lock(&lock);
        for (size_t i = 0; result == 0 && i < rules.n; i++)
                result = guard(path, &rules.list[i], set, err);
        pthread_mutex_unlock(&lock);
        return result;
}
