/*
 * Digests, signatures and what goes with them (OpenSSL 3, libsodium).
 * Thread-safe; call crypto_init() once, before any other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SHA256_SIZE 32
#define SHA256_TEXT 65 /* in hexadecimal, with the NUL */
#define KEY_SIZE    32
#define SIGN_PUBLIC 32 /* Ed25519 */
#define SIGN_SECRET 64
#define SIGNATURE   64

void crypto_init(void);

void sha256(const void *data, size_t n, uint8_t ret[SHA256_SIZE]);
/* The same of what comes piece by piece; digest_end() frees it. */
struct digest;
struct digest *digest_new(void);
void digest_add(struct digest *d, const void *data, size_t n);
void digest_end(struct digest *d, uint8_t ret[SHA256_SIZE]);
struct digest *digest_free(struct digest *d);
DEFINE_CLEANUP(struct digest *, digest_free)
#define SHA1_SIZE 20
/* For a protocol that asks for it (WebSocket's handshake): it protects nothing. */
void sha1(const void *data, size_t n, uint8_t ret[SHA1_SIZE]);
void hmac_sha256(const uint8_t key[KEY_SIZE], const void *data, size_t n, uint8_t ret[SHA256_SIZE]);
/* SipHash-2-4 with 128 bits: a quick keyed hash of short texts.  Who has not the key cannot find
 * two that meet. */
#define SHORT_HASH_SIZE 16
void short_hash(const uint8_t key[SHORT_HASH_SIZE], const void *data, size_t n,
                uint8_t ret[SHORT_HASH_SIZE]);
bool crypto_equal(const void *a, const void *b, size_t n); /* constant time */

void sign_keys(uint8_t public[SIGN_PUBLIC], uint8_t secret[SIGN_SECRET]); /* a fresh pair */
void sign(const uint8_t secret[SIGN_SECRET], const void *data, size_t n, uint8_t ret[SIGNATURE]);
bool sign_verify(const uint8_t public[SIGN_PUBLIC], const void *data, size_t n,
                 const uint8_t signature[SIGNATURE]);

/* Lower-case hexadecimal; RET has room for 2n + 1 bytes. */
void hex_encode(const uint8_t *data, size_t n, char *ret);
/* Fails INVALID unless TEXT is exactly 2n hexadecimal digits. */
_must_check_ int hex_decode(const char *text, uint8_t *ret, size_t n, struct err *err);
