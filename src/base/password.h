/*
 * Passwords: Argon2id in libsodium's form (t=2, 19 MiB).
 * Thread-safe after crypto_init().  One call takes tens of milliseconds and 19 MiB: it belongs on a
 * job worker, never on a loop or the commit thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define PASSWORD_SIZE 128 /* the stored form, with its NUL */
#define PASSWORD_MIN  8   /* bytes of one that a person chooses */
#define PASSWORD_MAX  1024

/* Fails INVALID when TEXT may not be chosen: its length alone counts. */
_must_check_ int password_check(const char *text, struct err *err);

/* The stored form of TEXT, with a fresh salt. */
void password_hash(const char *text, char ret[PASSWORD_SIZE]);

/* Is TEXT what STORED was made from?  STORED "" (nobody, or no password) is never right and takes
 * as long, so that an answer's delay does not say which names exist. */
bool password_verify(const char *stored, const char *text);
