/* Tenants, teams, users, tokens, challenges and policies. */
#include <string.h>

#include "base/str.h"
#include "core/engine_impl.h"
#include "core/verbs.h"
#include "model/seal.h"
#include "store/accounts.h"
#include "store/challenges.h"
#include "store/game.h"

static int check_name(const char *name, struct err *err) {
        if (!*name)
                return err_set(err, ERR_INVALID, "name: must not be empty");
        if (!str_is_name(name))
                return err_set(err, ERR_INVALID,
                               "name: invisible characters and spaces at its ends are not allowed");
        return 0;
}

static int taken(const char *what, const char *name, struct err *err) {
        if (err->kind != ERR_CONFLICT)
                return -1;
        return err_set(err, ERR_CONFLICT, "The %s \"%s\" exists already", what, name);
}

static void event_policy(struct event *e, const struct policy *p) {
        event_int(e, "base_ms", p->base_ms);
        event_int(e, "increment_ms", p->increment_ms);
        event_int(e, "max_extensions", p->max_extensions);
        event_int(e, "max_lifetime_ms", p->max_lifetime_ms);
}

static int tenant_run(struct command *cmd, struct work *w, struct err *err) {
        struct tenant_create *t = container_of(cmd, struct tenant_create, command);
        struct change *c;
        struct event e;

        if (!str_is_slug(t->tenant.slug))
                return err_set(err, ERR_INVALID, "slug: use a-z, 0-9, - and _");
        if (check_name(t->tenant.name, err) < 0)
                return -1;
        t->tenant.created_ms = w->now_ms;
        if (tenants_insert(w->tx, &t->tenant, err) < 0)
                return taken("tenant", t->tenant.slug, err);
        if (games_insert(w->tx, t->tenant.id, err) < 0)
                return -1;
        e = work_event(w, &cmd->origin, ACTION_TENANT_CREATED);
        e.tenant = t->tenant.id;
        event_text(&e, "slug", t->tenant.slug);
        if (work_append(w, &e, CHANGE_TENANT, &c, err) < 0)
                return -1;
        c->tenant = t->tenant;
        if (t->policy.base_ms == 0)
                return 0;
        e = work_event(w, &cmd->origin, ACTION_POLICY_CHANGED);
        e.tenant = t->tenant.id;
        event_policy(&e, &t->policy);
        if (policies_put(w->tx, t->tenant.id, 0, &t->policy, err) < 0 ||
            work_append(w, &e, CHANGE_POLICY, &c, err) < 0)
                return -1;
        c->policy.tenant = t->tenant.id;
        c->policy.policy = t->policy;
        return 0;
}

void tenant_create_command(struct tenant_create *t) { t->command.run = tenant_run; }

static int team_run(struct command *cmd, struct work *w, struct err *err) {
        struct team_create *t = container_of(cmd, struct team_create, command);
        struct change *c;
        struct event e;

        if (check_name(t->team.name, err) < 0)
                return -1;
        t->team.tenant = cmd->origin.tenant;
        t->team.created_ms = w->now_ms;
        team_invite(t->team.invite);
        if (teams_insert(w->tx, &t->team, err) < 0)
                return taken("team", t->team.name, err);
        e = work_event(w, &cmd->origin, ACTION_TEAM_CREATED);
        e.account = (struct account){ ACCOUNT_TEAM, t->team.id };
        event_text(&e, "name", t->team.name);
        if (work_append(w, &e, CHANGE_TEAM, &c, err) < 0)
                return -1;
        c->team = t->team;
        return 0;
}

void team_create_command(struct team_create *t) { t->command.run = team_run; }

static int check_team(const struct work *w, int64_t tenant, int64_t team, struct err *err) {
        const struct team *t = team ? read_model_team(w->model, team) : NULL;

        if (team && (!t || t->tenant != tenant))
                return err_set(err, ERR_NOT_FOUND, "No such team");
        return 0;
}

