/*
 * Secret boxes at rest: texts that only this install can read.
 *
 * XSalsa20-Poly1305 (libsodium's secretbox).  The nonce is derived from the
 * key, the text and where it stands, so that the same text gives the same box:
 * what is unchanged is seen to be unchanged.  It tells that two texts at the same
 * place are alike, and no more.
 */
#pragma once

#include "base/arena.h"
#include "base/crypto.h"

/* The tenant's key, from the install's master key. */
void seal_key(const uint8_t master[KEY_SIZE], int64_t tenant, uint8_t ret[KEY_SIZE]);

/* TEXT as a box in base64, in ARENA.  PLACE ("flag/web-101/0") is part of the nonce only. */
const char *seal(const uint8_t key[KEY_SIZE], const char *place, const char *text,
                 struct arena *arena);
/* What is in BOX, in ARENA.  Fails: INVALID, no box of this key's, or changed. */
_must_check_ int unseal(const uint8_t key[KEY_SIZE], const char *box, struct arena *arena,
                        const char **ret, struct err *err);
