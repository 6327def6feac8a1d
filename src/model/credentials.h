/*
 * Credentials: names and passwords in a CSV file, one user a row.
 *
 *         username,password
 *         player1,correct horse
 *
 * The first row is a heading when its first field is "username", and a user otherwise.
 * Pure.
 */
#pragma once

#include "model/challenge_source.h"

#define CREDENTIALS_FILE_MAX ((size_t)16 * 1024 * 1024)

struct credential {
        const char *name, *password;
        int line;
};

struct credentials {
        struct credential *rows;
        struct complaint *bad; /* never with what a field holds, which may be a password */
        size_t n, n_bad;
};

/* All of TEXT, which FILE had, in ARENA. */
void credentials_parse(const char *file, const char *text, size_t n, struct arena *arena,
                       struct credentials *ret);
