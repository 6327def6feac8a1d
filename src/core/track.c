/*
 * What follows from a lease's state: its timer, its doors, its job.
 *
 * A lease has at most one job in flight.  When its state moves on meanwhile,
 * the job is told to stop early, and what the new state needs begins when the
 * job has ended: a removal never overtakes the start that it undoes.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/str.h"
#include "core/engine_impl.h"

struct slot *engine_slot(struct engine *e, const char *runtime) {
        if (!runtime || !*runtime)
                return &e->slots[0];
        for (size_t i = 0; i < e->n_slots; i++)
                if (strcmp(e->slots[i].name, runtime) == 0)
                        return &e->slots[i];
        return NULL;
}

static struct tracked *tracked_get(struct engine *e, const char *id) {
        struct tracked *t = map_get(&e->tracked, id);

        if (t)
                return t;
        t = calloc(1, sizeof(*t));
        if (!t)
                abort();
        str_copy(t->id, sizeof(t->id), id);
        map_put(&e->tracked, t->id, t);
        return t;
}

static void tracked_drop(struct engine *e, struct tracked *t) {
        if (!t || t->job != JOB_NONE)
                return; /* its job's end comes back here */
        heap_del(&e->timers, &t->timer);
        map_del(&e->tracked, t->id);
        free(t);
}

void track_give_up(struct engine *e) {
        struct tracked *t;
        size_t at = 0;

        while ((t = map_next(&e->tracked, &at)))
                if (t->job == JOB_START)
                        t->cancel = true;
}

void track_free(struct engine *e) {
        struct tracked *t;
        size_t at = 0;

        heap_done(&e->timers); /* first: it looks at the nodes, which are in what is freed */
        while ((t = map_next(&e->tracked, &at)))
                free(t);
        map_done(&e->tracked);
}

static void dispatch(struct engine *e, struct slot *slot, struct tracked_queue *q, unsigned max) {
        while (q->first && q->running < max && !e->draining) {
                struct tracked *t = q->first;
                const struct lease *lease = read_model_lease(e->model, t->id);

                q->first = t->next;
                if (!q->first)
                        q->end = &q->first;
                t->next = NULL;
                if (!lease) { /* ended by another daemon, long ago */
                        t->job = JOB_NONE;
                        tracked_drop(e, t);
                        continue;
                }
                q->running++;
                e->jobs++;
                t->running = true;
                job_begin(e, slot, t, lease);
        }
}

static void enqueue(struct engine *e, struct slot *slot, struct tracked *t, enum job_kind kind) {
        struct tracked_queue *q = kind == JOB_START ? &slot->starts : &slot->stops;

        t->job = kind;
        t->cancel = false;
        *q->end = t;
        q->end = &t->next;
        dispatch(e, slot, q, kind == JOB_START ? slot->max_starts : slot->max_stops);
}

/* A start that still waits in its slot's queue, and is not wanted any more. */
static void unqueue_start(struct slot *slot, struct tracked *t) {
        struct tracked **at;

        assert(slot); /* that it was put into a queue of */
        at = &slot->starts.first;

        for (; *at != t; at = &(*at)->next)
                assert(*at);
        *at = t->next;
        if (slot->starts.end == &t->next)
                slot->starts.end = at;
        t->next = NULL;
        t->job = JOB_NONE;
}

/* The intent (starting, stopping) of this daemon goes on now, or when its time has come. */
static void intend(struct engine *e, struct tracked *t, const struct lease *l, enum job_kind kind) {
        struct slot *slot = engine_slot(e, l->runtime);
        int64_t now_ms = clock_now_ms(), at_ms = t->not_before_ms;

        if (!slot) {
                log_error("a lease names a runtime that is not configured",
                          LOG_TEXT("lease", l->id), LOG_TEXT("runtime", l->runtime));
                heap_put(&e->timers, &t->timer, now_ms + CLAIM_MS);
                return;
        }
        if (strcmp(l->worker, e->worker) != 0) {
                at_ms = l->retry_ms + (l->attempts > 0 ? CLAIM_MS : 0);
                heap_put(&e->timers, &t->timer, at_ms > now_ms ? at_ms : now_ms + TICK_MS);
                return;
        }
        /* retry_ms of an intent without a failed try is its claim, not a wait. */
        if (l->attempts > 0 && l->retry_ms > at_ms)
                at_ms = l->retry_ms;
        if (at_ms > now_ms) {
                heap_put(&e->timers, &t->timer, at_ms);
                return;
        }
        heap_put(&e->timers, &t->timer, kind == JOB_START ? l->expires_ms : now_ms + CLAIM_MS);
        enqueue(e, slot, t, kind);
}

