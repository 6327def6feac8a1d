/* Doors: opening, refusing, deadlines, closing. */
#include <sys/resource.h>

#include "test.h"

#include "base/metric.h"
#include "gate/testkit.h"

#define LATE_MAX_MS 2000 /* generous, since the machine may be busy; the bench is strict */

static struct door door(uint16_t port, uint16_t target, int64_t deadline_ms) {
        return (struct door){ .port = port,
                              .target_host = "127.0.0.1",
                              .target_port = target,
                              .deadline_ms = deadline_ms,
                              .max_connections = 64 };
}

/* An instance that echoes, a thread a connection. */
static void *echo_one(void *arg) {
        int fd = (int)(intptr_t)arg;
        char block[4096];
        ssize_t n;

        while ((n = recv(fd, block, sizeof(block), 0)) > 0 &&
               send(fd, block, (size_t)n, MSG_NOSIGNAL) == n)
                ;
        close(fd);
        return NULL;
}

/* One that says WORD and then echoes. */
struct echo {
        int listener;
        const char *word;
};

static void *echo_all(void *arg) {
        struct echo *e = arg;
        pthread_t t;

        for (;;) {
                int fd = accept(e->listener, NULL, NULL);

                if (fd < 0 && errno != EMFILE)
                        return NULL;
                if (fd < 0) {
                        sleep_ms(10); /* a test takes the descriptors away */
                        continue;
                }
                send(fd, e->word, strlen(e->word), MSG_NOSIGNAL);
                pthread_create(&t, NULL, echo_one, (void *)(intptr_t)fd);
                pthread_detach(t);
        }
}

static uint16_t echo_open(struct echo *e, const char *word) {
        uint16_t port;
        pthread_t t;

        e->listener = instance_listen(4096, &port);
        e->word = word;
        pthread_create(&t, NULL, echo_all, e);
        pthread_detach(t);
        return port;
}

static bool echoes(uint16_t port, const char *word) {
        _cleanup_close_ int fd = dial(port);

        if (fd < 0 || !hears(fd, word))
                return false;
        say(fd, "echo");
        return hears(fd, "echo");
}

/* Waits until nobody listens on PORT; returns when that was seen. */
static int64_t wait_shut(uint16_t port) {
        for (int i = 0; i < 10000; i++) {
                int fd = dial(port);

                if (fd < 0)
                        return clock_now_ms();
                close(fd);
                sleep_ms(1);
        }
        return INT64_MAX;
}

TEST(a_port_of_another_program_is_a_conflict) {
        _cleanup_world_ struct world w;
        uint16_t taken;
        _cleanup_close_ int other = instance_listen(1, &taken);
        struct door d = door(taken, 9, FAR_MS);
        struct door_stats s;
        struct err err;

        world_open(&w);
        CHECK(gate_open(w.gate, &d, &err) == -1);
        CHECK(err.kind == ERR_CONFLICT);
        CHECK(!gate_stats(w.gate, taken, &s));
        CHECK(other >= 0);
}

TEST(a_bad_address_is_invalid) {
        _cleanup_world_ struct world w;
        struct door d = door(free_port(), 9, FAR_MS);
        struct gate *g;
        struct err err;

        world_open(&w);
        snprintf(d.target_host, sizeof(d.target_host), "localhost");
        CHECK(gate_open(w.gate, &d, &err) == -1 && err.kind == ERR_INVALID);
        d = door(0, 9, FAR_MS);
        CHECK(gate_open(w.gate, &d, &err) == -1 && err.kind == ERR_INVALID);
        d = door(free_port(), 9, FAR_MS);
        d.max_connections = 0;
        CHECK(gate_open(w.gate, &d, &err) == -1 && err.kind == ERR_INVALID);
        CHECK(gate_new("not an address", w.loops, 2, &g, &err) == -1 && err.kind == ERR_INVALID);
        CHECK(gate_new("203.0.113.1", w.loops, 2, &g, &err) == 0); /* known only when it binds */
        d = door(free_port(), 9, FAR_MS);
        CHECK(gate_open(g, &d, &err) == -1 && err.kind == ERR_INVALID);
        gate_free(g);
}

TEST(all_addresses_of_ipv6_take_ipv4_too) {
        _cleanup_world_ struct world w;
        struct echo e;
        uint16_t target = echo_open(&e, "hi");
        struct door d = door(free_port(), target, FAR_MS);
        struct gate *g;
        struct err err;

        world_open(&w);
        CHECK_OK(gate_new("::", w.loops, 2, &g, &err));
        CHECK_OK(gate_open(g, &d, &err));
        CHECK(echoes(d.port, "hi"));
        gate_free(g);
}

