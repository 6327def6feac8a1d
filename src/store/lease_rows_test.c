/* Leases and ports, held against the database in $STORE. */
#include "base/clock.h"
#include "store/fixture.h"

static void check_same(const struct lease *a, const struct lease *b) {
        CHECK_STR(a->id, b->id);
        CHECK(a->tenant == b->tenant && a->challenge == b->challenge && a->user == b->user);
        CHECK(account_equal(a->owner, b->owner));
        CHECK(a->state == b->state && a->reason == b->reason);
        CHECK(memcmp(&a->policy, &b->policy, sizeof(a->policy)) == 0);
        CHECK(a->created_ms == b->created_ms && a->expires_ms == b->expires_ms);
        CHECK(a->queued_ms == b->queued_ms && a->running_ms == b->running_ms);
        CHECK(a->extended_ms == b->extended_ms);
        CHECK(a->ended_ms == b->ended_ms && a->retry_ms == b->retry_ms);
        CHECK(a->extensions == b->extensions && a->restarts == b->restarts);
        CHECK_STR(a->runtime, b->runtime);
        CHECK_STR(a->instance, b->instance);
        CHECK_STR(a->host, b->host);
        CHECK_STR(a->worker, b->worker);
        CHECK_STR(a->problem, b->problem);
        CHECK(a->attempts == b->attempts && a->version == b->version);
        CHECK(a->n_endpoints == b->n_endpoints);
        CHECK(memcmp(a->host_ports, b->host_ports, sizeof(a->host_ports)) == 0);
        for (size_t i = 0; i < a->n_endpoints; i++) {
                const struct endpoint *x = &a->endpoints[i], *y = &b->endpoints[i];

                CHECK_STR(x->name, y->name);
                CHECK(x->protocol == y->protocol && x->inner == y->inner && x->port == y->port);
        }
}

/* A lease with something in every field. */
static struct lease full_lease(const struct world *w) {
        struct lease l = lease_of(w, 0, LEASE_RUNNING);

        l.extensions = 2;
        l.restarts = 1;
        l.running_ms = T0 + 1;
        l.extended_ms = T0 + 2;
        l.attempts = 3;
        l.retry_ms = T0 + 2;
        l.version = 1LL << 40;
        l.n_endpoints = 2;
        l.endpoints[0] = (struct endpoint){ "web", PROTOCOL_HTTP, 8080, 30001 };
        l.endpoints[1] = (struct endpoint){ "shell", PROTOCOL_SSH, 22, 0 };
        l.host_ports[0] = 32768;
        snprintf(l.instance, sizeof(l.instance), "%064d", 7);
        snprintf(l.host, sizeof(l.host), "172.30.0.9");
        snprintf(l.worker, sizeof(l.worker), "daemon-1");
        snprintf(l.problem, sizeof(l.problem), "it's \"broken\", caf\xc3\xa9; DROP TABLE instance");
        return l;
}

TEST(a_lease_comes_back_as_it_was) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct lease l = full_lease(&w), got;
        struct err err;

        CHECK_OK(leases_insert(tx, &l, &err));
        CHECK_OK(leases_get(tx, l.id, &got, &err));
        check_same(&got, &l);
        CHECK_OK(leases_get_live(tx, l.owner, l.challenge, &got, &err));
        check_same(&got, &l);

        /* Within a state, then along an edge. */
        l.extensions = 3;
        l.expires_ms += 1000;
        l.n_endpoints = 1;
        l.problem[0] = '\0';
        l.version++;
        CHECK_OK(leases_update(tx, &l, LEASE_RUNNING, l.version - 1, &err));
        CHECK_OK(leases_get(tx, l.id, &got, &err));
        check_same(&got, &l);
        l.state = LEASE_STOPPING;
        l.reason = REASON_STOPPED_AUTO;
        l.instance[0] = '\0';
        snprintf(l.runtime, sizeof(l.runtime), "other");
        CHECK_OK(leases_update(tx, &l, LEASE_RUNNING, l.version, &err));
        CHECK_OK(leases_get(tx, l.id, &got, &err));
        check_same(&got, &l);
        l.state = LEASE_ENDED;
        l.ended_ms = T0 + 9;
        CHECK_OK(leases_update(tx, &l, LEASE_STOPPING, l.version, &err));
        CHECK_OK(leases_get(tx, l.id, &got, &err));
        check_same(&got, &l);
        CHECK(leases_get_live(tx, l.owner, l.challenge, &got, &err) < 0);
}

