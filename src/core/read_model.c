#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "core/forecast.h"
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
        struct map leases, holdings;
        struct lease_entry *ended_first, **ended_end; /* in the order in which they ended */
        size_t counts[_LEASE_N];
        struct map tenants, users, users_by_name, teams, tokens, tokens_by_digest;
        struct map challenges, challenges_by_slug, policies;
        struct challenge_entry **sorted; /* by id */
        size_t n_sorted, cap_sorted;
};

static void *new_entry(size_t size) {
        void *p = calloc(1, size);

        if (!p)
                abort();
        return p;
}

struct read_model *read_model_new(void) {
        struct read_model *m = new_entry(sizeof(*m));
        pthread_rwlockattr_t attr;

        m->ended_end = &m->ended_first;
        /* A writer holds the lock for microseconds; many readers must not starve it. */
        pthread_rwlockattr_init(&attr);
        pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
        pthread_rwlock_init(&m->lock, &attr);
        pthread_rwlockattr_destroy(&attr);
        return m;
}

static void free_all(struct map *m) {
        size_t at = 0;
        void *v;

        while ((v = map_next(m, &at)))
                free(v);
        map_done(m);
}

struct read_model *read_model_free(struct read_model *m) {
        struct challenge_entry *c;
        size_t at = 0;

        if (!m)
                return NULL;
        while ((c = map_next(&m->challenges, &at)))
                challenge_unref(c->challenge);
        map_done(&m->users_by_name);
        map_done(&m->tokens_by_digest);
        map_done(&m->challenges_by_slug);
        free_all(&m->leases);
        free_all(&m->holdings);
        free_all(&m->tenants);
        free_all(&m->users);
        free_all(&m->teams);
        free_all(&m->tokens);
        free_all(&m->challenges);
        free_all(&m->policies);
        free(m->sorted);
        pthread_rwlock_destroy(&m->lock);
        free(m);
        return NULL;
}

static void must(int error) { assert(error == 0); }

void read_model_lock(struct read_model *m) { must(pthread_rwlock_rdlock(&m->lock)); }
void read_model_unlock(struct read_model *m) { must(pthread_rwlock_unlock(&m->lock)); }
void read_model_begin(struct read_model *m) { must(pthread_rwlock_wrlock(&m->lock)); }
void read_model_end(struct read_model *m) { must(pthread_rwlock_unlock(&m->lock)); }

/* Leases. */

static void unlink_lease(struct lease_entry *e) {
        *e->prev = e->next;
        if (e->next)
                e->next->prev = e->prev;
}

static void link_lease(struct lease_entry **head, struct lease_entry *e) {
        e->next = *head;
        e->prev = head;
        if (e->next)
                e->next->prev = &e->next;
        *head = e;
}

static struct holdings *holdings_of(const struct read_model *m, struct account owner) {
        return map_get_id(&m->holdings, account_key(owner));
}

void read_model_put_lease(struct read_model *m, const struct lease *lease) {
        struct lease_entry *e = map_get(&m->leases, lease->id);
        struct holdings *h = holdings_of(m, lease->owner);
        bool relink = true;

        if (!h) {
                h = new_entry(sizeof(*h));
                h->key = account_key(lease->owner);
                map_put_id(&m->holdings, h->key, h);
        }
        if (!e) {
                e = new_entry(sizeof(*e));
                e->lease = *lease;
                map_put(&m->leases, e->lease.id, e);
        } else {
                assert(account_equal(e->lease.owner, lease->owner));
                m->counts[e->lease.state]--;
                relink = lease_live(&e->lease) != lease_live(lease);
                if (relink)
                        unlink_lease(e);
                e->lease = *lease;
        }
        m->counts[lease->state]++;
        if (!relink)
                return;
        link_lease(lease_live(lease) ? &h->live : &h->ended, e);
        if (!lease_live(lease)) {
                *m->ended_end = e;
                m->ended_end = &e->ended_next;
        }
}

static void drop_lease(struct read_model *m, struct lease_entry *e) {
        struct holdings *h = holdings_of(m, e->lease.owner);

        unlink_lease(e);
        m->counts[e->lease.state]--;
        map_del(&m->leases, e->lease.id);
        if (!h->live && !h->ended) {
                map_del_id(&m->holdings, h->key);
                free(h);
        }
        free(e);
}

void read_model_drop_ended(struct read_model *m, int64_t before_ms) {
        struct lease_entry *e;

        while ((e = m->ended_first) && e->lease.ended_ms < before_ms) {
                m->ended_first = e->ended_next;
                if (!m->ended_first)
                        m->ended_end = &m->ended_first;
                drop_lease(m, e);
        }
}

