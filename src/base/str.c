#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/str.h"

#define SLUG_MAX 63

int str_to_int(const char *s, int64_t min, int64_t max, int64_t *ret, struct err *err) {
        bool negative = *s == '-', ok = true;
        const char *p = s + negative;
        int64_t v = 0;

        /* Gathered below zero, where there is one number more than above. */
        ok = *p != '\0';
        for (; *p && ok; p++)
                ok = *p >= '0' && *p <= '9' && !__builtin_mul_overflow(v, 10, &v) &&
                     !__builtin_sub_overflow(v, *p - '0', &v);
        if (ok && !negative)
                ok = !__builtin_sub_overflow(0, v, &v);
        if (!ok || v < min || v > max)
                return err_set(err, ERR_INVALID,
                               "must be a whole number from %" PRId64 " to %" PRId64, min, max);
        *ret = v;
        return 0;
}

static bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool str_is_slug(const char *s) {
        size_t n = 0;

        if (!is_alnum(s[0]))
                return false;
        while (n <= SLUG_MAX && (is_alnum(s[n]) || s[n] == '_' || s[n] == '-'))
                n++;
        return n <= SLUG_MAX && s[n] == '\0';
}

bool str_glob(const char *pattern, const char *s) {
        const char *star = NULL, *tried = NULL;

        /* Only the last star is ever tried again: an earlier one cannot do better. */
        while (*s) {
                if (*pattern == '*') {
                        star = pattern++;
                        tried = s;
                } else if (*pattern == '?' || *pattern == *s) {
                        pattern++;
                        s++;
                } else if (star) {
                        pattern = star + 1;
                        s = ++tried;
                } else {
                        return false;
                }
        }
        while (*pattern == '*')
                pattern++;
        return *pattern == '\0';
}

void str_copy(char *dst, size_t room, const char *src) {
        size_t n;

        assert(room > 0);
        n = strnlen(src, room - 1);
        memcpy(dst, src, n);
        dst[n] = '\0';
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

const char *str_trim(const char *s, size_t *n) {
        size_t len;

        while (is_blank(*s))
                s++;
        len = strlen(s);
        while (len > 0 && is_blank(s[len - 1]))
                len--;
        *n = len;
        return s;
}

size_t str_utf8(const char *s, size_t n) {
        const uint8_t *u = (const uint8_t *)s;
        uint8_t low = 0x80, high = 0xbf; /* of the second byte */
        size_t len;

        if (n == 0)
                return 0;
        if (u[0] < 0x80)
                return 1;
        if (u[0] < 0xc2 || u[0] > 0xf4)
                return 0;
        len = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
        if (u[0] == 0xe0)
                low = 0xa0;
        else if (u[0] == 0xed)
                high = 0x9f;
        else if (u[0] == 0xf0)
                low = 0x90;
        else if (u[0] == 0xf4)
                high = 0x8f;
        if (n < len || u[1] < low || u[1] > high)
                return 0;
        for (size_t i = 2; i < len; i++)
                if ((u[i] & 0xc0) != 0x80)
                        return 0;
        return len;
}

static uint32_t code_point(const char *s, size_t len) {
        uint32_t c = (uint8_t)s[0];

        if (len > 1)
                c &= 0x7fU >> len;
        for (size_t i = 1; i < len; i++)
                c = c << 6 | ((uint8_t)s[i] & 0x3f);
        return c;
}

struct span {
        uint32_t from, to;
};

static bool is_in(const struct span *spans, size_t n, uint32_t c) {
        for (size_t i = 0; i < n; i++)
                if (c >= spans[i].from && c <= spans[i].to)
                        return true;
        return false;
}

bool str_is_name(const char *s) {
        /* Controls; zero-width space, direction marks; line ends, direction overrides; word
         * joiner, isolates; byte order mark; annotations; tags. */
        static const struct span never[] = { { 0, 0x1f },         { 0x7f, 0x9f },
                                             { 0x200b, 0x200b },  { 0x200e, 0x200f },
                                             { 0x2028, 0x202e },  { 0x2060, 0x206f },
                                             { 0xfeff, 0xfeff },  { 0xfff9, 0xfffb },
                                             { 0xe0000, 0xe007f } };
        /* Blanks; the joiners of Persian words and of emoji. */
        static const struct span inside[] = { { ' ', ' ' },       { 0xa0, 0xa0 },
                                              { 0x1680, 0x1680 }, { 0x2000, 0x200d },
                                              { 0x202f, 0x202f }, { 0x205f, 0x205f },
                                              { 0x3000, 0x3000 } };
        bool at_end = true;

        for (size_t len; *s; s += len) {
                uint32_t c;

                len = str_utf8(s, strlen(s));
                if (!len)
                        return false;
                c = code_point(s, len);
                if (is_in(never, ARRAY_SIZE(never), c))
                        return false;
                if (!is_in(inside, ARRAY_SIZE(inside), c))
                        at_end = false;
                else if (at_end)
                        return false;
                else
                        at_end = !s[len];
        }
        return !at_end;
}

const char *str_int(int64_t v, char buffer[STR_INT]) {
        uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;
        char *p = buffer + STR_INT - 1;

        *p = '\0';
        do {
                *--p = (char)('0' + left % 10);
                left /= 10;
        } while (left);
        if (v < 0)
                *--p = '-';
        return p;
}
