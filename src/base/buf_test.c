#include "base/buf.h"
#include "test.h"

TEST(grows_and_stays_terminated) {
        _cleanup_buf_ struct buf b = { 0 };

        for (int i = 0; i < 1000; i++) {
                buf_char(&b, 'x');
                CHECK(strlen(b.data) == (size_t)i + 1);
                CHECK(b.len < b.cap);
        }
        CHECK(b.len == 1000);
}

TEST(clear_keeps_the_memory) {
        _cleanup_buf_ struct buf b = { 0 };
        const char *data;

        buf_clear(&b);
        CHECK_STR(b.data, "");
        buf_str(&b, "some text");
        data = b.data;
        buf_clear(&b);
        CHECK(b.len == 0 && b.data == data);
        CHECK_STR(b.data, "");
}

TEST(bytes_with_nul) {
        _cleanup_buf_ struct buf b = { 0 };

        buf_add(&b, "a\0b", 3);
        buf_add(&b, NULL, 0);
        CHECK(b.len == 3 && memcmp(b.data, "a\0b", 4) == 0);
}

TEST(numbers) {
        _cleanup_buf_ struct buf b = { 0 };

        buf_int(&b, 0);
        buf_char(&b, ' ');
        buf_int(&b, -15);
        buf_char(&b, ' ');
        buf_int(&b, INT64_MAX);
        buf_char(&b, ' ');
        buf_int(&b, INT64_MIN);
        CHECK_STR(b.data, "0 -15 9223372036854775807 -9223372036854775808");
}

TEST(formats_of_any_length) {
        _cleanup_buf_ struct buf b = { 0 };

        buf_printf(&b, "%s-%d", "port", 7);
        CHECK_STR(b.data, "port-7");
        buf_printf(&b, "%0500d", 1);
        CHECK(b.len == 506 && b.data[505] == '1' && b.data[506] == '\0');
}

TEST(reserve_makes_room) {
        _cleanup_buf_ struct buf b = { 0 };
        const char *data;

        buf_reserve(&b, 10000);
        data = b.data;
        for (int i = 0; i < 10000; i++)
                buf_char(&b, 'x');
        CHECK(b.data == data);
}

TEST(done_leaves_an_empty_one) {
        struct buf b = { 0 };

        buf_str(&b, "x");
        buf_done(&b);
        CHECK(!b.data && b.len == 0 && b.cap == 0);
        buf_done(&b);
}
