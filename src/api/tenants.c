/* /api/v2/tenants, for admins of the first tenant. */
#include <string.h>

#include "api/body.h"
#include "api/page.h"
#include "api/problem.h"
#include "base/str.h"

#define LEASES_MAX 1000000

static void write_tenant(struct buf *b, const struct read_model *m _unused_, const void *item) {
        const struct tenant *t = item;

        json_open(b, '{');
        json_key(b, "id");
        json_int(b, t->id);
        json_key(b, "slug");
        json_text(b, t->slug);
        json_key(b, "name");
        json_text(b, t->name);
        json_key(b, "mode");
        json_text(b, account_kind_name(t->team_mode ? ACCOUNT_TEAM : ACCOUNT_USER));
        json_key(b, "max_instances");
        json_int(b, t->max_leases);
        json_key(b, "max_per_account");
        json_int(b, t->max_per_account);
        json_key(b, "created_at");
        json_time(b, t->created_ms);
        json_close(b, '}');
}

static int64_t id_of(const void *item) { return ((const struct tenant *)item)->id; }
static void gather(const struct call *c, int64_t of _unused_, struct list *list) {
        const struct tenant *t;
        size_t at = 0;

        while ((t = read_model_next_tenant(c->api->model, &at)))
                list_add(list, t);
}

static const struct page_kind tenants = { gather, id_of, write_tenant };

void tenant_list(struct call *c) { page_reply(c, &tenants, 0); }

static void on_created(struct call *c, struct command *cmd) {
        const struct tenant_create *t = container_of(cmd, struct tenant_create, command);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        write_tenant(call_buf(c), c->api->model, &t->tenant);
        call_reply_json(c, 201);
}

static int read_request(const json_t *o, struct tenant_create *t, struct err *err) {
        const char *slug, *mode;

        if (body_text(o, "slug", NAME_MAX_BYTES - 1, &slug, err) < 0)
                return -1;
        if (!str_is_slug(slug))
                return err_set(err, ERR_INVALID, "slug: must be a-z, 0-9, - and _ only");
        if (body_text_or(o, "mode", 16, &mode, err) < 0)
                return -1;
        t->tenant.team_mode = *mode == 't';
        if (*mode && strcmp(mode, "user") != 0 && strcmp(mode, "team") != 0)
                return err_set(err, ERR_INVALID, "mode: must be user or team");
        str_copy(t->tenant.slug, NAME_MAX_BYTES, slug);
        str_copy(t->tenant.name, NAME_MAX_BYTES, slug);
        if (json_object_get(o, "name") && body_name(o, "name", t->tenant.name, err) < 0)
                return -1;
        if (body_int_or(o, "max_instances", 0, LEASES_MAX, 0, &t->tenant.max_leases, err) < 0 ||
            body_int_or(o, "max_per_account", 0, LEASES_MAX, 3, &t->tenant.max_per_account, err) <
                    0)
                return -1;
        return json_object_get(o, "policy") ?
                       body_policy(json_object_get(o, "policy"), &t->policy, err) :
                       0;
}

void tenant_create(struct call *c) {
        struct tenant_create *t = arena_new(http_arena(c->req), struct tenant_create);
        struct err err;

        *t = (struct tenant_create){ .policy = policy_default };
        if (read_request(c->body, t, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        tenant_create_command(t);
        call_submit(c, &t->command, on_created);
}
