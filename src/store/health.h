/* Snapshots of how challenges fare, in the store.  See store.h. */
#pragma once

#include "model/health.h"
#include "store/db.h"

/* No-op where the challenge has one of this moment. */
_must_check_ int healths_insert(struct tx *tx, const struct health *h, struct err *err);
/* At most MAX of CHALLENGE, newest first. */
_must_check_ int healths_each(struct tx *tx, int64_t challenge, int64_t max,
                              int (*fn)(void *arg, const struct health *, struct err *), void *arg,
                              struct err *err);
/* The newest of each challenge. */
_must_check_ int healths_each_latest(struct tx *tx,
                                     int (*fn)(void *arg, const struct health *, struct err *),
                                     void *arg, struct err *err);
/* Deletes those from before BEFORE_MS. */
_must_check_ int healths_purge(struct tx *tx, int64_t before_ms, struct err *err);
