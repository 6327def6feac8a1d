#include "base/clock.h"
#include "base/crypto.h"
#include "base/password.h"
#include "test.h"

TEST(right_and_wrong) {
        char a[PASSWORD_SIZE], b[PASSWORD_SIZE];

        crypto_init();
        password_hash("correct horse", a);
        password_hash("correct horse", b);
        CHECK(strcmp(a, b) != 0); /* the salt */
        CHECK(strncmp(a, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0);
        CHECK(!strstr(a, "horse"));
        CHECK(password_verify(a, "correct horse"));
        CHECK(password_verify(b, "correct horse"));
        CHECK(!password_verify(a, "correct horse "));
        CHECK(!password_verify(a, ""));
}

TEST(damaged) {
        char stored[PASSWORD_SIZE];

        crypto_init();
        password_hash("x", stored);
        stored[50] = stored[50] == 'A' ? 'B' : 'A';
        CHECK(!password_verify(stored, "x"));
        CHECK(!password_verify("plain text", "plain text"));
        CHECK(!password_verify("$argon2id$", ""));
}

TEST(lengths) {
        char text[PASSWORD_MAX + 2];
        struct err err;

        memset(text, 'a', sizeof(text));
        text[PASSWORD_MAX + 1] = '\0';
        CHECK(password_check(text, &err) < 0 && err.kind == ERR_INVALID);
        text[PASSWORD_MAX] = '\0';
        CHECK_OK(password_check(text, &err));
        text[PASSWORD_MIN] = '\0';
        CHECK_OK(password_check(text, &err));
        text[PASSWORD_MIN - 1] = '\0';
        CHECK(password_check(text, &err) < 0);
}

/* An unknown name must not answer sooner than a wrong password. */
TEST(nobody_takes_as_long) {
        char stored[PASSWORD_SIZE];
        int64_t begin, wrong = INT64_MAX, nobody = INT64_MAX;

        crypto_init();
        password_hash("secret", stored);
        CHECK(!password_verify("", "")); /* makes the decoy */
        for (int i = 0; i < 5; i++) {
                int64_t took;

                begin = clock_mono_us();
                CHECK(!password_verify(stored, "guess"));
                took = clock_mono_us() - begin;
                wrong = took < wrong ? took : wrong;
                begin = clock_mono_us();
                CHECK(!password_verify("", "guess"));
                took = clock_mono_us() - begin;
                nobody = took < nobody ? took : nobody;
        }
        CHECK(nobody * 2 > wrong && wrong * 2 > nobody);
}
