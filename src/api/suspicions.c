/* /api/v2/suspicions: what was found, and what organisers say of it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/body.h"
#include "api/instances.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/watching.h"
#include "base/json.h"
#include "store/events.h"

#define HISTORY_MAX 100 /* verdicts that are shown */

void watching_fraction(struct buf *b, int64_t part, int64_t whole) {
        int64_t thousandths = whole ? part * 1000 / whole : 0;
        char text[32];

        snprintf(text, sizeof(text), "%" PRId64 ".%03" PRId64, thousandths / 1000,
                 thousandths % 1000);
        json_raw(b, text);
}

static void write_id(struct buf *b, const char *key, int64_t id) {
        json_key(b, key);
        if (id)
                json_int(b, id);
        else
                json_none(b);
}

static void write_account(struct buf *b, const struct read_model *m, const char *key,
                          struct account who) {
        char name[DISPLAY_NAME_SIZE];

        read_model_account_name(m, who, name);
        json_key(b, key);
        json_open(b, '{');
        json_key(b, "account_id");
        json_int(b, who.id);
        json_key(b, "kind");
        json_text(b, account_kind_name(who.kind));
        json_key(b, "name");
        json_text(b, name);
        json_close(b, '}');
}

static void write_user(struct buf *b, const struct read_model *m, const char *key, int64_t id) {
        const struct user *u = id ? read_model_user(m, id) : NULL;

        json_key(b, key);
        json_text(b, u ? u->name : NULL);
}

static void write_signals(struct buf *b, const struct suspicion *s) {
        json_key(b, "signals");
        json_open(b, '[');
        for (int i = 0; i < _SIGNAL_N; i++)
                if (suspicion_has(s, (enum signal_kind)i))
                        json_text(b, signal_name((enum signal_kind)i));
        json_close(b, ']');
}

static void write_review(struct buf *b, const struct read_model *m, const struct suspicion *s) {
        json_key(b, "verdict");
        json_text(b, suspicion_verdict_name(s->verdict));
        json_key(b, "notes");
        json_text(b, s->notes);
        write_id(b, "reviewed_by_id", s->reviewer);
        write_user(b, m, "reviewed_by", s->reviewer);
        json_key(b, "reviewed_at");
        json_time(b, s->reviewed_ms);
}

/* With the read model locked; the object stays open. */
static void open_suspicion(struct buf *b, const struct read_model *m, const struct suspicion *s) {
        const struct challenge *ch = read_model_challenge(m, s->challenge);

        json_open(b, '{');
        json_key(b, "id");
        json_int(b, s->id);
        json_key(b, "challenge_id");
        json_int(b, s->challenge);
        json_key(b, "challenge");
        json_text(b, ch ? ch->slug : NULL);
        write_account(b, m, "one", s->one);
        write_account(b, m, "other", s->other);
        json_key(b, "certainty");
        watching_fraction(b, s->certainty, 100);
        json_key(b, "risk");
        json_text(b, risk_name(risk_of(s->certainty)));
        write_signals(b, s);
        json_key(b, "found_at");
        json_time(b, s->at_ms);
        write_review(b, m, s);
}

static void write_suspicion(struct buf *b, const struct read_model *m, const struct suspicion *s) {
        open_suspicion(b, m, s);
        json_close(b, '}');
}

/* --- the list --- */

static int on_row(void *arg, const struct suspicion *s, _unused_ struct err *err) {
        struct suspicion_list *l = arg;

        if (l->written == l->max) {
                l->more = true;
                return 0;
        }
        read_model_lock(l->call->api->model);
        l->write(&l->out, l->call->api->model, s);
        read_model_unlock(l->call->api->model);
        l->last = s->id;
        l->written++;
        return 0;
}

/* On the reader's thread. */
static int read_rows(struct query *q, struct tx *tx, struct err *err) {
        struct suspicion_list *l = container_of(q, struct suspicion_list, query);

        return suspicions_each(tx, &l->filter, on_row, l, err);
}

