/*
 * Refusals, as RFC 9457 problem documents with `error` beside `detail` for
 * clients that look for that.
 *
 * What the runtime, the store or the system said (every kind of 500 and more)
 * is for the log: the client gets the kind's title and the request's id.
 */
#pragma once

#include "api/call.h"

struct problem {
        int status;
        const char *code, *title;
        const char *detail; /* NULL: the title says it */
        const char *request_id;
        const char *result; /* of a flag that was not judged; NULL: of something else */
};
/* The body alone. */
void problem_write(struct buf *b, const struct problem *p);

/* Answers with ERR, in the route's dialect; logs it when it is ours to mend. */
void problem_reply(struct call *c, const struct err *err);
void problem_replyf(struct call *c, enum err_kind kind, const char *fmt, ...) _printf_(3, 4);
/* 429 with Retry-After. */
void problem_reply_rate(struct call *c, enum limit which, int64_t wait_us);