/* Waits until the door has these counts: 5 s at most. */
static void wait_stats(struct world *w, uint16_t port, struct door_stats *s, unsigned open,
                       uint64_t refused) {
        for (int i = 0; i < 500; i++) {
                CHECK(gate_stats(w->gate, port, s));
                if (s->open == open && s->refused == refused)
                        return;
                sleep_ms(10);
        }
        CHECK(!"the counts that were waited for");
}

TEST(over_the_limit_a_connection_is_closed_at_once) {
        _cleanup_world_ struct world w;
        struct echo e;
        struct door d = door(free_port(), echo_open(&e, "hi"), FAR_MS);
        struct door_stats s;
        struct err err;
        int a, b, c;

        world_open(&w);
        d.max_connections = 2;
        CHECK_OK(gate_open(w.gate, &d, &err));
        a = dial(d.port);
        b = dial(d.port);
        CHECK(hears(a, "hi") && hears(b, "hi"));
        c = dial(d.port);
        say(c, "let me in");
        CHECK(hears_end(c, 1000));
        CHECK(gate_stats(w.gate, d.port, &s));
        CHECK(s.open == 2 && s.accepted == 2 && s.refused == 1);
        /* A storm at a full door costs no more than the limit again. */
        for (int i = 0; i < 50; i++)
                CHECK(dial(d.port) >= 0);
        wait_stats(&w, d.port, &s, 2, 51);
        close(a);
        wait_stats(&w, d.port, &s, 1, 51);
        CHECK(echoes(d.port, "hi"));
}

TEST(an_instance_that_is_down_refuses_gracefully) {
        _cleanup_world_ struct world w;
        struct door_stats s;
        uint16_t port;
        int fd;

        world_open(&w);
        port = open_door(&w, free_port(), FAR_MS);
        for (int i = 0; i < 20; i++) {
                fd = dial(port);
                CHECK(fd >= 0);
                say(fd, "GET / HTTP/1.1\r\n\r\n"); /* unread, it would turn a close into a reset */
                CHECK(hears_end(fd, 1000));
                close(fd);
        }
        CHECK(gate_stats(w.gate, port, &s));
        CHECK(s.accepted == 0 && s.refused == 20 && s.open == 0);
}

TEST(an_instance_that_does_not_answer_refuses_in_time) {
        _cleanup_world_ struct world w;
        uint16_t target, port;
        _cleanup_close_ int silent = instance_listen(0, &target);
        int64_t begun;
        int fd;

        world_open(&w);
        CHECK(dial(target) >= 0); /* fills the backlog: what comes now gets no answer */
        for (int i = 0; i < 3; i++) {
                struct sockaddr_in a = loopback(target);

                fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
                CHECK(connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 && errno == EINPROGRESS);
        }
        port = open_door(&w, target, FAR_MS);
        begun = clock_mono_ms();
        fd = dial(port);
        say(fd, "hello?");
        CHECK(hears_end(fd, GATE_CONNECT_MS + LATE_MAX_MS));
        CHECK(clock_mono_ms() - begun >= GATE_CONNECT_MS - 10);
        CHECK(silent >= 0);
}

