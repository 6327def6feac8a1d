/* Authentication and what it gives: who asks, for which account, in which role. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/credential.h"
#include "api/problem.h"
#include "base/clock.h"
#include "base/random.h"

/*
 * Digests that were made lately.  A token's SHA-256 costs more than all the rest of the guard; a
 * slot keeps it under a keyed hash of the token's text, never the text itself.
 */
#define DIGESTS 4096

struct digests {
        uint8_t key[SHORT_HASH_SIZE];
        struct {
                uint8_t text[SHORT_HASH_SIZE], digest[SHA256_SIZE];
        } slots[DIGESTS];
};

struct digests *guard_digests_new(void) {
        struct digests *d = calloc(1, sizeof(*d));

        assert(d);
        random_bytes(d->key, sizeof(d->key));
        return d;
}

static const uint8_t *digest_of(struct digests *d, const char *text, size_t n) {
        uint8_t hash[SHORT_HASH_SIZE];
        uint32_t at;

        short_hash(d->key, text, n, hash);
        memcpy(&at, hash, sizeof(at));
        at %= DIGESTS;
        if (memcmp(d->slots[at].text, hash, sizeof(hash)) != 0) {
                token_digest(text, n, d->slots[at].digest);
                memcpy(d->slots[at].text, hash, sizeof(hash));
        }
        return d->slots[at].digest;
}

/* With the read model locked. */
static bool is_good(const struct token *t, int64_t now_ms) {
        return !t->revoked_ms && (!t->expires_ms || now_ms < t->expires_ms);
}

static bool look_up(struct call *c, const uint8_t digest[SHA256_SIZE]) {
        struct read_model *m = c->api->model;
        const struct tenant *tenant;
        const struct token *token;
        const struct user *user;
        bool found = false;

        read_model_lock(m);
        token = read_model_token(m, digest);
        if (token && is_good(token, clock_now_ms())) {
                user = read_model_token_user(m, token);
                tenant = user ? read_model_tenant(m, user->tenant) : NULL;
                if (tenant) {
                        c->token = token->id;
                        c->origin.kind = ACTOR_USER;
                        c->origin.tenant = user->tenant;
                        c->origin.user = user->id;
                        c->origin.role = user->role;
                        c->origin.account = user_account(user, tenant);
                        found = true;
                }
        }
        read_model_unlock(m);
        return found;
}

/* An address that sends many bad tokens gets 429; a good token is let in from anywhere. */
static void refuse(struct call *c, const char *why) {
        int64_t wait = 0;

        if (c->api->config.limits)
                wait = limits_take(c->api->limits, LIMIT_AUTH, limit_key_address(http_peer(c->req)),
                                   clock_mono_us());
        if (wait)
                problem_reply_rate(c, LIMIT_AUTH, wait);
        else
                problem_replyf(c, ERR_UNAUTHENTIC, "%s", why);
}

bool guard_check(struct call *c) {
        const char *header = http_header(c->req, "Authorization"), *text;
        size_t n;

        if (!header) {
                refuse(c, "Sign in or send a valid token");
                return false;
        }
        if (!credential_token(header, &text, &n)) {
                refuse(c, "The Authorization header is not \"Bearer TOKEN\"");
                return false;
        }
        if (!look_up(c, digest_of(c->lane->digests, text, n))) {
                refuse(c, "The token is unknown, expired or revoked");
                return false;
        }
        return true;
}
