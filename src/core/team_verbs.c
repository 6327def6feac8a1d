/* What players and organisers do with teams. */
#include <string.h>

#include "base/random.h"
#include "base/str.h"
#include "core/engine_impl.h"
#include "core/people_verbs.h"

/* 20 characters of Crockford's base 32: 100 bits. */
void team_invite(char ret[INVITE_SIZE]) {
        static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
        uint8_t chance[20];

        random_bytes(chance, sizeof(chance));
        for (size_t i = 0; i < sizeof(chance); i++)
                ret[i] = digits[chance[i] % 32];
        ret[sizeof(chance)] = '\0';
}

static int append_team(struct work *w, struct event *e, const struct team *t, struct err *err) {
        struct change *c;

        e->account = (struct account){ ACCOUNT_TEAM, t->id };
        event_text(e, "name", t->name);
        event_int(e, "captain", t->captain);
        event_text(e, "standing", standing_name(t->standing));
        if (*t->bracket)
                event_text(e, "bracket", t->bracket);
        if (work_append(w, e, CHANGE_TEAM, &c, err) < 0)
                return -1;
        c->team = *t;
        return 0;
}

static int move_user(struct work *w, const struct origin *o, struct user *u, int64_t team,
                     struct err *err) {
        struct event e = work_event(w, o, ACTION_USER_CHANGED);
        struct change *c;

        u->team = team;
        e.account = (struct account){ ACCOUNT_USER, u->id };
        event_text(&e, "name", u->name);
        event_int(&e, "team", team);
        if (users_update(w->tx, u, err) < 0 || work_append(w, &e, CHANGE_USER, &c, err) < 0)
                return -1;
        c->user = *u;
        return 0;
}

static int taken(const char *name, struct err *err) {
        if (err->kind != ERR_CONFLICT)
                return -1;
        return err_set(err, ERR_CONFLICT, "The team \"%s\" exists already", name);
}

/* Who may found a team or join one. */
static int check_free(struct work *w, const struct origin *o, struct user *ret, struct err *err) {
        const struct tenant *tenant = read_model_tenant(w->model, o->tenant);

        if (!tenant || !tenant->team_mode)
                return err_set(err, ERR_INVALID, "This event is played without teams");
        if (users_get(w->tx, o->user, ret, err) < 0)
                return -1;
        if (ret->team)
                return err_set(err, ERR_CONFLICT, "You are in a team: leave it first");
        return 0;
}

static int found_run(struct command *cmd, struct work *w, struct err *err) {
        struct team_found *f = container_of(cmd, struct team_found, command);
        struct team *t = &f->team;
        struct event e = work_event(w, &cmd->origin, ACTION_TEAM_CREATED);
        char name[DISPLAY_NAME_SIZE];
        struct user u;

        if (check_free(w, &cmd->origin, &u, err) < 0 || display_name_clean(t->name, name, err) < 0)
                return -1;
        if (!game_has_bracket(&games_of(w->games, cmd->origin.tenant)->rules, t->bracket))
                return err_set(err, ERR_INVALID, "bracket: there is none of this name");
        str_copy(t->name, sizeof(t->name), name);
        t->tenant = cmd->origin.tenant;
        t->created_ms = w->now_ms;
        t->captain = u.id;
        t->standing = STANDING_VISIBLE;
        team_invite(t->invite);
        if (teams_insert(w->tx, t, err) < 0)
                return taken(t->name, err);
        if (append_team(w, &e, t, err) < 0)
                return -1;
        return move_user(w, &cmd->origin, &u, t->id, err);
}

void team_found_command(struct team_found *t) { t->command.run = found_run; }

static const struct team *by_invite(const struct work *w, int64_t tenant, const char *invite) {
        const struct team *t, *found = NULL;
        size_t at = 0, n = strlen(invite);

        while (n && (t = read_model_next_team(w->model, tenant, &at)))
                if (strlen(t->invite) == n && crypto_equal(t->invite, invite, n))
                        found = t;
        return found;
}

static int join_run(struct command *cmd, struct work *w, struct err *err) {
        struct team_join *j = container_of(cmd, struct team_join, command);
        int64_t size = games_of(w->games, cmd->origin.tenant)->rules.team_size;
        const struct team *known;
        int64_t *members;
        struct user u;
        size_t n;

        if (check_free(w, &cmd->origin, &u, err) < 0)
                return -1;
        known = by_invite(w, u.tenant, j->invite);
        if (!known || teams_get(w->tx, known->id, &j->ret, err) < 0 ||
            strcmp(j->ret.invite, j->invite) != 0)
                return err_set(err, ERR_NOT_FOUND, "No team has this invite code");
        if (j->ret.standing == STANDING_BANNED)
                return err_set(err, ERR_FORBIDDEN, "This team is banned");
        if (teams_members(w->tx, &j->ret, w->arena, &members, &n, err) < 0)
                return -1;
        if (size > 0 && (int64_t)n >= size)
                return err_set(err, ERR_QUOTA, "The team is full: %lld is the most",
                               (long long)size);
        return move_user(w, &cmd->origin, &u, j->ret.id, err);
}

