#include "net/http_testing.h"
#include "net/tls_testing.h"
#include "net/ws.h"

#include <curl/curl.h>

static void answer(void *arg, struct http_req *req) {
        struct http_stream *s;
        size_t n;

        (void)arg;
        if (strcmp(http_path(req), "/stream") != 0) {
                http_body(req, &n);
                http_reply(req, n == 5 ? 201 : 200, "text/plain", "secret", 6);
                return;
        }
        s = http_stream_open(req, 200, NULL, 100);
        CHECK(http_stream_write(s, "piece", 5));
        http_stream_close(s);
}

static size_t take(char *data, size_t size, size_t n, void *arg) {
        buf_add(arg, data, size * n);
        return size * n;
}

struct upload {
        size_t left;
};

static size_t give(char *to, size_t size, size_t n, void *arg) {
        struct upload *u = arg;

        n *= size;
        n = n < u->left ? n : u->left;
        memset(to, 'x', n);
        u->left -= n;
        return n;
}

/* A POST of N bytes, in chunks when CHUNKED; the status. */
static long request(const struct fixture *f, const char *path, size_t n, bool chunked,
                    struct buf *ret) {
        struct upload upload = { n };
        struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
        CURL *c = curl_easy_init();
        long status = 0;
        char url[100];

        snprintf(url, sizeof(url), "https://127.0.0.1:%u%s", http_server_port(f->server), path);
        curl_easy_setopt(c, CURLOPT_URL, url);
        curl_easy_setopt(c, CURLOPT_CAINFO, CERT);
        curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 10000L);
        curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(c, CURLOPT_WRITEDATA, ret);
        if (n) {
                curl_easy_setopt(c, CURLOPT_POST, 1L);
                curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
                curl_easy_setopt(c, CURLOPT_READDATA, &upload);
                curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
                                 chunked ? (curl_off_t)-1 : (curl_off_t)n);
        }
        CHECK(curl_easy_perform(c) == CURLE_OK);
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_cleanup(c);
        curl_slist_free_all(headers);
        return status;
}

TEST(serves_over_tls) {
        struct http_config c = test_config(answer, NULL);
        _cleanup_buf_ struct buf b = { 0 };
        struct fixture f;

        enter_folder();
        c.tls_cert = CERT;
        c.tls_key = KEY;
        set_up(&f, &c);
        CHECK(request(&f, "/", 0, false, &b) == 200);
        CHECK_STR(b.data, "secret");
        CHECK(request(&f, "/", 5, true, &b) == 201);
        buf_clear(&b);
        CHECK(request(&f, "/stream", 0, false, &b) == 200);
        CHECK_STR(b.data, "piece");
        buf_clear(&b);
        CHECK(request(&f, "/", 1000000, false, &b) == 413);
        CHECK_STR(b.data, "{\"status\":413}");
        buf_clear(&b);
        CHECK(request(&f, "/", 1000000, true, &b) == 413);
        CHECK_STR(b.data, "{\"status\":413}");
        tear_down(&f);
        leave_folder();
}

/* --- a connection that leaves HTTP, which is carried through TLS --- */

struct carried {
        struct fixture f;
        struct ws *ws[N_LOOPS];
        struct ws_peer *peer;
        atomic_uint closed;
};

static void on_text(void *arg, const char *text, size_t n) {
        struct carried *c = arg;
        static char big[100000]; /* more than all buffers on its way */

        if (n == 3 && memcmp(text, "big", 3) == 0) {
                memset(big, 'x', sizeof(big));
                CHECK(ws_send_text(c->peer, big, sizeof(big)));
        } else {
                CHECK(ws_send_text(c->peer, text, n));
        }
}

static void on_closed(void *arg, enum ws_end end _unused_, int code _unused_) {
        ((struct carried *)arg)->closed++;
}

static void on_taken(void *arg, int fd, struct http_link *link, const void *early, size_t n) {
        struct carried *c = arg;

        CHECK(fd >= 0 && link);
        for (int i = 0; i < N_LOOPS; i++)
                if (loop_is_mine(c->f.loops[i]))
                        c->peer = ws_add(c->ws[i], fd, link, early, n, c);
}

static void upgrade(void *arg, struct http_req *req) {
        http_add_header(req, "Upgrade", "websocket");
        CHECK(http_upgrade(req, on_taken, arg));
}

