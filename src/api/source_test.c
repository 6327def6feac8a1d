#include "api/source.h"
#include "test.h"

static void check(struct source_status *s, int64_t tenant, const char *want) {
        _cleanup_buf_ struct buf b = { 0 };

        source_status_write(s, tenant, &b);
        CHECK_STR(b.data, want);
}

TEST(told_and_shown) {
        static const struct complaint problems[] = {
                { "/srv/ctf/challenges/web/challenge.yml", 3, 7, "value: must be \"so\"" },
                { "/elsewhere/x.yml", 0, 0, "cannot be read" },
        };
        _cleanup_(source_status_freep) struct source_status *s =
                source_status_new("/srv/ctf/challenges/");

        check(s, 2, "{\"folder\":null,\"loaded_at\":null,\"problems\":[]}");
        source_status_tell(s, 2, 1700000000000, NULL, 0);
        source_status_tell(s, 2, 1700000001000, problems, 2);
        CHECK(source_status_problems(s) == 2);
        check(s, 2,
              "{\"folder\":\"challenges\",\"loaded_at\":\"2023-11-14T22:13:20.000Z\",\"problems\":"
              "[{\"file\":\"web/challenge.yml\",\"line\":3,\"column\":7,\"message\":\"value: must "
              "be "
              "\\\"so\\\"\"},{\"file\":\"x.yml\",\"line\":0,\"column\":0,\"message\":\"cannot be "
              "read\"}]}");
        source_status_tell(s, 2, 1700000002000, NULL, 0);
        CHECK(source_status_problems(s) == 0);
        check(s, 2,
              "{\"folder\":\"challenges\",\"loaded_at\":\"2023-11-14T22:13:22.000Z\",\"problems\":["
              "]}");
}

TEST(nobody_elses) {
        static const struct complaint problem = { "a", 1, 1, "secret" };
        _cleanup_(source_status_freep) struct source_status *s = source_status_new("x");

        source_status_tell(s, 2, 1, &problem, 1);
        check(s, 3, "{\"folder\":null,\"loaded_at\":null,\"problems\":[]}");
        check(NULL, 2, "{\"folder\":null,\"loaded_at\":null,\"problems\":[]}");
        CHECK(source_status_problems(NULL) == 0);
}
