#include <fcntl.h>

#include "net/http_testing.h"

#define CLOSING " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
#define KEEPING " HTTP/1.1\r\nHost: a\r\n"

struct seen {
        atomic_uint handled, done;
        atomic_int last_status;
};

static void ok(void *arg, struct http_req *req) {
        struct seen *seen = arg;

        seen->handled++;
        http_reply(req, 200, "text/plain", "fine", 4);
}

static void note_done(void *arg, struct http_req *req) {
        struct seen *seen = arg;

        seen->last_status = http_status(req);
        seen->done++;
}

static struct fixture start(struct seen *seen) {
        struct http_config c = test_config(ok, seen);
        struct fixture f;

        c.idle_timeout_s = 2;
        c.on_done = note_done;
        set_up(&f, &c);
        return f;
}

/* Our own answer: the status line, and the body that error_body() made. */
static bool is_ours(const struct buf *b, int status) {
        char line[32], body[32];

        snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
        snprintf(body, sizeof(body), "\r\n\r\n{\"status\":%d}", status);
        return starts(b, line) && has(b, body) &&
               has(b, "Content-Type: application/problem+json\r\n") &&
               has(b, "Connection: close\r\n");
}

static void fill(struct buf *b, size_t n) {
        buf_reserve(b, n);
        for (size_t i = 0; i < n; i++)
                buf_char(b, 'a');
}

TEST(length_over_the_limit) {
        struct seen seen = { 0 };
        struct fixture f = start(&seen);
        _cleanup_buf_ struct buf b = ask(&f, "POST /" CLOSING "Content-Length: 65537\r\n\r\n");
        _cleanup_buf_ struct buf huge =
                ask(&f, "POST /" CLOSING "Content-Length: 18446744073709551615\r\n\r\n");
        _cleanup_buf_ struct buf expect =
                ask(&f, "POST /" CLOSING "Content-Length: 65537\r\nExpect: 100-continue\r\n\r\n");
        _cleanup_buf_ struct buf over =
                ask(&f, "POST /" CLOSING "Content-Length: 99999999999999999999999\r\n\r\n");

        CHECK(is_ours(&b, 413) && is_ours(&huge, 413) && is_ours(&expect, 413));
        CHECK(starts(&over, "HTTP/1.1 413 ")); /* libmicrohttpd's */
        CHECK(seen.handled == 0);
        tear_down(&f);
        CHECK(seen.done == 3 && seen.last_status == 413);
}

TEST(largest_body_is_taken) {
        struct seen seen = { 0 };
        struct fixture f = start(&seen);
        _cleanup_buf_ struct buf request = { 0 }, b = { 0 };

        buf_str(&request, "POST /" CLOSING "Content-Length: 65536\r\n\r\n");
        fill(&request, 65536);
        b = ask(&f, request.data);
        CHECK(starts(&b, "HTTP/1.1 200 ") && seen.handled == 1);
        tear_down(&f);
}

/* A client that sends all of its body before it reads gets its answer, not a reset. */
TEST(large_body_is_answered_not_reset) {
        static const char *const heads[] = { "Content-Length: 10485760\r\n\r\n",
                                             "Transfer-Encoding: chunked\r\n\r\na00000\r\n" };
        struct seen seen = { 0 };
        struct fixture f = start(&seen);

        for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
                _cleanup_buf_ struct buf body = { 0 }, b = { 0 };
                int fd;

                fill(&body, 10485760); /* takes longer than the idle timeout on a bad day */
                fd = dial(&f);
                say(fd, "POST /" CLOSING);
                say(fd, heads[i]);
                CHECK(say_n(fd, body.data, body.len));
                CHECK(hear_end(fd, &b, 5000));
                CHECK(is_ours(&b, 413));
                close(fd);
        }
        CHECK(seen.handled == 0);
        tear_down(&f);
        CHECK(seen.done == 2);
}

