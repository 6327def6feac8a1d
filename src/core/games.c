#include "core/games.h"

#include <stdlib.h>

#include "base/clock.h"
#include "core/work.h"

static void drop_boards(struct tenant_game *t) {
        t->live = board_unref(t->live);
        t->frozen = board_unref(t->frozen);
}

void games_done(struct games *g) {
        struct tenant_game *t;
        size_t at = 0;

        while ((t = map_next(&g->by_tenant, &at))) {
                drop_boards(t);
                game_free(t->game);
                free(t);
        }
        map_done(&g->by_tenant);
}

void games_copy(struct games *to, const struct games *from) {
        const struct tenant_game *t;
        size_t at = 0;

        games_done(to);
        while ((t = map_next(&from->by_tenant, &at))) {
                struct tenant_game *copy = games_of(to, t->rules.tenant);

                game_free(copy->game);
                copy->game = game_clone(t->game);
                copy->rules = t->rules;
        }
}

struct tenant_game *games_of(struct games *g, int64_t tenant) {
        struct tenant_game *t = map_get_id(&g->by_tenant, tenant);

        if (t)
                return t;
        t = calloc(1, sizeof(*t));
        if (!t)
                abort();
        t->rules.tenant = tenant;
        t->rules.threshold = GAME_THRESHOLD_DEFAULT;
        t->game = game_new();
        t->stale = true;
        map_put_id(&g->by_tenant, tenant, t);
        return t;
}

const struct tenant_game *games_find(const struct games *g, int64_t tenant) {
        return map_get_id(&g->by_tenant, tenant);
}

const struct board *games_board(const struct tenant_game *t, bool staff, int64_t now_ms) {
        /* Frozen, and none made yet: nothing has happened since. */
        return staff || !t->frozen || !game_frozen(&t->rules, now_ms) ? t->live : t->frozen;
}

int64_t games_total(const struct tenant_game *t, bool staff, int64_t now_ms, struct account who) {
        const struct board *b = games_board(t, staff, now_ms);

        return b && b->cutoff_ms != BOARD_LIVE ? game_total_by(t->game, b, who) :
                                                 game_total(t->game, who);
}

/* What changes the past, too. */
static void correct(struct tenant_game *t) { t->stale = t->corrected = true; }

void games_put_rules(struct games *g, const struct game_rules *r) {
        struct tenant_game *t = games_of(g, r->tenant);

        t->rules = *r;
        game_set_bonus(t->game, r->bonus_percent);
        correct(t);
}

/* Organisers try things out; nobody plays against them. */
void games_put_user(struct games *g, const struct user *u) {
        struct tenant_game *t = games_of(g, u->tenant);
        bool counts = u->role == ROLE_PLAYER && u->standing == STANDING_VISIBLE;

        t->stale = true; /* for the name on it, too */
        t->corrected |= game_put_account(t->game, (struct account){ ACCOUNT_USER, u->id }, counts,
                                         u->bracket);
}

void games_put_team(struct games *g, const struct team *team) {
        struct tenant_game *t = games_of(g, team->tenant);

        t->stale = true;
        t->corrected |= game_put_account(t->game, (struct account){ ACCOUNT_TEAM, team->id },
                                         team->standing == STANDING_VISIBLE, team->bracket);
}

void games_put_challenge(struct games *g, const struct challenge *c) {
        struct tenant_game *t = games_of(g, c->tenant);

        game_put_challenge(t->game, c->id, &c->scoring);
        correct(t);
}

/* One that was judged anew counts from when it was handed in. */
static void add_solve(struct tenant_game *t, const struct event *e) {
        struct solve s = {
                .who = e->account,
                .challenge = e->challenge,
                .user = event_number(e, "user", e->actor),
                .at_ms = event_number(e, "at_ms", e->at_ms),
                .seq = event_number(e, "at_seq", e->seq),
        };

        game_add_solve(t->game, &s);
        t->stale = true;
        t->corrected |= s.seq != e->seq;
}

static void add_award(struct tenant_game *t, const struct event *e) {
        struct award a = {
                .id = event_number(e, "award", 0),
                .who = e->account,
                .value = event_number(e, "points", 0),
                .at_ms = e->at_ms,
                .seq = e->seq,
        };

        game_add_award(t->game, &a);
        t->stale = true;
}

