/* The inside of the read model, shared by its files. */
#pragma once

#include <pthread.h>
#include <stdio.h>

#include "base/map.h"
#include "core/pulse.h"
#include "core/read_model.h"

/* "<tenant>/<name>", the key of what has a name in its tenant. */
#define KEY_SIZE_NAMED (NAME_MAX_BYTES + 24)

struct lease_entry {
        struct lease lease;               /* first: some calls go back from it */
        struct lease_entry *next, **prev; /* of its account: live or ended ones */
        struct lease_entry *ended_next;   /* the one that ended after it */
        uint64_t touched;                 /* in which batch; the commit thread's */
};

struct holdings { /* of one account */
        int64_t key;
        struct lease_entry *live, *ended;
};

struct tenant_entry {
        struct tenant tenant;
        struct policy policy;
        bool has_policy;
};

struct user_entry {
        struct user user;
        char key[KEY_SIZE_NAMED];
};

struct token_entry {
        struct token token;            /* first: read_model_token_user() goes back from it */
        const struct user_entry *user; /* whose it is; NULL: not known when the token came */
        struct token_entry *next;      /* whose digest begins alike */
};

struct challenge_entry {
        struct challenge *challenge;
        char key[KEY_SIZE_NAMED];
};

struct read_model {
        pthread_rwlock_t lock;
        int64_t seq;
        struct map leases, holdings;
        struct lease_entry *ended_first, **ended_end; /* in the order in which they ended */
        size_t counts[_LEASE_N];
        struct map tenants, users, users_by_name, teams, tokens, tokens_by_digest;
        struct map challenges, challenges_by_slug, policies;
        struct games games;
        uint64_t challenges_version;
        struct pulse pulse;
        struct challenge_entry **sorted; /* by id */
        size_t n_sorted, cap_sorted;
};

/* Zeroed; freed with free(). */
void *read_model_entry(size_t size);

static inline void named_key(char ret[KEY_SIZE_NAMED], int64_t tenant, const char *name) {
        snprintf(ret, KEY_SIZE_NAMED, "%lld/%s", (long long)tenant, name);
}

static inline struct tenant_entry *tenant_entry(const struct read_model *m, int64_t id) {
        return map_get_id(&m->tenants, id);
}
