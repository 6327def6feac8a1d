/* Who plays and who owns: users, teams, tenants, tokens.  Plain values, copied freely. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"

#define NAME_MAX_BYTES 64 /* with the NUL */

enum account_kind { ACCOUNT_USER, ACCOUNT_TEAM };

/* The one that owns and scores. */
struct account {
        enum account_kind kind;
        int64_t id; /* 0: nobody */
};

static inline bool account_equal(struct account a, struct account b) {
        return a.kind == b.kind && a.id == b.id;
}
const char *account_kind_name(enum account_kind kind); /* "user", "team" */
/* One number for maps: kind in the lowest bit. */
static inline int64_t account_key(struct account a) { return a.id * 2 + a.kind; }

enum role { ROLE_PLAYER, ROLE_ORGANISER, ROLE_ADMIN };
const char *role_name(enum role role); /* "player", "organiser", "admin" */
/* -1 when NAME is none. */
int role_parse(const char *name);

struct tenant {
        int64_t id;
        char slug[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
        bool team_mode;
        int64_t max_leases, max_per_account; /* live at once; 0: no limit */
        int64_t created_ms;
};

struct team {
        int64_t id, tenant;
        char name[NAME_MAX_BYTES];
        int64_t created_ms;
};

struct user {
        int64_t id, tenant;
        char name[NAME_MAX_BYTES];
        enum role role;
        int64_t team; /* 0: none */
        int64_t created_ms;
};

/* A bearer token.  The secret itself is never stored: "brt_" and 43 base64url characters
 * (32 random bytes); `digest` is its SHA-256. */
struct token {
        int64_t id, tenant, user;
        uint8_t digest[SHA256_SIZE];
        int64_t created_ms, expires_ms, revoked_ms; /* 0: never */
        char label[NAME_MAX_BYTES];
};

#define TOKEN_TEXT 48 /* room for a token's text */
void token_make(char text[TOKEN_TEXT], uint8_t digest[SHA256_SIZE]);
void token_digest(const char *text, size_t n, uint8_t ret[SHA256_SIZE]);
/* A digest's first bytes.  It has no pattern: they are as good a key as all of it, nearly always
 * enough, and quick to find; the rest is to be compared. */
int64_t token_digest_key(const uint8_t digest[SHA256_SIZE]);

/* The account that USER acts for in TENANT: the team in team mode (id 0 without one). */
struct account user_account(const struct user *user, const struct tenant *tenant);