static int user_append(struct work *w, struct event *e, const struct user *u, struct err *err) {
        struct change *c;

        e->account = (struct account){ ACCOUNT_USER, u->id };
        event_text(e, "name", u->name);
        event_text(e, "role", role_name(u->role));
        event_int(e, "team", u->team);
        event_text(e, "standing", standing_name(u->standing));
        if (*u->bracket)
                event_text(e, "bracket", u->bracket);
        if (work_append(w, e, CHANGE_USER, &c, err) < 0)
                return -1;
        c->user = *u;
        return 0;
}

static int check_bracket(const struct work *w, int64_t tenant, const char *bracket,
                         struct err *err) {
        if (!game_has_bracket(&games_of(w->games, tenant)->rules, bracket))
                return err_set(err, ERR_INVALID, "bracket: there is none of this name");
        return 0;
}

static int check_new_user(const struct user_create *u, const struct work *w, struct err *err) {
        if (u->self && !games_of(w->games, u->user.tenant)->rules.sign_up)
                return err_set(err, ERR_FORBIDDEN, "Accounts are made by the organisers here");
        if (check_name(u->user.name, err) < 0 ||
            check_bracket(w, u->user.tenant, u->user.bracket, err) < 0)
                return -1;
        return check_team(w, u->user.tenant, u->user.team, err);
}

static int user_create_run(struct command *cmd, struct work *w, struct err *err) {
        struct user_create *u = container_of(cmd, struct user_create, command);
        struct event e = work_event(w, &cmd->origin, ACTION_USER_CREATED);

        u->user.tenant = cmd->origin.tenant;
        u->user.created_ms = w->now_ms;
        u->user.has_password = *u->password != '\0';
        if (check_new_user(u, w, err) < 0)
                return -1;
        if (users_insert(w->tx, &u->user, u->password, err) < 0)
                return taken("user", u->user.name, err);
        if (u->self)
                e.actor = u->user.id;
        return user_append(w, &e, &u->user, err);
}

void user_create_command(struct user_create *u) { u->command.run = user_create_run; }

struct admins {
        const struct user *leaving;
        bool other;
};

static int look_for_admin(void *arg, const struct user *u, _unused_ struct err *err) {
        struct admins *a = arg;

        a->other |=
                u->tenant == a->leaving->tenant && u->id != a->leaving->id && u->role == ROLE_ADMIN;
        return 0;
}

/* Nobody could make one again. */
static int check_other_admin(const struct work *w, const struct user *leaving, struct err *err) {
        struct admins a = { .leaving = leaving };

        if (users_each(w->tx, look_for_admin, &a, err) < 0)
                return -1;
        if (!a.other)
                return err_set(err, ERR_CONFLICT, "\"%s\" is the only admin: make another first",
                               leaving->name);
        return 0;
}

static int check_change(const struct user_change *u, const struct work *w, const struct user *now,
                        struct err *err) {
        const struct origin *o = &u->command.origin;

        if (o->kind == ACTOR_USER && now->role > o->role)
                return err_set(err, ERR_FORBIDDEN, "\"%s\" is above your role", now->name);
        if (u->fields & USER_TEAM && check_team(w, now->tenant, u->user.team, err) < 0)
                return -1;
        if (u->fields & USER_BRACKET && check_bracket(w, now->tenant, u->user.bracket, err) < 0)
                return -1;
        if (u->fields & USER_ROLE && now->role == ROLE_ADMIN && u->user.role != ROLE_ADMIN)
                return check_other_admin(w, now, err);
        return 0;
}

static int user_change_run(struct command *cmd, struct work *w, struct err *err) {
        struct user_change *u = container_of(cmd, struct user_change, command);
        struct event e = work_event(w, &cmd->origin, ACTION_USER_CHANGED);
        struct user now;

        if (users_get(w->tx, u->user.id, &now, err) < 0)
                return -1;
        if (now.tenant != cmd->origin.tenant)
                return err_set(err, ERR_NOT_FOUND, "No such user");
        if (check_change(u, w, &now, err) < 0)
                return -1;
        if (u->fields & USER_ROLE)
                now.role = u->user.role;
        if (u->fields & USER_TEAM)
                now.team = u->user.team;
        if (u->fields & USER_STANDING)
                now.standing = u->user.standing;
        if (u->fields & USER_BRACKET)
                memcpy(now.bracket, u->user.bracket, sizeof(now.bracket));
        if (users_update(w->tx, &now, err) < 0)
                return -1;
        u->user = now;
        return user_append(w, &e, &now, err);
}

