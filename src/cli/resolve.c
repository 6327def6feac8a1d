#include "cli/resolve.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/output.h"
#include "cli/remote.h"

static bool is_id(const char *text, int64_t *ret) {
        struct err ignored;

        return str_to_int(text, 1, INT64_MAX, ret, &ignored) == 0;
}

json_t *resolve_named(const char *text) {
        int64_t id;

        if (strcmp(text, "none") == 0)
                return json_null();
        return is_id(text, &id) ? json_integer(id) : json_string(text);
}

static int find(const struct call *call, const char *path, const char *what, const char *name,
                int64_t *ret, struct err *err) {
        _cleanup_json_ json_t *all = NULL;
        json_t *o;
        size_t i;

        if (is_id(name, ret))
                return 0;
        if (remote_list(call, path, 0, &all, err) < 0)
                return -1;
        json_array_foreach(all, i, o) {
                const char *its = json_string_value(json_object_get(o, "name"));

                if (its && strcmp(its, name) == 0) {
                        *ret = json_integer_value(json_object_get(o, "id"));
                        return 0;
                }
        }
        return err_set(err, ERR_NOT_FOUND, "there is no %s \"%s\" in this tenant", what, name);
}

int resolve_user(const struct call *call, const char *text, int64_t *ret, struct err *err) {
        return find(call, "/api/v2/users", "user", text, ret, err);
}

int resolve_team(const struct call *call, const char *text, int64_t *ret, struct err *err) {
        return find(call, "/api/v2/teams", "team", text, ret, err);
}

void resolve_account(const char *text, json_t *body) {
        if (strncmp(text, "user:", 5) == 0 || strncmp(text, "team:", 5) == 0)
                json_object_set_new(body, "account", json_string(text));
        else
                json_object_set_new(body, "user", resolve_named(text));
}

int resolve_change(struct call *call, const char *method, const char *path, const json_t *body,
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
