/* Two daemons on one PostgreSQL ($STORE), with one engine: what one does, the other knows. */
#include "base/fault.h"
#include "core/testbed.h"
#include "store/events.h"
#include "store/leases.h"

static const struct policy minutes = { 900000, 900000, 5400000, 5 };

/* The second daemon, with a gate of its own. */
struct peer {
        struct engine_config config;
        struct engine *engine;
        struct gate *gate;
        _Atomic(int) notices;
};

static void peer_notice(void *arg, _unused_ const struct notice *notices, size_t n) {
        struct peer *p = arg;

        p->notices += (int)n;
}

static void peer_open(struct peer *p, struct bed *b) {
        struct err err;

        p->config = b->config;
        CHECK_OK(gate_new("127.0.0.2", &b->loop, 1, &p->gate, &err));
        p->config.gate = p->gate;
        p->config.worker = "peer";
        p->config.on_notice = peer_notice;
        p->config.arg = p;
        CHECK_OK(engine_open(&p->config, &p->engine, &err));
        CHECK_OK(engine_start(p->engine, &err));
}

static void peer_close(struct peer *p) {
        engine_stop(p->engine, 10000);
        engine_free(p->engine);
        gate_free(p->gate);
}

struct seen {
        struct peer *peer;
        bool same;
};

static int compare_lease(void *arg, const struct lease *l, _unused_ struct err *err) {
        struct seen *s = arg;
        const struct lease *known;

        read_model_lock(s->peer->engine->model);
        known = read_model_lease(s->peer->engine->model, l->id);
        if (!known || known->version != l->version || known->state != l->state)
                s->same = false;
        read_model_unlock(s->peer->engine->model);
        return 0;
}

/* Does the peer know every lease as the store has it? */
static bool same(struct peer *p, struct bed *b) {
        _cleanup_(db_freep) struct db *db = NULL;
        _cleanup_(tx_endp) struct tx *tx = NULL;
        struct seen s = { p, true };
        struct err err;

        CHECK_OK(store_open_reader(b->store_url, &db, &err));
        CHECK_OK(tx_begin(db, &tx, &err));
        CHECK_OK(leases_each(tx, 0, compare_lease, &s, &err));
        return s.same;
}

static bool soon_same(struct peer *p, struct bed *b) {
        for (int i = 0; i < 100; i++) {
                if (same(p, b))
                        return true;
                bed_sleep_ms(50);
        }
        return false;
}

TEST(a_peer_knows_and_tells_what_was_done) {
        struct peer p = { 0 };
        struct bed b;
        struct lease l;
        struct err err;

        bed_init(&b, "", 10);
        bed_people(&b, minutes);
        peer_open(&p, &b);
        l = bed_running(&b, 0, b.web);
        CHECK(soon_same(&p, &b));
        CHECK(p.notices >= 2); /* those who wait for it at the peer, too */
        CHECK_OK(bed_try_stop(&b, 0, l.id, &err));
        bed_wait(&b, l.id, LEASE_ENDED);
        CHECK(soon_same(&p, &b));
        peer_close(&p);
        bed_done(&b);
}

/* An id that the store skipped, as PostgreSQL does where an insert was rolled back. */
TEST(a_policy_is_known_after_a_gap_in_the_tenants) {
        struct tenant_create t = { .tenant = { .slug = "demo", .name = "Again" } };
        struct tenant_create more = { .tenant = { .slug = "more", .name = "More" },
                                      .policy = { 1000, 1000, 9000, 2 } };
        struct challenge c = { 0 };
        struct peer p = { 0 };
        struct bed b;
        struct err err;

        bed_init(&b, "", 10);
        bed_people(&b, minutes);
        tenant_create_command(&t);
        CHECK(engine_call(b.engine, &t.command, &err) < 0 && err.kind == ERR_CONFLICT);
        tenant_create_command(&more);
        CHECK_OK(engine_call(b.engine, &more.command, &err));
        CHECK(more.tenant.id > b.tenant + 1);
        peer_open(&p, &b);
        c.tenant = more.tenant.id;
        CHECK(read_model_policy(p.engine->model, &c).base_ms == 1000);
        peer_close(&p);
        bed_done(&b);
}

TEST(a_fault_makes_no_peer_forget) {
        struct peer p = { 0 };
        struct bed b;
        struct lease l;
        struct err err;

        bed_init(&b, "", 10);
        bed_people(&b, minutes);
        peer_open(&p, &b);
        for (int k = 1; k < 60; k++) {
                fault_arm(k);
                if (bed_try_start(&b, k % 2, b.plain, &l, &err) == 0) {
                        bed_sleep_ms(15);
                        if (bed_try_stop(&b, k % 2, l.id, &err) == 0)
                                bed_wait(&b, l.id, LEASE_ENDED);
                }
                fault_arm(0);
        }
        CHECK(soon_same(&p, &b));
        peer_close(&p);
        CHECK(soon_same(&(struct peer){ .engine = b.engine }, &b));
        bed_done(&b);
}
