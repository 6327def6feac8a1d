/* I9: somebody sets the date.  Leases end when they would have, and it is told. */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "core/testbed.h"

/* The C library's, with a wall clock that can be set. */
static _Atomic(time_t) set_ahead_s;

int clock_gettime(clockid_t id, struct timespec *ret) {
        long r = syscall(SYS_clock_gettime, id, ret);

        if (r == 0 && id == CLOCK_REALTIME)
                ret->tv_sec += set_ahead_s;
        return (int)r;
}

static void jump(time_t by_s) {
        struct readiness ready;
        struct bed b;
        struct lease l;
        int64_t began_ms;

        bed_init(&b, "", 10);
        bed_people(&b, (struct policy){ 2000, 500, 9000, 1 });
        began_ms = clock_mono_ms();
        l = bed_running(&b, 0, b.web);
        set_ahead_s = by_s;
        bed_sleep_ms(1100); /* more than a tick */
        CHECK(bed_lease(&b, l.id, &l) && l.state == LEASE_RUNNING);
        CHECK(bed_connects(l.endpoints[0].port));
        engine_readiness(b.engine, &ready);
        /* Both clocks are read in ms, and a real one may be slewed meanwhile. */
        CHECK(llabs(ready.clock_jumped_ms - by_s * 1000) < 1000);
        l = bed_wait(&b, l.id, LEASE_ENDED);
        CHECK(l.reason == REASON_STOPPED_AUTO);
        CHECK(clock_mono_ms() - began_ms >= 1900 && clock_mono_ms() - began_ms < 4000);
        CHECK(l.ended_ms - l.created_ms < 4000); /* and no time in its rows that is not ours */
        bed_done(&b);
}

TEST(a_clock_set_ahead_ends_no_lease) { jump(3600); }
TEST(a_clock_set_back_keeps_no_lease) { jump(-3600); }
