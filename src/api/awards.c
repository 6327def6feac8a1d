/* /api/v2/awards: points by hand; /api/v2/announcements: what organisers tell everybody. */
#include <inttypes.h>
#include <string.h>

#include "api/accounts.h"
#include "api/body.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/view.h"
#include "base/str.h"
#include "core/game_verbs.h"
#include "model/markdown.h"

/* --- awards --- */

/* With the read model locked. */
static void write_award(struct buf *b, const struct read_model *m, const struct award_row *a) {
        char name[DISPLAY_NAME_SIZE];

        read_model_account_name(m, a->who, name);
        json_open(b, '{');
        json_key(b, "id");
        json_int(b, a->id);
        json_key(b, "account_id");
        json_int(b, a->who.id);
        json_key(b, "kind");
        json_text(b, account_kind_name(a->who.kind));
        json_key(b, "name");
        json_text(b, name);
        json_key(b, "value");
        json_int(b, a->value);
        json_key(b, "reason");
        json_text(b, a->reason);
        json_key(b, "by_id");
        json_int(b, a->by);
        json_key(b, "at");
        json_time(b, a->at_ms);
        json_close(b, '}');
}

static void on_given(struct call *c, struct command *cmd) {
        const struct award_give *a = container_of(cmd, struct award_give, command);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        call_add_location(c, "/api/v2/awards/%" PRId64, a->ret.id);
        read_model_lock(c->api->model);
        write_award(call_buf(c), c->api->model, &a->ret);
        read_model_unlock(c->api->model);
        call_reply_json(c, 201);
}

/* "account": "user:5", or "user": a name or an id, which means the account that it plays for. */
static int read_account(struct call *c, struct account *ret, struct err *err) {
        const struct tenant *tenant;
        struct user user;
        const char *text;

        if (body_text_or(c->body, "account", ACCOUNT_TEXT, &text, err) < 0)
                return -1;
        if (*text)
                return query_account("account", text, ret, err);
        if (account_user(c, "user", json_object_get(c->body, "user"), &user, err) < 0)
                return -1;
        read_model_lock(c->api->model);
        tenant = read_model_tenant(c->api->model, c->origin.tenant);
        if (tenant)
                *ret = user_account(&user, tenant);
        read_model_unlock(c->api->model);
        return 0;
}

void award_create(struct call *c) {
        struct award_give *a = arena_new(http_arena(c->req), struct award_give);
        const char *reason;
        struct err err;

        *a = (struct award_give){ 0 };
        if (read_account(c, &a->who, &err) < 0 ||
            body_int(c->body, "value", -AWARD_MOST, AWARD_MOST, &a->value, &err) < 0 ||
            body_text(c->body, "reason", AWARD_REASON_SIZE - 1, &reason, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        str_copy(a->reason, sizeof(a->reason), reason);
        award_give_command(a);
        call_submit(c, &a->command, on_given);
}

static void on_removed(struct call *c, struct command *cmd) {
        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                call_reply(c, 204, NULL, call_buf(c));
}

void award_delete(struct call *c) {
        struct award_remove *a = arena_new(http_arena(c->req), struct award_remove);

        *a = (struct award_remove){ 0 };
        if (!query_id(c->param, &a->award)) {
                problem_replyf(c, ERR_NOT_FOUND, "No such award");
                return;
        }
        award_remove_command(a);
        call_submit(c, &a->command, on_removed);
}

/* --- lists of either --- */

struct listing {
        struct query query;
        struct call *call;
        struct page page;
        int64_t written, last;
        bool more;
        struct buf out;
};

/* Is there room for the item ID, which comes after the cursor? */
static bool takes(struct listing *l, int64_t id) {
        if (l->written == l->page.max) {
                l->more = true;
                return false;
        }
        l->last = id;
        l->written++;
        return true;
}

static int on_award(void *arg, const struct award_row *a, _unused_ struct err *err) {
        struct listing *l = arg;

        if (a->tenant != l->call->origin.tenant || a->id <= l->page.after || !takes(l, a->id))
                return 0;
        read_model_lock(l->call->api->model);
        write_award(&l->out, l->call->api->model, a);
        read_model_unlock(l->call->api->model);
        return 0;
}

static int read_awards(struct query *q, struct tx *tx, struct err *err) {
        return awards_each(tx, on_award, container_of(q, struct listing, query), err);
}

static void write_announcement(struct buf *b, const struct announcement *a) {
        _cleanup_arena_ struct arena arena = { 0 };

        json_open(b, '{');
        json_key(b, "id");
        json_int(b, a->id);
        json_key(b, "seq");
        json_int(b, a->seq);
        json_key(b, "title");
        json_text(b, a->title);
        json_key(b, "text");
        json_text(b, a->text);
        json_key(b, "html");
        json_text(b, markdown_html(a->text, &arena));
        json_key(b, "at");
        json_time(b, a->at_ms);
        json_close(b, '}');
}

static int on_announcement(void *arg, const struct announcement *a, _unused_ struct err *err) {
        struct listing *l = arg;

        if (takes(l, a->id))
                write_announcement(&l->out, a);
        return 0;
}

static int read_announcements(struct query *q, struct tx *tx, struct err *err) {
        struct listing *l = container_of(q, struct listing, query);

        return announcements_each(tx, l->call->origin.tenant, l->page.after, l->page.max + 1,
                                  on_announcement, l, err);
}

static void on_read(struct call *c, struct query *q) {
        struct listing *l = container_of(q, struct listing, query);

        if (q->result < 0) {
                problem_reply(c, &q->err);
        } else {
                page_end_id(&l->out, l->more ? l->last : 0);
                call_reply(c, 200, TYPE_JSON, &l->out);
        }
        buf_done(&l->out);
}

static void list(struct call *c, int (*run)(struct query *q, struct tx *tx, struct err *err)) {
        struct listing *l = arena_new(http_arena(c->req), struct listing);
        struct err err;

        *l = (struct listing){ .query.run = run, .call = c };
        if (page_parse(c, true, &l->page, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        page_begin(&l->out);
        call_query(c, &l->query, on_read);
}

void award_list(struct call *c) { list(c, read_awards); }
void announcement_list(struct call *c) { list(c, read_announcements); }

/* --- announcing --- */

static void on_announced(struct call *c, struct command *cmd) {
        const struct announce *a = container_of(cmd, struct announce, command);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        write_announcement(call_buf(c), &a->ret);
        call_reply_json(c, 201);
}

void announcement_create(struct call *c) {
        struct announce *a = arena_new(http_arena(c->req), struct announce);
        struct err err;

        *a = (struct announce){ 0 };
        if (body_text(c->body, "title", 200, &a->title, &err) < 0 ||
            body_text_or(c->body, "text", 10000, &a->text, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        announce_command(a);
        call_submit(c, &a->command, on_announced);
}
