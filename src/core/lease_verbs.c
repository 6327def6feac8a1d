/* What players and organisers do with leases. */
#include <string.h>

#include "base/metric.h"
#include "base/str.h"
#include "core/engine_impl.h"
#include "core/verbs.h"
#include "store/leases.h"

/* Start. */

static int check_start(struct start *s, struct work *w, const struct challenge **ret,
                       struct err *err) {
        const struct origin *o = &s->command.origin;
        const struct challenge *c = read_model_challenge(w->model, s->challenge);
        struct access a = work_access(w, o);

        if (access_challenge(&a, c, err) < 0)
                return -1;
        if (!c->has_instance)
                return err_set(err, ERR_INVALID, "This challenge has no instance to start");
        if (access_account(&a, err) < 0)
                return -1;
        if (!engine_slot(w->engine, c->spec.runtime))
                return err_set(err, ERR_UNAVAILABLE,
                               "The runtime of this challenge is not available");
        *ret = c;
        return 0;
}

static int check_room(struct work *w, const struct lease *l, struct lease_counts *counts,
                      struct err *err) {
        const struct tenant *t = read_model_tenant(w->model, l->tenant);

        if (leases_count(w->tx, l->owner, l->tenant, l->runtime, counts, err) < 0)
                return -1;
        if (t && t->max_per_account > 0 && counts->account_live >= t->max_per_account)
                return err_set(err, ERR_QUOTA,
                               "You already run %lld instances, the most at once. Stop one first",
                               (long long)counts->account_live);
        if (counts->pending >= w->engine->config.max_queue)
                return err_set(err, ERR_UNAVAILABLE, "The queue is full. Please try again later");
        return 0;
}

static struct lease fresh_lease(const struct start *s, const struct work *w,
                                const struct challenge *c) {
        const struct origin *o = &s->command.origin;
        struct lease l = {
                .tenant = c->tenant,
                .challenge = c->id,
                .owner = o->account,
                .user = o->user,
                .state = LEASE_PENDING,
                .policy = read_model_policy(w->model, c),
                .created_ms = w->now_ms,
                .queued_ms = w->now_ms,
                .n_endpoints = c->spec.n_endpoints,
        };

        lease_id_make(w->now_ms, l.id);
        l.expires_ms = l.created_ms + l.policy.base_ms;
        memcpy(l.endpoints, c->spec.endpoints, sizeof(l.endpoints));
        str_copy(l.runtime, sizeof(l.runtime), engine_slot(w->engine, c->spec.runtime)->name);
        return l;
}

/* One that is on its way out is no answer to who wants one. */
static int check_staying(const struct lease *l, struct err *err) {
        if (l->state == LEASE_STOPPING)
                return err_set(err, ERR_CONFLICT,
                               "Container is being stopped, try again in a moment");
        return 0;
}

static int start_run(struct command *cmd, struct work *w, struct err *err) {
        struct start *s = container_of(cmd, struct start, command);
        const struct challenge *c;
        struct lease_counts counts;
        struct change *change;
        struct event e;
        struct lease l;

        if (check_start(s, w, &c, err) < 0)
                return -1;
        if (work_live_lease(w, cmd->origin.account, c->id, &s->ret, err) == 0)
                return check_staying(&s->ret, err);
        if (err->kind != ERR_NOT_FOUND)
                return -1;
        l = fresh_lease(s, w, c);
        if (check_room(w, &l, &counts, err) < 0 ||
            leases_generation(w->tx, l.owner, l.challenge, &l.generation, err) < 0)
                return -1;
        l.generation++;
        e = work_lease_event(w, &cmd->origin, ACTION_CREATED, &l);
        event_text(&e, "runtime", l.runtime);
        event_int(&e, "waiting", counts.pending);
        if (work_append(w, &e, CHANGE_LEASE, &change, err) < 0)
                return -1;
        l.version = change->event.seq;
        if (leases_insert(w->tx, &l, err) < 0)
                return -1;
        change->lease = l;
        if (queue_promote(w, l.runtime, err) < 0 || work_lease(w, l.id, &s->ret, err) < 0)
                return -1;
        s->created = true;
        return 0;
}

static int start_refused(struct command *cmd, struct work *w, const struct err *why,
                         struct err *err) {
        struct start *s = container_of(cmd, struct start, command);
        struct event e = work_event(w, &cmd->origin, ACTION_FAILED_CREATE);

        e.challenge = s->challenge;
        event_text(&e, "code", err_code(why->kind));
        event_text(&e, "problem", why->msg);
        return work_append(w, &e, CHANGE_NONE, NULL, err);
}

void start_command(struct start *s) {
        s->command.run = start_run;
        s->command.refused = start_refused;
}

/* The lease that ID or CHALLENGE names, if it is the origin's to touch. */
static int find(struct command *cmd, struct work *w, const char *id, int64_t challenge,
                struct lease *ret, struct err *err) {
        const struct origin *o = &cmd->origin;
        bool mine;

        if (!*id) {
                if (work_live_lease(w, o->account, challenge, ret, err) == 0)
                        return 0;
        } else if (work_lease(w, id, ret, err) == 0) {
                mine = o->account.id != 0 && account_equal(ret->owner, o->account);
                if (ret->tenant == o->tenant && (mine || o->role >= ROLE_ORGANISER))
                        return 0;
                err->kind = ERR_NOT_FOUND;
        }
        if (err->kind == ERR_NOT_FOUND)
                return err_set(err, ERR_NOT_FOUND, "No active container found");
        return -1;
}

