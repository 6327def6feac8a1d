#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>

#include "base/clock.h"
#include "os/loop.h"
#include "test.h"

static sem_t done;
static int ran, order[4000]; /* the loop's, until it is stopped */

static struct loop *new_loop(void) {
        struct loop *l;
        struct err err;

        sem_init(&done, 0, 0);
        CHECK_OK(loop_new("test", &l, &err));
        return l;
}

static void note(void *arg) { order[ran++] = (int)(intptr_t)arg; }
static void post_number(struct loop *l, int n) { loop_post(l, note, (void *)(intptr_t)n); }

TEST(posts_run_in_order_and_stop_waits_for_them) {
        _cleanup_(loop_freep) struct loop *l = new_loop();

        for (int i = 0; i < 500; i++)
                post_number(l, i); /* before the start: they wait */
        loop_start(l);
        for (int i = 500; i < 1000; i++)
                post_number(l, i);
        loop_stop(l);
        CHECK(ran == 1000);
        for (int i = 0; i < 1000; i++)
                CHECK(order[i] == i);
        loop_stop(l); /* again: nothing */
}

TEST(after_the_end_posts_are_dropped) {
        _cleanup_(loop_freep) struct loop *l = new_loop();

        loop_start(l);
        loop_stop(l);
        post_number(l, 1);
        CHECK(ran == 0);
}

TEST(never_started) {
        _cleanup_(loop_freep) struct loop *l = new_loop();

        CHECK(!loop_is_mine(l));
        loop_stop(l);
}

struct producer {
        struct loop *l;
        int id;
};

static void *produce(void *arg) {
        const struct producer *p = arg;

        for (int i = 0; i < 1000; i++)
                post_number(p->l, p->id * 1000 + i);
        return NULL;
}

