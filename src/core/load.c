/* From the store into the read model: at start, after an unknown commit, and what other daemons
 * wrote. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/engine_impl.h"
#include "store/accounts.h"
#include "store/challenges.h"
#include "store/leases.h"

static int put_tenant(void *model, const struct tenant *t, _unused_ struct err *err) {
        read_model_put_tenant(model, t);
        return 0;
}

static int put_team(void *model, const struct team *t, _unused_ struct err *err) {
        read_model_put_team(model, t);
        return 0;
}

static int put_user(void *model, const struct user *u, _unused_ struct err *err) {
        read_model_put_user(model, u);
        return 0;
}

static int put_token(void *model, const struct token *t, _unused_ struct err *err) {
        read_model_put_token(model, t);
        return 0;
}

static int put_lease(void *model, const struct lease *l, _unused_ struct err *err) {
        read_model_put_lease(model, l);
        return 0;
}

/* A row that this program cannot read (written by a newer one, or damaged) is left out and said. */
static int put_challenge(void *model, const struct challenge_row *row, struct err *err) {
        _cleanup_json_ json_t *o = NULL;
        struct challenge *c;

        if (!row->present) {
                read_model_drop_challenge(model, row->id);
                return 0;
        }
        if (json_parse(row->text, strlen(row->text), &o, err) < 0 ||
            challenge_parse(o, row->id, row->tenant, &c, err) < 0) {
                log_error("a stored challenge cannot be read", LOG_TEXT("slug", row->slug),
                          LOG_TEXT("error", err->msg));
                return 0;
        }
        read_model_put_challenge(model, c);
        challenge_unref(c);
        return 0;
}

static int load_policies(struct engine *e, struct tx *tx, struct err *err) {
        const struct tenant *t;
        const struct challenge *c;
        struct policy p;
        int64_t tenant = 0, id = 0;

        /* Tenant ids are given one after the other. */
        while ((t = read_model_tenant(e->model, ++tenant))) {
                if (policies_get(tx, t->id, 0, &p, err) == 0)
                        read_model_put_policy(e->model, t->id, 0, &p);
                else if (err->kind != ERR_NOT_FOUND)
                        return -1;
        }
        while ((c = read_model_next_challenge(e->model, 0, &id))) {
                if (policies_get(tx, c->tenant, c->id, &p, err) == 0)
                        read_model_put_policy(e->model, c->tenant, c->id, &p);
                else if (err->kind == ERR_NOT_FOUND)
                        read_model_put_policy(e->model, c->tenant, c->id, NULL);
                else
                        return -1;
        }
        return 0;
}

static int load_nouns(struct engine *e, struct tx *tx, struct err *err) {
        struct read_model *m = e->model;

        if (tenants_each(tx, put_tenant, m, err) < 0 || teams_each(tx, put_team, m, err) < 0 ||
            users_each(tx, put_user, m, err) < 0 || tokens_each(tx, put_token, m, err) < 0 ||
            challenges_each(tx, put_challenge, m, err) < 0)
                return -1;
        return load_policies(e, tx, err);
}

int engine_load(struct engine *e, struct tx *tx, struct err *err) {
        struct checkpoint signed_last;
        struct chain chain;
        int r;

        if (chain_lock(tx, &chain, err) < 0)
                return -1;
        read_model_begin(e->model);
        r = load_nouns(e, tx, err);
        if (r == 0)
                r = leases_each(tx, clock_now_ms() - KEEP_ENDED_MS, put_lease, e->model, err);
        engine_rank_queues(e, clock_now_ms());
        read_model_end(e->model);
        if (r < 0)
                return -1;
        if (checkpoints_last(tx, &signed_last, err) == 0)
                e->checkpoint_seq = signed_last.seq;
        else if (err->kind != ERR_NOT_FOUND)
                return -1;
        if (e->checkpoint_seq != chain.seq)
                e->unsigned_since_ms = clock_now_ms();
        e->applied_seq = chain.seq;
        return 0;
}

/* What another daemon's event is about is read from its row. */
struct tail {
        struct engine *engine;
        bool nouns;
        char leases[256][LEASE_ID_SIZE];
        size_t n;
};

static int tail_event(void *arg, const struct event *event, _unused_ struct err *err) {
        struct tail *t = arg;

        t->engine->applied_seq = event->seq;
        if (event->lease[0])
                memcpy(t->leases[t->n++], event->lease, LEASE_ID_SIZE);
        else
                t->nouns = true;
        return 0;
}

static int tail_lease(struct engine *e, struct tx *tx, const char *id, struct err *err) {
        struct lease lease;

        if (leases_get(tx, id, &lease, err) < 0)
                return err->kind == ERR_NOT_FOUND ? 0 : -1;
        read_model_begin(e->model);
        read_model_put_lease(e->model, &lease);
        read_model_end(e->model);
        if (e->reacting)
                track_react(e, &lease);
        return 0;
}

int engine_tail(struct engine *e, struct work *w, struct err *err) {
        int r = 0;

        while (e->applied_seq < w->chain.seq) {
                struct tail *t = arena_new(w->arena, struct tail);
                struct event_filter filter = {
                        .action = -1,
                        .after_seq = e->applied_seq,
                        .max = ARRAY_SIZE(t->leases),
                };
                int64_t from = e->applied_seq;

                t->engine = e;
                if (events_each(w->tx, &filter, tail_event, t, err) < 0)
                        return -1;
                if (e->applied_seq == from)
                        return err_set(err, ERR_INTERNAL,
                                       "the log ends before its head: run berth audit verify");
                if (t->nouns) {
                        read_model_begin(e->model);
                        r = load_nouns(e, w->tx, err);
                        read_model_end(e->model);
                }
                for (size_t i = 0; r == 0 && i < t->n; i++)
                        r = tail_lease(e, w->tx, t->leases[i], err);
                if (r < 0)
                        return -1;
        }
        return 0;
}
