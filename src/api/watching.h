/* What the routes for suspicions and health share with those of CRE.  See suspicions.c,
 * challenge_health.c and compat/cre_watch.c. */
#pragma once

#include "api/page.h"
#include "core/watch_verbs.h"
#include "store/health.h"
#include "store/leases.h"
#include "store/suspicions.h"

/* PART of WHOLE as a number with three digits after the point; 0 where WHOLE is. */
void watching_fraction(struct buf *b, int64_t part, int64_t whole);

/* Suspicions read from the store; in the request's arena. */
struct suspicion_list {
        struct query query;
        struct call *call;
        struct suspicion_filter filter; /* `max` is set by suspicion_list_read() */
        int64_t max;                    /* that are written */
        int64_t written, last;          /* last: the id of the last one written */
        bool more;                      /* than were written */
        struct buf out;
        /* Puts one into OUT, with the read model locked. */
        void (*write)(struct buf *out, const struct read_model *m, const struct suspicion *s);
        void (*finish)(struct call *c, struct suspicion_list *l); /* answers with what is in OUT */
};
void suspicion_list_read(struct suspicion_list *l);

/* Reads a review from the body of the request and submits it.  Fails: INVALID, with a verdict that
 * is none in VERDICTS' words. */
_must_check_ int suspicion_review_submit(struct call *c, const char *verdicts,
                                         void (*finish)(struct call *c, struct command *cmd),
                                         struct err *err);

/* Is C for who watches: of their tenant, and not hidden? */
bool health_shows(const struct call *c, const struct challenge *ch);

/* Snapshots of a challenge, newest first; in the request's arena. */
struct health_history {
        struct query query;
        struct call *call;
        int64_t challenge, max;
        struct lease_outcomes *outcomes; /* NULL: not wanted */
        struct buf out;
        void (*write)(struct buf *out, const struct health *h);
        void (*finish)(struct call *c, struct health_history *h);
};
void health_history_read(struct health_history *h);
