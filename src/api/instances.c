/* /api/v2/instances: leases, asked for, shown, extended, stopped. */
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/instances.h"
#include "api/json_lease.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/wait.h"
#include "base/clock.h"
#include "store/leases.h"

bool instance_is_theirs(const struct call *c, const struct lease *lease) {
        if (lease->tenant != c->origin.tenant)
                return false;
        return call_may(c, PERMISSION_INSTANCES) ||
               (c->origin.account.id && account_equal(lease->owner, c->origin.account));
}

static void on_denied(struct call *c, struct command *cmd _unused_) {
        problem_replyf(c, ERR_NOT_FOUND, "No such instance");
}

void instance_deny(struct call *c, const char *lease, const char *what) {
        struct limit_key key = limit_key_account(c->origin.account, c->origin.user, 0);
        struct denied *d;

        if (limits_take(c->api->limits, LIMIT_DENIED, key, clock_mono_us())) {
                problem_replyf(c, ERR_NOT_FOUND, "No such instance");
                return;
        }
        d = arena_new(http_arena(c->req), struct denied);
        *d = (struct denied){ .what = what };
        memcpy(d->lease, lease, LEASE_ID_SIZE);
        denied_command(d);
        call_submit(c, &d->command, on_denied);
}

bool instance_look(struct call *c, const char *id, struct lease *ret) {
        const struct lease *lease;

        read_model_lock(c->api->model);
        lease = read_model_lease(c->api->model, id);
        if (lease)
                *ret = *lease;
        read_model_unlock(c->api->model);
        return lease != NULL;
}

const char *instance_host(const struct api *a, const struct lease *lease) {
        return engine_gate(a->config.engine) ? engine_public_host(a->config.engine) : lease->host;
}

/* With the read model locked. */
static void write_lease(struct call *c, struct buf *b, const struct lease *lease,
                        const char *message) {
        const struct challenge *challenge = read_model_challenge(c->api->model, lease->challenge);

        json_lease(b, &(struct lease_view){ .lease = lease,
                                            .slug = challenge ? challenge->slug : NULL,
                                            .host = instance_host(c->api, lease),
                                            .now_ms = clock_now_ms(),
                                            .staff = call_may(c, PERMISSION_INSTANCES),
                                            .message = message });
}

/* Answers with LEASE; MESSAGE may be NULL. */
static void reply(struct call *c, int status, const struct lease *lease, const char *message) {
        struct buf *b = call_buf(c);
        const struct lease *known;
        struct lease shown = *lease;

        read_model_lock(c->api->model);
        known = read_model_lease(c->api->model, lease->id);
        if (known) { /* which the store does not know */
                shown.place = known->place;
                shown.estimate_ms = known->estimate_ms;
        }
        write_lease(c, b, &shown, message);
        read_model_unlock(c->api->model);
        call_reply_json(c, status);
}

int64_t instance_challenge(struct call *c, const char *name) {
        const struct read_model *m = c->api->model;
        const struct challenge *challenge;
        int64_t id = 0, number;

        read_model_lock(c->api->model);
        challenge = read_model_challenge_by_slug(m, c->origin.tenant, name);
        if (!challenge && query_id(name, &number)) {
                challenge = read_model_challenge(m, number);
                if (challenge && challenge->tenant != c->origin.tenant)
                        challenge = NULL;
        }
        if (challenge &&
            (call_may(c, PERMISSION_AUTHOR) ||
             (challenge->state != CHALLENGE_HIDDEN && clock_now_ms() >= challenge->scheduled_ms)))
                id = challenge->id;
        read_model_unlock(c->api->model);
        return id;
}

/* Is the lease that the path names the caller's, as far as the read model knows?  Replies when
 * it is not.  One that the read model does not have is left to the verb. */
static bool is_theirs(struct call *c, const char *what) {
        struct lease lease;

        if (!lease_id_valid(c->param)) {
                problem_replyf(c, ERR_NOT_FOUND, "No such instance");
                return false;
        }
        if (!instance_look(c, c->param, &lease) || instance_is_theirs(c, &lease))
                return true;
        instance_deny(c, lease.id, what);
        return false;
}

/* --- waiting for the outcome --- */

struct outcome {
        struct lease lease; /* as the verb left it */
        int status;         /* to answer with */
        int ended_status;   /* the same, once the lease ended */
};

static void on_outcome(struct call *c, void *arg) {
        struct outcome *o = arg;
        struct lease now;

        if (!instance_look(c, o->lease.id, &now))
                now = o->lease;
        reply(c, now.state == LEASE_ENDED ? o->ended_status : o->status, &now, NULL);
}

