/*
 * Flags, derived and not drawn.
 *
 * HMAC-SHA-256 with the tenant's key over (challenge, account, generation)
 * gives the bytes that fill a template: `<hex>` 6 hexadecimal digits (each
 * occurrence its own), `<uuid>` a version-8 UUID (RFC 9562), `<user_id>` and
 * `<team_id>` the account's id (0 for the other kind).
 */
#pragma once

#include "model/account.h"

#define FLAG_MAX 256

/* The tenant's key, from the install's master key. */
void flag_key(const uint8_t master[KEY_SIZE], int64_t tenant, uint8_t ret[KEY_SIZE]);
/* Fills RET.  Fails INVALID: an unknown placeholder, or longer than FLAG_MAX - 1. */
_must_check_ int flag_derive(const uint8_t key[KEY_SIZE], const char *template, int64_t challenge,
                             struct account who, int64_t generation, char ret[FLAG_MAX],
                             struct err *err);
/* Checks a template without a key. */
_must_check_ int flag_template_check(const char *template, struct err *err);
