#include "cli/duration.h"
#include "test.h"

static int64_t seconds(const char *text) {
        int64_t ret = -1;
        struct err err;

        return duration_parse(text, &ret, &err) == 0 ? ret : -1;
}

TEST(units) {
        CHECK(seconds("90s") == 90 && seconds("30m") == 1800);
        CHECK(seconds("12h") == 43200 && seconds("7d") == 604800);
}

TEST(what_is_none) {
        static const char *const none[] = { "",    "s",   "90", "0s",           "-1s", "1.5h",
                                            "1 h", "1hm", "h1", "99999999999s", "1w" };

        for (size_t i = 0; i < ARRAY_SIZE(none); i++)
                CHECK(seconds(none[i]) == -1);
}
