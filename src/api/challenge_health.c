/* How challenges fare: /api/v2/health/challenges and /api/v2/challenges/{slug}/health. */
#include <string.h>

#include "api/instances.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/watching.h"
#include "base/clock.h"
#include "base/json.h"

#define SNAPSHOTS_DEFAULT 24 /* hours */

static void write_recent(struct buf *b, const struct health *h) {
        json_key(b, "last_hour");
        json_open(b, '{');
        json_key(b, "attempts");
        json_int(b, h->recent_attempts);
        json_key(b, "solves");
        json_int(b, h->recent_solves);
        json_key(b, "starts");
        json_int(b, h->starts);
        json_key(b, "failed_starts");
        json_int(b, h->failed_starts);
        json_key(b, "failed_probes");
        json_int(b, h->failed_probes);
        json_key(b, "lost");
        json_int(b, h->lost);
        json_close(b, '}');
}

/* Members of an object that is open. */
static void write_members(struct buf *b, const struct health *h) {
        json_key(b, "at");
        json_time(b, h->at_ms);
        json_key(b, "state");
        json_text(b, health_state_name(health_state(h->score)));
        json_key(b, "score");
        json_int(b, h->score);
        json_key(b, "attempts");
        json_int(b, h->attempts);
        json_key(b, "solves");
        json_int(b, h->solves);
        json_key(b, "solve_rate");
        watching_fraction(b, h->solves, h->attempts);
        write_recent(b, h);
}

/* Leaves the object open. */
static void open_challenge(struct buf *b, const struct challenge *ch, const struct health *h) {
        json_open(b, '{');
        json_key(b, "challenge_id");
        json_int(b, ch->id);
        json_key(b, "challenge");
        json_text(b, ch->slug);
        json_key(b, "title");
        json_text(b, ch->title);
        write_members(b, h);
}

bool health_shows(const struct call *c, const struct challenge *ch) {
        return ch && ch->tenant == c->origin.tenant && ch->state != CHALLENGE_HIDDEN;
}

/* --- all --- */

/* Of those after PAGE's cursor; STATE -1 for any.  With the read model locked. */
static void write_page(struct call *c, struct buf *b, const struct page *page, int state) {
        const struct read_model *m = c->api->model;
        int64_t at = page->after, last = 0, written = 0, now_ms = clock_now_ms();
        const struct challenge *ch;

        page_begin(b);
        while ((ch = read_model_next_challenge(m, c->origin.tenant, &at))) {
                struct health h = read_model_health(m, ch, now_ms);

                if (!health_shows(c, ch) || (state >= 0 && (int)health_state(h.score) != state))
                        continue;
                if (written++ == page->max)
                        break;
                open_challenge(b, ch, &h);
                json_close(b, '}');
                last = ch->id;
        }
        page_end_id(b, ch ? last : 0);
}

void health_list(struct call *c) {
        const char *text = http_query(c->req, "state");
        int state = text ? health_state_parse(text) : -1;
        struct page page;
        struct err err;

        if (text && state < 0)
                err_set(&err, ERR_INVALID, "state: must be HEALTHY, UNDERPERFORMING or BROKEN");
        if ((text && state < 0) || page_parse(c, true, &page, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        read_model_lock(c->api->model);
        write_page(c, call_buf(c), &page, state);
        read_model_unlock(c->api->model);
        call_reply_json(c, 200);
}

/* --- one, with its past --- */

static int on_snapshot(void *arg, const struct health *h, _unused_ struct err *err) {
        struct health_history *all = arg;

        all->write(&all->out, h);
        return 0;
}

/* On the reader's thread. */
static int read_history(struct query *q, struct tx *tx, struct err *err) {
        struct health_history *h = container_of(q, struct health_history, query);

        if (h->outcomes && leases_outcomes(tx, h->challenge, h->outcomes, err) < 0)
                return -1;
        return healths_each(tx, h->challenge, h->max, on_snapshot, h, err);
}

static void on_history(struct call *c, struct query *q) {
        struct health_history *h = container_of(q, struct health_history, query);

        if (q->result < 0)
                problem_reply(c, &q->err);
        else
                h->finish(c, h);
        buf_done(&h->out);
}

void health_history_read(struct health_history *h) {
        h->query.run = read_history;
        call_query(h->call, &h->query, on_history);
}

static void write_snapshot(struct buf *b, const struct health *h) {
        json_open(b, '{');
        write_members(b, h);
        json_close(b, '}');
}

static void write_outcomes(struct buf *b, const struct lease_outcomes *o) {
        json_key(b, "instances");
        json_open(b, '{');
        json_key(b, "asked_for");
        json_int(b, o->leases);
        json_key(b, "started");
        json_int(b, o->started);
        json_key(b, "failed");
        json_int(b, o->failed);
        json_key(b, "lost");
        json_int(b, o->lost);
        json_close(b, '}');
}

static void reply_history(struct call *c, struct health_history *h) {
        struct read_model *m = c->api->model;
        struct buf *b = call_buf(c);
        const struct challenge *ch;
        struct health now;

        read_model_lock(m);
        ch = read_model_challenge(m, h->challenge);
        if (ch) {
                now = read_model_health(m, ch, clock_now_ms());
                open_challenge(b, ch, &now);
        }
        read_model_unlock(m);
        if (!ch) { /* it went meanwhile */
                problem_replyf(c, ERR_NOT_FOUND, "No such challenge");
                return;
        }
        write_outcomes(b, h->outcomes);
        json_key(b, "snapshots");
        json_open(b, '[');
        if (h->out.len)
                buf_add(b, h->out.data, h->out.len);
        json_close(b, ']');
        json_close(b, '}');
        call_reply_json(c, 200);
}

void challenge_health(struct call *c) {
        struct health_history *h = arena_new(http_arena(c->req), struct health_history);
        struct err err;

        *h = (struct health_history){ .call = c,
                                      .challenge = instance_challenge(c, c->param),
                                      .outcomes =
                                              arena_new(http_arena(c->req), struct lease_outcomes),
                                      .write = write_snapshot,
                                      .finish = reply_history };
        if (!h->challenge)
                problem_replyf(c, ERR_NOT_FOUND, "No such challenge");
        else if (query_int("limit", http_query(c->req, "limit"), 1, PAGE_MAX, SNAPSHOTS_DEFAULT,
                           &h->max, &err) < 0)
                problem_reply(c, &err);
        else
                health_history_read(h);
}
