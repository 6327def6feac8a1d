/*
 * What the players of a run measure: times of steps, troubles, and what happened in each second.
 *
 * Every time is kept, so that percentiles are exact.  Of one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/map.h"

enum step {
#define STEP(id, ...) STEP_##id,
#include "cli/emulate/steps.def"
        _STEP_N,
};

struct step_row {
        const char *name, *title, *what;
};
extern const struct step_row measure_steps[_STEP_N];

struct sample {
        uint32_t at_ms; /* when it ended, from the start of the run */
        uint32_t took_us;
};

struct series {
        struct sample *samples;
        size_t n, cap;
        uint64_t failed, rate_limited;
};

enum judged { JUDGED_RIGHT, JUDGED_WRONG, JUDGED_ALREADY, _JUDGED_N };

/* What happened in one second, and how it stood at its end. */
struct second {
        uint32_t requests, errors, rate_limited, right, wrong, frames;
        uint32_t playing, signed_in, streams;
};

/* Something that went wrong, and how often. */
struct trouble {
        uint64_t n;
        char *text;
};

#define TROUBLES_MAX 500 /* of different texts; further ones count as one */
#define TROUBLE_TEXT 200

struct measure {
        int64_t began_us, ended_us; /* of the run proper; 0: not yet */
        struct series series[_STEP_N];
        struct map by_text; /* of troubles */
        struct trouble *troubles[TROUBLES_MAX + 1];
        size_t n_troubles;
        struct second *seconds;
        size_t n_seconds, n_noted, cap_seconds;
        struct sample *lags; /* of this program */
        size_t n_lags, cap_lags;

        uint64_t requests, errors, rate_limited, unfinished, bytes, frames, frames_missed,
                frames_doubled;
        uint64_t judged[_JUDGED_N], misjudged;
        uint64_t right_judged, right_accepted; /* of flags known to be right */
        uint64_t hints, instances;
        uint64_t playing, signed_in, failed_sign_ins; /* players, now and in all */
        uint64_t asked_streams, opened_streams, failed_streams, streams; /* the last one: now */
};

void measure_init(struct measure *m);
void measure_done(struct measure *m);
#define _cleanup_measure_ _cleanup_(measure_done)

/* The run proper begins: its seconds count from here. */
void measure_begin(struct measure *m, int64_t now_us);
void measure_end(struct measure *m, int64_t now_us);

void measure_took(struct measure *m, enum step step, int64_t began_us, int64_t ended_us);
/* A trouble of STEP, told as "TITLE: TEXT"; what differs from one to the next has no place in it.
 */
void measure_failed(struct measure *m, enum step step, int64_t now_us, const char *fmt, ...)
        _printf_(4, 5);
void measure_limited(struct measure *m, enum step step, int64_t now_us);
/* An answer came, whatever it says, with a body of BYTES. */
void measure_answer(struct measure *m, int64_t now_us, size_t bytes);
/* KNOWN: is the flag known to be right? */
void measure_judged(struct measure *m, enum judged judged, bool known, int64_t now_us);
void measure_frame(struct measure *m, int64_t now_us, size_t bytes);
/* This program was LATE_US late at something. */
void measure_lag(struct measure *m, int64_t now_us, int64_t late_us);
/* Once a second: notes how it stands. */
void measure_tick(struct measure *m, int64_t now_us);

/* The troubles, most frequent first. */
void measure_sort_troubles(struct measure *m);
