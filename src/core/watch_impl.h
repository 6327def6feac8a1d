/* What watching over the game consists of, for the files that do it. */
#pragma once

#include "core/engine_impl.h"
#include "model/suspicion.h"

/* Writes down that FOUND was found.  A pair has one row per challenge: it keeps its verdict, takes
 * the higher certainty, and its evidence grows; only what is new or more certain is an event. */
_must_check_ int suspicion_note(struct work *w, const struct origin *o,
                                const struct suspicion *found, struct err *err);
/* The same as a command. */
void suspicion_submit(struct engine *e, const struct suspicion *found);

/* Has the health of any challenge another state than was told?  HOW_MANY are in each. */
bool health_changed(const struct read_model *m, int64_t now_ms, int64_t how_many[_HEALTH_N]);
/* As a command: tells states that changed, and where SNAPSHOT_MS is not 0, writes down how every
 * challenge fares and deletes what is too old.  DONE is called on the commit thread. */
void health_submit(struct engine *e, int64_t snapshot_ms,
                   void (*done)(struct engine *e, int64_t snapshot_ms, bool good));
