#include "model/display_name.h"
#include "test.h"

#include "base/attr.h"

static struct err err;

static void takes(const char *text, const char *want) {
        char name[DISPLAY_NAME_SIZE];

        CHECK_OK(display_name_clean(text, name, &err));
        CHECK_STR(name, want);
}

static void refuses(const char *text, const char *why) {
        char name[DISPLAY_NAME_SIZE] = "untouched";

        if (display_name_clean(text, name, &err) == 0) {
                fprintf(stderr, "\"%s\" was taken\n", text);
                exit(1);
        }
        CHECK(err.kind == ERR_INVALID);
        CHECK_STR(err.msg, why);
        CHECK_STR(name, "untouched");
}

TEST(good_names) {
        takes("Ada", "Ada");
        takes("  Ada \t  Lovelace\n", "Ada Lovelace");
        takes("0x_Dead.Beef (team #1)!?", "0x_Dead.Beef (team #1)!?");
        takes("O'Neil, Jr.", "O'Neil, Jr.");
        takes("Zoë Ångström", "Zoë Ångström");
        takes("北京大学", "北京大学");
        takes("Modern", "Modern");
        takes("Beetroot", "Beetroot");
        takes("Badminton 4 ever", "Badminton 4 ever");
        takes("aaaa", "aaaa");
        takes("-----", "-----");
}

TEST(lengths_count_characters) {
        takes("123456789012345678901234567890", "123456789012345678901234567890");
        takes("äöüäöüäöüäöüäöüäöüäöüäöüäöüäöü", "äöüäöüäöüäöüäöüäöüäöüäöüäöüäöü");
        refuses("1234567890123456789012345678901", "Display name cannot exceed 30 characters");
        refuses("x", "Display name must be at least 2 characters");
        refuses("ä", "Display name must be at least 2 characters");
        refuses("", "Display name cannot be empty");
        refuses(" \t\r\n ", "Display name cannot be empty");
}

TEST(a_very_long_one_is_too_long) {
        char text[1000];

        memset(text, 'a', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        refuses(text, "Display name cannot exceed 30 characters");
}

TEST(characters_outside_the_set) {
        static const char *const bad[] = { "<b>x</b>",
                                           "a\\b",
                                           "a\"b",
                                           "a/b",
                                           "a;b",
                                           "a\x01b",
                                           "ab\xe2\x80\xae",
                                           "a\xff"
                                           "b",
                                           "a%b",
                                           "a&b" };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                refuses(bad[i], "Display name contains invalid characters");
}

TEST(who_makes_believe) {
        static const char *const bad[] = { "admin",     "Admin",        "ADMIN 2",   "the_admin",
                                           "admin42",   "Mod",          "root",      "CTFG staff",
                                           "game root", "organizer(1)", "Ａｄｍｉｎ" };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                refuses(bad[i], "Display name contains restricted terms");
}

TEST(five_in_a_row) {
        refuses("aaaaa", "Display name contains excessive character repetition");
        refuses("x11111x", "Display name contains excessive character repetition");
}

static void same(const char *a, const char *b) {
        char x[DISPLAY_NAME_KEY], y[DISPLAY_NAME_KEY];

        display_name_key(a, x);
        display_name_key(b, y);
        CHECK_STR(x, y);
}

TEST(case_and_encoding_make_no_other_name) {
        char x[DISPLAY_NAME_KEY], y[DISPLAY_NAME_KEY];

        same("Ada", "aDA");
        same("ZOË", "zoë");
        same("zoe\xcc\x88", "zoë"); /* e and a combining diaeresis */
        same("ΑΒΓ", "αβγ");
        same("ПРИВЕТ Ё", "привет ё");
        same("ŁÓDŹ", "łódź");
        same("Ａｄａ", "ada"); /* full width */
        display_name_key("×a", x);
        display_name_key("÷a", y);
        CHECK(strcmp(x, y) != 0);
        display_name_key("北京", x);
        CHECK_STR(x, "北京");
}

TEST(the_longest_name_has_a_key) {
        char text[DISPLAY_NAME_SIZE] = "", key[DISPLAY_NAME_KEY];

        for (size_t i = 0; i < 30; i++)
                memcpy(text + 3 * i, "\xef\xb7\xba", 3); /* U+FDFA */
        display_name_key(text, key);                     /* a ligature of eighteen letters */
        CHECK(strlen(key) == 30 * 33);
}