static CURL *connect_tls(const struct fixture *f) {
        CURL *c = curl_easy_init();
        char url[100];

        snprintf(url, sizeof(url), "https://127.0.0.1:%u/", http_server_port(f->server));
        curl_easy_setopt(c, CURLOPT_URL, url);
        curl_easy_setopt(c, CURLOPT_CAINFO, CERT);
        curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
        CHECK(curl_easy_perform(c) == CURLE_OK);
        return c;
}

static void tls_say(CURL *c, const void *data, size_t n) {
        size_t sent;

        CHECK(curl_easy_send(c, data, n, &sent) == CURLE_OK && sent == n);
}

/* Until B is WANT bytes long, or at the end of the connection. */
static bool tls_hear(CURL *c, struct buf *b, size_t want) {
        int64_t end = clock_mono_ms() + 5000;
        char part[16384];
        size_t n;

        while (b->len < want && clock_mono_ms() < end) {
                CURLcode r = curl_easy_recv(c, part, sizeof(part), &n);

                if (r == CURLE_OK && n == 0)
                        return false;
                if (r == CURLE_OK)
                        buf_add(b, part, n);
                else if (r != CURLE_AGAIN)
                        return false;
                else
                        usleep(1000);
        }
        return b->len >= want;
}

TEST(a_connection_leaves_http_under_tls) {
        static const char ask[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                                  "Upgrade: websocket\r\n\r\n";
        static const struct ws_events events = { on_text, NULL, on_closed };
        static const struct ws_limits limits = { .max_message_bytes = 4096,
                                                 .max_pending_bytes = 1 << 20,
                                                 .silent_ms = 45000 };
        struct carried line = { 0 };
        struct http_config config = test_config(upgrade, &line);
        _cleanup_buf_ struct buf got = { 0 }, frame = { 0 };
        struct err err;
        size_t head;
        CURL *c;

        enter_folder();
        config.tls_cert = CERT;
        config.tls_key = KEY;
        set_up(&line.f, &config);
        for (int i = 0; i < N_LOOPS; i++)
                CHECK_OK(ws_new(line.f.loops[i], &limits, &events, &line.ws[i], &err));
        c = connect_tls(&line.f);
        tls_say(c, ask, strlen(ask));
        while (!has(&got, "\r\n\r\n"))
                CHECK(tls_hear(c, &got, got.len + 1));
        CHECK(starts(&got, "HTTP/1.1 101 "));
        head = got.len;
        ws_frame_add(&frame, WS_CLIENT, WS_TEXT, "echo", 4);
        ws_frame_add(&frame, WS_CLIENT, WS_TEXT, "big", 3);
        tls_say(c, frame.data, frame.len);
        CHECK(tls_hear(c, &got, head + 6 + 100010));
        CHECK(memcmp(got.data + head,
                     "\x81\x04"
                     "echo\x81\x7f",
                     8) == 0);
        ws_quiesce(line.ws, N_LOOPS, WS_GOING_AWAY, 200);
        CHECK(line.closed == 1);
        CHECK(tls_hear(c, &got, head + 6 + 100010 + 4) && !tls_hear(c, &got, got.len + 1));
        CHECK(memcmp(got.data + got.len - 4, "\x88\x02\x03\xe9", 4) == 0);
        curl_easy_cleanup(c);
        http_server_free(line.f.server);
        for (int i = 0; i < N_LOOPS; i++) {
                ws_free(line.ws[i]);
                loop_stop(line.f.loops[i]);
                loop_free(line.f.loops[i]);
        }
        leave_folder();
}

TEST(plain_text_to_a_tls_port) {
        struct http_config c = test_config(answer, NULL);
        _cleanup_buf_ struct buf b = { 0 };
        struct fixture f;
        int fd;

        enter_folder();
        c.tls_cert = CERT;
        c.tls_key = KEY;
        set_up(&f, &c);
        fd = dial(&f);
        say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(hear_end(fd, &b, 5000));
        CHECK(!has(&b, "HTTP") && !has(&b, "secret"));
        close(fd);
        tear_down(&f);
        leave_folder();
}

TEST(the_wrong_key_refuses_to_start) {
        struct http_config c = test_config(answer, NULL);
        struct http_server *s;
        struct loop *l;
        struct err err;

        enter_folder();
        CHECK(rename(KEY, "first") == 0);
        make_certificate(); /* another pair */
        CHECK(rename("first", KEY) == 0);
        c.tls_cert = CERT;
        c.tls_key = KEY;
        CHECK_OK(loop_new("test", &l, &err));
        CHECK(http_server_new(&c, &l, 1, &s, &err) < 0 && err.kind == ERR_INVALID);
        CHECK(strstr(err.msg, CERT) && strstr(err.msg, KEY));
        loop_free(l);
        leave_folder();
}
