/* /api/v2/users. */
#include <inttypes.h>
#include <string.h>

#include "api/accounts.h"
#include "api/body.h"
#include "api/page.h"
#include "api/passwords.h"
#include "api/problem.h"
#include "api/query.h"
#include "base/password.h"
#include "base/str.h"
#include "core/people_verbs.h"

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
void account_write_user(struct buf *b, const struct read_model *m, const void *item) {
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
        json_key(b, "display_name");
        json_text(b, *u->display ? u->display : NULL);
        json_key(b, "standing");
        json_text(b, standing_name(u->standing));
        json_key(b, "bracket");
        json_text(b, *u->bracket ? u->bracket : NULL);
        json_key(b, "has_password");
        json_bool(b, u->has_password);
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

static const struct page_kind users = { gather_users, user_id, account_write_user };

static void reply_user(struct call *c, int status, const struct user *u) {
        struct buf *b = call_buf(c);

        read_model_lock(c->api->model);
        account_write_user(b, c->api->model, u);
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

/* --- making one --- */

struct making {
        struct password_job job;
        struct user_create create;
        const char *password;
};

static void on_user_created(struct call *c, struct command *cmd) {
        const struct user_create *u = container_of(cmd, struct user_create, command);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        call_add_location(c, "/api/v2/users/%" PRId64, u->user.id);
        reply_user(c, 201, &u->user);
}

static void hash_new(struct password_job *j) {
        struct making *m = container_of(j, struct making, job);

        password_hash(m->password, m->create.password);
}

static void submit_new(struct password_job *j) {
        struct making *m = container_of(j, struct making, job);

        user_create_command(&m->create);
        call_submit(j->call, &m->create.command, on_user_created);
}

/* The body's bracket and name on the board, where they are there. */
static int read_board(struct call *c, struct user *u, struct err *err) {
        const char *bracket, *display;

        if (body_text_or(c->body, "bracket", BRACKET_SIZE - 1, &bracket, err) < 0 ||
            body_text_or(c->body, "display_name", DISPLAY_NAME_SIZE - 1, &display, err) < 0)
                return -1;
        str_copy(u->bracket, sizeof(u->bracket), bracket);
        if (*display && display_name_clean(display, u->display, err) < 0)
                return err_wrap(err, "display_name");
        return 0;
}

void user_create(struct call *c) {
        struct making *m = arena_new(http_arena(c->req), struct making);
        struct user *u = &m->create.user;
        const char *password = "";
        struct err err;

        *m = (struct making){ .create.user.role = ROLE_PLAYER };
        if (account_tenant(c, &err) < 0 || body_name(c->body, "name", u->name, &err) < 0 ||
            read_membership(c, u, &err) < 0 || read_board(c, u, &err) < 0 ||
            body_text_or(c->body, "password", PASSWORD_MAX, &password, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        m->password = password;
        m->job = (struct password_job){ .call = c, .run = hash_new, .finish = submit_new };
        if (*password)
                passwords_put(c->api->passwords, &m->job);
        else
                submit_new(&m->job);
}

/* --- changing one --- */

struct changing {
        struct user_change change;
        struct display_set display;
};

static void on_renamed(struct call *c, struct command *cmd) {
        const struct display_set *d = container_of(cmd, struct display_set, command);

        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                reply_user(c, 200, &d->ret);
}

static void on_user_changed(struct call *c, struct command *cmd) {
        struct user_change *u = container_of(cmd, struct user_change, command);
        struct changing *ch = container_of(u, struct changing, change);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
        } else if (*ch->display.name) {
                display_set_command(&ch->display);
                call_submit(c, &ch->display.command, on_renamed);
        } else {
                reply_user(c, 200, &u->user);
        }
}

/* The user that the path names; replies where there is none. */
static bool named_user(struct call *c, struct user *ret) {
        const struct user *known;
        int64_t id = 0;

        read_model_lock(c->api->model);
        known = query_id(c->param, &id) ? read_model_user(c->api->model, id) : NULL;
        if (known && known->tenant == c->origin.tenant)
                *ret = *known;
        else
                known = NULL;
        read_model_unlock(c->api->model);
        if (!known)
                problem_replyf(c, ERR_NOT_FOUND, "No such user");
        return known != NULL;
}

static bool has(const struct call *c, const char *key) {
        const json_t *v = json_object_get(c->body, key);

        /* Null says "none" of what may be none, and nothing of the rest. */
        return v && (!json_is_null(v) || strcmp(key, "role") != 0);
}

static int read_change(struct call *c, struct changing *ch, struct err *err) {
        struct user *u = &ch->change.user;
        const char *standing;
        int s;

        if ((has(c, "role") || has(c, "team")) && !call_may(c, PERMISSION_ACCOUNTS))
                return err_set(err, ERR_FORBIDDEN, "role, team: these need the permission \"%s\"",
                               permission_name(PERMISSION_ACCOUNTS));
        if (read_membership(c, u, err) < 0 || read_board(c, u, err) < 0 ||
            body_text_or(c->body, "standing", NAME_MAX_BYTES, &standing, err) < 0)
                return -1;
        s = *standing ? standing_parse(standing) : (int)u->standing;
        if (s < 0)
                return err_set(err, ERR_INVALID, "standing: must be visible, hidden or banned");
        u->standing = (enum standing)s;
        ch->change.fields = (has(c, "role") ? (unsigned)USER_ROLE : 0) |
                            (has(c, "team") ? (unsigned)USER_TEAM : 0) |
                            (*standing ? (unsigned)USER_STANDING : 0) |
                            (has(c, "bracket") ? (unsigned)USER_BRACKET : 0);
        if (has(c, "display_name"))
                str_copy(ch->display.name, sizeof(ch->display.name), u->display);
        return 0;
}

void user_change(struct call *c) {
        struct changing *ch = arena_new(http_arena(c->req), struct changing);
        struct err err;

        *ch = (struct changing){ 0 };
        if (!named_user(c, &ch->change.user))
                return;
        ch->display.user = ch->change.user.id;
        if (read_change(c, ch, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        user_change_command(&ch->change);
        call_submit(c, &ch->change.command, on_user_changed);
}

/* --- a password --- */

struct setting {
        struct password_job job;
        struct password_set set;
        const char *password;
};

static void on_password(struct call *c, struct command *cmd) {
        const struct password_set *p = container_of(cmd, struct password_set, command);
        const struct user *u;
        struct user now = { 0 };

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        read_model_lock(c->api->model);
        u = read_model_user(c->api->model, p->user);
        if (u)
                now = *u;
        read_model_unlock(c->api->model);
        reply_user(c, 200, &now);
}

static void hash_set(struct password_job *j) {
        struct setting *s = container_of(j, struct setting, job);

        password_hash(s->password, s->set.password);
}

static void submit_set(struct password_job *j) {
        struct setting *s = container_of(j, struct setting, job);

        password_set_command(&s->set);
        call_submit(j->call, &s->set.command, on_password);
}

void user_password(struct call *c) {
        struct setting *s = arena_new(http_arena(c->req), struct setting);
        struct user user;
        struct err err;

        *s = (struct setting){ 0 };
        if (!named_user(c, &user))
                return;
        s->set.user = user.id;
        if (body_text(c->body, "password", PASSWORD_MAX, &s->password, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        s->job = (struct password_job){ .call = c, .run = hash_set, .finish = submit_set };
        passwords_put(c->api->passwords, &s->job);
}