TEST(an_account_has_one_live_lease_of_a_challenge) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 2);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct lease l = lease_of(&w, 0, LEASE_STARTING), again = lease_of(&w, 0, LEASE_PENDING),
                     other = lease_of(&w, 1, LEASE_PENDING);
        struct err err;

        CHECK_OK(leases_insert(tx, &l, &err));
        CHECK_OK(leases_insert(tx, &other, &err));
        CHECK_OK(tx_savepoint(tx, &err));
        CHECK(leases_insert(tx, &again, &err) < 0);
        CHECK(err.kind == ERR_CONFLICT);
        CHECK(strstr(err.msg, on_postgres() ? "instance_one_live" : "instance.owner_id"));
        CHECK_OK(tx_rollback(tx, &err));
        l.state = LEASE_STOPPING;
        l.reason = REASON_ADMIN;
        CHECK_OK(leases_update(tx, &l, LEASE_STARTING, 1, &err));
        l.state = LEASE_ENDED;
        l.ended_ms = T0 + 1;
        CHECK_OK(leases_update(tx, &l, LEASE_STOPPING, 1, &err));
        CHECK_OK(leases_insert(tx, &again, &err));
}

TEST(an_update_is_compare_and_set) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct lease l = lease_of(&w, 0, LEASE_STARTING), got;
        struct err err;

        CHECK_OK(leases_insert(tx, &l, &err));
        l.version = 2;
        CHECK_OK(leases_update(tx, &l, LEASE_STARTING, 1, &err));
        l.version = 3;
        CHECK(leases_update(tx, &l, LEASE_STARTING, 1, &err) < 0 && err.kind == ERR_CONFLICT);
        l.state = LEASE_STOPPING;
        CHECK(leases_update(tx, &l, LEASE_RUNNING, 2, &err) < 0 && err.kind == ERR_CONFLICT);
        CHECK_OK(leases_get(tx, l.id, &got, &err)); /* no statement failed */
        CHECK(got.version == 2 && got.state == LEASE_STARTING);
}

TEST(the_schema_itself_keeps_extensions_and_lifetime) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct lease l = lease_of(&w, 0, LEASE_RUNNING);
        struct err err;

        CHECK_OK(leases_insert(tx, &l, &err));
        for (int i = 0; i < 3; i++) {
                int64_t expires = i == 0 ? T0 + l.policy.max_lifetime_ms + 1 : T0 + 1000;
                int64_t extensions = i == 1 ? 6 : i == 2 ? -1 : 0;

                CHECK_OK(tx_savepoint(tx, &err));
                CHECK(tx_exec(tx, SQL_LEASE_UPDATE,
                              ARGS(V(l.id), V("running"), V(1), V(T0), V(expires), V(0),
                                   V(extensions), V(0), V(""), V(""), V(""), V(0), V(0), V(""),
                                   V(""), V(2), V(""), V(0)),
                              &(struct arena){ 0 }, &(struct rows){ 0 }, &err) < 0);
                CHECK(err.kind == ERR_CONFLICT);
                CHECK_OK(tx_rollback(tx, &err));
        }
}

/* Walking */

struct seen {
        int live, ended;
        char last_live[LEASE_ID_SIZE];
        int64_t last_ended;
};

static int see(void *arg, const struct lease *l, _unused_ struct err *err) {
        struct seen *s = arg;

        if (lease_live(l)) {
                CHECK(s->ended == 0 && strcmp(l->id, s->last_live) > 0);
                memcpy(s->last_live, l->id, sizeof(l->id));
                s->live++;
        } else {
                CHECK(l->ended_ms >= s->last_ended);
                s->last_ended = l->ended_ms;
                s->ended++;
        }
        return 0;
}

