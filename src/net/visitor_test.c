#include "net/visitor.h"

#include "base/str.h"
#include "net/http_testing.h"
#include "net/tls_testing.h"

/* The server: tells what it was asked, by paths that ask for something. */
static void answer(void *arg _unused_, struct http_req *req) {
        _cleanup_buf_ struct buf b = { 0 };
        const char *path = http_path(req), *cookie = http_header(req, "Cookie"),
                   *csrf = http_header(req, "X-Csrf"), *type = http_header(req, "Content-Type");
        size_t n;
        const char *body = http_body(req, &n);
        int status = 200;

        if (strcmp(path, "/never") == 0) {
                http_suspend(req);
                return;
        }
        if (strcmp(path, "/cookie") == 0)
                http_add_header(req, "Set-Cookie", "session=abc; Path=/; HttpOnly");
        if (strcmp(path, "/limited") == 0) {
                http_add_header(req, "Retry-After", "7");
                status = 429;
        }
        buf_printf(&b, "%s %s|%s|%s|%s|%.*s", http_method_name(http_method(req)), path,
                   cookie ? cookie : "-", csrf ? csrf : "-", type ? type : "-", (int)n, body);
        http_reply(req, status, "text/plain", b.data, b.len);
}

/* One visitor, and what it was answered last. */
struct trip {
        struct visitors *shared;
        struct visitor *visitor;
        struct visit visit;
        atomic_bool back, gone;
        int status, retry_after_s;
        char text[200], trouble[100];
        int64_t took_us;
        int left; /* visits to make after this one */
};

struct bed {
        struct fixture f;
        struct loop *loop;
        struct visitors *visitors;
        char base[64];
};

static void open_bed(struct bed *b, const char *scheme, const struct http_config *config) {
        const struct visitors_config visits = { .user_agent = "test" };
        struct err err;

        set_up(&b->f, config);
        CHECK_OK(loop_new("visits", &b->loop, &err));
        CHECK_OK(visitors_new(b->loop, &visits, &b->visitors, &err));
        loop_start(b->loop);
        snprintf(b->base, sizeof(b->base), "%s://127.0.0.1:%u", scheme,
                 http_server_port(b->f.server));
}

static void close_bed(struct bed *b) {
        loop_stop(b->loop);
        visitors_free(b->visitors);
        loop_free(b->loop);
        tear_down(&b->f);
}

static struct bed plain_bed(void) {
        struct http_config config = test_config(answer, NULL);
        struct bed b;

        open_bed(&b, "http", &config);
        return b;
}

static void go(void *arg);

static void on_back(void *arg, const struct visit_answer *a) {
        struct trip *t = arg;

        CHECK(!visitor_is_away(t->visitor));
        t->status = a->status;
        t->retry_after_s = a->retry_after_s;
        t->took_us = a->ended_us - a->began_us;
        str_copy(t->text, sizeof(t->text), a->text);
        str_copy(t->trouble, sizeof(t->trouble), a->trouble ? a->trouble : "");
        if (t->left-- > 0) {
                go(t); /* from inside the answer to the one before */
                return;
        }
        atomic_store(&t->back, true);
}

static void go(void *arg) {
        struct trip *t = arg;

        if (!t->visitor)
                t->visitor = visitor_new(t->shared);
        visitor_go(t->visitor, &t->visit, on_back, t);
        atomic_store(&t->gone, true);
}

static void leave(void *arg) {
        struct trip *t = arg;

        visitor_close(t->visitor);
        t->visitor = NULL;
        atomic_store(&t->back, true);
}

static void wait_back(const struct trip *t) {
        for (int i = 0; i < 20000 && !atomic_load(&t->back); i++)
                usleep(1000);
        CHECK(atomic_load(&t->back));
}

static void run(struct bed *b, struct trip *t, void (*fn)(void *arg)) {
        atomic_store(&t->back, false);
        t->shared = b->visitors;
        loop_post(b->loop, fn, t);
        wait_back(t);
}

/* T asks for PATH. */
static void visit(struct bed *b, struct trip *t, const char *method, const char *path) {
        char url[128];

        snprintf(url, sizeof(url), "%s%s", b->base, path);
        t->visit.method = method;
        t->visit.url = url;
        if (!t->visit.timeout_ms)
                t->visit.timeout_ms = 10000;
        if (!t->visit.max_bytes)
                t->visit.max_bytes = 1000;
        run(b, t, go);
}

TEST(requests_and_their_answers) {
        static const char *const headers[] = { "X-Csrf: 1", NULL };
        struct bed b = plain_bed();
        struct trip t = { 0 };

        visit(&b, &t, "GET", "/a");
        CHECK(t.status == 200 && t.took_us > 0 && !*t.trouble);
        CHECK_STR(t.text, "GET /a|-|-|-|");
        t.visit.headers = headers;
        t.visit.content_type = "application/json";
        t.visit.body = "{\"a\":1}";
        t.visit.n = 7;
        visit(&b, &t, "PUT", "/b");
        CHECK_STR(t.text, "PUT /b|-|1|application/json|{\"a\":1}");
        t.visit = (struct visit){ 0 };
        visit(&b, &t, "POST", "/c"); /* a body of nothing, and nothing of the one before */
        CHECK(strncmp(t.text, "POST /c|-|-|", 12) == 0);
        visit(&b, &t, "DELETE", "/d");
        CHECK_STR(t.text, "DELETE /d|-|-|-|");
        run(&b, &t, leave);
        close_bed(&b);
}

