/* The policies of tenants and challenges. */
#include "api/policies.h"

#include "api/body.h"
#include "api/instances.h"
#include "api/problem.h"

void policy_write(struct buf *b, const struct policy *p) {
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
        policy_write(call_buf(c), &policy);
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
