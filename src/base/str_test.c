#include "base/str.h"
#include "test.h"

static bool reads(const char *s, int64_t min, int64_t max, int64_t want) {
        struct err err;
        int64_t v = 77;

        if (str_to_int(s, min, max, &v, &err) == 0)
                return v == want;
        CHECK(v == 77); /* untouched */
        CHECK(err.kind == ERR_INVALID);
        return false;
}

TEST(numbers_within_their_range) {
        CHECK(reads("0", 0, 10, 0));
        CHECK(reads("-0", 0, 10, 0));
        CHECK(reads("007", 0, 10, 7));
        CHECK(reads("10", 0, 10, 10));
        CHECK(!reads("11", 0, 10, 11));
        CHECK(!reads("-1", 0, 10, -1));
        CHECK(reads("9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX));
        CHECK(reads("-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN));
        CHECK(!reads("9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN));
        CHECK(!reads("-9223372036854775809", INT64_MIN, INT64_MAX, INT64_MAX));
        CHECK(!reads("99999999999999999999999", INT64_MIN, INT64_MAX, -1));
}

TEST(numbers_that_are_none) {
        static const char *const bad[] = { "", "-", "+1", " 1", "1 ", "1.0", "0x10", "1e3", "--1" };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct err err;
                int64_t v;

                CHECK(str_to_int(bad[i], INT64_MIN, INT64_MAX, &v, &err) == -1);
        }
}

TEST(the_message_says_the_range) {
        struct err err;
        int64_t v;

        CHECK(str_to_int("x", 1, 65535, &v, &err) == -1);
        CHECK_STR(err.msg, "must be a whole number from 1 to 65535");
}

TEST(slugs) {
        char s[66];

        CHECK(str_is_slug("a"));
        CHECK(str_is_slug("7"));
        CHECK(str_is_slug("web-1_b"));
        CHECK(!str_is_slug(""));
        CHECK(!str_is_slug("-a"));
        CHECK(!str_is_slug("_a"));
        CHECK(!str_is_slug("Web"));
        CHECK(!str_is_slug("a.b"));
        CHECK(!str_is_slug("a/b"));
        CHECK(!str_is_slug("a\n"));
        CHECK(!str_is_slug("\xc3\xa4"));
        memset(s, 'a', sizeof(s));
        s[63] = '\0';
        CHECK(str_is_slug(s));
        s[63] = 'a';
        s[64] = '\0';
        CHECK(!str_is_slug(s));
}

TEST(globs) {
        CHECK(str_glob("", ""));
        CHECK(!str_glob("", "a"));
        CHECK(str_glob("*", ""));
        CHECK(str_glob("*", "anything/at all"));
        CHECK(str_glob("registry/*:latest", "registry/web/one:latest"));
        CHECK(!str_glob("registry/*:latest", "registry/web:latest2"));
        CHECK(!str_glob("web", "web1"));
        CHECK(!str_glob("web1", "web"));
        CHECK(str_glob("w?b", "web"));
        CHECK(!str_glob("w?b", "wb"));
        CHECK(str_glob("a*b*c", "aXbXbXc"));
        CHECK(!str_glob("a*b*c", "aXcXb"));
        CHECK(str_glob("**a**", "bab"));
        CHECK(!str_glob("*?", ""));
        CHECK(str_glob("*ab", "aab"));
}

TEST(globs_do_not_explode) {
        char s[4001];

        memset(s, 'a', sizeof(s) - 1);
        s[sizeof(s) - 1] = '\0';
        CHECK(!str_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", s));
}

TEST(copies_fit) {
        char s[4] = "zzz";

        str_copy(s, sizeof(s), "abcdef");
        CHECK_STR(s, "abc");
        str_copy(s, sizeof(s), "ab");
        CHECK_STR(s, "ab");
        str_copy(s, 1, "ab");
        CHECK_STR(s, "");
}

TEST(utf8) {
        static const struct {
                const char *s;
                size_t len;
        } cases[] = {
                { "a", 1 },
                { "\x7f", 1 },
                { "\xc3\xa4", 2 },
                { "\xe2\x82\xac", 3 },
                { "\xf0\x9f\x9a\xa2", 4 },
                { "\xf4\x8f\xbf\xbf", 4 },
                { "\x80", 0 },             /* a continuation first */
                { "\xc3", 0 },             /* cut short */
                { "\xc3(", 0 },            /* no continuation */
                { "\xe2\x82", 0 },         /* cut short */
                { "\xe2\x82(", 0 },        /* no continuation */
                { "\xc0\x80", 0 },         /* overlong NUL */
                { "\xc1\xbf", 0 },         /* overlong */
                { "\xe0\x9f\xbf", 0 },     /* overlong */
                { "\xf0\x8f\xbf\xbf", 0 }, /* overlong */
                { "\xed\xa0\x80", 0 },     /* a surrogate */
                { "\xf4\x90\x80\x80", 0 }, /* beyond the last */
                { "\xf5\x80\x80\x80", 0 }, /* beyond the last */
                { "\xff", 0 },
                { "", 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                CHECK(str_utf8(cases[i].s, strlen(cases[i].s)) == cases[i].len);
}

TEST(names_for_people) {
        static const char *const good[] = { "a",
                                            "Zo\xc3\xab",
                                            "O'Neil <n@x>",
                                            "a b",
                                            "a\xc2\xa0"
                                            "b",
                                            "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb" };
        static const char *const bad[] = { "",
                                           " a",
                                           "a ",
                                           "a\nb",
                                           "a\x7f",
                                           "\xc2\x9b"
                                           "31m", /* a control of one byte */
                                           "\xe2\x80\xae"
                                           "abc",             /* written backwards */
                                           "ann\xe2\x80\x8b", /* zero width */
                                           "ann\xe2\x80\x8d", /* a joiner of nothing */
                                           "\xef\xbb\xbf"
                                           "ann",      /* a byte order mark */
                                           "\xc2\xa0", /* nothing but a blank */
                                           "a\xff" };

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                CHECK(str_is_name(good[i]));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                CHECK(!str_is_name(bad[i]));
}

TEST(trimmed) {
        size_t n = 7;

        CHECK(*str_trim("", &n) == '\0' && n == 0);
        CHECK(*str_trim(" \t\n", &n) == '\0' && n == 0);
        CHECK_STR(str_trim(" \r a b\n ", &n), "a b\n ");
        CHECK(n == 3);
        CHECK_STR(str_trim("x", &n), "x");
        CHECK(n == 1);
}
