/* What berth doctor looks at on the machine itself. */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timex.h>

#include "base/str.h"
#include "daemon/doctor.h"
#include "os/file.h"

#define PROC_MAX        4096
#define FILES_PER_LEASE 16 /* a door, and players through it */
#define CLOCK_ERROR_US  500000

static void check_files(const struct settings *s, struct findings *f) {
        uint64_t want =
                (uint64_t)(s->max_connections + s->max_watchers + s->capacity * FILES_PER_LEASE);
        struct rlimit files;

        if (getrlimit(RLIMIT_NOFILE, &files) < 0)
                return;
        if (files.rlim_max >= want)
                findings_add(
                        f, "file limit", VERDICT_OK,
                        arena_printf(f->arena, "%" PRIu64 " open files", (uint64_t)files.rlim_max),
                        NULL);
        else
                findings_add(f, "file limit", VERDICT_WARNING,
                             arena_printf(f->arena,
                                          "%" PRIu64 " open files, %" PRIu64 " wanted for %" PRId64
                                          " connections, %" PRId64 " watchers and %" PRId64
                                          " instances",
                                          (uint64_t)files.rlim_max, want, s->max_connections,
                                          s->max_watchers, s->capacity),
                             arena_printf(f->arena,
                                          "LimitNOFILE=%" PRIu64
                                          " in the service's unit, or ulimit -Hn %" PRIu64,
                                          want, want));
}

/* Reads PATH of /proc; "" when it cannot. */
static const char *proc(const char *path, struct arena *arena) {
        struct err ignored;
        char *text;
        size_t n;

        return file_read(path, PROC_MAX, arena, &text, &n, &ignored) < 0 ? "" : text;
}

/* Is PORT in a list such as "30000-59999,61000"? */
static bool in_list(const char *list, unsigned port) {
        while (*list && *list != '\n') {
                unsigned long from, to;
                char *end;

                from = to = strtoul(list, &end, 10);
                if (end == list)
                        return false;
                if (*end == '-')
                        to = strtoul(end + 1, &end, 10);
                if (port >= from && port <= to)
                        return true;
                list = end + (*end == ',');
        }
        return false;
}

/* The system gives ports of its own range to outgoing connections: one of ours may be among them
 * just when a door wants it. */
static void check_ports(const struct settings *s, struct findings *f) {
        const char *reserved = proc("/proc/sys/net/ipv4/ip_local_reserved_ports", f->arena);
        const char *local = proc("/proc/sys/net/ipv4/ip_local_port_range", f->arena);
        size_t kept = strcspn(reserved, "\n"); /* what others have reserved stays so */
        unsigned long from, to;
        unsigned clash = 0;
        char *end;

        from = strtoul(local, &end, 10);
        to = strtoul(end, NULL, 10);
        for (unsigned p = s->port_from; p <= s->port_to; p++)
                clash += p >= from && p <= to && !in_list(reserved, p);
        if (clash == 0)
                findings_add(f, "ports", VERDICT_OK,
                             arena_printf(f->arena, "%u-%u are Berth's", s->port_from, s->port_to),
                             NULL);
        else
                findings_add(f, "ports", VERDICT_WARNING,
                             arena_printf(f->arena,
                                          "%u of %u-%u may be taken by outgoing connections "
                                          "(ip_local_port_range %lu-%lu); leases then move",
                                          clash, s->port_from, s->port_to, from, to),
                             arena_printf(f->arena,
                                          "sysctl -w net.ipv4.ip_local_reserved_ports=%.*s%s%u-%u",
                                          (int)kept, reserved, kept ? "," : "", s->port_from,
                                          s->port_to));
}

static void check_clock(struct findings *f) {
        struct timex t = { 0 };

        if (adjtimex(&t) >= 0 && !(t.status & STA_UNSYNC) && t.maxerror < CLOCK_ERROR_US) {
                findings_add(f, "clock", VERDICT_OK, "kept in step with a time server", NULL);
                return;
        }
        findings_add(f, "clock", VERDICT_WARNING,
                     "nothing keeps it in step; players see deadlines by it",
                     "apt-get install systemd-timesyncd (or chrony)");
}

static int try_bind(const struct addrinfo *a) {
        int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0), on = 1, r;

        if (fd < 0)
                return errno;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        r = bind(fd, a->ai_addr, a->ai_addrlen) < 0 ? errno : 0;
        close(fd);
        return r;
}

static void check_listen(const struct settings *s, struct findings *f) {
        struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_PASSIVE,
                                  .ai_socktype = SOCK_STREAM };
        const char *colon = strrchr(s->listen, ':'), *host;
        struct addrinfo *a;
        int problem;

        host = arena_printf(f->arena, "%.*s", (int)(colon ? colon - s->listen : 0), s->listen);
        if (*host == '[')
                host = arena_printf(f->arena, "%.*s", (int)strlen(host) - 2, host + 1);
        if (!colon || getaddrinfo(*host ? host : NULL, colon + 1, &hints, &a) != 0) {
                findings_add(f, "listen", VERDICT_BROKEN,
                             arena_printf(f->arena, "\"%s\" is no address and port", s->listen),
                             "BERTH_LISTEN=127.0.0.1:8080");
                return;
        }
        problem = try_bind(a);
        freeaddrinfo(a);
        if (problem == EADDRINUSE)
                findings_add(f, "listen", VERDICT_WARNING,
                             arena_printf(f->arena, "%s is in use: by a running Berth?", s->listen),
                             "stop it, or set BERTH_LISTEN");
        else if (problem)
                findings_add(f, "listen", VERDICT_BROKEN,
                             arena_printf(f->arena, "%s: %s", s->listen, strerror(problem)),
                             "set BERTH_LISTEN to an address of this machine");
        else
                findings_add(f, "listen", VERDICT_OK, s->listen, NULL);
}

void doctor_host(const struct settings *s, struct findings *f) {
        check_files(s, f);
        check_ports(s, f);
        check_clock(f);
        check_listen(s, f);
}
