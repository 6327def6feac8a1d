#include "core/window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 32768
#define STEPS   64 /* along a chain, at most */
#define LATELY  16 /* submissions of one account that are compared */
#define PAIRS   8192

/* What a chain goes along. */
enum chain { BY_ADDRESS, BY_ANSWER, BY_ACCOUNT, _CHAIN_N };

/* Places count from 1 and are never used again: one that was overwritten is seen to be gone. */
struct entry {
        struct submission s;
        uint64_t before[_CHAIN_N]; /* the newest older one in the same bucket; 0: none */
};

struct pair {
        int64_t challenge, low, high; /* keys of accounts */
        uint64_t of_low, of_high;     /* a submission of each */
};

struct window {
        struct entry *entries; /* that of a place at its remainder */
        uint64_t newest, found;
        uint64_t heads[_CHAIN_N][BUCKETS];
        struct pair pairs[PAIRS];
        size_t n_pairs;
};

struct window *window_new(void) {
        struct window *w = calloc(1, sizeof(*w));

        if (!w || !(w->entries = calloc(WINDOW_MOST, sizeof(*w->entries))))
                abort();
        return w;
}

struct window *window_free(struct window *w) {
        if (w)
                free(w->entries);
        free(w);
        return NULL;
}

void window_clear(struct window *w) {
        memset(w->heads, 0, sizeof(w->heads));
        w->newest = w->found = 0;
        w->n_pairs = 0;
}

static struct entry *entry_at(const struct window *w, uint64_t place) {
        return &w->entries[place % WINDOW_MOST];
}

static bool is_there(const struct window *w, uint64_t place) {
        return place > 0 && place + WINDOW_MOST > w->newest;
}

/* Chains. */

static uint64_t mix(uint64_t h) {
        h ^= h >> 33;
        h *= UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 33;
        h *= UINT64_C(0xc4ceb9fe1a85ec53);
        return h ^ h >> 33;
}

/* Texts are keyed hashes: nobody chooses what they are. */
static uint64_t hash_text(const char *text, uint64_t h) {
        for (; *text; text++)
                h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
        return h;
}

static size_t bucket_of(const struct submission *s, enum chain c) {
        uint64_t h = mix((uint64_t)s->challenge);

        if (c == BY_ACCOUNT)
                h ^= (uint64_t)account_key(s->who);
        else
                h = hash_text(c == BY_ADDRESS ? s->address : s->digest, h);
        return mix(h) % BUCKETS;
}

static bool is_alike(const struct submission *a, const struct submission *b, enum chain c) {
        if (a->challenge != b->challenge)
                return false;
        switch (c) {
        case BY_ADDRESS:
                return strcmp(a->address, b->address) == 0;
        case BY_ANSWER:
                return strcmp(a->digest, b->digest) == 0;
        case BY_ACCOUNT:
        case _CHAIN_N:
                break;
        }
        return account_equal(a->who, b->who);
}

static bool is_in(const struct submission *s, enum chain c) {
        return c == BY_ACCOUNT || *(c == BY_ADDRESS ? s->address : s->digest);
}

void window_add(struct window *w, const struct submission *s) {
        uint64_t place = ++w->newest;
        struct entry *e = entry_at(w, place);

        e->s = *s;
        e->s.box = NULL;
        for (enum chain c = 0; c < _CHAIN_N; c++) {
                uint64_t *head;

                e->before[c] = 0;
                if (!is_in(s, c))
                        continue;
                head = &w->heads[c][bucket_of(s, c)];
                e->before[c] = *head;
                *head = place;
        }
}

/* A walk from one submission back along those alike. */
struct walk {
        const struct submission *from;
        enum chain chain;
        uint64_t at;
        int steps;
};

static struct walk walk_from(const struct window *w, uint64_t place, enum chain c) {
        return (struct walk){ &entry_at(w, place)->s, c, place, 0 };
}

/* The next place; 0 at the end, or when it was far enough. */
static uint64_t walk_next(const struct window *w, struct walk *k) {
        while (is_in(k->from, k->chain) && k->steps++ < STEPS) {
                k->at = entry_at(w, k->at)->before[k->chain];
                if (!is_there(w, k->at))
                        return 0;
                if (is_alike(k->from, &entry_at(w, k->at)->s, k->chain))
                        return k->at;
        }
        return 0;
}

/* Did more than WINDOW_RARE accounts give the answer at PLACE, as far as is remembered?  Older and
 * newer ones count: the walk begins at the newest. */
static bool is_common(const struct window *w, uint64_t place) {
        const struct submission *s = &entry_at(w, place)->s;
        int64_t known[WINDOW_RARE];
        int n = 0;
        uint64_t at = w->heads[BY_ANSWER][bucket_of(s, BY_ANSWER)];

        for (int steps = 0; steps < STEPS && is_there(w, at); steps++) {
                const struct entry *e = entry_at(w, at);
                int64_t key = account_key(e->s.who);
                int i = 0;

                while (i < n && known[i] != key)
                        i++;
                at = e->before[BY_ANSWER];
                if (i < n || !is_alike(s, &e->s, BY_ANSWER))
                        continue;
                if (n == WINDOW_RARE)
                        return true;
                known[n++] = key;
        }
        return false;
}

