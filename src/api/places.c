#include "api/places.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"

struct places {
        pthread_mutex_t lock;
        unsigned max, of_user, n;
        struct map users; /* to how many each has */
};

struct places *places_new(unsigned max, unsigned of_user) {
        struct places *p = calloc(1, sizeof(*p));

        if (!p)
                abort();
        pthread_mutex_init(&p->lock, NULL);
        p->max = max;
        p->of_user = of_user;
        return p;
}

struct places *places_free(struct places *p) {
        unsigned *n;
        size_t at = 0;

        if (!p)
                return NULL;
        while ((n = map_next(&p->users, &at)))
                free(n);
        map_done(&p->users);
        pthread_mutex_destroy(&p->lock);
        free(p);
        return NULL;
}

static unsigned *count_of(struct places *p, int64_t user) {
        unsigned *n = map_get_id(&p->users, user);

        if (n)
                return n;
        n = calloc(1, sizeof(*n));
        if (!n)
                abort();
        map_put_id(&p->users, user, n);
        return n;
}

enum places_taken places_take(struct places *p, int64_t user) {
        enum places_taken taken = PLACES_TAKEN;
        const unsigned *n;

        pthread_mutex_lock(&p->lock);
        n = user ? map_get_id(&p->users, user) : NULL;
        if (p->n >= p->max)
                taken = PLACES_FULL;
        else if (n && *n >= p->of_user)
                taken = PLACES_USER_FULL;
        if (taken == PLACES_TAKEN) {
                p->n++;
                if (user)
                        ++*count_of(p, user);
        }
        pthread_mutex_unlock(&p->lock);
        return taken;
}

void places_give_back(struct places *p, int64_t user) {
        unsigned *n;

        pthread_mutex_lock(&p->lock);
        assert(p->n > 0);
        p->n--;
        n = user ? map_get_id(&p->users, user) : NULL;
        assert(!user || (n && *n > 0));
        if (n && --*n == 0)
                free(map_del_id(&p->users, user));
        pthread_mutex_unlock(&p->lock);
}
