#include "net/http_testing.h"

#define UPGRADE \
        "GET /u HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n\r\n"
/* One handed over, for the test to talk with. */
struct box {
        _Atomic int fd;
        _Atomic(struct http_link *) link;
        char early[64];
        bool discard;
        atomic_uint taken, lost, done, refused;
};

static void take(void *arg, int fd, struct http_link *link, const void *early, size_t n) {
        struct box *box = arg;

        if (fd < 0) {
                box->lost++;
                return;
        }
        box->taken++;
        if (box->discard) {
                close(fd);
                return;
        }
        snprintf(box->early, sizeof(box->early), "%.*s", (int)n, (const char *)early);
        box->link = link;
        box->fd = fd;
}

static void handle(void *arg, struct http_req *req) {
        struct box *box = arg;

        if (strcmp(http_path(req), "/u") != 0) {
                http_reply(req, 200, "text/plain", "plain", 5);
                return;
        }
        http_add_header(req, "Upgrade", "echo");
        http_add_header(req, "X-Own", "1");
        if (http_upgrade(req, take, box))
                return;
        box->refused++;
        http_reply(req, 400, "text/plain", "no", 2);
}

static void count(void *arg, struct http_req *req) {
        struct box *box = arg;

        if (http_status(req) == 101)
                box->done++;
}

static struct fixture start(struct box *box) {
        struct http_config c = test_config(handle, box);
        struct fixture f;

        c.on_done = count;
        c.max_connections = 4;
        set_up(&f, &c);
        return f;
}

static void wait_for(const atomic_uint *n, unsigned want) {
        int64_t end = clock_mono_ms() + 5000;

        while (*n < want) {
                CHECK(clock_mono_ms() < end);
                usleep(1000);
        }
}

TEST(the_connection_is_the_takers) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        _cleanup_buf_ struct buf b = { 0 };
        int fd = dial(&f);
        char text[16] = "";

        say(fd, UPGRADE "first");
        CHECK(hear(fd, &b, "\r\n\r\n"));
        CHECK(starts(&b, "HTTP/1.1 101 ") && has(&b, "X-Own: 1\r\n"));
        CHECK(has(&b, "Upgrade: echo\r\n") && has(&b, "Connection: Upgrade\r\n"));
        wait_for(&box.done, 1);
        CHECK_STR(box.early, "first");
        CHECK(!box.link);
        say(fd, "second");
        for (size_t n = 0; n < 6;) {
                struct pollfd p = { .fd = box.fd, .events = POLLIN };
                ssize_t r;

                CHECK(poll(&p, 1, 5000) == 1);
                r = recv(box.fd, text + n, sizeof(text) - n, 0);
                CHECK(r > 0);
                n += (size_t)r;
        }
        CHECK_STR(text, "second");
        CHECK(send(box.fd, "answer", 6, MSG_NOSIGNAL) == 6);
        CHECK(hear(fd, &b, "answer"));
        close(box.fd);
        CHECK(hear_end(fd, &b, 5000));
        close(fd);
        tear_down(&f);
        CHECK(box.done == 1 && box.lost == 0);
}

/* It does not count against the connections of HTTP, nor does its end. */
TEST(it_has_left_http) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        int fds[16];

        for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
                _cleanup_buf_ struct buf b = { 0 };

                fds[i] = dial(&f);
                say(fds[i], UPGRADE);
                CHECK(hear(fds[i], &b, "\r\n\r\n"));
                wait_for(&box.done, i + 1);
                close(box.fd);
        }
        for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
                close(fds[i]);
        CHECK(box.taken == ARRAY_SIZE(fds));
        tear_down(&f);
}

TEST(it_outlives_the_server) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        _cleanup_buf_ struct buf b = { 0 };
        int fd = dial(&f);

        say(fd, UPGRADE);
        CHECK(hear(fd, &b, "\r\n\r\n"));
        wait_for(&box.done, 1);
        http_server_quiesce(f.server, 100);
        tear_down(&f);
        CHECK(send(box.fd, "still", 5, MSG_NOSIGNAL) == 5);
        CHECK(hear(fd, &b, "still"));
        close(box.fd);
        close(fd);
}

TEST(an_old_client_is_told_no) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        struct buf b = ask(&f, "GET /u HTTP/1.0\r\nHost: a\r\nUpgrade: echo\r\n\r\n");

        CHECK(starts(&b, "HTTP/1.") && has(&b, " 400 ") && box.refused == 1);
        buf_done(&b);
        b = ask(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        CHECK(starts(&b, "HTTP/1.1 200 "));
        buf_done(&b);
        tear_down(&f);
        CHECK(box.taken == 0 && box.lost == 0);
}

/* Whatever becomes of the peer, each is told of once. */
TEST(who_leaves_meanwhile_is_told_of) {
        struct box box = { .discard = true };
        struct fixture f = start(&box);
        struct linger reset = { .l_onoff = 1 };

        for (int i = 0; i < 100; i++) {
                int fd = dial(&f);

                say(fd, UPGRADE);
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
                if (i % 2)
                        usleep(200);
                close(fd);
        }
        tear_down(&f);
        CHECK(box.taken > 0 && box.taken + box.lost == box.done);
}
