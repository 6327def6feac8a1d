#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/str.h"
#include "os/pool.h"
#include "os/thread.h"

#define POOL_THREADS_MAX 256

struct pool {
        pthread_mutex_t lock;
        pthread_cond_t work;
        struct job *first, **last;
        unsigned waiting, running;
        unsigned alive; /* workers that still look for jobs */
        bool stopping;
        unsigned n_threads; /* the caller's alone */
        pthread_t threads[];
};

static void *worker(void *arg) {
        struct pool *p = arg;

        pthread_mutex_lock(&p->lock);
        for (;;) {
                struct job *job = p->first;

                if (!job && p->stopping)
                        break;
                if (!job) {
                        pthread_cond_wait(&p->work, &p->lock);
                        continue;
                }
                p->first = job->next;
                if (!p->first)
                        p->last = &p->first;
                p->waiting--;
                p->running++;
                pthread_mutex_unlock(&p->lock);
                job->run(job);
                pthread_mutex_lock(&p->lock);
                p->running--;
        }
        p->alive--;
        pthread_mutex_unlock(&p->lock);
        return NULL;
}

int pool_new(const char *name, unsigned threads, struct pool **ret, struct err *err) {
        _cleanup_(pool_freep) struct pool *p = NULL;

        assert(threads > 0 && threads <= POOL_THREADS_MAX);
        p = calloc(1, sizeof(*p) + threads * sizeof(p->threads[0]));
        if (!p)
                abort();
        pthread_mutex_init(&p->lock, NULL);
        pthread_cond_init(&p->work, NULL);
        p->last = &p->first;
        p->alive = threads;
        for (; p->n_threads < threads; p->n_threads++)
                if (thread_start(name, worker, p, &p->threads[p->n_threads], err) < 0)
                        return -1;
        *ret = TAKE(p);
        return 0;
}

void pool_put(struct pool *p, struct job *job) {
        job->next = NULL;
        pthread_mutex_lock(&p->lock);
        assert(p->alive > 0);
        *p->last = job;
        p->last = &job->next;
        p->waiting++;
        pthread_cond_signal(&p->work);
        pthread_mutex_unlock(&p->lock);
}

unsigned pool_load(struct pool *p) {
        unsigned load;

        pthread_mutex_lock(&p->lock);
        load = p->waiting + p->running;
        pthread_mutex_unlock(&p->lock);
        return load;
}

void pool_stop(struct pool *p) {
        pthread_mutex_lock(&p->lock);
        p->stopping = true;
        pthread_cond_broadcast(&p->work);
        pthread_mutex_unlock(&p->lock);
        while (p->n_threads > 0)
                pthread_join(p->threads[--p->n_threads], NULL);
}

struct pool *pool_free(struct pool *p) {
        if (!p)
                return NULL;
        pool_stop(p);
        pthread_cond_destroy(&p->work);
        pthread_mutex_destroy(&p->lock);
        free(p);
        return NULL;
}
