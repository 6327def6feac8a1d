#include "api/kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/random.h"

#define SLOTS     64
#define BYTES_MAX ((size_t)8 << 20)

struct slot {
        char tag[ETAG_SIZE];
        struct http_blob *body;
        uint64_t used; /* when it was asked for last; 0: empty */
};

struct kept {
        uint8_t key[SHORT_HASH_SIZE];
        struct slot slots[SLOTS];
        uint64_t clock;
};

struct kept *kept_new(void) {
        struct kept *k = calloc(1, sizeof(*k));

        if (!k)
                abort();
        random_bytes(k->key, sizeof(k->key));
        return k;
}

struct kept *kept_free(struct kept *k) {
        for (size_t i = 0; k && i < SLOTS; i++)
                http_blob_unref(k->slots[i].body);
        free(k);
        return NULL;
}

void kept_tag(const struct kept *k, const void *key, size_t n, char ret[ETAG_SIZE]) {
        uint8_t hash[SHORT_HASH_SIZE];

        short_hash(k->key, key, n, hash);
        ret[0] = '"';
        hex_encode(hash, sizeof(hash), ret + 1);
        ret[ETAG_SIZE - 2] = '"';
        ret[ETAG_SIZE - 1] = '\0';
}

static void drop(struct slot *s) {
        s->body = http_blob_unref(s->body);
        s->used = 0;
        s->tag[0] = '\0';
}

/* The one that was asked for longest ago, of those that are not empty; NULL when all are. */
static struct slot *oldest(struct kept *k) {
        struct slot *found = NULL;

        for (size_t i = 0; i < SLOTS; i++)
                if (k->slots[i].used && (!found || k->slots[i].used < found->used))
                        found = &k->slots[i];
        return found;
}

/* An empty slot; what is kept stays within its bound, but for the answer to come. */
static struct slot *make_room(struct kept *k) {
        struct slot *empty = NULL, *old;
        size_t bytes = 0;

        for (size_t i = 0; i < SLOTS; i++) {
                if (k->slots[i].used)
                        bytes += k->slots[i].body->n;
                else
                        empty = &k->slots[i];
        }
        while ((!empty || bytes > BYTES_MAX) && (old = oldest(k))) {
                bytes -= old->body->n;
                drop(old);
                empty = old;
        }
        return empty;
}

struct http_blob *kept_get(struct kept *k, const char *tag) {
        for (size_t i = 0; i < SLOTS; i++) {
                if (strcmp(k->slots[i].tag, tag) != 0)
                        continue;
                k->slots[i].used = ++k->clock;
                return k->slots[i].body;
        }
        return NULL;
}

struct http_blob *kept_put(struct kept *k, const char *tag, const struct buf *body) {
        struct slot *s = make_room(k);

        memcpy(s->tag, tag, ETAG_SIZE);
        s->body = http_blob_new(body->data, body->len);
        s->used = ++k->clock;
        return s->body;
}
