#include <assert.h>
#include <string.h>

#include "base/str.h"
#include "core/work.h"
#include "store/leases.h"

struct origin work_system(int64_t tenant) {
        return (struct origin){ .kind = ACTOR_SYSTEM, .tenant = tenant };
}

struct event work_event(const struct work *w, const struct origin *origin, enum action action) {
        struct event e = {
                .at_ms = w->now_ms,
                .tenant = origin->tenant,
                .action = action,
                .actor_kind = origin->kind,
                .actor = origin->user,
                .account = origin->account,
                .detail = "{}",
        };

        str_copy(e.request_id, sizeof(e.request_id), origin->request_id);
        return e;
}

struct event work_lease_event(const struct work *w, const struct origin *origin, enum action action,
                              const struct lease *lease) {
        struct event e = work_event(w, origin, action);

        e.tenant = lease->tenant;
        e.account = lease->owner;
        e.challenge = lease->challenge;
        str_copy(e.lease, sizeof(e.lease), lease->id);
        return e;
}

struct access work_access(struct work *w, const struct origin *origin) {
        return (struct access){
                .model = w->model,
                .game = games_of(w->games, origin->tenant),
                .tenant = origin->tenant,
                .who = origin->account,
                .staff = origin->role >= ROLE_ORGANISER,
                .now_ms = w->now_ms,
        };
}

static struct change *add(struct work *w, struct change *c) {
        *w->end = c;
        w->end = &c->next;
        return c;
}

int work_append(struct work *w, const struct event *event, enum change_kind kind,
                struct change **ret, struct err *err) {
        struct change *c = arena_new(w->arena, struct change);

        c->event = *event;
        c->kind = kind;
        if (events_append(w->tx, &w->chain, &c->event, err) < 0)
                return -1;
        add(w, c);
        if (ret)
                *ret = c;
        return 0;
}

struct change *work_follow(struct work *w, const struct event *event, enum change_kind kind) {
        struct change *c = arena_new(w->arena, struct change);

        c->event = *event;
        c->kind = kind;
        c->silent = true;
        return add(w, c);
}

int work_move(struct work *w, const struct event *event, struct lease *lease, enum lease_state from,
              struct err *err) {
        int64_t version = lease->version;
        struct change *c;

        assert(from == lease->state || lease_may_become(from, lease->state));
        lease_assert(lease);
        if (work_append(w, event, CHANGE_LEASE, &c, err) < 0)
                return -1;
        lease->version = c->event.seq;
        c->lease = *lease;
        read_model_touch(w->model, lease->id, w->batch);
        return leases_update(w->tx, lease, from, version, err);
}

static bool is_current(const struct work *w, const struct lease *known) {
        return known && !read_model_touched(known, w->batch);
}

int work_lease(struct work *w, const char *id, struct lease *ret, struct err *err) {
        const struct lease *known = read_model_lease(w->model, id);

        if (!is_current(w, known))
                return leases_get(w->tx, id, ret, err);
        *ret = *known;
        ret->place = ret->estimate_ms = 0; /* which the store does not know */
        return 0;
}

int work_live_lease(struct work *w, struct account owner, int64_t challenge, struct lease *ret,
                    struct err *err) {
        const struct lease *known = read_model_live(w->model, owner, challenge);

        /* None may be known and one there: another command of this batch may have made it. */
        if (!is_current(w, known))
                return leases_get_live(w->tx, owner, challenge, ret, err);
        return work_lease(w, known->id, ret, err);
}
