#include "api/passwords.h"

#include <stdlib.h>

#include "api/problem.h"
#include "os/thread.h"

#define WAITING_MAX 4096 /* at 20 to 40 ms each: more than who waits would stay for */

struct passwords {
        struct pool *pool;
        pthread_mutex_t lock;
        bool closed;
};

int passwords_new(unsigned threads, struct passwords **ret, struct err *err) {
        _cleanup_(passwords_freep) struct passwords *p = calloc(1, sizeof(*p));

        if (!p)
                abort();
        pthread_mutex_init(&p->lock, NULL);
        if (pool_new("password", threads, &p->pool, err) < 0)
                return -1;
        *ret = TAKE(p);
        return 0;
}

void passwords_quiesce(struct passwords *p) {
        pthread_mutex_lock(&p->lock);
        p->closed = true;
        pthread_mutex_unlock(&p->lock);
        pool_stop(p->pool);
}

struct passwords *passwords_free(struct passwords *p) {
        if (!p)
                return NULL;
        pool_free(p->pool);
        pthread_mutex_destroy(&p->lock);
        free(p);
        return NULL;
}

static void on_resume(struct http_req *req _unused_, void *arg) {
        struct password_job *j = arg;

        j->finish(j);
}

static void on_run(struct job *job) {
        struct password_job *j = container_of(job, struct password_job, job);

        thread_give_way();
        j->run(j);
        http_resume(j->call->req, on_resume, j);
}

void passwords_put(struct passwords *p, struct password_job *j) {
        bool taken;

        j->job.run = on_run;
        pthread_mutex_lock(&p->lock);
        taken = !p->closed && pool_load(p->pool) < WAITING_MAX;
        if (taken) {
                http_suspend(j->call->req); /* before another thread may resume it */
                pool_put(p->pool, &j->job);
        }
        pthread_mutex_unlock(&p->lock);
        if (!taken)
                problem_replyf(j->call, ERR_UNAVAILABLE, "Too many people sign in at once");
}
