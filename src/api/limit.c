#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "api/limit.h"
#include "base/crypto.h"
#include "base/random.h"

#define WAYS  8
#define SETS  8192 /* 1 MiB in all */
#define LOCKS 64

const struct limit_rule limit_rules[_LIMIT_N] = {
#define LIMIT(id, n, b, m, s, w)                                                          \
        [LIMIT_##id] = {                                                                  \
                .name = n, .burst = b, .per_minute = m, .scope = LIMIT_PER_##s, .what = w \
        },
#include "api/limits.def"
};

struct bucket {
        uint64_t key;
        int64_t full_us; /* when it is full again; in the past: it is */
};

struct limits {
        uint8_t seed[crypto_shorthash_KEYBYTES];
        pthread_mutex_t locks[LOCKS];
        struct bucket sets[SETS][WAYS];
};

enum { KEY_ACCOUNT = 1, KEY_USER, KEY_IPV4, KEY_IPV6, KEY_UNKNOWN, KEY_NAME };

struct limit_key limit_key_account(struct account account, int64_t user, uint64_t endpoint) {
        if (!account.id)
                return (struct limit_key){ KEY_USER, (uint64_t)user, endpoint };
        return (struct limit_key){ KEY_ACCOUNT, (uint64_t)account_key(account), endpoint };
}

struct limit_key limit_key_address(const char *address) {
        struct in6_addr v6;
        struct in_addr v4;
        uint64_t prefix;

        if (inet_pton(AF_INET, address, &v4) == 1)
                return (struct limit_key){ KEY_IPV4, v4.s_addr, 0 };
        if (inet_pton(AF_INET6, address, &v6) != 1)
                return (struct limit_key){ KEY_UNKNOWN, 0, 0 };
        if (IN6_IS_ADDR_V4MAPPED(&v6)) {
                memcpy(&v4, v6.s6_addr + 12, sizeof(v4));
                return (struct limit_key){ KEY_IPV4, v4.s_addr, 0 };
        }
        memcpy(&prefix, v6.s6_addr, sizeof(prefix));
        return (struct limit_key){ KEY_IPV6, prefix, 0 };
}

struct limit_key limit_key_name(int64_t tenant, const char *name) {
        uint8_t digest[SHA256_SIZE];
        uint64_t who;

        sha256(name, strlen(name), digest);
        memcpy(&who, digest, sizeof(who));
        return (struct limit_key){ KEY_NAME, who ^ (uint64_t)tenant, 0 };
}

struct limits *limits_new(void) {
        struct limits *l = calloc(1, sizeof(*l));

        assert(l);
        random_bytes(l->seed, sizeof(l->seed));
        for (size_t i = 0; i < LOCKS; i++)
                pthread_mutex_init(&l->locks[i], NULL);
        return l;
}

struct limits *limits_free(struct limits *l) {
        if (!l)
                return NULL;
        for (size_t i = 0; i < LOCKS; i++)
                pthread_mutex_destroy(&l->locks[i]);
        free(l);
        return NULL;
}

/* The bucket of KEY in SET: its own, or else the one nearest to full, emptied of its past. */
static struct bucket *find(struct bucket set[WAYS], uint64_t key) {
        struct bucket *best = &set[0];

        for (size_t i = 0; i < WAYS; i++) {
                if (set[i].key == key)
                        return &set[i];
                if (set[i].full_us < best->full_us)
                        best = &set[i];
        }
        *best = (struct bucket){ .key = key };
        return best;
}

static int64_t ask(struct limits *l, enum limit which, struct limit_key key, int64_t now_us,
                   bool take) {
        const struct limit_rule *rule = &limit_rules[which];
        const uint64_t text[] = { which, key.kind, key.who,
                                  rule->scope == LIMIT_PER_ENDPOINT ? key.endpoint : 0 };
        int64_t step, slack, full, wait;
        struct bucket *b;
        uint64_t hash;

        if (!rule->burst)
                return 0;
        step = 60 * INT64_C(1000000) / rule->per_minute;
        slack = (rule->burst - 1) * step;
        crypto_shorthash((uint8_t *)&hash, (const uint8_t *)text, sizeof(text), l->seed);
        pthread_mutex_lock(&l->locks[hash % SETS % LOCKS]);
        b = find(l->sets[hash % SETS], hash);
        full = b->full_us > now_us ? b->full_us : now_us;
        wait = full - slack - now_us;
        if (wait <= 0 && take)
                b->full_us = full + step;
        pthread_mutex_unlock(&l->locks[hash % SETS % LOCKS]);
        return wait > 0 ? wait : 0;
}

int64_t limits_wait(struct limits *l, enum limit which, struct limit_key key, int64_t now_us) {
        return ask(l, which, key, now_us, false);
}

int64_t limits_take(struct limits *l, enum limit which, struct limit_key key, int64_t now_us) {
        return ask(l, which, key, now_us, true);
}
