/* Work on passwords: slow on purpose, so done by threads of its own that give way to all others,
 * and a bounded queue.  Of struct api. */
#pragma once

#include "api/call.h"

struct passwords;
_must_check_ int passwords_new(unsigned threads, struct passwords **ret, struct err *err);
/* Takes no more, waits for what is under way. */
void passwords_quiesce(struct passwords *p);
struct passwords *passwords_free(struct passwords *p);
DEFINE_CLEANUP(struct passwords *, passwords_free)

/* In the request's arena. */
struct password_job {
        struct job job;
        struct call *call;
        void (*run)(struct password_job *j);    /* on a thread of theirs */
        void (*finish)(struct password_job *j); /* then on the loop */
};
/* Fill in all but `job`.  Answers UNAVAILABLE itself where the queue is full. */
void passwords_put(struct passwords *p, struct password_job *j);
