#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "api/idempotency.h"
#include "base/map.h"

/* In the order of their making.  A slot that is being served is never given up. */
struct key_slot {
        struct key_slot *next, *previous;
        char name[IDEMPOTENCY_KEY_MAX + 24]; /* "user:key" */
        uint8_t digest[SHA256_SIZE];
        int64_t at_ms;
        int status; /* 0: being served */
        char *location, *body;
        size_t n;
};

struct idempotency {
        pthread_mutex_t lock;
        struct map slots;
        struct key_slot ends; /* .next is the oldest */
};

struct idempotency *idempotency_new(void) {
        struct idempotency *t = calloc(1, sizeof(*t));

        assert(t);
        pthread_mutex_init(&t->lock, NULL);
        t->ends.next = t->ends.previous = &t->ends;
        return t;
}

static void drop(struct idempotency *t, struct key_slot *s) {
        map_del(&t->slots, s->name);
        s->next->previous = s->previous;
        s->previous->next = s->next;
        free(s->location);
        free(s->body);
        free(s);
}

struct idempotency *idempotency_free(struct idempotency *t) {
        if (!t)
                return NULL;
        while (t->ends.next != &t->ends)
                drop(t, t->ends.next);
        map_done(&t->slots);
        pthread_mutex_destroy(&t->lock);
        free(t);
        return NULL;
}

/* Drops what is too old, and the oldest of too many. */
static void trim(struct idempotency *t, int64_t now_ms) {
        struct key_slot *s = t->ends.next, *next;

        for (; s != &t->ends; s = next) {
                next = s->next;
                if (s->at_ms + IDEMPOTENCY_MS > now_ms && t->slots.n < IDEMPOTENCY_MAX)
                        return;
                if (s->status)
                        drop(t, s);
        }
}

static struct key_slot *add(struct idempotency *t, const char *name,
                            const uint8_t digest[SHA256_SIZE], int64_t now_ms) {
        struct key_slot *s = calloc(1, sizeof(*s));

        assert(s);
        snprintf(s->name, sizeof(s->name), "%s", name);
        memcpy(s->digest, digest, SHA256_SIZE);
        s->at_ms = now_ms;
        s->previous = t->ends.previous;
        s->next = &t->ends;
        s->previous->next = s->next->previous = s;
        map_put(&t->slots, s->name, s);
        return s;
}

static enum key_verdict look(const struct key_slot *s, const uint8_t digest[SHA256_SIZE],
                             struct arena *arena, struct key_answer *answer) {
        char *body;

        if (memcmp(s->digest, digest, SHA256_SIZE) != 0)
                return KEY_OTHER;
        if (!s->status)
                return KEY_BUSY;
        body = arena_alloc(arena, s->n + 1);
        memcpy(body, s->body, s->n);
        *answer = (struct key_answer){ .status = s->status,
                                       .body = body,
                                       .n = s->n,
                                       .location = arena_printf(arena, "%s", s->location) };
        return KEY_ANSWERED;
}

enum key_verdict idempotency_begin(struct idempotency *t, int64_t user, const char *key,
                                   const uint8_t digest[SHA256_SIZE], int64_t now_ms,
                                   struct arena *arena, struct key_slot **slot,
                                   struct key_answer *answer) {
        char name[sizeof(((struct key_slot *)NULL)->name)];
        enum key_verdict verdict = KEY_NEW;
        struct key_slot *s;

        assert(strlen(key) <= IDEMPOTENCY_KEY_MAX);
        snprintf(name, sizeof(name), "%" PRId64 ":%s", user, key);
        pthread_mutex_lock(&t->lock);
        trim(t, now_ms);
        s = map_get(&t->slots, name);
        if (s)
                verdict = look(s, digest, arena, answer);
        else
                *slot = add(t, name, digest, now_ms);
        pthread_mutex_unlock(&t->lock);
        return verdict;
}

void idempotency_finish(struct idempotency *t, struct key_slot *slot,
                        const struct key_answer *answer) {
        pthread_mutex_lock(&t->lock);
        if (answer) {
                slot->body = malloc(answer->n + 1);
                slot->location = strdup(answer->location);
                assert(slot->body && slot->location);
                memcpy(slot->body, answer->body, answer->n);
                slot->n = answer->n;
                slot->status = answer->status;
        } else {
                drop(t, slot);
        }
        pthread_mutex_unlock(&t->lock);
}
