/* /api/v2/teams for organisers, /api/v2/team for a player's own. */
#include <inttypes.h>
#include <string.h>

#include "api/accounts.h"
#include "api/body.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/query.h"
#include "base/str.h"
#include "core/people_verbs.h"

static void write_members(struct buf *b, const struct read_model *m, const struct team *t) {
        const struct user *u;
        size_t at = 0;

        json_open(b, '[');
        while ((u = read_model_next_user(m, t->tenant, &at))) {
                if (u->team != t->id)
                        continue;
                json_open(b, '{');
                json_key(b, "id");
                json_int(b, u->id);
                json_key(b, "name");
                json_text(b, *u->display ? u->display : u->name);
                json_close(b, '}');
        }
        json_close(b, ']');
}

/* With the read model locked. */
static void write_open(struct buf *b, const struct team *t) {
        json_open(b, '{');
        json_key(b, "id");
        json_int(b, t->id);
        json_key(b, "name");
        json_text(b, t->name);
        json_key(b, "captain_id");
        if (t->captain)
                json_int(b, t->captain);
        else
                json_none(b);
        json_key(b, "standing");
        json_text(b, standing_name(t->standing));
        json_key(b, "bracket");
        json_text(b, *t->bracket ? t->bracket : NULL);
        json_key(b, "created_at");
        json_time(b, t->created_ms);
}

static void write_team(struct buf *b, const struct read_model *m _unused_, const void *item) {
        write_open(b, item);
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

static void on_created(struct call *c, struct command *cmd) {
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
        char name[NAME_MAX_BYTES];
        struct err err;

        *t = (struct team_create){ 0 };
        if (account_tenant(c, &err) < 0 || body_name(c->body, "name", name, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        str_copy(t->team.name, sizeof(t->team.name), name);
        team_create_command(t);
        call_submit(c, &t->command, on_created);
}

/* --- changes --- */

/* Answers with TEAM as it is now, with what only its members see. */
static void reply_own(struct call *c, int status, const struct team *t) {
        struct buf *b = call_buf(c);

        read_model_lock(c->api->model);
        write_open(b, t);
        json_key(b, "invite");
        json_text(b, t->invite);
        json_key(b, "members");
        write_members(b, c->api->model, t);
        read_model_unlock(c->api->model);
        json_close(b, '}');
        call_reply_json(c, status);
}

static void on_changed(struct call *c, struct command *cmd) {
        const struct team_change *t = container_of(cmd, struct team_change, command);

        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                reply_own(c, 200, &t->team);
}

static bool has(const struct call *c, const char *key) {
        return json_object_get(c->body, key) != NULL;
}

static int read_change(struct call *c, struct team_change *t, struct err *err) {
        const char *name, *standing, *bracket;
        int s;

        if (body_text_or(c->body, "name", DISPLAY_NAME_SIZE - 1, &name, err) < 0 ||
            body_int_or(c->body, "captain_id", 1, INT64_MAX, 0, &t->team.captain, err) < 0 ||
            body_text_or(c->body, "standing", NAME_MAX_BYTES, &standing, err) < 0 ||
            body_text_or(c->body, "bracket", BRACKET_SIZE - 1, &bracket, err) < 0)
                return -1;
        s = *standing ? standing_parse(standing) : STANDING_VISIBLE;
        if (s < 0)
                return err_set(err, ERR_INVALID, "standing: must be visible, hidden or banned");
        t->team.standing = (enum standing)s;
        str_copy(t->team.name, sizeof(t->team.name), name);
        str_copy(t->team.bracket, sizeof(t->team.bracket), bracket);
        t->fields =
                (*name ? (unsigned)TEAM_NAME : 0) | (t->team.captain ? (unsigned)TEAM_CAPTAIN : 0) |
                (json_is_true(json_object_get(c->body, "new_invite")) ? (unsigned)TEAM_INVITE : 0) |
                (*standing ? (unsigned)TEAM_STANDING : 0) |
                (has(c, "bracket") ? (unsigned)TEAM_BRACKET : 0);
        return 0;
}

static void change(struct call *c, int64_t team) {
        struct team_change *t = arena_new(http_arena(c->req), struct team_change);
        struct err err;

        *t = (struct team_change){ .team.id = team };
        if (read_change(c, t, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        team_change_command(t);
        call_submit(c, &t->command, on_changed);
}

void team_change(struct call *c) {
        int64_t id;

        if (query_id(c->param, &id))
                change(c, id);
        else
                problem_replyf(c, ERR_NOT_FOUND, "No such team");
}

/* --- one's own --- */

/* The caller's team; replies where there is none. */
static bool own_team(struct call *c, struct team *ret) {
        const struct user *u;
        const struct team *t;

        read_model_lock(c->api->model);
        u = read_model_user(c->api->model, c->origin.user);
        t = u && u->team ? read_model_team(c->api->model, u->team) : NULL;
        if (t)
                *ret = *t;
        read_model_unlock(c->api->model);
        if (!t)
                problem_replyf(c, ERR_NOT_FOUND, "You are in no team");
        return t != NULL;
}

void own_team_get(struct call *c) {
        struct team t;

        if (own_team(c, &t))
                reply_own(c, 200, &t);
}

void own_team_change(struct call *c) {
        struct team t;

        if (own_team(c, &t))
                change(c, t.id);
}

static void on_founded(struct call *c, struct command *cmd) {
        const struct team_found *f = container_of(cmd, struct team_found, command);

        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                reply_own(c, 201, &f->team);
}

void own_team_found(struct call *c) {
        struct team_found *f = arena_new(http_arena(c->req), struct team_found);
        const char *name, *bracket;
        struct err err;

        *f = (struct team_found){ 0 };
        if (body_text(c->body, "name", DISPLAY_NAME_SIZE - 1, &name, &err) < 0 ||
            body_text_or(c->body, "bracket", BRACKET_SIZE - 1, &bracket, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        str_copy(f->team.name, sizeof(f->team.name), name);
        str_copy(f->team.bracket, sizeof(f->team.bracket), bracket);
        team_found_command(f);
        call_submit(c, &f->command, on_founded);
}

static void on_joined(struct call *c, struct command *cmd) {
        const struct team_join *j = container_of(cmd, struct team_join, command);

        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                reply_own(c, 200, &j->ret);
}

void own_team_join(struct call *c) {
        struct team_join *j = arena_new(http_arena(c->req), struct team_join);
        const char *invite;
        struct err err;

        *j = (struct team_join){ 0 };
        if (body_text(c->body, "invite", 200, &invite, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        str_copy(j->invite, sizeof(j->invite), invite);
        team_join_command(j);
        call_submit(c, &j->command, on_joined);
}

static void on_left(struct call *c, struct command *cmd) {
        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                call_reply(c, 204, NULL, call_buf(c));
}

static void leave(struct call *c, int64_t user) {
        struct team_leave *l = arena_new(http_arena(c->req), struct team_leave);

        *l = (struct team_leave){ .user = user };
        team_leave_command(l);
        call_submit(c, &l->command, on_left);
}

void own_team_leave(struct call *c) { leave(c, c->origin.user); }

/* A captain's word. */
void own_team_dismiss(struct call *c) {
        int64_t id;

        if (query_id(c->param, &id))
                leave(c, id);
        else
                problem_replyf(c, ERR_NOT_FOUND, "No such member");
}
