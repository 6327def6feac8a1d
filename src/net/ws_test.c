#include <errno.h>
#include <fcntl.h>
#include <malloc.h>

#include "base/crypto.h"
#include "net/http_testing.h"
#include "net/ws.h"
#include "net/ws_dial.h"
#include "net/ws_handshake.h"

/* One end of a pair is the test's, the other a peer's. */
struct talk {
        struct ws *ws;
        struct ws_peer *peer;
        int fd, theirs;
        atomic_int end, code; /* -1: not yet */
        atomic_uint drained, texts;
        char text[100];
};

static void on_text(void *arg, const char *text, size_t n) {
        struct talk *t = arg;

        snprintf(t->text, sizeof(t->text), "%.*s", (int)n, text);
        t->texts++;
}

static void on_drained(void *arg) { ((struct talk *)arg)->drained++; }

static void on_closed(void *arg, enum ws_end end, int code) {
        struct talk *t = arg;

        t->code = code;
        t->end = (int)end;
}

static const struct ws_limits limits = { .role = WS_SERVER,
                                         .max_message_bytes = 4096,
                                         .max_pending_bytes = 65536,
                                         .ping_ms = 15000,
                                         .silent_ms = 45000,
                                         .frames_per_s = 20,
                                         .frames_burst = 50 };

struct bed {
        struct loop *loop;
        struct ws *ws;
};

static struct bed bed_new(const struct ws_limits *l) {
        static const struct ws_events events = { on_text, on_drained, on_closed };
        struct bed b;
        struct err err;

        crypto_init();
        CHECK_OK(loop_new("test", &b.loop, &err));
        loop_start(b.loop);
        CHECK_OK(ws_new(b.loop, l, &events, &b.ws, &err));
        return b;
}

static void bed_done(struct bed *b) {
        ws_free(b->ws);
        loop_stop(b->loop);
        loop_free(b->loop);
}

/* --- on the loop, while the test waits --- */

struct turn {
        void (*fn)(void *arg);
        void *arg;
        atomic_bool done;
};

static void run_turn(void *arg) {
        struct turn *t = arg;

        t->fn(t->arg);
        t->done = true;
}

static void on_loop(struct bed *b, void (*fn)(void *arg), void *arg) {
        struct turn t = { fn, arg, false };

        loop_post(b->loop, run_turn, &t);
        while (!t.done)
                usleep(100);
}

static void add(void *arg) {
        struct talk *t = arg;

        t->peer = ws_add(t->ws, t->theirs, NULL, NULL, 0, t);
}

static void talk_begin(struct bed *b, struct talk *t) {
        int fds[2];

        *t = (struct talk){ .ws = b->ws, .end = -1, .code = -1 };
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
        CHECK(fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0);
        t->fd = fds[0];
        t->theirs = fds[1];
        on_loop(b, add, t);
}

static void wait_end(struct talk *t, enum ws_end end, int timeout_ms) {
        int64_t until = clock_mono_ms() + timeout_ms;

        while (t->end < 0 && clock_mono_ms() < until)
                usleep(500);
        if (t->end != (int)end)
                fprintf(stderr, "end %d, not %s\n", t->end, ws_end_name(end));
        CHECK(t->end == (int)end);
}

static void send_frame(struct talk *t, enum ws_op op, const void *data, size_t n) {
        _cleanup_buf_ struct buf b = { 0 };

        ws_frame_add(&b, WS_CLIENT, op, data, n);
        say_n(t->fd, b.data, b.len);
}

/* Reads the next frame, which is short; gives its payload as text. */
static enum ws_op get_frame(struct talk *t, char ret[128], size_t *n) {
        uint8_t head[2];

        CHECK(recv(t->fd, head, 2, MSG_WAITALL) == 2);
        *n = head[1];
        CHECK(*n < 126);
        CHECK(*n == 0 || recv(t->fd, ret, *n, MSG_WAITALL) == (ssize_t)*n);
        ret[*n] = '\0';
        return head[0] & 0x0f;
}

static int get_close(struct talk *t) {
        char payload[128];
        size_t n;

        while (get_frame(t, payload, &n) != WS_CLOSE)
                ;
        return ws_close_code((const uint8_t *)payload, n);
}

/* --- sending --- */

struct cast {
        struct talk *talks;
        size_t n;
        struct ws_message *message;
        size_t accepted;
};

static void cast(void *arg) {
        struct cast *c = arg;

        c->accepted = 0;
        for (size_t i = 0; i < c->n; i++)
                c->accepted += c->talks[i].end < 0 && ws_send(c->talks[i].peer, c->message);
}

