/* berth user, team and token ... */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/duration.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/resolve.h"
#include "cli/secret.h"

int command_user_list(struct call *call) {
        static const char *const headings[] = { "ID",   "NAME",     "SHOWN AS", "ROLE",
                                                "TEAM", "STANDING", "CREATED",  NULL };
        static const char *const columns[] = { "id",   "name",     "display_name", "role",
                                               "team", "standing", "created_at",   NULL };

        return remote_print(call, "/api/v2/users", headings, columns);
}

/* What an option says, as a member of BODY. */
static void add_text(const struct call *call, enum option option, json_t *body, const char *key) {
        if (call->options[option])
                json_object_set_new(body, key, json_string(call->options[option]));
}

static void add_named(const struct call *call, enum option option, json_t *body, const char *key) {
        if (call->options[option])
                json_object_set_new(body, key, resolve_named(call->options[option]));
}

static void add_user_fields(const struct call *call, json_t *body) {
        add_text(call, OPTION_ROLE, body, "role");
        add_named(call, OPTION_TEAM, body, "team");
        add_text(call, OPTION_STANDING, body, "standing");
        add_text(call, OPTION_DISPLAY, body, "display_name");
        add_named(call, OPTION_BRACKET, body, "bracket");
}

int command_user_add(struct call *call) {
        _cleanup_json_ json_t *body = json_pack("{s:s}", "name", call->args[0]);
        char password[PASSWORD_MAX + 1];
        struct err err;

        add_user_fields(call, body);
        if (secret_is_given(call)) {
                if (secret_read(call, call->args[0], password, &err) < 0)
                        return output_fail(call, &err);
                json_object_set_new(body, "password", json_string(password));
                explicit_bzero(password, sizeof(password));
        }
        return resolve_change(call, "POST", "/api/v2/users", body, "made user");
}

/* A change of the one that the first argument names, with something in BODY. */
static int change_one(struct call *call, bool user, const json_t *body, const char *what,
                      const char *which) {
        struct err err;
        int64_t id;
        int r;

        if (json_object_size(body) == 0) {
                err_set(&err, ERR_INVALID, "say what to change: %s", which);
                output_fail(call, &err);
                return LEAVE_USAGE;
        }
        r = user ? resolve_user(call, call->args[0], &id, &err) :
                   resolve_team(call, call->args[0], &id, &err);
        if (r < 0)
                return output_fail(call, &err);
        return resolve_change(
                call, "PATCH",
                arena_printf(&call->arena, "/api/v2/%s/%" PRId64, user ? "users" : "teams", id),
                body, what);
}

int command_user_set(struct call *call) {
        _cleanup_json_ json_t *body = json_object();

        add_user_fields(call, body);
        return change_one(call, true, body, "changed user",
                          "--role, --team, --standing, --display or --bracket");
}

int command_user_password(struct call *call) {
        _cleanup_json_ json_t *body = NULL;
        char password[PASSWORD_MAX + 1];
        struct err err;
        int64_t id;

        if (resolve_user(call, call->args[0], &id, &err) < 0 ||
            secret_read(call, call->args[0], password, &err) < 0)
                return output_fail(call, &err);
        body = json_pack("{s:s}", "password", password);
        explicit_bzero(password, sizeof(password));
        return resolve_change(call, "PUT",
                              arena_printf(&call->arena, "/api/v2/users/%" PRId64 "/password", id),
                              body, "changed the password of user");
}

int command_team_list(struct call *call) {
        static const char *const headings[] = { "ID",      "NAME",    "CAPTAIN", "STANDING",
                                                "BRACKET", "CREATED", NULL };
        static const char *const columns[] = { "id",      "name",       "captain_id", "standing",
                                               "bracket", "created_at", NULL };

        return remote_print(call, "/api/v2/teams", headings, columns);
}

int command_team_add(struct call *call) {
        _cleanup_json_ json_t *body = json_pack("{s:s}", "name", call->args[0]);

        return resolve_change(call, "POST", "/api/v2/teams", body, "made team");
}

int command_team_set(struct call *call) {
        _cleanup_json_ json_t *body = json_object();
        struct err err;
        int64_t captain;

        add_text(call, OPTION_NAME, body, "name");
        add_text(call, OPTION_STANDING, body, "standing");
        add_named(call, OPTION_BRACKET, body, "bracket");
        if (call->options[OPTION_NEW_INVITE])
                json_object_set_new(body, "new_invite", json_true());
        if (call->options[OPTION_CAPTAIN]) {
                if (resolve_user(call, call->options[OPTION_CAPTAIN], &captain, &err) < 0)
                        return output_fail(call, &err);
                json_object_set_new(body, "captain_id", json_integer(captain));
        }
        return change_one(call, false, body, "changed team",
                          "--name, --captain, --new-invite, --standing or --bracket");
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
        json_object_set_new(body, "user", resolve_named(call->args[0]));
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
        return resolve_change(call, "DELETE",
                              arena_printf(&call->arena, "/api/v2/tokens/%s",
                                           remote_escape(call->args[0], &call->arena)),
                              NULL, "revoked token");
}
