/*
 * The routes by which CRE's organisers watch over a game, with its paths, members and texts, over
 * the same verbs as the native ones.
 *
 * All are for organisers, the status too: it tells what is looked for, which CRE told everybody.
 */
#include <stdlib.h>
#include <string.h>

#include "api/problem.h"
#include "api/query.h"
#include "api/view.h"
#include "api/watching.h"
#include "base/clock.h"

#define LIMIT_DEFAULT 100
#define LIMIT_HISTORY 24
#define LIMIT_MAX     1000

/* ?limit=, which is cut to what may be. */
static int read_limit(const struct call *c, int64_t def, int64_t *ret, struct err *err) {
        if (query_int("limit", http_query(c->req, "limit"), 1, INT64_MAX, def, ret, err) < 0)
                return -1;
        if (*ret > LIMIT_MAX)
                *ret = LIMIT_MAX;
        return 0;
}

static void open_data(struct buf *b, char bracket) {
        json_open(b, '{');
        json_key(b, "success");
        json_bool(b, true);
        json_key(b, "data");
        json_open(b, bracket);
}

static void write_count(struct buf *b, int64_t n) {
        json_key(b, "meta");
        json_open(b, '{');
        json_key(b, "count");
        json_int(b, n);
}

static bool in_teams(const struct call *c) {
        const struct tenant *t = read_model_tenant(c->api->model, c->origin.tenant);

        return t && t->team_mode;
}

/* --- status --- */

void cre_phase2(struct call *c) {
        static const char *const features[] = { "first_blood", "health", "suspicion" };
        struct buf *b = call_buf(c);

        open_data(b, '{');
        json_key(b, "enabled");
        json_bool(b, true);
        json_key(b, "features");
        json_open(b, '{');
        for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
                json_key(b, features[i]);
                json_bool(b, true);
        }
        json_close(b, '}');
        json_key(b, "version");
        json_text(b, "2.0.0-MVP"); /* what it speaks, not what it is */
        json_close(b, '}');
        json_close(b, '}');
        call_reply_json(c, 200);
}

/* --- first bloods --- */

struct prestige {
        struct account who;
        int64_t sum, bloods;
};

static int more_first(const void *a, const void *b) {
        const struct prestige *x = a, *y = b;

        if (x->sum != y->sum)
                return x->sum > y->sum ? -1 : 1;
        return account_key(x->who) < account_key(y->who) ? -1 : 1;
}

/* Of all accounts that have a first blood on BOARD; in ARENA. */
static size_t sum_up(const struct board *board, struct arena *arena, struct prestige **ret) {
        struct prestige *all = arena_alloc(arena, (board->n_challenges + 1) * sizeof(*all));
        size_t n = 0;

        for (size_t i = 0; i < board->n_challenges; i++) {
                const struct worth *w = &board->challenges[i].worth;
                size_t at = 0;

                if (w->bloods[0].id == 0)
                        continue;
                while (at < n && !account_equal(all[at].who, w->bloods[0]))
                        at++;
                if (at == n)
                        all[n++] = (struct prestige){ .who = w->bloods[0] };
                all[at].sum += scoring_prestige(w->value);
                all[at].bloods++;
        }
        qsort(all, n, sizeof(*all), more_first);
        *ret = all;
        return n;
}

static void write_prestige(struct buf *b, const struct prestige *p, int64_t rank) {
        json_open(b, '{');
        json_key(b, "rank");
        json_int(b, rank);
        json_key(b, p->who.kind == ACCOUNT_TEAM ? "team_id" : "user_id");
        json_int(b, p->who.id);
        json_key(b, "total_prestige");
        json_int(b, p->sum);
        json_key(b, "first_bloods");
        json_int(b, p->bloods);
        json_close(b, '}');
}