TEST(each_has_cookies_of_its_own) {
        struct bed b = plain_bed();
        struct trip ann = { 0 }, bob = { 0 };

        visit(&b, &ann, "GET", "/cookie");
        visit(&b, &ann, "GET", "/a");
        CHECK_STR(ann.text, "GET /a|session=abc|-|-|");
        visit(&b, &bob, "GET", "/a");
        CHECK_STR(bob.text, "GET /a|-|-|-|");
        run(&b, &ann, leave);
        run(&b, &bob, leave);
        close_bed(&b);
}

TEST(a_limit_says_when_to_come_again) {
        struct bed b = plain_bed();
        struct trip t = { 0 };

        visit(&b, &t, "GET", "/limited");
        CHECK(t.status == 429 && t.retry_after_s == 7);
        visit(&b, &t, "GET", "/a");
        CHECK(t.status == 200 && t.retry_after_s == 0);
        run(&b, &t, leave);
        close_bed(&b);
}

TEST(what_goes_wrong_is_told_in_the_same_words) {
        struct bed b = plain_bed();
        struct trip t = { 0 };

        t.visit.max_bytes = 5;
        visit(&b, &t, "GET", "/a");
        CHECK(t.status == 0);
        CHECK_STR(t.trouble, "the answer is too large");
        t.visit.max_bytes = 1000;
        t.visit.timeout_ms = 100;
        visit(&b, &t, "GET", "/never");
        CHECK(t.status == 0);
        CHECK_STR(t.trouble, "no answer in time");
        t.visit.timeout_ms = 10000;
        visit(&b, &t, "GET", "/a"); /* and it goes on after that */
        CHECK(t.status == 200);
        snprintf(b.base, sizeof(b.base), "http://127.0.0.1:1");
        visit(&b, &t, "GET", "/a");
        CHECK_STR(t.trouble, "cannot connect");
        run(&b, &t, leave);
        close_bed(&b);
}

TEST(connecting_alone) {
        struct bed b = plain_bed();
        struct trip t = { .visit.connect_only = true };

        visit(&b, &t, "GET", "");
        CHECK(t.status == 0 && !*t.trouble);
        t.visit.connect_only = false;
        visit(&b, &t, "GET", "/a");
        CHECK(t.status == 200);
        t.visit.connect_only = true;
        snprintf(b.base, sizeof(b.base), "http://127.0.0.1:1");
        visit(&b, &t, "GET", "");
        CHECK_STR(t.trouble, "cannot connect");
        run(&b, &t, leave);
        close_bed(&b);
}

TEST(one_that_is_away_may_be_closed) {
        struct bed b = plain_bed();
        struct trip t = { 0 };
        char url[100];

        snprintf(url, sizeof(url), "%s/never", b.base);
        t.shared = b.visitors;
        t.visit = (struct visit){ .method = "GET", .url = url, .timeout_ms = 9000 };
        loop_post(b.loop, go, &t);
        while (!atomic_load(&t.gone))
                usleep(1000);
        CHECK(!atomic_load(&t.back));
        run(&b, &t, leave);
        close_bed(&b);
}

#define CROWD 300

TEST(many_at_once_on_connections_of_their_own) {
        static struct trip trips[CROWD];
        struct bed b = plain_bed();
        char url[100];

        snprintf(url, sizeof(url), "%s/a", b.base);
        for (int i = 0; i < CROWD; i++) {
                trips[i] = (struct trip){ .shared = b.visitors, .left = 4 };
                trips[i].visit = (struct visit){
                        .method = "GET", .url = url, .timeout_ms = 20000, .max_bytes = 1000
                };
                loop_post(b.loop, go, &trips[i]);
        }
        for (int i = 0; i < CROWD; i++) {
                wait_back(&trips[i]);
                CHECK(trips[i].status == 200);
                CHECK_STR(trips[i].text, "GET /a|-|-|-|");
        }
        for (int i = 0; i < CROWD; i++)
                run(&b, &trips[i], leave);
        close_bed(&b);
}

/* Trusted or not, by what SSL_CERT_FILE names. */
static void over_tls(const char *trusted, int status) {
        struct http_config config = test_config(answer, NULL);
        struct trip t = { 0 };
        struct bed b;

        enter_folder();
        setenv("SSL_CERT_FILE", trusted, 1);
        config.tls_cert = CERT;
        config.tls_key = KEY;
        open_bed(&b, "https", &config);
        visit(&b, &t, "GET", "/a");
        if (t.status != status)
                fprintf(stderr, "%d, %s\n", t.status, t.trouble);
        CHECK(t.status == status);
        run(&b, &t, leave);
        close_bed(&b);
        leave_folder();
}

TEST(over_tls_to_who_is_trusted) { over_tls(CERT, 200); }
TEST(over_tls_to_no_other) { over_tls("/dev/null", 0); }
