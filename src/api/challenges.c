/* /api/v2/challenges and their policies. */
#include <string.h>

#include "api/body.h"
#include "api/instances.h"
#include "api/page.h"
#include "api/problem.h"
#include "base/json.h"

#define PUSH_MAX 2000 /* challenges in one push */

static void write_policy(struct buf *b, const struct policy *p) {
        json_open(b, '{');
        json_key(b, "base_seconds");
        json_int(b, p->base_ms / 1000);
        json_key(b, "increment_seconds");
        json_int(b, p->increment_ms / 1000);
        json_key(b, "max_extensions");
        json_int(b, p->max_extensions);
        json_key(b, "max_lifetime_seconds");
        json_int(b, p->max_lifetime_ms / 1000);
        json_key(b, "flag_grace_seconds");
        json_int(b, p->grace_ms / 1000);
        json_close(b, '}');
}

static void write_instance(struct call *c, struct buf *b, const struct challenge *ch) {
        struct policy policy;

        if (!ch->has_instance) {
                json_none(b);
                return;
        }
        policy = read_model_policy(c->api->model, ch);
        json_open(b, '{');
        json_key(b, "endpoints");
        json_open(b, '[');
        for (size_t i = 0; i < ch->spec.n_endpoints; i++) {
                json_open(b, '{');
                json_key(b, "name");
                json_text(b, ch->spec.endpoints[i].name);
                json_key(b, "protocol");
                json_text(b, protocol_name(ch->spec.endpoints[i].protocol));
                json_close(b, '}');
        }
        json_close(b, ']');
        json_key(b, "policy");
        write_policy(b, &policy);
        json_close(b, '}');
}

/* With the read model locked. */
static void write_challenge(struct call *c, struct buf *b, const struct challenge *ch) {
        json_open(b, '{');
        json_key(b, "id");
        json_int(b, ch->id);
        json_key(b, "slug");
        json_text(b, ch->slug);
        json_key(b, "title");
        json_text(b, ch->title);
        json_key(b, "category");
        json_text(b, ch->category);
        json_key(b, "description");
        json_text(b, ch->description);
        json_key(b, "value");
        json_int(b, ch->scoring.initial);
        json_key(b, "state");
        json_text(b, challenge_state_name(ch->state));
        json_key(b, "instance");
        write_instance(c, b, ch);
        json_close(b, '}');
}

static void reply_with_etag(struct call *c, const struct buf *b) {
        char etag[ETAG_SIZE];

        call_etag(b, etag);
        call_reply_etag(c, b, etag);
}

