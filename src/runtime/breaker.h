/*
 * A circuit breaker: an engine that failed five times in a row is left alone.
 *
 * Closed, every call passes.  The fifth failure without a success between
 * opens it: calls are refused at once, for 30 s.  Then one call at a time is
 * let through as a probe (half open): a failure opens it again, two
 * successes close it.  Calls that were let through before it opened no longer
 * count.  Thread-safe; the clock is the caller's, monotonic.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define BREAKER_FAILURES  5
#define BREAKER_OPEN_MS   30000
#define BREAKER_SUCCESSES 2

enum breaker_state { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN };
enum breaker_pass { BREAKER_REFUSED, BREAKER_CALL, BREAKER_PROBE };
enum breaker_result { BREAKER_OK, BREAKER_FAILED, BREAKER_UNKNOWN };

struct breaker {
        pthread_mutex_t lock;
        enum breaker_state state; /* written under the lock, read with an atomic load */
        unsigned failures, successes;
        bool probing;
        int64_t opened_ms;
};

void breaker_init(struct breaker *b);
void breaker_done(struct breaker *b);

/* May a call go now?  What it gives goes back to breaker_leave() unless it is REFUSED. */
enum breaker_pass breaker_enter(struct breaker *b, int64_t now_ms);
void breaker_leave(struct breaker *b, enum breaker_pass pass, enum breaker_result result,
                   int64_t now_ms);
enum breaker_state breaker_state(const struct breaker *b);