TEST(a_message_goes_to_all_and_is_nobodys_then) {
        struct bed b = bed_new(&limits);
        struct talk talks[50];
        struct cast c = { talks, ARRAY_SIZE(talks), ws_message_text("hello", 5), 0 };

        for (size_t i = 0; i < c.n; i++)
                talk_begin(&b, &talks[i]);
        on_loop(&b, cast, &c);
        CHECK(c.accepted == c.n && c.message->refs == 1); /* none had to wait */
        for (size_t i = 0; i < c.n; i++) {
                char text[128];
                size_t n;

                CHECK(get_frame(&talks[i], text, &n) == WS_TEXT);
                CHECK_STR(text, "hello");
                close(talks[i].fd);
        }
        for (size_t i = 0; i < c.n; i++)
                wait_end(&talks[i], WS_END_LEFT, 5000);
        ws_message_unref(c.message);
        bed_done(&b);
}

static void pending(void *arg) {
        struct cast *c = arg;

        c->accepted = ws_pending(c->talks[0].peer);
}

TEST(who_reads_late_gets_all_of_it_in_order) {
        struct bed b = bed_new(&(struct ws_limits){
                .max_pending_bytes = 1 << 30, .max_message_bytes = 100, .silent_ms = 45000 });
        enum { N = 40, SIZE = 50000 };
        struct talk t;
        struct cast c = { &t, 1, NULL, 0 };
        static char text[SIZE], got[SIZE + 4];

        talk_begin(&b, &t);
        for (int i = 0; i < N; i++) {
                memset(text, 'a' + i % 26, sizeof(text));
                c.message = ws_message_text(text, sizeof(text));
                on_loop(&b, cast, &c);
                CHECK(c.accepted == 1);
                ws_message_unref(c.message);
        }
        on_loop(&b, pending, &c);
        CHECK(c.accepted > N * SIZE / 2 && t.drained == 0);
        for (int i = 0; i < N; i++) {
                CHECK(recv(t.fd, got, sizeof(got), MSG_WAITALL) == sizeof(got));
                for (size_t k = 4; k < sizeof(got); k++)
                        CHECK(got[k] == 'a' + i % 26);
        }
        for (int i = 0; t.drained == 0 && i < 1000; i++)
                usleep(1000);
        CHECK(t.drained == 1);
        on_loop(&b, pending, &c);
        CHECK(c.accepted == 0);
        close(t.fd);
        wait_end(&t, WS_END_LEFT, 5000);
        bed_done(&b);
}

/* One of three never reads: it is dropped at its bound, the others miss nothing meanwhile. */
TEST(a_slow_peer_is_dropped_and_delays_nobody) {
        struct bed b = bed_new(&limits);
        enum { N = 200, SIZE = 10000 };
        struct talk talks[3];
        struct cast c = { talks, 3, NULL, 0 };
        static char text[SIZE], got[SIZE + 4];
        int64_t began = clock_mono_ms();

        for (int i = 0; i < 3; i++)
                talk_begin(&b, &talks[i]);
        memset(text, 'x', sizeof(text));
        c.message = ws_message_text(text, sizeof(text));
        for (int i = 0; i < N; i++) {
                on_loop(&b, cast, &c);
                for (int k = 0; k < 2; k++)
                        CHECK(recv(talks[k].fd, got, sizeof(got), MSG_WAITALL) == sizeof(got));
        }
        CHECK(c.accepted == 2 && clock_mono_ms() - began < 4000);
        CHECK(c.message->refs <= 2); /* what had begun to go out may wait for its end */
        wait_end(&talks[2], WS_END_SLOW, 8000);
        CHECK(c.message->refs == 1);
        CHECK(talks[0].end < 0 && talks[1].end < 0);
        for (int i = 0; i < 3; i++)
                close(talks[i].fd);
        wait_end(&talks[0], WS_END_LEFT, 5000);
        wait_end(&talks[1], WS_END_LEFT, 5000);
        ws_message_unref(c.message);
        bed_done(&b);
}

/* --- what comes in --- */

TEST(texts_pings_and_the_peers_close) {
        struct bed b = bed_new(&limits);
        struct talk t;
        char text[128];
        size_t n;

        talk_begin(&b, &t);
        send_frame(&t, WS_TEXT, "hi", 2);
        send_frame(&t, WS_PING, "123", 3);
        CHECK(get_frame(&t, text, &n) == WS_PONG);
        CHECK_STR(text, "123");
        CHECK(t.texts == 1);
        CHECK_STR(t.text, "hi");
        send_frame(&t, WS_CLOSE, "\x0f\xa0why", 5);
        CHECK(get_close(&t) == 4000);
        CHECK(recv(t.fd, text, 1, 0) == 0); /* the server closes first */
        wait_end(&t, WS_END_LEFT, 5000);
        CHECK(t.code == 4000);
        close(t.fd);
        bed_done(&b);
}