void challenge_list(struct call *c) {
        const struct read_model *m = c->api->model;
        bool author = call_may(c, PERMISSION_AUTHOR);
        const struct challenge *ch;
        int64_t written = 0, last = 0, at;
        struct page page;
        struct err err;
        struct buf *b;

        if (page_parse(c, true, &page, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        at = page.after;
        b = call_buf(c);
        page_begin(b);
        read_model_lock(c->api->model);
        while ((ch = read_model_next_challenge(m, c->origin.tenant, &at))) {
                if (ch->state == CHALLENGE_HIDDEN && !author)
                        continue;
                if (written == page.max)
                        break;
                write_challenge(c, b, ch);
                last = ch->id;
                written++;
        }
        read_model_unlock(c->api->model);
        page_end_id(b, ch ? last : 0);
        reply_with_etag(c, b);
}

void challenge_get(struct call *c) {
        int64_t id = instance_challenge(c, c->param);
        const struct challenge *ch;
        struct buf *b = call_buf(c);

        read_model_lock(c->api->model);
        ch = id ? read_model_challenge(c->api->model, id) : NULL;
        if (ch)
                write_challenge(c, b, ch);
        read_model_unlock(c->api->model);
        if (ch)
                reply_with_etag(c, b);
        else
                problem_replyf(c, ERR_NOT_FOUND, "No such challenge");
}

/* --- push --- */

static void drop_set(struct challenges_sync *s) {
        for (size_t i = 0; i < s->n; i++)
                challenge_unref(s->set[i]);
        s->n = 0;
}

static void on_synced(struct call *c, struct command *cmd) {
        struct challenges_sync *s = container_of(cmd, struct challenges_sync, command);
        struct buf *b = call_buf(c);

        drop_set(s);
        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        json_open(b, '{');
        json_key(b, "added");
        json_int(b, (int64_t)s->added);
        json_key(b, "changed");
        json_int(b, (int64_t)s->changed);
        json_key(b, "hidden");
        json_int(b, (int64_t)s->hidden);
        json_close(b, '}');
        call_reply_json(c, 200);
}

static bool has_slug(const struct challenges_sync *s, const char *slug) {
        for (size_t i = 0; i < s->n; i++)
                if (strcmp(s->set[i]->slug, slug) == 0)
                        return true;
        return false;
}

/* On failure the caller drops what is in S. */
static int parse_set(struct call *c, struct challenges_sync *s, struct err *err) {
        size_t n = json_array_size(c->body);

        if (n > PUSH_MAX)
                return err_set(err, ERR_INVALID, "More than %d challenges", PUSH_MAX);
        s->set = arena_alloc(http_arena(c->req), (n + 1) * sizeof(*s->set));
        for (size_t i = 0; i < n; i++) {
                struct challenge *ch = NULL;

                if (challenge_parse(json_array_get(c->body, i), 0, c->origin.tenant, &ch, err) < 0)
                        return err_wrap(err, "[%zu]", i);
                if (has_slug(s, ch->slug)) {
                        err_set(err, ERR_INVALID, "[%zu]: a second \"%s\"", i, ch->slug);
                        challenge_unref(ch);
                        return -1;
                }
                s->set[s->n++] = ch;
        }
        return 0;
}

void challenge_push(struct call *c) {
        struct challenges_sync *s = arena_new(http_arena(c->req), struct challenges_sync);
        struct err err;

        *s = (struct challenges_sync){ .whole = true };
        if (parse_set(c, s, &err) < 0) {
                drop_set(s);
                problem_reply(c, &err);
                return;
        }
        challenges_sync_command(s);
        call_submit(c, &s->command, on_synced);
}

/* --- policies --- */

/* The policy in force for CHALLENGE; of the tenant for 0. */
static struct policy in_force(struct call *c, int64_t challenge) {
        const struct challenge tenant = { .tenant = c->origin.tenant };
        const struct challenge *ch = &tenant;
        struct policy policy;

        read_model_lock(c->api->model);
        if (challenge)
                ch = read_model_challenge(c->api->model, challenge);
        policy = ch ? read_model_policy(c->api->model, ch) : policy_default;
        read_model_unlock(c->api->model);
        return policy;
}

static void on_policy(struct call *c, struct command *cmd) {
        struct policy_set *p = container_of(cmd, struct policy_set, command);
        struct policy policy;

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        policy = in_force(c, p->challenge);
        write_policy(call_buf(c), &policy);
        call_reply_json(c, 200);
}

static struct policy_set *policy_of(struct call *c, bool remove) {
        struct policy_set *p = arena_new(http_arena(c->req), struct policy_set);
        struct err err;

        *p = (struct policy_set){ .remove = remove, .policy = policy_default };
        if (*c->param) {
                p->challenge = instance_challenge(c, c->param);
                if (!p->challenge) {
                        problem_replyf(c, ERR_NOT_FOUND, "No such challenge");
                        return NULL;
                }
        }
        if (!remove && body_policy(c->body, &p->policy, &err) < 0) {
                problem_reply(c, &err);
                return NULL;
        }
        return p;
}

void policy_put(struct call *c) {
        struct policy_set *p = policy_of(c, false);

        if (!p)
                return;
        policy_set_command(p);
        call_submit(c, &p->command, on_policy);
}

void tenant_policy_put(struct call *c) { policy_put(c); }

void policy_delete(struct call *c) {
        struct policy_set *p = policy_of(c, true);

        if (!p)
                return;
        policy_set_command(p);
        call_submit(c, &p->command, on_policy);
}
