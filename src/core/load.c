/* From the store into the read model and the games, at start. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/engine_impl.h"
#include "core/pulse.h"
#include "model/seal.h"
#include "store/accounts.h"
#include "store/challenges.h"
#include "store/events.h"
#include "store/game.h"
#include "store/health.h"
#include "store/leases.h"

/* Row by row under the lock: readers need not wait for the database. */
void engine_put(struct engine *e, struct change *c) {
        games_apply(&e->games, c);
        read_model_begin(e->model);
        change_put(e->model, c);
        read_model_end(e->model);
}

#define PUT(type, member, change_kind)                                                            \
        static int put_##member(void *engine, const struct type *row, _unused_ struct err *err) { \
                struct change c = { .kind = change_kind, .member = *row };                        \
                                                                                                  \
                engine_put(engine, &c);                                                           \
                return 0;                                                                         \
        }
PUT(tenant, tenant, CHANGE_TENANT)
PUT(team, team, CHANGE_TEAM)
PUT(user, user, CHANGE_USER)
PUT(token, token, CHANGE_TOKEN)
PUT(lease, lease, CHANGE_LEASE)
PUT(game_rules, rules, CHANGE_RULES)
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

/* A row that this program cannot read (written by a newer one, or damaged) is left out and said;
 * for those who solved it, it is worth nothing.  What is no longer there still counts. */
static int put_challenge(void *engine, const struct challenge_row *row, struct err *err) {
        struct engine *e = engine;
        struct change c = { .kind = CHANGE_CHALLENGE };
        bool present = row->present;

        if (read_challenge(e, row, &c.challenge, err) < 0) {
                log_error("a stored challenge cannot be read", LOG_TEXT("slug", row->slug),
                          LOG_TEXT("error", err->msg));
                c.challenge = challenge_new(row->id, row->tenant);
                present = false;
        }
        engine_put(e, &c);
        if (present)
                return 0;
        c = (struct change){ .kind = CHANGE_CHALLENGE_GONE, .event.challenge = row->id };
        engine_put(e, &c);
        return 0;
}