void cre_first_bloods(struct call *c) {
        struct prestige *all = NULL;
        int64_t limit, written = 0;
        struct view v;
        struct err err;
        struct buf *b;
        size_t n = 0;
        bool teams;

        if (!call_may(c, PERMISSION_JUDGE)) {
                problem_replyf(c, ERR_FORBIDDEN,
                               "First blood leaderboard is admin-only during competition");
                return;
        }
        if (read_limit(c, LIMIT_DEFAULT, &limit, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        read_model_lock(c->api->model);
        if (view_open(c, &v))
                n = sum_up(v.board, http_arena(c->req), &all);
        teams = in_teams(c);
        read_model_unlock(c->api->model);
        b = call_buf(c);
        open_data(b, '[');
        for (; written < limit && (size_t)written < n; written++)
                write_prestige(b, &all[written], written + 1);
        json_close(b, ']');
        write_count(b, written);
        json_key(b, "team_mode");
        json_bool(b, teams);
        json_close(b, '}');
        json_close(b, '}');
        call_reply_json(c, 200);
}

/* --- health --- */

/* Members of an object that is open. */
static void write_health(struct buf *b, const struct health *h) {
        json_key(b, "solves");
        json_int(b, h->solves);
        json_key(b, "attempts");
        json_int(b, h->attempts);
        json_key(b, "solve_rate");
        watching_fraction(b, h->solves, h->attempts);
        json_key(b, "health_score");
        json_int(b, h->score);
        json_key(b, "status");
        json_text(b, health_state_name(health_state(h->score)));
        json_key(b, "timestamp");
        json_time(b, h->at_ms);
}

void cre_health_list(struct call *c) {
        const char *status = http_query(c->req, "status");
        int state = status ? health_state_parse(status) : -1;
        int64_t at = 0, n = 0, now_ms = clock_now_ms();
        const struct challenge *ch;
        struct buf *b = call_buf(c);

        if (status && state < 0) {
                problem_replyf(c, ERR_INVALID,
                               "status: must be HEALTHY, UNDERPERFORMING or BROKEN");
                return;
        }
        open_data(b, '[');
        read_model_lock(c->api->model);
        while ((ch = read_model_next_challenge(c->api->model, c->origin.tenant, &at))) {
                struct health h = read_model_health(c->api->model, ch, now_ms);

                if (!health_shows(c, ch) || (state >= 0 && (int)health_state(h.score) != state))
                        continue;
                json_open(b, '{');
                json_key(b, "challenge_id");
                json_int(b, ch->id);
                write_health(b, &h);
                json_close(b, '}');
                n++;
        }
        read_model_unlock(c->api->model);
        json_close(b, ']');
        write_count(b, n);
        json_key(b, "filter");
        json_text(b, status);
        json_close(b, '}');
        json_close(b, '}');
        call_reply_json(c, 200);
}

static void write_snapshot(struct buf *b, const struct health *h) {
        json_open(b, '{');
        write_health(b, h);
        json_close(b, '}');
}

static void reply_history(struct call *c, struct health_history *h) {
        struct read_model *m = c->api->model;
        struct buf *b = call_buf(c);
        const struct challenge *ch;

        open_data(b, '{');
        json_key(b, "challenge_id");
        json_int(b, h->challenge);
        json_key(b, "current");
        read_model_lock(m);
        ch = read_model_challenge(m, h->challenge);
        if (ch) {
                struct health now = read_model_health(m, ch, clock_now_ms());

                write_snapshot(b, &now);
        } else {
                json_none(b);
        }
        read_model_unlock(m);
        json_key(b, "history");
        json_open(b, '[');
        if (h->out.len)
                buf_add(b, h->out.data, h->out.len);
        json_close(b, ']');
        json_close(b, '}');
        json_close(b, '}');
        call_reply_json(c, 200);
}

void cre_health_one(struct call *c) {
        struct health_history *h = arena_new(http_arena(c->req), struct health_history);
        struct err err;
        bool there = false;

        *h = (struct health_history){ .call = c, .write = write_snapshot, .finish = reply_history };
        if (query_id(c->param, &h->challenge)) {
                read_model_lock(c->api->model);
                there = health_shows(c, read_model_challenge(c->api->model, h->challenge));
                read_model_unlock(c->api->model);
        }
        if (!there)
                problem_replyf(c, ERR_NOT_FOUND, "No health data found for this challenge");
        else if (read_limit(c, LIMIT_HISTORY, &h->max, &err) < 0)
                problem_reply(c, &err);
        else
                health_history_read(h);
}

/* --- suspicions --- */

static const char *const patterns[] = { [SIGNAL_SHARED_FLAG] = "shared_flag",
                                        [SIGNAL_SAME_ADDRESS] = "same_ip",
                                        [SIGNAL_SAME_ANSWER] = "duplicate_wrong",
                                        [SIGNAL_SIMILAR_AGENT] = "similar_ua",
                                        [SIGNAL_CLOSE_IN_TIME] = "temporal_proximity" };

/* The signal that weighs most, by which it is known. */
static const char *type_of(const struct suspicion *s) {
        enum signal_kind k = SIGNAL_SHARED_FLAG;

        while (k < SIGNAL_CLOSE_IN_TIME && !suspicion_has(s, k))
                k++;
        return patterns[k];
}

static void write_evidence(struct buf *b, const struct suspicion *s) {
        json_key(b, "evidence");
        json_open(b, '{');
        json_key(b, "patterns");
        json_open(b, '[');
        for (enum signal_kind k = 0; k < _SIGNAL_N; k++)
                if (suspicion_has(s, k))
                        json_text(b, patterns[k]);
        json_close(b, ']');
        json_key(b, "text");
        json_text(b, "[REDACTED]");
        json_close(b, '}');
}

static void write_review(struct buf *b, const struct suspicion *s) {
        json_key(b, "admin_verdict");
        json_text(b, s->verdict == SUSPICION_PENDING ? NULL : suspicion_verdict_name(s->verdict));
        json_key(b, "reviewed_at");
        json_time(b, s->reviewed_ms);
        json_key(b, "reviewed_by");
        if (s->reviewer)
                json_int(b, s->reviewer);
        else
                json_none(b);
}

static void write_suspicion(struct buf *b, _unused_ const struct read_model *m,
                            const struct suspicion *s) {
        static const char *const risks[] = {
                [RISK_LOW] = "LOW", [RISK_MEDIUM] = "MEDIUM", [RISK_HIGH] = "HIGH"
        };

        json_open(b, '{');
        json_key(b, "id");
        json_int(b, s->id);
        json_key(b, s->one.kind == ACCOUNT_TEAM ? "team_id_1" : "user_id_1");
        json_int(b, s->one.id);
        json_key(b, s->other.kind == ACCOUNT_TEAM ? "team_id_2" : "user_id_2");
        json_int(b, s->other.id);
        json_key(b, "challenge_id");
        json_int(b, s->challenge);
        json_key(b, "detection_type");
        json_text(b, type_of(s));
        json_key(b, "confidence_score");
        watching_fraction(b, s->certainty, 100);
        json_key(b, "risk_level");
        json_text(b, risks[risk_of(s->certainty)]);
        write_evidence(b, s);
        write_review(b, s);
        json_key(b, "created_at");
        json_time(b, s->at_ms);
        json_close(b, '}');
}

static void reply_list(struct call *c, struct suspicion_list *l) {
        struct buf *b = &l->out;

        json_close(b, ']');
        write_count(b, l->written);
        json_key(b, "filters");
        json_open(b, '{');
        json_key(b, "status");
        json_text(b, http_query(c->req, "status"));
        json_key(b, "risk_level");
        json_text(b, http_query(c->req, "risk_level"));
        json_close(b, '}');
        json_close(b, '}');
        json_close(b, '}');
        call_reply(c, 200, TYPE_JSON, b);
}

static int parse_filter(const struct call *c, struct suspicion_filter *f, struct err *err) {
        const char *status = http_query(c->req, "status");
        const char *risk = http_query(c->req, "risk_level");

        f->verdict = status ? suspicion_verdict_parse(status) : -1;
        f->risk = risk ? risk_parse(risk) : -1;
        if (status && f->verdict < 0)
                return err_set(err, ERR_INVALID,
                               "status: must be pending, innocent, suspicious or confirmed");
        if (risk && f->risk < 0)
                return err_set(err, ERR_INVALID, "risk_level: must be LOW, MEDIUM or HIGH");
        return 0;
}

void cre_suspicions(struct call *c) {
        struct suspicion_list *l = arena_new(http_arena(c->req), struct suspicion_list);
        struct err err;

        *l = (struct suspicion_list){ .call = c, .write = write_suspicion, .finish = reply_list };
        if (parse_filter(c, &l->filter, &err) < 0 ||
            read_limit(c, LIMIT_DEFAULT, &l->max, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        open_data(&l->out, '[');
        suspicion_list_read(l);
}

static void refuse_review(struct call *c, const struct err *err) {
        if (err->kind == ERR_NOT_FOUND)
                problem_replyf(c, ERR_NOT_FOUND, "Suspicion not found");
        else
                problem_reply(c, err);
}

static void on_reviewed(struct call *c, struct command *cmd) {
        const struct suspicion_review *r = container_of(cmd, struct suspicion_review, command);
        struct buf *b;

        if (cmd->result < 0) {
                refuse_review(c, &cmd->err);
                return;
        }
        b = call_buf(c);
        json_open(b, '{');
        json_key(b, "success");
        json_bool(b, true);
        json_key(b, "message");
        json_text(b, "Verdict recorded in immutable audit trail");
        json_key(b, "audit");
        json_open(b, '{');
        json_key(b, "reviewed_by");
        json_int(b, r->ret.reviewer);
        json_key(b, "reviewed_at");
        json_time(b, r->ret.reviewed_ms);
        json_key(b, "audit_entry_id");
        json_int(b, r->ret.review_seq);
        json_key(b, "immutable");
        json_bool(b, true);
        json_close(b, '}');
        json_close(b, '}');
        call_reply_json(c, 200);
}

void cre_review(struct call *c) {
        static const char verdicts[] =
                "Invalid verdict. Must be one of: ['innocent', 'suspicious', 'confirmed']";
        struct err err;

        if (suspicion_review_submit(c, verdicts, on_reviewed, &err) < 0)
                refuse_review(c, &err);
}
