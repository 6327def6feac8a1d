#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/query.h"
#include "base/str.h"

int query_int(const char *key, const char *text, int64_t min, int64_t max, int64_t def,
              int64_t *ret, struct err *err) {
        int64_t v = def;

        if (text && str_to_int(text, min, max, &v, err) < 0)
                return err_set(err, ERR_INVALID, "%s: must be a number, %" PRId64 " to %" PRId64,
                               key, min, max);
        *ret = v;
        return 0;
}

static bool is_one_of(const char *text, const char *const *words) {
        for (; *words; words++)
                if (strcmp(text, *words) == 0)
                        return true;
        return false;
}

int query_bool(const char *key, const char *text, bool *ret, struct err *err) {
        static const char *const yes[] = { "1", "true", "yes", "", NULL };
        static const char *const no[] = { "0", "false", "no", NULL };

        if (text && !is_one_of(text, yes) && !is_one_of(text, no))
                return err_set(err, ERR_INVALID, "%s: must be 1 or 0", key);
        *ret = text && is_one_of(text, yes);
        return 0;
}

/* N digits at *AT, which moves on; -1 when they are not there. */
static int digits(const char **at, int n) {
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
                        *ret = digits(at, *format == 'y' ? 4 : 2);
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

int query_time(const char *key, const char *text, int64_t *ret, struct err *err) {
        int64_t seconds;
        int v[6], ms;

        if (!text) {
                *ret = 0;
                return 0;
        }
        if (!scan(&text, "y-d-dTd:d:d", v) || (ms = fraction(&text)) < 0 ||
            strcmp(text, "Z") != 0 || (seconds = seconds_of(v)) < 0)
                return err_set(err, ERR_INVALID,
                               "%s: must be a time in UTC such as 2026-11-20T19:05:06Z", key);
        *ret = seconds * 1000 + ms;
        return 0;
}

bool query_id(const char *text, int64_t *ret) {
        struct err err;

        return *text != '-' && str_to_int(text, 1, INT64_MAX, ret, &err) == 0;
}

int query_account(const char *key, const char *text, struct account *ret, struct err *err) {
        for (enum account_kind k = ACCOUNT_USER; text && k <= ACCOUNT_TEAM; k++) {
                const char *name = account_kind_name(k);
                size_t n = strlen(name);
                int64_t id;

                if (strncmp(text, name, n) == 0 && text[n] == ':' && query_id(text + n + 1, &id)) {
                        *ret = (struct account){ k, id };
                        return 0;
                }
        }
        if (text)
                return err_set(err, ERR_INVALID, "%s: must be user:ID or team:ID", key);
        *ret = (struct account){ 0 };
        return 0;
}
