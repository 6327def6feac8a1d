#include <string.h>

#include "cli/flag.h"
#include "test.h"

static bool is(const char *name, const char *flag) { return flag_is(name, flag, strlen(flag)); }

TEST(a_flag_is_its_name_in_lower_case_with_dashes) {
        char text[FLAG_TEXT];

        CHECK(is("NO_WAIT", "no-wait"));
        CHECK(is("gate_listen", "gate-listen"));
        CHECK(flag_is("JSON", "json=yes", 4));
        CHECK(!is("NO_WAIT", "no_wait"));
        CHECK(!is("NO_WAIT", "no-wai"));
        CHECK(!is("NO_WAIT", "no-waits"));
        CHECK(!is("NO_WAIT", "NO-WAIT"));
        flag_text("NO_WAIT", text);
        CHECK_STR(text, "--no-wait");
        flag_text("gate_listen", text);
        CHECK_STR(text, "--gate-listen");
}

TEST(a_name_too_long_for_a_flag_is_cut) {
        char text[FLAG_TEXT];

        flag_text("a_name_of_more_than_forty_bytes_does_not_fit_anywhere", text);
        CHECK(strlen(text) == FLAG_TEXT - 1);
}
