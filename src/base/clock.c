#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

#define JUMP_MS      2000
#define DAY_MS       INT64_C(86400000)
#define ERA          146097 /* days in 400 years */
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

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

/* N digits of V at P, which is where the next thing goes afterwards. */
static char *digits(char *p, int n, int64_t v) {
        for (int i = n - 1; i >= 0; i--, v /= 10)
                p[i] = (char)('0' + v % 10);
        return p + n;
}

/* Every answer about a lease has two of these: no strftime, which asks for the time zone.  Years
 * are counted from March, so that a leap day is the last of its year. */
void clock_text(int64_t ms, char ret[CLOCK_TEXT]) {
        int64_t part = ms % DAY_MS < 0 ? ms % DAY_MS + DAY_MS : ms % DAY_MS;
        int64_t day = (ms - part) / DAY_MS + DAYS_TO_1970; /* since 0000-03-01 */
        int64_t era = day / ERA, in_era = day % ERA;
        int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / (ERA - 1)) / 365;
        int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
        int64_t month = (5 * in_year + 2) / 153; /* 0: March */
        char *p = ret;

        assert(day >= 0 && era < 25);
        p = digits(p, 4, era * 400 + year + (month >= 10));
        *p++ = '-';
        p = digits(p, 2, month < 10 ? month + 3 : month - 9);
        *p++ = '-';
        p = digits(p, 2, in_year - (153 * month + 2) / 5 + 1);
        *p++ = 'T';
        p = digits(p, 2, part / 3600000);
        *p++ = ':';
        p = digits(p, 2, part / 60000 % 60);
        *p++ = ':';
        p = digits(p, 2, part / 1000 % 60);
        *p++ = '.';
        p = digits(p, 3, part % 1000);
        *p++ = 'Z';
        *p = '\0';
}
