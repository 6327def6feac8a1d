#include "net/http_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/http_socket.h"

static const char *const names[] = {
        [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
        [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
        [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "OTHER",
};

const char *http_method_name(enum http_method m) { return names[m]; }

static enum http_method method_of(const char *name) {
        for (enum http_method m = HTTP_GET; m < HTTP_OTHER; m++)
                if (strcmp(name, names[m]) == 0)
                        return m;
        return HTTP_OTHER;
}

struct http_req *http_req_new(struct http_loop *hl, struct http_conn *conn) {
        struct http_req *req = hl->free;

        if (req) {
                hl->free = req->next;
                hl->n_free--;
        } else if (!(req = calloc(1, sizeof(*req)))) {
                abort();
        }
        req->next = NULL;
        req->loop = hl;
        req->conn = conn;
        req->method = HTTP_OTHER;
        req->scratch = &req->arena;
        req->started_us = clock_mono_us();
        return req;
}

/* Empties B, and keeps its memory where that is worth keeping. */
static void recycle(struct buf *b) {
        if (b->cap > HTTP_KEEP_BYTES)
                buf_done(b);
        b->len = 0;
}

void http_req_free(struct http_req *req) {
        struct http_loop *hl = req->loop;
        struct buf target, body, answer;
        struct arena arena;

        arena_reset(&req->arena);
        if ((size_t)(req->arena.end - req->arena.at) > HTTP_KEEP_BYTES)
                arena_done(&req->arena);
        recycle(&req->target);
        recycle(&req->body);
        recycle(&req->answer);
        if (hl->n_free == HTTP_FREE_MAX || hl->closing) {
                buf_done(&req->target);
                buf_done(&req->body);
                buf_done(&req->answer);
                arena_done(&req->arena);
                free(req);
                return;
        }
        target = req->target, body = req->body, answer = req->answer;
        arena = req->arena;
        *req = (struct http_req){
                .target = target, .body = body, .answer = answer, .arena = arena, .next = hl->free
        };
        hl->free = req;
        hl->n_free++;
}

void http_uncount(struct http_req *req) {
        struct http_loop *hl = req->loop;

        if (!req->counted)
                return;
        req->counted = false;
        if (--hl->in_flight == 0 && hl->quiescing)
                http_idle(hl);
}

void http_finish(struct http_req *req) {
        const struct http_config *c = &req->loop->server->config;

        if (req->seen && c->on_done)
                c->on_done(c->arg, req);
        req->seen = false;
}

/* --- what was asked --- */

enum http_method http_method(const struct http_req *req) { return req->method; }
const char *http_path(const struct http_req *req) { return req->path ? req->path : ""; }
struct arena *http_arena(struct http_req *req) {
        return &req->arena;
}
struct loop *http_loop(struct http_req *req) {
        return req->loop->loop;
}
int64_t http_started_us(const struct http_req *req) { return req->started_us; }
void http_set_context(struct http_req *req, void *context) { req->context = context; }
void *http_context(const struct http_req *req) { return req->context; }
int http_status(const struct http_req *req) { return req->status; }
bool http_gone(const struct http_req *req) { return http_socket_gone(req->conn->fd); }

const char *http_query(const struct http_req *req, const char *key) {
        return http_parse_query(req->query, key, req->scratch);
}

const char *http_header(const struct http_req *req, const char *name) {
        return req->mhd ? MHD_lookup_connection_value(req->mhd, MHD_HEADER_KIND, name) : NULL;
}

const char *http_body(const struct http_req *req, size_t *n) {
        *n = req->body.len;
        return req->body.len ? req->body.data : "";
}

/* Several X-Forwarded-For are one list, in their order. */
static enum MHD_Result join_forwarded(void *arg, enum MHD_ValueKind kind _unused_, const char *key,
                                      const char *value) {
        struct buf *all = arg;

        if (value && strcasecmp(key, "X-Forwarded-For") == 0) {
                if (all->len)
                        buf_char(all, ',');
                buf_str(all, value);
        }
        return MHD_YES;
}

const char *http_peer(const struct http_req *req) {
        const struct http_server *s = req->loop->server;
        struct in6_addr addr = req->conn->addr;
        _cleanup_buf_ struct buf all = { 0 };
        char *text;

        if (!s->n_trusted || !req->mhd)
                return req->conn->peer;
        MHD_get_connection_values(req->mhd, MHD_HEADER_KIND, join_forwarded, &all);
        if (all.len)
                http_parse_forwarded(all.data, s->trusted, s->n_trusted, &addr);
        text = arena_alloc(req->scratch, HTTP_ADDR_TEXT);
        http_parse_addr_text(&addr, text);
        return text;
}

bool http_secure(const struct http_req *req) {
        const struct http_server *s = req->loop->server;
        const char *proto;

        if (s->config.tls_cert)
                return true;
        if (!http_parse_is_one_of(&req->conn->addr, s->trusted, s->n_trusted))
                return false;
        proto = http_header(req, "X-Forwarded-Proto");
        return proto && strcasecmp(proto, "https") == 0;
}

/* --- the answer --- */

bool http_is_open(const struct http_req *req) {
        return loop_is_mine(req->loop->loop) &&
               (req->stage == HTTP_HANDLED || req->stage == HTTP_RESUMED) && !req->status;
}

void http_add_header(struct http_req *req, const char *name, const char *value) {
        size_t n = strlen(value);

        assert(req->n_headers < HTTP_HEADERS_MAX && !memchr(value, '\n', n) &&
               !memchr(value, '\r', n));
        if (n == 0) /* libmicrohttpd refuses it: such a header says nothing and is left out */
                return;
        req->headers[req->n_headers++] =
                (struct http_pair){ name, arena_grow(&req->arena, value, n + 1, n + 1) };
}

void http_reply(struct http_req *req, int status, const char *content_type, const void *body,
                size_t n) {
        assert(http_is_open(req));
        http_answer(req, status, content_type, body, n);
}

void http_reply_file(struct http_req *req, int status, const char *content_type, int fd, size_t n) {
        assert(http_is_open(req));
        http_respond(req, status, content_type, MHD_create_response_from_fd64(n, fd));
}

void http_error_body(struct http_req *req, int status) {
        struct http_server *s = req->loop->server;

        req->seen = true;
        req->status = status;
        recycle(&req->answer);
        if (s->config.error_body)
                s->config.error_body(req, status, &req->answer);
}

/* The body lives in the request's own buffer until the request is over. */
static void respond_error(struct http_req *req, int status) {
        http_respond(req, status, HTTP_ERROR_TYPE,
                     MHD_create_response_from_buffer(req->answer.len, req->answer.data,
                                                     MHD_RESPMEM_PERSISTENT));
}

/* Answers with an error of the server's own, and lets no handler see the request. */
static enum MHD_Result refuse(struct http_req *req, int status) {
        req->stage = HTTP_REFUSED;
        http_error_body(req, status);
        respond_error(req, status);
        return MHD_YES;
}

/* --- suspended requests --- */

void http_suspend(struct http_req *req) {
        struct http_loop *hl = req->loop;
        bool again = req->stage == HTTP_RESUMED;

        assert(http_is_open(req));
        req->stage = HTTP_WAITING;
        if (again)
                return;
        req->next = hl->waiting;
        req->link = &hl->waiting;
        if (req->next)
                req->next->link = &req->next;
        hl->waiting = req;
        MHD_suspend_connection(req->mhd);
}

void http_continue(struct http_req *req) {
        *req->link = req->next;
        if (req->next)
                req->next->link = req->link;
        req->next = NULL;
        req->link = NULL;
        MHD_resume_connection(req->mhd);
}

/* FN runs before libmicrohttpd goes on with the connection: that reads first, and where it finds
 * that the peer went away no callback but the last would come. */
static void on_wake(struct http_wake *wake) {
        struct http_req *req = container_of(wake, struct http_req, wake);

        if (!req->loop->closing) {
                req->stage = HTTP_RESUMED;
                req->resumed(req, req->resumed_arg);
                assert(req->status || req->stage == HTTP_WAITING);
        }
        if (req->status || req->loop->closing)
                http_continue(req);
}

void http_resume(struct http_req *req, void (*fn)(struct http_req *req, void *arg), void *arg) {
        req->resumed = fn;
        req->resumed_arg = arg;
        req->wake.fn = on_wake;
        http_wake(req->loop, &req->wake);
}

/* --- what libmicrohttpd calls --- */

/* The request line is there, as it was sent: the request begins. */
void *http_on_target(void *arg, const char *target, struct MHD_Connection *mhd) {
        struct http_conn *conn = http_conn_of(mhd);
        struct http_req *req = http_req_new(arg, conn);

        req->mhd = mhd;
        conn->req = req;
        conn->served = true;
        buf_str(&req->target, target);
        return req;
}

/* What the headers say of the body. */
struct framing {
        unsigned lengths, encodings;
        bool chunked, too_large;
        size_t max, length;
};

static enum MHD_Result look_at(void *arg, enum MHD_ValueKind kind _unused_, const char *key,
                               size_t key_n, const char *value, size_t value_n _unused_) {
        struct framing *f = arg;

        if (key_n == 14 && strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
                unsigned long long length = value ? strtoull(value, NULL, 10) : 0;

                f->lengths++;
                f->too_large = length > f->max;
                f->length = f->too_large ? 0 : (size_t)length;
        } else if (key_n == 17 && strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
                f->encodings++;
                f->chunked = value && strcasecmp(value, "chunked") == 0;
        }
        return MHD_YES;
}

static size_t header_bytes(const struct http_req *req) {
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(req->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

        return info ? info->header_size : 0;
}

/* The status to refuse the request with once its headers are known; 0 for none.  Two framings
 * at once are how requests are smuggled past a proxy: never guess which one was meant. */
static int check_headers(struct http_req *req, struct framing *f) {
        const struct http_server *s = req->loop->server;
        struct err err;

        if (req->target.len > s->max_target_bytes)
                return 414;
        if (http_parse_target(req->target.data, &req->path, &req->query, &err) < 0)
                return 400;
        if (header_bytes(req) > s->max_header_bytes)
                return 431;
        MHD_get_connection_values_n(req->mhd, MHD_HEADER_KIND, look_at, f);
        if (f->lengths + f->encodings > 1 || (f->encodings && !f->chunked))
                return 400;
        return f->too_large ? 413 : 0;
}

static enum MHD_Result begin(struct http_req *req, const char *method, const char *version) {
        int64_t idle_ms = 1000 * (int64_t)req->loop->server->config.idle_timeout_s;
        struct framing f = { .max = req->loop->server->config.max_body_bytes };
        int refusal;

        req->method = method_of(method);
        req->old = strcmp(version, MHD_HTTP_VERSION_1_1) != 0;
        req->counted = true;
        req->loop->in_flight++;
        refusal = check_headers(req, &f);
        if (refusal) {
                req->conn->cut = f.length || f.chunked || f.too_large;
                return refuse(req, refusal);
        }
        req->stage = HTTP_BODY;
        if (f.length)
                buf_reserve(&req->body, f.length);
        if (f.length || f.chunked)
                http_conn_expect(req->conn, 2 * idle_ms);
        return MHD_YES;
}

/* A chunked body is too large.  libmicrohttpd can answer only before a body or after it, so the
 * refusal goes out on the bare socket when it closes; under TLS there is none to be had, and the
 * rest is dropped until the body ends or its deadline comes. */
static enum MHD_Result overflow(struct http_req *req) {
        req->stage = HTTP_REFUSED;
        http_error_body(req, 413);
        buf_done(&req->body);
        if (req->loop->server->config.tls_cert)
                return MHD_YES;
        req->conn->refusal = 413;
        req->conn->cut = true;
        buf_add(&req->conn->answer, req->answer.data, req->answer.len);
        return MHD_NO;
}

static enum MHD_Result more_body(struct http_req *req, const char *data, size_t *n) {
        size_t got = *n;

        *n = 0;
        if (req->stage == HTTP_REFUSED)
                return MHD_YES;
        if (req->body.len + got > req->loop->server->config.max_body_bytes)
                return overflow(req);
        buf_add(&req->body, data, got);
        return MHD_YES;
}

static void handle(struct http_req *req) {
        struct http_server *s = req->loop->server;

        http_conn_expect(req->conn, 0);
        req->stage = HTTP_HANDLED;
        req->seen = true;
        s->config.handler(s->config.arg, req);
        assert(req->status || req->stage == HTTP_WAITING);
}

enum MHD_Result http_on_access(void *arg, struct MHD_Connection *mhd _unused_,
                               const char *url _unused_, const char *method, const char *version,
                               const char *data, size_t *n, void **context) {
        struct http_loop *hl = arg;
        struct http_req *req = *context;

        if (hl->closing)
                return MHD_NO;
        if (req->stage == HTTP_NEW)
                return begin(req, method, version);
        if (*n)
                return more_body(req, data, n);
        switch (req->stage) {
        case HTTP_BODY:
                handle(req);
                return MHD_YES;
        case HTTP_REFUSED: /* a chunked body under TLS, now at its end */
                respond_error(req, 413);
                return MHD_YES;
        case HTTP_NEW:
        case HTTP_HANDLED:
        case HTTP_WAITING:
        case HTTP_RESUMED:
                break;
        }
        abort();
}

void http_on_completed(void *arg, struct MHD_Connection *mhd _unused_, void **context,
                       enum MHD_RequestTerminationCode how _unused_) {
        struct http_loop *hl = arg;
        struct http_server *s = hl->server;
        struct http_req *req = *context;

        if (!req)
                return;
        *context = NULL;
        if (req->stream)
                http_stream_gone(req->stream);
        if (req->handover)
                http_upgrade_done(req);
        http_finish(req);
        http_answer_done(req);
        req->conn->req = NULL;
        http_conn_expect(req->conn, 2000 * (int64_t)s->config.idle_timeout_s);
        http_uncount(req);
        http_req_free(req);
}
