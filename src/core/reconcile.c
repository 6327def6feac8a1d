/*
 * Reconciliation: what the engine has against what the leases say, both ways.
 *
 * A sweep lists the engine on a worker, and hands the list to a command.  An
 * object without a live lease is an orphan once it is older than the grace;
 * a running lease without its object is lost.  Both are looked at once more
 * by name before anything is done, since the list is a moment old.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/str.h"
#include "core/engine_impl.h"
#include "store/leases.h"

static void *alloc(size_t size) {
        void *p = calloc(1, size);

        if (!p)
                abort();
        return p;
}

/* A lease whose instance seems to be gone: one look, then the verdict as a command. */
struct check {
        struct job job;
        struct command command;
        struct engine *engine;
        struct slot *slot;
        struct lease lease; /* as it was when the doubt arose */
        char why[80];
};

static int lost_run(struct command *cmd, struct work *w, struct err *err) {
        struct check *c = container_of(cmd, struct check, command);
        struct lease l;
        struct event e;

        if (work_lease(w, c->lease.id, &l, err) < 0)
                return -1;
        if (l.state != LEASE_RUNNING || l.restarts != c->lease.restarts)
                return 0;
        e = work_lease_event(w, &cmd->origin, ACTION_LOST, &l);
        str_copy(l.problem, sizeof(l.problem), c->why);
        event_text(&e, "problem", l.problem);
        metric_add(METRIC_LOST, 1, c->slot->name);
        return lease_stop(w, &e, &l, REASON_LOST, err);
}

static void check_done(struct command *cmd) { free(container_of(cmd, struct check, command)); }

static void check_job(struct job *job) {
        struct check *c = container_of(job, struct check, job);
        struct instance i;
        char name[INSTANCE_NAME];
        struct err err;
        int r;

        lease_instance_name(c->lease.id, name);
        r = runtime_inspect(c->slot->rt, name, &i, &err);
        if (r == 0 && (i.state != INSTANCE_EXITED || i.generation != c->lease.restarts)) {
                free(c);
                return;
        }
        if (r < 0 && err.kind != ERR_NOT_FOUND) {
                free(c); /* not known: the next sweep asks again */
                return;
        }
        if (r < 0)
                str_copy(c->why, sizeof(c->why), "the engine no longer has the instance");
        else
                snprintf(c->why, sizeof(c->why), "the instance exited with status %d", i.exit_code);
        c->command.origin = work_system(c->lease.tenant);
        c->command.run = lost_run;
        c->command.done = check_done;
        engine_submit(c->engine, &c->command);
}

static void check_lease(struct engine *e, struct slot *slot, const struct lease *l) {
        struct check *c = alloc(sizeof(*c));

        c->engine = e;
        c->slot = slot;
        c->lease = *l;
        c->job.run = check_job;
        pool_put(e->pool, &c->job);
}

/* An object of the engine without a live lease. */
struct orphan {
        struct job job;
        struct command command;
        struct engine *engine;
        struct slot *slot;
        struct instance instance;
};

static int orphan_run(struct command *cmd, struct work *w, struct err *err) {
        struct orphan *o = container_of(cmd, struct orphan, command);
        struct event e = work_event(w, &cmd->origin, ACTION_ORPHAN_REMOVED);

        str_copy(e.lease, sizeof(e.lease), o->instance.lease);
        event_text(&e, "name", o->instance.name);
        event_text(&e, "engine_id", o->instance.engine_id);
        metric_add(METRIC_ORPHANS, 1, o->slot->name);
        return work_append(w, &e, CHANGE_NONE, NULL, err);
}

static void orphan_done(struct command *cmd) { free(container_of(cmd, struct orphan, command)); }

static void orphan_job(struct job *job) {
        struct orphan *o = container_of(job, struct orphan, job);
        struct instance now;
        struct err err;

        /* Gone by now: a removal was under way while the engine listed it. */
        if (runtime_inspect(o->slot->rt, o->instance.name, &now, &err) < 0) {
                free(o);
                return;
        }
        if (runtime_stop(o->slot->rt, o->instance.name, &err) < 0) {
                log_warn("an orphan cannot be removed yet", LOG_TEXT("name", o->instance.name),
                         LOG_TEXT("error", err.msg));
                free(o);
                return;
        }
        log_warn("removed an orphan", LOG_TEXT("name", o->instance.name));
        o->command.origin = work_system(0);
        o->command.run = orphan_run;
        o->command.done = orphan_done;
        engine_submit(o->engine, &o->command);
}

