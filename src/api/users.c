/* /api/v2/users, /api/v2/teams and /api/v2/whoami. */
#include <inttypes.h>
#include <string.h>

#include "api/accounts.h"
#include "api/body.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/query.h"

/* --- shared with tokens and tenants --- */

int account_tenant(struct call *c, struct err *err) {
        const struct tenant *tenant;
        const char *slug;

        if (body_text_or(c->body, "tenant", NAME_MAX_BYTES, &slug, err) < 0)
                return -1;
        if (!*slug)
                return 0;
        if (!call_may(c, PERMISSION_TENANTS))
                return err_set(err, ERR_FORBIDDEN, "tenant: this needs the permission \"%s\"",
                               permission_name(PERMISSION_TENANTS));
        read_model_lock(c->api->model);
        tenant = read_model_tenant_by_slug(c->api->model, slug);
        if (tenant)
                c->origin.tenant = tenant->id;
        read_model_unlock(c->api->model);
        return tenant ? 0 : err_set(err, ERR_INVALID, "tenant: there is none of this name");
}

int account_user(struct call *c, const char *key, const json_t *v, struct user *ret,
                 struct err *err) {
        const struct read_model *m = c->api->model;
        const struct user *user = NULL;
        const char *name = json_string_value(v);
        int64_t id = json_integer_value(v), tenant = c->origin.tenant;

        if (!v || json_is_null(v))
                return err_set(err, ERR_INVALID, "%s: missing", key);
        if (!json_is_string(v) && !json_is_integer(v))
                return err_set(err, ERR_INVALID, "%s: must be a name or an id", key);
        read_model_lock(c->api->model);
        if (name)
                user = read_model_user_by_name(m, tenant, name);
        if (!user && (!name || query_id(name, &id)))
                user = read_model_user(m, id);
        if (user && user->tenant == tenant)
                *ret = *user;
        else
                user = NULL;
        read_model_unlock(c->api->model);
        return user ? 0 : err_set(err, ERR_NOT_FOUND, "%s: there is no such user", key);
}

/* --- users --- */

/* With the read model locked: it has the team's name. */
static void write_user(struct buf *b, const struct read_model *m, const void *item) {
        const struct user *u = item;
        const struct team *team = u->team ? read_model_team(m, u->team) : NULL;

        json_open(b, '{');
        json_key(b, "id");
        json_int(b, u->id);
        json_key(b, "name");
        json_text(b, u->name);
        json_key(b, "role");
        json_text(b, role_name(u->role));
        json_key(b, "team_id");
        if (u->team)
                json_int(b, u->team);
        else
                json_none(b);
        json_key(b, "team");
        json_text(b, team ? team->name : NULL);
        json_key(b, "created_at");
        json_time(b, u->created_ms);
        json_close(b, '}');
}

static int64_t user_id(const void *item) { return ((const struct user *)item)->id; }
static void gather_users(const struct call *c, int64_t of _unused_, struct list *list) {
        const struct user *u;
        size_t at = 0;

        while ((u = read_model_next_user(c->api->model, c->origin.tenant, &at)))
                list_add(list, u);
}

static const struct page_kind users = { gather_users, user_id, write_user };

static void reply_user(struct call *c, int status, const struct user *u) {
        struct buf *b = call_buf(c);

        read_model_lock(c->api->model);
        write_user(b, c->api->model, u);
        read_model_unlock(c->api->model);
        call_reply_json(c, status);
}

void user_list(struct call *c) { page_reply(c, &users, 0); }

/* With the read model locked. */
static const struct team *find_team(const struct read_model *m, int64_t tenant, const json_t *v) {
        const char *name = json_string_value(v);
        const struct team *t;
        size_t at = 0;

        if (json_is_integer(v)) {
                t = read_model_team(m, json_integer_value(v));
                return t && t->tenant == tenant ? t : NULL;
        }
        while ((t = read_model_next_team(m, tenant, &at)))
                if (strcmp(t->name, name) == 0)
                        return t;
        return NULL;
}

/* The body's role and team, where they are there. */
static int read_membership(struct call *c, struct user *u, struct err *err) {
        const json_t *v = json_object_get(c->body, "team");
        const struct team *t;
        const char *role;
        int r;

        if (body_text_or(c->body, "role", NAME_MAX_BYTES, &role, err) < 0)
                return -1;
        r = *role ? role_parse(role) : (int)u->role;
        if (r < 0)
                return err_set(err, ERR_INVALID, "role: must be player, organiser or admin");
        u->role = (enum role)r;
        if (!v)
                return 0;
        if (json_is_null(v)) {
                u->team = 0;
                return 0;
        }
        if (!json_is_string(v) && !json_is_integer(v))
                return err_set(err, ERR_INVALID, "team: must be a name or an id");
        read_model_lock(c->api->model);
        t = find_team(c->api->model, c->origin.tenant, v);
        u->team = t ? t->id : 0;
        read_model_unlock(c->api->model);
        return t ? 0 : err_set(err, ERR_INVALID, "team: there is no such team");
}

