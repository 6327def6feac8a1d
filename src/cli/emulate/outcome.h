/*
 * What a run came to, as it is told: as text, as JSON, and (report.h) as a page.  Pure.
 */
#pragma once

#include "cli/emulate/threshold.h"
#include "cli/emulate/throng.h"

struct outcome {
        const struct throng_config *config;
        const struct measure *measure; /* its troubles are sorted */
        const struct thresholds *limits;
        struct summary summary;
        int64_t began_ms; /* wall clock */
        bool early;       /* somebody ended it */
};

#define TOP_TROUBLES 5

/* For people; AS_TABLE: to a terminal, where columns are lined up. */
void outcome_text(const struct outcome *o, struct buf *b);
void outcome_json(const struct outcome *o, struct buf *b);
/* "34.2 %"; "none" for NAN. */
void outcome_percent(struct buf *b, double v);
/* Did anything work at all? */
bool outcome_is_something(const struct outcome *o);
