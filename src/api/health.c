/* Alive, ready, which version, and metrics.  Public: says what is missing, never what an engine
 * or a database said about it. */
#include <stdio.h>

#include "api/problem.h"
#include "base/json.h"
#include "base/metric.h"

#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

void health(struct call *c) {
        struct buf *b = call_buf(c);

        json_open(b, '{');
        json_key(b, "status");
        json_text(b, "ok");
        json_close(b, '}');
        call_reply_json(c, 200);
}

void healthz(struct call *c) { health(c); }

static void write_missing(struct buf *b, const struct readiness *r, size_t *n) {
        *n = 0;
        json_open(b, '[');
        if (!r->store) {
                json_text(b, "store: the database does not answer");
                ++*n;
        }
        for (size_t i = 0; i < r->n_runtimes; i++) {
                const struct runtime_health *h = &r->runtimes[i].health;
                char text[128];

                if (h->up && h->breaker != 2)
                        continue;
                snprintf(text, sizeof(text), "runtime %s: %s", r->runtimes[i].name,
                         h->breaker == 2 ? "failed too often, its circuit breaker is open" :
                                           "the engine does not answer");
                json_text(b, text);
                ++*n;
        }
        json_close(b, ']');
}

static void write_warnings(struct buf *b, const struct readiness *r, size_t problems) {
        json_open(b, '[');
        for (size_t i = 0; i < r->n_runtimes; i++) {
                const struct runtime_health *h = &r->runtimes[i].health;
                char text[160];

                if (!h->up || h->isolated)
                        continue;
                snprintf(
                        text, sizeof(text),
                        "runtime %s: instances can reach services of this host: run `berth doctor`",
                        r->runtimes[i].name);
                json_text(b, text);
        }
        if (problems)
                json_text(b, "challenges: something is wrong with their source, so what was there "
                             "before is played: see GET /api/v2/challenges/source");
        if (r->clock_jumped_ms)
                json_text(b, "clock: the time of day jumped since the start");
        json_close(b, ']');
}

static void write_runtimes(struct buf *b, const struct readiness *r) {
        static const char *const breakers[] = { "closed", "half open", "open" };

        json_open(b, '[');
        for (size_t i = 0; i < r->n_runtimes; i++) {
                const struct runtime_health *h = &r->runtimes[i].health;

                json_open(b, '{');
                json_key(b, "name");
                json_text(b, r->runtimes[i].name);
                json_key(b, "up");
                json_bool(b, h->up);
                json_key(b, "breaker");
                json_text(b, breakers[h->breaker]);
                json_close(b, '}');
        }
        json_close(b, ']');
}

void ready(struct call *c) {
        _cleanup_buf_ struct buf missing = { 0 };
        struct buf *b = call_buf(c);
        struct readiness r = { 0 };
        size_t n;

        engine_readiness(c->api->config.engine, &r);
        write_missing(&missing, &r, &n);
        json_open(b, '{');
        json_key(b, "status");
        json_text(b, n ? "not ready" : "ready");
        json_key(b, "missing");
        json_raw(b, missing.data);
        json_key(b, "warnings");
        write_warnings(b, &r, source_status_problems(c->api->config.source));
        json_key(b, "store");
        json_bool(b, r.store);
        json_key(b, "runtimes");
        write_runtimes(b, &r);
        json_close(b, '}');
        call_reply_json(c, n ? 503 : 200);
}

void readyz(struct call *c) { ready(c); }

/* The leases as they are at this moment, not as of the engine's last turn. */
static void count_leases(struct read_model *m) {
        size_t n[_LEASE_N];

        read_model_lock(m);
        for (enum lease_state s = LEASE_PENDING; s < LEASE_ENDED; s++)
                n[s] = read_model_count(m, s);
        read_model_unlock(m);
        for (enum lease_state s = LEASE_PENDING; s < LEASE_ENDED; s++)
                metric_set(METRIC_LEASES, (double)n[s], lease_state_name(s));
        metric_set(METRIC_QUEUE, (double)n[LEASE_PENDING]);
}

void metrics(struct call *c) {
        struct buf *b = call_buf(c);

        count_leases(c->api->model);
        metric_write(b);
        call_reply(c, 200, TYPE_METRICS, b);
}

void version(struct call *c) {
        struct buf *b = call_buf(c);

        json_open(b, '{');
        json_key(b, "name");
        json_text(b, "berth");
        json_key(b, "version");
        json_text(b, BERTH_VERSION);
        json_key(b, "api");
        json_text(b, "v2");
        json_close(b, '}');
        call_reply_json(c, 200);
}

void openapi(struct call *c) { call_reply_etag(c, &c->api->openapi, c->api->openapi_etag); }
