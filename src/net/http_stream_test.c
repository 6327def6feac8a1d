#include "net/http_testing.h"

#define MAX_PENDING 262144

/* Hands the stream of the one request to the test. */
struct box {
        _Atomic(struct http_stream *) stream;
        atomic_uint done;
};

static void open_one(void *arg, struct http_req *req) {
        struct box *box = arg;

        http_add_header(req, "Cache-Control", "no-store");
        box->stream = http_stream_open(req, 200, "text/event-stream", MAX_PENDING);
}

static void count(void *arg, struct http_req *req _unused_) { ((struct box *)arg)->done++; }

static struct fixture start(struct box *box) {
        struct http_config c = test_config(open_one, box);
        struct fixture f;

        c.on_done = count;
        set_up(&f, &c);
        return f;
}

static struct http_stream *wait_stream(struct box *box) {
        int64_t end = clock_mono_ms() + 5000;

        while (!box->stream) {
                CHECK(clock_mono_ms() < end);
                usleep(1000);
        }
        return atomic_exchange(&box->stream, NULL);
}

static int dial_stream(const struct fixture *f, const char *version) {
        char request[100];
        int fd = dial(f);

        snprintf(request, sizeof(request), "GET /s HTTP/%s\r\nHost: a\r\n\r\n", version);
        say(fd, request);
        return fd;
}

TEST(pieces_arrive_as_they_are_written) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        _cleanup_buf_ struct buf b = { 0 };
        int fd = dial_stream(&f, "1.1");
        struct http_stream *s = wait_stream(&box);

        for (int i = 0; i < 5; i++) {
                char piece[32];

                snprintf(piece, sizeof(piece), "data: %d\n\n", i);
                CHECK(http_stream_write(s, piece, strlen(piece)));
                CHECK(hear(fd, &b, piece));
        }
        CHECK(starts(&b, "HTTP/1.1 200 OK\r\n") && has(&b, "Transfer-Encoding: chunked\r\n"));
        CHECK(has(&b, "Cache-Control: no-store\r\n") && has(&b, "text/event-stream\r\n"));
        CHECK(http_stream_alive(s) && box.done == 0);
        CHECK(http_stream_write(s, "last", 4));
        http_stream_close(s);
        CHECK(hear(fd, &b, "4\r\nlast\r\n0\r\n\r\n"));
        say(fd, "GET /s HTTP/1.1\r\nHost: a\r\n\r\n"); /* the connection lives on */
        http_stream_close(wait_stream(&box));
        CHECK(hear_times(fd, &b, "0\r\n\r\n", 2, 5000));
        close(fd);
        tear_down(&f);
        CHECK(box.done == 2);
}

TEST(closes_for_old_clients) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        _cleanup_buf_ struct buf b = { 0 };
        int fd = dial_stream(&f, "1.0");
        struct http_stream *s = wait_stream(&box);

        CHECK(http_stream_write(s, "all", 3));
        http_stream_close(s);
        CHECK(hear_end(fd, &b, 5000));
        CHECK(has(&b, "\r\n\r\nall") && !has(&b, "chunked"));
        close(fd);
        tear_down(&f);
}

TEST(closes_for_old_clients_who_waited) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        _cleanup_buf_ struct buf b = { 0 };
        int older[16], fd; /* on each loop some, nearly surely */
        struct http_stream *s;

        for (size_t i = 0; i < ARRAY_SIZE(older); i++)
                older[i] = dial(&f);
        usleep(100 * 1000);
        fd = dial_stream(&f, "1.0");
        s = wait_stream(&box);
        CHECK(http_stream_write(s, "all", 3));
        CHECK(hear(fd, &b, "all"));
        usleep(100 * 1000);
        http_stream_close(s);
        CHECK(hear_end(fd, &b, 2000)); /* and not when it has been idle for long */
        close(fd);
        for (size_t i = 0; i < ARRAY_SIZE(older); i++)
                close(older[i]);
        tear_down(&f);
        CHECK(box.done == 1);
}

TEST(head_ends_at_once) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        _cleanup_buf_ struct buf b =
                ask(&f, "HEAD /s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        struct http_stream *s = wait_stream(&box);

        CHECK(starts(&b, "HTTP/1.1 200 "));
        CHECK(!http_stream_write(s, "x", 1));
        http_stream_close(s);
        tear_down(&f);
}

/* --- many writers, one reader each --- */

#define STREAMS 8
#define PIECES  2000

static void *writer(void *arg) {
        struct http_stream *s = arg;

        for (int i = 0; i < PIECES; i++) {
                char piece[32];

                snprintf(piece, sizeof(piece), "[%06d]", i);
                CHECK(http_stream_write(s, piece, 8));
        }
        http_stream_close(s);
        return NULL;
}

/* The text of a chunked body. */
static void unchunk(const struct buf *b, struct buf *ret) {
        const char *at = strstr(b->data, "\r\n\r\n") + 4;
        size_t n;
        char *end;

        while ((n = strtoul(at, &end, 16))) {
                buf_add(ret, end + 2, n);
                at = end + 2 + n + 2;
        }
}

TEST(written_from_other_threads) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        pthread_t threads[STREAMS];
        int fds[STREAMS];

        for (int i = 0; i < STREAMS; i++) {
                fds[i] = dial_stream(&f, "1.1");
                CHECK(pthread_create(&threads[i], NULL, writer, wait_stream(&box)) == 0);
        }
        for (int i = 0; i < STREAMS; i++) {
                _cleanup_buf_ struct buf b = { 0 }, text = { 0 };

                CHECK(hear(fds[i], &b, "\r\n0\r\n\r\n"));
                unchunk(&b, &text);
                CHECK(text.len == (size_t)8 * PIECES);
                for (int k = 0; k < PIECES; k++)
                        CHECK(strtol(text.data + (size_t)8 * k + 1, NULL, 10) == k);
                pthread_join(threads[i], NULL);
                close(fds[i]);
        }
        tear_down(&f);
        CHECK(box.done == STREAMS);
}