void user_change_command(struct user_change *u) { u->command.run = user_change_run; }

/* Tokens. */

static int token_append(struct work *w, struct event *e, const struct token *t, struct err *err) {
        struct change *c;

        e->account = (struct account){ ACCOUNT_USER, t->user };
        event_int(e, "token", t->id);
        event_text(e, "label", t->label);
        if (work_append(w, e, CHANGE_TOKEN, &c, err) < 0)
                return -1;
        c->token = *t;
        return 0;
}

static int token_create_run(struct command *cmd, struct work *w, struct err *err) {
        struct token_create *t = container_of(cmd, struct token_create, command);
        struct event e = work_event(w, &cmd->origin, ACTION_TOKEN_CREATED);
        struct user u;

        if (users_get(w->tx, t->user, &u, err) < 0)
                return -1;
        if (u.tenant != cmd->origin.tenant)
                return err_set(err, ERR_NOT_FOUND, "No such user");
        if (t->expires_ms != 0 && t->expires_ms <= w->now_ms)
                return err_set(err, ERR_INVALID, "expires_at: is in the past");
        t->ret = (struct token){
                .tenant = u.tenant,
                .user = u.id,
                .created_ms = w->now_ms,
                .expires_ms = t->expires_ms,
        };
        str_copy(t->ret.label, sizeof(t->ret.label), t->label);
        token_make(t->text, t->ret.digest);
        if (tokens_insert(w->tx, &t->ret, err) < 0)
                return -1;
        return token_append(w, &e, &t->ret, err);
}

void token_create_command(struct token_create *t) { t->command.run = token_create_run; }

static int token_revoke_run(struct command *cmd, struct work *w, struct err *err) {
        struct token_revoke *t = container_of(cmd, struct token_revoke, command);
        struct event e = work_event(w, &cmd->origin, ACTION_TOKEN_REVOKED);

        if (tokens_get(w->tx, t->token, &t->ret, err) < 0)
                return -1;
        if (t->ret.tenant != cmd->origin.tenant)
                return err_set(err, ERR_NOT_FOUND, "No such token");
        if (t->ret.revoked_ms)
                return 0;
        t->ret.revoked_ms = w->now_ms;
        if (tokens_revoke(w->tx, t->token, w->now_ms, err) < 0)
                return -1;
        return token_append(w, &e, &t->ret, err);
}

void token_revoke_command(struct token_revoke *t) { t->command.run = token_revoke_run; }

/* Challenges. */

/* A challenge of its own for the read model, with what only the store gives: its id. */
static int make_fresh(const struct challenge *c, int64_t id, int64_t tenant, struct challenge **ret,
                      struct err *err) {
        _cleanup_json_ json_t *o = NULL;

        if (json_parse(c->text, strlen(c->text), &o, err) < 0)
                return -1;
        return challenge_parse(o, id, tenant, ret, err);
}

