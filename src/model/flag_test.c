#include "model/flag.h"

#include "test.h"

__attribute__((constructor)) static void init(void) { crypto_init(); }

static const uint8_t key[KEY_SIZE] = { 9, 8, 7 };
static const struct account user7 = { ACCOUNT_USER, 7 }, team7 = { ACCOUNT_TEAM, 7 };

static const char *derive(const char *template, int64_t challenge, struct account who,
                          int64_t generation) {
        static char flags[8][FLAG_MAX];
        static unsigned at;
        char *flag = flags[at++ % 8];
        struct err err;

        CHECK_OK(flag_derive(key, template, challenge, who, generation, flag, &err));
        return flag;
}

TEST(a_flag_is_derived_and_not_drawn) {
        CHECK_STR(derive("CTF{<hex>_<uuid>}", 4, user7, 0),
                  derive("CTF{<hex>_<uuid>}", 4, user7, 0));
}

TEST(a_flag_is_of_its_account_challenge_and_generation) {
        const char *flag = derive("<hex><hex>", 4, user7, 0);

        CHECK(strcmp(flag, derive("<hex><hex>", 5, user7, 0)) != 0);
        CHECK(strcmp(flag, derive("<hex><hex>", 4, user7, 1)) != 0);
        CHECK(strcmp(flag, derive("<hex><hex>", 4, (struct account){ ACCOUNT_USER, 8 }, 0)) != 0);
        CHECK(strcmp(flag, derive("<hex><hex>", 4, team7, 0)) != 0);
}

TEST(a_flag_is_of_its_key) {
        static const uint8_t other[KEY_SIZE] = { 9, 8, 6 };
        char flag[FLAG_MAX];
        struct err err;

        CHECK_OK(flag_derive(other, "<hex><hex>", 4, user7, 0, flag, &err));
        CHECK(strcmp(flag, derive("<hex><hex>", 4, user7, 0)) != 0);
}

TEST(tenants_have_keys_of_their_own) {
        uint8_t a[KEY_SIZE], b[KEY_SIZE], again[KEY_SIZE];

        flag_key(key, 1, a);
        flag_key(key, 2, b);
        flag_key(key, 1, again);
        CHECK(memcmp(a, b, sizeof(a)) != 0);
        CHECK(memcmp(a, again, sizeof(a)) == 0);
        CHECK(memcmp(a, key, sizeof(a)) != 0);
}

TEST(each_occurrence_has_bytes_of_its_own) {
        const char *flag = derive("<hex>-<hex>-<uuid>-<uuid>", 4, user7, 0);

        CHECK(strlen(flag) == 6 + 1 + 6 + 1 + 36 + 1 + 36);
        CHECK(strncmp(flag, flag + 7, 6) != 0);
        CHECK(strncmp(flag + 14, flag + 51, 36) != 0);
}

TEST(hex_is_six_digits) {
        const char *flag = derive("CTF{web_<hex>_end}", 4, user7, 0);

        CHECK(strlen(flag) == strlen("CTF{web_123456_end}"));
        CHECK(strncmp(flag, "CTF{web_", 8) == 0);
        CHECK(strspn(flag + 8, "0123456789abcdef") == 6);
        CHECK_STR(flag + 14, "_end}");
}

TEST(uuid_is_of_version_8) {
        const char *u = derive("<uuid>", 4, user7, 0);

        CHECK(strlen(u) == 36);
        CHECK(u[8] == '-' && u[13] == '-' && u[18] == '-' && u[23] == '-');
        CHECK(u[14] == '8');
        CHECK(strchr("89ab", u[19]) != NULL);
}

TEST(ids_are_the_account_s) {
        CHECK_STR(derive("u<user_id>t<team_id>", 4, user7, 0), "u7t0");
        CHECK_STR(derive("u<user_id>t<team_id>", 4, team7, 0), "u0t7");
        CHECK_STR(derive("plain", 4, user7, 0), "plain");
}

static void check_refused(const char *template, const char *reason) {
        struct err err;

        CHECK(flag_template_check(template, &err) == -1);
        CHECK(err.kind == ERR_INVALID);
        CHECK(strstr(err.msg, reason) != NULL);
}

TEST(templates_are_checked) {
        char fits[FLAG_MAX] = "", over[FLAG_MAX + 1] = "";
        struct err err;

        CHECK_OK(flag_template_check("web_<hex>_<uuid>_<user_id>_<team_id>", &err));
        CHECK_OK(flag_template_check("CTF{static}", &err));
        check_refused("", "empty");
        check_refused("CTF{<hax>}", "unknown placeholder \"<hax>\"");
        check_refused("CTF{<hex}", "unknown placeholder \"<hex}\"");
        check_refused("a < b", "unknown placeholder");
        check_refused("CTF{a\nb}", "control character");
        memset(fits, 'a', FLAG_MAX - 1);
        CHECK_OK(flag_template_check(fits, &err));
        memset(over, 'a', FLAG_MAX);
        check_refused(over, "longer than 255 bytes");
}

TEST(what_passes_the_check_fits_for_every_account) {
        char template[FLAG_MAX] = "";
        struct err err;

        memset(template, 'a', 240);
        memcpy(template + 240, "<user_id>", sizeof("<user_id>"));
        check_refused(template, "longer"); /* 240 and up to 19 digits */
        memcpy(template + 236, "<user_id>", sizeof("<user_id>"));
        CHECK_OK(flag_template_check(template, &err));
        CHECK(strlen(derive(template, 4, (struct account){ ACCOUNT_USER, INT64_MAX }, 0)) == 255);
}

TEST(a_failure_leaves_the_result_alone) {
        char flag[FLAG_MAX] = "before";
        struct err err;

        CHECK(flag_derive(key, "a<nope>", 4, user7, 0, flag, &err) == -1);
        CHECK_STR(flag, "before");
}
