#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
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

/* N digits at *AT, which moves on; -1 when they are not there. */
static int read_digits(const char **at, int n) {
        int v = 0;

        for (; n > 0; n--, (*at)++) {
                if (**at < '0' || **at > '9')
                        return -1;
                v = v * 10 + (**at - '0');
        }
        return v;
}

/* FORMAT: d stands for two digits, y for four, all else for itself. */
static bool scan(const char **at, const char *format, int *ret) {
        for (; *format; format++) {
                if (*format == 'd' || *format == 'y') {
                        *ret = read_digits(at, *format == 'y' ? 4 : 2);
                        if (*ret++ < 0)
                                return false;
                } else if (*(*at)++ != *format) {
                        return false;
                }
        }
        return true;
}

/* The ms of an optional ".123456". */
static int fraction(const char **at) {
        int ms = 0, unit = 100;

        if (**at != '.')
                return 0;
        (*at)++;
        if (**at < '0' || **at > '9')
                return -1;
        for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
                ms += unit * (**at - '0');
        return ms;
}

/* The s since 1970 of year, month, day, hour, minute, second; -1 when there is no such time. */
static int64_t seconds_of(const int v[6]) {
        struct tm tm = { .tm_year = v[0] - 1900, .tm_mon = v[1] - 1, .tm_mday = v[2] };
        int64_t day;

        if (v[0] < 1970 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[3] > 23 || v[4] > 59 || v[5] > 60)
                return -1;
        day = timegm(&tm);
        return tm.tm_mday == v[2] ? day + v[3] * 3600L + v[4] * 60L + v[5] : -1;
}

/* "Z", "+02:00" or "-0530", in s; false when there is none. */
static bool read_offset(const char **at, int64_t *ret) {
        int v[2], sign = **at == '-' ? -1 : 1;

        *ret = 0;
        if (**at == 'Z' || **at == 'z') {
                (*at)++;
                return true;
        }
        if (**at != '+' && **at != '-')
                return false;
        (*at)++;
        v[0] = read_digits(at, 2);
        *at += **at == ':';
        v[1] = v[0] < 0 ? -1 : read_digits(at, 2);
        *ret = sign * (v[0] * INT64_C(3600) + v[1] * INT64_C(60));
        return v[0] >= 0 && v[0] < 24 && v[1] >= 0 && v[1] < 60;
}

bool clock_parse(const char *text, int64_t *ret) {
        int64_t seconds, offset;
        int v[6], ms;

        if (!scan(&text, "y-d-dTd:d:d", v) || (ms = fraction(&text)) < 0 ||
            !read_offset(&text, &offset) || *text || (seconds = seconds_of(v)) < 0 ||
            seconds < offset)
                return false;
        *ret = (seconds - offset) * 1000 + ms;
        return true;
}
