#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

#define JUMP_MS 2000

static int64_t anchor_ms;       /* wall clock - carrier at the start; constant from then on */
static _Atomic int64_t noticed; /* how far clock_check() has told already */

static int64_t read_us(clockid_t id) {
        struct timespec t;

        if (clock_gettime(id, &t) < 0)
                abort();
        return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The monotonic clock that carries the wall clock on also runs while the machine is suspended:
 * a lease must not outlive its deadline because the host slept. */
static int64_t carrier_ms(void) { return read_us(CLOCK_BOOTTIME) / 1000; }

__attribute__((constructor)) static void drop_anchor(void) {
        anchor_ms = read_us(CLOCK_REALTIME) / 1000 - carrier_ms();
}

int64_t clock_now_ms(void) { return anchor_ms + carrier_ms(); }
int64_t clock_mono_ms(void) { return read_us(CLOCK_MONOTONIC) / 1000; }
int64_t clock_mono_us(void) { return read_us(CLOCK_MONOTONIC); }

int64_t clock_check(void) {
        int64_t away = read_us(CLOCK_REALTIME) / 1000 - clock_now_ms();
        int64_t known = atomic_load(&noticed), jump = away - known;

        if (jump > -JUMP_MS && jump < JUMP_MS)
                return 0;
        /* Of two threads that see one jump, one tells. */
        return atomic_compare_exchange_strong(&noticed, &known, away) ? jump : 0;
}

void clock_text(int64_t ms, char ret[CLOCK_TEXT]) {
        int64_t part = ms % 1000 < 0 ? ms % 1000 + 1000 : ms % 1000;
        time_t s = (time_t)((ms - part) / 1000);
        char day[CLOCK_TEXT];
        struct tm tm;

        if (!gmtime_r(&s, &tm) || strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
                abort();
        snprintf(ret, CLOCK_TEXT, "%.26s.%03dZ", day, (int)part);
}
