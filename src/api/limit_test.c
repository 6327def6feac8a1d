#include "api/limit.h"
#include "test.h"

#define SECOND INT64_C(1000000)

static const struct account red = { ACCOUNT_TEAM, 1 }, blue = { ACCOUNT_TEAM, 2 };

TEST(a_burst_then_one_by_one) {
        _cleanup_(limits_freep) struct limits *l = limits_new();
        struct limit_key key = limit_key_account(red, 1, 0);
        int64_t now = 1000 * SECOND;

        for (int i = 0; i < 10; i++)
                CHECK(limits_take(l, LIMIT_EXTEND, key, now) == 0);
        CHECK(limits_take(l, LIMIT_EXTEND, key, now) == 6 * SECOND);
        CHECK(limits_take(l, LIMIT_EXTEND, key, now + 5 * SECOND) == SECOND);
        CHECK(limits_take(l, LIMIT_EXTEND, key, now + 6 * SECOND) == 0);
        CHECK(limits_take(l, LIMIT_EXTEND, key, now + 6 * SECOND) == 6 * SECOND);
}

TEST(a_refusal_costs_nothing) {
        _cleanup_(limits_freep) struct limits *l = limits_new();
        struct limit_key key = limit_key_account(red, 1, 0);

        for (int i = 0; i < 1000; i++)
                (void)limits_take(l, LIMIT_EXTEND, key, SECOND);
        CHECK(limits_take(l, LIMIT_EXTEND, key, 7 * SECOND) == 0);
}

TEST(it_refills_to_the_burst_and_no_further) {
        _cleanup_(limits_freep) struct limits *l = limits_new();
        struct limit_key key = limit_key_account(red, 1, 0);

        (void)limits_take(l, LIMIT_EXTEND, key, SECOND);
        for (int i = 0; i < 10; i++)
                CHECK(limits_take(l, LIMIT_EXTEND, key, 10000 * SECOND) == 0);
        CHECK(limits_take(l, LIMIT_EXTEND, key, 10000 * SECOND) > 0);
}

TEST(accounts_and_endpoints_have_buckets_of_their_own) {
        _cleanup_(limits_freep) struct limits *l = limits_new();

        for (int i = 0; i < 100; i++)
                CHECK(limits_take(l, LIMIT_API, limit_key_account(red, 1, 3), SECOND) == 0);
        CHECK(limits_take(l, LIMIT_API, limit_key_account(red, 2, 3), SECOND) > 0);
        CHECK(limits_take(l, LIMIT_API, limit_key_account(red, 1, 4), SECOND) == 0);
        CHECK(limits_take(l, LIMIT_API, limit_key_account(blue, 1, 3), SECOND) == 0);
        CHECK(limits_take(l, LIMIT_API, limit_key_account((struct account){ 0 }, 1, 3), SECOND) ==
              0);
}

TEST(an_account_limit_counts_over_endpoints) {
        _cleanup_(limits_freep) struct limits *l = limits_new();

        for (int i = 0; i < 10; i++)
                CHECK(limits_take(l, LIMIT_EXTEND, limit_key_account(red, 1, i % 2), SECOND) == 0);
        CHECK(limits_take(l, LIMIT_EXTEND, limit_key_account(red, 1, 7), SECOND) > 0);
}

static bool same(const char *a, const char *b) {
        struct limit_key x = limit_key_address(a), y = limit_key_address(b);

        return x.kind == y.kind && x.who == y.who;
}

TEST(an_ipv6_network_is_one_address) {
        CHECK(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        CHECK(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        CHECK(!same("192.0.2.1", "192.0.2.2"));
        CHECK(same("192.0.2.1", "::ffff:192.0.2.1"));
        CHECK(same("what", "ever"));
        CHECK(!same("what", "0.0.0.0"));
}

TEST(a_flood_of_addresses_needs_no_more_memory_and_spares_the_busy) {
        _cleanup_(limits_freep) struct limits *l = limits_new();
        struct limit_key key = limit_key_account(red, 1, 0);

        for (int i = 0; i < 10; i++)
                (void)limits_take(l, LIMIT_EXTEND, key, SECOND);
        for (int i = 0; i < 300000; i++)
                (void)limits_take(l, LIMIT_ADDRESS, (struct limit_key){ 3, (uint64_t)i, 0 },
                                  SECOND);
        CHECK(limits_take(l, LIMIT_EXTEND, key, SECOND) > 0);
}

TEST(no_limit_limits_nothing) {
        _cleanup_(limits_freep) struct limits *l = limits_new();

        for (int i = 0; i < 1000; i++)
                CHECK(limits_take(l, LIMIT_NONE, limit_key_account(red, 1, 0), SECOND) == 0);
}