TEST(each_threads_order_is_kept) {
        _cleanup_(loop_freep) struct loop *l = new_loop();
        struct producer producers[4];
        pthread_t threads[4];
        int next[4] = { 0 };

        loop_start(l);
        for (int i = 0; i < 4; i++) {
                producers[i] = (struct producer){ l, i };
                CHECK(pthread_create(&threads[i], NULL, produce, &producers[i]) == 0);
        }
        for (int i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        loop_stop(l);
        CHECK(ran == 4000);
        for (int i = 0; i < 4000; i++)
                CHECK(order[i] % 1000 == next[order[i] / 1000]++);
}

static void whose(void *arg) { ran = loop_is_mine(arg) ? 1 : 2; }

TEST(a_loop_knows_its_thread) {
        _cleanup_(loop_freep) struct loop *l = new_loop(), *other = new_loop();

        loop_start(l);
        loop_start(other);
        CHECK(!loop_is_mine(l));
        loop_post(l, whose, l);
        loop_stop(l);
        CHECK(ran == 1);
        loop_post(other, whose, l);
        loop_stop(other);
        CHECK(ran == 2);
}

static void post_again(void *arg) {
        if (ran++ < 5)
                loop_post(arg, post_again, arg);
}

TEST(posts_of_posts_run_before_the_end) {
        _cleanup_(loop_freep) struct loop *l = new_loop();

        loop_start(l);
        loop_post(l, post_again, l);
        loop_stop(l);
        CHECK(ran == 6);
}

/* Handles that nobody closes: the end does, and the leak checker looks on. */
static void on_tick(uv_timer_t *t) { ran += uv_is_active((const uv_handle_t *)t); }
static void on_peer(uv_stream_t *s, int status) { ran += s && status; }

static void open_handles(void *arg) {
        static uv_timer_t tick;
        static uv_tcp_t listener;
        struct sockaddr_in any;

        CHECK(uv_timer_init(loop_uv(arg), &tick) == 0);
        CHECK(uv_timer_start(&tick, on_tick, 1, 1) == 0);
        CHECK(uv_tcp_init(loop_uv(arg), &listener) == 0);
        CHECK(uv_ip4_addr("127.0.0.1", 0, &any) == 0);
        CHECK(uv_tcp_bind(&listener, (const struct sockaddr *)&any, 0) == 0);
        CHECK(uv_listen((uv_stream_t *)&listener, 1, on_peer) == 0);
        sem_post(&done);
}

TEST(stop_closes_what_is_open) {
        _cleanup_(loop_freep) struct loop *l = new_loop();

        loop_start(l);
        loop_post(l, open_handles, l);
        sem_wait(&done);
        usleep(20000);
        loop_stop(l);
        CHECK(ran > 0);
        CHECK(uv_loop_alive(loop_uv(l)) == 0);
}

/* What a test does with a timer, on its loop's thread. */
struct timed {
        struct loop *l;
        struct loop_timer timer;
        int64_t set_us, fired_us;
        int fired, closed;
};

static void on_fire(void *arg) {
        struct timed *t = arg;

        t->fired++;
        t->fired_us = clock_mono_us();
        sem_post(&done);
}

static void on_closed(void *arg) {
        struct timed *t = arg;

        t->closed++;
        sem_post(&done);
}

static void set_50(void *arg) {
        struct timed *t = arg;

        loop_timer_init(&t->timer, t->l, on_fire, t);
        usleep(30000); /* makes libuv's idea of now an old one */
        t->set_us = clock_mono_us();
        loop_timer_set(&t->timer, 50);
}

static void close_timer(void *arg) {
        struct timed *t = arg;

        loop_timer_close(&t->timer, on_closed);
}

TEST(a_timer_fires_once_and_not_early) {
        _cleanup_(loop_freep) struct loop *l = new_loop();
        struct timed t = { .l = l };

        loop_start(l);
        loop_post(l, set_50, &t);
        sem_wait(&done);
        usleep(120000);
        loop_post(l, close_timer, &t);
        loop_stop(l);
        CHECK(t.fired == 1);
        CHECK(t.fired_us - t.set_us >= 49000); /* libuv counts whole ms */
        CHECK(t.closed == 1);
}

static void set_move_and_stop(void *arg) {
        struct timed *t = arg;

        loop_timer_init(&t[0].timer, t->l, on_fire, &t[0]);
        loop_timer_set(&t[0].timer, 3600000);
        loop_timer_set(&t[0].timer, -5); /* sooner; what is past is now */
        loop_timer_init(&t[1].timer, t->l, on_fire, &t[1]);
        loop_timer_set(&t[1].timer, 1);
        loop_timer_stop(&t[1].timer);
        loop_timer_init(&t[2].timer, t->l, on_fire, &t[2]);
        loop_timer_set(&t[2].timer, 1);
        loop_timer_close(&t[2].timer, NULL);
}

TEST(timers_move_and_stop) {
        _cleanup_(loop_freep) struct loop *l = new_loop();
        struct timed t[3] = { { .l = l } };

        loop_start(l);
        loop_post(l, set_move_and_stop, t);
        sem_wait(&done);
        usleep(30000);
        loop_stop(l);
        CHECK(t[0].fired == 1);
        CHECK(t[1].fired == 0);
        CHECK(t[2].fired == 0);
}

TEST(a_timer_may_be_closed_after_its_loop) {
        _cleanup_(loop_freep) struct loop *l = new_loop();
        struct timed t = { .l = l };

        loop_start(l);
        loop_post(l, set_50, &t);
        loop_stop(l);
        CHECK(t.closed == 0);
        loop_timer_close(&t.timer, on_closed);
        CHECK(t.closed == 1);
}

/* A peer whose socket's end closes one timer, whose end closes another, whose end frees it all:
 * while the loop ends, too. */
struct peer {
        uv_tcp_t tcp;
        struct loop_timer idle, ping;
};

static void free_peer(void *arg) {
        free(arg);
        ran++;
}

static void close_ping(void *arg) {
        struct peer *p = arg;

        loop_timer_close(&p->ping, free_peer);
}

static void on_fire_never(void *arg) { CHECK(!arg); }

static void on_tcp_closed(uv_handle_t *h) {
        struct peer *p = container_of((uv_tcp_t *)h, struct peer, tcp);

        loop_timer_close(&p->idle, close_ping);
}

static void open_and_close_peer(void *arg) {
        struct peer *p = calloc(1, sizeof(*p));

        CHECK(p);
        CHECK(uv_tcp_init(loop_uv(arg), &p->tcp) == 0);
        loop_timer_init(&p->idle, arg, on_fire_never, p);
        loop_timer_set(&p->idle, 60000);
        loop_timer_init(&p->ping, arg, on_fire_never, p);
        uv_close((uv_handle_t *)&p->tcp, on_tcp_closed);
}

static void open_and_close_later(void *arg) { loop_post(arg, open_and_close_peer, arg); }

TEST(owners_finish_closing_before_the_end_does) {
        _cleanup_(loop_freep) struct loop *l = new_loop();

        for (int i = 0; i < 10; i++) {
                loop_post(l, open_and_close_peer, l);
                loop_post(l, open_and_close_later, l); /* is posted after the end began */
        }
        loop_start(l);
        loop_stop(l);
        CHECK(ran == 20);
}
