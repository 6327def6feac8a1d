/*
 * GET /api/v2/instances/{id}/logs: what an instance wrote.
 *
 * The runtime's call blocks, so it runs on a pool of its own: a few threads
 * for those who look once, and one for each of at most max_followers streams, of
 * which one user has a few: nobody shuts the others out.
 * A follower is its lane's (under the lane's lock) until its job ends; the
 * lane's tick sees that a peer left even while the instance is silent.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/instances.h"
#include "api/logs.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/wait.h"
#include "os/pool.h"

#define LOOKERS       2
#define USER_STREAMS  4
#define LOOKERS_QUEUE 64
#define TAIL_DEFAULT  1000
#define TAIL_MAX      10000
#define LOOK_BYTES    (1 << 20)
#define FOLLOW_BYTES  (1 << 20) /* that may wait for a slow peer */

struct follower {
        struct job job;
        struct follower *next;
        struct followers *all;
        int64_t user;
        struct http_stream *stream; /* NULL until it is open */
        struct runtime *runtime;
        char name[INSTANCE_NAME];
        int tail;
        bool cancel; /* atomic */
};

struct followers {
        struct pool *pool;
        unsigned max;
        atomic_uint n, lookers;
        pthread_mutex_t lock;
        struct follower *first;
};

int followers_new(unsigned max, struct followers **ret, struct err *err) {
        struct followers *f = calloc(1, sizeof(*f));

        assert(f);
        f->max = max;
        pthread_mutex_init(&f->lock, NULL);
        if (pool_new("logs", max + LOOKERS, &f->pool, err) < 0) {
                followers_free(f);
                return -1;
        }
        *ret = f;
        return 0;
}

struct followers *followers_free(struct followers *f) {
        if (!f)
                return NULL;
        if (f->pool)
                pool_free(f->pool);
        pthread_mutex_destroy(&f->lock);
        free(f);
        return NULL;
}

static void cancel(struct follower *f) { __atomic_store_n(&f->cancel, true, __ATOMIC_RELAXED); }

void followers_quiesce(struct followers *f) {
        pthread_mutex_lock(&f->lock);
        for (struct follower *x = f->first; x; x = x->next)
                cancel(x);
        pthread_mutex_unlock(&f->lock);
        pool_stop(f->pool);
}

bool logs_check(struct lane *lane) {
        struct followers *f = lane->api->followers;
        bool any;

        pthread_mutex_lock(&f->lock);
        for (struct follower *x = f->first; x; x = x->next)
                if (x->stream && !http_stream_alive(x->stream))
                        cancel(x);
        any = f->first != NULL;
        pthread_mutex_unlock(&f->lock);
        return any;
}

/* Takes one of MAX places; the caller gives it back. */
static bool take(const struct call *c, atomic_uint *taken, unsigned max) {
        if (atomic_load(&c->api->quiet))
                return false;
        if (atomic_fetch_add(taken, 1) < max)
                return true;
        atomic_fetch_sub(taken, 1);
        return false;
}

/* --- following --- */

static bool on_line(void *arg, bool is_stderr _unused_, const char *text, size_t n) {
        struct follower *f = arg;

        return http_stream_write(f->stream, text, n);
}

/* False when its user has as many as one may have. */
static bool link_follower(struct follower *f) {
        unsigned n = 0;

        pthread_mutex_lock(&f->all->lock);
        for (const struct follower *x = f->all->first; x; x = x->next)
                n += x->user == f->user;
        if (n < USER_STREAMS) {
                f->next = f->all->first;
                f->all->first = f;
        }
        pthread_mutex_unlock(&f->all->lock);
        return n < USER_STREAMS;
}

static void unlink_follower(struct follower *f) {
        struct follower **link = &f->all->first;

        pthread_mutex_lock(&f->all->lock);
        while (*link != f)
                link = &(*link)->next;
        *link = f->next;
        pthread_mutex_unlock(&f->all->lock);
}

/* On a thread of the pool. */
static void follow(struct job *job) {
        struct follower *f = container_of(job, struct follower, job);
        struct followers *all = f->all;
        struct err err;

        /* A failure has no place in an answer that has begun: the stream ends. */
        (void)!runtime_logs(f->runtime, f->name, true, f->tail, &f->cancel, on_line, f, &err);
        unlink_follower(f);
        http_stream_close(f->stream);
        free(f);
        atomic_fetch_sub(&all->n, 1);
}