/* Extend. */

static int extend_run(struct command *cmd, struct work *w, struct err *err) {
        struct extend *x = container_of(cmd, struct extend, command);
        struct lease l;
        struct event e;

        if (find(cmd, w, x->lease, x->challenge, &l, err) < 0)
                return -1;
        if (lease_check_extend(&l, w->now_ms, err) < 0)
                return -1;
        if (l.state != LEASE_STARTING && l.state != LEASE_RUNNING)
                return err_set(err, ERR_NOT_FOUND, "No active container found");
        l.expires_ms += l.policy.increment_ms;
        l.extensions++;
        l.extended_ms = w->now_ms;
        e = work_lease_event(w, &cmd->origin, ACTION_EXTENDED, &l);
        event_int(&e, "extension", l.extensions);
        event_int(&e, "expires_ms", l.expires_ms);
        if (work_move(w, &e, &l, l.state, err) < 0)
                return -1;
        x->ret = l;
        metric_add(METRIC_EXTENDS, 1, "extended");
        return 0;
}

static int extend_refused(struct command *cmd, struct work *w, const struct err *why,
                          struct err *err) {
        struct extend *x = container_of(cmd, struct extend, command);
        struct event e = work_event(w, &cmd->origin, ACTION_FAILED_EXTEND);
        const struct lease *l =
                *x->lease ? read_model_lease(w->model, x->lease) :
                            read_model_live(w->model, cmd->origin.account, x->challenge);

        if (l) {
                str_copy(e.lease, sizeof(e.lease), l->id);
                e.challenge = l->challenge;
        } else {
                e.challenge = x->challenge;
        }
        event_text(&e, "code", err_code(why->kind));
        event_text(&e, "problem", why->msg);
        metric_add(METRIC_EXTENDS, 1, err_code(why->kind));
        return work_append(w, &e, CHANGE_NONE, NULL, err);
}

void extend_command(struct extend *x) {
        x->command.run = extend_run;
        x->command.refused = extend_refused;
}

/* Stop. */

static int stop_run(struct command *cmd, struct work *w, struct err *err) {
        struct stop *s = container_of(cmd, struct stop, command);
        enum end_reason reason = REASON_STOPPED_MANUAL;
        struct lease l;
        struct event e;
        int r;

        if (find(cmd, w, s->lease, s->challenge, &l, err) < 0)
                return -1;
        if (l.state == LEASE_STOPPING || l.state == LEASE_ENDED) {
                s->ret = l;
                return 0;
        }
        if (!account_equal(l.owner, cmd->origin.account))
                reason = REASON_ADMIN;
        e = work_lease_event(w, &cmd->origin, ACTION_STOPPED_MANUAL, &l);
        event_text(&e, "was", lease_state_name(l.state));
        if (l.state == LEASE_PENDING)
                r = lease_end(w, &e, &l, reason, err);
        else
                r = lease_stop(w, &e, &l, reason, err);
        if (r == 0)
                s->ret = l;
        return r;
}

void stop_command(struct stop *s) { s->command.run = stop_run; }

/* Restart. */

static int restart_run(struct command *cmd, struct work *w, struct err *err) {
        struct restart *r = container_of(cmd, struct restart, command);
        struct lease l;
        struct event e;

        if (find(cmd, w, r->lease, 0, &l, err) < 0)
                return -1;
        if (l.state == LEASE_ENDED || l.state == LEASE_STOPPING)
                return err_set(err, ERR_NOT_FOUND, "No active container found");
        if (w->now_ms >= l.expires_ms)
                return err_set(err, ERR_GONE, "Container already expired");
        if (l.state != LEASE_RUNNING)
                return err_set(err, ERR_CONFLICT, "The instance is not running yet");
        l.state = LEASE_STARTING;
        l.restarts++;
        l.attempts = 0;
        l.retry_ms = w->now_ms + CLAIM_MS;
        l.host[0] = '\0';
        str_copy(l.worker, sizeof(l.worker), w->engine->worker);
        e = work_lease_event(w, &cmd->origin, ACTION_RESTARTED, &l);
        event_int(&e, "restarts", l.restarts);
        event_traffic(w, &e, &l);
        if (work_move(w, &e, &l, LEASE_RUNNING, err) < 0)
                return -1;
        r->ret = l;
        return 0;
}

void restart_command(struct restart *r) { r->command.run = restart_run; }

/* Somebody asked for what belongs to another account. */

static int denied_run(struct command *cmd, struct work *w, struct err *err) {
        struct denied *d = container_of(cmd, struct denied, command);
        struct event e = work_event(w, &cmd->origin, ACTION_DENIED);

        str_copy(e.lease, sizeof(e.lease), d->lease);
        event_text(&e, "what", d->what);
        return work_append(w, &e, CHANGE_NONE, NULL, err);
}

void denied_command(struct denied *d) { d->command.run = denied_run; }