/* --- peers that misbehave --- */

static int64_t until_dead(struct http_stream *s) {
        int64_t before = clock_mono_ms();

        while (http_stream_alive(s) && clock_mono_ms() - before < 10000)
                usleep(10 * 1000);
        return clock_mono_ms() - before;
}

TEST(gone_peer_is_noticed_though_nothing_is_written) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        _cleanup_buf_ struct buf b = { 0 };
        int fd = dial_stream(&f, "1.1");
        struct http_stream *s = wait_stream(&box);

        CHECK(http_stream_write(s, "hello", 5));
        CHECK(hear(fd, &b, "hello"));
        say(fd, "unread bytes must not hide it");
        close(fd);
        CHECK(until_dead(s) < 5000);
        CHECK(!http_stream_write(s, "x", 1));
        http_stream_close(s);
        tear_down(&f);
        CHECK(box.done == 1);
}

TEST(slow_reader_meets_the_limit) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        static char piece[8192];
        int fd = dial_stream(&f, "1.1");
        struct http_stream *s = wait_stream(&box);
        int64_t before = clock_mono_ms();
        size_t sent = 0;

        memset(piece, 'x', sizeof(piece));
        while (http_stream_write(s, piece, sizeof(piece))) {
                sent += sizeof(piece);
                CHECK(sent < (size_t)64 * 1024 * 1024); /* the sockets' buffers, and ours */
        }
        CHECK(!http_stream_alive(s));
        while (!box.done) {
                CHECK(clock_mono_ms() - before < 5000);
                usleep(1000);
        }
        http_stream_close(s);
        close(fd);
        tear_down(&f);
}

TEST(a_piece_over_the_limit_ends_the_stream) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        _cleanup_buf_ struct buf b = { 0 };
        static char piece[MAX_PENDING + 1];
        int fd = dial_stream(&f, "1.1");
        struct http_stream *s = wait_stream(&box);

        CHECK(!http_stream_write(s, piece, sizeof(piece)));
        CHECK(hear_end(fd, &b, 5000));
        CHECK(!has(&b, "0\r\n\r\n")); /* the client can see that it is not whole */
        http_stream_close(s);
        close(fd);
        tear_down(&f);
}

/* A reader that is slow but alive gets everything. */
TEST(slow_reader_within_the_limit) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        _cleanup_buf_ struct buf b = { 0 };
        static char piece[1024];
        int fd = dial_stream(&f, "1.1");
        struct http_stream *s = wait_stream(&box);

        memset(piece, 'x', sizeof(piece));
        for (int i = 0; i < 200; i++)
                CHECK(http_stream_write(s, piece, sizeof(piece)));
        http_stream_close(s);
        usleep(300 * 1000);
        CHECK(hear(fd, &b, "\r\n0\r\n\r\n"));
        CHECK(b.len > 200 * sizeof(piece));
        close(fd);
        tear_down(&f);
}

/* A writer that waits each time until the peer has taken what there was. */
struct feed {
        struct http_stream *s;
        char piece[60000];
        int left;
        size_t most;
};

static void write_more(void *arg) {
        struct feed *f = arg;

        while (f->left && http_stream_pending(f->s) <= sizeof(f->piece)) {
                memset(f->piece, 'a' + f->left % 26, sizeof(f->piece));
                CHECK(http_stream_write(f->s, f->piece, sizeof(f->piece)));
                f->most = http_stream_pending(f->s) > f->most ? http_stream_pending(f->s) : f->most;
                if (--f->left == 0)
                        http_stream_close(f->s);
        }
}

static void open_fed(void *arg, struct http_req *req) {
        struct feed *f = arg;

        f->s = http_stream_open(req, 200, "text/plain", MAX_PENDING);
        http_stream_on_low(f->s, sizeof(f->piece), write_more, f);
        write_more(f);
}

TEST(much_is_written_as_it_is_taken) {
        static struct feed feed = { .left = 200 };
        struct http_config c = test_config(open_fed, &feed);
        _cleanup_buf_ struct buf b = { 0 }, text = { 0 };
        struct fixture f;
        int fd;

        set_up(&f, &c);
        fd = dial_stream(&f, "1.1");
        usleep(100 * 1000);
        CHECK(hear(fd, &b, "\r\n0\r\n\r\n"));
        unchunk(&b, &text);
        CHECK(text.len == 200 * sizeof(feed.piece) && feed.most <= 2 * sizeof(feed.piece));
        for (size_t i = 0; i < text.len; i++)
                CHECK(text.data[i] == 'a' + (200 - (int)(i / sizeof(feed.piece))) % 26);
        close(fd);
        tear_down(&f);
}

TEST(server_freed_with_streams_open) {
        struct box box = { 0 };
        struct fixture f = start(&box);
        int one = dial_stream(&f, "1.1"), two;
        struct http_stream *s = wait_stream(&box), *t;
        static char piece[MAX_PENDING];

        two = dial_stream(&f, "1.1");
        t = wait_stream(&box);
        while (http_stream_write(t, piece, sizeof(piece) / 8))
                ; /* this one is blocked on its peer, the other one waits */
        http_server_quiesce(f.server, 5000);
        tear_down(&f);
        CHECK(box.done == 2);
        CHECK(!http_stream_write(s, "x", 1) && !http_stream_alive(t));
        http_stream_close(s);
        http_stream_close(t);
        close(one);
        close(two);
}
