/*
 * The container routes that clients of CRE speak, at the documented paths, with the documented
 * texts and codes, over the same verbs as the native ones.
 *
 * Its containers are per account and challenge, as ours are.
 */
#include <stdio.h>
#include <string.h>

#include "api/instances.h"
#include "api/json_lease.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/wait.h"
#include "base/clock.h"
#include "base/json.h"

#define STOP_WAIT_MS 15000 /* a stop is answered when the container is gone */

/* --- what was asked --- */

/* A number, or a number in quotes. */
static int id_of_body(const json_t *body, int64_t *ret, struct err *err) {
        const json_t *v = json_object_get(body, "challenge_id");
        int64_t id = json_integer_value(v);

        if (!v || json_is_null(v))
                return err_set(err, ERR_INVALID, "challenge_id required");
        if (json_is_string(v) ? !query_id(json_string_value(v), &id) : id <= 0)
                return err_set(err, ERR_INVALID, "Invalid challenge_id");
        *ret = id;
        return 0;
}

/* --- what is answered --- */

static void write_time_left(struct buf *b, const struct lease *l) {
        json_key(b, "container_id");
        json_text(b, l->id);
        json_key(b, "revert_time");
        json_int(b, l->expires_ms / 1000);
        json_key(b, "remaining_seconds");
        json_int(b, json_lease_remaining(l, clock_now_ms()));
        json_key(b, "extension_count");
        json_int(b, l->extensions);
        json_key(b, "max_extensions");
        json_int(b, l->policy.max_extensions);
}

static void reply_done(struct call *c, const struct lease *l, const char *message) {
        struct buf *b = call_buf(c);

        json_open(b, '{');
        json_key(b, "success");
        json_bool(b, true);
        json_key(b, "message");
        json_text(b, message);
        write_time_left(b, l);
        json_key(b, "state");
        json_text(b, lease_state_name(l->state));
        json_close(b, '}');
        call_reply_json(c, 200);
}

/* --- start --- */

static void on_started(struct call *c, struct command *cmd) {
        const struct start *s = container_of(cmd, struct start, command);

        if (cmd->result < 0)
                instance_refuse_start(c, &cmd->err);
        else if (s->ret.state == LEASE_RUNNING)
                reply_done(c, &s->ret, "Container is already running");
        else if (s->ret.state == LEASE_PENDING)
                reply_done(c, &s->ret, "Container is waiting for a free place");
        else
                reply_done(c, &s->ret, "Container is starting");
}

void cre_start(struct call *c) {
        struct start *s = arena_new(http_arena(c->req), struct start);
        struct err err;

        *s = (struct start){ 0 };
        if (id_of_body(c->body, &s->challenge, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        start_command(s);
        call_submit(c, &s->command, on_started);
}

/* --- stop --- */

static void on_gone(struct call *c, void *arg) {
        const struct stop *s = arg;
        struct lease now = s->ret;

        instance_look(c, s->ret.id, &now);
        if (now.state == LEASE_ENDED)
                reply_done(c, &now, "Container stopped");
        else
                problem_replyf(c, ERR_UNAVAILABLE, "lease %s is still stopping after %d ms", now.id,
                               STOP_WAIT_MS);
}

static void on_stopped(struct call *c, struct command *cmd) {
        struct stop *s = container_of(cmd, struct stop, command);

        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                wait_start(c, s->ret.id, WAIT_ENDED, STOP_WAIT_MS, on_gone, s);
}

void cre_stop(struct call *c) {
        struct stop *s = arena_new(http_arena(c->req), struct stop);
        struct err err;

        *s = (struct stop){ 0 };
        if (id_of_body(c->body, &s->challenge, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        stop_command(s);
        call_submit(c, &s->command, on_stopped);
}

/* --- extend --- */

static void on_extended(struct call *c, struct command *cmd) {
        const struct extend *x = container_of(cmd, struct extend, command);
        char text[128];

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        lease_extended_text(&x->ret, text, sizeof(text));
        reply_done(c, &x->ret, text);
}

void cre_extend(struct call *c) {
        struct extend *x = arena_new(http_arena(c->req), struct extend);
        struct err err;

        *x = (struct extend){ 0 };
        if (id_of_body(c->body, &x->challenge, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        extend_command(x);
        call_submit(c, &x->command, on_extended);
}

/* --- status --- */

/* Where to connect; nothing unless it is running. */
static void write_address(struct buf *b, const struct call *c, const struct lease *l) {
        bool running = l->state == LEASE_RUNNING;
        char port[16];

        json_key(b, "host");
        json_text(b, running ? instance_host(c->api, l) : NULL);
        json_key(b, "ports");
        json_open(b, '[');
        for (size_t i = 0; running && i < l->n_endpoints; i++) {
                snprintf(port, sizeof(port), "%u/tcp", l->endpoints[i].port);
                json_text(b, port);
        }
        json_close(b, ']');
}

/* With the read model locked. */
static void write_status(struct buf *b, const struct call *c, const struct lease *l) {
        const struct challenge *ch = l ? read_model_challenge(c->api->model, l->challenge) : NULL;
        bool active = l && l->state != LEASE_STOPPING && l->state != LEASE_ENDED;

        json_open(b, '{');
        json_key(b, "active");
        json_bool(b, active);
        if (active) {
                write_time_left(b, l);
                json_key(b, "docker_image");
                json_text(b, ch ? ch->spec.image : NULL);
                json_key(b, "created_at");
                json_time(b, l->created_ms);
                json_key(b, "last_extended_at");
                json_time(b, l->extended_ms);
                write_address(b, c, l);
                json_key(b, "state");
                json_text(b, lease_state_name(l->state));
        }
        json_close(b, '}');
}

void cre_status(struct call *c) {
        const char *text = http_query(c->req, "challenge_id");
        struct buf *b = call_buf(c);
        int64_t id;

        if (!text || !*text) {
                problem_replyf(c, ERR_INVALID, "challenge_id required");
                return;
        }
        if (!query_id(text, &id)) {
                problem_replyf(c, ERR_INVALID, "Invalid challenge_id");
                return;
        }
        read_model_lock(c->api->model);
        write_status(b, c,
                     c->origin.account.id ? read_model_live(c->api->model, c->origin.account, id) :
                                            NULL);
        read_model_unlock(c->api->model);
        call_reply_json(c, 200);
}
