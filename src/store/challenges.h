/* Challenges in the store.  See store.h. */
#pragma once

#include "model/challenge.h"
#include "store/db.h"

/* Inserts or updates by slug, and gives the id; *changed tells whether anything did.
 * Ids survive edits, and absence. */
_must_check_ int challenges_put(struct tx *tx, int64_t tenant, const char *slug, const char *text,
                                int64_t now_ms, int64_t *id, bool *changed, struct err *err);
/* Marks the challenge as no longer in its folder. */
_must_check_ int challenges_hide(struct tx *tx, int64_t id, struct err *err);

struct challenge_row {
        int64_t id, tenant;
        const char *slug, *text; /* valid during the call */
        bool present;
};
_must_check_ int challenges_each(struct tx *tx,
                                 int (*fn)(void *arg, const struct challenge_row *, struct err *),
                                 void *arg, struct err *err);
