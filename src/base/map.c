#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/random.h"

#define MAP_LEAST 16 /* slots; always a power of two */

/* VALUE is NULL in a slot that was never used, &removed in one that was. */
struct map_slot {
        uint64_t hash;
        const char *key; /* NULL: the key is the number ID */
        int64_t id;
        void *value;
};

struct key {
        uint64_t hash;
        const char *text;
        int64_t id;
};

static char removed;
static unsigned char seed[crypto_shorthash_KEYBYTES];
static uint64_t id_seed;
static pthread_once_t seeded = PTHREAD_ONCE_INIT;

static void draw_seed(void) {
        random_bytes(seed, sizeof(seed));
        random_bytes(&id_seed, sizeof(id_seed));
}

static uint64_t hash(const void *data, size_t n) {
        uint64_t ret;

        _Static_assert(sizeof(ret) == crypto_shorthash_BYTES, "a hash is 64 bits");
        pthread_once(&seeded, draw_seed);
        crypto_shorthash((unsigned char *)&ret, data, n, seed);
        return ret;
}

static struct key text_key(const char *key) {
        return (struct key){ .hash = hash(key, strlen(key)), .text = key };
}

/* The finalizer of SplitMix64 (Steele, Lea and Flood 2014): every bit of the key moves every bit
 * of the hash. */
static struct key id_key(int64_t key) {
        uint64_t h;

        pthread_once(&seeded, draw_seed);
        h = (uint64_t)key ^ id_seed;
        h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
        return (struct key){ .hash = h ^ h >> 31, .id = key };
}

static bool same(const struct map_slot *s, const struct key *k) {
        if (s->hash != k->hash || s->value == &removed)
                return false;
        return k->text ? s->key && strcmp(s->key, k->text) == 0 : !s->key && s->id == k->id;
}

/* The slot of K, or the empty one that ends its search.  The map has an empty slot. */
static struct map_slot *find(const struct map *m, const struct key *k) {
        size_t i = k->hash & (m->cap - 1);

        while (m->slots[i].value && !same(&m->slots[i], k))
                i = (i + 1) & (m->cap - 1);
        return &m->slots[i];
}

static void rehash(struct map *m) {
        struct map old = *m;

        m->cap = MAP_LEAST;
        while (m->cap < (m->n + 1) * 2)
                m->cap *= 2;
        m->used = m->n;
        m->slots = calloc(m->cap, sizeof(*m->slots));
        if (!m->slots)
                abort();
        for (size_t i = 0; map_next(&old, &i);) {
                const struct map_slot *s = &old.slots[i - 1];
                struct key k = { s->hash, s->key, s->id };

                *find(m, &k) = *s;
        }
        free(old.slots);
}

static void *get(const struct map *m, struct key k) { return find(m, &k)->value; }

static void put(struct map *m, struct key k, void *value) {
        struct map_slot *s;

        assert(value);
        if ((m->used + 1) * 4 > m->cap * 3)
                rehash(m);
        s = find(m, &k);
        if (!s->value) {
                m->n++;
                m->used++;
        }
        *s = (struct map_slot){ k.hash, k.text, k.id, value };
}

static void *del(struct map *m, struct key k) {
        struct map_slot *s = find(m, &k);
        void *value = s->value;

        if (value) {
                *s = (struct map_slot){ .value = &removed };
                m->n--;
        }
        return value;
}

void map_done(struct map *m) {
        free(m->slots);
        *m = (struct map){ 0 };
}

void *map_get(const struct map *m, const char *key) { return m->n ? get(m, text_key(key)) : NULL; }

void *map_get_id(const struct map *m, int64_t key) { return m->n ? get(m, id_key(key)) : NULL; }

void map_put(struct map *m, const char *key, void *value) { put(m, text_key(key), value); }
void map_put_id(struct map *m, int64_t key, void *value) { put(m, id_key(key), value); }

void *map_del(struct map *m, const char *key) { return m->n ? del(m, text_key(key)) : NULL; }
void *map_del_id(struct map *m, int64_t key) { return m->n ? del(m, id_key(key)) : NULL; }

void *map_next(const struct map *m, size_t *at) {
        while (*at < m->cap) {
                void *value = m->slots[(*at)++].value;

                if (value && value != &removed)
                        return value;
        }
        return NULL;
}