static void refuse_stream(struct call *c) {
        http_add_header(c->req, "Retry-After", "5");
        problem_replyf(c, ERR_RATE, "You follow %d logs already, the most at once", USER_STREAMS);
}

static void start_following(struct call *c, struct runtime *rt, const char *name, int tail) {
        struct followers *all = c->api->followers;
        struct follower *f;

        if (!take(c, &all->n, all->max)) {
                problem_replyf(c, ERR_UNAVAILABLE, "All log streams are in use");
                return;
        }
        f = calloc(1, sizeof(*f));
        assert(f);
        *f = (struct follower){
                .job.run = follow, .all = all, .user = c->origin.user, .runtime = rt, .tail = tail
        };
        snprintf(f->name, sizeof(f->name), "%s", name);
        if (!link_follower(f)) {
                free(f);
                atomic_fetch_sub(&all->n, 1);
                refuse_stream(c);
                return;
        }
        pthread_mutex_lock(&all->lock);
        f->stream = call_stream(c, TYPE_TEXT, FOLLOW_BYTES);
        pthread_mutex_unlock(&all->lock);
        wait_lane_tick(c->lane);
        pool_put(all->pool, &f->job);
}

/* --- looking once --- */

/* In the request's arena; the request is suspended meanwhile. */
struct look {
        struct job job;
        struct call *call;
        struct runtime *runtime;
        char name[INSTANCE_NAME];
        int tail;
        struct buf out;
        int result;
        struct err err;
};

static bool on_text(void *arg, bool is_stderr _unused_, const char *text, size_t n) {
        struct look *l = arg;

        if (n > LOOK_BYTES - l->out.len)
                return false;
        buf_add(&l->out, text, n);
        return true;
}

static void on_looked(struct http_req *req _unused_, void *arg) {
        struct look *l = arg;

        atomic_fetch_sub(&l->call->api->followers->lookers, 1);
        if (l->result == 0)
                call_reply(l->call, 200, TYPE_TEXT, &l->out);
        else if (l->err.kind == ERR_NOT_FOUND)
                problem_replyf(l->call, ERR_CONFLICT, "The instance is not running");
        else
                problem_reply(l->call, &l->err);
        buf_done(&l->out);
}

/* On a thread of the pool. */
static void look(struct job *job) {
        struct look *l = container_of(job, struct look, job);
        bool never = false;

        l->result = runtime_logs(l->runtime, l->name, false, l->tail, &never, on_text, l, &l->err);
        http_resume(l->call->req, on_looked, l);
}

static void start_looking(struct call *c, struct runtime *rt, const char *name, int tail) {
        struct followers *all = c->api->followers;
        struct look *l;

        if (!take(c, &all->lookers, LOOKERS_QUEUE)) {
                problem_replyf(c, ERR_UNAVAILABLE, "Too many requests for logs at once");
                return;
        }
        l = arena_new(http_arena(c->req), struct look);
        *l = (struct look){ .job.run = look, .call = c, .runtime = rt, .tail = tail };
        snprintf(l->name, sizeof(l->name), "%s", name);
        buf_reserve(&l->out, 1);
        http_suspend(c->req);
        pool_put(all->pool, &l->job);
}

/* --- the route --- */

static int parse(struct call *c, bool *follow_it, int64_t *tail, struct err *err) {
        if (query_bool("follow", http_query(c->req, "follow"), follow_it, err) < 0)
                return -1;
        return query_int("tail", http_query(c->req, "tail"), 0, TAIL_MAX, TAIL_DEFAULT, tail, err);
}

void instance_logs(struct call *c) {
        struct runtime *rt;
        struct lease lease;
        bool follow_it;
        char name[INSTANCE_NAME];
        int64_t tail;
        struct err err;

        if (parse(c, &follow_it, &tail, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        if (!lease_id_valid(c->param) || !instance_look(c, c->param, &lease)) {
                problem_replyf(c, ERR_NOT_FOUND, "No such instance, or it ended long ago");
                return;
        }
        if (!instance_is_theirs(c, &lease)) {
                instance_deny(c, lease.id, "logs");
                return;
        }
        rt = engine_runtime(c->api->config.engine, lease.runtime);
        if (lease.state == LEASE_PENDING || lease.state == LEASE_ENDED || !rt) {
                problem_replyf(c, ERR_CONFLICT, "The instance is not running");
                return;
        }
        lease_instance_name(lease.id, name);
        if (follow_it && http_method(c->req) != HTTP_HEAD)
                start_following(c, rt, name, (int)tail);
        else
                start_looking(c, rt, name, (int)tail);
}
