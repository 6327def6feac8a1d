#include "model/pattern.h"
#include "test.h"

#include <time.h>

static bool matches(const char *pattern, const char *text) {
        struct pattern *p;
        struct err err;
        bool r;

        CHECK_OK(pattern_new(pattern, false, &p, &err));
        r = pattern_matches(p, text, strlen(text));
        pattern_free(p);
        return r;
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
        CHECK_OK(pattern_new("flag\\{ä\\}", true, &p, &err));
        CHECK(pattern_matches(p, "FLAG{Ä}", strlen("FLAG{Ä}")));
        pattern_free(p);
        CHECK(matches("^.$", "€"));
        CHECK(!matches(".", "\xff")); /* is no text */
}

TEST(what_is_no_pattern_is_refused_with_its_place) {
        struct pattern *p;
        struct err err;
        char text[5000];

        CHECK(pattern_new("a(b", false, &p, &err) == -1 && err.kind == ERR_INVALID);
        CHECK(strstr(err.msg, "at offset 3"));
        CHECK(pattern_new("[z-a]", false, &p, &err) == -1);
        CHECK(pattern_new("\\C", false, &p, &err) == -1);
        memset(text, 'a', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        CHECK(pattern_new(text, false, &p, &err) == -1);
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
