#include <signal.h>

#include "os/thread.h"
#include "test.h"

struct seen {
        char name[16];
        sigset_t blocked;
};

static void *look(void *arg) {
        struct seen *seen = arg;

        /* The name is set by who starts the thread, a moment later. */
        for (int i = 0; i < 500 && strcmp(seen->name, "a-long-name-for") != 0; i++) {
                usleep(10000);
                pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
        }
        pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
        return arg;
}

TEST(a_name_and_no_signals) {
        struct seen seen = { .name = "" };
        sigset_t before, after;
        struct err err;
        pthread_t t;
        void *ret;

        pthread_sigmask(SIG_SETMASK, NULL, &before);
        CHECK_OK(thread_start("a-long-name-for-a-thread", look, &seen, &t, &err));
        pthread_sigmask(SIG_SETMASK, NULL, &after);
        CHECK(pthread_join(t, &ret) == 0);
        CHECK(ret == &seen);
        CHECK_STR(seen.name, "a-long-name-for");
        CHECK(sigismember(&seen.blocked, SIGTERM) == 1);
        CHECK(sigismember(&seen.blocked, SIGSEGV) == 0);
        CHECK(sigismember(&before, SIGTERM) == sigismember(&after, SIGTERM));
}
