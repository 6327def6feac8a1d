#include "model/account.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/random.h"

static const char *const account_kinds[] = { [ACCOUNT_USER] = "user", [ACCOUNT_TEAM] = "team" };

static const char *const roles[] = {
        [ROLE_PLAYER] = "player", [ROLE_ORGANISER] = "organiser", [ROLE_ADMIN] = "admin"
};

static const char *const standings[] = {
        [STANDING_VISIBLE] = "visible", [STANDING_HIDDEN] = "hidden", [STANDING_BANNED] = "banned"
};

static const char *const token_kinds[] = { [TOKEN_API] = "api", [TOKEN_SESSION] = "session" };

/* The place of NAME in a table of N; -1 when it is not there. */
static int find(const char *const *table, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(table[i], name) == 0)
                        return (int)i;
        return -1;
}

const char *standing_name(enum standing s) { return standings[s]; }
int standing_parse(const char *name) { return find(standings, ARRAY_SIZE(standings), name); }
const char *token_kind_name(enum token_kind k) { return token_kinds[k]; }
int token_kind_parse(const char *name) { return find(token_kinds, ARRAY_SIZE(token_kinds), name); }

const char *account_kind_name(enum account_kind kind) { return account_kinds[kind]; }

const char *account_text(struct account a, char ret[ACCOUNT_TEXT]) {
        snprintf(ret, ACCOUNT_TEXT, "%s:%lld", account_kind_name(a.kind), (long long)a.id);
        return ret;
}

const char *role_name(enum role role) { return roles[role]; }

int role_parse(const char *name) { return find(roles, ARRAY_SIZE(roles), name); }

#define TOKEN_PREFIX "brt_"
#define TOKEN_CHANCE 32

void token_make(char text[TOKEN_TEXT], uint8_t digest[SHA256_SIZE]) {
        static const size_t prefix = sizeof(TOKEN_PREFIX) - 1;
        uint8_t chance[TOKEN_CHANCE];

        random_bytes(chance, sizeof(chance));
        memcpy(text, TOKEN_PREFIX, prefix);
        sodium_bin2base64(text + prefix, TOKEN_TEXT - prefix, chance, sizeof(chance),
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        sodium_memzero(chance, sizeof(chance));
        token_digest(text, strlen(text), digest);
}

void token_digest(const char *text, size_t n, uint8_t ret[SHA256_SIZE]) { sha256(text, n, ret); }

int64_t token_digest_key(const uint8_t digest[SHA256_SIZE]) {
        int64_t key;

        memcpy(&key, digest, sizeof(key));
        return key;
}

struct account user_account(const struct user *user, const struct tenant *tenant) {
        if (tenant->team_mode)
                return (struct account){ ACCOUNT_TEAM, user->team };
        return (struct account){ ACCOUNT_USER, user->id };
}
