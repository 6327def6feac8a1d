#include "base/err.h"
#include "test.h"

TEST(set_fills_and_fails) {
        struct err err;

        CHECK(err_set(&err, ERR_QUOTA, "team %s holds %d", "red", 3) == -1);
        CHECK(err.kind == ERR_QUOTA);
        CHECK_STR(err.msg, "team red holds 3");
        CHECK(err_http(err.kind) == 409);
}

TEST(wrap_keeps_the_kind) {
        struct err err;

        err_set(&err, ERR_UNAVAILABLE, "connection refused");
        CHECK(err_wrap(&err, "docker: starting %s", "web-1") == -1);
        CHECK(err.kind == ERR_UNAVAILABLE);
        CHECK_STR(err.msg, "docker: starting web-1: connection refused");
}

TEST(long_messages_are_cut_not_overrun) {
        struct err err;

        err_set(&err, ERR_INTERNAL, "%0300d", 7);
        for (int i = 0; i < 10; i++)
                err_wrap(&err, "%0100d", i);
        CHECK(strlen(err.msg) == sizeof(err.msg) - 1);
}
