#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/progress.h"

#define QUIET_MS 1000 /* what is faster needs no word */

struct progress {
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t wake;
        bool over, shown, running;
        int64_t since_ms;
        char text[128];
};

static void show(struct progress *p) {
        int64_t ms = clock_mono_ms() - p->since_ms;

        if (ms < QUIET_MS)
                return;
        fprintf(stderr, "\r\033[K%s … %d s", p->text, (int)(ms / 1000));
        fflush(stderr);
        p->shown = true;
}

static void *run(void *arg) {
        struct progress *p = arg;
        struct timespec ts;

        pthread_mutex_lock(&p->lock);
        clock_gettime(CLOCK_REALTIME, &ts);
        while (!p->over) {
                ts.tv_nsec += 500000000;
                ts.tv_sec += ts.tv_nsec / 1000000000;
                ts.tv_nsec %= 1000000000;
                pthread_cond_timedwait(&p->wake, &p->lock, &ts);
                if (!p->over)
                        show(p);
        }
        pthread_mutex_unlock(&p->lock);
        return NULL;
}

struct progress *progress_begin(const char *text) {
        struct progress *p = calloc(1, sizeof(*p));

        if (!p)
                abort();
        pthread_mutex_init(&p->lock, NULL);
        pthread_cond_init(&p->wake, NULL);
        p->since_ms = clock_mono_ms();
        snprintf(p->text, sizeof(p->text), "%s", text);
        /* Without a thread there is no progress to see, and no harm. */
        p->running = isatty(STDERR_FILENO) && pthread_create(&p->thread, NULL, run, p) == 0;
        return p;
}

void progress_say(struct progress *p, const char *fmt, ...) {
        va_list ap;

        pthread_mutex_lock(&p->lock);
        va_start(ap, fmt);
        vsnprintf(p->text, sizeof(p->text), fmt, ap);
        va_end(ap);
        pthread_mutex_unlock(&p->lock);
}

struct progress *progress_end(struct progress *p) {
        if (!p)
                return NULL;
        pthread_mutex_lock(&p->lock);
        p->over = true;
        pthread_cond_signal(&p->wake);
        pthread_mutex_unlock(&p->lock);
        if (p->running)
                pthread_join(p->thread, NULL);
        if (p->shown)
                fputs("\r\033[K", stderr);
        pthread_cond_destroy(&p->wake);
        pthread_mutex_destroy(&p->lock);
        free(p);
        return NULL;
}
