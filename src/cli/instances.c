/* berth instance ... */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/remote.h"
#include "model/lease.h"

#define POLL_US 400000

/* "web http://127.0.0.1:30001, ..." */
static const char *addresses(const json_t *instance, struct arena *arena) {
        const char *text = NULL;
        json_t *e;
        size_t i;

        json_array_foreach(json_object_get(instance, "endpoints"), i, e) {
                const char *one = output_text(json_object_get(e, "url"), arena);

                text = text ? arena_printf(arena, "%s, %s", text, one) : one;
        }
        return text ? text : "-";
}

/* "12:05", minutes and seconds. */
static const char *remaining(const json_t *instance, struct arena *arena) {
        int64_t s = json_integer_value(json_object_get(instance, "remaining_seconds"));

        return arena_printf(arena, "%" PRId64 ":%02" PRId64, s / 60, s % 60);
}

static void add_row(struct table *t, const json_t *o) {
        table_member(t, o, "id");
        table_member(t, o, "challenge");
        table_member(t, o, "state");
        table_add(t, remaining(o, &t->arena));
        table_add(t, arena_printf(&t->arena, "%s/%s",
                                  output_text(json_object_get(o, "extensions"), &t->arena),
                                  output_text(json_object_get(o, "max_extensions"), &t->arena)));
        table_add(t, addresses(o, &t->arena));
}

static const char *const headings[] = { "ID",       "CHALLENGE", "STATE", "REMAINING",
                                        "EXTENDED", "ADDRESS",   NULL };

static void print_one(const struct call *call, const json_t *o) {
        _cleanup_table_ struct table t;
        const char *error = json_string_value(json_object_get(o, "error"));

        if (call->options[OPTION_JSON]) {
                output_json(o);
                return;
        }
        table_init(&t, headings);
        add_row(&t, o);
        table_print(&t);
        if (error)
                fprintf(stderr, "berth: %s\n", error);
}

int command_instance_list(struct call *call) {
        _cleanup_buf_ struct buf path = { 0 };
        _cleanup_json_ json_t *all = NULL;
        _cleanup_table_ struct table t;
        struct err err;
        json_t *o;
        size_t i;

        buf_str(&path, "/api/v2/instances");
        remote_query(&path, "state", call->options[OPTION_STATE]);
        remote_query(&path, "challenge", call->options[OPTION_CHALLENGE]);
        remote_query(&path, "all", call->options[OPTION_ALL] ? "1" : NULL);
        table_init(&t, headings);
        if (remote_list(call, path.data, 0, &all, &err) < 0)
                return output_fail(call, &err);
        if (call->options[OPTION_JSON]) {
                output_json(all);
                return LEAVE_OK;
        }
        json_array_foreach(all, i, o) add_row(&t, o);
        table_print(&t);
        return LEAVE_OK;
}

/* The path of the instance that the command names: by its id, or by the slug of its challenge.
 * MORE goes behind it. */
static int path_of(struct call *call, const char *more, const char **ret, struct err *err) {
        const char *name = call->args[0], *id = name;
        _cleanup_json_ json_t *all = NULL;

        if (!lease_id_valid(name)) {
                const char *path = arena_printf(&call->arena, "/api/v2/instances?challenge=%s",
                                                remote_escape(name, &call->arena));

                if (remote_list(call, path, 1, &all, err) < 0) {
                        if (err->kind == ERR_INVALID) /* of a filter: no such challenge */
                                err->kind = ERR_NOT_FOUND;
                        return -1;
                }
                if (json_array_size(all) == 0)
                        return err_set(
                                err, ERR_NOT_FOUND,
                                "you have no instance of %s; `berth instance list` shows yours",
                                name);
                id = output_text(json_object_get(json_array_get(all, 0), "id"), &call->arena);
        }
        *ret = arena_printf(&call->arena, "/api/v2/instances/%s%s", id, more);
        return 0;
}

static bool is_state(const json_t *o, const char *state) {
        const char *s = json_string_value(json_object_get(o, "state"));

        return s && strcmp(s, state) == 0;
}

