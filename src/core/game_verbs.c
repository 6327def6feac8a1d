/* The rules of a game, and its beginning anew. */
#include "core/game_verbs.h"

#include <string.h>

#include "core/engine_impl.h"
#include "store/accounts.h"

/* Rules. */

static void take(struct game_rules *r, const struct game_set *g) {
        const struct game_rules *new = &g->rules;

        if (g->fields & GAME_STARTS)
                r->starts_ms = new->starts_ms;
        if (g->fields & GAME_ENDS)
                r->ends_ms = new->ends_ms;
        if (g->fields & GAME_FREEZE)
                r->freeze_ms = new->freeze_ms;
        if (g->fields & GAME_PAUSE)
                r->paused = new->paused;
        if (g->fields & GAME_SIGN_UP)
                r->sign_up = new->sign_up;
        if (g->fields & GAME_PUBLIC_BOARD)
                r->public_board = new->public_board;
        if (g->fields & GAME_TEAM_SIZE)
                r->team_size = new->team_size;
        if (g->fields & GAME_BONUS)
                memcpy(r->bonus_percent, new->bonus_percent, sizeof(r->bonus_percent));
        if (g->fields & GAME_SUSPICION)
                r->threshold = new->threshold;
        if (g->fields & GAME_BRACKETS)
                memcpy(r->brackets, new->brackets, sizeof(r->brackets));
}

static int check_rules(const struct game_rules *r, struct err *err) {
        if (r->ends_ms && r->ends_ms <= r->starts_ms)
                return err_set(err, ERR_INVALID, "ends_at: must be after starts_at");
        if (r->freeze_ms && r->freeze_ms < r->starts_ms)
                return err_set(err, ERR_INVALID, "freeze_at: must not be before starts_at");
        if (r->team_size < 0 || r->team_size > 1000)
                return err_set(err, ERR_INVALID, "team_size: must be 0 to 1000");
        for (int i = 0; i < BLOODS; i++)
                if (r->bonus_percent[i] < 0 || r->bonus_percent[i] > 1000)
                        return err_set(err, ERR_INVALID,
                                       "blood_bonus_percent: must be 0 to 1000 each");
        if (r->threshold < 1 || r->threshold > 100)
                return err_set(err, ERR_INVALID, "suspicion_threshold: must be 1 to 100");
        return 0;
}

/* Who has scored has scored as a user, or as a team. */
static int set_mode(struct game_set *g, struct work *w, struct err *err) {
        const struct tenant *t = read_model_tenant(w->model, g->command.origin.tenant);
        struct event e = work_event(w, &g->command.origin, ACTION_TENANT_CHANGED);
        struct change *c;

        if (!(g->fields & GAME_MODE) || t->team_mode == g->team_mode)
                return 0;
        if (game_begun(games_of(w->games, t->id)->game))
                return err_set(err, ERR_CONFLICT,
                               "mode: it cannot be changed once somebody has scored");
        if (tenants_set_mode(w->tx, t->id, g->team_mode, err) < 0)
                return -1;
        event_text(&e, "mode", g->team_mode ? "teams" : "users");
        if (work_append(w, &e, CHANGE_TENANT, &c, err) < 0)
                return -1;
        c->tenant = *t;
        c->tenant.team_mode = g->team_mode;
        return 0;
}

static void event_rules(struct event *e, const struct game_rules *r) {
        event_int(e, "starts_ms", r->starts_ms);
        event_int(e, "ends_ms", r->ends_ms);
        event_int(e, "freeze_ms", r->freeze_ms);
        event_int(e, "paused", r->paused);
        event_int(e, "sign_up", r->sign_up);
        event_int(e, "public_board", r->public_board);
        event_int(e, "team_size", r->team_size);
        event_int(e, "first_bonus", r->bonus_percent[0]);
        event_int(e, "second_bonus", r->bonus_percent[1]);
        event_int(e, "third_bonus", r->bonus_percent[2]);
        event_int(e, "suspicion_threshold", r->threshold);
}

static int game_set_run(struct command *cmd, struct work *w, struct err *err) {
        struct game_set *g = container_of(cmd, struct game_set, command);
        struct game_rules rules = games_of(w->games, cmd->origin.tenant)->rules;
        struct event e = work_event(w, &cmd->origin, ACTION_GAME_CHANGED);
        struct change *c;

        take(&rules, g);
        if (check_rules(&rules, err) < 0 || set_mode(g, w, err) < 0)
                return -1;
        if (games_update(w->tx, &rules, err) < 0)
                return -1;
        event_rules(&e, &rules);
        if (work_append(w, &e, CHANGE_RULES, &c, err) < 0)
                return -1;
        c->rules = g->rules = rules;
        return 0;
}

void game_set_command(struct game_set *g) { g->command.run = game_set_run; }

/* Reset. */

struct reset {
        struct work *w;
        const struct event *event;
        int64_t sessions;
};

static int end_session(void *arg, const struct token *t, struct err *err) {
        struct reset *r = arg;
        struct change *c;

        if (t->kind != TOKEN_SESSION)
                return 0;
        if (tokens_revoke(r->w->tx, t->id, r->w->now_ms, err) < 0)
                return -1;
        c = work_follow(r->w, r->event, CHANGE_TOKEN);
        c->token = *t;
        c->token.revoked_ms = r->w->now_ms;
        r->sessions++;
        return 0;
}

static int forget_name(void *arg, const struct user *u, _unused_ struct err *err) {
        struct reset *r = arg;
        struct change *c;

        if (u->tenant != r->event->tenant || !*u->display)
                return 0;
        c = work_follow(r->w, r->event, CHANGE_USER);
        c->user = *u;
        c->user.display[0] = '\0';
        return 0;
}

static int game_reset_run(struct command *cmd, struct work *w, struct err *err) {
        struct game_reset *g = container_of(cmd, struct game_reset, command);
        struct event e = work_event(w, &cmd->origin, ACTION_GAME_RESET);
        struct reset r = { .w = w, .event = &e };

        if (work_append(w, &e, CHANGE_NONE, NULL, err) < 0 ||
            users_each(w->tx, forget_name, &r, err) < 0 ||
            tokens_each_live(w->tx, 0, e.tenant, end_session, &r, err) < 0 ||
            games_reset(w->tx, e.tenant, err) < 0)
                return -1;
        g->sessions = r.sessions;
        return 0;
}

void game_reset_command(struct game_reset *g) { g->command.run = game_reset_run; }
