/*
 * Doors: open at the gate while this daemon's lease runs.
 *
 * Workers open them, since binding may have to look for another port; the
 * commit thread moves and closes them, when it reacts to a lease's new state.
 * A worker opens under the read model's lock, and only what the lease is
 * there: a change that comes after is reacted to after, so no door is left
 * behind by it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "core/engine_impl.h"
#include "store/leases.h"

#define PORT_TRIES       8
#define DOOR_CONNECTIONS 64

struct port_move {
        struct command command;
        char lease[LEASE_ID_SIZE];
        uint16_t port;
        struct lease ret;
};

static int port_move_run(struct command *cmd, struct work *w, struct err *err) {
        struct port_move *m = container_of(cmd, struct port_move, command);
        struct engine *en = w->engine;
        struct lease l;
        struct event e;
        uint16_t fresh;

        if (work_lease(w, m->lease, &l, err) < 0)
                return -1;
        if (l.state != LEASE_STARTING && l.state != LEASE_RUNNING)
                return err_set(err, ERR_GONE, "the lease is ending");
        if (ports_take(w->tx, l.id, en->config.port_from, en->config.port_to, en->port_hint, 1,
                       &fresh, err) < 0 ||
            ports_free_one(w->tx, m->port, err) < 0)
                return -1;
        en->port_hint = fresh;
        for (size_t i = 0; i < l.n_endpoints; i++)
                if (l.endpoints[i].port == m->port)
                        l.endpoints[i].port = fresh;
        e = work_lease_event(w, &cmd->origin, ACTION_PORT_MOVED, &l);
        event_int(&e, "from", m->port);
        event_int(&e, "to", fresh);
        if (work_move(w, &e, &l, l.state, err) < 0)
                return -1;
        m->ret = l;
        return 0;
}

static int port_move(struct engine *e, struct lease *lease, uint16_t port, struct err *err) {
        struct port_move m = { .port = port };

        m.command.origin = work_system(lease->tenant);
        m.command.run = port_move_run;
        memcpy(m.lease, lease->id, sizeof(m.lease));
        if (engine_call(e, &m.command, err) < 0)
                return -1;
        memcpy(lease->endpoints, m.ret.endpoints, sizeof(lease->endpoints));
        return 0;
}

static bool may_have_doors(const struct engine *e, const struct lease *l) {
        return (l->state == LEASE_STARTING || l->state == LEASE_RUNNING) &&
               strcmp(l->worker, e->worker) == 0;
}

static unsigned most_connections(const struct engine *e, const struct lease *lease) {
        const struct challenge *c = read_model_challenge(e->model, lease->challenge);

        return c && c->spec.max_connections > 0 ? (unsigned)c->spec.max_connections :
                                                  DOOR_CONNECTIONS;
}

/* One try.  The read model is locked. */
static int door_try(struct engine *e, const struct lease *lease, size_t i, struct err *err) {
        const struct lease *now = read_model_lease(e->model, lease->id);
        struct door door = { .target_port = lease->host_ports[i] };

        if (!now || !may_have_doors(e, now) || now->restarts != lease->restarts)
                return err_set(err, ERR_GONE, "the lease has moved on");
        door.port = lease->endpoints[i].port;
        door.deadline_ms = now->expires_ms;
        door.max_connections = most_connections(e, lease);
        str_copy(door.target_host, sizeof(door.target_host), lease->host);
        return gate_open(e->config.gate, &door, err);
}

static int door_open(struct engine *e, struct lease *lease, size_t i, struct err *err) {
        for (int try = 0; try < PORT_TRIES; try++) {
                int r;

                read_model_lock(e->model);
                r = door_try(e, lease, i, err);
                read_model_unlock(e->model);
                if (r == 0)
                        return 0;
                if (err->kind != ERR_CONFLICT ||
                    port_move(e, lease, lease->endpoints[i].port, err) < 0)
                        return -1;
        }
        return err_set(err, ERR_CONFLICT, "%d ports in turn are taken by other programs",
                       PORT_TRIES);
}

int doors_open(struct engine *e, struct lease *lease, struct err *err) {
        if (!e->config.gate)
                return 0;
        for (size_t i = 0; i < lease->n_endpoints; i++)
                if (door_open(e, lease, i, err) < 0)
                        return -1;
        return 0;
}

struct opening {
        struct job job;
        struct engine *engine;
        struct lease lease;
};

static void opening_job(struct job *job) {
        struct opening *o = container_of(job, struct opening, job);
        struct err err;

        if (doors_open(o->engine, &o->lease, &err) < 0 && err.kind != ERR_GONE)
                log_warn("a door cannot be opened", LOG_TEXT("lease", o->lease.id),
                         LOG_TEXT("error", err.msg));
        free(o);
}

void doors_open_soon(struct engine *e, const struct lease *lease) {
        struct opening *o = calloc(1, sizeof(*o));

        if (!o)
                abort();
        o->engine = e;
        o->lease = *lease;
        o->job.run = opening_job;
        pool_put(e->pool, &o->job);
}

bool doors_missing(struct engine *e, const struct lease *l) {
        struct door_stats stats;

        if (!e->config.gate || l->state != LEASE_RUNNING || !may_have_doors(e, l))
                return false;
        for (size_t i = 0; i < l->n_endpoints; i++)
                if (!gate_stats(e->config.gate, l->endpoints[i].port, &stats))
                        return true;
        return false;
}

void doors_follow(struct engine *e, struct tracked *t, const struct lease *l) {
        /* A start opens its doors just before it ends: what comes between must not close them. */
        bool keep = may_have_doors(e, l) && (l->state == LEASE_RUNNING || t->job == JOB_START);

        if (!e->config.gate)
                return;
        for (size_t i = 0; i < l->n_endpoints; i++) {
                uint16_t port = l->endpoints[i].port;

                /* An ended lease has no ports any more, but its door may be there. */
                if (t->ports[i] && (!keep || t->ports[i] != port))
                        gate_close(e->config.gate, t->ports[i]);
                t->ports[i] = port;
                if (port && keep)
                        gate_extend(e->config.gate, port, l->expires_ms);
        }
}
