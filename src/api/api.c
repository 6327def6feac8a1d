/* The interface itself: what every request goes through before its handler and after it. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/credential.h"
#include "api/crowd.h"
#include "api/errands.h"
#include "api/idempotency.h"
#include "api/kept.h"
#include "api/live.h"
#include "api/logs.h"
#include "api/openapi.h"
#include "api/pages.h"
#include "api/passwords.h"
#include "api/places.h"
#include "api/problem.h"
#include "api/tally.h"
#include "api/tickets.h"
#include "api/wait.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

#define SLOW_US        INT64_C(1000000)
#define WATCHERS_MS    INT64_C(2000) /* until they have read what waits for them */
#define ERRAND_THREADS 2

static handler_fn *const handlers[] = {
#define ROUTE(m, t, handler, p, b, s, l, ps, a, w) handler,
#include "api/routes.def"
};

/* --- replies --- */

struct buf *call_buf(struct call *c) {
        buf_clear(&c->lane->scratch);
        return &c->lane->scratch;
}

const struct http_pair api_headers[] = {
        { "Cache-Control", "no-store" },
        { "X-Content-Type-Options", "nosniff" },
        { "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
        { NULL, NULL },
};

static void keep_answer(struct call *c, int status, const struct buf *body) {
        const struct key_answer answer = {
                .status = status, .location = c->location, .body = body->data, .n = body->len
        };

        if (c->key)
                idempotency_finish(c->api->keys, TAKE(c->key),
                                   status >= 200 && status < 300 ? &answer : NULL);
}

void call_reply(struct call *c, int status, const char *type, const struct buf *body) {
        http_add_header(c->req, "X-Request-ID", c->origin.request_id);
        if (*c->location)
                http_add_header(c->req, "Location", c->location);
        keep_answer(c, status, body);
        http_reply(c->req, status, type, body->data, body->len);
}

void call_reply_json(struct call *c, int status) {
        call_reply(c, status, TYPE_JSON, &c->lane->scratch);
}

void call_etag(const struct buf *body, char ret[ETAG_SIZE]) {
        uint8_t digest[SHA256_SIZE];

        sha256(body->data, body->len, digest);
        ret[0] = '"';
        hex_encode(digest, (ETAG_SIZE - 3) / 2, ret + 1);
        ret[ETAG_SIZE - 2] = '"';
        ret[ETAG_SIZE - 1] = '\0';
}

bool call_has(const struct call *c, const char *etag) {
        return credential_etag(http_header(c->req, "If-None-Match"), etag);
}

void call_reply_etag(struct call *c, const struct buf *body, const char *etag) {
        bool same = call_has(c, etag);

        http_add_header(c->req, "Cache-Control", "private, no-cache");
        http_add_header(c->req, "ETag", etag);
        call_reply(c, same ? 304 : 200, same ? NULL : TYPE_JSON, same ? call_buf(c) : body);
}

void call_reply_kept(struct call *c, struct http_blob *body, const char *etag) {
        if (call_has(c, etag)) {
                call_reply_etag(c, call_buf(c), etag);
                return;
        }
        http_add_header(c->req, "Cache-Control", "private, no-cache");
        http_add_header(c->req, "ETag", etag);
        http_add_header(c->req, "X-Request-ID", c->origin.request_id);
        http_reply_blob(c->req, 200, TYPE_JSON, body);
}

struct http_stream *call_stream(struct call *c, const char *type, size_t max_pending_bytes) {
        http_add_header(c->req, "X-Request-ID", c->origin.request_id);
        return http_stream_open(c->req, 200, type, max_pending_bytes);
}

void call_add_location(struct call *c, const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(c->location, sizeof(c->location), fmt, ap);
        va_end(ap);
}

/* --- commands and queries --- */

struct pending {
        struct call *call;
        void (*finish)(struct call *c, struct command *cmd);
        void (*finish_query)(struct call *c, struct query *q);
};

static void on_resume_command(struct http_req *req _unused_, void *arg) {
        struct command *cmd = arg;
        struct pending *p = cmd->arg;

        p->finish(p->call, cmd);
}

/* On the commit thread. */
static void on_command_done(struct command *cmd) {
        const struct pending *p = cmd->arg;

        http_resume(p->call->req, on_resume_command, cmd);
}

void call_submit(struct call *c, struct command *cmd,
                 void (*finish)(struct call *c, struct command *cmd)) {
        struct pending *p = arena_new(http_arena(c->req), struct pending);

        *p = (struct pending){ .call = c, .finish = finish };
        cmd->origin = c->origin;
        cmd->done = on_command_done;
        cmd->arg = p;
        http_suspend(c->req);
        engine_submit(c->api->config.engine, cmd);
}

static void on_resume_query(struct http_req *req _unused_, void *arg) {
        struct query *q = arg;
        struct pending *p = q->arg;

        p->finish_query(p->call, q);
}

/* On the reader's thread. */
static void on_query_done(struct query *q) {
        const struct pending *p = q->arg;

        http_resume(p->call->req, on_resume_query, q);
}

void call_query(struct call *c, struct query *q, void (*finish)(struct call *c, struct query *q)) {
        struct pending *p = arena_new(http_arena(c->req), struct pending);

        *p = (struct pending){ .call = c, .finish_query = finish };
        q->done = on_query_done;
        q->arg = p;
        http_suspend(c->req);
        engine_query(c->api->config.engine, q);
}

/* --- the way to a handler --- */

static struct lane *lane_of(struct api *a, const struct loop *loop) {
        for (size_t i = 0; i < a->config.n_loops; i++)
                if (a->lanes[i].loop == loop)
                        return &a->lanes[i];
        abort(); /* a request comes on one of the interface's loops */
}

/* Ours: a prefix drawn at the start, and a count in hexadecimal. */
static void make_request_id(struct api *a, char ret[REQUEST_ID_SIZE]) {
        uint64_t n = atomic_fetch_add_explicit(&a->next_id, 1, memory_order_relaxed);
        size_t at = strlen(a->id_prefix);

        memcpy(ret, a->id_prefix, at);
        for (int shift = 60; shift >= 0; shift -= 4)
                if (n >> shift || shift == 0)
                        ret[at++] = "0123456789abcdef"[n >> shift & 15];
        ret[at] = '\0';
}

static void set_request_id(struct call *c) {
        const char *given = http_header(c->req, "X-Request-ID");
        char *id = c->origin.request_id;

        if (credential_request_id(given))
                memcpy(id, given, strlen(given) + 1);
        else
                make_request_id(c->api, id);
}

/* Takes from the bucket of WHICH; replies and returns false when that is empty. */
static bool is_within(struct call *c, enum limit which) {
        struct limit_key key;
        int64_t wait;

        if (!c->api->config.limits || which == LIMIT_NONE)
                return true;
        key = limit_rules[which].scope == LIMIT_PER_ADDRESS ?
                      limit_key_address(http_peer(c->req)) :
                      limit_key_account(c->origin.account, c->origin.user,
                                        (uint64_t)(c->route - routes));
        wait = limits_take(c->api->limits, which, key, clock_mono_us());
        if (wait)
                problem_reply_rate(c, which, wait);
        return wait == 0;
}

static bool is_known(struct call *c) {
        switch ((int)c->route->permission) {
        case PERMISSION_PUBLIC:
                return true;
        case PERMISSION_OPEN:
                return guard_open(c);
        case PERMISSION_BOARD:
                return guard_board(c);
        default:
                return guard_check(c);
        }
}

static bool is_admitted(struct call *c) {
        enum permission p = c->route->permission;

        if (!is_known(c) ||
            !is_within(c,
                       p == PERMISSION_PUBLIC || c->origin.user ? c->route->limit : LIMIT_ADDRESS))
                return false;
        if (p == PERMISSION_PUBLIC || p == PERMISSION_OPEN || p == PERMISSION_BOARD ||
            call_may(c, p))
                return true;
        problem_replyf(c, ERR_FORBIDDEN, "This needs the permission \"%s\"",
                       permission_name(c->route->permission));
        return false;
}

static bool read_body(struct call *c) {
        const char *text, *type = http_header(c->req, "Content-Type");
        struct err err;
        size_t n;

        if (c->route->body == BODY_NONE || c->route->body == BODY_RAW)
                return true;
        text = http_body(c->req, &n);
        if (body_parse(type, text, n, c->route->body, &c->body, &err) == 0)
                return true;
        problem_reply(c, &err);
        return false;
}

/* What makes a request the same: its route and its body. */
static void digest_request(const struct call *c, uint8_t digest[SHA256_SIZE]) {
        _cleanup_buf_ struct buf b = { 0 };
        const char *text;
        size_t n;

        text = http_body(c->req, &n);
        buf_str(&b, c->route->template);
        buf_char(&b, '\n');
        buf_add(&b, text, n);
        sha256(b.data, b.len, digest);
}

static void replay(struct call *c, const struct key_answer *answer) {
        struct buf *b = call_buf(c);

        buf_add(b, answer->body, answer->n);
        call_add_location(c, "%s", answer->location);
        http_add_header(c->req, "Idempotency-Replayed", "true");
        call_reply_json(c, answer->status);
}

/* Is this the first request with its key?  Else it is answered here. */
static bool is_first(struct call *c) {
        const char *key = http_header(c->req, "Idempotency-Key");
        struct key_answer answer = { 0 };
        uint8_t digest[SHA256_SIZE];

        if (!key || !(c->route->params & UINT64_C(1) << PARAM_KEY))
                return true;
        if (!*key || strlen(key) > IDEMPOTENCY_KEY_MAX) {
                problem_replyf(c, ERR_INVALID, "Idempotency-Key: must be 1 to %d bytes",
                               IDEMPOTENCY_KEY_MAX);
                return false;
        }
        digest_request(c, digest);
        switch (idempotency_begin(c->api->keys, c->origin.user, key, digest, clock_now_ms(),
                                  http_arena(c->req), &c->key, &answer)) {
        case KEY_NEW:
                return true;
        case KEY_ANSWERED:
                replay(c, &answer);
                break;
        case KEY_BUSY:
                problem_replyf(c, ERR_CONFLICT,
                               "A request with this Idempotency-Key is in progress");
                break;
        case KEY_OTHER:
                problem_replyf(c, ERR_CONFLICT,
                               "This Idempotency-Key was used with another request");
                break;
        }
        return false;
}

/* No path, or no such method on it.  Strangers are limited by address. */
static void refuse_unrouted(struct call *c, bool path) {
        char allow[ROUTE_ALLOW];

        if (!is_within(c, LIMIT_ADDRESS))
                return;
        if (!path) {
                problem_replyf(c, ERR_NOT_FOUND, "There is nothing at this address");
                return;
        }
        router_allow(c->route->template, allow);
        http_add_header(c->req, "Allow", allow);
        if (http_method(c->req) == HTTP_OPTIONS)
                call_reply(c, 204, NULL, call_buf(c));
        else
                problem_replyf(c, ERR_METHOD, "Allowed here: %s", allow);
}

void api_handle(void *api, struct http_req *req) {
        struct call *c = arena_new(http_arena(req), struct call);
        struct match match;

        *c = (struct call){ .api = api, .req = req, .lane = lane_of(api, http_loop(req)) };
        http_set_context(req, c);
        set_request_id(c);
        router_match(http_method(req), http_path(req), &match);
        c->route = match.route;
        memcpy(c->param, match.params[0], sizeof(c->param));
        memcpy(c->param2, match.params[1], sizeof(c->param2));
        if (!match.path || !match.method)
                refuse_unrouted(c, match.path);
        else if (is_admitted(c) && read_body(c) && is_first(c))
                handlers[c->route - routes](c);
}

/* --- after it --- */

static const struct {
        int status;
        const char *code, *title;
} other_codes[] = {
        { 408, "request_timeout", "The request did not arrive in time" },
        { 414, "uri_too_long", "The address is too long" },
        { 431, "header_fields_too_large", "The header fields are too large" },
};

void api_error_body(struct http_req *req, int status, struct buf *body) {
        enum err_kind kind = status == 413 ? ERR_TOO_LARGE :
                             status < 500  ? ERR_INVALID :
                                             ERR_INTERNAL;
        const char *given = http_header(req, "X-Request-ID");
        struct problem p = { .status = status, .code = err_code(kind), .title = err_title(kind) };
        char id[17];
        uint8_t chance[8];

        for (size_t i = 0; i < ARRAY_SIZE(other_codes); i++) {
                if (other_codes[i].status != status)
                        continue;
                p.code = other_codes[i].code;
                p.title = other_codes[i].title;
        }
        random_bytes(chance, sizeof(chance));
        hex_encode(chance, sizeof(chance), id);
        p.request_id = credential_request_id(given) ? given : id;
        http_add_header(req, "X-Request-ID", p.request_id);
        problem_write(body, &p);
}

/* Changes and refusals are logged; reads that went well would drown them. */
static void log_access(const struct call *c, int status, int64_t us) {
        enum http_method method = http_method(c->req);
        bool read = method == HTTP_GET || method == HTTP_HEAD;

        log_write(read && status < 400 && us < SLOW_US ? LOG_DEBUG : LOG_INFO, "request",
                  LOG_ARGS(LOG_TEXT("request_id", c->origin.request_id),
                           LOG_TEXT("method", http_method_name(method)),
                           LOG_TEXT("route", c->route ? c->route->template : "other"),
                           LOG_INT("status", status), LOG_INT("ms", us / 1000), LOG_INT("us", us),
                           LOG_INT("user", c->origin.user)));
}

void api_done(void *api, struct http_req *req) {
        struct api *a = api;
        struct call *c = http_context(req);
        int64_t us = clock_mono_us() - http_started_us(req);

        tally_request(a->tally, c ? c->route : NULL, http_method(req), http_status(req),
                      (double)us / 1e6);
        if (!c)
                return;
        log_access(c, http_status(req), us);
        json_decref(c->body);
        if (c->key)
                idempotency_finish(c->api->keys, TAKE(c->key), NULL);
}

/* --- life --- */

static int live_open(struct api *a, struct err *err) {
        uint8_t key[KEY_SIZE];

        engine_stream_key(a->config.engine, key);
        a->tickets = tickets_new(key);
        a->places = places_new(a->config.max_watchers, a->config.user_watchers);
        a->live = live_new(a);
        for (size_t i = 0; i < a->config.n_loops; i++)
                if (crowd_new(&a->lanes[i], &a->lanes[i].crowd, err) < 0)
                        return -1;
        return 0;
}

int api_new(const struct api_config *config, struct api **ret, struct err *err) {
        _cleanup_(api_freep) struct api *a = calloc(1, sizeof(*a));
        uint8_t chance[6];

        assert(a && config->n_loops > 0);
        a->config = *config;
        a->model = engine_read_model(config->engine);
        a->limits = limits_new();
        a->keys = idempotency_new();
        a->tally = tally_new();
        random_bytes(chance, sizeof(chance));
        hex_encode(chance, sizeof(chance), a->id_prefix);
        a->id_prefix[2 * sizeof(chance)] = '-';
        openapi_write(&a->openapi, BERTH_VERSION);
        call_etag(&a->openapi, a->openapi_etag);
        a->lanes = calloc(config->n_loops, sizeof(*a->lanes));
        assert(a->lanes);
        for (size_t i = 0; i < config->n_loops; i++) {
                wait_lane_init(&a->lanes[i], a, config->loops[i]);
                a->lanes[i].digests = guard_digests_new();
                a->lanes[i].kept = kept_new();
                a->lanes[i].pages = pages_new();
        }
        if (live_open(a, err) < 0 || followers_new(config->max_followers, &a->followers, err) < 0 ||
            passwords_new((unsigned)config->n_loops, &a->passwords, err) < 0 ||
            errands_new(ERRAND_THREADS, &a->errands, err) < 0)
                return -1;
        *ret = TAKE(a);
        return 0;
}

void api_quiesce(struct api *a) {
        atomic_store(&a->quiet, true);
        followers_quiesce(a->followers);
        passwords_quiesce(a->passwords);
        errands_quiesce(a->errands);
        crowd_quiesce(a, WATCHERS_MS);
        for (size_t i = 0; i < a->config.n_loops; i++)
                wait_lane_quiesce(&a->lanes[i]);
}

struct api *api_free(struct api *a) {
        if (!a)
                return NULL;
        followers_free(a->followers);
        passwords_free(a->passwords);
        errands_free(a->errands);
        for (size_t i = 0; a->lanes && i < a->config.n_loops; i++) {
                wait_lane_done(&a->lanes[i]);
                free(a->lanes[i].digests);
                kept_free(a->lanes[i].kept);
                crowd_free(a->lanes[i].crowd);
                pages_free(a->lanes[i].pages);
        }
        free(a->lanes);
        live_free(a->live);
        tickets_free(a->tickets);
        places_free(a->places);
        idempotency_free(a->keys);
        limits_free(a->limits);
        tally_free(a->tally);
        buf_done(&a->openapi);
        free(a);
        return NULL;
}

void api_notice(void *api, const struct notice *notices, size_t n) {
        struct api *a = api;

        for (size_t i = 0; i < a->config.n_loops; i++)
                wait_notice(&a->lanes[i], notices, n);
        live_notice(a->live, notices, n);
}