static void on_read(struct call *c, struct query *q) {
        struct suspicion_list *l = container_of(q, struct suspicion_list, query);

        if (q->result < 0)
                problem_reply(c, &q->err);
        else
                l->finish(c, l);
        buf_done(&l->out);
}

void suspicion_list_read(struct suspicion_list *l) {
        l->query.run = read_rows;
        l->filter.tenant = l->call->origin.tenant;
        l->filter.max = l->max + 1; /* one more tells whether there is a next page */
        call_query(l->call, &l->query, on_read);
}

static int parse_filter(struct call *c, struct suspicion_filter *f, struct err *err) {
        const char *challenge = http_query(c->req, "challenge");
        const char *verdict = http_query(c->req, "verdict"), *risk = http_query(c->req, "risk");

        f->verdict = verdict ? suspicion_verdict_parse(verdict) : -1;
        f->risk = risk ? risk_parse(risk) : -1;
        if (verdict && f->verdict < 0)
                return err_set(err, ERR_INVALID,
                               "verdict: must be pending, innocent, suspicious or confirmed");
        if (risk && f->risk < 0)
                return err_set(err, ERR_INVALID, "risk: must be low, medium or high");
        if (challenge && !(f->challenge = instance_challenge(c, challenge)))
                return err_set(err, ERR_INVALID, "challenge: there is none of this name");
        return query_account("account", http_query(c->req, "account"), &f->account, err);
}

static void reply_page(struct call *c, struct suspicion_list *l) {
        page_end_id(&l->out, l->more ? l->last : 0);
        call_reply(c, 200, TYPE_JSON, &l->out);
}

