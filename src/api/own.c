/* What users do with what is theirs: sign-up, password, name on the board. */
#include <string.h>

#include "api/body.h"
#include "api/passwords.h"
#include "api/problem.h"
#include "api/session.h"
#include "base/password.h"
#include "base/str.h"

/* --- sign-up --- */

struct sign_up {
        struct password_job job;
        struct user_create create;
        struct session_create session;
        const char *password;
};

static void on_session(struct call *c, struct command *cmd) {
        struct session_create *s = container_of(cmd, struct session_create, command);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        call_take_user(c, s->user);
        c->token = s->ret.id;
        session_cookie(c, s->text);
        if (session_write(c, call_buf(c)))
                call_reply_json(c, 201);
        else
                problem_replyf(c, ERR_UNAUTHENTIC, "The account is gone");
}

static void on_created(struct call *c, struct command *cmd) {
        struct user_create *create = container_of(cmd, struct user_create, command);
        struct sign_up *s = container_of(create, struct sign_up, create);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        s->session.user = create->user.id;
        str_copy(s->session.verified, sizeof(s->session.verified), create->password);
        session_create_command(&s->session);
        call_submit(c, &s->session.command, on_session);
}

static void hash_new(struct password_job *j) {
        struct sign_up *s = container_of(j, struct sign_up, job);

        password_hash(s->password, s->create.password);
}

static void on_hashed(struct password_job *j) {
        struct sign_up *s = container_of(j, struct sign_up, job);

        user_create_command(&s->create);
        call_submit(j->call, &s->create.command, on_created);
}

/* Told before the password is worked on; the verb looks again. */
static int check_open(struct call *c, struct err *err) {
        const struct tenant_game *game;
        bool open;

        read_model_lock(c->api->model);
        game = read_model_game(c->api->model, c->origin.tenant);
        open = game && game->rules.sign_up;
        read_model_unlock(c->api->model);
        return open ? 0 : err_set(err, ERR_FORBIDDEN, "Accounts are made by the organisers here");
}

static int read_sign_up(struct call *c, struct sign_up *s, struct err *err) {
        struct user *u = &s->create.user;
        const char *bracket, *display;

        if (body_name(c->body, "name", u->name, err) < 0 ||
            body_text(c->body, "password", PASSWORD_MAX, &s->password, err) < 0 ||
            body_text_or(c->body, "bracket", BRACKET_SIZE - 1, &bracket, err) < 0 ||
            body_text_or(c->body, "display_name", DISPLAY_NAME_SIZE - 1, &display, err) < 0)
                return -1;
        if (password_check(s->password, err) < 0)
                return err_wrap(err, "password");
        if (*display && display_name_clean(display, u->display, err) < 0)
                return err_wrap(err, "display_name");
        str_copy(u->bracket, sizeof(u->bracket), bracket);
        return 0;
}

void sign_up(struct call *c) {
        struct sign_up *s = arena_new(http_arena(c->req), struct sign_up);
        struct err err;

        *s = (struct sign_up){ .create = { .self = true, .user.role = ROLE_PLAYER } };
        if (session_tenant(c, &err) < 0 || check_open(c, &err) < 0 ||
            read_sign_up(c, s, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        s->job = (struct password_job){ .call = c, .run = hash_new, .finish = on_hashed };
        passwords_put(c->api->passwords, &s->job);
}

/* --- a new password --- */

struct change {
        struct password_job job;
        struct query query;
        struct password_set set;
        const char *old, *new;
        bool right;
};

static void on_set(struct call *c, struct command *cmd) {
        struct password_set *set = container_of(cmd, struct password_set, command);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        c->token = set->ret.id;
        session_cookie(c, set->text);
        session_reply(c);
}

static void work(struct password_job *j) {
        struct change *ch = container_of(j, struct change, job);

        /* Who never had one, but a token, may choose one. */
        ch->right = !*ch->set.verified || password_verify(ch->set.verified, ch->old);
        if (ch->right)
                password_hash(ch->new, ch->set.password);
}

static void on_worked(struct password_job *j) {
        struct change *ch = container_of(j, struct change, job);

        if (!ch->right) {
                problem_replyf(j->call, ERR_FORBIDDEN, "old: this is not the password");
                return;
        }
        password_set_command(&ch->set);
        call_submit(j->call, &ch->set.command, on_set);
}

static int read_stored(struct query *q, struct tx *tx, struct err *err) {
        struct change *ch = container_of(q, struct change, query);

        return users_password(tx, ch->set.user, ch->set.verified, err);
}

static void on_stored(struct call *c, struct query *q) {
        struct change *ch = container_of(q, struct change, query);

        if (q->result < 0) {
                problem_reply(c, &q->err);
                return;
        }
        ch->job = (struct password_job){ .call = c, .run = work, .finish = on_worked };
        passwords_put(c->api->passwords, &ch->job);
}

void password_change(struct call *c) {
        struct change *ch = arena_new(http_arena(c->req), struct change);
        struct err err;

        *ch = (struct change){ .set.user = c->origin.user, .query.run = read_stored };
        if (body_text_or(c->body, "old", PASSWORD_MAX, &ch->old, &err) < 0 ||
            body_text(c->body, "new", PASSWORD_MAX, &ch->new, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        if (password_check(ch->new, &err) < 0) {
                problem_replyf(c, ERR_INVALID, "new: %s", err.msg);
                return;
        }
        call_query(c, &ch->query, on_stored);
}

/* --- a name on the board --- */

static void on_named(struct call *c, struct command *cmd) {
        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                session_reply(c);
}

void name_change(struct call *c) {
        struct display_set *d = arena_new(http_arena(c->req), struct display_set);
        const char *name;
        struct err err;

        *d = (struct display_set){ .user = c->origin.user };
        if (body_text(c->body, "name", DISPLAY_NAME_SIZE - 1, &name, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        str_copy(d->name, sizeof(d->name), name);
        display_set_command(d);
        call_submit(c, &d->command, on_named);
}
