/* What the daemon does with leases by itself: slots, deadlines, abandoned intents. */
#include <stdlib.h>
#include <string.h>

#include "base/metric.h"
#include "base/str.h"
#include "core/engine_impl.h"
#include "store/leases.h"

/* What went through its doors, which close for good now. */
void event_traffic(struct work *w, struct event *event, const struct lease *lease) {
        struct door_stats all = { 0 }, one;

        for (size_t i = 0; w->engine->config.gate && i < lease->n_endpoints; i++)
                if (lease->endpoints[i].port &&
                    gate_stats(w->engine->config.gate, lease->endpoints[i].port, &one)) {
                        all.bytes_in += one.bytes_in;
                        all.bytes_out += one.bytes_out;
                        all.accepted += one.accepted;
                        all.refused += one.refused;
                }
        if (all.accepted + all.refused == 0)
                return;
        event_int(event, "bytes_in", (int64_t)all.bytes_in);
        event_int(event, "bytes_out", (int64_t)all.bytes_out);
        event_int(event, "connections", (int64_t)all.accepted);
        event_int(event, "refused", (int64_t)all.refused);
}

int lease_stop(struct work *w, struct event *event, struct lease *lease, enum end_reason reason,
               struct err *err) {
        enum lease_state from = lease->state;

        lease->state = LEASE_STOPPING;
        lease->reason = reason;
        lease->attempts = 0;
        lease->retry_ms = w->now_ms + CLAIM_MS;
        str_copy(lease->worker, sizeof(lease->worker), w->engine->worker);
        event_text(event, "reason", end_reason_name(reason));
        event_traffic(w, event, lease);
        return work_move(w, event, lease, from, err);
}

int lease_end(struct work *w, const struct event *event, struct lease *lease,
              enum end_reason reason, struct err *err) {
        enum lease_state from = lease->state;

        lease->state = LEASE_ENDED;
        lease->reason = reason;
        lease->ended_ms = w->now_ms;
        lease->host[0] = '\0';
        for (size_t i = 0; i < lease->n_endpoints; i++)
                lease->endpoints[i].port = 0;
        if (ports_free(w->tx, lease->id, err) < 0)
                return -1;
        return work_move(w, event, lease, from, err);
}

/* The queue. */

static int take_ports(struct work *w, struct lease *l, struct err *err) {
        struct engine *e = w->engine;
        uint16_t ports[LEASE_PORTS_MAX];

        if (!e->config.gate || l->n_endpoints == 0)
                return 0;
        if (ports_take(w->tx, l->id, e->config.port_from, e->config.port_to, e->port_hint,
                       l->n_endpoints, ports, err) < 0)
                return -1;
        for (size_t i = 0; i < l->n_endpoints; i++)
                l->endpoints[i].port = ports[i];
        /* The next lease gets later ports: a late packet for an old lease finds nobody. */
        e->port_hint = ports[l->n_endpoints - 1];
        return 0;
}

/* Its clock begins now: who waits loses nothing. */
static int promote(struct work *w, struct lease *l, struct err *err) {
        struct origin system = work_system(l->tenant);
        struct event e = work_lease_event(w, &system, ACTION_STARTED, l);

        if (take_ports(w, l, err) < 0)
                return -1;
        event_int(&e, "waited_ms", w->now_ms - l->queued_ms);
        l->state = LEASE_STARTING;
        l->created_ms = w->now_ms;
        l->expires_ms = w->now_ms + l->policy.base_ms;
        l->attempts = 0;
        l->retry_ms = w->now_ms + CLAIM_MS;
        str_copy(l->worker, sizeof(l->worker), w->engine->worker);
        return work_move(w, &e, l, LEASE_PENDING, err);
}

