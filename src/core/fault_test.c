/*
 * The fault loop: the k-th fallible call of store and runtime fails, for
 * every k until none is reached.  After each, the invariants hold.
 */
#include "base/fault.h"
#include "core/testbed.h"
#include "store/events.h"
#include "store/leases.h"

static const struct policy minutes = { 900000, 900000, 5400000, 5 };

struct seen {
        struct bed *bed;
        size_t live;
};

static int check_lease(void *arg, const struct lease *l, _unused_ struct err *err) {
        struct seen *s = arg;
        struct lease model;

        lease_assert(l);
        if (lease_live(l))
                s->live++;
        /* The read model is what the store says (I7: no change without its commit). */
        CHECK(bed_lease(s->bed, l->id, &model));
        CHECK(model.state == l->state && model.version == l->version);
        CHECK(model.extensions == l->extensions && model.expires_ms == l->expires_ms);
        return 0;
}

/* Once nothing fails any more: the store, the read model and the engine agree. */
static void check_invariants(struct bed *b, int acknowledged) {
        _cleanup_(db_freep) struct db *db = NULL;
        _cleanup_(tx_endp) struct tx *tx = NULL;
        struct seen seen = { .bed = b };
        struct audit_report report;
        struct lease l;
        struct err err;

        CHECK_OK(store_open_reader(b->store_url, &db, &err));
        CHECK_OK(tx_begin(db, &tx, &err));
        CHECK_OK(leases_each(tx, 0, check_lease, &seen, &err));
        CHECK_OK(audit_verify(tx, NULL, &report, &err));
        CHECK(report.good);
        CHECK(seen.live <= 1);
        if (leases_get_live(tx, (struct account){ ACCOUNT_USER, b->users[0].id }, b->web, &l,
                            &err) == 0)
                CHECK(l.extensions >= acknowledged);
        else
                CHECK(err.kind == ERR_NOT_FOUND);
}

/* Waits until no lease is on its way any more. */
static bool settled(struct bed *b) {
        struct read_model *m = b->engine->model;
        bool quiet;

        read_model_lock(m);
        quiet = read_model_count(m, LEASE_PENDING) + read_model_count(m, LEASE_STARTING) +
                        read_model_count(m, LEASE_STOPPING) ==
                0;
        read_model_unlock(m);
        return quiet;
}

static void settle(struct bed *b) {
        for (int i = 0; i < 1500 && !settled(b); i++)
                bed_sleep_ms(10);
        CHECK(settled(b));
}

/* start, extend, stop, with whatever fails; gives the acknowledged extensions of a lease that
 * lives. */
static int scenario(struct bed *b, bool stop) {
        struct lease l, x;
        struct err err;
        int extended = 0;

        if (bed_try_start(b, 0, b->web, &l, &err) < 0)
                return 0;
        extended += bed_try_extend(b, 0, l.id, &x, &err) == 0;
        bed_sleep_ms(20);
        extended += bed_try_extend(b, 0, l.id, &x, &err) == 0;
        if (stop && bed_try_stop(b, 0, l.id, &err) == 0)
                return 0;
        return extended;
}

static void clean(struct bed *b) {
        const struct lease *l;
        struct lease live = { 0 };
        struct err err;

        read_model_lock(b->engine->model);
        l = read_model_live(b->engine->model, (struct account){ ACCOUNT_USER, b->users[0].id },
                            b->web);
        if (l)
                live = *l;
        read_model_unlock(b->engine->model);
        if (!*live.id)
                return;
        CHECK_OK(bed_try_stop(b, 0, live.id, &err));
        settle(b);
}

TEST(every_fallible_call_fails_once) {
        struct bed b;
        long k = 1, quiet = 0;

        bed_init(&b, "", 10);
        bed_people(&b, minutes);
        /* Background rounds make fallible calls too, so "none fired" must be seen a few times. */
        for (; quiet < 3; k++) {
                int acknowledged;

                fault_arm(k);
                acknowledged = scenario(&b, k % 2 == 0);
                bed_sleep_ms(30);
                quiet = fault_fired() ? 0 : quiet + 1;
                fault_arm(0);
                settle(&b);
                check_invariants(&b, acknowledged);
                clean(&b);
                for (int i = 0; i < 200 && bed_objects(&b) > 0; i++)
                        bed_sleep_ms(10);
                CHECK(bed_objects(&b) == 0); /* I3, I4 */
                CHECK(k < 3000);
        }
        printf("%ld calls failed, one at a time\n", k - quiet);
        CHECK(k > 40);
        bed_done(&b);
}
