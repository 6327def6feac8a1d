/* What goes through a door: both directions, their ends, and what is in the way. */
#include <netinet/tcp.h>

#include "test.h"

#include "gate/testkit.h"

#define TRANSFER_BYTES (64U << 20)

/* A door, a player behind it and the instance's end of the connection. */
struct pair {
        struct world world;
        int listener, player, instance;
        uint16_t port;
};

static void pair_open(struct pair *p) {
        uint16_t target;

        world_open(&p->world);
        p->listener = instance_listen(64, &target);
        p->port = open_door(&p->world, target, FAR_MS);
        p->player = dial(p->port);
        CHECK(p->player >= 0);
        CHECK(wait_readable(p->listener, 5000));
        p->instance = accept(p->listener, NULL, NULL);
        CHECK(p->instance >= 0);
}

static void pair_close(struct pair *p) {
        closep(&p->player);
        closep(&p->instance);
        closep(&p->listener);
        world_close(&p->world);
}
#define _cleanup_pair_ _cleanup_(pair_close)

static struct door_stats stats(struct pair *p) {
        struct door_stats s;

        CHECK(gate_stats(p->world.gate, p->port, &s));
        return s;
}

/* Waits until the door has no open connection: 5 s at most. */
static bool all_gone(struct pair *p) {
        for (int i = 0; i < 500 && stats(p).open > 0; i++)
                sleep_ms(10);
        return stats(p).open == 0;
}

TEST(both_directions) {
        _cleanup_pair_ struct pair p;

        pair_open(&p);
        say(p.player, "hello");
        CHECK(hears(p.instance, "hello"));
        say(p.instance, "who are you?");
        CHECK(hears(p.player, "who are you?"));
        CHECK(stats(&p).bytes_in == 5);
        CHECK(stats(&p).bytes_out == 12);
        CHECK(stats(&p).accepted == 1);
        CHECK(stats(&p).open == 1);
}

TEST(the_players_end_is_passed_on_and_the_answer_still_comes) {
        _cleanup_pair_ struct pair p;

        pair_open(&p);
        say(p.player, "question");
        shutdown(p.player, SHUT_WR);
        CHECK(hears(p.instance, "question"));
        CHECK(hears_end(p.instance, 5000));
        sleep_ms(100);
        say(p.instance, "answer");
        CHECK(hears(p.player, "answer"));
        close(p.instance);
        p.instance = -1;
        CHECK(hears_end(p.player, 5000));
        CHECK(all_gone(&p));
}

TEST(the_instances_end_is_passed_on_and_it_still_hears) {
        _cleanup_pair_ struct pair p;

        pair_open(&p);
        say(p.instance, "banner");
        shutdown(p.instance, SHUT_WR);
        CHECK(hears(p.player, "banner"));
        CHECK(hears_end(p.player, 5000));
        sleep_ms(100);
        say(p.player, "still here");
        CHECK(hears(p.instance, "still here"));
        shutdown(p.player, SHUT_WR);
        CHECK(hears_end(p.instance, 5000));
        CHECK(all_gone(&p));
}

TEST(last_words_before_a_reset_arrive) {
        _cleanup_pair_ struct pair p;

        pair_open(&p);
        say(p.player, "an exploit that the instance never reads to its end");
        CHECK(wait_readable(p.instance, 5000));
        say(p.instance, "flag{last words}");
        close(p.instance); /* with bytes unread: a reset */
        p.instance = -1;
        CHECK(hears(p.player, "flag{last words}"));
        CHECK(hears_end(p.player, 5000));
        say(p.player, "more"); /* taken, and dropped */
        CHECK(all_gone(&p));
}

