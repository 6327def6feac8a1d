#include "base/random.h"
#include "test.h"

TEST(bytes_fill_all_and_differ) {
        static unsigned char a[1000], b[1000];
        size_t zeros = 0;

        random_bytes(a, sizeof(a));
        random_bytes(b, sizeof(b));
        CHECK(memcmp(a, b, sizeof(a)) != 0);
        for (size_t i = 0; i < sizeof(a); i++)
                zeros += a[i] == 0;
        CHECK(zeros < 50);
        random_bytes(a, 0);
}

TEST(below_reaches_all_and_no_more) {
        int seen[6] = { 0 };

        for (int i = 0; i < 6000; i++) {
                uint64_t v = random_below(6);

                CHECK(v < 6);
                seen[v]++;
        }
        for (int i = 0; i < 6; i++)
                CHECK(seen[i] > 700 && seen[i] < 1300);
        CHECK(random_below(1) == 0);
        CHECK(random_below(UINT64_MAX) < UINT64_MAX);
}

TEST(jitter_stays_within) {
        int64_t least = INT64_MAX, most = 0;

        for (int i = 0; i < 2000; i++) {
                int64_t ms = random_jitter(101);

                least = ms < least ? ms : least;
                most = ms > most ? ms : most;
        }
        CHECK(least == 50 && most == 101);
        CHECK(random_jitter(0) == 0);
        for (int i = 0; i < 100; i++)
                CHECK(random_jitter(1) >= 0 && random_jitter(1) <= 1);
}
