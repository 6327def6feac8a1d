#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/query.h"
#include "base/clock.h"
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

static int digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c = str_lower(c);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *query_decode(char *text) {
        char *to = text;

        for (const char *s = text; *s; s++) {
                int high = *s == '%' ? digit(s[1]) : -1;
                int low = high >= 0 ? digit(s[2]) : -1;

                if (low >= 0 && (high || low)) {
                        *to++ = (char)(high * 16 + low);
                        s += 2;
                } else {
                        *to++ = (char)(*s == '+' ? ' ' : *s);
                }
        }
        *to = '\0';
        return text;
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

int query_time(const char *key, const char *text, int64_t *ret, struct err *err) {
        int64_t ms = 0;

        if (text && !clock_parse(text, &ms))
                return err_set(err, ERR_INVALID, "%s: must be a time such as 2026-11-20T19:05:06Z",
                               key);
        *ret = ms;
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