static void on_user_created(struct call *c, struct command *cmd) {
        const struct user_create *u = container_of(cmd, struct user_create, command);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        call_add_location(c, "/api/v2/users/%" PRId64, u->user.id);
        reply_user(c, 201, &u->user);
}

void user_create(struct call *c) {
        struct user_create *u = arena_new(http_arena(c->req), struct user_create);
        struct err err;

        *u = (struct user_create){ .user.role = ROLE_PLAYER };
        if (account_tenant(c, &err) < 0 || body_name(c->body, "name", u->user.name, &err) < 0 ||
            read_membership(c, &u->user, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        user_create_command(u);
        call_submit(c, &u->command, on_user_created);
}

static void on_user_changed(struct call *c, struct command *cmd) {
        const struct user_change *u = container_of(cmd, struct user_change, command);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        reply_user(c, 200, &u->user);
}

void user_change(struct call *c) {
        struct user_change *u = arena_new(http_arena(c->req), struct user_change);
        const struct user *known;
        struct err err;
        int64_t id = 0;

        *u = (struct user_change){ 0 };
        read_model_lock(c->api->model);
        known = query_id(c->param, &id) ? read_model_user(c->api->model, id) : NULL;
        if (known && known->tenant == c->origin.tenant)
                u->user = *known;
        read_model_unlock(c->api->model);
        if (!u->user.id) {
                problem_replyf(c, ERR_NOT_FOUND, "No such user");
                return;
        }
        if (read_membership(c, &u->user, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        if (json_object_get(c->body, "role") && !json_is_null(json_object_get(c->body, "role")))
                u->fields |= USER_ROLE;
        if (json_object_get(c->body, "team"))
                u->fields |= USER_TEAM;
        user_change_command(u);
        call_submit(c, &u->command, on_user_changed);
}

/* --- teams --- */

static void write_team(struct buf *b, const struct read_model *m _unused_, const void *item) {
        const struct team *t = item;

        json_open(b, '{');
        json_key(b, "id");
        json_int(b, t->id);
        json_key(b, "name");
        json_text(b, t->name);
        json_key(b, "created_at");
        json_time(b, t->created_ms);
        json_close(b, '}');
}

static int64_t team_id(const void *item) { return ((const struct team *)item)->id; }
static void gather_teams(const struct call *c, int64_t of _unused_, struct list *list) {
        const struct team *t;
        size_t at = 0;

        while ((t = read_model_next_team(c->api->model, c->origin.tenant, &at)))
                list_add(list, t);
}

static const struct page_kind teams = { gather_teams, team_id, write_team };

void team_list(struct call *c) { page_reply(c, &teams, 0); }

static void on_team_created(struct call *c, struct command *cmd) {
        const struct team_create *t = container_of(cmd, struct team_create, command);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        write_team(call_buf(c), c->api->model, &t->team);
        call_reply_json(c, 201);
}

void team_create(struct call *c) {
        struct team_create *t = arena_new(http_arena(c->req), struct team_create);
        struct err err;

        *t = (struct team_create){ 0 };
        if (account_tenant(c, &err) < 0 || body_name(c->body, "name", t->team.name, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        team_create_command(t);
        call_submit(c, &t->command, on_team_created);
}

/* --- who am I --- */

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
        if (!c->origin.account.id) {
                json_none(b);
                return;
        }
        json_open(b, '{');
        json_key(b, "kind");
        json_text(b, account_kind_name(c->origin.account.kind));
        json_key(b, "id");
        json_int(b, c->origin.account.id);
        json_close(b, '}');
}

void whoami(struct call *c) {
        struct buf *b = call_buf(c);
        const struct tenant *tenant;
        const struct user *user;

        read_model_lock(c->api->model);
        user = read_model_user(c->api->model, c->origin.user);
        tenant = read_model_tenant(c->api->model, c->origin.tenant);
        if (user && tenant) {
                json_open(b, '{');
                json_key(b, "user");
                write_user(b, c->api->model, user);
                json_key(b, "tenant");
                write_tenant(b, tenant);
                json_key(b, "account");
                write_own_account(c, b);
                json_key(b, "token_id");
                json_int(b, c->token);
                json_key(b, "permissions");
                write_permissions(c, b);
                json_close(b, '}');
        }
        read_model_unlock(c->api->model);
        if (user && tenant)
                call_reply_json(c, 200);
        else
                problem_replyf(c, ERR_UNAUTHENTIC, "The token's user is gone");
}
