/* Its life, leases and their queue. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/forecast.h"
#include "core/read_model_impl.h"

void *read_model_entry(size_t size) {
        void *p = calloc(1, size);

        if (!p)
                abort();
        return p;
}

struct read_model *read_model_new(void) {
        struct read_model *m = read_model_entry(sizeof(*m));
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
        games_done(&m->games);
        pulse_done(&m->pulse);
        free(m->sorted);
        pthread_rwlock_destroy(&m->lock);
        free(m);
        return NULL;
}

static void must(int error) { assert(error == 0); }

void read_model_lock(struct read_model *m) { must(pthread_rwlock_rdlock(&m->lock)); }
void read_model_unlock(struct read_model *m) { must(pthread_rwlock_unlock(&m->lock)); }
int64_t read_model_seq(const struct read_model *m) { return m->seq; }
void read_model_note_seq(struct read_model *m, int64_t seq) { m->seq = seq; }
void read_model_begin(struct read_model *m) { must(pthread_rwlock_wrlock(&m->lock)); }
void read_model_end(struct read_model *m) { must(pthread_rwlock_unlock(&m->lock)); }

struct games *read_model_games(struct read_model *m) {
        return &m->games;
}

const struct tenant_game *read_model_game(const struct read_model *m, int64_t tenant) {
        return games_find(&m->games, tenant);
}
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
                h = read_model_entry(sizeof(*h));
                h->key = account_key(lease->owner);
                map_put_id(&m->holdings, h->key, h);
        }
        if (!e) {
                e = read_model_entry(sizeof(*e));
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
        queue = read_model_entry(n * sizeof(*queue));
        nodes = read_model_entry((live + n) * sizeof(*nodes));
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
