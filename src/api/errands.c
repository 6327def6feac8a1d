#include "api/errands.h"

#include <stdlib.h>

#include "api/problem.h"

#define WAITING_MAX 1024

struct errands {
        struct pool *pool;
        pthread_mutex_t lock;
        bool closed;
};

int errands_new(unsigned threads, struct errands **ret, struct err *err) {
        _cleanup_(errands_freep) struct errands *e = calloc(1, sizeof(*e));

        if (!e)
                abort();
        pthread_mutex_init(&e->lock, NULL);
        if (pool_new("errand", threads, &e->pool, err) < 0)
                return -1;
        *ret = TAKE(e);
        return 0;
}

void errands_quiesce(struct errands *e) {
        pthread_mutex_lock(&e->lock);
        e->closed = true;
        pthread_mutex_unlock(&e->lock);
        pool_stop(e->pool);
}

struct errands *errands_free(struct errands *e) {
        if (!e)
                return NULL;
        pool_free(e->pool);
        pthread_mutex_destroy(&e->lock);
        free(e);
        return NULL;
}

static void on_resume(struct http_req *req _unused_, void *arg) {
        struct errand *x = arg;

        x->finish(x);
}

static void on_run(struct job *job) {
        struct errand *x = container_of(job, struct errand, job);

        x->run(x);
        http_resume(x->call->req, on_resume, x);
}

void errands_put(struct errands *e, struct errand *x) {
        bool taken;

        x->job.run = on_run;
        pthread_mutex_lock(&e->lock);
        taken = !e->closed && pool_load(e->pool) < WAITING_MAX;
        if (taken) {
                http_suspend(x->call->req); /* before another thread may resume it */
                pool_put(e->pool, &x->job);
        }
        pthread_mutex_unlock(&e->lock);
        if (taken)
                return;
        if (x->drop)
                x->drop(x);
        problem_replyf(x->call, ERR_UNAVAILABLE, "Too much is asked for at once");
}