static void say(struct progress *p, const json_t *o) {
        json_t *queue = json_object_get(o, "queue");
        json_t *estimate = json_object_get(queue, "estimate_seconds");

        if (json_is_object(queue) && json_is_integer(estimate))
                progress_say(p, "waiting in the queue, place %d, about %d s",
                             (int)json_integer_value(json_object_get(queue, "place")),
                             (int)json_integer_value(estimate));
        else if (json_is_object(queue))
                progress_say(p, "waiting in the queue, place %d",
                             (int)json_integer_value(json_object_get(queue, "place")));
        else
                progress_say(p, "%s", json_string_value(json_object_get(o, "state")));
}

/* Looks at *O until it is in the state WANTED, or ended. */
static int await(struct call *call, const char *wanted, json_t **o, struct err *err) {
        _cleanup_(progress_endp) struct progress *p = progress_begin("waiting");

        while (!is_state(*o, wanted) && !is_state(*o, "ended")) {
                const char *id = json_string_value(json_object_get(*o, "id"));
                json_t *fresh;

                if (!id)
                        return err_set(err, ERR_GARBLED, "the server's answer is no instance");
                say(p, *o);
                usleep(POLL_US);
                if (remote_call(call, "GET", arena_printf(&call->arena, "/api/v2/instances/%s", id),
                                NULL, &fresh, err) < 0)
                        return -1;
                json_decref(*o);
                *o = fresh;
        }
        return 0;
}

/* Calls, waits for the state unless told not to, prints; an instance that ended instead is a
 * failure. */
static int change(struct call *call, const char *method, const char *path, const json_t *body,
                  const char *wanted) {
        _cleanup_json_ json_t *o = NULL;
        struct err err;

        if (remote_call(call, method, path, body, &o, &err) < 0)
                return output_fail(call, &err);
        if (wanted && !call->options[OPTION_NO_WAIT] && await(call, wanted, &o, &err) < 0)
                return output_fail(call, &err);
        print_one(call, o);
        if (wanted && !call->options[OPTION_NO_WAIT] && !is_state(o, wanted)) {
                fprintf(stderr, "berth: the instance ended before it was %s (%s)\n", wanted,
                        output_text(json_object_get(o, "end_reason"), &call->arena));
                return LEAVE_FAILED;
        }
        return LEAVE_OK;
}

int command_instance_start(struct call *call) {
        _cleanup_json_ json_t *body = json_pack("{s:s}", "challenge", call->args[0]);

        return change(call, "POST", "/api/v2/instances", body, "running");
}

static int change_named(struct call *call, const char *method, const char *more,
                        const char *wanted) {
        const char *path;
        struct err err;

        if (path_of(call, more, &path, &err) < 0)
                return output_fail(call, &err);
        return change(call, method, path, NULL, wanted);
}

int command_instance_show(struct call *call) { return change_named(call, "GET", "", NULL); }

int command_instance_restart(struct call *call) {
        return change_named(call, "POST", "/restart", "running");
}

int command_instance_stop(struct call *call) { return change_named(call, "DELETE", "", "ended"); }

int command_instance_extend(struct call *call) {
        _cleanup_json_ json_t *o = NULL;
        const char *path, *message;
        struct err err;

        if (path_of(call, "/extend", &path, &err) < 0 ||
            remote_call(call, "POST", path, NULL, &o, &err) < 0)
                return output_fail(call, &err);
        message = json_string_value(json_object_get(o, "message"));
        if (message && !call->options[OPTION_JSON])
                puts(message);
        else
                print_one(call, o);
        return LEAVE_OK;
}

int command_instance_logs(struct call *call) {
        bool follow = call->options[OPTION_FOLLOW];
        _cleanup_buf_ struct buf b = { 0 };
        const char *path;
        struct err err;

        if (path_of(call, "/logs", &path, &err) < 0)
                return output_fail(call, &err);
        buf_str(&b, path);
        remote_query(&b, "follow", follow ? "1" : NULL);
        remote_query(&b, "tail", call->options[OPTION_TAIL]);
        if (remote_stream(call, b.data, follow, &err) < 0)
                return output_fail(call, &err);
        return LEAVE_OK;
}
