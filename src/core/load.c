/* From the store into the read model: at start, and what was written since by other daemons, or by
 * a commit of our own that had no answer. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/engine_impl.h"
#include "model/seal.h"
#include "store/accounts.h"
#include "store/challenges.h"
#include "store/leases.h"

/* Each row under the lock by itself: readers need not wait for the database. */
#define PUT(noun)                                                                              \
        static int put_##noun(void *model, const struct noun *row, _unused_ struct err *err) { \
                read_model_begin(model);                                                       \
                read_model_put_##noun(model, row);                                             \
                read_model_end(model);                                                         \
                return 0;                                                                      \
        }
PUT(tenant)
PUT(team)
PUT(user)
PUT(token)
PUT(lease)
#undef PUT

static int read_challenge(struct engine *e, const struct challenge_row *row, struct challenge **ret,
                          struct err *err) {
        _cleanup_json_ json_t *o = NULL;
        uint8_t key[KEY_SIZE];

        seal_key(e->config.master_key, row->tenant, key);
        if (json_parse(row->text, strlen(row->text), &o, err) < 0 ||
            challenge_unseal(o, key, err) < 0)
                return -1;
        return challenge_parse(o, row->id, row->tenant, ret, err);
}

/* A row that this program cannot read (written by a newer one, or damaged) is left out and said. */
static int put_challenge(void *engine, const struct challenge_row *row, struct err *err) {
        struct engine *e = engine;
        struct challenge *c = NULL;

        if (read_challenge(e, row, &c, err) < 0) {
                log_error("a stored challenge cannot be read", LOG_TEXT("slug", row->slug),
                          LOG_TEXT("error", err->msg));
                return 0;
        }
        read_model_begin(e->model);
        if (row->present)
                read_model_put_challenge(e->model, c);
        else
                read_model_drop_challenge(e->model, row->id);
        read_model_end(e->model);
        challenge_unref(c);
        return 0;
}

static int load_policy(struct engine *e, struct tx *tx, int64_t tenant, int64_t challenge,
                       struct err *err) {
        struct policy p;
        int r = policies_get(tx, tenant, challenge, &p, err);

        if (r < 0 && err->kind != ERR_NOT_FOUND)
                return -1;
        read_model_begin(e->model);
        read_model_put_policy(e->model, tenant, challenge, r == 0 ? &p : NULL);
        read_model_end(e->model);
        return 0;
}

static int load_policies(struct engine *e, struct tx *tx, struct err *err) {
        const struct tenant *t;
        const struct challenge *c;
        size_t at = 0;
        int64_t id = 0;

        while ((t = read_model_next_tenant(e->model, &at)))
                if (load_policy(e, tx, t->id, 0, err) < 0)
                        return -1;
        while ((c = read_model_next_challenge(e->model, 0, &id)))
                if (load_policy(e, tx, c->tenant, c->id, err) < 0)
                        return -1;
        return 0;
}

static int load_nouns(struct engine *e, struct tx *tx, struct err *err) {
        struct read_model *m = e->model;

        if (tenants_each(tx, put_tenant, m, err) < 0 || teams_each(tx, put_team, m, err) < 0 ||
            users_each(tx, put_user, m, err) < 0 || tokens_each(tx, put_token, m, err) < 0 ||
            challenges_each(tx, put_challenge, e, err) < 0)
                return -1;
        return load_policies(e, tx, err);
}

/* Another daemon signs, too. */
static int load_checkpoint(struct engine *e, struct tx *tx, struct err *err) {
        struct checkpoint last;

        if (checkpoints_last(tx, &last, err) == 0)
                e->checkpoint_seq = last.seq;
        else if (err->kind != ERR_NOT_FOUND)
                return -1;
        return 0;
}

int engine_load(struct engine *e, struct tx *tx, struct err *err) {
        struct chain chain;

        if (chain_lock(tx, &chain, err) < 0 || load_nouns(e, tx, err) < 0 ||
            leases_each(tx, clock_now_ms() - KEEP_ENDED_MS, put_lease, e->model, err) < 0 ||
            load_checkpoint(e, tx, err) < 0)
                return -1;
        if (e->checkpoint_seq != chain.seq)
                e->unsigned_since_ms = clock_now_ms();
        e->applied_seq = chain.seq;
        read_model_begin(e->model);
        engine_rank_queues(e, clock_now_ms());
        read_model_end(e->model);
        return 0;
}

/* One page of what other daemons wrote. */
struct tail {
        struct event events[64];
        size_t n;
};

static int tail_event(void *arg, const struct event *event, _unused_ struct err *err) {
        struct tail *t = arg;

        t->events[t->n++] = *event;
        return 0;
}

static bool about_nouns(enum action a) {
        return a == ACTION_TENANT_CREATED || a == ACTION_TEAM_CREATED || a == ACTION_USER_CREATED ||
               a == ACTION_USER_CHANGED || a == ACTION_TOKEN_CREATED || a == ACTION_TOKEN_REVOKED ||
               a == ACTION_POLICY_CHANGED || a == ACTION_CHALLENGE_CHANGED;
}

/* What an event is about is read from its row, as that is now. */
static int tail_lease(struct engine *e, struct tx *tx, const struct event *event, struct err *err) {
        struct notice notice = { .event = event };
        struct lease lease;
        int r = *event->lease ? leases_get(tx, event->lease, &lease, err) : -1;

        if (r < 0 && *event->lease && err->kind != ERR_NOT_FOUND)
                return -1;
        if (r == 0) {
                put_lease(e->model, &lease, err);
                notice.lease = &lease;
                track_react(e, &lease);
        }
        if (e->config.on_notice)
                e->config.on_notice(e->config.arg, &notice, 1);
        e->applied_seq = event->seq; /* the next try goes on after it */
        return 0;
}

static int tail_page(struct engine *e, struct tx *tx, struct tail *t, struct err *err) {
        bool nouns = false;

        for (size_t i = 0; i < t->n; i++)
                nouns |= about_nouns(t->events[i].action);
        if (nouns && load_nouns(e, tx, err) < 0)
                return -1;
        for (size_t i = 0; i < t->n; i++)
                if (tail_lease(e, tx, &t->events[i], err) < 0)
                        return -1;
        return 0;
}

int engine_tail(struct engine *e, struct work *w, struct err *err) {
        if (w->chain.seq < e->applied_seq)
                return err_set(err, ERR_INTERNAL,
                               "the store lost rows that were committed: restart the daemon");
        if (w->chain.seq == e->applied_seq)
                return 0;
        while (e->applied_seq < w->chain.seq) {
                struct tail *t = arena_new(w->arena, struct tail);
                struct event_filter filter = {
                        .action = -1,
                        .after_seq = e->applied_seq,
                        .max = ARRAY_SIZE(t->events),
                };

                if (events_each(w->tx, &filter, tail_event, t, err) < 0)
                        return -1;
                if (t->n == 0)
                        return err_set(err, ERR_INTERNAL,
                                       "the log ends before its head: run berth audit verify");
                if (tail_page(e, w->tx, t, err) < 0)
                        return -1;
        }
        read_model_begin(e->model);
        engine_rank_queues(e, clock_now_ms());
        read_model_end(e->model);
        return load_checkpoint(e, w->tx, err);
}
