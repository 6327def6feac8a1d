/* Sessions, passwords, and what users call themselves. */
#include <string.h>

#include "base/str.h"
#include "core/engine_impl.h"
#include "core/people_verbs.h"

static int append_token(struct work *w, struct event *e, const struct token *t, struct err *err) {
        struct change *c;

        e->account = (struct account){ ACCOUNT_USER, t->user };
        event_int(e, "token", t->id);
        if (work_append(w, e, CHANGE_TOKEN, &c, err) < 0)
                return -1;
        c->token = *t;
        return 0;
}

/* Is VERIFIED still how the password of USER is stored? */
static int check_verified(struct work *w, int64_t user, const char *verified, struct err *err) {
        char now[PASSWORD_SIZE];

        if (users_password(w->tx, user, now, err) < 0)
                return -1;
        if (!*now || strcmp(now, verified) != 0)
                return err_set(err, ERR_UNAUTHENTIC, "The name or the password is wrong");
        return 0;
}

static int begin_session(struct work *w, const struct origin *o, const struct user *u,
                         const char *agent, char text[TOKEN_TEXT], struct token *ret,
                         struct err *err) {
        struct event e = work_event(w, o, ACTION_SIGNED_IN);
        struct token t = { .tenant = u->tenant,
                           .user = u->id,
                           .created_ms = w->now_ms,
                           .expires_ms = w->now_ms + SESSION_MS,
                           .kind = TOKEN_SESSION };

        str_copy(t.label, sizeof(t.label), agent);
        token_make(text, t.digest);
        if (tokens_insert(w->tx, &t, err) < 0)
                return -1;
        e.actor_kind = ACTOR_USER;
        e.actor = u->id;
        e.tenant = u->tenant;
        event_text(&e, "agent", t.label);
        *ret = t;
        return append_token(w, &e, &t, err);
}

static int session_create_run(struct command *cmd, struct work *w, struct err *err) {
        struct session_create *s = container_of(cmd, struct session_create, command);
        struct user u;

        if (users_get(w->tx, s->user, &u, err) < 0 || check_verified(w, u.id, s->verified, err) < 0)
                return -1;
        if (u.standing == STANDING_BANNED)
                return err_set(err, ERR_FORBIDDEN, "This account is banned");
        return begin_session(w, &cmd->origin, &u, s->agent, s->text, &s->ret, err);
}

void session_create_command(struct session_create *s) { s->command.run = session_create_run; }

static int end_token(struct work *w, const struct origin *o, enum action action, struct token *t,
                     struct err *err) {
        struct event e = work_event(w, o, action);

        t->revoked_ms = w->now_ms;
        if (append_token(w, &e, t, err) < 0)
                return -1;
        return tokens_revoke(w->tx, t->id, w->now_ms, err);
}

static int session_end_run(struct command *cmd, struct work *w, struct err *err) {
        struct session_end *s = container_of(cmd, struct session_end, command);
        struct token t;

        if (tokens_get(w->tx, s->token, &t, err) < 0)
                return -1;
        if (t.revoked_ms)
                return 0;
        return end_token(w, &cmd->origin, ACTION_SIGNED_OUT, &t, err);
}

void session_end_command(struct session_end *s) { s->command.run = session_end_run; }

/* Passwords. */

struct revoking {
        struct work *w;
        const struct origin *origin;
};

static int revoke_one(void *arg, const struct token *token, struct err *err) {
        struct revoking *r = arg;
        struct token t = *token;

        return end_token(r->w, r->origin, ACTION_TOKEN_REVOKED, &t, err);
}

static int append_password(struct work *w, const struct origin *o, struct user *u,
                           struct err *err) {
        struct event e = work_event(w, o, ACTION_PASSWORD_CHANGED);
        struct change *c;

        e.account = (struct account){ ACCOUNT_USER, u->id };
        u->has_password = true;
        if (work_append(w, &e, CHANGE_USER, &c, err) < 0)
                return -1;
        c->user = *u;
        return 0;
}

static int password_set_run(struct command *cmd, struct work *w, struct err *err) {
        struct password_set *p = container_of(cmd, struct password_set, command);
        const struct origin *o = &cmd->origin;
        bool own = o->kind == ACTOR_USER && o->user == p->user;
        struct user u;

        p->text[0] = '\0';
        if (users_get(w->tx, p->user, &u, err) < 0)
                return -1;
        if (u.tenant != o->tenant)
                return err_set(err, ERR_NOT_FOUND, "No such user");
        if (o->kind == ACTOR_USER && u.role > o->role)
                return err_set(err, ERR_FORBIDDEN, "\"%s\" is above your role", u.name);
        if (*p->verified && check_verified(w, u.id, p->verified, err) < 0)
                return -1;
        if (append_password(w, o, &u, err) < 0 ||
            users_set_password(w->tx, u.id, p->password, err) < 0 ||
            tokens_each_live(w->tx, u.id, u.tenant, revoke_one, &(struct revoking){ w, o }, err) <
                    0)
                return -1;
        return own ? begin_session(w, o, &u, p->agent, p->text, &p->ret, err) : 0;
}

void password_set_command(struct password_set *p) { p->command.run = password_set_run; }

/* Names. */

static int display_run(struct command *cmd, struct work *w, struct err *err) {
        struct display_set *d = container_of(cmd, struct display_set, command);
        struct event e = work_event(w, &cmd->origin, ACTION_NAME_CHANGED);
        char name[DISPLAY_NAME_SIZE], before[DISPLAY_NAME_SIZE];
        struct change *c;
        struct user u;

        if (display_name_clean(d->name, name, err) < 0 || users_get(w->tx, d->user, &u, err) < 0)
                return -1;
        if (u.tenant != cmd->origin.tenant)
                return err_set(err, ERR_NOT_FOUND, "No such user");
        e.account = (struct account){ ACCOUNT_USER, u.id };
        read_model_account_name(w->model, e.account, before);
        d->ret = u;
        if (strcmp(u.display, name) == 0)
                return 0;
        str_copy(u.display, sizeof(u.display), name);
        if (users_update(w->tx, &u, err) < 0)
                return err->kind == ERR_CONFLICT ?
                               err_set(err, ERR_CONFLICT, "The name \"%s\" is taken", name) :
                               -1;
        deed_hide(w, &e);
        event_text(&e, "name", name);
        event_text(&e, "before", before);
        if (work_append(w, &e, CHANGE_USER, &c, err) < 0)
                return -1;
        c->user = d->ret = u;
        return 0;
}

void display_set_command(struct display_set *d) { d->command.run = display_run; }