static void remove_orphan(struct engine *e, struct slot *slot, const struct instance *i) {
        struct orphan *o = alloc(sizeof(*o));

        o->engine = e;
        o->slot = slot;
        o->instance = *i;
        o->job.run = orphan_job;
        pool_put(e->pool, &o->job);
}

/* An instance that moved: the engine or its bridge was restarted. */
struct moved {
        struct command command;
        struct engine *engine;
        struct instance instance;
        struct lease lease; /* as it is after the command */
        bool changed;
};

static int moved_run(struct command *cmd, struct work *w, struct err *err) {
        struct moved *m = container_of(cmd, struct moved, command);
        struct lease l;
        struct event e;

        if (work_lease(w, m->instance.lease, &l, err) < 0)
                return -1;
        if (l.state != LEASE_RUNNING || l.restarts != m->instance.generation)
                return 0;
        str_copy(l.host, sizeof(l.host), m->instance.host);
        for (size_t i = 0; i < l.n_endpoints && i < m->instance.n_ports; i++)
                l.host_ports[i] = m->instance.ports[i];
        e = work_lease_event(w, &cmd->origin, ACTION_MOVED, &l);
        event_text(&e, "host", l.host);
        if (work_move(w, &e, &l, LEASE_RUNNING, err) < 0)
                return -1;
        m->lease = l;
        m->changed = true;
        return 0;
}

static void moved_done(struct command *cmd) {
        struct moved *m = container_of(cmd, struct moved, command);

        if (cmd->result == 0 && m->changed)
                doors_open_soon(m->engine, &m->lease);
        free(m);
}

static void follow_move(struct engine *e, const struct instance *i) {
        struct moved *m = alloc(sizeof(*m));

        m->engine = e;
        m->instance = *i;
        m->command.origin = work_system(0);
        m->command.run = moved_run;
        m->command.done = moved_done;
        engine_submit(e, &m->command);
}

static bool same_address(const struct lease *l, const struct instance *i) {
        if (!*i->host || strcmp(l->host, i->host) != 0)
                return !*i->host;
        for (size_t p = 0; p < l->n_endpoints && p < i->n_ports; p++)
                if (l->host_ports[p] != i->ports[p])
                        return false;
        return true;
}

/* The sweep. */

struct sweep {
        struct job job;
        struct command command;
        struct engine *engine;
        struct slot *slot;
        struct arena arena;
        struct instance *instances;
        size_t n;
        int64_t asked_ms;
};

static void see_instance(struct sweep *s, struct work *w, const struct instance *i) {
        const struct lease *known = read_model_lease(w->model, i->lease);
        struct engine *e = s->engine;
        struct lease l;
        struct err err;

        if (known) { /* as nearly all are: no look into the store for each */
                l = *known;
        } else if (work_lease(w, i->lease, &l, &err) < 0) {
                if (err.kind == ERR_NOT_FOUND &&
                    w->now_ms - i->created_ms > e->config.orphan_grace_ms)
                        remove_orphan(e, s->slot, i);
                return;
        }
        if (l.state == LEASE_ENDED || strcmp(l.runtime, s->slot->name) != 0)
                remove_orphan(e, s->slot, i);
        else if (l.state == LEASE_RUNNING && l.restarts == i->generation &&
                 i->state == INSTANCE_RUNNING && strcmp(l.worker, e->worker) == 0 &&
                 !same_address(&l, i))
                follow_move(e, i);
}

static bool listed(const struct map *by_lease, const struct lease *l) {
        const struct instance *i = map_get(by_lease, l->id);

        return i && i->state != INSTANCE_EXITED;
}