const struct lease *read_model_lease(const struct read_model *m, const char *id) {
        struct lease_entry *e = map_get(&m->leases, id);

        return e ? &e->lease : NULL;
}

void read_model_touch(struct read_model *m, const char *id, uint64_t batch) {
        struct lease_entry *e = map_get(&m->leases, id);

        if (e)
                e->touched = batch;
}

bool read_model_touched(const struct lease *lease, uint64_t batch) {
        return ((const struct lease_entry *)lease)->touched == batch; /* its first member */
}

const struct lease *read_model_live(const struct read_model *m, struct account owner,
                                    int64_t challenge) {
        struct holdings *h = holdings_of(m, owner);

        for (struct lease_entry *e = h ? h->live : NULL; e; e = e->next)
                if (e->lease.challenge == challenge)
                        return &e->lease;
        return NULL;
}

const struct lease *read_model_next_of(const struct read_model *m, struct account owner,
                                       const struct lease *at) {
        struct holdings *h = holdings_of(m, owner);
        const struct lease_entry *e = (const struct lease_entry *)at; /* its first member */

        if (!h)
                return NULL;
        if (!at)
                e = h->live ? h->live : h->ended;
        else if (e->next)
                e = e->next;
        else
                e = lease_live(at) ? h->ended : NULL;
        return e ? &e->lease : NULL;
}

const struct lease *read_model_next(const struct read_model *m, int64_t tenant, size_t *at) {
        struct lease_entry *e;

        while ((e = map_next(&m->leases, at)))
                if (tenant == 0 || e->lease.tenant == tenant)
                        return &e->lease;
        return NULL;
}

size_t read_model_count(const struct read_model *m, enum lease_state state) {
        return m->counts[state];
}

/* Accounts. */

static void named_key(char ret[KEY_SIZE_NAMED], int64_t tenant, const char *name) {
        snprintf(ret, KEY_SIZE_NAMED, "%lld/%s", (long long)tenant, name);
}

static struct tenant_entry *tenant_entry(const struct read_model *m, int64_t id) {
        return map_get_id(&m->tenants, id);
}

void read_model_put_tenant(struct read_model *m, const struct tenant *tenant) {
        struct tenant_entry *e = tenant_entry(m, tenant->id);

        if (!e) {
                e = new_entry(sizeof(*e));
                map_put_id(&m->tenants, tenant->id, e);
        }
        e->tenant = *tenant;
}

const struct tenant *read_model_tenant(const struct read_model *m, int64_t id) {
        struct tenant_entry *e = tenant_entry(m, id);

        return e ? &e->tenant : NULL;
}

const struct tenant *read_model_next_tenant(const struct read_model *m, size_t *at) {
        struct tenant_entry *e = map_next(&m->tenants, at);

        return e ? &e->tenant : NULL;
}

const struct tenant *read_model_tenant_by_slug(const struct read_model *m, const char *slug) {
        struct tenant_entry *e;
        size_t at = 0;

        while ((e = map_next(&m->tenants, &at)))
                if (strcmp(e->tenant.slug, slug) == 0)
                        return &e->tenant;
        return NULL;
}

void read_model_put_user(struct read_model *m, const struct user *user) {
        struct user_entry *e = map_get_id(&m->users, user->id);

        if (e) {
                map_del(&m->users_by_name, e->key);
        } else {
                e = new_entry(sizeof(*e));
                map_put_id(&m->users, user->id, e);
        }
        e->user = *user;
        named_key(e->key, user->tenant, user->name);
        map_put(&m->users_by_name, e->key, e);
}

const struct user *read_model_user(const struct read_model *m, int64_t id) {
        struct user_entry *e = map_get_id(&m->users, id);

        return e ? &e->user : NULL;
}

const struct user *read_model_user_by_name(const struct read_model *m, int64_t tenant,
                                           const char *name) {
        char key[KEY_SIZE_NAMED];
        struct user_entry *e;

        named_key(key, tenant, name);
        e = map_get(&m->users_by_name, key);
        return e ? &e->user : NULL;
}

const struct user *read_model_next_user(const struct read_model *m, int64_t tenant, size_t *at) {
        struct user_entry *e;

        while ((e = map_next(&m->users, at)))
                if (tenant == 0 || e->user.tenant == tenant)
                        return &e->user;
        return NULL;
}

