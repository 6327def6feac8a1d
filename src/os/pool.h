/*
 * Job workers: a bounded pool of threads for slow, blocking work.
 *
 * A job is embedded in what it works on.  Jobs start in the order that they
 * were put in.  pool_stop() runs what is queued, then joins; only
 * a job may put another meanwhile, and nobody after it.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct pool;

struct job {
        struct job *next;
        void (*run)(struct job *job); /* may free the job */
};

_must_check_ int pool_new(const char *name, unsigned threads, struct pool **ret, struct err *err);
void pool_put(struct pool *p, struct job *job);
/* Jobs that wait and jobs that run, at this moment. */
unsigned pool_load(struct pool *p);
void pool_stop(struct pool *p);
struct pool *pool_free(struct pool *p); /* stops first */
DEFINE_CLEANUP(struct pool *, pool_free)
