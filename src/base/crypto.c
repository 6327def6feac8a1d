#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/crypto.h"

_Static_assert(SIGN_PUBLIC == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(SIGN_SECRET == crypto_sign_SECRETKEYBYTES, "Ed25519");
_Static_assert(SHORT_HASH_SIZE == crypto_shorthash_siphashx24_BYTES, "SipHash");
_Static_assert(SHORT_HASH_SIZE == crypto_shorthash_siphashx24_KEYBYTES, "SipHash");
_Static_assert(SIGNATURE == crypto_sign_BYTES, "Ed25519");

/* Fetching an algorithm and making a context cost more than a short digest, so the
 * algorithms are fetched once and every thread keeps its contexts. */
struct contexts {
        EVP_MD_CTX *digest;
        EVP_MAC_CTX *mac;
};

static EVP_MD *sha, *old_sha;
static EVP_MAC *hmac;
static pthread_key_t contexts_key;
static pthread_once_t ready = PTHREAD_ONCE_INIT;
static _Thread_local struct contexts *mine;

/* Any failure in here means out of memory or a broken library. */
static void must(bool ok) {
        if (!ok)
                abort();
}

static void free_contexts(void *p) {
        struct contexts *c = p;

        EVP_MD_CTX_free(c->digest);
        EVP_MAC_CTX_free(c->mac);
        free(c);
        mine = NULL;
}

static void init(void) {
        must(sodium_init() >= 0);
        sha = EVP_MD_fetch(NULL, "SHA256", NULL);
        old_sha = EVP_MD_fetch(NULL, "SHA1", NULL);
        hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        must(sha && old_sha && hmac && pthread_key_create(&contexts_key, free_contexts) == 0);
}

void crypto_init(void) { pthread_once(&ready, init); }

static struct contexts *contexts(void) {
        OSSL_PARAM params[2];
        struct contexts *c;
        char name[] = "SHA256";

        if (mine)
                return mine;
        must(sha != NULL); /* crypto_init() was called */
        c = calloc(1, sizeof(*c));
        must(c != NULL);
        c->digest = EVP_MD_CTX_new();
        c->mac = EVP_MAC_CTX_new(hmac);
        must(c->digest && c->mac);
        params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
        params[1] = OSSL_PARAM_construct_end();
        must(EVP_MAC_CTX_set_params(c->mac, params) == 1);
        must(pthread_setspecific(contexts_key, c) == 0);
        mine = c;
        return c;
}

static void digest(const EVP_MD *md, const void *data, size_t n, uint8_t *ret) {
        EVP_MD_CTX *c = contexts()->digest;

        must(EVP_DigestInit_ex2(c, md, NULL) == 1 && EVP_DigestUpdate(c, data, n) == 1 &&
             EVP_DigestFinal_ex(c, ret, NULL) == 1);
}

struct digest *digest_new(void) {
        EVP_MD_CTX *c = EVP_MD_CTX_new();

        must(sha && c && EVP_DigestInit_ex2(c, sha, NULL) == 1);
        return (struct digest *)c;
}

void digest_add(struct digest *d, const void *data, size_t n) {
        must(EVP_DigestUpdate((EVP_MD_CTX *)d, data, n) == 1);
}

void digest_end(struct digest *d, uint8_t ret[SHA256_SIZE]) {
        must(EVP_DigestFinal_ex((EVP_MD_CTX *)d, ret, NULL) == 1);
        digest_free(d);
}

struct digest *digest_free(struct digest *d) {
        EVP_MD_CTX_free((EVP_MD_CTX *)d);
        return NULL;
}
void sha256(const void *data, size_t n, uint8_t ret[SHA256_SIZE]) { digest(sha, data, n, ret); }
void sha1(const void *data, size_t n, uint8_t ret[SHA1_SIZE]) { digest(old_sha, data, n, ret); }

void hmac_sha256(const uint8_t key[KEY_SIZE], const void *data, size_t n,
                 uint8_t ret[SHA256_SIZE]) {
        EVP_MAC_CTX *c = contexts()->mac;
        size_t len = 0;

        must(EVP_MAC_init(c, key, KEY_SIZE, NULL) == 1 && EVP_MAC_update(c, data, n) == 1 &&
             EVP_MAC_final(c, ret, &len, SHA256_SIZE) == 1);
        assert(len == SHA256_SIZE);
}

void short_hash(const uint8_t key[SHORT_HASH_SIZE], const void *data, size_t n,
                uint8_t ret[SHORT_HASH_SIZE]) {
        must(crypto_shorthash_siphashx24(ret, data, n, key) == 0);
}

bool crypto_equal(const void *a, const void *b, size_t n) { return sodium_memcmp(a, b, n) == 0; }

void sign_keys(uint8_t public[SIGN_PUBLIC], uint8_t secret[SIGN_SECRET]) {
        must(crypto_sign_keypair(public, secret) == 0);
}

void sign(const uint8_t secret[SIGN_SECRET], const void *data, size_t n, uint8_t ret[SIGNATURE]) {
        must(crypto_sign_detached(ret, NULL, data, n, secret) == 0);
}

bool sign_verify(const uint8_t public[SIGN_PUBLIC], const void *data, size_t n,
                 const uint8_t signature[SIGNATURE]) {
        return crypto_sign_verify_detached(signature, data, n, public) == 0;
}

void hex_encode(const uint8_t *data, size_t n, char *ret) {
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < n; i++) {
                ret[2 * i] = digits[data[i] >> 4];
                ret[2 * i + 1] = digits[data[i] & 15];
        }
        ret[2 * n] = '\0';
}

/* 16 when C is no digit. */
static unsigned digit(char c) {
        if (c >= '0' && c <= '9')
                return (unsigned)(c - '0');
        if (c >= 'a' && c <= 'f')
                return (unsigned)(c - 'a' + 10);
        if (c >= 'A' && c <= 'F')
                return (unsigned)(c - 'A' + 10);
        return 16;
}

int hex_decode(const char *text, uint8_t *ret, size_t n, struct err *err) {
        size_t len = 0;

        while (len < 2 * n && digit(text[len]) < 16)
                len++;
        if (len < 2 * n || text[len] != '\0')
                return err_set(err, ERR_INVALID, "must be %zu hexadecimal digits", 2 * n);
        for (size_t i = 0; i < n; i++)
                ret[i] = (uint8_t)(digit(text[2 * i]) * 16 + digit(text[2 * i + 1]));
        return 0;
}
