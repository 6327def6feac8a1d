/* /api/v2/session, sign-up, passwords and names: who somebody is. */
#include "api/session.h"

#include <stdio.h>
#include <string.h>

#include "api/accounts.h"
#include "api/body.h"
#include "api/credential.h"
#include "api/passwords.h"
#include "api/problem.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/password.h"
#include "base/str.h"
#include "store/accounts.h"

/* --- cookies --- */

void session_cookie(struct call *c, const char *text) {
        char cookie[160];

        snprintf(cookie, sizeof(cookie), "%s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%lld%s",
                 SESSION_COOKIE, text, *text ? (long long)(SESSION_MS / 1000) : 0LL,
                 http_secure(c->req) ? "; Secure" : "");
        http_add_header(c->req, "Set-Cookie", cookie);
}

/* --- who it is --- */

static void write_tenant(struct buf *b, const struct tenant *t) {
        json_open(b, '{');
        json_key(b, "id");
        json_int(b, t->id);
        json_key(b, "slug");
        json_text(b, t->slug);
        json_key(b, "name");
        json_text(b, t->name);
        json_key(b, "mode");
        json_text(b, account_kind_name(t->team_mode ? ACCOUNT_TEAM : ACCOUNT_USER));
        json_close(b, '}');
}

static void write_permissions(const struct call *c, struct buf *b) {
        json_open(b, '[');
        for (enum permission p = PERMISSION_PLAY; p < _PERMISSION_N; p++)
                if (call_may(c, p))
                        json_text(b, permission_name(p));
        json_close(b, ']');
}

static void write_own_account(const struct call *c, struct buf *b) {
        char name[DISPLAY_NAME_SIZE];

        if (!c->origin.account.id) {
                json_none(b);
                return;
        }
        read_model_account_name(c->api->model, c->origin.account, name);
        json_open(b, '{');
        json_key(b, "kind");
        json_text(b, account_kind_name(c->origin.account.kind));
        json_key(b, "id");
        json_int(b, c->origin.account.id);
        json_key(b, "name");
        json_text(b, name);
        json_close(b, '}');
}

static int64_t own_points(const struct call *c) {
        const struct tenant_game *game = read_model_game(c->api->model, c->origin.tenant);

        return game ? games_total(game, call_is_staff(c), clock_now_ms(), c->origin.account) : 0;
}

bool session_write(struct call *c, struct buf *b) {
        const struct tenant *tenant;
        const struct user *user;

        read_model_lock(c->api->model);
        user = read_model_user(c->api->model, c->origin.user);
        tenant = read_model_tenant(c->api->model, c->origin.tenant);
        if (user && tenant) {
                json_open(b, '{');
                json_key(b, "user");
                account_write_user(b, c->api->model, user);
                json_key(b, "tenant");
                write_tenant(b, tenant);
                json_key(b, "account");
                write_own_account(c, b);
                json_key(b, "role");
                json_text(b, role_name(c->origin.role));
                json_key(b, "points");
                json_int(b, own_points(c));
                json_key(b, "token_id");
                json_int(b, c->token);
                json_key(b, "permissions");
                write_permissions(c, b);
                json_close(b, '}');
        }
        read_model_unlock(c->api->model);
        return user && tenant;
}

void session_display(struct call *c, char ret[DISPLAY_NAME_SIZE], char name[NAME_MAX_BYTES]) {
        const struct user *user;

        read_model_lock(c->api->model);
        user = read_model_user(c->api->model, c->origin.user);
        str_copy(ret, DISPLAY_NAME_SIZE, user ? user->display : "");
        str_copy(name, NAME_MAX_BYTES, user ? user->name : "");
        read_model_unlock(c->api->model);
}

void whoami(struct call *c) {
        if (session_write(c, call_buf(c)))
                call_reply_json(c, 200);
        else
                problem_replyf(c, ERR_UNAUTHENTIC, "The token's user is gone");
}

void session_get(struct call *c) { whoami(c); }

/* --- signing in --- */

struct sign_in {
        struct password_job job;
        struct query query;
        struct session_create create;
        const char *name, *password;
        struct limit_key address;
        int64_t user; /* 0: there is none of that name */
        char stored[PASSWORD_SIZE];
        bool right;
        int64_t wait_us; /* too many failed */
        void (*done)(struct call *c);
        void (*failed)(struct call *c, const struct err *err);
};

static struct limit_key key_of_name(const struct sign_in *s, const struct call *c) {
        return limit_key_name(c->origin.tenant, s->name);
}

/* From any thread. */
static int64_t wait_of(const struct sign_in *s, const struct call *c) {
        int64_t now_us = clock_mono_us(), by_address, by_name;

        if (!c->api->config.limits)
                return 0;
        by_address = limits_wait(c->api->limits, LIMIT_SIGN_IN, s->address, now_us);
        by_name = limits_wait(c->api->limits, LIMIT_SIGN_IN, key_of_name(s, c), now_us);
        return by_address > by_name ? by_address : by_name;
}

/* One who is in is not counted: a whole school may sign in from one address. */
static void count_failure(const struct sign_in *s, struct call *c) {
        int64_t now_us = clock_mono_us();

        if (!c->api->config.limits)
                return;
        (void)limits_take(c->api->limits, LIMIT_SIGN_IN, s->address, now_us);
        (void)limits_take(c->api->limits, LIMIT_SIGN_IN, key_of_name(s, c), now_us);
}

