#include "api/query.h"
#include "test.h"

TEST(times_are_read_to_the_millisecond) {
        struct err err;
        int64_t ms;

        CHECK_OK(query_time("from", "1970-01-01T00:00:01Z", &ms, &err));
        CHECK(ms == 1000);
        CHECK_OK(query_time("from", "2026-11-20T19:05:06.123456Z", &ms, &err));
        CHECK(ms == INT64_C(1795201506123));
        CHECK_OK(query_time("from", NULL, &ms, &err));
        CHECK(ms == 0);
}

TEST(anything_else_is_no_time) {
        static const char *const bad[] = { "",
                                           "2026",
                                           "2026-11-20",
                                           "2026-13-20T19:05:06Z",
                                           "2026-11-32T19:05:06Z",
                                           "2026-11-20T24:05:06Z",
                                           "2026-11-20T19:05:06",
                                           "2026-11-20T19:05:06.Z",
                                           "2026-11-20 19:05:06Z",
                                           "2026-11-20T19:05:06Zx",
                                           "-026-11-20T19:05:06Z" };
        struct err err;
        int64_t ms = 7;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CHECK(query_time("from", bad[i], &ms, &err) < 0);
                CHECK(strstr(err.msg, "from") && ms == 7);
        }
}

TEST(numbers_and_switches) {
        struct err err;
        int64_t n;
        bool on;

        CHECK_OK(query_int("limit", NULL, 1, 1000, 100, &n, &err));
        CHECK(n == 100);
        CHECK_OK(query_int("limit", "1000", 1, 1000, 100, &n, &err));
        CHECK(n == 1000);
        CHECK(query_int("limit", "0", 1, 1000, 100, &n, &err) < 0 && strstr(err.msg, "limit"));
        CHECK(query_int("limit", "1x", 1, 1000, 100, &n, &err) < 0);
        CHECK(query_int("limit", "", 1, 1000, 100, &n, &err) < 0);
        CHECK_OK(query_bool("all", "1", &on, &err));
        CHECK(on);
        CHECK_OK(query_bool("all", NULL, &on, &err));
        CHECK(!on);
        CHECK(query_bool("all", "maybe", &on, &err) < 0);
}

TEST(accounts_and_ids) {
        struct account a;
        struct err err;
        int64_t id;

        CHECK_OK(query_account("account", "team:3", &a, &err));
        CHECK(a.kind == ACCOUNT_TEAM && a.id == 3);
        CHECK_OK(query_account("account", NULL, &a, &err));
        CHECK(a.id == 0);
        CHECK(query_account("account", "team:", &a, &err) < 0);
        CHECK(query_account("account", "team:0", &a, &err) < 0);
        CHECK(query_account("account", "team:-3", &a, &err) < 0);
        CHECK(query_account("account", "3", &a, &err) < 0);
        CHECK(query_id("12", &id) && id == 12);
        CHECK(!query_id("-1", &id) && !query_id("0", &id) && !query_id("", &id));
        CHECK(!query_id("99999999999999999999", &id));
}
