/* Errands: what a request needs that waits for the disk or takes a while, done by threads of its
 * own, with a bounded queue.  Of struct api. */
#pragma once

#include "api/call.h"

struct errands;
_must_check_ int errands_new(unsigned threads, struct errands **ret, struct err *err);
/* Takes no more, waits for what is under way. */
void errands_quiesce(struct errands *e);
struct errands *errands_free(struct errands *e);
DEFINE_CLEANUP(struct errands *, errands_free)

/* In the request's arena, which is RUN's alone as long as it runs. */
struct errand {
        struct job job;
        struct call *call;
        void (*run)(struct errand *e);    /* on a thread of theirs */
        void (*finish)(struct errand *e); /* then on the loop; answers */
        void (*drop)(struct errand *e);   /* in place of both, when it was not taken; may be NULL */
};
/* Fill in all but `job`.  Answers UNAVAILABLE itself where the queue is full. */
void errands_put(struct errands *e, struct errand *x);
