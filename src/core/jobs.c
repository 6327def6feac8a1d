/*
 * Jobs: the slow half of starting and stopping, on worker threads.
 *
 * A job works on copies, calls the runtime, and ends with one command that
 * moves the lease on.  It may be cut off at any instruction: what it did is
 * found again by the instance's name and labels.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/random.h"
#include "base/str.h"
#include "core/engine_impl.h"
#include "model/flag.h"
#include "store/leases.h"

#define RETRY_FIRST_MS 1000
#define RETRY_MOST_MS  60000

struct lease_job {
        struct job job;
        struct command command; /* its end */
        struct engine *engine;
        struct slot *slot;
        enum job_kind kind;
        const _Atomic(bool) *cancel;
        struct lease lease;          /* as it was, then with what the engine gave */
        struct challenge *challenge; /* NULL when it is no longer there */
        int64_t began_ms;
        bool failed, cancelled;
        const char *step; /* of a start: "start", "probe" or "doors"; where it failed */
        struct err err;   /* why it failed */
};

static void job_free(struct lease_job *j) {
        challenge_unref(j->challenge);
        free(j);
}

/* The lease is as the job left it: nobody moved it meanwhile. */
static bool unmoved(const struct lease_job *j, const struct lease *now) {
        return now->state == j->lease.state && now->restarts == j->lease.restarts &&
               strcmp(now->worker, j->lease.worker) == 0;
}

static int end_started(struct lease_job *j, struct work *w, struct lease *l, struct err *err) {
        struct event e = work_lease_event(w, &j->command.origin, ACTION_RUNNING, l);

        l->state = LEASE_RUNNING;
        l->running_ms = w->now_ms;
        l->attempts = 0;
        l->retry_ms = 0;
        l->problem[0] = '\0';
        memcpy(l->instance, j->lease.instance, sizeof(l->instance));
        memcpy(l->host, j->lease.host, sizeof(l->host));
        memcpy(l->host_ports, j->lease.host_ports, sizeof(l->host_ports));
        event_text(&e, "engine_id", l->instance);
        event_int(&e, "took_ms", w->now_ms - j->began_ms);
        return work_move(w, &e, l, LEASE_STARTING, err);
}

static int end_not_started(struct lease_job *j, struct work *w, struct lease *l, struct err *err) {
        struct event e = work_lease_event(w, &j->command.origin, ACTION_FAILED_CREATE, l);

        str_copy(l->problem, sizeof(l->problem), j->err.msg);
        event_text(&e, "step", j->step);
        event_text(&e, "code", err_code(j->err.kind));
        event_text(&e, "problem", l->problem);
        return lease_stop(w, &e, l, REASON_FAILED_CREATE, err);
}

static int end_stopped(struct lease_job *j, struct work *w, struct lease *l, struct err *err) {
        struct event e = work_lease_event(w, &j->command.origin, ACTION_REMOVED, l);

        event_int(&e, "attempts", l->attempts + 1);
        if (lease_end(w, &e, l, l->reason, err) < 0)
                return -1;
        return queue_promote(w, l->runtime, err);
}

/* 1, 2, 4 ... 60 s, each with jitter, for ever. */
static int64_t backoff_ms(int64_t attempts) {
        int64_t ms = attempts < 7 ? RETRY_FIRST_MS << (attempts - 1) : RETRY_MOST_MS;

        return random_jitter(ms < RETRY_MOST_MS ? ms : RETRY_MOST_MS);
}

static int end_not_stopped(struct lease_job *j, struct work *w, struct lease *l, struct err *err) {
        struct event e = work_lease_event(w, &j->command.origin, ACTION_FAILED_CLEANUP, l);

        l->attempts++;
        l->retry_ms = w->now_ms + backoff_ms(l->attempts);
        str_copy(l->problem, sizeof(l->problem), j->err.msg);
        event_int(&e, "attempts", l->attempts);
        event_text(&e, "code", err_code(j->err.kind));
        event_text(&e, "problem", l->problem);
        return work_move(w, &e, l, LEASE_STOPPING, err);
}

static int job_end_run(struct command *cmd, struct work *w, struct err *err) {
        struct lease_job *j = container_of(cmd, struct lease_job, command);
        struct lease l;

        if (work_lease(w, j->lease.id, &l, err) < 0)
                return -1;
        if (j->cancelled || !unmoved(j, &l))
                return 0;
        if (j->kind == JOB_START)
                return j->failed ? end_not_started(j, w, &l, err) : end_started(j, w, &l, err);
        return j->failed ? end_not_stopped(j, w, &l, err) : end_stopped(j, w, &l, err);
}

static void job_end_done(struct command *cmd) {
        struct lease_job *j = container_of(cmd, struct lease_job, command);

        /* After the engine closed there is no commit thread: the intent goes on at the next start.
         */
        if (!engine_closed(j->engine))
                track_job_done(j->engine, j->lease.id, j->slot, j->kind, cmd->result < 0);
        job_free(j);
}

static void job_finish(struct lease_job *j) {
        j->command.origin = work_system(j->lease.tenant);
        j->command.run = job_end_run;
        j->command.done = job_end_done;
        engine_submit(j->engine, &j->command);
}

/* Starting. */

