/*
 * How challenges fare of late: a fold over the log.
 *
 * Counts what became of submissions and starts in the last hour, in steps of five minutes, and
 * remembers the state of health that was told last.  Pure memory: no locks, no clock, no store.
 */
#pragma once

#include "base/map.h"
#include "model/event.h"
#include "model/health.h"

#define PULSE_MS 3600000 /* how far back it goes; the present step is not over yet */

struct pulse {
        struct map by_challenge;
};

void pulse_done(struct pulse *p);

/* No-op for what is not about health.  COUNTS: the event's account is on the board. */
void pulse_note(struct pulse *p, const struct event *e, bool counts);

/* Fills in what RET says of the last hour. */
void pulse_read(const struct pulse *p, int64_t challenge, int64_t now_ms, struct health *ret);

/* The state that was told last; HEALTHY for one that never was. */
enum health_state pulse_told(const struct pulse *p, int64_t challenge);
void pulse_tell(struct pulse *p, int64_t tenant, int64_t challenge, enum health_state state);
