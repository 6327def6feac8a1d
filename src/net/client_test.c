#include "net/client.h"

#include "net/http_testing.h"

static void echo(void *arg _unused_, struct http_req *req) {
        _cleanup_buf_ struct buf b = { 0 };
        const char *token = http_header(req, "Authorization"),
                   *type = http_header(req, "Content-Type");
        size_t n;
        const char *body = http_body(req, &n);

        buf_printf(&b, "%s %s|%s|%s|%.*s", http_method_name(http_method(req)), http_path(req),
                   token ? token : "-", type ? type : "-", (int)n, body);
        http_reply(req, strcmp(http_path(req), "/missing") == 0 ? 404 : 200, NULL, b.data, b.len);
}

static void never(void *arg, struct http_req *req) {
        (void)arg;
        http_suspend(req);
}

static struct fixture start(http_handler *handler) {
        struct http_config c = test_config(handler, NULL);
        struct fixture f;

        set_up(&f, &c);
        return f;
}

static struct client_request request(const struct fixture *f, const char *method,
                                     const char *path) {
        static char url[200];

        snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", http_server_port(f->server), path);
        return (struct client_request){
                .method = method, .url = url, .timeout_ms = 5000, .max_bytes = 4096
        };
}

TEST(requests) {
        struct fixture f = start(echo);
        struct client_request get = request(&f, "GET", "/a"), r;
        _cleanup_buf_ struct buf b = { 0 };
        int status = 0;
        struct err err;

        CHECK_OK(client_do(&get, NULL, NULL, &status, &b, &err));
        CHECK(status == 200);
        CHECK_STR(b.data, "GET /a|-|-|");
        buf_clear(&b);
        r = request(&f, "PATCH", "/missing");
        r.token = "secret", r.content_type = "text/x";
        r.body = "hello", r.n = 5;
        CHECK_OK(client_do(&r, NULL, NULL, &status, &b, &err));
        CHECK(status == 404);
        CHECK_STR(b.data, "PATCH /missing|Bearer secret|text/x|hello");
        buf_clear(&b);
        r = request(&f, "POST", "/empty");
        CHECK_OK(client_do(&r, NULL, NULL, &status, &b, &err));
        CHECK(status == 200 && strncmp(b.data, "POST /empty|", 12) == 0);
        r = request(&f, "HEAD", "/x");
        buf_clear(&b);
        CHECK_OK(client_do(&r, NULL, NULL, &status, &b, &err));
        CHECK(status == 200 && b.len == 0);
        tear_down(&f);
}

TEST(failures) {
        struct fixture f = start(echo), g = start(never);
        struct client_request r = request(&f, "GET", "/a");
        _cleanup_buf_ struct buf b = { 0 };
        int status = 7;
        struct err err;

        r.max_bytes = 5;
        CHECK(client_do(&r, NULL, NULL, &status, &b, &err) < 0 && err.kind == ERR_TOO_LARGE);
        r.max_bytes = 4096;
        r.token = "a\r\nX-Evil: 1";
        CHECK(client_do(&r, NULL, NULL, &status, &b, &err) < 0 && err.kind == ERR_INVALID);
        r.token = NULL;
        r.url = "file:///etc/passwd";
        CHECK(client_do(&r, NULL, NULL, &status, &b, &err) < 0 && err.kind == ERR_INVALID);
        r.url = "http://127.0.0.1:1/";
        CHECK(client_do(&r, NULL, NULL, &status, &b, &err) < 0 && err.kind == ERR_UNAVAILABLE);
        r = request(&g, "GET", "/");
        r.timeout_ms = 200;
        CHECK(client_do(&r, NULL, NULL, &status, &b, &err) < 0 && err.kind == ERR_TIMEOUT);
        CHECK(status == 7 && b.len == 0);
        tear_down(&f);
        tear_down(&g);
}

static void flood(void *arg _unused_, struct http_req *req) {
        static char piece[8192];
        struct http_stream *s = http_stream_open(req, 200, NULL, sizeof(piece) * 64);

        for (int i = 0; i < 64; i++)
                CHECK(http_stream_write(s, piece, sizeof(piece)));
        http_stream_close(s);
}

static bool sink(void *arg, const char *data _unused_, size_t n) {
        size_t *left = arg;

        if (n >= *left)
                return false;
        *left -= n;
        return true;
}

TEST(streams) {
        struct fixture f = start(flood);
        struct client_request r = request(&f, "GET", "/");
        size_t some = 102400, all = 1048576;
        int status = 0;
        struct err err;

        CHECK_OK(client_do(&r, sink, &some, &status, NULL, &err)); /* stopped on the way */
        CHECK(status == 200);
        CHECK_OK(client_do(&r, sink, &all, &status, NULL, &err));
        CHECK(all == 1048576 - (size_t)64 * 8192);
        tear_down(&f);
}
