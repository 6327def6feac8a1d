#include <pthread.h>

#include "base/crypto.h"
#include "test.h"

static void check_hex(const uint8_t *data, size_t n, const char *want) {
        char text[2 * SHA256_SIZE + 1];

        hex_encode(data, n, text);
        CHECK_STR(text, want);
}

TEST(sha256_of_known_texts) {
        uint8_t d[SHA256_SIZE];

        crypto_init();
        sha256("abc", 3, d);
        check_hex(d, sizeof(d), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        sha256("", 0, d);
        check_hex(d, sizeof(d), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(sha1_of_known_texts) {
        uint8_t d[SHA1_SIZE];

        crypto_init();
        sha1("abc", 3, d);
        check_hex(d, sizeof(d), "a9993e364706816aba3e25717850c26c9cd0d89d");
        sha1("", 0, d);
        check_hex(d, sizeof(d), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST(hmac_of_known_texts) {
        uint8_t key[KEY_SIZE], d[SHA256_SIZE];

        crypto_init();
        for (size_t i = 0; i < sizeof(key); i++)
                key[i] = (uint8_t)('a' + i % 26);
        hmac_sha256(key, "berth", 5, d);
        check_hex(d, sizeof(d), "7a82ac95629e091e1a0ff14f990e8c528821b10ccf12152003a935608b3dbea7");
        memset(key, 0, sizeof(key));
        hmac_sha256(key, "", 0, d);
        check_hex(d, sizeof(d), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(contexts_forget_what_was_before) {
        uint8_t one[KEY_SIZE] = { 1 }, two[KEY_SIZE] = { 2 };
        uint8_t first[SHA256_SIZE], other[SHA256_SIZE], again[SHA256_SIZE];

        crypto_init();
        hmac_sha256(one, "x", 1, first);
        hmac_sha256(two, "x", 1, other);
        hmac_sha256(one, "x", 1, again);
        CHECK(crypto_equal(first, again, sizeof(first)));
        CHECK(!crypto_equal(first, other, sizeof(first)));
}

static void *digest_often(void *arg) {
        uint8_t key[KEY_SIZE] = { 0 }, want[SHA256_SIZE], got[SHA256_SIZE];

        key[0] = *(const uint8_t *)arg;
        hmac_sha256(key, "x", 1, want);
        for (int i = 0; i < 2000; i++) {
                hmac_sha256(key, "x", 1, got);
                CHECK(memcmp(got, want, sizeof(got)) == 0);
                sha256(&i, sizeof(i), got);
        }
        return NULL;
}

TEST(threads_do_not_share_contexts) {
        pthread_t threads[4];
        uint8_t ids[4];

        crypto_init();
        for (size_t i = 0; i < 4; i++) {
                ids[i] = (uint8_t)i;
                CHECK(pthread_create(&threads[i], NULL, digest_often, &ids[i]) == 0);
        }
        for (size_t i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
}

TEST(equal_looks_at_every_byte) {
        CHECK(crypto_equal("abc", "abc", 3));
        CHECK(!crypto_equal("abc", "abd", 3));
        CHECK(!crypto_equal("abc", "bbc", 3));
        CHECK(crypto_equal("abc", "abd", 2));
}

TEST(signatures) {
        uint8_t public[SIGN_PUBLIC], secret[SIGN_SECRET], signature[SIGNATURE];
        uint8_t public2[SIGN_PUBLIC], secret2[SIGN_SECRET];

        crypto_init();
        sign_keys(public, secret);
        sign_keys(public2, secret2);
        CHECK(memcmp(public, public2, sizeof(public)) != 0);
        sign(secret, "text", 4, signature);
        CHECK(sign_verify(public, "text", 4, signature));
        CHECK(!sign_verify(public, "texu", 4, signature));
        CHECK(!sign_verify(public, "tex", 3, signature));
        CHECK(!sign_verify(public2, "text", 4, signature));
        signature[10] ^= 1;
        CHECK(!sign_verify(public, "text", 4, signature));
}

TEST(hex_there_and_back) {
        uint8_t d[3] = { 0 };
        struct err err;
        char text[7];

        CHECK_OK(hex_decode("00fFa9", d, 3, &err));
        CHECK(d[0] == 0 && d[1] == 0xff && d[2] == 0xa9);
        hex_encode(d, 3, text);
        CHECK_STR(text, "00ffa9");
        hex_encode(d, 0, text);
        CHECK_STR(text, "");
}

TEST(hex_that_is_none) {
        static const char *const bad[] = { "",        "00ffa",  "00ffa90", "00ffag",
                                           "00ffa9 ", " 0ffa9", "0x00ff" };
        uint8_t d[3] = { 1, 2, 3 };
        struct err err;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CHECK(hex_decode(bad[i], d, 3, &err) == -1);
                CHECK(err.kind == ERR_INVALID);
        }
        CHECK(d[0] == 1 && d[1] == 2 && d[2] == 3);
}

/* The first and the last of the reference vectors of SipHash-2-4-128 (Aumasson and Bernstein). */
TEST(short_hashes) {
        uint8_t key[SHORT_HASH_SIZE], text[63], hash[SHORT_HASH_SIZE];
        char hex[2 * SHORT_HASH_SIZE + 1];

        crypto_init();
        for (size_t i = 0; i < sizeof(key); i++)
                key[i] = (uint8_t)i;
        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = (uint8_t)i;
        short_hash(key, text, 0, hash);
        hex_encode(hash, sizeof(hash), hex);
        CHECK_STR(hex, "a3817f04ba25a8e66df67214c7550293");
        short_hash(key, text, sizeof(text), hash);
        hex_encode(hash, sizeof(hash), hex);
        CHECK_STR(hex, "5150d1772f50834a503e069a973fbd7c");
}

TEST(piece_by_piece) {
        struct digest *d;
        uint8_t whole[SHA256_SIZE], pieces[SHA256_SIZE];
        char text[1000];

        crypto_init();
        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = (char)(i * 7);
        sha256(text, sizeof(text), whole);
        d = digest_new();
        digest_add(d, text, 1);
        digest_add(d, text + 1, 0);
        digest_add(d, text + 1, sizeof(text) - 1);
        digest_end(d, pieces);
        CHECK(memcmp(whole, pieces, sizeof(whole)) == 0);
        sha256("", 0, whole);
        digest_end(digest_new(), pieces);
        CHECK(memcmp(whole, pieces, sizeof(whole)) == 0);
        digest_free(digest_new());
}
