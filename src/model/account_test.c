#include "model/account.h"
#include "test.h"

__attribute__((constructor)) static void init(void) { crypto_init(); }

TEST(roles_are_read_as_they_are_written) {
        for (int r = ROLE_PLAYER; r <= ROLE_ADMIN; r++)
                CHECK(role_parse(role_name((enum role)r)) == r);
        CHECK(role_parse("Admin") == -1);
        CHECK(role_parse("") == -1);
}

TEST(a_token_is_prefix_and_43_characters) {
        char text[TOKEN_TEXT];
        uint8_t digest[SHA256_SIZE], again[SHA256_SIZE];

        token_make(text, digest);
        CHECK(strlen(text) == 47);
        CHECK(strncmp(text, "brt_", 4) == 0);
        CHECK(strspn(text + 4,
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == 43);
        token_digest(text, strlen(text), again);
        CHECK(memcmp(digest, again, sizeof(digest)) == 0);
}

TEST(tokens_differ) {
        char a[TOKEN_TEXT], b[TOKEN_TEXT];
        uint8_t da[SHA256_SIZE], db[SHA256_SIZE];

        token_make(a, da);
        token_make(b, db);
        CHECK(strcmp(a, b) != 0);
        CHECK(memcmp(da, db, sizeof(da)) != 0);
}

TEST(who_acts_depends_on_the_mode) {
        struct user user = { .id = 7, .team = 3 }, loner = { .id = 8 };
        struct tenant users = { .team_mode = false }, teams = { .team_mode = true };

        CHECK(account_equal(user_account(&user, &users), (struct account){ ACCOUNT_USER, 7 }));
        CHECK(account_equal(user_account(&user, &teams), (struct account){ ACCOUNT_TEAM, 3 }));
        CHECK(user_account(&loner, &teams).id == 0);
}

TEST(a_user_and_a_team_of_one_number_differ) {
        struct account user = { ACCOUNT_USER, 7 }, team = { ACCOUNT_TEAM, 7 };

        CHECK(!account_equal(user, team));
        CHECK(account_key(user) != account_key(team));
        CHECK_STR(account_kind_name(ACCOUNT_USER), "user");
        CHECK_STR(account_kind_name(ACCOUNT_TEAM), "team");
}