static int make_flag(struct lease_job *j, char ret[FLAG_MAX], struct err *err) {
        const struct instance_spec *s = &j->challenge->spec;
        uint8_t key[KEY_SIZE];

        ret[0] = '\0';
        if (!s->flag_template)
                return 0;
        flag_key(j->engine->config.master_key, j->lease.tenant, key);
        return flag_derive(key, s->flag_template, j->lease.challenge, j->lease.owner,
                           j->lease.generation, ret, err);
}

static struct spec make_spec(const struct lease_job *j, const char *name, const char *tenant,
                             const char *flag) {
        const struct instance_spec *s = &j->challenge->spec;
        struct spec spec = {
                .name = name,
                .lease = j->lease.id,
                .tenant = tenant,
                .hard_deadline_ms = j->lease.created_ms + j->lease.policy.max_lifetime_ms,
                .generation = (int)j->lease.restarts,
                .image = s->image,
                .command = s->command,
                .env = s->env,
                .flag = *flag ? flag : NULL,
                .flag_env = s->flag_env,
                .flag_path = s->flag_path,
                .memory_mb = (unsigned)s->memory_mb,
                .cpu_milli = (unsigned)s->cpu_milli,
                .pids = (unsigned)s->pids,
                .writable_root = s->writable_root,
                .egress = s->egress,
                .n_ports = j->lease.n_endpoints,
        };

        /* The lease's: its challenge may have others by now. */
        for (size_t i = 0; i < j->lease.n_endpoints; i++)
                spec.ports[i] = j->lease.endpoints[i].inner;
        return spec;
}

static int start_instance(struct lease_job *j, const struct spec *spec, struct instance *ret,
                          struct err *err) {
        struct runtime *rt = j->slot->rt;

        if (runtime_start(rt, spec, ret, err) == 0)
                return 0;
        if (err->kind != ERR_NO_IMAGE || runtime_pull(rt, spec->image, NULL, NULL, err) < 0)
                return -1;
        return runtime_start(rt, spec, ret, err);
}

/* Without a gate, players connect to what the engine published. */
static void take_address(struct lease_job *j, const struct instance *i) {
        struct lease *l = &j->lease;

        str_copy(l->instance, sizeof(l->instance), i->engine_id);
        str_copy(l->host, sizeof(l->host), i->host);
        for (size_t p = 0; p < l->n_endpoints; p++)
                l->host_ports[p] = p < i->n_ports ? i->ports[p] : 0;
}

static int start(struct lease_job *j, struct err *err) {
        char name[INSTANCE_NAME], tenant[24], flag[FLAG_MAX];
        struct instance instance;
        struct spec spec;

        j->step = "start";
        if (!j->challenge)
                return err_set(err, ERR_NOT_FOUND, "the challenge is no longer there");
        lease_instance_name(j->lease.id, name);
        snprintf(tenant, sizeof(tenant), "%lld", (long long)j->lease.tenant);
        if (make_flag(j, flag, err) < 0)
                return -1;
        if (*j->cancel) /* it waited for a worker */
                return err_set(err, ERR_CONFLICT, "the lease ended before its instance was made");
        spec = make_spec(j, name, tenant, flag);
        if (start_instance(j, &spec, &instance, err) < 0)
                return -1;
        take_address(j, &instance);
        j->step = "probe";
        if (probe_wait(j->slot->rt, &j->lease, &j->challenge->spec.probe, j->cancel, err) < 0)
                return -1;
        j->step = "doors";
        return doors_open(j->engine, &j->lease, err);
}

static void start_run(struct job *job) {
        struct lease_job *j = container_of(job, struct lease_job, job);
        const char *result;

        j->failed = start(j, &j->err) < 0;
        j->cancelled = *j->cancel;
        result = j->cancelled ? "cancelled" : j->failed ? "failed" : "running";
        metric_add(METRIC_STARTS, 1, j->slot->name, result);
        metric_observe(METRIC_START_TIME, (double)(clock_now_ms() - j->began_ms) / 1e3,
                       j->slot->name, result);
        if (j->failed && !j->cancelled)
                log_warn("a start failed", LOG_TEXT("lease", j->lease.id),
                         LOG_TEXT("error", j->err.msg));
        job_finish(j);
}

static void stop_run(struct job *job) {
        struct lease_job *j = container_of(job, struct lease_job, job);
        char name[INSTANCE_NAME];

        lease_instance_name(j->lease.id, name);
        j->failed = runtime_stop(j->slot->rt, name, &j->err) < 0;
        metric_add(METRIC_CLEANUPS, 1, j->slot->name, j->failed ? "failed" : "removed");
        metric_observe(METRIC_CLEANUP_TIME, (double)(clock_now_ms() - j->began_ms) / 1e3,
                       j->slot->name);
        if (j->failed)
                log_warn("a removal failed and will be tried again", LOG_TEXT("lease", j->lease.id),
                         LOG_TEXT("error", j->err.msg));
        job_finish(j);
}

void job_begin(struct engine *e, struct slot *slot, struct tracked *t, const struct lease *lease) {
        struct lease_job *j = calloc(1, sizeof(*j));

        if (!j)
                abort();
        j->engine = e;
        j->slot = slot;
        j->kind = t->job;
        j->cancel = &t->cancel; /* T stays while its job is in flight */
        j->lease = *lease;
        j->began_ms = clock_now_ms();
        if (t->job == JOB_START)
                j->challenge = read_model_hold_challenge(e->model, lease->challenge);
        j->job.run = t->job == JOB_START ? start_run : stop_run;
        pool_put(e->pool, &j->job);
}
