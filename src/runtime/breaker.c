#include <assert.h>

#include "runtime/breaker.h"

void breaker_init(struct breaker *b) {
        *b = (struct breaker){ .state = BREAKER_CLOSED };
        pthread_mutex_init(&b->lock, NULL);
}

void breaker_done(struct breaker *b) { pthread_mutex_destroy(&b->lock); }

enum breaker_state breaker_state(const struct breaker *b) {
        return __atomic_load_n(&b->state, __ATOMIC_RELAXED);
}

static void move(struct breaker *b, enum breaker_state state, int64_t now_ms) {
        __atomic_store_n(&b->state, state, __ATOMIC_RELAXED);
        b->failures = b->successes = 0;
        b->probing = false;
        if (state == BREAKER_OPEN)
                b->opened_ms = now_ms;
}

enum breaker_pass breaker_enter(struct breaker *b, int64_t now_ms) {
        enum breaker_pass pass = BREAKER_REFUSED;

        pthread_mutex_lock(&b->lock);
        if (b->state == BREAKER_OPEN && now_ms - b->opened_ms >= BREAKER_OPEN_MS)
                move(b, BREAKER_HALF_OPEN, now_ms);
        if (b->state == BREAKER_CLOSED) {
                pass = BREAKER_CALL;
        } else if (b->state == BREAKER_HALF_OPEN && !b->probing) {
                b->probing = true;
                pass = BREAKER_PROBE;
        }
        pthread_mutex_unlock(&b->lock);
        return pass;
}

static void leave_closed(struct breaker *b, enum breaker_result result, int64_t now_ms) {
        if (result == BREAKER_OK)
                b->failures = 0;
        else if (result == BREAKER_FAILED && ++b->failures >= BREAKER_FAILURES)
                move(b, BREAKER_OPEN, now_ms);
}

static void leave_probe(struct breaker *b, enum breaker_result result, int64_t now_ms) {
        b->probing = false;
        if (result == BREAKER_FAILED)
                move(b, BREAKER_OPEN, now_ms);
        else if (result == BREAKER_OK && ++b->successes >= BREAKER_SUCCESSES)
                move(b, BREAKER_CLOSED, now_ms);
}

void breaker_leave(struct breaker *b, enum breaker_pass pass, enum breaker_result result,
                   int64_t now_ms) {
        assert(pass != BREAKER_REFUSED);
        pthread_mutex_lock(&b->lock);
        if (pass == BREAKER_PROBE) {
                assert(b->state == BREAKER_HALF_OPEN && b->probing);
                leave_probe(b, result, now_ms);
        } else if (b->state == BREAKER_CLOSED) {
                leave_closed(b, result, now_ms);
        }
        pthread_mutex_unlock(&b->lock);
}
