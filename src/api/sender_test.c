#include "api/sender.h"
#include "test.h"

static const uint8_t key[KEY_SIZE] = { 1, 2, 3 };

static const char *hash_of(const char *address) {
        static char texts[4][sizeof(((struct sender *)0)->address)];
        static int next;
        char *text = texts[next++ % 4];

        if (next == 1)
                crypto_init();
        sender_hash(key, address, text);
        return text;
}

TEST(one_place_has_one_hash) {
        const char *one = hash_of("192.0.2.7");

        CHECK(strlen(one) == 16 && strspn(one, "0123456789abcdef") == 16);
        CHECK_STR(one, hash_of("192.0.2.7"));
        CHECK_STR(one, hash_of("::ffff:192.0.2.7"));
        CHECK(strcmp(one, hash_of("192.0.2.8")) != 0);
}

TEST(a_customer_of_ipv6_has_all_of_a_64) {
        const char *one = hash_of("2001:db8:1:2::1");

        CHECK_STR(one, hash_of("2001:db8:1:2:ffff::9"));
        CHECK(strcmp(one, hash_of("2001:db8:1:3::1")) != 0);
}

/* Else a table of all addresses would undo it. */
TEST(another_key_gives_another_hash) {
        const uint8_t other[KEY_SIZE] = { 3, 2, 1 };
        char text[sizeof(((struct sender *)0)->address)];

        crypto_init();
        sender_hash(other, "192.0.2.7", text);
        CHECK(strcmp(text, hash_of("192.0.2.7")) != 0);
}

TEST(what_is_no_address_has_no_hash) {
        CHECK_STR(hash_of(""), "");
        CHECK_STR(hash_of("unix:"), "");
        CHECK_STR(hash_of("192.0.2.7:80"), "");
}