static int put_challenge(struct challenges_sync *s, struct work *w, const struct challenge *c,
                         struct err *err) {
        struct event e = work_event(w, &s->command.origin, ACTION_CHALLENGE_CHANGED);
        int64_t tenant = s->command.origin.tenant, id;
        const struct challenge *old = read_model_challenge_by_slug(w->model, tenant, c->slug);
        _cleanup_buf_ struct buf text = { 0 };
        uint8_t key[KEY_SIZE];
        struct challenge *fresh;
        struct change *change;
        bool changed;

        seal_key(w->engine->config.master_key, tenant, key);
        challenge_seal(c, key, &text);
        if (challenges_put(w->tx, tenant, c->slug, text.data, w->now_ms, &id, &changed, err) < 0)
                return -1;
        if (!changed)
                return 0;
        if (make_fresh(c, id, tenant, &fresh, err) < 0)
                return -1;
        e.challenge = id;
        event_text(&e, "slug", c->slug);
        event_text(&e, "what", old ? "changed" : "added");
        if (work_append(w, &e, CHANGE_CHALLENGE, &change, err) < 0) {
                challenge_unref(fresh);
                return -1;
        }
        change->challenge = fresh;
        *(old ? &s->changed : &s->added) += 1;
        return 0;
}

static bool in_set(const struct challenges_sync *s, const char *slug) {
        for (size_t i = 0; i < s->n; i++)
                if (strcmp(s->set[i]->slug, slug) == 0)
                        return true;
        return false;
}

static int hide_others(struct challenges_sync *s, struct work *w, struct err *err) {
        const struct challenge *c;
        int64_t at = 0;

        while ((c = read_model_next_challenge(w->model, s->command.origin.tenant, &at))) {
                struct event e = work_event(w, &s->command.origin, ACTION_CHALLENGE_CHANGED);

                if (in_set(s, c->slug))
                        continue;
                e.challenge = c->id;
                event_text(&e, "slug", c->slug);
                event_text(&e, "what", "hidden");
                if (challenges_hide(w->tx, c->id, err) < 0 ||
                    work_append(w, &e, CHANGE_CHALLENGE_GONE, NULL, err) < 0)
                        return -1;
                s->hidden++;
        }
        return 0;
}

static int challenges_sync_run(struct command *cmd, struct work *w, struct err *err) {
        struct challenges_sync *s = container_of(cmd, struct challenges_sync, command);

        s->added = s->changed = s->hidden = 0;
        for (size_t i = 0; i < s->n; i++)
                if (put_challenge(s, w, s->set[i], err) < 0)
                        return err_wrap(err, "%s", s->set[i]->slug);
        return s->whole ? hide_others(s, w, err) : 0;
}

void challenges_sync_command(struct challenges_sync *c) { c->command.run = challenges_sync_run; }

/* Policies. */

static int check_policy(const struct policy *p, struct err *err) {
        if (p->base_ms <= 0 || p->increment_ms <= 0 || p->max_extensions < 0)
                return err_set(
                        err, ERR_INVALID,
                        "policy: base and increment must be above zero, max_extensions not below");
        if (p->max_lifetime_ms < p->base_ms)
                return err_set(err, ERR_INVALID,
                               "policy: max_lifetime_seconds must not be below base_seconds");
        return 0;
}

static int policy_run(struct command *cmd, struct work *w, struct err *err) {
        struct policy_set *p = container_of(cmd, struct policy_set, command);
        const struct challenge *c =
                p->challenge ? read_model_challenge(w->model, p->challenge) : NULL;
        struct event e = work_event(w, &cmd->origin, ACTION_POLICY_CHANGED);
        struct change *change;
        int r;

        if (p->challenge && (!c || c->tenant != cmd->origin.tenant))
                return err_set(err, ERR_NOT_FOUND, "No such challenge");
        if (!p->remove && check_policy(&p->policy, err) < 0)
                return -1;
        r = p->remove ? policies_delete(w->tx, cmd->origin.tenant, p->challenge, err) :
                        policies_put(w->tx, cmd->origin.tenant, p->challenge, &p->policy, err);
        if (r < 0)
                return -1;
        e.challenge = p->challenge;
        event_policy(&e, &p->policy);
        if (work_append(w, &e, CHANGE_POLICY, &change, err) < 0)
                return -1;
        change->policy.tenant = cmd->origin.tenant;
        change->policy.challenge = p->challenge;
        change->policy.policy = p->policy;
        change->policy.removed = p->remove;
        return 0;
}

void policy_set_command(struct policy_set *p) { p->command.run = policy_run; }
