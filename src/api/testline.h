/*
 * A live stream for tests: a game on the interface's site, and a client of the
 * WebSocket that sees every byte.  Only *_test.c include this.
 */
#pragma once

#include <poll.h>

#include "api/testsite.h"
#include "net/ws_frame.h"

#define EASY                                                                          \
        "{\"name\":\"Easy\",\"slug\":\"easy\",\"value\":100,\"flags\":[\"F{easy}\"]," \
        "\"hints\":[{\"content\":\"one\",\"cost\":30}]}"
#define HARD "{\"name\":\"Hard\",\"slug\":\"hard\",\"value\":200,\"flags\":[\"F{hard}\"]}"

static struct site site;
static struct reply r;

static inline void begin(void) {
        site_init(&site, "", 10, false);
        bed_challenge_add(&site.bed, EASY);
        bed_challenge_add(&site.bed, HARD);
}

static inline void ask(enum who who, const char *method, const char *path, const char *body,
                       int status) {
        site_ask(&site, &r, who, method, path, body);
        CHECK_STATUS(&r, status);
}

static inline void solve(enum who who, const char *challenge) {
        char body[100];

        snprintf(body, sizeof(body), "{\"challenge\":\"%s\",\"flag\":\"F{%s}\"}", challenge,
                 challenge);
        ask(who, "POST", "/api/v2/submissions", body, 200);
        CHECK_STR(reply_text(&r, "result"), "correct");
}

static inline void award(const char *user, int value) {
        char body[100];

        snprintf(body, sizeof(body), "{\"user\":\"%s\",\"value\":%d,\"reason\":\"x\"}", user,
                 value);
        ask(ORGANISER, "POST", "/api/v2/awards", body, 201);
}

/* --- a client --- */

struct line {
        int fd;
        struct buf b; /* what came and was not looked at */
        json_t *json; /* of the last frame */
        struct buf text;
        int code; /* that it was closed with */
};

static inline struct line dial(const char *query, const char *headers, int status) {
        struct line l = { .fd = site_connect(&site) };
        char request[1000];
        int n = snprintf(request, sizeof(request),
                         "GET /scorestream%s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                         "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                         query, headers);
        const char *end = NULL;
        char part[4096];
        int got;

        CHECK(write(l.fd, request, (size_t)n) == n);
        while (!end) {
                ssize_t m = read(l.fd, part, sizeof(part));

                CHECK(m > 0);
                buf_add(&l.b, part, (size_t)m);
                end = strstr(l.b.data, "\r\n\r\n");
        }
        CHECK(sscanf(l.b.data, "HTTP/1.1 %d", &got) == 1);
        if (got != status)
                fprintf(stderr, "%s\n", l.b.data);
        CHECK(got == status);
        n = (int)(end + 4 - l.b.data);
        memmove(l.b.data, l.b.data + n, l.b.len - (size_t)n);
        l.b.len -= (size_t)n;
        return l;
}

static inline const char *ticket(enum who who) {
        static char text[100];

        ask(who, "POST", "/api/v2/stream/tickets", NULL, 200);
        snprintf(text, sizeof(text), "?ticket=%s", reply_text(&r, "ticket"));
        return text;
}

static inline struct line watch(enum who who, int64_t since) {
        char query[200];

        snprintf(query, sizeof(query), since >= 0 ? "%s&since=%lld" : "%s", ticket(who),
                 (long long)since);
        return dial(query, "", 101);
}

static inline void need(struct line *l, size_t n) {
        char part[16384];

        while (l->b.len < n) {
                struct pollfd p = { .fd = l->fd, .events = POLLIN };
                ssize_t m;

                CHECK(poll(&p, 1, 10000) == 1);
                m = read(l->fd, part, sizeof(part));
                CHECK(m > 0);
                buf_add(&l->b, part, (size_t)m);
        }
}

static inline void drop(struct line *l, size_t n) {
        memmove(l->b.data, l->b.data + n, l->b.len - n);
        l->b.len -= n;
}

/* The next text; false when it was closed. */
static inline bool next(struct line *l) {
        struct err err;

        json_decref(l->json);
        l->json = NULL;
        for (;;) {
                size_t n, head = 2;
                uint8_t op;

                need(l, 2);
                op = (uint8_t)l->b.data[0] & 0xf;
                n = (uint8_t)l->b.data[1];
                head = n < 126 ? 2 : n == 126 ? 4 : 10;
                need(l, head);
                for (size_t i = 2, m = n = head == 2 ? n : 0; i < head; i++)
                        n = m = m << 8 | (uint8_t)l->b.data[i];
                need(l, head + n);
                if (op == WS_TEXT) {
                        buf_clear(&l->text);
                        buf_add(&l->text, l->b.data + head, n);
                        CHECK_OK(json_parse(l->text.data, n, &l->json, &err));
                } else if (op == WS_CLOSE) {
                        l->code = ws_close_code((uint8_t *)l->b.data + head, n);
                }
                drop(l, head + n);
                if (op == WS_TEXT || op == WS_CLOSE)
                        return op == WS_TEXT;
        }
}

static inline const char *text(const struct line *l, const char *key) {
        const char *s = json_string_value(json_object_get(l->json, key));

        return s ? s : "";
}

static inline int64_t number(const struct line *l, const char *key) {
        return json_integer_value(json_object_get(l->json, key));
}

/* The next frame is of TYPE. */
static inline void expect(struct line *l, const char *type) {
        CHECK(next(l));
        if (strcmp(text(l, "type"), type) != 0)
                fprintf(stderr, "%s\n", l->text.data);
        CHECK_STR(text(l, "type"), type);
}

static inline void hang_up(struct line *l) {
        close(l->fd);
        buf_done(&l->b);
        buf_done(&l->text);
        json_decref(l->json);
        *l = (struct line){ .fd = -1 };
}

static inline void expect_close(struct line *l, int code) {
        CHECK(!next(l));
        CHECK(l->code == code);
        hang_up(l);
}

/* Nothing comes but what an announcement brings. */
static inline void expect_nothing(struct line *l) {
        ask(ORGANISER, "POST", "/api/v2/announcements", "{\"title\":\"mark\",\"text\":\"x\"}", 201);
        expect(l, "announcement");
        CHECK_STR(text(l, "title"), "mark");
}
