/*
 * The whole interface for tests: an engine with the fake runtime, an HTTP
 * server on the loopback, an admin, two players, and a client that sees every
 * byte.  Only *_test.c include this.
 */
#pragma once

#include <arpa/inet.h>
#include <ctype.h>
#include <strings.h>
#include <sys/socket.h>

#include "api/api.h"
#include "base/json.h"
#include "core/testbed.h"
#include "net/http.h"

enum who { NOBODY = -1, ADA, BOB, ADMIN, ORGANISER, _WHO_N };

struct site {
        struct bed bed;
        struct loop *loop;
        struct http_server *server;
        struct api *api;
        char tokens[_WHO_N][TOKEN_TEXT];
        int64_t ids[_WHO_N];
        unsigned user_watchers; /* 0: 20; from the next start on */
};

/* The engine is older than the interface that it tells. */
static struct api *site_api;

static void site_notice(void *arg _unused_, const struct notice *notices, size_t n) {
        struct api *a = __atomic_load_n(&site_api, __ATOMIC_ACQUIRE);

        if (a)
                api_notice(a, notices, n);
}

static inline int64_t site_user(struct site *s, const char *name, enum role role) {
        struct user_create u = { .command.origin.tenant = s->bed.tenant, .user.role = role };
        struct err err;

        snprintf(u.user.name, sizeof(u.user.name), "%s", name);
        user_create_command(&u);
        CHECK_OK(engine_call(s->bed.engine, &u.command, &err));
        return u.user.id;
}

static inline void site_token(struct site *s, enum who who) {
        struct token_create t = { .command.origin.tenant = s->bed.tenant, .user = s->ids[who] };
        struct err err;

        token_create_command(&t);
        CHECK_OK(engine_call(s->bed.engine, &t.command, &err));
        memcpy(s->tokens[who], t.text, TOKEN_TEXT);
}

static inline void site_people(struct site *s) {
        bed_people(&s->bed, policy_default);
        s->ids[ADA] = s->bed.users[0].id;
        s->ids[BOB] = s->bed.users[1].id;
        s->ids[ADMIN] = site_user(s, "admin", ROLE_ADMIN);
        s->ids[ORGANISER] = site_user(s, "organiser", ROLE_ORGANISER);
        for (enum who w = ADA; w < _WHO_N; w++)
                site_token(s, w);
}

/* The interface on the engine that runs. */
static inline void site_open(struct site *s, bool limits) {
        struct api_config config = { .loops = &s->loop,
                                     .n_loops = 1,
                                     .limits = limits,
                                     .max_followers = 2,
                                     .max_watchers = 400,
                                     .user_watchers = s->user_watchers ? s->user_watchers : 20 };
        struct http_config http = { .listen = "127.0.0.1:0",
                                    .max_body_bytes = 1 << 20,
                                    .max_header_bytes = 16384,
                                    .max_connections = 1000,
                                    .idle_timeout_s = 10,
                                    .headers = api_headers,
                                    .handler = api_handle,
                                    .on_done = api_done,
                                    .error_body = api_error_body };
        struct err err;

        CHECK_OK(loop_new("http", &s->loop, &err));
        loop_start(s->loop);
        config.engine = s->bed.engine;
        CHECK_OK(api_new(&config, &s->api, &err));
        __atomic_store_n(&site_api, s->api, __ATOMIC_RELEASE);
        http.arg = s->api;
        CHECK_OK(http_server_new(&http, &s->loop, 1, &s->server, &err));
}

/* Ends it, and the engine. */
static inline void site_close(struct site *s) {
        api_quiesce(s->api);
        http_server_quiesce(s->server, 5000);
        engine_stop(s->bed.engine, 10000);
        http_server_free(s->server);
        loop_stop(s->loop);
        __atomic_store_n(&site_api, NULL, __ATOMIC_RELEASE);
        api_free(s->api);
        loop_free(s->loop);
}

