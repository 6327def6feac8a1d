#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

#define JUMP_MS      2000
#define DAY_MS       86400000
#define YEAR_0_MS    INT64_C(-62167219200000)
#define YEAR_9999_MS INT64_C(253402300799999) /* its end */

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

/* Writes N digits of V, then END. */
static char *digits(char *p, int64_t v, int n, char end) {
        for (int i = n; i-- > 0; v /= 10)
                p[i] = (char)('0' + v % 10);
        p[n] = end;
        return p + n + 1;
}

static int64_t in_range(int64_t ms) {
        return ms < YEAR_0_MS ? YEAR_0_MS : ms > YEAR_9999_MS ? YEAR_9999_MS : ms;
}

/* The proleptic Gregorian calendar, in years that begin in March, so that the leap day is a year's
 * last.  By hand, as every lease that is shown has several times in it: gmtime_r() and strftime()
 * take the time zone's lock and ten times as long. */
void clock_text(int64_t ms, char ret[CLOCK_TEXT]) {
        int64_t at = in_range(ms) - YEAR_0_MS, day = at / DAY_MS, rest = at % DAY_MS;
        int64_t since = day + 146097 - 60; /* from 1 March of the year -400 on */
        int64_t era = since / 146097, of_era = since % 146097; /* of 400 years */
        int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
        int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
        int64_t month = (5 * of_year + 2) / 153; /* from March on */
        char *p = ret;

        year += (era - 1) * 400 + (month >= 10);
        p = digits(p, year, 4, '-');
        p = digits(p, month < 10 ? month + 3 : month - 9, 2, '-');
        p = digits(p, of_year - (153 * month + 2) / 5 + 1, 2, 'T');
        p = digits(p, rest / 3600000, 2, ':');
        p = digits(p, rest / 60000 % 60, 2, ':');
        p = digits(p, rest / 1000 % 60, 2, '.');
        p = digits(p, rest % 1000, 3, 'Z');
        *p = '\0';
}
