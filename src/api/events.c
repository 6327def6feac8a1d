/* GET /api/v2/events: the log of the tenant, page by page from the store. */
#include <string.h>

#include "api/instances.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/query.h"
#include "base/json.h"
#include "store/events.h"

struct event_page {
        struct query query;
        struct read_model *model;
        struct event_filter filter;
        int64_t max, written, last;
        bool more;
        struct buf out; /* made on the reader's thread */
};

static void write_account(struct buf *b, struct account a) {
        if (!a.id) {
                json_none(b);
                return;
        }
        json_open(b, '{');
        json_key(b, "kind");
        json_text(b, account_kind_name(a.kind));
        json_key(b, "id");
        json_int(b, a.id);
        json_close(b, '}');
}

static void write_id(struct buf *b, int64_t id) {
        if (id)
                json_int(b, id);
        else
                json_none(b);
}

static void write_actor(struct buf *b, const struct read_model *m, const struct event *e) {
        const struct user *user = e->actor ? read_model_user(m, e->actor) : NULL;

        json_open(b, '{');
        json_key(b, "kind");
        json_text(b, actor_kind_name(e->actor_kind));
        json_key(b, "id");
        write_id(b, e->actor);
        json_key(b, "name");
        json_text(b, user ? user->name : NULL);
        json_close(b, '}');
}

/* The number in a refused request may be that of another tenant's challenge: no name for it. */
static const char *slug_of(const struct read_model *m, const struct event *e) {
        const struct challenge *ch = e->challenge ? read_model_challenge(m, e->challenge) : NULL;

        return ch && ch->tenant == e->tenant ? ch->slug : NULL;
}

/* With the read model locked: it has the names. */
static void write_event(struct buf *b, const struct read_model *m, const struct event *e) {
        char hash[2 * SHA256_SIZE + 1];

        hex_encode(e->hash, SHA256_SIZE, hash);
        json_open(b, '{');
        json_key(b, "seq");
        json_int(b, e->seq);
        json_key(b, "at");
        json_time(b, e->at_ms);
        json_key(b, "action");
        json_text(b, action_name(e->action));
        json_key(b, "actor");
        write_actor(b, m, e);
        json_key(b, "account");
        write_account(b, e->account);
        json_key(b, "challenge_id");
        write_id(b, e->challenge);
        json_key(b, "challenge");
        json_text(b, slug_of(m, e));
        json_key(b, "lease");
        json_text(b, *e->lease ? e->lease : NULL);
        json_key(b, "request_id");
        json_text(b, *e->request_id ? e->request_id : NULL);
        json_key(b, "detail");
        json_raw(b, *e->detail ? e->detail : "{}");
        json_key(b, "hash");
        json_text(b, hash);
        json_close(b, '}');
}

static int on_event(void *arg, const struct event *event, struct err *err _unused_) {
        struct event_page *p = arg;

        if (p->written == p->max) {
                p->more = true;
                return 0;
        }
        read_model_lock(p->model);
        write_event(&p->out, p->model, event);
        read_model_unlock(p->model);
        p->last = event->seq;
        p->written++;
        return 0;
}

/* On the reader's thread. */
static int read_events(struct query *q, struct tx *tx, struct err *err) {
        struct event_page *p = container_of(q, struct event_page, query);

        page_begin(&p->out);
        if (events_each(tx, &p->filter, on_event, p, err) < 0)
                return -1;
        page_end_id(&p->out, p->more ? p->last : 0);
        return 0;
}

static void on_read(struct call *c, struct query *q) {
        struct event_page *p = container_of(q, struct event_page, query);

        if (q->result < 0)
                problem_reply(c, &q->err);
        else
                call_reply(c, 200, TYPE_JSON, &p->out);
        buf_done(&p->out);
}

/* ?user=NAME or ID; the account that the user acts for. */
static int find_user(struct call *c, const char *text, struct account *ret, struct err *err) {
        const struct read_model *m = c->api->model;
        const struct tenant *tenant;
        const struct user *user;
        int64_t id;

        read_model_lock(c->api->model);
        user = read_model_user_by_name(m, c->origin.tenant, text);
        if (!user && query_id(text, &id))
                user = read_model_user(m, id);
        tenant = read_model_tenant(m, c->origin.tenant);
        if (user && user->tenant == c->origin.tenant && tenant) {
                *ret = user_account(user, tenant);
                if (!ret->id)
                        *ret = (struct account){ ACCOUNT_USER, user->id };
        } else {
                user = NULL;
        }
        read_model_unlock(c->api->model);
        return user ? 0 : err_set(err, ERR_INVALID, "user: there is none of this name");
}

/* Whose, about what. */
static int parse_subject(struct call *c, struct event_filter *f, struct err *err) {
        const char *user = http_query(c->req, "user");
        const char *challenge = http_query(c->req, "challenge");
        const char *action = http_query(c->req, "action");

        f->lease = http_query(c->req, "lease");
        if (query_account("account", http_query(c->req, "account"), &f->account, err) < 0)
                return -1;
        if (user && find_user(c, user, &f->account, err) < 0)
                return -1;
        if (challenge && !(f->challenge = instance_challenge(c, challenge)))
                return err_set(err, ERR_INVALID, "challenge: there is none of this name");
        if (action && (f->action = action_parse(action)) < 0)
                return err_set(err, ERR_INVALID, "action: there is none of this name");
        return 0;
}

static int parse_filter(struct call *c, const struct page *page, struct event_filter *f,
                        struct err *err) {
        const char *order = http_query(c->req, "order");

        *f = (struct event_filter){ .tenant = c->origin.tenant, .action = -1 };
        if (order && strcmp(order, "asc") != 0 && strcmp(order, "desc") != 0)
                return err_set(err, ERR_INVALID, "order: must be asc or desc");
        f->newest_first = order && *order == 'd';
        f->max = page->max + 1; /* one more tells whether there is a next page */
        if (f->newest_first)
                f->before_seq = page->after;
        else
                f->after_seq = page->after;
        if (query_time("from", http_query(c->req, "from"), &f->from_ms, err) < 0 ||
            query_time("to", http_query(c->req, "to"), &f->to_ms, err) < 0)
                return -1;
        return parse_subject(c, f, err);
}

void event_list(struct call *c) {
        struct event_page *p = arena_new(http_arena(c->req), struct event_page);
        struct page page;
        struct err err;

        *p = (struct event_page){ .query.run = read_events, .model = c->api->model };
        if (page_parse(c, true, &page, &err) < 0 || parse_filter(c, &page, &p->filter, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        p->max = page.max;
        call_query(c, &p->query, on_read);
}