TEST(target_and_headers_over_the_limit) {
        struct seen seen = { 0 };
        struct fixture f = start(&seen);
        static const struct {
                size_t target, header;
                int status;
                bool ours;
        } cases[] = { { 8000, 100, 200, true },  { 8300, 100, 414, true },
                      { 14000, 100, 414, true }, { 200000, 10, 414, false },
                      { 100, 11000, 200, true }, { 100, 12500, 431, true },
                      { 100, 14000, 431, true }, { 100, 200000, 431, false } };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buf_ struct buf request = { 0 }, b = { 0 };
                char line[32];

                snprintf(line, sizeof(line), "HTTP/1.1 %d ", cases[i].status);
                buf_str(&request, "GET /");
                fill(&request, cases[i].target);
                buf_str(&request, CLOSING "X-Long: ");
                fill(&request, cases[i].header);
                buf_str(&request, "\r\n\r\n");
                b = ask(&f, request.data);
                CHECK(starts(&b, line));
                CHECK(cases[i].status == 200 || !cases[i].ours || is_ours(&b, cases[i].status));
        }
        CHECK(seen.handled == 2);
        tear_down(&f);
}

TEST(many_headers) {
        struct seen seen = { 0 };
        struct fixture f = start(&seen);
        _cleanup_buf_ struct buf request = { 0 }, b = { 0 };

        buf_str(&request, "GET /" CLOSING);
        for (int i = 0; i < 1000; i++)
                buf_str(&request, "A: b\r\n");
        buf_str(&request, "\r\n");
        b = ask(&f, request.data);
        CHECK(starts(&b, "HTTP/1.1 431 "));
        CHECK(seen.handled == 0);
        tear_down(&f);
}

