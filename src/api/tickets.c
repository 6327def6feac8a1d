#include "api/tickets.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/random.h"

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define CHANCE  32 /* bytes of a ticket */
#define NONCE   16
#define MAC     16

/* What a pass is: the token, a nonce and their MAC. */
struct pass {
        uint8_t token[8], nonce[NONCE], mac[MAC];
};
_Static_assert(sizeof(struct pass) == 40, "no padding");

struct ticket {
        struct ticket *next, *previous; /* the one issued after it, and before */
        struct ticket *next_of_user;
        uint8_t digest[SHA256_SIZE];
        int64_t token, user, expires_ms;
};

struct holder { /* a user with tickets */
        struct ticket *first, **end;
        unsigned n;
};

struct tickets {
        pthread_mutex_t lock;
        uint8_t key[KEY_SIZE];
        struct map by_digest, by_user;
        struct ticket *first, *last; /* in the order of their making, and so of their end */
        size_t n;
};

static void *zeroed(size_t size) {
        void *p = calloc(1, size);

        if (!p)
                abort();
        return p;
}

struct tickets *tickets_new(const uint8_t key[KEY_SIZE]) {
        struct tickets *t = zeroed(sizeof(*t));

        pthread_mutex_init(&t->lock, NULL);
        memcpy(t->key, key, KEY_SIZE);
        return t;
}

/* The first bytes of a digest are a key that is nearly always enough; no two have the same here. */
static int64_t key_of(const uint8_t digest[SHA256_SIZE]) {
        int64_t key;

        memcpy(&key, digest, sizeof(key));
        return key;
}

static void drop_of_user(struct tickets *t, struct ticket *x) {
        struct holder *h = map_get_id(&t->by_user, x->user);
        struct ticket **link = &h->first;

        while (*link != x)
                link = &(*link)->next_of_user;
        *link = x->next_of_user;
        if (h->end == &x->next_of_user)
                h->end = link;
        if (--h->n == 0)
                free(map_del_id(&t->by_user, x->user));
}

static void drop(struct tickets *t, struct ticket *x) {
        drop_of_user(t, x);
        *(x->previous ? &x->previous->next : &t->first) = x->next;
        *(x->next ? &x->next->previous : &t->last) = x->previous;
        map_del_id(&t->by_digest, key_of(x->digest));
        t->n--;
        free(x);
}

struct tickets *tickets_free(struct tickets *t) {
        if (!t)
                return NULL;
        while (t->first)
                drop(t, t->first);
        map_done(&t->by_digest);
        map_done(&t->by_user);
        pthread_mutex_destroy(&t->lock);
        free(t);
        return NULL;
}

static void put(struct tickets *t, struct ticket *x) {
        struct holder *h = map_get_id(&t->by_user, x->user);

        if (!h) {
                h = zeroed(sizeof(*h));
                h->end = &h->first;
                map_put_id(&t->by_user, x->user, h);
        }
        *h->end = x;
        h->end = &x->next_of_user;
        h->n++;
        x->previous = t->last;
        *(t->last ? &t->last->next : &t->first) = x;
        t->last = x;
        map_put_id(&t->by_digest, key_of(x->digest), x);
        t->n++;
}

/* Makes room for one of USER's. */
static void make_room(struct tickets *t, int64_t user, int64_t now_ms) {
        const struct holder *h;

        while (t->first && (t->first->expires_ms <= now_ms || t->n >= TICKETS_MAX))
                drop(t, t->first);
        h = map_get_id(&t->by_user, user);
        if (h && h->n >= TICKETS_OF_USER)
                drop(t, h->first);
}

void tickets_issue(struct tickets *t, int64_t token, int64_t user, int64_t now_ms,
                   char ret[TICKET_TEXT]) {
        struct ticket *x = zeroed(sizeof(*x));
        uint8_t chance[CHANCE];

        *x = (struct ticket){ .token = token, .user = user, .expires_ms = now_ms + TICKET_MS };
        pthread_mutex_lock(&t->lock);
        make_room(t, user, now_ms);
        do {
                random_bytes(chance, sizeof(chance));
                sodium_bin2base64(ret, TICKET_TEXT, chance, sizeof(chance), VARIANT);
                sha256(ret, strlen(ret), x->digest);
        } while (map_get_id(&t->by_digest, key_of(x->digest)));
        put(t, x);
        pthread_mutex_unlock(&t->lock);
}

int64_t tickets_use(struct tickets *t, const char *text, int64_t now_ms) {
        uint8_t digest[SHA256_SIZE];
        struct ticket *x;
        int64_t token = 0;

        sha256(text, strlen(text), digest);
        pthread_mutex_lock(&t->lock);
        x = map_get_id(&t->by_digest, key_of(digest));
        if (x && crypto_equal(x->digest, digest, sizeof(digest))) {
                token = now_ms < x->expires_ms ? x->token : 0;
                drop(t, x);
        }
        pthread_mutex_unlock(&t->lock);
        return token;
}

/* --- passes --- */

static void seal(const struct tickets *t, struct pass *p) {
        uint8_t mac[SHA256_SIZE];

        hmac_sha256(t->key, p, offsetof(struct pass, mac), mac);
        memcpy(p->mac, mac, MAC);
}

void tickets_pass(struct tickets *t, int64_t token, char ret[PASS_TEXT]) {
        struct pass p;

        memcpy(p.token, &token, sizeof(token));
        random_bytes(p.nonce, sizeof(p.nonce));
        seal(t, &p);
        sodium_bin2base64(ret, PASS_TEXT, (const uint8_t *)&p, sizeof(p), VARIANT);
}

int64_t tickets_of_pass(struct tickets *t, const char *text) {
        struct pass p, own;
        int64_t token;
        size_t n;

        if (sodium_base642bin((uint8_t *)&p, sizeof(p), text, strlen(text), NULL, &n, NULL,
                              VARIANT) != 0 ||
            n != sizeof(p))
                return 0;
        own = p;
        seal(t, &own);
        if (!crypto_equal(own.mac, p.mac, MAC))
                return 0;
        memcpy(&token, p.token, sizeof(token));
        return token;
}