void read_model_put_team(struct read_model *m, const struct team *team) {
        struct team *e = map_get_id(&m->teams, team->id);

        if (!e) {
                e = new_entry(sizeof(*e));
                map_put_id(&m->teams, team->id, e);
        }
        *e = *team;
}

const struct team *read_model_team(const struct read_model *m, int64_t id) {
        return map_get_id(&m->teams, id);
}

const struct team *read_model_next_team(const struct read_model *m, int64_t tenant, size_t *at) {
        const struct team *e;

        while ((e = map_next(&m->teams, at)))
                if (tenant == 0 || e->tenant == tenant)
                        return e;
        return NULL;
}

void read_model_put_token(struct read_model *m, const struct token *token) {
        struct token_entry *e = map_get_id(&m->tokens, token->id);

        if (!e) {
                e = new_entry(sizeof(*e));
                e->next = map_get_id(&m->tokens_by_digest, token_digest_key(token->digest));
                map_put_id(&m->tokens, token->id, e);
                map_put_id(&m->tokens_by_digest, token_digest_key(token->digest), e);
        }
        e->token = *token;
        e->user = map_get_id(&m->users, token->user);
}

const struct token *read_model_token(const struct read_model *m,
                                     const uint8_t digest[SHA256_SIZE]) {
        const struct token_entry *e = map_get_id(&m->tokens_by_digest, token_digest_key(digest));

        while (e && memcmp(e->token.digest, digest, SHA256_SIZE) != 0)
                e = e->next;
        return e ? &e->token : NULL;
}

const struct user *read_model_token_user(const struct read_model *m, const struct token *token) {
        const struct token_entry *e = (const struct token_entry *)token; /* its first member */

        return e->user ? &e->user->user : read_model_user(m, token->user);
}

const struct token *read_model_next_token(const struct read_model *m, int64_t user, size_t *at) {
        struct token_entry *e;

        while ((e = map_next(&m->tokens, at)))
                if (user == 0 || e->token.user == user)
                        return &e->token;
        return NULL;
}

/* Challenges and policies. */