TEST(wrong_http) {
        static const struct {
                const char *request;
                int status;
                bool ours;
        } cases[] = {
                { "GARBAGE\r\n\r\n", 400, true },
                { "\x16\x03\x01\x02\x01\n", 400, true },  /* TLS to a plain port */
                { "GET / HTTP/1.1\r\n\r\n", 400, false }, /* no Host */
                { "GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505, false },
                { "GET / HTTQ/1.1\r\nHost: a\r\n\r\n", 400, false },
                { "GET /\r\n\r\n", 400, false },
                { "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400, false },
                { "GET /%zz" KEEPING "\r\n", 400, true },
                { "GET /%00" KEEPING "\r\n", 400, true },
                { "GET /a/../b" KEEPING "\r\n", 400, true },
                { "GET /a/%2e%2E" KEEPING "\r\n", 400, true },
                { "GET /a%5cb" KEEPING "\r\n", 400, true },
                { "GET nowhere" KEEPING "\r\n", 400, true },
                { "POST /" KEEPING "Content-Length: 5x\r\n\r\nhello", 400, false },
                { "POST /" KEEPING "Content-Length: -1\r\n\r\nhello", 400, false },
                { "POST /" KEEPING "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400,
                  true },
                { "POST /" KEEPING
                  "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  400, true },
                { "POST /" KEEPING "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, true },
                { "POST /" KEEPING "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, false },
        };
        struct seen seen = { 0 };
        struct fixture f = start(&seen);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buf_ struct buf b = ask(&f, cases[i].request);
                char line[32];

                snprintf(line, sizeof(line), "HTTP/1.1 %d ", cases[i].status);
                if (!starts(&b, line) || (cases[i].ours && !is_ours(&b, cases[i].status)))
                        fprintf(stderr, "%s -> %s\n", cases[i].request, b.data);
                CHECK(starts(&b, line));
                CHECK(!cases[i].ours || is_ours(&b, cases[i].status));
        }
        CHECK(seen.handled == 0);
        tear_down(&f);
}

TEST(wrong_http_after_a_good_request) {
        struct seen seen = { 0 };
        struct fixture f = start(&seen);
        _cleanup_buf_ struct buf b = ask(&f, "GET /" KEEPING "\r\nGARBAGE\r\n\r\n");

        CHECK(starts(&b, "HTTP/1.1 200 ") && seen.handled == 1);
        tear_down(&f);
}

/* --- time --- */

TEST(slow_headers_time_out) {
        struct seen seen = { 0 };
        struct fixture f = start(&seen);
        _cleanup_buf_ struct buf b = { 0 }, silent = { 0 };
        int64_t before = clock_mono_ms();
        int fd = dial(&f), mute = dial(&f), stuck = dial(&f);
        char c = 'a';

        say(fd, "GET /");
        say(stuck, "GET / HT");
        while (clock_mono_ms() - before < 10000 && !hear_end(fd, &b, 300))
                if (send(fd, &c, 1, MSG_NOSIGNAL) < 0)
                        break;
        CHECK(clock_mono_ms() - before >= 1500 && clock_mono_ms() - before < 5000);
        CHECK(is_ours(&b, 408));
        CHECK(hear_end(mute, &silent, 5000) && silent.len == 0);
        CHECK(hear_end(stuck, &silent, 5000) && is_ours(&silent, 408));
        CHECK(seen.handled == 0);
        close(fd);
        close(mute);
        close(stuck);
        tear_down(&f);
}

/* Dripping between requests, and dripping a body. */
TEST(slow_later_requests_time_out) {
        static const char *const starts_with[] = {
                "GET /" KEEPING "\r\nGET /",
                "POST /" KEEPING "Content-Length: 60000\r\n\r\n",
        };
        struct seen seen = { 0 };
        struct fixture f = start(&seen);

        for (size_t i = 0; i < ARRAY_SIZE(starts_with); i++) {
                int64_t before = clock_mono_ms();
                _cleanup_buf_ struct buf b = { 0 };
                int fd = dial(&f);

                say(fd, starts_with[i]);
                while (clock_mono_ms() - before < 10000 && !hear_end(fd, &b, 300))
                        CHECK(send(fd, "a", 1, MSG_NOSIGNAL) == 1);
                CHECK(clock_mono_ms() - before >= 3500 && clock_mono_ms() - before < 7000);
                close(fd);
        }
        CHECK(seen.handled == 1);
        tear_down(&f);
}

TEST(idle_keep_alive_times_out) {
        struct seen seen = { 0 };
        struct fixture f = start(&seen);
        int64_t before = clock_mono_ms();
        _cleanup_buf_ struct buf b = ask(&f, "GET /" KEEPING "\r\n");

        CHECK(starts(&b, "HTTP/1.1 200 "));
        CHECK(clock_mono_ms() - before >= 1900 && clock_mono_ms() - before < 5000);
        tear_down(&f);
}

static void block(void *arg, struct http_req *req) {
        if (strcmp(http_path(req), "/block") == 0)
                usleep(200 * 1000);
        ok(arg, req);
}

static unsigned open_files(void) {
        unsigned n = 0;

        for (int fd = 0; fd < 1024; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

/* Whose end comes together with the bytes before it, while the loops are busy. */
TEST(who_leaves_with_the_last_byte_is_let_go) {
        struct seen seen = { 0 };
        struct http_config c = test_config(block, &seen);
        int fds[40], blockers[8];
        struct fixture f;
        unsigned before;
        int64_t end;

        c.idle_timeout_s = 60;
        set_up(&f, &c);
        before = open_files();
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                _cleanup_buf_ struct buf b = { 0 };

                fds[i] = dial(&f);
                say(fds[i], "GET /" KEEPING "\r\n");
                CHECK(hear(fds[i], &b, "fine"));
        }
        for (size_t i = 0; i < ARRAY_SIZE(blockers); i++) {
                blockers[i] = dial(&f);
                say(blockers[i], "GET /block" KEEPING "\r\n");
        }
        usleep(50 * 1000);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                say(fds[i], i % 2 ? "GET /" KEEPING "\r\n" : "GET / HT");
                close(fds[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(blockers); i++)
                close(blockers[i]);
        for (end = clock_mono_ms() + 10000; open_files() > before; usleep(10 * 1000))
                CHECK(clock_mono_ms() < end);
        tear_down(&f);
}

TEST(connections_over_the_limit_wait) {
        struct seen seen = { 0 };
        struct http_config c = test_config(ok, &seen);
        _cleanup_buf_ struct buf b = { 0 };
        struct fixture f;
        int fds[20];

        c.max_connections = 10;
        set_up(&f, &c);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                fds[i] = dial(&f);
                say(fds[i], "GET /" KEEPING "\r\n");
        }
        usleep(300 * 1000);
        CHECK(seen.handled <= 10);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                CHECK(hear(fds[i], &b, "fine"));
                close(fds[i]);
                buf_clear(&b);
        }
        CHECK(seen.handled == ARRAY_SIZE(fds));
        tear_down(&f);
}
