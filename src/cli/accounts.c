/* berth user, team and token ... */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/duration.h"
#include "cli/output.h"
#include "cli/remote.h"

/* A name or an id, as the interface takes either. */
static json_t *named(const char *text) {
        struct err ignored;
        int64_t id;

        return str_to_int(text, 1, INT64_MAX, &id, &ignored) == 0 ? json_integer(id) :
                                                                    json_string(text);
}

/* The id of the user NAME, which may be the id itself. */
static int find_user(struct call *call, const char *name, int64_t *ret, struct err *err) {
        _cleanup_json_ json_t *all = NULL;
        struct err ignored;
        json_t *o;
        size_t i;

        if (str_to_int(name, 1, INT64_MAX, ret, &ignored) == 0)
                return 0;
        if (remote_list(call, "/api/v2/users", 0, &all, err) < 0)
                return -1;
        json_array_foreach(all, i, o) {
                const char *its = json_string_value(json_object_get(o, "name"));

                if (its && strcmp(its, name) == 0) {
                        *ret = json_integer_value(json_object_get(o, "id"));
                        return 0;
                }
        }
        return err_set(err, ERR_NOT_FOUND, "there is no user \"%s\" in this tenant", name);
}

/* One call whose answer is one object; a line for people out of its id and name. */
static int change(struct call *call, const char *method, const char *path, const json_t *body,
                  const char *what) {
        _cleanup_json_ json_t *o = NULL;
        struct err err;

        if (remote_call(call, method, path, body, &o, &err) < 0)
                return output_fail(call, &err);
        if (call->options[OPTION_JSON])
                output_json(o);
        else
                printf("%s %s\n", what, output_text(json_object_get(o, "id"), &call->arena));
        return LEAVE_OK;
}

int command_user_list(struct call *call) {
        static const char *const headings[] = { "ID", "NAME", "ROLE", "TEAM", "CREATED", NULL };
        static const char *const columns[] = {
                "id", "name", "role", "team_id", "created_at", NULL
        };

        return remote_print(call, "/api/v2/users", headings, columns);
}

/* Adds --role and --team to BODY. */
static void add_membership(const struct call *call, json_t *body) {
        const char *role = call->options[OPTION_ROLE], *team = call->options[OPTION_TEAM];

        if (role)
                json_object_set_new(body, "role", json_string(role));
        if (team)
                json_object_set_new(body, "team",
                                    strcmp(team, "none") == 0 ? json_null() : named(team));
}

int command_user_add(struct call *call) {
        _cleanup_json_ json_t *body = json_pack("{s:s}", "name", call->args[0]);

        add_membership(call, body);
        return change(call, "POST", "/api/v2/users", body, "made user");
}

int command_user_set(struct call *call) {
        _cleanup_json_ json_t *body = json_object();
        struct err err;
        int64_t id;

        add_membership(call, body);
        if (json_object_size(body) == 0) {
                err_set(&err, ERR_INVALID, "say what to change: --role or --team");
                output_fail(call, &err);
                return LEAVE_USAGE;
        }
        if (find_user(call, call->args[0], &id, &err) < 0)
                return output_fail(call, &err);
        return change(call, "PATCH", arena_printf(&call->arena, "/api/v2/users/%" PRId64, id), body,
                      "changed user");
}

int command_team_list(struct call *call) {
        static const char *const headings[] = { "ID", "NAME", "CREATED", NULL };
        static const char *const columns[] = { "id", "name", "created_at", NULL };

        return remote_print(call, "/api/v2/teams", headings, columns);
}

int command_team_add(struct call *call) {
        _cleanup_json_ json_t *body = json_pack("{s:s}", "name", call->args[0]);

        return change(call, "POST", "/api/v2/teams", body, "made team");
}

int command_token_list(struct call *call) {
        static const char *const headings[] = { "ID",      "USER",    "LABEL", "CREATED",
                                                "EXPIRES", "REVOKED", NULL };
        static const char *const columns[] = { "id",         "user_id",    "label", "created_at",
                                               "expires_at", "revoked_at", NULL };
        _cleanup_buf_ struct buf path = { 0 };

        buf_str(&path, "/api/v2/tokens");
        remote_query(&path, "user", call->options[OPTION_USER]);
        return remote_print(call, path.data, headings, columns);
}

int command_token_add(struct call *call) {
        _cleanup_json_ json_t *body = json_object(), *o = NULL;
        const char *label = call->options[OPTION_LABEL], *expires = call->options[OPTION_EXPIRES];
        int64_t seconds;
        struct err err;

        if (expires && duration_parse(expires, &seconds, &err) < 0) {
                output_fail(call, &err);
                return LEAVE_USAGE;
        }
        json_object_set_new(body, "user", named(call->args[0]));
        json_object_set_new(body, "label", json_string(label ? label : "berth token add"));
        if (expires)
                json_object_set_new(body, "expires_in_seconds", json_integer(seconds));
        if (remote_call(call, "POST", "/api/v2/tokens", body, &o, &err) < 0)
                return output_fail(call, &err);
        if (call->options[OPTION_JSON])
                output_json(o);
        else
                puts(output_text(json_object_get(o, "token"), &call->arena));
        return LEAVE_OK;
}

int command_token_revoke(struct call *call) {
        return change(call, "DELETE",
                      arena_printf(&call->arena, "/api/v2/tokens/%s",
                                   remote_escape(call->args[0], &call->arena)),
                      NULL, "revoked token");
}