static void await(struct call *c, const struct lease *lease, enum wait_for what, int status,
                  int ended_status) {
        struct outcome *o = arena_new(http_arena(c->req), struct outcome);
        int64_t ms = 0;
        struct err err;

        *o = (struct outcome){ .lease = *lease, .status = status, .ended_status = ended_status };
        if (wait_parameter(c, &ms, &err) < 0) /* checked before the verb ran */
                ms = 0;
        wait_start(c, lease->id, what, ms, on_outcome, o);
}

/* Refuses a bad ?wait= before anything is changed. */
static bool has_good_wait(struct call *c) {
        struct err err;
        int64_t ms;

        if (wait_parameter(c, &ms, &err) == 0)
                return true;
        problem_reply(c, &err);
        return false;
}

/* --- start --- */

void instance_refuse_start(struct call *c, const struct err *err) {
        if (err->kind == ERR_CONFLICT) /* the one before is being stopped */
                http_add_header(c->req, "Retry-After", "1");
        problem_reply(c, err);
}

static void on_started(struct call *c, struct command *cmd) {
        struct start *s = container_of(cmd, struct start, command);
        int status = s->created ? 202 : 200;

        if (cmd->result < 0) {
                instance_refuse_start(c, &cmd->err);
                return;
        }
        call_add_location(c, "/api/v2/instances/%s", s->ret.id);
        await(c, &s->ret, WAIT_RUNNING, status, status);
}

