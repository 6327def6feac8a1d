/* After the commit: the read model, what follows, and who is told. */
#include <stdlib.h>
#include <string.h>

#include "base/metric.h"
#include "core/engine_impl.h"

void change_put(struct read_model *m, struct change *c) {
        games_apply(read_model_games(m), c);
        switch (c->kind) {
        case CHANGE_NONE:
        case CHANGE_RULES: /* the game's only */
                break;
        case CHANGE_LEASE:
                read_model_put_lease(m, &c->lease);
                break;
        case CHANGE_TENANT:
                read_model_put_tenant(m, &c->tenant);
                break;
        case CHANGE_TEAM:
                read_model_put_team(m, &c->team);
                break;
        case CHANGE_USER:
                read_model_put_user(m, &c->user);
                break;
        case CHANGE_TOKEN:
                read_model_put_token(m, &c->token);
                break;
        case CHANGE_CHALLENGE:
                read_model_put_challenge(m, c->challenge);
                challenge_unref(c->challenge);
                break;
        case CHANGE_CHALLENGE_GONE:
                read_model_drop_challenge(m, c->event.challenge);
                break;
        case CHANGE_POLICY:
                read_model_put_policy(m, c->policy.tenant, c->policy.challenge,
                                      c->policy.removed ? NULL : &c->policy.policy);
                break;
        }
}

/* How fast slots come free: a mean that forgets with weight 1/8. */
static void note_pace(struct engine *e, const struct lease *l, int64_t now_ms) {
        struct slot *s = engine_slot(e, l->runtime);
        int64_t took;

        if (!s || l->state != LEASE_ENDED || l->running_ms == 0)
                return;
        took = now_ms - s->freed_ms;
        if (s->freed_ms)
                s->interval_ms = s->interval_ms ? (7 * s->interval_ms + took) / 8 : took;
        s->freed_ms = now_ms;
}

static void publish(struct engine *e, const struct change *first) {
        struct notice notices[64];
        size_t n = 0;

        if (!e->config.on_notice)
                return;
        for (const struct change *c = first; c; c = c->next) {
                if (!c->silent)
                        notices[n++] = (struct notice){
                                .event = &c->event,
                                .lease = c->kind == CHANGE_LEASE ? &c->lease : NULL,
                        };
                if (n == ARRAY_SIZE(notices) || (n > 0 && !c->next)) {
                        e->config.on_notice(e->config.arg, notices, n);
                        n = 0;
                }
        }
}

void engine_rank_queues(struct engine *e, int64_t now_ms) {
        if (read_model_count(e->model, LEASE_PENDING) == 0)
                return;
        for (size_t i = 0; i < e->n_slots; i++) {
                struct slot *s = &e->slots[i];
                int64_t interval_ms = s->interval_ms, since_ms = now_ms - s->freed_ms;

                /* A pace is over when nothing came for longer. */
                if (interval_ms > 0 && since_ms > interval_ms)
                        interval_ms = since_ms;
                read_model_rank_queue(e->model, s->name, s->capacity, interval_ms, now_ms);
        }
}

void engine_show_boards(struct engine *e, int64_t now_ms) {
        struct games *shown = read_model_games(e->model);

        games_make_boards(&e->games, shown, e->applied_seq, now_ms);
        read_model_begin(e->model);
        games_swap_boards(shown, &e->games);
        read_model_end(e->model);
        games_drop_boards(&e->games);
}

void engine_know_flag(struct engine *e, const struct lease *l) {
        struct lease_flag f = {
                .tenant = l->tenant,
                .challenge = l->challenge,
                .owner = l->owner,
                .generation = l->generation,
                .ended_ms = l->ended_ms,
                .grace_ms = l->policy.grace_ms,
        };

        memcpy(f.lease, l->id, sizeof(f.lease));
        flags_put(e->flags, &f, read_model_challenge(e->model, l->challenge));
}

void engine_apply(struct engine *e, struct change *first, int64_t now_ms) {
        bool moved = false; /* in the queue: what an extension does to estimates waits for a tick */

        if (!first)
                return;
        games_make_boards(&e->games, read_model_games(e->model), e->applied_seq, now_ms);
        read_model_begin(e->model);
        for (struct change *c = first; c; c = c->next) {
                change_put(e->model, c);
                if (!c->silent)
                        watch_note(e, &c->event);
                moved |= c->kind == CHANGE_LEASE && c->event.action != ACTION_EXTENDED;
                if (c->kind == CHANGE_LEASE)
                        note_pace(e, &c->lease, now_ms);
        }
        if (moved)
                engine_rank_queues(e, now_ms);
        read_model_note_seq(e->model, e->applied_seq);
        games_swap_boards(read_model_games(e->model), &e->games);
        read_model_end(e->model);
        games_drop_boards(&e->games);
        for (const struct change *c = first; c; c = c->next) {
                if (!c->silent)
                        metric_add(METRIC_EVENTS, 1, action_name(c->event.action));
                if (c->kind != CHANGE_LEASE)
                        continue;
                if (c->event.action == ACTION_CREATED || c->lease.state == LEASE_ENDED)
                        engine_know_flag(e, &c->lease);
                track_react(e, &c->lease);
        }
        publish(e, first);
}