static void expect_close(const struct ws_limits *l, const struct buf *bytes, int times, int code,
                         enum ws_end end) {
        struct bed b = bed_new(l);
        struct talk t;

        talk_begin(&b, &t);
        for (int i = 0; i < times; i++)
                if (!say_n(t.fd, bytes->data, bytes->len))
                        break;
        CHECK(get_close(&t) == code);
        close(t.fd);
        wait_end(&t, end, 8000);
        bed_done(&b);
}

TEST(what_is_wrong_or_too_much_ends_it) {
        _cleanup_buf_ struct buf bare = { 0 }, big = { 0 }, text = { 0 };
        static char most[5000];

        ws_frame_add(&bare, WS_SERVER, WS_TEXT, "x", 1);
        expect_close(&limits, &bare, 1, WS_PROTOCOL, WS_END_WRONG);
        memset(most, 'x', sizeof(most));
        ws_frame_add(&big, WS_CLIENT, WS_TEXT, most, sizeof(most));
        expect_close(&limits, &big, 1, WS_TOO_BIG, WS_END_WRONG);
        ws_frame_add(&text, WS_CLIENT, WS_TEXT, "x", 1);
        expect_close(&limits, &text, 1000, WS_POLICY, WS_END_FLOOD);
}

TEST(a_flood_of_frames_has_its_rate) {
        struct bed b = bed_new(&limits);
        struct talk t;

        talk_begin(&b, &t);
        for (int i = 0; i < 70; i++) { /* 50 at once, and 20 in a second */
                send_frame(&t, WS_TEXT, "x", 1);
                usleep(20000);
        }
        CHECK(t.end < 0 && t.texts == 70);
        close(t.fd);
        wait_end(&t, WS_END_LEFT, 5000);
        bed_done(&b);
}

/* --- time --- */

TEST(the_silent_are_pinged_and_dropped) {
        struct ws_limits l = limits;
        struct bed b;
        struct talk dead, alive;
        int64_t began = clock_mono_ms();
        char text[128];
        size_t n;

        l.ping_ms = 1000;
        l.silent_ms = 3000;
        b = bed_new(&l);
        talk_begin(&b, &dead);
        talk_begin(&b, &alive);
        while (clock_mono_ms() - began < 6000) {
                struct pollfd p = { .fd = alive.fd, .events = POLLIN };

                if (poll(&p, 1, 100) == 0)
                        continue;
                CHECK(get_frame(&alive, text, &n) == WS_PING);
                send_frame(&alive, WS_PONG, text, n);
        }
        CHECK(alive.end < 0);
        CHECK(get_close(&dead) == WS_POLICY);
        close(dead.fd);
        wait_end(&dead, WS_END_SILENT, 6000);
        close(alive.fd);
        wait_end(&alive, WS_END_LEFT, 5000);
        bed_done(&b);
}

TEST(all_are_told_that_we_go) {
        struct bed b = bed_new(&limits);
        struct talk talks[10];
        int64_t began;

        for (size_t i = 0; i < ARRAY_SIZE(talks); i++)
                talk_begin(&b, &talks[i]);
        began = clock_mono_ms();
        ws_quiesce(&b.ws, 1, WS_GOING_AWAY, 300); /* nobody answers */
        CHECK(clock_mono_ms() - began < 2000);
        for (size_t i = 0; i < ARRAY_SIZE(talks); i++) {
                CHECK(talks[i].end == WS_END_CLOSED);
                CHECK(get_close(&talks[i]) == WS_GOING_AWAY);
                close(talks[i].fd);
        }
        talk_begin(&b, &talks[0]); /* too late */
        wait_end(&talks[0], WS_END_CLOSED, 5000);
        close(talks[0].fd);
        bed_done(&b);
}

TEST(an_idle_peer_costs_little) {
        struct bed b = bed_new(&limits);
        enum { N = 400 };
        static struct talk talks[N];
        size_t before;

        talk_begin(&b, &talks[0]);
        before = mallinfo2().uordblks;
        for (int i = 1; i < N; i++)
                talk_begin(&b, &talks[i]);
        for (int i = 1; i < N; i++) {
                char text[128];
                size_t n;

                send_frame(&talks[i], WS_PING, "x", 1);
                CHECK(get_frame(&talks[i], text, &n) == WS_PONG);
        }
        CHECK((mallinfo2().uordblks - before) / N < 512); /* a sanitizer tells nothing: 0 */
        for (int i = 0; i < N; i++)
                close(talks[i].fd);
        bed_done(&b);
}