void team_join_command(struct team_join *t) { t->command.run = join_run; }

/* The next in line leads the team. */
static int hand_on(struct work *w, const struct origin *o, struct team *t, struct err *err) {
        struct event e = work_event(w, o, ACTION_TEAM_CHANGED);
        int64_t *members;
        size_t n;

        if (teams_members(w->tx, t, w->arena, &members, &n, err) < 0)
                return -1;
        t->captain = n > 0 ? members[0] : 0;
        if (teams_update(w->tx, t, err) < 0)
                return -1;
        return append_team(w, &e, t, err);
}

static int leave_run(struct command *cmd, struct work *w, struct err *err) {
        struct team_leave *l = container_of(cmd, struct team_leave, command);
        const struct origin *o = &cmd->origin;
        struct team t;
        struct user u;

        if (users_get(w->tx, l->user, &u, err) < 0)
                return -1;
        if (u.tenant != o->tenant || !u.team)
                return err_set(err, ERR_NOT_FOUND, "No team to leave");
        if (teams_get(w->tx, u.team, &t, err) < 0)
                return -1;
        if (u.id != o->user && t.captain != o->user)
                return err_set(err, ERR_FORBIDDEN, "Only the team's captain may do this");
        if (game_active(games_of(w->games, t.tenant)->game, (struct account){ ACCOUNT_TEAM, t.id }))
                return err_set(err, ERR_CONFLICT,
                               "The team has scored: from now on its members stay");
        if (move_user(w, o, &u, 0, err) < 0)
                return -1;
        if (t.captain == u.id && hand_on(w, o, &t, err) < 0)
                return -1;
        l->ret = t;
        return 0;
}

void team_leave_command(struct team_leave *t) { t->command.run = leave_run; }

/* Changes. */

static int check_may(const struct team_change *c, const struct team *now, struct err *err) {
        const struct origin *o = &c->command.origin;

        if (now->tenant != o->tenant)
                return err_set(err, ERR_NOT_FOUND, "No such team");
        if (o->role >= ROLE_ORGANISER || o->kind != ACTOR_USER)
                return 0;
        if (now->captain != o->user)
                return err_set(err, ERR_FORBIDDEN, "Only the team's captain may do this");
        if (c->fields & (TEAM_STANDING | TEAM_BRACKET))
                return err_set(err, ERR_FORBIDDEN, "Only organisers may do this");
        return 0;
}

static int take(const struct team_change *c, const struct work *w, struct team *now,
                struct err *err) {
        const struct user *captain;

        if (c->fields & TEAM_NAME && display_name_clean(c->team.name, now->name, err) < 0)
                return -1;
        if (c->fields & TEAM_CAPTAIN) {
                captain = read_model_user(w->model, c->team.captain);
                if (!captain || captain->team != now->id)
                        return err_set(err, ERR_INVALID, "captain: must be a member of the team");
                now->captain = captain->id;
        }
        if (c->fields & TEAM_INVITE)
                team_invite(now->invite);
        if (c->fields & TEAM_STANDING)
                now->standing = c->team.standing;
        if (c->fields & TEAM_BRACKET) {
                if (!game_has_bracket(&games_of(w->games, now->tenant)->rules, c->team.bracket))
                        return err_set(err, ERR_INVALID, "bracket: there is none of this name");
                memcpy(now->bracket, c->team.bracket, sizeof(now->bracket));
        }
        return 0;
}

static int change_run(struct command *cmd, struct work *w, struct err *err) {
        struct team_change *c = container_of(cmd, struct team_change, command);
        struct team now, before;
        struct event e;

        if (teams_get(w->tx, c->team.id, &now, err) < 0)
                return -1;
        before = now;
        if (check_may(c, &now, err) < 0 || take(c, w, &now, err) < 0)
                return -1;
        if (teams_update(w->tx, &now, err) < 0)
                return taken(now.name, err);
        c->team = now;
        if (strcmp(before.name, now.name) != 0) {
                e = work_event(w, &cmd->origin, ACTION_NAME_CHANGED);
                e.account = (struct account){ ACCOUNT_TEAM, now.id };
                deed_hide(w, &e);
                event_text(&e, "before", before.name);
                if (append_team(w, &e, &now, err) < 0)
                        return -1;
                if (!(c->fields & ~(unsigned)TEAM_NAME)) /* nothing else */
                        return 0;
        }
        e = work_event(w, &cmd->origin, ACTION_TEAM_CHANGED);
        return append_team(w, &e, &now, err);
}

void team_change_command(struct team_change *t) { t->command.run = change_run; }