static inline void site_init(struct site *s, const char *options, int64_t capacity, bool limits) {
        *s = (struct site){ 0 };
        bed_init(&s->bed, options, capacity);
        bed_stop(&s->bed);
        s->bed.config.on_notice = site_notice;
        bed_start(&s->bed);
        site_people(s);
        site_open(s, limits);
}

/* As a daemon that is stopped and started. */
static inline void site_restart(struct site *s) {
        site_close(s);
        bed_stop(&s->bed);
        bed_start(&s->bed);
        site_open(s, false);
}

static inline void site_done(struct site *s) {
        site_close(s);
        bed_done(&s->bed);
}

/* --- a client --- */

struct reply {
        int status;
        char text[1 << 18]; /* all of it */
        const char *body;
        json_t *json; /* NULL when it is none */
};

static inline int site_connect(struct site *s) {
        struct sockaddr_in to = { .sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(s->server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct timeval limit = { .tv_sec = 30 };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
        CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
        return fd;
}

/* HEADERS: lines that end in \r\n. */
static inline int site_send(struct site *s, enum who who, const char *method, const char *path,
                            const char *headers, const char *body) {
        static char text[1 << 18];
        int fd = site_connect(s);
        int n = snprintf(text, sizeof(text),
                         "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s%s%s", method, path,
                         who == NOBODY ? "" : "Authorization: Bearer ",
                         who == NOBODY ? "" : s->tokens[who], who == NOBODY ? "" : "\r\n", headers);

        if (body)
                n += snprintf(text + n, sizeof(text) - (size_t)n, "Content-Length: %zu\r\n\r\n%s",
                              strlen(body), body);
        else
                n += snprintf(text + n, sizeof(text) - (size_t)n, "\r\n");
        CHECK((size_t)n < sizeof(text) && write(fd, text, (size_t)n) == n);
        return fd;
}

static inline void site_receive(int fd, struct reply *r) {
        struct err err;
        size_t len = 0;
        ssize_t n;

        if (r->json)
                json_decref(r->json);
        *r = (struct reply){ 0 };
        while ((n = read(fd, r->text + len, sizeof(r->text) - len - 1)) > 0)
                len += (size_t)n;
        CHECK(n == 0);
        close(fd);
        CHECK(sscanf(r->text, "HTTP/1.1 %d", &r->status) == 1);
        r->body = strstr(r->text, "\r\n\r\n");
        CHECK(r->body);
        r->body += 4;
        if (json_parse(r->body, strlen(r->body), &r->json, &err) < 0)
                r->json = NULL;
}

static inline void site_ask(struct site *s, struct reply *r, enum who who, const char *method,
                            const char *path, const char *body) {
        site_receive(site_send(s, who, method, path,
                               body ? "Content-Type: application/json\r\n" : "", body),
                     r);
}

static inline const char *reply_header(const struct reply *r, const char *name) {
        static char value[512];
        size_t n = strlen(name);

        for (const char *at = r->text; (at = strstr(at, "\r\n")) && at + 4 != r->body;) {
                at += 2;
                if (strncasecmp(at, name, n) != 0 || at[n] != ':')
                        continue;
                at += n + 1 + strspn(at + n + 1, " ");
                snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"), at);
                return value;
        }
        return "";
}

/* A member as text: of a string its value, of all else its JSON, "" without one. */
static inline const char *reply_text(const struct reply *r, const char *key) {
        static char texts[4][512];
        static int next;
        const json_t *v = json_object_get(r->json, key);
        char *text = texts[next++ % 4], *dump;

        if (json_is_string(v)) {
                snprintf(text, sizeof(texts[0]), "%s", json_string_value(v));
                return text;
        }
        dump = v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        snprintf(text, sizeof(texts[0]), "%s", dump ? dump : "");
        free(dump);
        return text;
}

#define CHECK_STATUS(r, want)                                                                 \
        do {                                                                                  \
                if ((r)->status != (want)) {                                                  \
                        fprintf(stderr, "%s:%d: status %d, not %d: %s\n", __FILE__, __LINE__, \
                                (r)->status, (want), (r)->body);                              \
                        exit(1);                                                              \
                }                                                                             \
        } while (0)
