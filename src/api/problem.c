#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/problem.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metric.h"

static const char *detail_of(const struct problem *p) { return p->detail ? p->detail : p->title; }

static void write_common(struct buf *b, const struct problem *p) {
        json_key(b, "code");
        json_text(b, p->code);
        json_key(b, "request_id");
        json_text(b, p->request_id);
        json_key(b, "error");
        json_text(b, detail_of(p));
}

void problem_write(struct buf *b, const struct problem *p) {
        char type[64];

        snprintf(type, sizeof(type), "urn:berth:problem:%s", p->code);
        json_open(b, '{');
        json_key(b, "type");
        json_text(b, type);
        json_key(b, "title");
        json_text(b, p->title);
        json_key(b, "status");
        json_int(b, p->status);
        json_key(b, "detail");
        json_text(b, detail_of(p));
        write_common(b, p);
        if (p->result) {
                json_key(b, "result");
                json_text(b, p->result);
        }
        json_close(b, '}');
}

/* Why a flag was not judged, in the words of its answers; NULL for what is no such thing. */
static const char *result_of(const struct call *c, enum err_kind kind) {
        if (!c->route || strcmp(c->route->handler, "submission_create") != 0)
                return NULL;
        if (kind == ERR_RATE)
                return "ratelimited";
        return kind == ERR_PAUSED || kind == ERR_NOT_STARTED || kind == ERR_ENDED ||
                               kind == ERR_LOCKED ?
                       err_code(kind) :
                       NULL;
}

/* A refusal as clients of CRE know it. */
static void write_cre(struct buf *b, const struct problem *p) {
        json_open(b, '{');
        json_key(b, "success");
        json_bool(b, false);
        json_key(b, "message");
        json_text(b, detail_of(p));
        write_common(b, p);
        json_close(b, '}');
}

/* A refusal as clients of CTFG know it. */
static void write_ctfg(struct buf *b, const struct call *c, const struct problem *p) {
        static const struct {
                const char *code, *path, *word; /* path NULL: any */
        } words[] = {
                { "unauthenticated", "/api/login", "invalid_credentials" },
                { "unauthenticated", "/api/me", "no session" },
                { "unauthenticated", NULL, "unauthorized" },
                { "rate_limited", NULL, "rate_limit_exceeded" },
                { "already_done", NULL, "already_purchased" },
                { "conflict", "/api/set-name", "name_taken" },
                { "invalid", NULL, NULL },
        };
        const char *word = p->code;

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcmp(words[i].code, p->code) == 0 &&
                    (!words[i].path || strcmp(words[i].path, http_path(c->req)) == 0)) {
                        word = words[i].word ? words[i].word : detail_of(p);
                        break;
                }
        json_open(b, '{');
        json_key(b, "error");
        json_text(b, word);
        json_key(b, "message");
        json_text(b, detail_of(p));
        json_key(b, "code");
        json_text(b, p->code);
        json_key(b, "request_id");
        json_text(b, p->request_id);
        json_close(b, '}');
}

void problem_reply(struct call *c, const struct err *err) {
        enum dialect dialect = router_dialect(http_path(c->req));
        int status = err_http(err->kind);
        const struct problem p = { .status = status,
                                   .code = err_code(err->kind),
                                   .title = err_title(err->kind),
                                   .detail = status >= 500 || !*err->msg ? NULL : err->msg,
                                   .request_id = c->origin.request_id,
                                   .result = result_of(c, err->kind) };
        struct buf *b = call_buf(c);

        if (status >= 500)
                log_error("request failed", LOG_TEXT("request_id", c->origin.request_id),
                          LOG_TEXT("route", c->route ? c->route->template : ""),
                          LOG_TEXT("code", err_code(err->kind)), LOG_TEXT("error", err->msg));
        if (err->kind == ERR_UNAVAILABLE)
                http_add_header(c->req, "Retry-After", "5");
        if (err->kind == ERR_UNAUTHENTIC)
                http_add_header(c->req, "WWW-Authenticate", "Bearer realm=\"berth\"");
        if (dialect == DIALECT_CRE)
                write_cre(b, &p);
        else if (dialect == DIALECT_CTFG)
                write_ctfg(b, c, &p);
        else
                problem_write(b, &p);
        call_reply(c, status, dialect == DIALECT_OWN ? TYPE_PROBLEM : TYPE_JSON, b);
}

void problem_replyf(struct call *c, enum err_kind kind, const char *fmt, ...) {
        struct err err = { .kind = kind };
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(err.msg, sizeof(err.msg), fmt, ap);
        va_end(ap);
        problem_reply(c, &err);
}

void problem_reply_rate(struct call *c, enum limit which, int64_t wait_us) {
        long long seconds = (wait_us + 999999) / 1000000;
        char text[24];

        snprintf(text, sizeof(text), "%lld", seconds);
        http_add_header(c->req, "Retry-After", text);
        metric_add(METRIC_RATE_LIMITED, 1, limit_rules[which].name);
        problem_replyf(c, ERR_RATE, "Too many requests: try again in %lld second%s", seconds,
                       seconds == 1 ? "" : "s");
}
