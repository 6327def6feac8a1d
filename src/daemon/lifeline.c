#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/clock.h"
#include "daemon/lifeline.h"

#define TICK_S 1

static void signals(sigset_t *ret) {
        sigemptyset(ret);
        sigaddset(ret, SIGTERM);
        sigaddset(ret, SIGINT);
        sigaddset(ret, SIGHUP);
}

void lifeline_init(void) {
        sigset_t set;

        signals(&set);
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        signal(SIGPIPE, SIG_IGN);
}

void lifeline_tell(const char *state) { sd_notify(0, state); }

/* A round of questions to each loop and the commit thread, and how many answered it.  One is
 * under way at a time; it lives as long as the process, as an answer may come late. */
static struct round {
        struct command command;
        atomic_uint answers;
        unsigned wanted;
} beat;

static void answer(_unused_ void *arg) { atomic_fetch_add(&beat.answers, 1); }
static void committed(_unused_ struct command *cmd) { answer(NULL); }
static int run_nothing(_unused_ struct command *cmd, _unused_ struct work *w,
                       _unused_ struct err *err) {
        return 0;
}

static void ask(struct parts *p) {
        atomic_store(&beat.answers, 0);
        beat.wanted = (unsigned)p->n_loops + 1;
        for (size_t i = 0; i < p->n_loops; i++)
                loop_post(p->loops[i], answer, NULL);
        beat.command = (struct command){ .run = run_nothing, .done = committed };
        engine_submit(p->engine, &beat.command);
}

static bool answered(void) { return atomic_load(&beat.answers) == beat.wanted; }

/* Asks, and feeds the watchdog once all have answered. */
static void feed(struct parts *p, int64_t period_ms, int64_t *next_ms) {
        int64_t now_ms = clock_mono_ms();

        if (period_ms == 0 || now_ms < *next_ms || !answered())
                return;
        if (beat.wanted)
                lifeline_tell("WATCHDOG=1");
        ask(p);
        *next_ms = now_ms + period_ms;
}

enum wish lifeline_wait(struct parts *p) {
        struct timespec tick = { .tv_sec = TICK_S };
        int64_t period_ms = 0, next_ms = 0;
        uint64_t watchdog_us = 0;
        sigset_t set;
        int got;

        if (sd_watchdog_enabled(0, &watchdog_us) > 0)
                period_ms = (int64_t)(watchdog_us / 1000 / 3);
        signals(&set);
        for (;;) {
                got = sigtimedwait(&set, NULL, &tick);
                if (got == SIGHUP)
                        return WISH_RELOAD;
                if (got == SIGTERM || got == SIGINT)
                        return WISH_STOP;
                feed(p, period_ms, &next_ms);
        }
}

static void out_of_time(_unused_ int sig) {
        static const char text[] = "berth: out of time; what is left goes on at the next start\n";
        ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

        _exit(n < 0);
}

void lifeline_leave(unsigned seconds) {
        struct sigaction action = { .sa_handler = out_of_time };
        sigset_t set;

        sigaction(SIGALRM, &action, NULL);
        alarm(seconds);
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