/* --- over HTTP, from a client of our own --- */

#define CLIENTS 100

struct line {
        struct fixture f;
        struct ws *servers[N_LOOPS], *client;
        struct talk up[CLIENTS], down[CLIENTS];
        atomic_uint n_up;
};

static void on_taken(void *arg, int fd, struct http_link *link, const void *early, size_t n) {
        struct line *line = arg;
        struct talk *t = &line->up[line->n_up++];

        CHECK(fd >= 0);
        t->end = -1;
        for (int i = 0; i < N_LOOPS; i++)
                if (loop_is_mine(line->f.loops[i]))
                        t->peer = ws_add(line->servers[i], fd, link, early, n, t);
}

static void on_request(void *arg, struct http_req *req) {
        struct ws_offer offer = { http_method(req) == HTTP_GET, http_header(req, "Upgrade"),
                                  http_header(req, "Connection"),
                                  http_header(req, "Sec-WebSocket-Version"),
                                  http_header(req, "Sec-WebSocket-Key") };
        char accept[WS_ACCEPT_TEXT];

        if (strcmp(http_path(req), "/no") == 0 || ws_handshake_check(&offer) != 101) {
                http_reply(req, 403, "text/plain", "no", 2);
                return;
        }
        ws_handshake_accept(offer.key, accept);
        http_add_header(req, "Upgrade", "websocket");
        http_add_header(req, "Sec-WebSocket-Accept", accept);
        CHECK(http_upgrade(req, on_taken, arg));
}

static void on_opened(void *arg, struct ws_peer *peer, int status) {
        struct talk *t = arg;

        t->peer = peer;
        t->code = status;
        if (peer)
                CHECK(ws_send_text(peer, "hello", 5));
}

struct call {
        struct line *line;
        struct sockaddr_in to;
        const char *path;
        size_t n;
};

static void dial_all(void *arg) {
        struct call *c = arg;
        struct ws_target to = { (struct sockaddr *)&c->to, sizeof(c->to), "a", c->path, "", 5000 };

        for (size_t i = 0; i < c->n; i++) {
                c->line->down[i] = (struct talk){ .end = -1, .code = 0 };
                ws_dial(c->line->client, &to, on_opened, &c->line->down[i]);
        }
}

static void wait_code(const struct talk *t) {
        for (int i = 0; i < 10000 && t->code == 0; i++)
                usleep(1000);
}

TEST(a_hundred_clients_over_http) {
        static const struct ws_events events = { on_text, NULL, on_closed };
        struct ws_limits l = limits;
        static struct line line;
        struct bed client;
        struct http_config config = test_config(on_request, &line);
        struct call call = { .line = &line, .path = "/yes", .n = CLIENTS };
        struct err err;

        set_up(&line.f, &config);
        for (int i = 0; i < N_LOOPS; i++)
                CHECK_OK(ws_new(line.f.loops[i], &limits, &events, &line.servers[i], &err));
        l.role = WS_CLIENT;
        client = bed_new(&l);
        line.client = client.ws;
        call.to =
                (struct sockaddr_in){ .sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)http_server_port(line.f.server)),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        on_loop(&client, dial_all, &call);
        for (size_t i = 0; i < call.n; i++) {
                wait_code(&line.down[i]);
                CHECK(line.down[i].code == 101);
        }
        for (size_t i = 0; i < call.n; i++) {
                for (int k = 0; k < 10000 && line.up[i].texts == 0; k++)
                        usleep(1000);
                CHECK_STR(line.up[i].text, "hello");
        }
        ws_quiesce(line.servers, N_LOOPS, WS_GOING_AWAY, 5000);
        for (size_t i = 0; i < call.n; i++) {
                wait_end(&line.down[i], WS_END_LEFT, 5000);
                CHECK(line.down[i].code == WS_GOING_AWAY);
        }
        call.n = 1;
        call.path = "/no";
        on_loop(&client, dial_all, &call);
        wait_code(&line.down[0]);
        CHECK(line.down[0].code == 403 && !line.down[0].peer);
        call.to.sin_port = 1;
        on_loop(&client, dial_all, &call);
        wait_code(&line.down[0]);
        CHECK(line.down[0].code == -1);
        bed_done(&client);
        http_server_free(line.f.server);
        for (int i = 0; i < N_LOOPS; i++) {
                ws_free(line.servers[i]);
                loop_stop(line.f.loops[i]);
                loop_free(line.f.loops[i]);
        }
}