/* Gives slots to the head of the queue, at most MOST.  *n is how many it gave. */
static int promote_some(struct work *w, const char *runtime, int64_t most, int64_t *n,
                        struct err *err) {
        struct lease_counts counts;
        struct lease *queue;
        size_t waiting;

        *n = 0;
        if (leases_queue(w->tx, runtime, most, w->arena, &queue, &waiting, err) < 0)
                return -1;
        for (size_t i = 0; i < waiting; i++) {
                const struct lease *l = &queue[i];
                const struct tenant *t = read_model_tenant(w->model, l->tenant);

                if (leases_count(w->tx, l->owner, l->tenant, runtime, &counts, err) < 0)
                        return -1;
                if (t && t->max_leases > 0 && counts.tenant >= t->max_leases)
                        continue; /* another tenant's may go first */
                if (promote(w, &queue[i], err) < 0)
                        return -1;
                ++*n;
        }
        return 0;
}

int queue_promote(struct work *w, const char *runtime, struct err *err) {
        struct slot *slot = engine_slot(w->engine, runtime);
        struct account nobody = { 0 };
        struct lease_counts counts;
        int64_t room, n;

        if (!slot)
                return 0;
        /* The queue is dear to put in order: not before there is something to give.  Again as long
         * as something was given, since a tenant may have come to its limit meanwhile. */
        do {
                if (leases_count(w->tx, nobody, 0, runtime, &counts, err) < 0)
                        return -1;
                room = slot->capacity - counts.runtime;
                if (room <= 0 || counts.pending == 0)
                        return 0;
                if (promote_some(w, runtime, room < BATCH_MAX ? room : BATCH_MAX, &n, err) < 0)
                        return err->kind == ERR_QUOTA ? 0 : -1; /* no port is free: it waits */
        } while (n > 0);
        return 0;
}

/* Expiry. */

struct own {
        struct command command;
        char lease[LEASE_ID_SIZE];
};

static void own_done(struct command *cmd) { free(container_of(cmd, struct own, command)); }

void own_submit(struct engine *e, const char *lease,
                int (*run)(struct command *, struct work *, struct err *)) {
        struct own *o = calloc(1, sizeof(*o));

        if (!o)
                abort();
        str_copy(o->lease, sizeof(o->lease), lease);
        o->command.origin = work_system(0);
        o->command.run = run;
        o->command.done = own_done;
        engine_submit(e, &o->command);
}

static int expire_run(struct command *cmd, struct work *w, struct err *err) {
        struct own *o = container_of(cmd, struct own, command);
        struct lease l;
        struct event e;

        if (work_lease(w, o->lease, &l, err) < 0)
                return -1;
        /* An extension, or a stop, was faster. */
        if ((l.state != LEASE_STARTING && l.state != LEASE_RUNNING) || w->now_ms < l.expires_ms)
                return 0;
        e = work_lease_event(w, &cmd->origin, ACTION_STOPPED_AUTO, &l);
        event_int(&e, "late_ms", w->now_ms - l.expires_ms);
        metric_observe(METRIC_EXPIRY_LATE, (double)(w->now_ms - l.expires_ms) / 1e3);
        return lease_stop(w, &e, &l, REASON_STOPPED_AUTO, err);
}

void expire_submit(struct engine *e, const char *lease) { own_submit(e, lease, expire_run); }

/* The worker of an intent has not come back within its claim: this daemon takes it over. */
static int takeover_run(struct command *cmd, struct work *w, struct err *err) {
        struct own *o = container_of(cmd, struct own, command);
        struct event e;
        struct lease l;

        if (work_lease(w, o->lease, &l, err) < 0)
                return -1;
        if ((l.state != LEASE_STARTING && l.state != LEASE_STOPPING) ||
            !claim_over(&l, w->now_ms) || strcmp(l.worker, w->engine->worker) == 0)
                return 0;
        e = work_lease_event(w, &cmd->origin, ACTION_TAKEN_OVER, &l);
        event_text(&e, "from", l.worker);
        event_text(&e, "by", w->engine->worker);
        str_copy(l.worker, sizeof(l.worker), w->engine->worker);
        l.attempts = 0;
        l.retry_ms = w->now_ms + CLAIM_MS;
        return work_move(w, &e, &l, l.state, err);
}

void takeover_submit(struct engine *e, const char *lease) { own_submit(e, lease, takeover_run); }
