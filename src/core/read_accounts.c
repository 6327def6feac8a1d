/* Tenants, users, teams and tokens in the read model. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/read_model_impl.h"

void read_model_put_tenant(struct read_model *m, const struct tenant *tenant) {
        struct tenant_entry *e = tenant_entry(m, tenant->id);

        if (!e) {
                e = read_model_entry(sizeof(*e));
                map_put_id(&m->tenants, tenant->id, e);
        }
        e->tenant = *tenant;
}

const struct tenant *read_model_tenant(const struct read_model *m, int64_t id) {
        struct tenant_entry *e = tenant_entry(m, id);

        return e ? &e->tenant : NULL;
}

const struct tenant *read_model_next_tenant(const struct read_model *m, size_t *at) {
        struct tenant_entry *e = map_next(&m->tenants, at);

        return e ? &e->tenant : NULL;
}

const struct tenant *read_model_tenant_by_slug(const struct read_model *m, const char *slug) {
        struct tenant_entry *e;
        size_t at = 0;

        while ((e = map_next(&m->tenants, &at)))
                if (strcmp(e->tenant.slug, slug) == 0)
                        return &e->tenant;
        return NULL;
}

void read_model_put_user(struct read_model *m, const struct user *user) {
        struct user_entry *e = map_get_id(&m->users, user->id);

        if (e) {
                map_del(&m->users_by_name, e->key);
        } else {
                e = read_model_entry(sizeof(*e));
                map_put_id(&m->users, user->id, e);
        }
        e->user = *user;
        named_key(e->key, user->tenant, user->name);
        map_put(&m->users_by_name, e->key, e);
}

const struct user *read_model_user(const struct read_model *m, int64_t id) {
        struct user_entry *e = map_get_id(&m->users, id);

        return e ? &e->user : NULL;
}

const struct user *read_model_user_by_name(const struct read_model *m, int64_t tenant,
                                           const char *name) {
        char key[KEY_SIZE_NAMED];
        struct user_entry *e;

        named_key(key, tenant, name);
        e = map_get(&m->users_by_name, key);
        return e ? &e->user : NULL;
}

const struct user *read_model_next_user(const struct read_model *m, int64_t tenant, size_t *at) {
        struct user_entry *e;

        while ((e = map_next(&m->users, at)))
                if (tenant == 0 || e->user.tenant == tenant)
                        return &e->user;
        return NULL;
}

void read_model_put_team(struct read_model *m, const struct team *team) {
        struct team *e = map_get_id(&m->teams, team->id);

        if (!e) {
                e = read_model_entry(sizeof(*e));
                map_put_id(&m->teams, team->id, e);
        }
        *e = *team;
}

const struct team *read_model_team(const struct read_model *m, int64_t id) {
        return map_get_id(&m->teams, id);
}

const struct team *read_model_next_team(const struct read_model *m, int64_t tenant, size_t *at) {
        const struct team *e;

        while ((e = map_next(&m->teams, at)))
                if (tenant == 0 || e->tenant == tenant)
                        return e;
        return NULL;
}

void read_model_account_name(const struct read_model *m, struct account who,
                             char ret[DISPLAY_NAME_SIZE]) {
        const struct team *team = who.kind == ACCOUNT_TEAM ? read_model_team(m, who.id) : NULL;
        const struct user *user = who.kind == ACCOUNT_USER ? read_model_user(m, who.id) : NULL;

        if (team)
                str_copy(ret, DISPLAY_NAME_SIZE, team->name);
        else if (user && *user->display)
                str_copy(ret, DISPLAY_NAME_SIZE, user->display);
        else
                snprintf(ret, DISPLAY_NAME_SIZE, "Player %lld", (long long)who.id);
}

static void drop_token(struct read_model *m, struct token_entry *e) {
        int64_t key = token_digest_key(e->token.digest);
        struct token_entry *first = map_get_id(&m->tokens_by_digest, key), **at = &first;

        while (*at != e)
                at = &(*at)->next;
        *at = e->next;
        if (first)
                map_put_id(&m->tokens_by_digest, key, first);
        else
                map_del_id(&m->tokens_by_digest, key);
        map_del_id(&m->tokens, e->token.id);
        free(e);
}

void read_model_put_token(struct read_model *m, const struct token *token) {
        struct token_entry *e = map_get_id(&m->tokens, token->id);

        if (token->kind == TOKEN_SESSION && token->revoked_ms) { /* nobody asks for it again */
                if (e)
                        drop_token(m, e);
                return;
        }

        if (!e) {
                e = read_model_entry(sizeof(*e));
                e->next = map_get_id(&m->tokens_by_digest, token_digest_key(token->digest));
                map_put_id(&m->tokens, token->id, e);
                map_put_id(&m->tokens_by_digest, token_digest_key(token->digest), e);
        }
        e->token = *token;
        e->user = map_get_id(&m->users, token->user);
}

const struct token *read_model_token(const struct read_model *m,
                                     const uint8_t digest[SHA256_SIZE]) {
        const struct token_entry *e = map_get_id(&m->tokens_by_digest, token_digest_key(digest));

        while (e && memcmp(e->token.digest, digest, SHA256_SIZE) != 0)
                e = e->next;
        return e ? &e->token : NULL;
}

const struct token *read_model_token_by_id(const struct read_model *m, int64_t id) {
        const struct token_entry *e = map_get_id(&m->tokens, id);

        return e ? &e->token : NULL;
}

const struct user *read_model_token_user(const struct read_model *m, const struct token *token) {
        const struct token_entry *e = (const struct token_entry *)token; /* its first member */

        return e->user ? &e->user->user : read_model_user(m, token->user);
}

const struct token *read_model_next_token(const struct read_model *m, int64_t user, size_t *at) {
        struct token_entry *e;

        while ((e = map_next(&m->tokens, at)))
                if (user == 0 || e->token.user == user)
                        return &e->token;
        return NULL;
}
