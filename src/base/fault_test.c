#include <pthread.h>
#include <stdatomic.h>

#include "base/fault.h"
#include "test.h"

TEST(unarmed_nothing_fails) {
        struct err err;

        fault_arm(0);
        for (int i = 0; i < 100; i++)
                CHECK(!fault_here("here", &err));
        CHECK(!fault_fired());
}

TEST(the_kth_call_fails_once) {
        struct err err;

        fault_arm(3);
        CHECK(!fault_here("a", &err));
        CHECK(!fault_here("b", &err));
        CHECK(!fault_fired());
        CHECK(fault_here("c.step", &err));
        CHECK(fault_fired());
        CHECK(err.kind == ERR_UNAVAILABLE);
        CHECK_STR(err.msg, "injected fault at c.step");
        CHECK(!fault_here("d", &err));
        fault_arm(1);
        CHECK(!fault_fired());
        CHECK(fault_here("e", &err));
}

TEST(disarmed_it_does_not_fire) {
        struct err err;

        fault_arm(1);
        fault_arm(0);
        CHECK(!fault_here("a", &err));
        CHECK(!fault_fired());
}

static _Atomic int fired;

static void *call_often(void *arg) {
        struct err err;

        for (int i = 0; i < 1000; i++)
                if (fault_here("race", &err))
                        atomic_fetch_add(&fired, 1);
        return arg;
}

TEST(one_thread_gets_it) {
        pthread_t threads[4];

        fault_arm(1500);
        for (size_t i = 0; i < 4; i++)
                CHECK(pthread_create(&threads[i], NULL, call_often, NULL) == 0);
        for (size_t i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        CHECK(fired == 1);
        CHECK(fault_fired());
}

/* Runs this program again, with the variable; that run then looks at what it did. */
TEST(the_environment_arms) {
        struct err err;

        if (!getenv("BERTH_FAULT")) {
                setenv("BERTH_FAULT", "2", 1);
                execl("/proc/self/exe", "fault-test", (char *)NULL);
                CHECK(!"exec works");
        }
        CHECK(!fault_here("a", &err));
        CHECK(fault_here("b", &err));
}
