/*
 * Idempotency keys: what was answered to a POST, for those who ask again.
 *
 * A table in memory of at most IDEMPOTENCY_MAX answers of the last 24 hours;
 * the oldest gives way.  Only successes are kept: a refused request may be
 * tried again with its key.  Thread-safe.
 */
#pragma once

#include "base/arena.h"
#include "base/attr.h"
#include "base/crypto.h"

#define IDEMPOTENCY_MAX     10000
#define IDEMPOTENCY_KEY_MAX 128 /* bytes of a key */
#define IDEMPOTENCY_MS      (INT64_C(24) * 3600 * 1000)

struct idempotency;
struct key_slot;

struct idempotency *idempotency_new(void);
struct idempotency *idempotency_free(struct idempotency *t);
DEFINE_CLEANUP(struct idempotency *, idempotency_free)

struct key_answer {
        int status;
        const char *location; /* "" for none */
        const char *body;
        size_t n;
};

enum key_verdict {
        KEY_NEW,      /* go on; *slot is to be finished */
        KEY_ANSWERED, /* *answer, in ARENA, is what was answered */
        KEY_BUSY,     /* the same request is being served */
        KEY_OTHER,    /* the key was used for another request */
};

/* DIGEST is of all that makes the request what it is. */
enum key_verdict idempotency_begin(struct idempotency *t, int64_t user, const char *key,
                                   const uint8_t digest[SHA256_SIZE], int64_t now_ms,
                                   struct arena *arena, struct key_slot **slot,
                                   struct key_answer *answer);
/* Keeps ANSWER, or forgets the key when it is NULL.  SLOT ends for the caller. */
void idempotency_finish(struct idempotency *t, struct key_slot *slot,
                        const struct key_answer *answer);