static void add_hint(struct tenant_game *t, const struct event *e) {
        game_add_hint(t->game, e->account, e->challenge, event_number(e, "hint", 1),
                      -event_number(e, "points", 0), e->at_ms);
        t->stale = true;
}

/* What is done in the game. */
static void apply_event(struct games *g, const struct event *e) {
        struct tenant_game *t;

        if (e->tenant == 0)
                return;
        t = games_of(g, e->tenant);
        switch ((int)e->action) {
        case ACTION_SOLVED:
                add_solve(t, e);
                break;
        case ACTION_UNSOLVED:
                game_drop_solve(t->game, e->account, e->challenge);
                correct(t);
                break;
        case ACTION_SUBMITTED:
                game_add_attempts(t->game, e->account, e->challenge, 1);
                break;
        case ACTION_JUDGED:
        case ACTION_SUBMISSION_DELETED:
                game_add_attempts(t->game, e->account, e->challenge, event_number(e, "wrong", 0));
                break;
        case ACTION_HINT_UNLOCKED:
                add_hint(t, e);
                break;
        case ACTION_AWARDED:
                add_award(t, e);
                break;
        case ACTION_AWARD_REMOVED:
                game_drop_award(t->game, e->account, event_number(e, "award", 0));
                correct(t);
                break;
        case ACTION_GAME_RESET:
                game_reset(t->game);
                correct(t);
                break;
        default:
                break;
        }
}

void games_apply(struct games *g, const struct change *c) {
        switch (c->kind) {
        case CHANGE_NONE:
                apply_event(g, &c->event);
                break;
        case CHANGE_TENANT:
                games_of(g, c->tenant.id);
                break;
        case CHANGE_TEAM:
                games_put_team(g, &c->team);
                break;
        case CHANGE_USER:
                games_put_user(g, &c->user);
                break;
        case CHANGE_CHALLENGE:
                games_put_challenge(g, c->challenge);
                break;
        case CHANGE_RULES:
                games_put_rules(g, &c->rules);
                break;
        case CHANGE_LEASE:
        case CHANGE_TOKEN:
        case CHANGE_CHALLENGE_GONE:
        case CHANGE_POLICY:
                break;
        }
}

static struct board *make(struct games *g, struct tenant_game *t, int64_t seq, int64_t cutoff_ms) {
        struct board *b = game_board(t->game, cutoff_ms);

        if (g->version == 0) /* no version of an earlier run comes again */
                g->version = (uint64_t)clock_now_ms() << 20;
        b->version = ++g->version;
        b->seq = seq;
        return b;
}

/* OLD, the frozen board that is shown, still is what players see. */
static bool is_kept(const struct tenant_game *t, const struct board *old) {
        return old && old->cutoff_ms == t->rules.freeze_ms && !t->corrected;
}

static void make_boards(struct games *g, struct tenant_game *t, const struct tenant_game *shown,
                        int64_t seq, int64_t now_ms) {
        const struct board *old = shown ? shown->frozen : NULL;
        bool frozen = game_frozen(&t->rules, now_ms);

        if (!t->stale && frozen == (old != NULL))
                return;
        t->live = make(g, t, seq, BOARD_LIVE);
        if (frozen)
                t->frozen = is_kept(t, old) ? board_ref(old) : make(g, t, seq, t->rules.freeze_ms);
        t->stale = t->corrected = false;
}

void games_make_boards(struct games *working, const struct games *shown, int64_t seq,
                       int64_t now_ms) {
        struct tenant_game *t;
        size_t at = 0;

        while ((t = map_next(&working->by_tenant, &at)))
                make_boards(working, t, games_find(shown, t->rules.tenant), seq, now_ms);
}

void games_swap_boards(struct games *shown, struct games *working) {
        struct tenant_game *t;
        size_t at = 0;

        while ((t = map_next(&working->by_tenant, &at))) {
                struct tenant_game *s = games_of(shown, t->rules.tenant);
                struct board *live = s->live, *frozen = s->frozen;

                if (!t->live)
                        continue;
                s->live = t->live;
                s->frozen = t->frozen;
                t->live = live;
                t->frozen = frozen;
        }
}

void games_drop_boards(struct games *working) {
        struct tenant_game *t;
        size_t at = 0;

        while ((t = map_next(&working->by_tenant, &at)))
                drop_boards(t);
}