static size_t sorted_place(const struct read_model *m, int64_t id) {
        size_t low = 0, high = m->n_sorted;

        while (low < high) {
                size_t mid = low + (high - low) / 2;

                if (m->sorted[mid]->challenge->id < id)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

static void sorted_insert(struct read_model *m, struct challenge_entry *e) {
        size_t at = sorted_place(m, e->challenge->id);

        if (m->n_sorted == m->cap_sorted) {
                m->cap_sorted = m->cap_sorted ? 2 * m->cap_sorted : 64;
                m->sorted = reallocarray(m->sorted, m->cap_sorted, sizeof(*m->sorted));
                if (!m->sorted)
                        abort();
        }
        memmove(m->sorted + at + 1, m->sorted + at, (m->n_sorted - at) * sizeof(*m->sorted));
        m->sorted[at] = e;
        m->n_sorted++;
}

void read_model_put_challenge(struct read_model *m, struct challenge *challenge) {
        struct challenge_entry *e = map_get_id(&m->challenges, challenge->id);

        if (e) {
                map_del(&m->challenges_by_slug, e->key);
                challenge_unref(e->challenge);
                e->challenge = challenge_ref(challenge);
        } else {
                e = new_entry(sizeof(*e));
                e->challenge = challenge_ref(challenge);
                map_put_id(&m->challenges, challenge->id, e);
                sorted_insert(m, e);
        }
        named_key(e->key, challenge->tenant, challenge->slug);
        map_put(&m->challenges_by_slug, e->key, e);
}

void read_model_drop_challenge(struct read_model *m, int64_t id) {
        struct challenge_entry *e = map_del_id(&m->challenges, id);
        size_t at;

        if (!e)
                return;
        at = sorted_place(m, id);
        memmove(m->sorted + at, m->sorted + at + 1, (m->n_sorted - at - 1) * sizeof(*m->sorted));
        m->n_sorted--;
        map_del(&m->challenges_by_slug, e->key);
        challenge_unref(e->challenge);
        free(e);
}

const struct challenge *read_model_challenge(const struct read_model *m, int64_t id) {
        struct challenge_entry *e = map_get_id(&m->challenges, id);

        return e ? e->challenge : NULL;
}

struct challenge *read_model_hold_challenge(const struct read_model *m, int64_t id) {
        struct challenge_entry *e = map_get_id(&m->challenges, id);

        return e ? challenge_ref(e->challenge) : NULL;
}

const struct challenge *read_model_challenge_by_slug(const struct read_model *m, int64_t tenant,
                                                     const char *slug) {
        char key[KEY_SIZE_NAMED];
        struct challenge_entry *e;

        named_key(key, tenant, slug);
        e = map_get(&m->challenges_by_slug, key);
        return e ? e->challenge : NULL;
}

const struct challenge *read_model_next_challenge(const struct read_model *m, int64_t tenant,
                                                  int64_t *at) {
        for (size_t i = sorted_place(m, *at + 1); i < m->n_sorted; i++) {
                const struct challenge *c = m->sorted[i]->challenge;

                if (tenant != 0 && c->tenant != tenant)
                        continue;
                *at = c->id;
                return c;
        }
        return NULL;
}

void read_model_put_policy(struct read_model *m, int64_t tenant, int64_t challenge,
                           const struct policy *policy) {
        struct policy *p;

        if (challenge == 0) {
                struct tenant_entry *t = tenant_entry(m, tenant);

                assert(t);
                t->has_policy = policy != NULL;
                if (policy)
                        t->policy = *policy;
                return;
        }
        p = map_get_id(&m->policies, challenge);
        if (!policy) {
                free(map_del_id(&m->policies, challenge));
                return;
        }
        if (!p) {
                p = new_entry(sizeof(*p));
                map_put_id(&m->policies, challenge, p);
        }
        *p = *policy;
}

struct policy read_model_policy(const struct read_model *m, const struct challenge *c) {
        const struct policy *p = map_get_id(&m->policies, c->id);
        const struct tenant_entry *t = tenant_entry(m, c->tenant);

        if (p)
                return *p;
        if (c->spec.has_policy)
                return c->spec.policy;
        return t && t->has_policy ? t->policy : policy_default;
}

/* The queue. */

struct waiting {
        struct lease *lease;
        int64_t rank; /* slots that its account uses, and its requests before this one */
};

static int earlier(const struct lease *a, const struct lease *b) {
        if (a->queued_ms != b->queued_ms)
                return a->queued_ms < b->queued_ms ? -1 : 1;
        return strcmp(a->id, b->id);
}

static int compare_waiting(const void *a, const void *b) {
        const struct waiting *x = a, *y = b;

        if (x->rank != y->rank)
                return x->rank < y->rank ? -1 : 1;
        return earlier(x->lease, y->lease);
}

/* The fair order of store/sql/lease_queue.sql, for showing. */
static int64_t rank_of(const struct read_model *m, const struct lease *l) {
        const struct holdings *h = holdings_of(m, l->owner);
        int64_t rank = 0;

        for (const struct lease_entry *e = h->live; e; e = e->next)
                if (strcmp(e->lease.runtime, l->runtime) == 0)
                        rank += e->lease.state != LEASE_PENDING || earlier(&e->lease, l) < 0;
        for (const struct lease_entry *e = h->ended; e; e = e->next)
                if (strcmp(e->lease.runtime, l->runtime) == 0)
                        rank += e->lease.running_ms > 0 && e->lease.ended_ms >= l->queued_ms;
        return rank;
}

void read_model_rank_queue(struct read_model *m, const char *runtime, int64_t capacity,
                           int64_t interval_ms, int64_t now_ms) {
        size_t n = m->counts[LEASE_PENDING], waiting = 0, at = 0;
        size_t live = n + m->counts[LEASE_STARTING] + m->counts[LEASE_RUNNING] +
                      m->counts[LEASE_STOPPING];
        _cleanup_free_ struct waiting *queue = NULL;
        _cleanup_free_ struct heap_node *nodes = NULL;
        struct forecast f = { 0 };
        struct lease_entry *e;

        if (n == 0)
                return;
        queue = new_entry(n * sizeof(*queue));
        nodes = new_entry((live + n) * sizeof(*nodes));
        f.nodes = nodes;
        while ((e = map_next(&m->leases, &at))) {
                if (!lease_live(&e->lease) || strcmp(e->lease.runtime, runtime) != 0)
                        continue;
                if (e->lease.state == LEASE_PENDING)
                        queue[waiting++] = (struct waiting){ &e->lease, rank_of(m, &e->lease) };
                else
                        forecast_add(&f, e->lease.expires_ms);
        }
        qsort(queue, waiting, sizeof(*queue), compare_waiting);
        forecast_fit(&f, capacity, waiting, now_ms);
        for (size_t i = 0; i < waiting; i++) {
                struct lease *l = queue[i].lease;

                l->place = (int64_t)i + 1;
                l->estimate_ms = forecast_give(&f, l->policy.base_ms, interval_ms, now_ms);
        }
        forecast_done(&f);
}