TEST(a_players_reset_ends_the_instances_connection) {
        _cleanup_pair_ struct pair p;
        struct linger now = { .l_onoff = 1 };

        pair_open(&p);
        setsockopt(p.player, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        close(p.player);
        p.player = -1;
        CHECK(hears_end(p.instance, 5000));
        CHECK(all_gone(&p));
}

/* A program that ignores its end would otherwise hold a place for ever. */
TEST(a_player_that_left_for_good_is_noticed_at_the_next_byte) {
        _cleanup_pair_ struct pair p;

        pair_open(&p);
        close(p.player);
        p.player = -1;
        CHECK(hears_end(p.instance, 5000));
        say(p.instance, "is anybody there?");
        CHECK(all_gone(&p));
}

struct flow {
        int fd;
        uint64_t seed, sum; /* SUM of the bytes that went by */
        size_t bytes;
};

static uint64_t mix(uint64_t x) {
        x ^= x << 13;
        x ^= x >> 7;
        return x ^ x << 17;
}

static uint64_t sum_up(uint64_t sum, const unsigned char *p, size_t n) {
        for (size_t i = 0; i < n; i++)
                sum = (sum ^ p[i]) * 0x100000001b3;
        return sum;
}

static void *pour(void *arg) {
        struct flow *f = arg;
        uint64_t block[2048], x = f->seed;

        for (size_t left = f->bytes; left > 0; left -= sizeof(block)) {
                size_t n = 0;

                for (size_t i = 0; i < ARRAY_SIZE(block); i++)
                        block[i] = x = mix(x);
                f->sum = sum_up(f->sum, (unsigned char *)block, sizeof(block));
                while (n < sizeof(block)) {
                        ssize_t rc =
                                send(f->fd, (char *)block + n, sizeof(block) - n, MSG_NOSIGNAL);

                        kit_check(rc > 0, "pouring");
                        n += (size_t)rc;
                }
        }
        shutdown(f->fd, SHUT_WR);
        return NULL;
}

static void *drain(void *arg) {
        struct flow *f = arg;
        unsigned char block[16384];
        ssize_t n;

        while ((n = recv(f->fd, block, sizeof(block), 0)) > 0) {
                f->sum = sum_up(f->sum, block, (size_t)n);
                f->bytes += (size_t)n;
        }
        kit_check(n == 0, "draining");
        return NULL;
}

TEST(large_transfers_both_ways_at_once) {
        _cleanup_pair_ struct pair p;
        struct flow flows[4];
        pthread_t threads[4];

        pair_open(&p);
        flows[0] = (struct flow){ .fd = p.player, .seed = 1, .bytes = TRANSFER_BYTES };
        flows[1] = (struct flow){ .fd = p.instance };
        flows[2] = (struct flow){ .fd = p.instance, .seed = 2, .bytes = TRANSFER_BYTES };
        flows[3] = (struct flow){ .fd = p.player };
        for (int i = 0; i < 4; i++)
                pthread_create(&threads[i], NULL, i % 2 ? drain : pour, &flows[i]);
        for (int i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        CHECK(flows[1].bytes == TRANSFER_BYTES && flows[1].sum == flows[0].sum);
        CHECK(flows[3].bytes == TRANSFER_BYTES && flows[3].sum == flows[2].sum);
        CHECK(flows[0].sum != flows[2].sum);
        CHECK(stats(&p).bytes_in == TRANSFER_BYTES && stats(&p).bytes_out == TRANSFER_BYTES);
        CHECK(all_gone(&p));
}

/* Sends until nothing was taken for 300 ms; returns the bytes taken. */
static size_t fill(int fd) {
        static const char block[65536];
        struct pollfd p = { .fd = fd, .events = POLLOUT };
        size_t n = 0;

        while (poll(&p, 1, 300) == 1) {
                ssize_t rc = send(fd, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT);

                CHECK(rc > 0);
                n += (size_t)rc;
                CHECK(n < 256U << 20);
        }
        return n;
}

TEST(a_slow_reader_stops_the_reading_of_its_other_side) {
        _cleanup_pair_ struct pair p;
        struct flow f;
        size_t sent;
        uint64_t moved;

        pair_open(&p);
        sent = fill(p.instance);
        moved = stats(&p).bytes_out;
        CHECK(moved < sent); /* the rest waits in the kernel, unread by the gate */
        sleep_ms(200);
        CHECK(stats(&p).bytes_out == moved);
        /* The other direction is not in its way. */
        say(p.player, "go on");
        CHECK(hears(p.instance, "go on"));
        shutdown(p.instance, SHUT_WR);
        f = (struct flow){ .fd = p.player };
        drain(&f);
        CHECK(f.bytes == sent);
}

TEST(the_end_waits_for_what_a_slow_reader_has_yet_to_take) {
        _cleanup_pair_ struct pair p;
        struct flow f;
        size_t sent;

        pair_open(&p);
        sent = fill(p.instance);
        close(p.instance);
        p.instance = -1;
        sleep_ms(200);
        f = (struct flow){ .fd = p.player };
        drain(&f);
        CHECK(f.bytes == sent);
        shutdown(p.player, SHUT_WR);
        CHECK(all_gone(&p));
}

TEST(small_writes_are_not_delayed) {
        _cleanup_pair_ struct pair p;
        int64_t begun;
        int on = 1;

        pair_open(&p);
        setsockopt(p.player, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(p.instance, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        begun = clock_mono_ms();
        for (int i = 0; i < 100; i++) {
                say(p.player, "a");
                say(p.player, "b");
                CHECK(hears(p.instance, "ab"));
                say(p.instance, "c");
                say(p.instance, "d");
                CHECK(hears(p.player, "cd"));
        }
        /* Nagle against delayed acknowledgement would be 40 ms a turn. */
        CHECK(clock_mono_ms() - begun < 2000);
}
