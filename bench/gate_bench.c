/*
 * What the gate costs, each figure beside a direct loopback connection that is
 * measured in the same run, and how exactly its doors shut.
 */
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "gate/doorway.h"
#include "gate/testkit.h"

#define ROUNDS       5 /* of each kind, taken in turns; the best counts */
#define STREAM_BYTES (1LL << 30)
#define TURNS        5000
#define CONNECTIONS  4000
#define CALLERS      4
#define IDLE         1000 /* two descriptors of the gate and two of ours each */
#define DOORS        800
#define AHEAD_MS     1500

static char block[65536];

static double seconds_since(int64_t begun_us) { return (double)(clock_mono_us() - begun_us) / 1e6; }

static int compare(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

/* VALUES are sorted. */
static double percentile(const double *values, size_t n, unsigned percent) {
        return values[(n - 1) * percent / 100];
}

/* An instance: one byte says what it does. */
static void *serve_one(void *arg) {
        int fd = (int)(intptr_t)arg, on = 1;
        char what;
        ssize_t n = recv(fd, &what, 1, 0);

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (n == 1 && what == 's')
                for (long long left = STREAM_BYTES; left > 0 && n > 0; left -= n)
                        n = send(fd, block, sizeof(block), MSG_NOSIGNAL);
        while (n > 0 && (n = recv(fd, &what, 1, 0)) == 1)
                n = send(fd, &what, 1, MSG_NOSIGNAL);
        close(fd);
        return NULL;
}

static void *serve(void *arg) {
        int listener = *(int *)arg, fd;
        pthread_attr_t attr;
        pthread_t t;

        pthread_attr_init(&attr);
        pthread_attr_setstacksize(&attr, 65536);
        while ((fd = accept(listener, NULL, NULL)) >= 0) {
                kit_check(pthread_create(&t, &attr, serve_one, (void *)(intptr_t)fd) == 0,
                          "a thread");
                pthread_detach(t);
        }
        return NULL;
}

/* One that says hello and goodbye, for short connections; and one that only holds them. */
static void *greet(void *arg) {
        int listener = *(int *)arg, fd;

        while ((fd = accept(listener, NULL, NULL)) >= 0) {
                send(fd, "x", 1, MSG_NOSIGNAL);
                close(fd);
        }
        return NULL;
}

static void *hold(void *arg) {
        int listener = *(int *)arg;

        while (accept(listener, NULL, NULL) >= 0)
                ;
        return NULL;
}

static uint16_t instance(void *(*run)(void *arg), int *listener) {
        uint16_t port;
        pthread_t t;

        *listener = instance_listen(4096, &port);
        pthread_create(&t, NULL, run, listener);
        pthread_detach(t);
        return port;
}

/* MiB/s of one stream. */
static double stream(uint16_t port) {
        int64_t begun = clock_mono_us();
        int fd = dial(port);
        long long got = 0;
        ssize_t n = 1;

        say(fd, "s");
        for (; got < STREAM_BYTES && n > 0; got += n)
                n = recv(fd, block, sizeof(block), 0);
        kit_check(got >= STREAM_BYTES, "streaming");
        close(fd);
        return (double)got / (1 << 20) / seconds_since(begun);
}

/* Turns a second: one byte there and back. */
static double turns(uint16_t port) {
        int fd = dial(port), on = 1;
        int64_t begun;

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        say(fd, "e");
        begun = clock_mono_us();
        for (int i = 0; i < TURNS; i++) {
                say(fd, "x");
                kit_check(recv(fd, block, 1, 0) == 1, "a turn");
        }
        close(fd);
        return TURNS / seconds_since(begun);
}

static void *call(void *arg) {
        for (int i = 0; i < CONNECTIONS / CALLERS; i++) {
                int fd = dial(*(uint16_t *)arg);

                kit_check(fd >= 0 && recv(fd, block, 1, 0) == 1, "a short connection");
                close(fd);
        }
        return NULL;
}

/* Connections a second that were opened, greeted and closed. */
static double connections(uint16_t port) {
        int64_t begun = clock_mono_us();
        pthread_t t[CALLERS];

        for (int i = 0; i < CALLERS; i++)
                pthread_create(&t[i], NULL, call, &port);
        for (int i = 0; i < CALLERS; i++)
                pthread_join(t[i], NULL);
        return CONNECTIONS / seconds_since(begun);
}

static void beside(const char *what, double (*measure)(uint16_t port), uint16_t direct,
                   uint16_t door) {
        double limit = 0, through = 0;

        for (int i = 0; i < ROUNDS; i++) {
                double a = measure(direct), b = measure(door);

                limit = a > limit ? a : limit;
                through = b > through ? b : through;
        }
        printf("%-24s %12.0f %12.0f %7.0f %%\n", what, limit, through, 100 * through / limit);
}

static long resident_bytes(void) {
        FILE *f = fopen("/proc/self/statm", "r");
        char line[128], *resident;

        kit_check(f && fgets(line, sizeof(line), f), "/proc/self/statm");
        fclose(f);
        strtol(line, &resident, 10);
        return strtol(resident, NULL, 10) * sysconf(_SC_PAGESIZE);
}

static void idle_memory(struct gate *g, uint16_t door) {
        struct door_stats s = { 0 };
        long before = resident_bytes();

        for (int i = 0; i < IDLE; i++)
                kit_check(dial(door) >= 0, "an idle connection");
        while (s.open < IDLE && gate_stats(g, door, &s))
                sleep_ms(1);
        printf("%d idle connections: %ld bytes each\n", IDLE, (resident_bytes() - before) / IDLE);
}

struct shutting {
        uint16_t port;
        int fd;
};

/* DOORS doors with a player each and one deadline: when has the player been cut
 * off, and found the port closed when dialling again? */
static void lateness(struct world *w, uint16_t target) {
        static struct shutting doors[DOORS];
        static double late[DOORS];
        int64_t deadline = clock_now_ms() + AHEAD_MS;
        _cleanup_close_ int set = epoll_create1(EPOLL_CLOEXEC);
        size_t n = 0, again = 0;

        for (size_t i = 0; i < DOORS; i++) {
                doors[i].port = open_door(w, target, deadline);
                doors[i].fd = dial(doors[i].port);
                kit_check(doors[i].fd >= 0, "a door");
                epoll_ctl(set, EPOLL_CTL_ADD, doors[i].fd,
                          &(struct epoll_event){ .events = EPOLLIN, .data.ptr = &doors[i] });
        }
        kit_check(clock_now_ms() < deadline, "opening the doors in time");
        while (n < DOORS) {
                struct epoll_event e;
                struct shutting *d;
                int fd;

                kit_check(epoll_wait(set, &e, 1, 10000) == 1, "a door that stays open");
                d = e.data.ptr;
                close(d->fd);
                while ((fd = dial(d->port)) >= 0) {
                        close(fd);
                        again++;
                }
                late[n++] = (double)(clock_now_ms() - deadline);
        }
        qsort(late, n, sizeof(*late), compare);
        printf("%d doors with one deadline, shut after it by: p50 %.0f ms, p99 %.0f ms, worst %.0f "
               "ms (%d by design, limit 250); let in after that: %zu\n",
               DOORS, percentile(late, n, 50), percentile(late, n, 99), late[n - 1], GATE_GRACE_MS,
               again);
}

int main(void) {
        _cleanup_world_ struct world w;
        uint16_t serving, greeting, holding;
        int listeners[3];

        world_open(&w);
        serving = instance(serve, &listeners[0]);
        greeting = instance(greet, &listeners[1]);
        holding = instance(hold, &listeners[2]);
        idle_memory(w.gate, open_wide_door(&w, holding, FAR_MS, IDLE));
        printf("%-24s %12s %12s %9s\n", "the gate", "direct", "through it", "");
        beside("one stream, MiB/s", stream, serving, open_door(&w, serving, FAR_MS));
        beside("one-byte turns/s", turns, serving, open_door(&w, serving, FAR_MS));
        beside("connections/s", connections, greeting, open_door(&w, greeting, FAR_MS));
        lateness(&w, holding);
        return 0;
}
