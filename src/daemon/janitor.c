#include "daemon/janitor.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "core/read_model.h"
#include "os/folder_watch.h"

#define ROUND_S (INT64_C(3600))
/* The last round in which it was named is up to a round ago when it is named no more. */
#define KEEP_S (INT64_C(24) * 3600 + ROUND_S)

struct janitor {
        struct engine *engine;
        struct depot *depot;
        struct folder_watch *watch;
};

struct named {
        struct arena arena;
        struct map by_key; /* "<tenant>/<digest>" */
};

static void named_done(struct named *n) {
        map_done(&n->by_key);
        arena_done(&n->arena);
}

static const char *key_of(struct arena *arena, int64_t tenant, const char *digest) {
        return arena_printf(arena, "%" PRId64 "/%s", tenant, digest);
}

static bool is_named(void *arg, int64_t shelf, const char *digest) {
        _cleanup_arena_ struct arena arena = { 0 };
        const struct named *n = arg;

        return map_get(&n->by_key, key_of(&arena, shelf, digest)) != NULL;
}

static void on_round(void *arg) {
        _cleanup_(named_done) struct named named = { 0 };
        const struct janitor *j = arg;
        struct read_model *m = engine_read_model(j->engine);
        const struct challenge *c;
        int64_t at = 0;
        size_t removed;

        read_model_lock(m);
        while ((c = read_model_next_challenge(m, 0, &at)))
                for (size_t i = 0; i < c->n_files; i++)
                        map_put(&named.by_key, key_of(&named.arena, c->tenant, c->files[i].digest),
                                &named);
        read_model_unlock(m);
        removed = depot_collect(j->depot, KEEP_S, is_named, &named);
        if (removed)
                log_info("files that no challenge has named for a day are gone",
                         LOG_INT("files", (int64_t)removed));
}

int janitor_new(struct engine *e, struct depot *d, struct janitor **ret, struct err *err) {
        _cleanup_(janitor_freep) struct janitor *j = calloc(1, sizeof(*j));
        const struct folder_watch_config config = {
                .settle_ms = 1000, .poll_ms = ROUND_S * 1000, .look = on_round, .arg = j
        };

        if (!j)
                abort();
        j->engine = e;
        j->depot = d;
        on_round(j); /* where a daemon never runs for long */
        if (folder_watch_new(&config, &j->watch, err) < 0)
                return -1;
        *ret = TAKE(j);
        return 0;
}

struct janitor *janitor_free(struct janitor *j) {
        if (!j)
                return NULL;
        folder_watch_free(j->watch);
        free(j);
        return NULL;
}