TEST(a_walk_gives_the_live_and_the_lately_ended) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct seen seen = { 0 };
        struct err err;

        for (int i = 0; i < 600; i++) {
                struct lease l = lease_of(&w, 0, LEASE_RUNNING);

                l.owner = (struct account){ ACCOUNT_TEAM, i + 1 };
                if (i % 2) {
                        l.state = LEASE_ENDED;
                        l.reason = REASON_LOST;
                        l.ended_ms = T0 + i / 4; /* two at a time */
                }
                CHECK_OK(leases_insert(tx, &l, &err));
        }
        CHECK_OK(leases_each(tx, T0 + 9, see, &seen, &err));
        CHECK(seen.live == 300);
        CHECK(seen.ended == 300 - 20);
}

TEST(slots_are_counted_by_account_tenant_and_runtime) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 3);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct lease a = lease_of(&w, 0, LEASE_RUNNING), b = lease_of(&w, 1, LEASE_STARTING),
                     c = lease_of(&w, 2, LEASE_PENDING), d = lease_of(&w, 0, LEASE_PENDING);
        struct lease_counts n;
        struct err err;
        bool changed;

        CHECK_OK(challenges_put(tx, w.tenant.id, "two", "{}", T0, &d.challenge, &changed, &err));
        snprintf(b.runtime, sizeof(b.runtime), "docker");
        CHECK_OK(leases_insert(tx, &a, &err));
        CHECK_OK(leases_insert(tx, &b, &err));
        CHECK_OK(leases_insert(tx, &c, &err));
        CHECK_OK(leases_insert(tx, &d, &err));
        CHECK_OK(leases_count(tx, a.owner, w.tenant.id, "fake", &n, &err));
        CHECK(n.account == 1 && n.account_live == 2 && n.tenant == 2 && n.runtime == 1);
        CHECK(n.pending == 2);
}

TEST(the_queue_is_fair_between_accounts) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 3);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        _cleanup_arena_ struct arena arena = { 0 };
        /* 0 holds a slot and asks first; 1 asks three times, then 2 once. */
        static const struct {
                size_t user;
                enum lease_state state;
                int64_t queued;
        } asks[] = { { 0, LEASE_RUNNING, 0 }, { 0, LEASE_PENDING, 1 }, { 1, LEASE_PENDING, 2 },
                     { 1, LEASE_PENDING, 3 }, { 1, LEASE_PENDING, 4 }, { 2, LEASE_PENDING, 5 } };
        static const size_t order[] = { 2, 5, 1, 3, 4 };
        struct lease leases[ARRAY_SIZE(asks)], *got;
        struct err err;
        bool changed;
        size_t n;

        for (size_t i = 0; i < ARRAY_SIZE(asks); i++) {
                char slug[16];

                leases[i] = lease_of(&w, asks[i].user, asks[i].state);
                leases[i].queued_ms = T0 + asks[i].queued;
                snprintf(slug, sizeof(slug), "c%zu", i);
                CHECK_OK(challenges_put(tx, w.tenant.id, slug, "{}", T0, &leases[i].challenge,
                                        &changed, &err));
                CHECK_OK(leases_insert(tx, &leases[i], &err));
        }
        CHECK_OK(leases_queue(tx, "fake", 10, &arena, &got, &n, &err));
        CHECK(n == ARRAY_SIZE(order));
        for (size_t i = 0; i < n; i++)
                CHECK_STR(got[i].id, leases[order[i]].id);
        CHECK_OK(leases_queue(tx, "fake", 2, &arena, &got, &n, &err));
        CHECK(n == 2);
        CHECK_OK(leases_queue(tx, "docker", 2, &arena, &got, &n, &err));
        CHECK(n == 0);
        /* It has one: none of its own stands before other tenants'. */
        CHECK_OK(db->driver->script(db, "UPDATE tenant SET max_leases = 1", &err));
        CHECK_OK(leases_queue(tx, "fake", 10, &arena, &got, &n, &err));
        CHECK(n == 0);
}