static int load_policy(struct engine *e, struct tx *tx, int64_t tenant, int64_t challenge,
                       struct err *err) {
        struct change c = { .kind = CHANGE_POLICY,
                            .policy = { .tenant = tenant, .challenge = challenge } };
        int r = policies_get(tx, tenant, challenge, &c.policy.policy, err);

        if (r < 0 && err->kind != ERR_NOT_FOUND)
                return -1;
        c.policy.removed = r < 0;
        engine_put(e, &c);
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

int engine_load_nouns(struct engine *e, struct tx *tx, struct err *err) {
        if (tenants_each(tx, put_tenant, e, err) < 0 || games_each(tx, put_rules, e, err) < 0 ||
            teams_each(tx, put_team, e, err) < 0 || users_each(tx, put_user, e, err) < 0 ||
            tokens_each(tx, put_token, e, err) < 0 ||
            challenges_each(tx, put_challenge, e, err) < 0)
                return -1;
        return load_policies(e, tx, err);
}

/* What was done in the game: as the events that told of it. */

static int put_solve(void *engine, const struct solve_row *s, _unused_ struct err *err) {
        struct change c = { .event = { .action = ACTION_SOLVED,
                                       .tenant = s->tenant,
                                       .account = s->who,
                                       .actor = s->user,
                                       .challenge = s->challenge,
                                       .at_ms = s->at_ms,
                                       .seq = s->seq } };

        engine_put(engine, &c);
        return 0;
}

static int put_hint(void *engine, const struct hint_row *h, _unused_ struct err *err) {
        struct change c = { .event = { .action = ACTION_HINT_UNLOCKED,
                                       .tenant = h->tenant,
                                       .account = h->who,
                                       .challenge = h->challenge,
                                       .at_ms = h->at_ms,
                                       .seq = h->seq } };

        event_int(&c.event, "hint", h->hint);
        event_int(&c.event, "points", -h->cost);
        engine_put(engine, &c);
        return 0;
}

static int put_award(void *engine, const struct award_row *a, _unused_ struct err *err) {
        struct change c = { .event = { .action = ACTION_AWARDED,
                                       .tenant = a->tenant,
                                       .account = a->who,
                                       .at_ms = a->at_ms,
                                       .seq = a->seq } };

        event_int(&c.event, "award", a->id);
        event_int(&c.event, "points", a->value);
        engine_put(engine, &c);
        return 0;
}

static int put_attempts(void *engine, const struct attempts *a, _unused_ struct err *err) {
        struct change c = { .event = { .action = ACTION_JUDGED,
                                       .tenant = a->tenant,
                                       .account = a->who,
                                       .challenge = a->challenge } };

        event_int(&c.event, "wrong", a->n);
        engine_put(engine, &c);
        return 0;
}

static int load_games(struct engine *e, struct tx *tx, struct err *err) {
        if (solves_each(tx, put_solve, e, err) < 0 || hints_each(tx, put_hint, e, err) < 0 ||
            awards_each(tx, put_award, e, err) < 0)
                return -1;
        return attempts_each(tx, put_attempts, e, err);
}

static int put_flag(void *engine, const struct lease_flag *f, _unused_ struct err *err) {
        struct engine *e = engine;

        flags_put(e->flags, f, read_model_challenge(e->model, f->challenge));
        return 0;
}

static int load_leases(struct engine *e, struct tx *tx, struct err *err) {
        if (leases_each(tx, clock_now_ms() - KEEP_ENDED_MS, put_lease, e, err) < 0)
                return -1;
        return leases_each_flag(tx, put_flag, e, err);
}

/* How challenges fared: what was told of them last, and the events of the last hour, as far as they
 * are not too many. */

#define EVENTS_MOST 100000

static int put_told(void *engine, const struct health *h, _unused_ struct err *err) {
        struct engine *e = engine;

        read_model_begin(e->model);
        read_model_tell(e->model, h);
        read_model_end(e->model);
        return 0;
}

static int put_note(void *engine, const struct event *event, _unused_ struct err *err) {
        struct engine *e = engine;

        read_model_begin(e->model);
        read_model_note(e->model, event);
        read_model_end(e->model);
        return 0;
}

static int load_health(struct engine *e, struct tx *tx, const struct chain *head, struct err *err) {
        struct event_filter recent = { .action = -1 };

        if (healths_each_latest(tx, put_told, e, err) < 0 ||
            events_seq_before(tx, clock_now_ms() - PULSE_MS, &recent.after_seq, err) < 0)
                return -1;
        if (recent.after_seq < head->seq - EVENTS_MOST)
                recent.after_seq = head->seq - EVENTS_MOST;
        return events_each(tx, &recent, put_note, e, err);
}

int engine_load_checkpoint(struct engine *e, struct tx *tx, struct err *err) {
        struct checkpoint last;

        if (checkpoints_last(tx, &last, err) == 0)
                e->checkpoint_seq = last.seq;
        else if (err->kind != ERR_NOT_FOUND)
                return -1;
        return 0;
}

int engine_load(struct engine *e, struct tx *tx, struct err *err) {
        struct chain chain;

        if (chain_lock(tx, &chain, err) < 0 || tokens_prune(tx, clock_now_ms(), err) < 0 ||
            engine_load_nouns(e, tx, err) < 0 || load_games(e, tx, err) < 0 ||
            load_leases(e, tx, err) < 0 || load_health(e, tx, &chain, err) < 0 ||
            engine_load_checkpoint(e, tx, err) < 0)
                return -1;
        if (e->checkpoint_seq != chain.seq)
                e->unsigned_since_ms = clock_now_ms();
        e->applied_seq = chain.seq;
        read_model_begin(e->model);
        read_model_note_seq(e->model, e->applied_seq);
        engine_rank_queues(e, clock_now_ms());
        read_model_end(e->model);
        engine_show_boards(e, clock_now_ms());
        return 0;
}
