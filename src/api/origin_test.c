#include "api/origin.h"

#include <stddef.h>

#include "test.h"

TEST(by_default_it_is_our_own) {
        CHECK(origin_allowed("http://ctf.example", "ctf.example", false, NULL, true));
        CHECK(origin_allowed("HTTP://CTF.example", "ctf.EXAMPLE", false, NULL, true));
        CHECK(origin_allowed("http://127.0.0.1:8080", "127.0.0.1:8080", false, NULL, true));
        CHECK(origin_allowed("http://ctf.example", "ctf.example:80", false, NULL, true));
        CHECK(origin_allowed("https://ctf.example:443", "ctf.example", true, NULL, true));
        CHECK(!origin_allowed("https://ctf.example", "ctf.example", false, NULL, true));
        CHECK(!origin_allowed("http://ctf.example", "ctf.example", true, NULL, true));
        CHECK(!origin_allowed("http://ctf.example:8080", "ctf.example", false, NULL, true));
        CHECK(!origin_allowed("http://ctf.example.evil", "ctf.example", false, NULL, true));
        CHECK(!origin_allowed("http://ctf.example/", "ctf.example", false, NULL, true));
        CHECK(!origin_allowed("http://", "", false, NULL, true));
        CHECK(!origin_allowed("http://a", NULL, false, NULL, true));
        CHECK(!origin_allowed("null", "null", false, NULL, true));
        CHECK(!origin_allowed("", "", false, NULL, true));
}

TEST(a_list_says_which) {
        static const char *const list[] = { "https://one.example", "http://two.example:8080",
                                            "nonsense", NULL };

        CHECK(origin_allowed("https://one.example", "other", false, list, true));
        CHECK(origin_allowed("https://ONE.example:443", "other", false, list, true));
        CHECK(origin_allowed("http://two.example:8080", "other", false, list, true));
        CHECK(!origin_allowed("http://one.example", "other", false, list, true));
        CHECK(!origin_allowed("http://two.example", "other", false, list, true));
        CHECK(!origin_allowed("http://other", "other", false, list,
                              true)); /* our own is not in it */
        CHECK(!origin_allowed("nonsense", "other", false, list, true));
        CHECK(origin_allowed("http://other", "other", false, list + 3, true)); /* empty */
}

TEST(programs_send_none) {
        CHECK(origin_allowed(NULL, "x", false, NULL, true));
        CHECK(!origin_allowed(NULL, "x", false, NULL, false));
}