/* Pairs worth a look. */

static int compare_pairs(const void *a, const void *b) {
        const struct pair *x = a, *y = b;

        if (x->challenge != y->challenge)
                return x->challenge < y->challenge ? -1 : 1;
        if (x->low != y->low)
                return x->low < y->low ? -1 : 1;
        return (x->high > y->high) - (x->high < y->high);
}

static void sort_pairs(struct window *w) {
        size_t n = 0;

        qsort(w->pairs, w->n_pairs, sizeof(*w->pairs), compare_pairs);
        for (size_t i = 0; i < w->n_pairs; i++)
                if (n == 0 || compare_pairs(&w->pairs[n - 1], &w->pairs[i]) != 0)
                        w->pairs[n++] = w->pairs[i];
        w->n_pairs = n;
}

/* False when there is no room for more. */
static bool add_pair(struct window *w, uint64_t a, uint64_t b) {
        const struct submission *x = &entry_at(w, a)->s, *y = &entry_at(w, b)->s;
        int64_t of_x = account_key(x->who), of_y = account_key(y->who);
        bool ordered = of_x < of_y;

        if (of_x == of_y || llabs(x->at_ms - y->at_ms) > SUSPICION_WINDOW_MS)
                return true;
        if (w->n_pairs == PAIRS) {
                sort_pairs(w);
                if (w->n_pairs > PAIRS / 2)
                        return false;
        }
        w->pairs[w->n_pairs++] = (struct pair){
                .challenge = x->challenge,
                .low = ordered ? of_x : of_y,
                .high = ordered ? of_y : of_x,
                .of_low = ordered ? a : b,
                .of_high = ordered ? b : a,
        };
        return true;
}

/* The pairs of all that is new, along one chain. */
static void gather(struct window *w, enum chain c) {
        uint64_t place = w->found + 1, other;

        if (!is_there(w, place) && w->newest > WINDOW_MOST)
                place = w->newest - WINDOW_MOST + 1;
        for (; place <= w->newest; place++) {
                struct walk k = walk_from(w, place, c);

                if (c == BY_ANSWER && is_in(k.from, c) && is_common(w, place))
                        continue;
                while ((other = walk_next(w, &k)))
                        if (!add_pair(w, place, other))
                                return;
        }
}

/* What two accounts have in common. */

/* The last submissions of the account at PLACE to its challenge, newest first. */
static size_t lately(const struct window *w, uint64_t place, uint64_t ret[LATELY]) {
        const struct submission *s = &entry_at(w, place)->s;
        uint64_t at = w->heads[BY_ACCOUNT][bucket_of(s, BY_ACCOUNT)];
        size_t n = 0;

        for (int steps = 0; steps < STEPS && n < LATELY && is_there(w, at); steps++) {
                const struct entry *e = entry_at(w, at);

                if (is_alike(s, &e->s, BY_ACCOUNT))
                        ret[n++] = at;
                at = e->before[BY_ACCOUNT];
        }
        return n;
}

static void compare(const struct window *w, uint64_t a, uint64_t b, struct suspicion *s) {
        const struct submission *x = &entry_at(w, a)->s, *y = &entry_at(w, b)->s;
        int64_t at_ms = x->at_ms > y->at_ms ? x->at_ms : y->at_ms;
        unsigned found;

        if (llabs(x->at_ms - y->at_ms) > SUSPICION_WINDOW_MS)
                return;
        found = suspicion_compare(x, y);
        if (found & 1u << SIGNAL_SAME_ANSWER && is_common(w, a))
                found &= ~(1u << SIGNAL_SAME_ANSWER);
        for (enum signal_kind k = 0; k < _SIGNAL_N; k++)
                if (found & 1u << k && !suspicion_has(s, k))
                        suspicion_add(s, k, x->who, x->id, y->id, at_ms);
}

static struct suspicion look_at(const struct window *w, const struct pair *p) {
        const struct submission *x = &entry_at(w, p->of_low)->s, *y = &entry_at(w, p->of_high)->s;
        struct suspicion s = suspicion_of(x->tenant, x->challenge, x->who, y->who);
        uint64_t low[LATELY], high[LATELY];
        size_t n_low = lately(w, p->of_low, low), n_high = lately(w, p->of_high, high);

        for (size_t i = 0; i < n_low; i++)
                for (size_t j = 0; j < n_high; j++)
                        compare(w, low[i], high[j], &s);
        s.certainty = suspicion_weight(&s);
        return s;
}

void window_find(struct window *w, void (*fn)(void *arg, const struct suspicion *s), void *arg) {
        w->n_pairs = 0;
        gather(w, BY_ANSWER); /* first: without one in common nothing is certain */
        gather(w, BY_ADDRESS);
        sort_pairs(w);
        w->found = w->newest;
        for (size_t i = 0; i < w->n_pairs; i++) {
                struct suspicion s = look_at(w, &w->pairs[i]);

                if (s.certainty > 0)
                        fn(arg, &s);
        }
}
