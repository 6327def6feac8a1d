#include "net/http_testing.h"

#include <fcntl.h>

#include "base/str.h"
#include "net/client.h"

/* Answers with what it was asked. */
static void echo(void *arg _unused_, struct http_req *req) {
        _cleanup_buf_ struct buf b = { 0 };
        const char *q = http_query(req, "q"), *h = http_header(req, "X-Test");
        size_t n;
        const char *body = http_body(req, &n);

        buf_printf(&b, "%s %s q=%s h=%s n=%zu peer=%s ", http_method_name(http_method(req)),
                   http_path(req), q ? q : "-", h ? h : "-", n, http_peer(req));
        buf_add(&b, body, n);
        http_add_header(req, "X-Answer", "yes");
        http_reply(req, 200, "text/plain", b.data, b.len);
}

#define CLOSING " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"

static struct fixture start(http_handler *handler, void *arg) {
        struct http_config c = test_config(handler, arg);
        struct fixture f;

        set_up(&f, &c);
        return f;
}

TEST(what_was_asked) {
        struct fixture f = start(echo, NULL);
        _cleanup_buf_ struct buf get =
                ask(&f, "GET /a%20b?q=1%262&r=3" CLOSING "X-TEST: t\r\n\r\n");
        _cleanup_buf_ struct buf post = ask(&f, "POST /p" CLOSING "Content-Length: 5\r\n\r\nhello");
        _cleanup_buf_ struct buf chunked =
                ask(&f, "PUT /p" CLOSING
                        "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
        _cleanup_buf_ struct buf odd = ask(&f, "BREW /pot" CLOSING "\r\n");
        _cleanup_buf_ struct buf del = ask(&f, "DELETE http://host/x?q=" CLOSING "\r\n");

        CHECK(starts(&get, "HTTP/1.1 200 OK\r\n") && has(&get, "X-Answer: yes\r\n"));
        CHECK(has(&get, "Content-Type: text/plain\r\n"));
        CHECK(has(&get, "\r\n\r\nGET /a b q=1&2 h=t n=0 peer=127.0.0.1 "));
        CHECK(has(&post, "POST /p q=- h=- n=5 peer=127.0.0.1 hello"));
        CHECK(has(&chunked, "PUT /p q=- h=- n=5 peer=127.0.0.1 hello"));
        CHECK(has(&odd, "OTHER /pot "));
        CHECK(has(&del, "DELETE /x q= h=-"));
        tear_down(&f);
}

TEST(head_has_no_body) {
        struct fixture f = start(echo, NULL);
        _cleanup_buf_ struct buf head = ask(&f, "HEAD /x" CLOSING "\r\n");

        CHECK(starts(&head, "HTTP/1.1 200 OK\r\n"));
        CHECK(has(&head, "Content-Length: 3")); /* of what GET would be about as long as */
        CHECK(!has(&head, "HEAD /x"));
        tear_down(&f);
}

#define FILE_BYTES ((size_t)3 * 1024 * 1024)

/* Answers with a file; ARG is its path. */
static void serve_file(void *arg, struct http_req *req) {
        int fd = open(arg, O_RDONLY | O_CLOEXEC);

        CHECK(fd >= 0);
        http_add_header(req, "X-Answer", "yes");
        http_reply_file(req, 200, "application/octet-stream", fd, FILE_BYTES);
}

static int count_files(void) {
        int n = 0;

        for (int fd = 0; fd < 1000; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

TEST(files) {
        char path[] = "/tmp/berth-http-XXXXXX";
        _cleanup_close_ int file = mkstemp(path);
        struct fixture f = start(serve_file, path);
        _cleanup_buf_ struct buf all = { 0 }, head = { 0 };
        int before = count_files(), fd;
        char *text = malloc(FILE_BYTES);

        for (size_t i = 0; i < FILE_BYTES; i++)
                text[i] = (char)(i * 31 >> 3);
        CHECK(write(file, text, FILE_BYTES) == (ssize_t)FILE_BYTES);
        all = ask(&f, "GET /f" CLOSING "\r\n");
        CHECK(starts(&all, "HTTP/1.1 200 OK\r\n") && has(&all, "X-Answer: yes\r\n"));
        CHECK(has(&all, "Content-Length: 3145728\r\n") && all.len > FILE_BYTES);
        CHECK(memcmp(all.data + all.len - FILE_BYTES, text, FILE_BYTES) == 0);
        head = ask(&f, "HEAD /f" CLOSING "\r\n");
        CHECK(has(&head, "Content-Length: 3145728\r\n") && head.len < 1000);
        fd = dial(&f); /* one that leaves in the middle */
        say(fd, "GET /f HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(read(fd, text, 1000) > 0);
        close(fd);
        for (int i = 0; i < 100 && count_files() > before; i++)
                usleep(50000);
        CHECK(count_files() == before); /* each is closed */
        tear_down(&f);
        unlink(path);
        free(text);
}

TEST(keep_alive_and_pipelining) {
        struct fixture f = start(echo, NULL);
        _cleanup_buf_ struct buf b = { 0 }, many = { 0 };
        int fd = dial(&f);

        for (int i = 1; i <= 3; i++) {
                say(fd, "GET /again HTTP/1.1\r\nHost: a\r\n\r\n");
                CHECK(hear_times(fd, &b, "GET /again", i, 5000));
        }
        buf_clear(&b);
        for (int i = 0; i < 100; i++)
                buf_printf(&many, "POST /n%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
                           i);
        CHECK(say_n(fd, many.data, many.len));
        CHECK(hear_times(fd, &b, "peer=127.0.0.1 abc", 100, 5000));
        CHECK(strstr(b.data, "/n0 ") < strstr(b.data, "/n99 "));
        close(fd);
        tear_down(&f);
}

TEST(forwarded_only_from_trusted_proxies) {
        static const char *const trusted[] = { "127.0.0.1", "10.0.0.1", NULL };
        struct http_config c = test_config(echo, NULL);
        struct fixture f = start(echo, NULL), g;
        _cleanup_buf_ struct buf a = ask(&f, "GET /" CLOSING "X-Forwarded-For: 9.9.9.9\r\n\r\n"), b;

        c.trusted_proxies = trusted;
        set_up(&g, &c);
        b = ask(&g, "GET /" CLOSING "X-Forwarded-For: 6.6.6.6, 9.9.9.9\r\n"
                    "X-Forwarded-For: 10.0.0.1\r\n\r\n");
        CHECK(has(&a, "peer=127.0.0.1"));
        CHECK(has(&b, "peer=9.9.9.9"));
        tear_down(&f);
        tear_down(&g);
}

/* --- suspended requests --- */

struct parked {
        struct http_req *req;
        struct parked *next;
};

struct park {
        pthread_mutex_t lock;
        pthread_cond_t some;
        struct parked *first;
        atomic_uint n, done;
        bool over;
};

static void park(void *arg, struct http_req *req) {
        struct park *p = arg;
        struct parked *one = malloc(sizeof(*one));

        http_suspend(req);
        one->req = req;
        pthread_mutex_lock(&p->lock);
        one->next = p->first;
        p->first = one;
        p->n++;
        pthread_cond_signal(&p->some);
        pthread_mutex_unlock(&p->lock);
}

static void answer(struct http_req *req, void *arg) {
        CHECK(loop_is_mine(http_loop(req)));
        http_reply(req, 200, "text/plain", arg, strlen(arg));
}

/* Suspends a second time before it answers. */
static void twice(struct http_req *req, void *arg) {
        http_suspend(req);
        http_resume(req, answer, arg);
}

static struct http_req *take(struct park *p) {
        struct http_req *req = NULL;
        struct parked *one;

        pthread_mutex_lock(&p->lock);
        while (!p->first && !p->over)
                pthread_cond_wait(&p->some, &p->lock);
        one = p->first;
        if (one) {
                p->first = one->next;
                req = one->req;
                free(one);
        }
        pthread_mutex_unlock(&p->lock);
        return req;
}

static void *resumer(void *arg) {
        struct park *p = arg;
        struct http_req *req;

        while ((req = take(p)))
                http_resume(req, (uintptr_t)req & 64 ? twice : answer,
                            (void *)(uintptr_t) "resumed");
        return NULL;
}

static void count_done(void *arg, struct http_req *req _unused_) {
        atomic_fetch_add(&((struct park *)arg)->done, 1);
}

static struct fixture start_parking(struct park *p) {
        struct http_config c = test_config(park, p);
        struct fixture f;

        c.on_done = count_done;
        set_up(&f, &c);
        return f;
}

static void wait_for(atomic_uint *n, unsigned want) {
        int64_t end = clock_mono_ms() + 10000;

        while (atomic_load(n) < want) {
                CHECK(clock_mono_ms() < end);
                usleep(1000);
        }
}

static void end_resumers(struct park *p, pthread_t *threads, size_t n) {
        pthread_mutex_lock(&p->lock);
        p->over = true;
        pthread_cond_broadcast(&p->some);
        pthread_mutex_unlock(&p->lock);
        for (size_t i = 0; i < n; i++)
                pthread_join(threads[i], NULL);
}

#define CLIENTS 64
#define ROUNDS  50

TEST(resumed_from_other_threads) {
        struct park p = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };
        struct fixture f = start_parking(&p);
        struct buf got[CLIENTS] = { 0 };
        pthread_t threads[4];
        int fds[CLIENTS];

        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                CHECK(pthread_create(&threads[i], NULL, resumer, &p) == 0);
        for (int i = 0; i < CLIENTS; i++)
                fds[i] = dial(&f);
        for (int round = 1; round <= ROUNDS; round++) {
                for (int i = 0; i < CLIENTS; i++)
                        say(fds[i], "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
                for (int i = 0; i < CLIENTS; i++)
                        CHECK(hear_times(fds[i], &got[i], "resumed", round, 10000));
        }
        for (int i = 0; i < CLIENTS; i++) {
                close(fds[i]);
                buf_done(&got[i]);
        }
        wait_for(&p.done, CLIENTS * ROUNDS);
        end_resumers(&p, threads, ARRAY_SIZE(threads));
        tear_down(&f);
}

static void note_gone(struct http_req *req, void *arg) {
        *(atomic_uint *)arg += http_gone(req) ? 1 : 100;
        http_reply(req, 200, NULL, "late", 4);
}

TEST(peer_gone_while_suspended) {
        struct park p = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };
        struct fixture f = start_parking(&p);
        atomic_uint gone = 0;
        struct http_req *req;

        for (int i = 0; i < 20; i++) {
                int fd = dial(&f);

                say(fd, "GET /x HTTP/1.1\r\nHost: a\r\n\r\nGET /pipelined HTTP/1.1\r\n");
                wait_for(&p.n, (unsigned)i + 1);
                close(fd);
        }
        for (int i = 0; i < 20; i++) {
                CHECK((req = take(&p)));
                http_resume(req, note_gone, &gone);
        }
        wait_for(&p.done, 20);
        CHECK(gone == 20);
        tear_down(&f);
}

TEST(server_freed_with_requests_suspended) {
        struct park p = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };
        struct fixture f = start_parking(&p);
        int fds[10];

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                fds[i] = dial(&f);
                say(fds[i], "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        }
        wait_for(&p.n, ARRAY_SIZE(fds));
        tear_down(&f);
        CHECK(p.done == ARRAY_SIZE(fds));
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                CHECK(take(&p));
                close(fds[i]);
        }
}

/* --- start and end --- */

static void *resume_later(void *arg) {
        usleep(300 * 1000);
        http_resume(take(arg), answer, (void *)(uintptr_t) "resumed");
        return NULL;
}

TEST(quiesce_waits_for_what_is_in_flight) {
        struct park p = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };
        struct fixture f = start_parking(&p);
        _cleanup_buf_ struct buf b = { 0 };
        struct sockaddr_in to = { .sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(f.server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = dial(&f), late = socket(AF_INET, SOCK_STREAM, 0);
        int64_t before = clock_mono_ms();
        pthread_t thread;

        say(fd, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        wait_for(&p.n, 1);
        http_server_quiesce(f.server, 100);
        CHECK(clock_mono_ms() - before >= 100); /* it gave up */
        CHECK(pthread_create(&thread, NULL, resume_later, &p) == 0);
        http_server_quiesce(f.server, 10000);
        CHECK(clock_mono_ms() - before >= 300 && clock_mono_ms() - before < 9000);
        pthread_join(thread, NULL);
        CHECK(hear_end(fd, &b, 5000));
        CHECK(has(&b, "Connection: close\r\n") && has(&b, "resumed"));
        CHECK(connect(late, (struct sockaddr *)&to, sizeof(to)) < 0);
        close(fd);
        close(late);
        tear_down(&f);
}

TEST(freed_before_its_loops_ran) {
        struct http_config c = test_config(echo, NULL);
        struct http_server *s;
        struct loop *l;
        struct err err;

        CHECK_OK(loop_new("test", &l, &err));
        CHECK_OK(http_server_new(&c, &l, 1, &s, &err));
        http_server_free(s);
        loop_free(l);
}

TEST(freed_after_its_loops_stopped) {
        struct fixture f = start(echo, NULL);
        _cleanup_buf_ struct buf b = ask(&f, "GET /" CLOSING "\r\n");
        int fd = dial(&f);

        say(fd, "GET /half HTTP/1.1\r\n");
        for (size_t i = 0; i < N_LOOPS; i++)
                loop_stop(f.loops[i]);
        http_server_free(f.server);
        for (size_t i = 0; i < N_LOOPS; i++)
                loop_free(f.loops[i]);
        close(fd);
}

TEST(refuses_to_start) {
        static const char *const bad_proxy[] = { "10.0.0.0/8", NULL };
        struct http_config c = test_config(echo, NULL), d;
        struct fixture f = start(echo, NULL);
        struct http_server *s;
        struct err err;
        char taken[32];

        snprintf(taken, sizeof(taken), "127.0.0.1:%u", http_server_port(f.server));
        d = c, d.listen = taken;
        CHECK(http_server_new(&d, f.loops, N_LOOPS, &s, &err) < 0 && err.kind == ERR_CONFLICT);
        d.listen = "192.0.2.1:0"; /* nobody's */
        CHECK(http_server_new(&d, f.loops, N_LOOPS, &s, &err) < 0 && err.kind == ERR_UNAVAILABLE);
        d.listen = "localhost";
        CHECK(http_server_new(&d, f.loops, N_LOOPS, &s, &err) < 0 && err.kind == ERR_INVALID);
        d = c, d.trusted_proxies = bad_proxy;
        CHECK(http_server_new(&d, f.loops, N_LOOPS, &s, &err) < 0 && err.kind == ERR_INVALID);
        d = c, d.tls_cert = "/nonexistent/cert.pem", d.tls_key = "/nonexistent/key.pem";
        CHECK(http_server_new(&d, f.loops, N_LOOPS, &s, &err) < 0 && err.kind == ERR_NOT_FOUND);
        CHECK(strstr(err.msg, "TLS certificate") && strstr(err.msg, "/nonexistent/cert.pem"));
        d.tls_cert = d.tls_key = "/etc/passwd";
        CHECK(http_server_new(&d, f.loops, N_LOOPS, &s, &err) < 0 && err.kind == ERR_INVALID);
        tear_down(&f);
}
