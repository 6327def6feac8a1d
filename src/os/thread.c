#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/str.h"
#include "os/thread.h"

#define NAME_MAX_KERNEL 16 /* with the NUL */

/* A third of what the others get: with much less, those who sign in while a thousand play already
 * wait for most of a minute. */
#define NICENESS 5

void thread_give_way(void) {
        /* On Linux a thread's niceness is its own; that it fails where it may not is no matter. */
        (void)!setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
}

int thread_start(const char *name, void *(*fn)(void *arg), void *arg, pthread_t *ret,
                 struct err *err) {
        static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };
        char cut[NAME_MAX_KERNEL];
        sigset_t block, old;
        pthread_t t;
        int r;

        sigfillset(&block);
        for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
                sigdelset(&block, faults[i]);
        pthread_sigmask(SIG_SETMASK, &block, &old);
        r = pthread_create(&t, NULL, fn, arg);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (r != 0)
                return err_set(err, ERR_UNAVAILABLE, "starting a thread: %s", strerrordesc_np(r));
        str_copy(cut, sizeof(cut), name);
        pthread_setname_np(t, cut);
        *ret = t;
        return 0;
}