/* Ports */

/* A lease to take ports for. */
static struct lease holder(struct tx *tx, const struct world *w, size_t user) {
        struct lease l = lease_of(w, user, LEASE_STARTING);
        struct err err;

        CHECK_OK(leases_insert(tx, &l, &err));
        return l;
}

TEST(ports_are_taken_next_fit_around_the_end) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 2);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct lease a = holder(tx, &w, 0), b = holder(tx, &w, 1);
        uint16_t p[4];
        struct err err;

        CHECK_OK(ports_take(tx, a.id, 30000, 30004, 30002, 2, p, &err));
        CHECK(p[0] == 30003 && p[1] == 30004);
        CHECK_OK(ports_take(tx, b.id, 30000, 30004, 30002, 2, p, &err));
        CHECK(p[0] == 30000 && p[1] == 30001);
        p[0] = 1;
        CHECK(ports_take(tx, b.id, 30000, 30004, 30002, 2, p, &err) < 0 && err.kind == ERR_QUOTA);
        CHECK(p[0] == 1);
        CHECK_OK(ports_take(tx, b.id, 30000, 30004, 30004, 1, p, &err));
        CHECK(p[0] == 30002);
        CHECK_OK(ports_free_one(tx, 30003, &err));
        CHECK_OK(ports_take(tx, b.id, 30000, 30004, 0, 1, p, &err));
        CHECK(p[0] == 30003);
        CHECK_OK(ports_free(tx, b.id, &err));
        CHECK_OK(ports_take(tx, a.id, 30000, 30004, 65535, 4, p, &err));
        CHECK(p[0] == 30000 && p[3] == 30003);
}

TEST(a_port_belongs_to_one_lease) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 2);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct lease a = holder(tx, &w, 0), b = holder(tx, &w, 1);
        struct err err;

        CHECK_OK(tx_exec(tx, SQL_PORT_TAKE, ARGS(V(30000), V(a.id)), NULL, NULL, &err));
        CHECK_OK(tx_savepoint(tx, &err));
        CHECK(tx_exec(tx, SQL_PORT_TAKE, ARGS(V(30000), V(b.id)), NULL, NULL, &err) < 0);
        CHECK(err.kind == ERR_CONFLICT);
        CHECK_OK(tx_rollback(tx, &err));
        CHECK_OK(tx_savepoint(tx, &err));
        CHECK(tx_exec(tx, SQL_PORT_TAKE, ARGS(V(30001), V("nobody")), NULL, NULL, &err) < 0);
        CHECK(err.kind == ERR_CONFLICT);
        CHECK_OK(tx_rollback(tx, &err));
}

TEST(the_last_port_of_thirty_thousand_is_found) {
        _cleanup_(db_freep) struct db *db = fresh();
        struct world w = make_world(db, 1);
        _cleanup_(tx_endp) struct tx *tx = begin(db);
        struct lease a = holder(tx, &w, 0);
        const int to = on_postgres() ? 32999 : 59999; /* a round trip each */
        struct err err;
        uint16_t p;
        int64_t us;

        for (int port = 30000; port <= to; port++)
                if (port != 30007)
                        CHECK_OK(tx_exec(tx, SQL_PORT_TAKE, ARGS(V(port), V(a.id)), NULL, NULL,
                                         &err));
        us = clock_mono_us();
        CHECK_OK(ports_take(tx, a.id, 30000, (uint16_t)to, 30007, 1, &p, &err));
        us = clock_mono_us() - us;
        CHECK(p == 30007);
        CHECK(us < 500000); /* some 10 ms; a query per port would be far above */
        CHECK(ports_take(tx, a.id, 30000, (uint16_t)to, 30007, 1, &p, &err) < 0);
        CHECK(err.kind == ERR_QUOTA);
}
