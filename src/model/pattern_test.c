#include "model/pattern.h"
#include "test.h"

#include <time.h>

static bool matches_as(enum pattern_kind kind, const char *pattern, const char *text) {
        struct pattern *p;
        struct err err;
        bool r;

        CHECK_OK(pattern_new(pattern, kind, false, &p, &err));
        r = pattern_matches(p, text, strlen(text));
        pattern_free(p);
        return r;
}

static bool matches(const char *pattern, const char *text) {
        return matches_as(PATTERN_WHOLE, pattern, text);
}

static bool once(const char *pattern, const char *text) {
        return matches_as(PATTERN_ONCE, pattern, text);
}

TEST(a_pattern_is_for_the_whole_text) {
        CHECK(matches("^26$", "26"));
        CHECK(matches("26", "26"));
        CHECK(!matches("26", "261"));
        CHECK(!matches("26", "x26"));
        CHECK(!matches("^26$", "26\n26"));
        CHECK(matches("a|ab", "ab")); /* whichever branch reaches the end */
        CHECK(matches("flag\\{[0-9a-f]+\\}", "flag{c0ffee}"));
        CHECK(!matches("flag\\{[0-9a-f]+\\}", "flag{}"));
        CHECK(matches("", ""));
}

TEST(case_and_characters) {
        struct pattern *p;
        struct err err;

        CHECK(!matches("flag", "FLAG"));
        CHECK_OK(pattern_new("flag\\{ä\\}", PATTERN_WHOLE, true, &p, &err));
        CHECK(pattern_matches(p, "FLAG{Ä}", strlen("FLAG{Ä}")));
        pattern_free(p);
        CHECK(matches("^.$", "€"));
        CHECK(!matches(".", "\xff")); /* is no text */
}

TEST(what_is_no_pattern_is_refused_with_its_place) {
        struct pattern *p;
        struct err err;
        char text[5000];

        CHECK(pattern_new("a(b", PATTERN_WHOLE, false, &p, &err) == -1 && err.kind == ERR_INVALID);
        CHECK(strstr(err.msg, "at offset 3"));
        CHECK(pattern_new("[z-a]", PATTERN_WHOLE, false, &p, &err) == -1);
        CHECK(pattern_new("\\C", PATTERN_WHOLE, false, &p, &err) == -1);
        memset(text, 'a', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        CHECK(pattern_new(text, PATTERN_WHOLE, false, &p, &err) == -1);
}

/* (B2) CTFG counts matches: one is right. */
TEST(once_is_found_in_one_place) {
        CHECK(once("^26$", "26"));
        CHECK(!once("^26$", "261") && !once("^26$", "x26") && !once("^26$", ""));
        CHECK(once("26", "261") && once("26", "x26"));
        CHECK(!once("26", "26 26") && !once("26", "2626") && !once("26", "62"));
        CHECK(once("aa", "aaa"));           /* they do not overlap */
        CHECK(once("", ""));                /* the empty one is in one place of nothing, */
        CHECK(!once("", "a"));              /* in two of this, */
        CHECK(!once("x*", "\xe2\x82\xac")); /* and in two of one character of three bytes */
        CHECK(once("^300\xcf\x80$", "300\xcf\x80"));
        CHECK(!once(".", "\xff")); /* is no text */
        CHECK(once("(?i)flag", "FLAG"));
}

/* (B2) Without limits each of these runs for longer than anybody waits. */
TEST(a_catastrophe_ends_as_no_match) {
        static const char *const patterns[] = { "(a+)+$", "(a|aa)+b", "(.*)(.*)(.*)(.*)(.*)x",
                                                "((a{0,50}){0,50}){0,50}b" };
        char text[1001];
        clock_t began = clock();

        memset(text, 'a', 1000);
        text[1000] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
                if (i == 0)
                        text[999] = '!';
                CHECK(!matches(patterns[i], text));
                text[999] = 'a';
        }
        CHECK(clock() - began < 4 * CLOCKS_PER_SEC / 10); /* of its own time; 100 ms each */
}

/* A search tries at each of a thousand places, and the second one begins anew. */
TEST(a_catastrophe_of_a_search_ends_too) {
        static const char *const patterns[] = { "(a+)+$",
                                                "(a|aa)+b",
                                                "(.*)(.*)(.*)(.*)(.*)x",
                                                "((a{0,50}){0,50}){0,50}b",
                                                "(?=(a+)+!)(a|aa)+b",
                                                "^b|(?:a*+b|a)+c" };
        char text[1001];

        memset(text, 'a', 1000);
        text[1000] = '\0';
        text[999] = '!';
        for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
                clock_t began = clock();

                CHECK(!once(patterns[i], text));
                CHECK(clock() - began < CLOCKS_PER_SEC / 10);
        }
}

/* That the second one was not looked for to its end does not make the first the only one. */
TEST(no_end_is_no_answer) {
        char text[1001];

        memset(text, 'a', 1000);
        text[1000] = '\0';
        text[0] = 'x';
        CHECK(!once("^x|(a|aa)+b", text));
}
