/* POST /api/v2/challenges/{slug}/check: would this flag be right?  And what of the source of
 * challenges? */
#include <string.h>

#include "api/body.h"
#include "api/errands.h"
#include "api/instances.h"
#include "api/problem.h"
#include "base/json.h"
#include "base/str.h"
#include "core/game_verbs.h"

struct checking {
        struct errand errand;
        struct challenge_check check;
        struct challenge *challenge;
};

static void on_dropped(struct errand *e) {
        struct checking *k = container_of(e, struct checking, errand);

        k->challenge = challenge_unref(k->challenge);
}

/* An expression may take a while. */
static void try_own_flags(struct errand *e) {
        struct checking *k = container_of(e, struct checking, errand);

        k->check.accepted = challenge_accepts(k->challenge, k->check.text);
        k->challenge = challenge_unref(k->challenge);
}

static void on_checked(struct call *c, struct command *cmd) {
        const struct challenge_check *k = container_of(cmd, struct challenge_check, command);
        struct buf *b = call_buf(c);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        json_open(b, '{');
        json_key(b, "accepted");
        json_bool(b, k->accepted);
        json_close(b, '}');
        call_reply_json(c, 200);
}

static void ask(struct errand *e) {
        struct checking *k = container_of(e, struct checking, errand);

        challenge_check_command(&k->check);
        call_submit(e->call, &k->check.command, on_checked);
}

void challenge_check(struct call *c) {
        struct checking *k = arena_new(http_arena(c->req), struct checking);
        const char *text;
        struct err err;
        size_t n;

        *k = (struct checking){
                .errand = { .call = c, .run = try_own_flags, .finish = ask, .drop = on_dropped }
        };
        if (body_text(c->body, "flag", SUBMISSION_MAX, &text, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        text = str_trim(text, &n);
        k->check.text = arena_printf(http_arena(c->req), "%.*s", (int)n, text);
        k->check.challenge = instance_challenge(c, c->param);
        read_model_lock(c->api->model);
        k->challenge = read_model_hold_challenge(c->api->model, k->check.challenge);
        read_model_unlock(c->api->model);
        if (!k->challenge)
                problem_replyf(c, ERR_NOT_FOUND, "No such challenge");
        else
                errands_put(c->api->errands, &k->errand);
}

/* A challenge may have that slug: then it is asked for. */
void challenge_source(struct call *c) {
        bool taken;

        read_model_lock(c->api->model);
        taken = read_model_challenge_by_slug(c->api->model, c->origin.tenant, "source") != NULL;
        read_model_unlock(c->api->model);
        if (taken || !call_may(c, PERMISSION_AUTHOR)) {
                memcpy(c->param, "source", sizeof("source"));
                challenge_get(c);
                return;
        }
        source_status_write(c->api->config.source, c->origin.tenant, call_buf(c));
        call_reply_json(c, 200);
}
