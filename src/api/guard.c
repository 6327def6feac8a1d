/* Authentication and what it gives: who asks, for which account, in which role. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/credential.h"
#include "api/origin.h"
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
static void take_user(struct call *c, const struct user *user, const struct tenant *tenant) {
        c->origin.kind = ACTOR_USER;
        c->origin.tenant = user->tenant;
        c->origin.user = user->id;
        c->origin.role = user->role;
        c->origin.account = user_account(user, tenant);
}

void call_take_user(struct call *c, int64_t id) {
        struct read_model *m = c->api->model;
        const struct tenant *tenant;
        const struct user *user;

        read_model_lock(m);
        user = read_model_user(m, id);
        tenant = user ? read_model_tenant(m, user->tenant) : NULL;
        if (tenant)
                take_user(c, user, tenant);
        read_model_unlock(m);
}

enum found { FOUND_NONE, FOUND_BANNED, FOUND };

/* With the read model locked. */
static bool is_good(const struct token *t, int64_t now_ms) {
        return !t->revoked_ms && (!t->expires_ms || now_ms < t->expires_ms);
}

/* With the read model locked. */
static enum found take_token(struct call *c, const struct read_model *m,
                             const struct token *token) {
        const struct user *user = read_model_token_user(m, token);
        const struct tenant *tenant = user ? read_model_tenant(m, user->tenant) : NULL;

        if (!tenant || (c->session && token->kind != TOKEN_SESSION))
                return FOUND_NONE;
        if (user->standing == STANDING_BANNED)
                return FOUND_BANNED;
        c->token = token->id;
        take_user(c, user, tenant);
        return FOUND;
}

static enum found look_up(struct call *c, const uint8_t digest[SHA256_SIZE]) {
        struct read_model *m = c->api->model;
        enum found found = FOUND_NONE;
        const struct token *token;

        read_model_lock(m);
        token = read_model_token(m, digest);
        if (token && is_good(token, clock_now_ms()))
                found = take_token(c, m, token);
        read_model_unlock(m);
        return found;
}

/* An address that sends many bad tokens gets 429; a good token is let in from anywhere. */
bool guard_refuse(struct call *c, const char *why) {
        int64_t wait = 0;

        if (c->api->config.limits)
                wait = limits_take(c->api->limits, LIMIT_AUTH, limit_key_address(http_peer(c->req)),
                                   clock_mono_us());
        if (wait)
                problem_reply_rate(c, LIMIT_AUTH, wait);
        else
                problem_replyf(c, ERR_UNAUTHENTIC, "%s", why);
        return false;
}

static bool is_write(const struct call *c) {
        enum http_method m = http_method(c->req);

        return m != HTTP_GET && m != HTTP_HEAD && m != HTTP_OPTIONS;
}

/* A browser sends the cookie for whoever asks it to; only our own pages can set this header, and
 * only they have our origin.  Clients of other systems know no such header: their routes take JSON
 * alone, which no foreign page can send, and look at the origin. */
static bool is_own_page(struct call *c) {
        const char *header = http_header(c->req, "X-Berth-CSRF");
        bool native = strncmp(c->route->template, "/api/v2/", strlen("/api/v2/")) == 0;

        if (!origin_allowed(http_header(c->req, "Origin"), http_header(c->req, "Host"),
                            http_secure(c->req), c->api->config.origins, true)) {
                problem_replyf(c, ERR_FORBIDDEN,
                               "This request comes from a page of another site (or through a proxy "
                               "that the operator has not named)");
                return false;
        }
        if (native && (!header || strcmp(header, "1") != 0)) {
                problem_replyf(c, ERR_FORBIDDEN,
                               "A change by cookie needs the header X-Berth-CSRF: 1");
                return false;
        }
        return true;
}

/* The token of C's credentials; NULL with *why when there is none. */
static const char *credentials(struct call *c, size_t *n, const char **why) {
        const char *header = http_header(c->req, "Authorization"), *text;

        *why = "Sign in or send a valid token";
        if (!header) {
                c->session =
                        credential_cookie(http_header(c->req, "Cookie"), SESSION_COOKIE, &text, n);
                return c->session ? text : NULL;
        }
        *why = "The Authorization header is not \"Bearer TOKEN\"";
        return credential_token(header, &text, n) ? text : NULL;
}

bool guard_check(struct call *c) {
        const char *text, *why;
        size_t n;

        text = credentials(c, &n, &why);
        if (!text)
                return guard_refuse(c, why);
        switch (look_up(c, digest_of(c->lane->digests, text, n))) {
        case FOUND_NONE:
                return guard_refuse(c, c->session ? "The session has ended: sign in again" :
                                                    "The token is unknown, expired or revoked");
        case FOUND_BANNED:
                problem_replyf(c, ERR_FORBIDDEN, "This account is banned");
                return false;
        case FOUND:
                break;
        }
        return !c->session || !is_write(c) || is_own_page(c);
}

bool guard_token(struct call *c, const char *text) {
        const char *token;
        size_t n;

        return credential_token(text, &token, &n) &&
               look_up(c, digest_of(c->lane->digests, token, n)) == FOUND;
}

int64_t guard_tenant(struct call *c) {
        const char *slug = http_query(c->req, "tenant");
        const struct tenant *t, *found = NULL;
        struct read_model *m = c->api->model;
        size_t at = 0;
        int64_t id;

        if (!slug)
                slug = c->api->config.tenant;
        read_model_lock(m);
        if (slug && *slug)
                found = read_model_tenant_by_slug(m, slug);
        else /* the only one, or the first */
                while ((t = read_model_next_tenant(m, &at)))
                        if (!found || t->id < found->id)
                                found = t;
        id = found ? found->id : 0;
        read_model_unlock(m);
        return id;
}

bool guard_open(struct call *c) {
        const char *why;
        size_t n;

        if (credentials(c, &n, &why))
                return guard_check(c);
        c->session = false;
        return true;
}

bool guard_board(struct call *c) {
        const struct tenant_game *game;
        const char *why;
        int64_t tenant;
        bool open;
        size_t n;

        if (credentials(c, &n, &why))
                return guard_check(c);
        tenant = guard_tenant(c);
        read_model_lock(c->api->model);
        game = read_model_game(c->api->model, tenant);
        open = game && game->rules.public_board;
        read_model_unlock(c->api->model);
        if (!open)
                return guard_refuse(c, why);
        c->origin.tenant = tenant;
        return true;
}