/* True when a job is in flight, whose end will look again. */
static bool busy(struct engine *e, struct tracked *t, const struct lease *l) {
        bool mine = strcmp(l->worker, e->worker) == 0;
        bool wanted = mine && ((t->job == JOB_START && l->state == LEASE_STARTING) ||
                               (t->job == JOB_STOP && l->state == LEASE_STOPPING));

        if (t->job == JOB_NONE)
                return false;
        if (t->job == JOB_START && !wanted && !t->running) {
                unqueue_start(engine_slot(e, l->runtime), t);
                return false;
        }
        if (!wanted)
                t->cancel = true;
        return true;
}

void track_react(struct engine *e, const struct lease *l) {
        struct tracked *t;

        if (!e->reacting)
                return;
        if (l->state == LEASE_ENDED || l->state == LEASE_PENDING) {
                t = map_get(&e->tracked, l->id);
                if (!t)
                        return;
                doors_follow(e, t, l);
                if (!busy(e, t, l))
                        tracked_drop(e, t);
                return;
        }
        t = tracked_get(e, l->id);
        doors_follow(e, t, l);
        if (busy(e, t, l)) {
                if (l->state != LEASE_STOPPING)
                        heap_put(&e->timers, &t->timer, l->expires_ms);
                return;
        }
        if (l->state == LEASE_RUNNING)
                heap_put(&e->timers, &t->timer, l->expires_ms);
        else
                intend(e, t, l, l->state == LEASE_STARTING ? JOB_START : JOB_STOP);
}

/* A timer of T came: the deadline, or the time of its intent. */
static void due(struct engine *e, struct tracked *t, int64_t now_ms) {
        const struct lease *l = read_model_lease(e->model, t->id);

        heap_del(&e->timers, &t->timer);
        if (!l || !lease_live(l)) {
                tracked_drop(e, t);
                return;
        }
        if (l->state != LEASE_STOPPING && l->expires_ms <= now_ms) {
                /* Asked again should the command fail. */
                heap_put(&e->timers, &t->timer, now_ms + TICK_MS);
                expire_submit(e, l->id);
        } else if (t->job == JOB_NONE && l->state != LEASE_RUNNING &&
                   strcmp(l->worker, e->worker) != 0 && claim_over(l, now_ms)) {
                heap_put(&e->timers, &t->timer, now_ms + TICK_MS);
                takeover_submit(e, l->id);
        } else {
                track_react(e, l);
        }
}

void track_due(struct engine *e, int64_t now_ms) {
        struct heap_node *node;

        while ((node = heap_first(&e->timers)) && node->at_ms <= now_ms) {
                if (node == &e->tick)
                        engine_tick(e, now_ms);
                else if (node == &e->sweep)
                        engine_sweep(e, now_ms);
                else if (node == &e->look)
                        watch_due(e, now_ms);
                else
                        due(e, container_of(node, struct tracked, timer), now_ms);
        }
}

void track_all(struct engine *e) {
        const struct lease *l;
        size_t at = 0;

        while ((l = read_model_next(e->model, 0, &at)))
                if (lease_live(l))
                        track_react(e, l);
}

void track_job_done(struct engine *e, const char *lease, struct slot *slot, enum job_kind kind,
                    bool again) {
        struct tracked_queue *q = kind == JOB_START ? &slot->starts : &slot->stops;
        struct tracked *t = map_get(&e->tracked, lease);
        const struct lease *l = read_model_lease(e->model, lease);

        assert(t && t->job == kind && q->running > 0);
        q->running--;
        e->jobs--;
        t->job = JOB_NONE;
        t->running = false;
        t->not_before_ms = again ? clock_now_ms() + TICK_MS : 0;
        if (l && lease_live(l))
                track_react(e, l);
        else
                tracked_drop(e, t);
        dispatch(e, slot, q, kind == JOB_START ? slot->max_starts : slot->max_stops);
}