void suspicion_page(struct call *c) {
        struct suspicion_list *l = arena_new(http_arena(c->req), struct suspicion_list);
        struct page page;
        struct err err;

        *l = (struct suspicion_list){ .call = c, .write = write_suspicion, .finish = reply_page };
        if (page_parse(c, true, &page, &err) < 0 || parse_filter(c, &l->filter, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        l->max = page.max;
        l->filter.before_id = page.after;
        page_begin(&l->out);
        suspicion_list_read(l);
}

/* --- one, with all that there is to it --- */

struct whole {
        struct query query;
        struct call *call;
        int64_t id;
        struct suspicion suspicion;
        struct event verdict; /* the one that was read last */
        struct buf out;
};

static void write_evidence(struct buf *b, const struct suspicion *s) {
        json_key(b, "evidence");
        json_open(b, '[');
        for (size_t i = 0; i < s->n_evidence; i++) {
                json_open(b, '{');
                json_key(b, "signal");
                json_text(b, signal_name(s->evidence[i].signal));
                json_key(b, "at");
                json_time(b, s->evidence[i].at_ms);
                write_id(b, "one_submission", s->evidence[i].one);
                write_id(b, "other_submission", s->evidence[i].other);
                json_close(b, '}');
        }
        json_close(b, ']');
}

/* A text of the event's detail, as it stands there. */
static void write_member(struct buf *b, const struct event *e, const char *key) {
        size_t n = 0;
        const char *value = event_member(e, key, &n);

        json_key(b, key);
        if (value)
                buf_add(b, value, n);
        else
                json_none(b);
}

static void write_verdict(struct buf *b, const struct read_model *m, const struct event *e) {
        json_open(b, '{');
        json_key(b, "seq");
        json_int(b, e->seq);
        json_key(b, "at");
        json_time(b, e->at_ms);
        write_id(b, "by_id", e->actor);
        write_user(b, m, "by", e->actor);
        write_member(b, e, "verdict");
        write_member(b, e, "before");
        write_member(b, e, "notes");
        json_close(b, '}');
}

static int take_event(void *arg, const struct event *e, _unused_ struct err *err) {
        struct whole *w = arg;

        w->verdict = *e;
        return 0;
}

/* From the last verdict back: each event names the one before. */
static int read_history(struct whole *w, struct tx *tx, struct err *err) {
        struct read_model *m = w->call->api->model;
        int64_t seq = w->suspicion.review_seq;

        for (int n = 0; seq > 0 && n < HISTORY_MAX; n++) {
                struct event_filter f = { .action = ACTION_SUSPICION_REVIEWED,
                                          .after_seq = seq - 1,
                                          .before_seq = seq + 1,
                                          .max = 1 };

                w->verdict.seq = 0;
                if (events_each(tx, &f, take_event, w, err) < 0)
                        return -1;
                if (w->verdict.seq != seq)
                        return err_set(err, ERR_INTERNAL,
                                       "the log has no verdict at %" PRId64
                                       ": run berth audit verify",
                                       seq);
                read_model_lock(m);
                write_verdict(&w->out, m, &w->verdict);
                read_model_unlock(m);
                seq = event_number(&w->verdict, "previous", 0);
        }
        return 0;
}

static int read_whole(struct query *q, struct tx *tx, struct err *err) {
        struct whole *w = container_of(q, struct whole, query);
        struct read_model *m = w->call->api->model;
        struct suspicion *s = &w->suspicion;

        if (suspicions_get(tx, w->id, s, err) < 0)
                return -1;
        if (s->tenant != w->call->origin.tenant)
                return err_set(err, ERR_NOT_FOUND, "no such suspicion");
        read_model_lock(m);
        open_suspicion(&w->out, m, s);
        read_model_unlock(m);
        write_evidence(&w->out, s);
        json_key(&w->out, "history");
        json_open(&w->out, '[');
        if (read_history(w, tx, err) < 0)
                return -1;
        json_close(&w->out, ']');
        json_close(&w->out, '}');
        return 0;
}

static void reply_missing(struct call *c, const struct err *err) {
        if (err->kind == ERR_NOT_FOUND)
                problem_replyf(c, ERR_NOT_FOUND, "No such suspicion");
        else
                problem_reply(c, err);
}

static void on_whole(struct call *c, struct query *q) {
        struct whole *w = container_of(q, struct whole, query);

        if (q->result < 0)
                reply_missing(c, &q->err);
        else
                call_reply(c, 200, TYPE_JSON, &w->out);
        buf_done(&w->out);
}

void suspicion_get(struct call *c) {
        struct whole *w = arena_new(http_arena(c->req), struct whole);

        *w = (struct whole){ .query.run = read_whole, .call = c };
        if (query_id(c->param, &w->id))
                call_query(c, &w->query, on_whole);
        else
                problem_replyf(c, ERR_NOT_FOUND, "No such suspicion");
}

/* --- verdicts --- */

int suspicion_review_submit(struct call *c, const char *verdicts,
                            void (*finish)(struct call *c, struct command *cmd), struct err *err) {
        struct suspicion_review *r = arena_new(http_arena(c->req), struct suspicion_review);
        const char *verdict;
        int v;

        *r = (struct suspicion_review){ 0 };
        if (!query_id(c->param, &r->suspicion))
                return err_set(err, ERR_NOT_FOUND, "no such suspicion");
        if (body_text_or(c->body, "verdict", NAME_MAX_BYTES, &verdict, err) < 0 ||
            body_text_or(c->body, "notes", SUSPICION_NOTES_SIZE - 1, &r->notes, err) < 0)
                return -1;
        v = suspicion_verdict_parse(verdict);
        if (v <= (int)SUSPICION_PENDING)
                return err_set(err, ERR_INVALID, "%s", verdicts);
        r->verdict = (enum suspicion_verdict)v;
        suspicion_review_command(r);
        call_submit(c, &r->command, finish);
        return 0;
}

static void on_reviewed(struct call *c, struct command *cmd) {
        const struct suspicion_review *r = container_of(cmd, struct suspicion_review, command);

        if (cmd->result < 0) {
                reply_missing(c, &cmd->err);
                return;
        }
        read_model_lock(c->api->model);
        write_suspicion(call_buf(c), c->api->model, &r->ret);
        read_model_unlock(c->api->model);
        call_reply_json(c, 200);
}

void suspicion_put_review(struct call *c) {
        struct err err;

        if (suspicion_review_submit(c, "verdict: must be innocent, suspicious or confirmed",
                                    on_reviewed, &err) < 0)
                reply_missing(c, &err);
}
