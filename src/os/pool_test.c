#include <pthread.h>
#include <stdatomic.h>

#include "os/pool.h"
#include "test.h"

struct counted {
        struct job job;
        int id;
        struct pool *pool;
};

static _Atomic int ran;
static int order[100];

static void note(struct job *job) {
        struct counted *c = container_of(job, struct counted, job);

        order[atomic_fetch_add(&ran, 1)] = c->id;
        free(c);
}

static struct job *counted(int id, void (*run)(struct job *job), struct pool *pool) {
        struct counted *c = calloc(1, sizeof(*c));

        CHECK(c);
        c->job.run = run;
        c->id = id;
        c->pool = pool;
        return &c->job;
}

static struct pool *new_pool(unsigned threads) {
        struct pool *p;
        struct err err;

        CHECK_OK(pool_new("test", threads, &p, &err));
        return p;
}

TEST(jobs_start_in_order_and_stop_runs_them_all) {
        _cleanup_(pool_freep) struct pool *p = new_pool(1);

        for (int i = 0; i < 100; i++)
                pool_put(p, counted(i, note, p));
        pool_stop(p);
        CHECK(ran == 100);
        for (int i = 0; i < 100; i++)
                CHECK(order[i] == i);
        pool_stop(p); /* again: nothing */
}

TEST(a_pool_without_jobs) {
        _cleanup_(pool_freep) struct pool *p = new_pool(3);

        CHECK(pool_load(p) == 0);
}

static pthread_barrier_t together;

static void meet(struct job *job) {
        pthread_barrier_wait(&together);
        pthread_barrier_wait(&together);
        note(job);
}

TEST(threads_run_side_by_side) {
        _cleanup_(pool_freep) struct pool *p = new_pool(2);

        /* Nobody passes the barrier before two jobs and this test have come. */
        pthread_barrier_init(&together, NULL, 3);
        for (int i = 0; i < 2; i++)
                pool_put(p, counted(i, meet, p));
        pthread_barrier_wait(&together);
        pool_put(p, counted(2, note, p));
        CHECK(pool_load(p) == 3); /* two run, one waits */
        pthread_barrier_wait(&together);
        pool_stop(p);
        CHECK(ran == 3);
        CHECK(pool_load(p) == 0);
}

static void put_another(struct job *job) {
        struct counted *c = container_of(job, struct counted, job);

        if (c->id > 0)
                pool_put(c->pool, counted(c->id - 1, put_another, c->pool));
        note(job);
}

TEST(jobs_may_put_jobs_while_it_stops) {
        _cleanup_(pool_freep) struct pool *p = new_pool(2);

        pool_put(p, counted(20, put_another, p));
        pool_stop(p);
        CHECK(ran == 21);
}

static void add_one(struct job *job) {
        atomic_fetch_add(&ran, 1);
        free(container_of(job, struct counted, job));
}

static void *put_many(void *arg) {
        for (int i = 0; i < 500; i++)
                pool_put(arg, counted(i, add_one, arg));
        return NULL;
}

TEST(many_threads_put) {
        _cleanup_(pool_freep) struct pool *p = new_pool(3);
        pthread_t threads[4];

        for (size_t i = 0; i < 4; i++)
                CHECK(pthread_create(&threads[i], NULL, put_many, p) == 0);
        for (size_t i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        pool_stop(p);
        CHECK(ran == 2000);
}
