/* Who plays and who owns: users, teams, tenants, tokens.  Plain values, copied freely. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"
#include "model/display_name.h"

#define NAME_MAX_BYTES 64 /* with the NUL */
#define BRACKET_SIZE   32 /* of a bracket's name, with the NUL */
#define INVITE_SIZE    24 /* of a team's invite code, with the NUL */

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
#define ACCOUNT_TEXT 32
const char *account_text(struct account a, char ret[ACCOUNT_TEXT]); /* "user:12" */
/* One number for maps: kind in the lowest bit. */
static inline int64_t account_key(struct account a) { return a.id * 2 + a.kind; }

enum role { ROLE_PLAYER, ROLE_ORGANISER, ROLE_ADMIN };
const char *role_name(enum role role); /* "player", "organiser", "admin" */
/* -1 when NAME is none. */
int role_parse(const char *name);

/* Hidden and banned ones are on no board, and their solves count for nothing; a banned one cannot
 * sign in or play either. */
enum standing { STANDING_VISIBLE, STANDING_HIDDEN, STANDING_BANNED };
const char *standing_name(enum standing s); /* "visible", "hidden", "banned" */
int standing_parse(const char *name);       /* -1 when none */

struct tenant {
        int64_t id;
        char slug[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
        bool team_mode;
        int64_t max_leases, max_per_account; /* live at once; 0: no limit */
        int64_t created_ms;
};

struct team {
        int64_t id, tenant;
        char name[DISPLAY_NAME_SIZE];
        int64_t created_ms;
        int64_t captain;          /* a user; 0: none */
        char invite[INVITE_SIZE]; /* what members hand on; "": nobody joins */
        enum standing standing;
        char bracket[BRACKET_SIZE]; /* "": none */
};

struct user {
        int64_t id, tenant;
        char name[NAME_MAX_BYTES]; /* to sign in with */
        enum role role;
        int64_t team; /* 0: none */
        int64_t created_ms;
        char display[DISPLAY_NAME_SIZE]; /* on the board; "": none chosen yet */
        enum standing standing;
        char bracket[BRACKET_SIZE]; /* "": none */
        bool has_password;
};

enum token_kind { TOKEN_API, TOKEN_SESSION };
const char *token_kind_name(enum token_kind k); /* "api", "session" */
int token_kind_parse(const char *name);         /* -1 when none */

/* A bearer token, or a session's.  The secret itself is never stored: "brt_" and 43 base64url
 * characters (32 random bytes); `digest` is its SHA-256. */
struct token {
        int64_t id, tenant, user;
        uint8_t digest[SHA256_SIZE];
        int64_t created_ms, expires_ms, revoked_ms; /* 0: never */
        char label[NAME_MAX_BYTES];
        enum token_kind kind;
};

#define TOKEN_TEXT 48 /* room for a token's text */
void token_make(char text[TOKEN_TEXT], uint8_t digest[SHA256_SIZE]);
void token_digest(const char *text, size_t n, uint8_t ret[SHA256_SIZE]);
/* A digest's first bytes.  It has no pattern: they are as good a key as all of it, nearly always
 * enough, and quick to find; the rest is to be compared. */
int64_t token_digest_key(const uint8_t digest[SHA256_SIZE]);

/* The account that USER acts for in TENANT: the team in team mode (id 0 without one). */
struct account user_account(const struct user *user, const struct tenant *tenant);
