/* What was written since by other daemons, or by a commit of our own that had no answer. */
#include "base/clock.h"
#include "core/engine_impl.h"
#include "store/accounts.h"
#include "store/leases.h"

/* One page of it. */
struct page {
        struct event events[64];
        size_t n;
};

static int add_event(void *arg, const struct event *event, _unused_ struct err *err) {
        struct page *p = arg;

        p->events[p->n++] = *event;
        return 0;
}

/* Rare, and about what much hangs on. */
static bool about_much(enum action a) {
        return a == ACTION_TENANT_CREATED || a == ACTION_TENANT_CHANGED ||
               a == ACTION_POLICY_CHANGED || a == ACTION_CHALLENGE_CHANGED ||
               a == ACTION_GAME_CHANGED || a == ACTION_GAME_RESET;
}

static int get_account(struct tx *tx, const struct event *event, struct change *ret,
                       struct err *err) {
        if (event->account.kind == ACCOUNT_TEAM) {
                ret->kind = CHANGE_TEAM;
                return teams_get(tx, event->account.id, &ret->team, err);
        }
        ret->kind = CHANGE_USER;
        return users_get(tx, event->account.id, &ret->user, err);
}

/* What EVENT is about, as its row is now. */
static int get_row(struct tx *tx, const struct event *event, struct change *ret, struct err *err) {
        switch ((int)event->action) {
        case ACTION_USER_CREATED:
        case ACTION_USER_CHANGED:
        case ACTION_PASSWORD_CHANGED:
        case ACTION_TEAM_CREATED:
        case ACTION_TEAM_CHANGED:
        case ACTION_NAME_CHANGED:
                return get_account(tx, event, ret, err);
        case ACTION_TOKEN_CREATED:
        case ACTION_TOKEN_REVOKED:
        case ACTION_SIGNED_IN:
        case ACTION_SIGNED_OUT:
                ret->kind = CHANGE_TOKEN;
                return tokens_get(tx, event_number(event, "token", 0), &ret->token, err);
        default:
                break;
        }
        if (!*event->lease)
                return 0;
        ret->kind = CHANGE_LEASE;
        return leases_get(tx, event->lease, &ret->lease, err);
}

static int follow(struct engine *e, struct tx *tx, struct work *w, const struct event *event,
                  struct err *err) {
        struct change *c = arena_new(w->arena, struct change);
        struct notice notice = { .event = event };

        c->event = *event;
        if (get_row(tx, event, c, err) < 0) {
                if (err->kind != ERR_NOT_FOUND)
                        return -1;
                c->kind = CHANGE_NONE;
        }
        engine_put(e, c);
        read_model_begin(e->model);
        watch_note(e, event);
        read_model_end(e->model);
        if (c->kind == CHANGE_LEASE) {
                notice.lease = &c->lease;
                engine_know_flag(e, &c->lease);
                track_react(e, &c->lease);
        }
        if (e->config.on_notice)
                e->config.on_notice(e->config.arg, &notice, 1);
        e->applied_seq = event->seq; /* the next try goes on after it */
        return 0;
}

static int follow_page(struct engine *e, struct work *w, const struct page *p, struct err *err) {
        bool much = false;

        for (size_t i = 0; i < p->n; i++)
                much |= about_much(p->events[i].action);
        if (much && engine_load_nouns(e, w->tx, err) < 0)
                return -1;
        for (size_t i = 0; i < p->n; i++)
                if (follow(e, w->tx, w, &p->events[i], err) < 0)
                        return -1;
        return 0;
}

static int follow_all(struct engine *e, struct work *w, struct err *err) {
        while (e->applied_seq < w->chain.seq) {
                struct page *p = arena_new(w->arena, struct page);
                struct event_filter filter = {
                        .action = -1,
                        .after_seq = e->applied_seq,
                        .max = ARRAY_SIZE(p->events),
                };

                if (events_each(w->tx, &filter, add_event, p, err) < 0)
                        return -1;
                if (p->n == 0)
                        return err_set(err, ERR_INTERNAL,
                                       "the log ends before its head: run berth audit verify");
                if (follow_page(e, w, p, err) < 0)
                        return -1;
        }
        return 0;
}

int engine_tail(struct engine *e, struct work *w, struct err *err) {
        if (w->chain.seq < e->applied_seq)
                return err_set(err, ERR_INTERNAL,
                               "the store lost rows that were committed: restart the daemon");
        if (w->chain.seq == e->applied_seq)
                return 0;
        if (follow_all(e, w, err) < 0)
                return -1;
        read_model_begin(e->model);
        read_model_note_seq(e->model, e->applied_seq);
        engine_rank_queues(e, clock_now_ms());
        read_model_end(e->model);
        engine_show_boards(e, clock_now_ms());
        return engine_load_checkpoint(e, w->tx, err);
}
