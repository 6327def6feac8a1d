#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/clock.h"
#include "test.h"

/* The C library's, with a wall clock that can be set. */
static time_t set_ahead_s;

int clock_gettime(clockid_t id, struct timespec *ret) {
        long r = syscall(SYS_clock_gettime, id, ret);

        if (r == 0 && id == CLOCK_REALTIME)
                ret->tv_sec += set_ahead_s;
        return (int)r;
}

static void about(int64_t v, int64_t want) {
        if (v < want - 500 || v > want + 500) {
                fprintf(stderr, "%lld is not about %lld\n", (long long)v, (long long)want);
                exit(1);
        }
}

TEST(now_is_the_wall_clock) {
        about(clock_now_ms(), (int64_t)time(NULL) * 1000 + 500);
        CHECK(clock_check() == 0);
}

TEST(time_goes_on) {
        int64_t now = clock_now_ms(), mono = clock_mono_ms(), us = clock_mono_us();

        usleep(20000);
        CHECK(clock_now_ms() - now >= 19);
        CHECK(clock_mono_ms() - mono >= 19);
        CHECK(clock_mono_us() - us >= 19000);
}

TEST(a_jump_moves_nothing_and_is_told_once) {
        int64_t now = clock_now_ms();

        set_ahead_s = 3600;
        about(clock_now_ms(), now);
        about(clock_check(), 3600000);
        CHECK(clock_check() == 0);
        set_ahead_s = 0;
        about(clock_now_ms(), now);
        about(clock_check(), -3600000);
        CHECK(clock_check() == 0);
}

TEST(a_small_step_is_no_jump) {
        set_ahead_s = 1;
        CHECK(clock_check() == 0);
        set_ahead_s = -1;
        CHECK(clock_check() == 0);
}

TEST(text) {
        char s[CLOCK_TEXT];

        clock_text(0, s);
        CHECK_STR(s, "1970-01-01T00:00:00.000Z");
        clock_text(1795201506123, s);
        CHECK_STR(s, "2026-11-20T19:05:06.123Z");
        clock_text(951782400007, s);
        CHECK_STR(s, "2000-02-29T00:00:00.007Z");
        clock_text(-1, s);
        CHECK_STR(s, "1969-12-31T23:59:59.999Z");
}

TEST(text_is_what_the_calendar_says) {
        for (int64_t ms = -62162035200000; ms < 253402300800000; ms += 7654321987) {
                time_t t = (time_t)((ms - (ms % 1000 + 1000) % 1000) / 1000);
                char want[CLOCK_TEXT], got[CLOCK_TEXT];
                struct tm tm;

                CHECK(gmtime_r(&t, &tm) != NULL);
                snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                         (tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100, tm.tm_mday % 100,
                         tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100,
                         (int)((ms % 1000 + 1000) % 1000));
                clock_text(ms, got);
                CHECK_STR(got, want);
        }
}

static int64_t parsed(const char *text) {
        int64_t ms = -1;

        return clock_parse(text, &ms) ? ms : -1;
}

TEST(moments_are_read_with_their_offset) {
        char text[CLOCK_TEXT];

        CHECK(parsed("1970-01-01T00:00:01Z") == 1000);
        CHECK(parsed("1970-01-01T02:00:01+02:00") == 1000);
        CHECK(parsed("1969-12-31T19:00:01-0500") == -1); /* before 1970 where it was written */
        CHECK(parsed("1970-01-01T00:00:00.25Z") == 250);
        clock_text(parsed("2026-11-20T19:05:06.123456+05:30"), text);
        CHECK_STR(text, "2026-11-20T13:35:06.123Z");
}

TEST(what_is_no_moment) {
        static const char *const bad[] = { "",
                                           "2026-11-20",
                                           "2026-11-20T19:05:06",
                                           "2026-11-20 19:05:06Z",
                                           "2026-02-30T00:00:00Z",
                                           "2026-11-20T24:00:00Z",
                                           "2026-11-20T19:05:06+2",
                                           "2026-11-20T19:05:06+24:00",
                                           "2026-11-20T19:05:06Zx",
                                           "1970-01-01T00:00:00+01:00" };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                CHECK(parsed(bad[i]) == -1);
}
