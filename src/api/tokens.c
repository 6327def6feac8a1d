/* /api/v2/tokens. */
#include <inttypes.h>

#include "api/accounts.h"
#include "api/body.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/query.h"
#include "base/clock.h"

#define EXPIRY_MAX_S (INT64_C(10) * 366 * 24 * 3600)

/* TEXT: of a token that was just made; NULL otherwise. */
static void write_token(struct buf *b, const struct token *t, const char *text) {
        json_open(b, '{');
        json_key(b, "id");
        json_int(b, t->id);
        json_key(b, "user_id");
        json_int(b, t->user);
        json_key(b, "label");
        json_text(b, t->label);
        json_key(b, "created_at");
        json_time(b, t->created_ms);
        json_key(b, "expires_at");
        json_time(b, t->expires_ms);
        json_key(b, "revoked_at");
        json_time(b, t->revoked_ms);
        if (text) {
                json_key(b, "token");
                json_text(b, text);
        }
        json_close(b, '}');
}

static void on_created(struct call *c, struct command *cmd) {
        const struct token_create *t = container_of(cmd, struct token_create, command);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        call_add_location(c, "/api/v2/tokens/%" PRId64, t->ret.id);
        write_token(call_buf(c), &t->ret, t->text);
        call_reply_json(c, 201);
}

/* "expires_in_seconds": 3600, or "expires_at": "2026-...Z"; 0 for never. */
static int read_expiry(const json_t *o, int64_t *ret, struct err *err) {
        int64_t seconds, at = 0;
        const char *text;

        if (body_int_or(o, "expires_in_seconds", 1, EXPIRY_MAX_S, 0, &seconds, err) < 0 ||
            body_text_or(o, "expires_at", 64, &text, err) < 0)
                return -1;
        if (*text && query_time("expires_at", text, &at, err) < 0)
                return -1;
        if (*text && at <= clock_now_ms())
                return err_set(err, ERR_INVALID, "expires_at: must be in the future");
        *ret = seconds ? clock_now_ms() + seconds * 1000 : at;
        return 0;
}

static int read_request(struct call *c, struct token_create *t, struct err *err) {
        const json_t *v = json_object_get(c->body, "user");
        struct user user = { 0 };

        if (!v)
                v = json_object_get(c->body, "user_id");
        if (account_tenant(c, err) < 0 || account_user(c, "user", v, &user, err) < 0 ||
            read_expiry(c->body, &t->expires_ms, err) < 0)
                return -1;
        t->user = user.id;
        return json_object_get(c->body, "label") ? body_name(c->body, "label", t->label, err) : 0;
}

void token_create(struct call *c) {
        struct token_create *t = arena_new(http_arena(c->req), struct token_create);
        struct err err;

        *t = (struct token_create){ 0 };
        if (read_request(c, t, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        token_create_command(t);
        call_submit(c, &t->command, on_created);
}

static int64_t id_of(const void *item) { return ((const struct token *)item)->id; }
static void write_item(struct buf *b, const struct read_model *m _unused_, const void *item) {
        write_token(b, item, NULL);
}

/* Those of the user OF; 0: of the tenant. */
static void gather(const struct call *c, int64_t of, struct list *list) {
        const struct token *t;
        size_t at = 0;

        while ((t = read_model_next_token(c->api->model, of, &at)))
                if (t->tenant == c->origin.tenant)
                        list_add(list, t);
}

static const struct page_kind tokens = { gather, id_of, write_item };

void token_list(struct call *c) {
        const char *name = http_query(c->req, "user");
        _cleanup_json_ json_t *v = name ? json_string(name) : NULL;
        struct user user = { 0 };
        struct err err;

        if (name && account_user(c, "user", v, &user, &err) < 0)
                problem_reply(c, &err);
        else
                page_reply(c, &tokens, user.id);
}

static void on_revoked(struct call *c, struct command *cmd) {
        const struct token_revoke *t = container_of(cmd, struct token_revoke, command);

        if (cmd->result < 0 && cmd->err.kind == ERR_NOT_FOUND) {
                problem_replyf(c, ERR_NOT_FOUND, "No such token");
                return;
        }
        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        write_token(call_buf(c), &t->ret, NULL);
        call_reply_json(c, 200);
}

/* The verb checks that the token is of the caller's tenant. */
void token_revoke(struct call *c) {
        struct token_revoke *t = arena_new(http_arena(c->req), struct token_revoke);

        *t = (struct token_revoke){ 0 };
        if (!query_id(c->param, &t->token)) {
                problem_replyf(c, ERR_NOT_FOUND, "No such token");
                return;
        }
        token_revoke_command(t);
        call_submit(c, &t->command, on_revoked);
}
