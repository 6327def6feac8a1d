#include "model/challenge_set.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/str.h"

struct resolver {
        struct challenge **set;
        size_t n;
        struct map by_slug, by_title, by_number;
        challenge_complain_fn *complain;
        void *arg;
        size_t complaints;
};

static void tell(struct resolver *r, const struct challenge *c, const char *member,
                 const char *reason) {
        r->complaints++;
        r->complain(r->arg, c, member, reason);
}

static void resolver_done(struct resolver *r) {
        map_done(&r->by_slug);
        map_done(&r->by_title);
        map_done(&r->by_number);
}

static void index_all(struct resolver *r) {
        char reason[128];

        for (size_t i = 0; i < r->n; i++) {
                struct challenge *c = r->set[i];
                const struct challenge *other =
                        c->number ? map_get_id(&r->by_number, c->number) : NULL;

                map_put(&r->by_slug, c->slug, c);
                if (!map_get(&r->by_title, c->title))
                        map_put(&r->by_title, c->title, c);
                if (other) {
                        snprintf(reason, sizeof(reason), "%" PRId64 " is the number of \"%s\"",
                                 c->number, other->slug);
                        tell(r, c, "number", reason);
                } else if (c->number) {
                        map_put_id(&r->by_number, c->number, c);
                }
        }
}

static const struct challenge *find(const struct resolver *r, const char *name) {
        const struct challenge *c = map_get(&r->by_slug, name);
        struct err ignored;
        int64_t number;

        if (!c)
                c = map_get(&r->by_title, name);
        if (!c && str_to_int(name, 1, INT64_MAX, &number, &ignored) == 0)
                c = map_get_id(&r->by_number, number);
        return c;
}

static size_t count(const char *const *list) {
        size_t n = 0;

        while (list && list[n])
                n++;
        return n;
}

static void resolve(struct resolver *r, struct challenge *c) {
        size_t n = count(c->requirements), bad = r->complaints;
        const char **slugs = arena_alloc(&c->arena, (n + 1) * sizeof(*slugs));
        char member[40], reason[160];

        for (size_t i = 0; i < n; i++) {
                const struct challenge *needed = find(r, c->requirements[i]);

                if (needed) {
                        slugs[i] = arena_printf(&c->arena, "%s", needed->slug);
                        continue;
                }
                snprintf(member, sizeof(member), "requirements[%zu]", i);
                snprintf(reason, sizeof(reason), "there is no challenge \"%.100s\"",
                         c->requirements[i]);
                tell(r, c, member, reason);
        }
        if (n == 0 || r->complaints > bad)
                return;
        c->requirements = slugs;
        challenge_rewrite(c);
}

/* Does C need TARGET, by whatever way?  SEEN has those that were looked at. */
static bool needs(const struct resolver *r, const struct challenge *c,
                  const struct challenge *target, struct map *seen) {
        for (size_t i = 0; i < count(c->requirements); i++) {
                struct challenge *needed = map_get(&r->by_slug, c->requirements[i]);

                if (needed == target)
                        return true;
                if (!needed || map_get(seen, needed->slug))
                        continue;
                map_put(seen, needed->slug, needed);
                if (needs(r, needed, target, seen))
                        return true;
        }
        return false;
}

static void check_circle(struct resolver *r, const struct challenge *c) {
        struct map seen = { 0 };

        if (needs(r, c, c, &seen))
                tell(r, c, "requirements", "it needs itself to be solved first");
        map_done(&seen);
}

size_t challenge_set_resolve(struct challenge **set, size_t n, challenge_complain_fn *complain,
                             void *arg) {
        _cleanup_(resolver_done) struct resolver r = {
                .set = set, .n = n, .complain = complain, .arg = arg
        };

        index_all(&r);
        for (size_t i = 0; i < n; i++)
                resolve(&r, set[i]);
        for (size_t i = 0; i < n; i++)
                check_circle(&r, set[i]);
        return r.complaints;
}