static void fail(struct sign_in *s, struct call *c, enum err_kind kind, const char *text) {
        struct err err;

        err_set(&err, kind, "%s", text);
        metric_add(METRIC_SIGN_INS, 1, err_code(kind));
        s->failed(c, &err);
}

static void on_session(struct call *c, struct command *cmd) {
        struct session_create *create = container_of(cmd, struct session_create, command);
        struct sign_in *s = container_of(create, struct sign_in, create);

        if (cmd->result < 0) {
                fail(s, c, cmd->err.kind, cmd->err.msg);
                return;
        }
        metric_add(METRIC_SIGN_INS, 1, "signed_in");
        call_take_user(c, s->user);
        c->token = create->ret.id;
        session_cookie(c, create->text);
        s->done(c);
}

static void on_verified(struct password_job *j) {
        struct sign_in *s = container_of(j, struct sign_in, job);
        struct call *c = j->call;

        if (s->wait_us) {
                metric_add(METRIC_SIGN_INS, 1, err_code(ERR_RATE));
                problem_reply_rate(c, LIMIT_SIGN_IN, s->wait_us);
                return;
        }
        if (!s->right) {
                count_failure(s, c);
                fail(s, c, ERR_UNAUTHENTIC, "The name or the password is wrong");
                return;
        }
        s->create.user = s->user;
        str_copy(s->create.verified, sizeof(s->create.verified), s->stored);
        session_create_command(&s->create);
        call_submit(c, &s->create.command, on_session);
}

static void verify(struct password_job *j) {
        struct sign_in *s = container_of(j, struct sign_in, job);

        /* Again: many may have come at once, before the first of them failed. */
        s->wait_us = wait_of(s, j->call);
        s->right = !s->wait_us && password_verify(s->stored, s->password);
}

static int read_stored(struct query *q, struct tx *tx, struct err *err) {
        struct sign_in *s = container_of(q, struct sign_in, query);

        if (users_password(tx, s->user, s->stored, err) == 0 || err->kind == ERR_NOT_FOUND)
                return 0;
        return -1;
}

static void on_stored(struct call *c, struct query *q) {
        struct sign_in *s = container_of(q, struct sign_in, query);

        if (q->result < 0) {
                problem_reply(c, &q->err);
                return;
        }
        s->job = (struct password_job){ .call = c, .run = verify, .finish = on_verified };
        passwords_put(c->api->passwords, &s->job);
}

void session_sign_in(struct call *c, const char *name, const char *password,
                     void (*done)(struct call *c),
                     void (*failed)(struct call *c, const struct err *err)) {
        struct sign_in *s = arena_new(http_arena(c->req), struct sign_in);
        const struct user *user;
        int64_t wait_us;

        *s = (struct sign_in){ .name = name,
                               .password = password,
                               .address = limit_key_address(http_peer(c->req)),
                               .done = done,
                               .failed = failed };
        wait_us = wait_of(s, c);
        if (wait_us) {
                metric_add(METRIC_SIGN_INS, 1, err_code(ERR_RATE));
                problem_reply_rate(c, LIMIT_SIGN_IN, wait_us);
                return;
        }
        read_model_lock(c->api->model);
        user = read_model_user_by_name(c->api->model, c->origin.tenant, name);
        s->user = user ? user->id : 0;
        read_model_unlock(c->api->model);
        s->query = (struct query){ .run = read_stored };
        call_query(c, &s->query, on_stored);
}

void session_reply(struct call *c) {
        if (session_write(c, call_buf(c)))
                call_reply_json(c, 200);
        else
                problem_replyf(c, ERR_UNAUTHENTIC, "The account is gone");
}

/* The tenant that the body names, or the daemon's own. */
int session_tenant(struct call *c, struct err *err) {
        const struct tenant *tenant;
        const char *slug;

        if (body_text_or(c->body, "tenant", NAME_MAX_BYTES, &slug, err) < 0)
                return -1;
        c->origin.tenant = guard_tenant(c);
        if (!*slug)
                return 0;
        read_model_lock(c->api->model);
        tenant = read_model_tenant_by_slug(c->api->model, slug);
        c->origin.tenant = tenant ? tenant->id : 0; /* whoever is asked for is not there */
        read_model_unlock(c->api->model);
        return 0;
}

void session_create(struct call *c) {
        const char *name, *password;
        struct err err;

        if (session_tenant(c, &err) < 0 ||
            body_text(c->body, "name", NAME_MAX_BYTES - 1, &name, &err) < 0 ||
            body_text(c->body, "password", PASSWORD_MAX, &password, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        session_sign_in(c, name, password, session_reply, problem_reply);
}

/* --- signing out --- */

struct sign_out {
        struct session_end end;
        void (*done)(struct call *c);
};

static void on_ended(struct call *c, struct command *cmd) {
        struct session_end *end = container_of(cmd, struct session_end, command);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        session_cookie(c, "");
        container_of(end, struct sign_out, end)->done(c);
}

void session_sign_out(struct call *c, void (*done)(struct call *c)) {
        struct sign_out *s = arena_new(http_arena(c->req), struct sign_out);

        *s = (struct sign_out){ .end.token = c->token, .done = done };
        session_end_command(&s->end);
        call_submit(c, &s->end.command, on_ended);
}

static void reply_nothing(struct call *c) { call_reply(c, 204, NULL, call_buf(c)); }

void session_end(struct call *c) {
        if (c->session)
                session_sign_out(c, reply_nothing);
        else
                problem_replyf(c, ERR_INVALID, "This is a token, not a session: it can be revoked");
}
