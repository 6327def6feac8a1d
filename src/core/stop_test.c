/* The end of a daemon: in time, with nothing lost, and with an answer to everybody. */
#include "core/testbed.h"

static const struct policy minutes = { 900000, 900000, 5400000, 5 };

/* Answers, but never with what its probe waits for. */
#define STUBBORN                                                                                \
        "{\"name\":\"Stubborn\",\"slug\":\"stubborn\",\"value\":1,\"instance\":{\"image\":"     \
        "\"berth/s\",\"ports\":[{\"name\":\"a\",\"port\":1,\"protocol\":\"http\"}],\"probe\":{" \
        "\"type\":\"http\",\"status\":418,\"timeout_seconds\":60}}}"

TEST(a_stop_does_not_wait_for_a_probe) {
        struct bed b;
        struct lease l;
        struct err err;
        int64_t began_ms;

        bed_init(&b, "", 10);
        bed_people(&b, minutes);
        CHECK_OK(bed_try_start(&b, 0, bed_challenge_add(&b, STUBBORN), &l, &err));
        bed_sleep_ms(200);
        began_ms = clock_mono_ms();
        engine_stop(b.engine, 300);
        CHECK(clock_mono_ms() - began_ms < 6000);
        CHECK(bed_lease(&b, l.id, &l) && l.state == LEASE_STARTING); /* it goes on */
        b.engine = engine_free(b.engine);
        bed_start(&b);
        CHECK(bed_lease(&b, l.id, &l) && l.state == LEASE_STARTING);
        CHECK_OK(bed_try_stop(&b, 0, l.id, &err));
        bed_wait(&b, l.id, LEASE_ENDED);
        CHECK(bed_objects(&b) == 0);
        bed_done(&b);
}

static int run_query(_unused_ struct query *q, _unused_ struct tx *tx, _unused_ struct err *err) {
        return 0;
}

static void query_done(struct query *q) { *(int *)q->arg += 1; }

TEST(after_the_stop_everybody_is_refused) {
        struct bed b;
        struct lease l;
        int done = 0;
        struct query q = { .run = run_query, .done = query_done, .arg = &done };
        struct err err;

        bed_init(&b, "", 10);
        bed_people(&b, minutes);
        engine_stop(b.engine, 1000);
        CHECK(bed_try_start(&b, 0, b.web, &l, &err) < 0 && err.kind == ERR_UNAVAILABLE);
        engine_query(b.engine, &q);
        CHECK(done == 1 && q.result < 0 && q.err.kind == ERR_UNAVAILABLE);
        bed_done(&b);
}
