#include "api/live_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/crowd.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/metric.h"

#define TENANTS_AT_ONCE 8 /* of one call of live_notice() */

enum warmth { COLD, WARMING, WARM };

/* Of one tenant. */
struct channel {
        int64_t tenant;
        struct ring ring;
        enum warmth warmth;
        int64_t reset_seq; /* -1: not known */
};

struct live {
        struct api *api;
        struct metric_series *frames[_FRAME_N];
        pthread_mutex_t lock; /* for what follows */
        struct map channels;
        int64_t head; /* the last event that was told */
};

struct live *live_new(struct api *a) {
        struct live *l = calloc(1, sizeof(*l));

        if (!l)
                abort();
        l->api = a;
        for (enum frame_type t = 0; t < _FRAME_N; t++)
                l->frames[t] = metric_series(METRIC_FRAMES, frame_type_name(t));
        pthread_mutex_init(&l->lock, NULL);
        read_model_lock(a->model);
        l->head = read_model_seq(a->model);
        read_model_unlock(a->model);
        return l;
}

struct live *live_free(struct live *l) {
        struct channel *ch;
        size_t at = 0;

        if (!l)
                return NULL;
        while ((ch = map_next(&l->channels, &at))) {
                ring_done(&ch->ring);
                free(ch);
        }
        map_done(&l->channels);
        pthread_mutex_destroy(&l->lock);
        free(l);
        return NULL;
}

/* With the lock held. */
static struct channel *channel_of(struct live *l, int64_t tenant) {
        struct channel *ch = map_get_id(&l->channels, tenant);

        if (ch)
                return ch;
        ch = calloc(1, sizeof(*ch));
        if (!ch)
                abort();
        *ch = (struct channel){ .tenant = tenant, .reset_seq = -1 };
        ring_init(&ch->ring, LIVE_RING_BYTES, l->head);
        map_put_id(&l->channels, tenant, ch);
        return ch;
}

/* --- from the commit thread --- */

/* What one call tells a tenant. */
struct share {
        struct batch_maker maker;
        struct game_rules rules;
        int64_t last;
};

struct shares {
        struct share list[TENANTS_AT_ONCE];
        size_t n;
};

static struct game_rules rules_of(struct api *a, int64_t tenant) {
        const struct tenant_game *game;
        struct game_rules rules = { 0 };

        read_model_lock(a->model);
        game = read_model_game(a->model, tenant);
        if (game)
                rules = game->rules;
        read_model_unlock(a->model);
        return rules;
}

static void put(struct live *l, struct share *s) {
        struct batch *b = batch_maker_finish(&s->maker, s->last);
        struct channel *ch;

        if (b->n) {
                pthread_mutex_lock(&l->lock);
                ch = channel_of(l, b->tenant);
                ring_push(&ch->ring, b);
                if (b->reset)
                        ch->reset_seq = b->last;
                pthread_mutex_unlock(&l->lock);
        }
        for (size_t i = 0; i < b->n; i++)
                metric_series_add(l->frames[b->parts[i].frame.type], 1);
        for (size_t i = 0; i < l->api->config.n_loops; i++)
                if (crowd_any(l->api->lanes[i].crowd))
                        crowd_give(l->api->lanes[i].crowd, b, NULL, 0);
        batch_unref(b);
        batch_maker_done(&s->maker);
}

static void put_all(struct live *l, struct shares *all) {
        for (size_t i = 0; i < all->n; i++)
                put(l, &all->list[i]);
        all->n = 0;
}

/* The part of TENANT; where they are too many, those that there are go first. */
static struct share *share_of(struct live *l, struct shares *all, int64_t tenant) {
        struct share *s;

        for (size_t i = 0; i < all->n; i++)
                if (all->list[i].maker.tenant == tenant)
                        return &all->list[i];
        if (all->n == TENANTS_AT_ONCE)
                put_all(l, all);
        s = &all->list[all->n++];
        *s = (struct share){ .rules = rules_of(l->api, tenant) };
        s->maker = (struct batch_maker){ .tenant = tenant,
                                         .rules = &s->rules,
                                         .now_ms = clock_now_ms() };
        return s;
}

