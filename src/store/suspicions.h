/* Suspicions in the store.  See store.h. */
#pragma once

#include "model/suspicion.h"
#include "store/db.h"

/* Gives the id in the struct.  Fails CONFLICT when the pair and challenge has one. */
_must_check_ int suspicions_insert(struct tx *tx, struct suspicion *s, struct err *err);
/* Fail NOT_FOUND. */
_must_check_ int suspicions_get(struct tx *tx, int64_t id, struct suspicion *ret, struct err *err);
/* That of the pair and challenge of LIKE. */
_must_check_ int suspicions_find(struct tx *tx, const struct suspicion *like, struct suspicion *ret,
                                 struct err *err);
/* Writes the certainty and the evidence of S ... */
_must_check_ int suspicions_raise(struct tx *tx, const struct suspicion *s, struct err *err);
/* ... or what its review said. */
_must_check_ int suspicions_review(struct tx *tx, const struct suspicion *s, struct err *err);

struct suspicion_filter {
        int64_t tenant;
        int64_t before_id;      /* only earlier ones; 0: no bound */
        int64_t challenge;      /* 0: any */
        struct account account; /* one of the two; id 0: any */
        int verdict;            /* -1: any */
        int risk;               /* -1: any */
        int64_t max;
};
/* Newest first. */
_must_check_ int suspicions_each(struct tx *tx, const struct suspicion_filter *filter,
                                 int (*fn)(void *arg, const struct suspicion *, struct err *),
                                 void *arg, struct err *err);

/* Deletes those that were found innocent before BEFORE_MS. */
_must_check_ int suspicions_purge(struct tx *tx, int64_t before_ms, struct err *err);