/* Floods both ways until the connection ends; returns when that was. */
static void *flood(void *arg) {
        int fd = *(int *)arg;
        static const char block[65536];
        char in[16384];
        struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

        for (;;) {
                poll(&p, 1, -1);
                if (p.revents & POLLIN && recv(fd, in, sizeof(in), MSG_DONTWAIT) <= 0)
                        break;
                if (p.revents & POLLOUT &&
                    send(fd, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                        break;
                if (p.revents & (POLLERR | POLLHUP))
                        break;
        }
        return (void *)(intptr_t)clock_now_ms();
}

TEST(the_deadline_ends_everything_however_busy) {
        _cleanup_world_ struct world w;
        struct echo e;
        uint16_t target = echo_open(&e, "hi");
        int64_t deadline, late, worst = 0;
        pthread_t threads[4];
        int busy[4], idle, port;
        struct door_stats s;
        void *at;

        world_open(&w);
        deadline = clock_now_ms() + 700;
        port = open_door(&w, target, deadline);
        idle = dial((uint16_t)port);
        CHECK(hears(idle, "hi"));
        for (int i = 0; i < 4; i++) {
                busy[i] = dial((uint16_t)port);
                pthread_create(&threads[i], NULL, flood, &busy[i]);
        }
        CHECK(hears_end(idle, 700 + LATE_MAX_MS));
        late = clock_now_ms() - deadline;
        for (int i = 0; i < 4; i++) {
                pthread_join(threads[i], &at);
                worst = (intptr_t)at - deadline > worst ? (intptr_t)at - deadline : worst;
                CHECK((intptr_t)at >= deadline);
        }
        printf("late by %d ms idle, %d ms flooding\n", (int)late, (int)worst);
        CHECK(late >= 0 && late < LATE_MAX_MS && worst < LATE_MAX_MS);
        CHECK(dial((uint16_t)port) < 0);
        CHECK(gate_stats(w.gate, (uint16_t)port, &s)); /* the counts outlive the deadline */
        CHECK(s.accepted == 5 && s.open == 0);
}

TEST(an_extension_moves_the_deadline) {
        _cleanup_world_ struct world w;
        struct echo e;
        uint16_t target = echo_open(&e, "hi"), port;
        int64_t begun = clock_now_ms(), shut;
        int fd;

        world_open(&w);
        port = open_door(&w, target, INT64_MAX); /* never */
        gate_extend(w.gate, port, begun + 300);
        fd = dial(port);
        CHECK(hears(fd, "hi"));
        gate_extend(w.gate, port, begun + 1000);
        sleep_ms(500);
        say(fd, "still open");
        CHECK(hears(fd, "still open"));
        gate_extend(w.gate, port, begun + 2000);
        gate_extend(w.gate, port, begun + 800); /* an admin may shorten it */
        shut = wait_shut(port);
        CHECK(shut >= begun + 800 && shut < begun + 800 + LATE_MAX_MS);
        gate_extend(w.gate, free_port(), FAR_MS); /* no door: nothing happens */
}

TEST(an_extension_just_after_the_deadline_opens_again) {
        _cleanup_world_ struct world w;
        struct echo e;
        uint16_t target = echo_open(&e, "hi"), port;
        int64_t begun = clock_now_ms();

        world_open(&w);
        port = open_door(&w, target, begun + 100);
        CHECK(wait_shut(port) >= begun + 100);
        gate_extend(w.gate, port, begun + 50); /* still in the past */
        CHECK(dial(port) < 0);
        gate_extend(w.gate, port, FAR_MS);
        CHECK(echoes(port, "hi"));
        gate_close(w.gate, port);
        CHECK(dial(port) < 0);
        gate_extend(w.gate, port, FAR_MS); /* closed for good */
        CHECK(dial(port) < 0);
}

TEST(an_open_door_takes_a_new_target) {
        _cleanup_world_ struct world w;
        struct echo one, two;
        struct door d = door(free_port(), echo_open(&one, "one"), FAR_MS);
        struct err err;
        int fd;

        world_open(&w);
        CHECK_OK(gate_open(w.gate, &d, &err));
        fd = dial(d.port);
        CHECK(hears(fd, "one"));
        CHECK_OK(gate_open(w.gate, &d, &err)); /* the same again: nothing ends */
        say(fd, "stay");
        CHECK(hears(fd, "stay"));
        d.target_port = echo_open(&two, "two");
        CHECK_OK(gate_open(w.gate, &d, &err));
        CHECK(hears_end(fd, LATE_MAX_MS));
        CHECK(echoes(d.port, "two"));
}

TEST(a_closed_port_is_free_at_once) {
        _cleanup_world_ struct world w;
        struct echo e;
        struct door d = door(free_port(), echo_open(&e, "hi"), FAR_MS);
        struct door_stats s;
        struct err err;
        int fd;

        world_open(&w);
        for (int i = 0; i < 200; i++) {
                CHECK_OK(gate_open(w.gate, &d, &err));
                fd = dial(d.port);
                CHECK(fd >= 0);
                close(fd);
                gate_close(w.gate, d.port);
                CHECK(dial(d.port) < 0);
        }
        CHECK(!gate_stats(w.gate, d.port, &s));
        gate_close(w.gate, d.port); /* again: nothing happens */
        CHECK_OK(gate_open(w.gate, &d, &err));
        CHECK(echoes(d.port, "hi"));
}

TEST(five_hundred_doors) {
        _cleanup_world_ struct world w;
        struct echo e;
        uint16_t target = echo_open(&e, "hi"), ports[500];
        int fds[500];

        world_open(&w);
        for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
                ports[i] = open_door(&w, target, FAR_MS);
        for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
                fds[i] = dial(ports[i]);
        for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
                CHECK(hears(fds[i], "hi"));
        for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
                gate_close(w.gate, ports[i]);
        for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
                CHECK(hears_end(fds[i], LATE_MAX_MS));
                CHECK(dial(ports[i]) < 0);
        }
}

static int64_t cpu_ms(void) {
        struct rusage u;

        getrusage(RUSAGE_SELF, &u);
        return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
               (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

TEST(without_descriptors_the_loop_does_not_spin) {
        _cleanup_world_ struct world w;
        struct echo e;
        uint16_t target = echo_open(&e, "hi"), port;
        struct rlimit limit, few;
        int64_t before;
        int player;

        world_open(&w);
        port = open_door(&w, target, FAR_MS);
        player = socket(AF_INET, SOCK_STREAM, 0);
        getrlimit(RLIMIT_NOFILE, &limit);
        few = (struct rlimit){ 64, limit.rlim_max };
        CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
        while (dup(player) >= 0)
                ;
        CHECK(errno == EMFILE);
        CHECK(dial_with(player, port) == 0); /* into the backlog */
        before = cpu_ms();
        CHECK(!wait_readable(player, 500));
        CHECK(cpu_ms() - before < 200);
        CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        CHECK(hears(player, "hi"));
}

TEST(freeing_the_gate_ends_what_is_open) {
        struct world w;
        struct echo e;
        uint16_t target = echo_open(&e, "hi"), port;
        struct buf b = { 0 };
        int fd;

        world_open(&w);
        port = open_door(&w, target, FAR_MS);
        fd = dial(port);
        CHECK(hears(fd, "hi"));
        world_close(&w);
        CHECK(hears_end(fd, LATE_MAX_MS));
        metric_write(&b);
        CHECK(strstr(b.data, "berth_gate_connections 0\n"));
        CHECK(strstr(b.data, "berth_gate_connections_total{result=\"accepted\"} 1\n"));
        CHECK(strstr(b.data, "berth_gate_bytes_total{direction=\"out\"} 2\n"));
        buf_done(&b);
}

struct storm {
        struct gate *gate;
        uint16_t target, *ports;
        unsigned seed;
};

#define STORM_PORTS 8

static void *storm(void *arg) {
        struct storm *s = arg;
        int64_t until = clock_mono_ms() + 1000;
        struct door_stats stats;
        struct err err;

        while (clock_mono_ms() < until) {
                uint16_t port = s->ports[rand_r(&s->seed) % STORM_PORTS];
                int64_t deadline = clock_now_ms() + rand_r(&s->seed) % 100 - 40;
                struct door d = door(port, s->target, deadline);
                _cleanup_close_ int fd = -1;

                switch (rand_r(&s->seed) % 5) {
                case 0:
                        kit_check(gate_open(s->gate, &d, &err) == 0, "opening in the storm");
                        break;
                case 1:
                        gate_extend(s->gate, port, deadline);
                        break;
                case 2:
                        gate_close(s->gate, port);
                        break;
                case 3:
                        gate_stats(s->gate, port, &stats);
                        break;
                default:
                        fd = dial(port);
                        if (fd >= 0)
                                send(fd, "x", 1, MSG_NOSIGNAL);
                }
        }
        return NULL;
}

TEST(a_storm_of_calls_from_all_threads) {
        _cleanup_world_ struct world w;
        struct echo e;
        uint16_t target = echo_open(&e, "hi"), ports[STORM_PORTS];
        struct storm storms[4];
        pthread_t threads[4];
        struct err err;

        world_open(&w);
        for (size_t i = 0; i < STORM_PORTS; i++)
                ports[i] = open_door(&w, target, FAR_MS);
        for (unsigned i = 0; i < 4; i++) {
                storms[i] = (struct storm){ w.gate, target, ports, i + 1 };
                pthread_create(&threads[i], NULL, storm, &storms[i]);
        }
        for (int i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        for (size_t i = 0; i < STORM_PORTS; i++) {
                struct door d = door(ports[i], target, FAR_MS);

                CHECK_OK(gate_open(w.gate, &d, &err));
                CHECK(echoes(ports[i], "hi"));
        }
}