void instance_start(struct call *c) {
        struct start *s = arena_new(http_arena(c->req), struct start);
        const char *name;
        struct err err;

        *s = (struct start){ 0 };
        if (body_text(c->body, "challenge", 63, &name, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        if (!has_good_wait(c))
                return;
        s->challenge = instance_challenge(c, name);
        if (!s->challenge) {
                problem_replyf(c, ERR_NOT_FOUND, "No such challenge");
                return;
        }
        start_command(s);
        call_submit(c, &s->command, on_started);
}

/* --- stop, extend, restart --- */

static void on_stopped(struct call *c, struct command *cmd) {
        struct stop *s = container_of(cmd, struct stop, command);

        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                await(c, &s->ret, WAIT_ENDED, 202, 200);
}

void instance_stop(struct call *c) {
        struct stop *s = arena_new(http_arena(c->req), struct stop);

        *s = (struct stop){ 0 };
        if (!has_good_wait(c) || !is_theirs(c, "stop"))
                return;
        memcpy(s->lease, c->param, LEASE_ID_SIZE);
        stop_command(s);
        call_submit(c, &s->command, on_stopped);
}

static void on_extended(struct call *c, struct command *cmd) {
        struct extend *x = container_of(cmd, struct extend, command);
        char text[128];

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        lease_extended_text(&x->ret, text, sizeof(text));
        reply(c, 200, &x->ret, text);
}

void instance_extend(struct call *c) {
        struct extend *x = arena_new(http_arena(c->req), struct extend);

        *x = (struct extend){ 0 };
        if (!is_theirs(c, "extend"))
                return;
        memcpy(x->lease, c->param, LEASE_ID_SIZE);
        extend_command(x);
        call_submit(c, &x->command, on_extended);
}

static void on_restarted(struct call *c, struct command *cmd) {
        struct restart *r = container_of(cmd, struct restart, command);

        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                await(c, &r->ret, WAIT_RUNNING, 202, 202);
}

void instance_restart(struct call *c) {
        struct restart *r = arena_new(http_arena(c->req), struct restart);

        *r = (struct restart){ 0 };
        if (!has_good_wait(c) || !is_theirs(c, "restart"))
                return;
        memcpy(r->lease, c->param, LEASE_ID_SIZE);
        restart_command(r);
        call_submit(c, &r->command, on_restarted);
}

/* --- show --- */

struct old_lease {
        struct query query;
        char id[LEASE_ID_SIZE];
        struct lease ret;
};

/* On the reader's thread. */
static int read_old(struct query *q, struct tx *tx, struct err *err) {
        struct old_lease *o = container_of(q, struct old_lease, query);

        return leases_get(tx, o->id, &o->ret, err);
}

static void on_old(struct call *c, struct query *q) {
        struct old_lease *o = container_of(q, struct old_lease, query);

        if (q->result < 0 && q->err.kind == ERR_NOT_FOUND)
                problem_replyf(c, ERR_NOT_FOUND, "No such instance");
        else if (q->result < 0)
                problem_reply(c, &q->err);
        else if (instance_is_theirs(c, &o->ret))
                reply(c, 200, &o->ret, NULL);
        else
                instance_deny(c, o->id, "show");
}

static void show_old(struct call *c) {
        struct old_lease *o = arena_new(http_arena(c->req), struct old_lease);

        *o = (struct old_lease){ .query.run = read_old };
        memcpy(o->id, c->param, LEASE_ID_SIZE);
        call_query(c, &o->query, on_old);
}

/* The hot one: straight from the read model into the lane's buffer. */
void instance_get(struct call *c) {
        struct buf *b = call_buf(c);
        const struct lease *lease;
        bool known, theirs = false;

        if (!lease_id_valid(c->param)) {
                problem_replyf(c, ERR_NOT_FOUND, "No such instance");
                return;
        }
        read_model_lock(c->api->model);
        lease = read_model_lease(c->api->model, c->param);
        known = lease != NULL;
        if (known)
                theirs = instance_is_theirs(c, lease);
        if (theirs)
                write_lease(c, b, lease, NULL);
        read_model_unlock(c->api->model);
        if (theirs)
                call_reply_json(c, 200);
        else if (known)
                instance_deny(c, c->param, "show");
        else
                show_old(c);
}

/* --- list --- */

struct wanted {
        bool all;          /* of every account */
        int state;         /* -1: all that live; _LEASE_N: any */
        int64_t challenge; /* 0: any */
};

static int parse_wanted(struct call *c, struct wanted *ret, struct err *err) {
        const char *state = http_query(c->req, "state");
        const char *challenge = http_query(c->req, "challenge");

        *ret = (struct wanted){ .state = -1 };
        if (query_bool("all", http_query(c->req, "all"), &ret->all, err) < 0)
                return -1;
        if (ret->all && !call_may(c, PERMISSION_INSTANCES))
                return err_set(err, ERR_FORBIDDEN, "This needs the permission \"%s\"",
                               permission_name(PERMISSION_INSTANCES));
        if (state) {
                ret->state = strcmp(state, "any") == 0 ? (int)_LEASE_N : lease_state_parse(state);
                if (ret->state < 0)
                        return err_set(err, ERR_INVALID, "state: there is no such state");
        }
        if (challenge) {
                ret->challenge = instance_challenge(c, challenge);
                if (!ret->challenge)
                        return err_set(err, ERR_INVALID, "challenge: there is none of this name");
        }
        return 0;
}

static bool is_wanted(const struct lease *l, const struct wanted *w) {
        if (w->challenge && l->challenge != w->challenge)
                return false;
        if (w->state < 0)
                return lease_live(l);
        return w->state == (int)_LEASE_N || (int)l->state == w->state;
}

/* With the read model locked. */
static void gather(struct call *c, const struct wanted *w, struct list *list) {
        const struct read_model *m = c->api->model;
        const struct lease *l = NULL;
        size_t at = 0;

        if (w->all) {
                while ((l = read_model_next(m, c->origin.tenant, &at)))
                        if (is_wanted(l, w))
                                list_add(list, l);
        } else if (c->origin.account.id) {
                while ((l = read_model_next_of(m, c->origin.account, l)))
                        if (is_wanted(l, w))
                                list_add(list, l);
        }
}

/* The newest first: ids sort by time. */
static int newer_first(const void *a, const void *b) {
        const struct lease *const *x = a, *const *y = b;

        return strcmp((*y)->id, (*x)->id);
}

static void write_page(struct call *c, struct buf *b, struct list *list, const struct page *page) {
        const struct lease *const *leases = (const struct lease *const *)list->items;
        int64_t written = 0;
        size_t i = 0;

        if (list->n)
                qsort(list->items, list->n, sizeof(*list->items), newer_first);
        page_begin(b);
        while (page->cursor && i < list->n && strcmp(leases[i]->id, page->cursor) >= 0)
                i++;
        for (; i < list->n && written < page->max; i++, written++)
                write_lease(c, b, leases[i], NULL);
        page_end(b, written && i < list->n ? leases[i - 1]->id : NULL);
}

void instance_list(struct call *c) {
        struct list list = { .arena = http_arena(c->req) };
        struct wanted wanted;
        struct page page;
        struct err err;
        struct buf *b;

        if (page_parse(c, false, &page, &err) < 0 || parse_wanted(c, &wanted, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        b = call_buf(c);
        read_model_lock(c->api->model);
        gather(c, &wanted, &list);
        write_page(c, b, &list, &page);
        read_model_unlock(c->api->model);
        call_reply_json(c, 200);
}