static int sweep_run(struct command *cmd, struct work *w, _unused_ struct err *err) {
        struct sweep *s = container_of(cmd, struct sweep, command);
        _cleanup_(map_done) struct map by_lease = { 0 };
        const struct lease *l;
        size_t at = 0;

        for (size_t i = 0; i < s->n; i++) {
                map_put(&by_lease, s->instances[i].lease, &s->instances[i]);
                see_instance(s, w, &s->instances[i]);
        }
        while ((l = read_model_next(w->model, 0, &at))) {
                if (l->state != LEASE_RUNNING || strcmp(l->runtime, s->slot->name) != 0 ||
                    l->running_ms >= s->asked_ms)
                        continue;
                if (!listed(&by_lease, l))
                        check_lease(s->engine, s->slot, l);
                else if (doors_missing(s->engine, l))
                        doors_open_soon(s->engine, l);
        }
        return queue_promote(w, s->slot->name, err);
}

static void sweep_done(struct command *cmd) {
        struct sweep *s = container_of(cmd, struct sweep, command);

        s->slot->sweeping = false;
        arena_done(&s->arena);
        free(s);
}

static void sweep_job(struct job *job) {
        struct sweep *s = container_of(job, struct sweep, job);
        struct err err;

        s->asked_ms = clock_now_ms();
        if (runtime_list(s->slot->rt, &s->arena, &s->instances, &s->n, &err) < 0) {
                log_warn("the runtime cannot be listed", LOG_TEXT("runtime", s->slot->name),
                         LOG_TEXT("error", err.msg));
                sweep_done(&s->command);
                return;
        }
        s->command.origin = work_system(0);
        s->command.run = sweep_run;
        s->command.done = sweep_done;
        engine_submit(s->engine, &s->command);
}

void reconcile_begin(struct engine *e, struct slot *slot) {
        struct sweep *s;

        if (e->draining || atomic_exchange(&slot->sweeping, true))
                return;
        s = alloc(sizeof(*s));
        s->engine = e;
        s->slot = slot;
        s->job.run = sweep_job;
        pool_put(e->pool, &s->job);
}

/* The engine's own events: an instance that ends is noticed at once. */

struct watch {
        struct job job;
        struct engine *engine;
        struct slot *slot;
};

static void on_event(void *arg, const struct runtime_event *event) {
        struct watch *w = arg;
        const struct lease *l;
        struct lease lease;
        bool running;

        read_model_lock(w->engine->model);
        l = read_model_lease(w->engine->model, event->lease);
        running = l && l->state == LEASE_RUNNING;
        if (running)
                lease = *l;
        read_model_unlock(w->engine->model);
        if (running)
                check_lease(w->engine, w->slot, &lease);
}

static void watch_job(struct job *job) {
        struct watch *w = container_of(job, struct watch, job);
        const bool *stop = &w->engine->stop_watching;
        struct err err;

        while (!__atomic_load_n(stop, __ATOMIC_RELAXED)) {
                struct timespec ts = { .tv_sec = 1 };

                if (runtime_events(w->slot->rt, stop, on_event, w, &err) < 0)
                        nanosleep(&ts, NULL);
                /* What happened while nobody followed is found by a sweep. */
                if (!__atomic_load_n(stop, __ATOMIC_RELAXED))
                        reconcile_begin(w->engine, w->slot);
        }
        free(w);
}

void reconcile_watch(struct engine *e, struct slot *slot) {
        struct watch *w = alloc(sizeof(*w));

        w->engine = e;
        w->slot = slot;
        w->job.run = watch_job;
        pool_put(e->watchers, &w->job);
}

/* Health, for /ready. */

struct look {
        struct job job;
        struct slot *slot;
};

static void look_job(struct job *job) {
        struct look *l = container_of(job, struct look, job);
        struct engine *e = l->slot->engine;
        struct runtime_health health = { 0 };

        runtime_health(l->slot->rt, &health);
        pthread_mutex_lock(&e->health_lock);
        l->slot->health = health;
        pthread_mutex_unlock(&e->health_lock);
        l->slot->looking = false;
        free(l);
}

void health_look(struct engine *e, struct slot *slot) {
        struct look *l;

        if (e->draining || atomic_exchange(&slot->looking, true))
                return;
        l = alloc(sizeof(*l));
        l->slot = slot;
        l->job.run = look_job;
        pool_put(e->pool, &l->job);
}