/* Events that nobody told us of: only before anybody watches, when the engine ran before us. */
static void note_gap(struct live *l, int64_t first) {
        struct channel *ch;
        size_t at = 0;

        pthread_mutex_lock(&l->lock);
        while (first > l->head + 1 && (ch = map_next(&l->channels, &at))) {
                ring_done(&ch->ring);
                ring_init(&ch->ring, LIVE_RING_BYTES, first - 1);
                ch->reset_seq = -1;
                ch->warmth = COLD;
        }
        if (first > l->head + 1)
                l->head = first - 1;
        pthread_mutex_unlock(&l->lock);
}

static void note_head(struct live *l, int64_t last) {
        pthread_mutex_lock(&l->lock);
        l->head = last;
        pthread_mutex_unlock(&l->lock);
}

static void give_leases(struct live *l, const struct notice *notices, size_t n) {
        char ids[64][LEASE_ID_SIZE];
        size_t n_ids = 0;

        for (size_t i = 0; i < n; i++) {
                if (notices[i].lease)
                        memcpy(ids[n_ids++], notices[i].lease->id, LEASE_ID_SIZE);
                if (n_ids < ARRAY_SIZE(ids) && (n_ids == 0 || i + 1 < n))
                        continue;
                for (size_t k = 0; k < l->api->config.n_loops; k++)
                        if (crowd_any(l->api->lanes[k].crowd))
                                crowd_give(l->api->lanes[k].crowd, NULL, ids, n_ids);
                n_ids = 0;
        }
}

void live_notice(struct live *l, const struct notice *notices, size_t n) {
        struct shares all = { .n = 0 };

        if (n == 0)
                return;
        note_gap(l, notices[0].event->seq);
        for (size_t i = 0; i < n; i++) {
                const struct event *e = notices[i].event;
                struct share *s;

                if (e->tenant == 0 || !batch_wants(e))
                        continue;
                s = share_of(l, &all, e->tenant);
                batch_maker_add(&s->maker, e);
                s->last = e->seq;
        }
        put_all(l, &all);
        note_head(l, notices[n - 1].event->seq);
        give_leases(l, notices, n);
}

/* --- for who watches --- */

enum live_where live_next(struct live *l, int64_t tenant, int64_t seq, struct batch **ret,
                          int64_t *bound) {
        enum live_where where = LIVE_BATCH;
        struct channel *ch;
        struct batch *b;
        bool fill;

        pthread_mutex_lock(&l->lock);
        ch = channel_of(l, tenant);
        fill = ch->warmth == COLD;
        if (fill)
                ch->warmth = WARMING;
        if (ch->warmth == WARMING) {
                where = LIVE_WAIT;
        } else if (seq < ch->ring.from) {
                where = LIVE_OLDER;
                *bound = ch->ring.from;
        } else if ((b = ring_find(&ch->ring, seq))) {
                *ret = batch_ref(b);
        } else {
                where = LIVE_END;
        }
        pthread_mutex_unlock(&l->lock);
        if (fill)
                live_fill(l, tenant);
        return where;
}

int64_t live_reset_seq(struct live *l, int64_t tenant) {
        int64_t seq;

        pthread_mutex_lock(&l->lock);
        seq = channel_of(l, tenant)->reset_seq;
        pthread_mutex_unlock(&l->lock);
        return seq;
}

/* --- for live_log.c --- */

struct api *live_api(struct live *l) {
        return l->api;
}

int64_t live_from(struct live *l, int64_t tenant, size_t *room) {
        const struct ring *r;
        int64_t from;

        pthread_mutex_lock(&l->lock);
        r = &channel_of(l, tenant)->ring;
        from = r->from;
        /* What comes meanwhile must not push out what was just read. */
        *room = r->bytes < r->max_bytes / 4 * 3 ? r->max_bytes / 4 * 3 - r->bytes : 0;
        pthread_mutex_unlock(&l->lock);
        return from;
}

void live_filled(struct live *l, const struct live_past *past) {
        struct channel *ch;

        pthread_mutex_lock(&l->lock);
        ch = channel_of(l, past->tenant);
        if (ch->ring.from == past->before)
                for (size_t i = 0; i < past->n; i++)
                        if (!ring_put_first(&ch->ring, past->pages[i].batch, past->pages[i].from))
                                break;
        if (ch->reset_seq < 0)
                ch->reset_seq = past->reset_seq;
        ch->warmth = WARM;
        pthread_mutex_unlock(&l->lock);
        for (size_t i = 0; i < l->api->config.n_loops; i++)
                crowd_wake(l->api->lanes[i].crowd, past->tenant);
}
