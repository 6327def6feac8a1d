#include <string.h>

#include "store/accounts.h"
#include "store/driver.h"
#include "store/row.h"

#define PAGE 256 /* rows read at once by a walk */

/* Runs an INSERT ... RETURNING id. */
static int insert(struct tx *tx, enum sql stmt, const struct val *args, size_t n, int64_t *id,
                  struct err *err) {
        struct rows rows;

        if (tx_exec(tx, stmt, args, n, tx_scratch(tx), &rows, err) < 0)
                return -1;
        *id = rows_get(&rows, 0, 0).i;
        return 0;
}

/* Runs an UPDATE ... RETURNING id, or a SELECT, that must meet a row. */
static int find(struct tx *tx, enum sql stmt, const struct val *args, size_t n, const char *what,
                struct rows *ret, struct err *err) {
        struct rows rows;

        if (tx_exec(tx, stmt, args, n, tx_scratch(tx), &rows, err) < 0)
                return -1;
        if (rows.n == 0)
                return err_set(err, ERR_NOT_FOUND, "no such %s", what);
        *ret = rows;
        return 0;
}

/* Walks a table by id: the rows of each page go to GIVE, which says how far it came. */
typedef int give_fn(void *walk, const struct rows *rows, size_t i, int64_t *id, struct err *err);

static int walk(struct tx *tx, enum sql stmt, give_fn *give, void *arg, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct rows rows;
        int64_t id = 0;

        do {
                arena_reset(&arena);
                if (tx_exec(tx, stmt, ARGS(V(id), V(PAGE)), &arena, &rows, err) < 0)
                        return -1;
                for (size_t i = 0; i < rows.n; i++)
                        if (give(arg, &rows, i, &id, err) < 0)
                                return -1;
        } while (rows.n == PAGE);
        return 0;
}

/* Tenants */

static int read_tenant(const struct rows *rows, size_t i, struct tenant *ret, struct err *err) {
        struct row row = row_of(rows, i);
        struct tenant t = { 0 };

        t.id = row_int(&row);
        row_text(&row, t.slug, sizeof(t.slug));
        row_text(&row, t.name, sizeof(t.name));
        t.team_mode = row_int(&row);
        t.max_leases = row_int(&row);
        t.max_per_account = row_int(&row);
        t.created_ms = row_int(&row);
        if (row_end(&row, "tenant", err) < 0)
                return -1;
        *ret = t;
        return 0;
}

int tenants_insert(struct tx *tx, struct tenant *t, struct err *err) {
        return insert(tx, SQL_TENANT_INSERT,
                      ARGS(V(t->slug), V(t->name), V(t->team_mode), V(t->max_leases),
                           V(t->max_per_account), V(t->created_ms)),
                      &t->id, err);
}

int tenants_set_mode(struct tx *tx, int64_t id, bool team_mode, struct err *err) {
        struct rows rows;

        return find(tx, SQL_TENANT_SET_MODE, ARGS(V(id), V(team_mode)), "tenant", &rows, err);
}

struct tenants_walk {
        int (*fn)(void *arg, const struct tenant *, struct err *);
        void *arg;
};

static int give_tenant(void *walk, const struct rows *rows, size_t i, int64_t *id,
                       struct err *err) {
        struct tenants_walk *w = walk;
        struct tenant t;

        if (read_tenant(rows, i, &t, err) < 0)
                return -1;
        *id = t.id;
        return w->fn(w->arg, &t, err);
}

int tenants_each(struct tx *tx, int (*fn)(void *arg, const struct tenant *, struct err *),
                 void *arg, struct err *err) {
        return walk(tx, SQL_TENANT_LIST, give_tenant, &(struct tenants_walk){ fn, arg }, err);
}

/* Teams */

static int read_team(const struct rows *rows, size_t i, struct team *ret, struct err *err) {
        struct row row = row_of(rows, i);
        struct team t = { 0 };

        t.id = row_int(&row);
        t.tenant = row_int(&row);
        row_text(&row, t.name, sizeof(t.name));
        t.created_ms = row_int(&row);
        t.captain = row_int(&row);
        row_text(&row, t.invite, sizeof(t.invite));
        t.standing = (enum standing)row_enum(&row, standing_parse);
        row_text(&row, t.bracket, sizeof(t.bracket));
        if (row_end(&row, "team", err) < 0)
                return -1;
        *ret = t;
        return 0;
}

int teams_insert(struct tx *tx, struct team *t, struct err *err) {
        char key[DISPLAY_NAME_KEY];

        display_name_key(t->name, key);
        return insert(tx, SQL_TEAM_INSERT,
                      ARGS(V(t->tenant), V(t->name), V(t->created_ms), V(key), V(t->captain),
                           V(t->invite), V(standing_name(t->standing)), V(t->bracket)),
                      &t->id, err);
}

int teams_get(struct tx *tx, int64_t id, struct team *ret, struct err *err) {
        struct rows rows;

        if (find(tx, SQL_TEAM_GET, ARGS(V(id)), "team", &rows, err) < 0)
                return -1;
        return read_team(&rows, 0, ret, err);
}

int teams_update(struct tx *tx, const struct team *t, struct err *err) {
        char key[DISPLAY_NAME_KEY];
        struct rows rows;

        display_name_key(t->name, key);
        return find(tx, SQL_TEAM_UPDATE,
                    ARGS(V(t->id), V(t->name), V(key), V(t->captain), V(t->invite),
                         V(standing_name(t->standing)), V(t->bracket)),
                    "team", &rows, err);
}

struct teams_walk {
        int (*fn)(void *arg, const struct team *, struct err *);
        void *arg;
};

static int give_team(void *walk, const struct rows *rows, size_t i, int64_t *id, struct err *err) {
        struct teams_walk *w = walk;
        struct team t;

        if (read_team(rows, i, &t, err) < 0)
                return -1;
        *id = t.id;
        return w->fn(w->arg, &t, err);
}

int teams_each(struct tx *tx, int (*fn)(void *arg, const struct team *, struct err *), void *arg,
               struct err *err) {
        return walk(tx, SQL_TEAM_LIST, give_team, &(struct teams_walk){ fn, arg }, err);
}

/* Users */

static int read_user(const struct rows *rows, size_t i, struct user *ret, struct err *err) {
        struct row row = row_of(rows, i);
        struct user u = { 0 };

        u.id = row_int(&row);
        u.tenant = row_int(&row);
        row_text(&row, u.name, sizeof(u.name));
        u.role = (enum role)row_enum(&row, role_parse);
        u.team = row_int(&row);
        u.created_ms = row_int(&row);
        row_text(&row, u.display, sizeof(u.display));
        u.standing = (enum standing)row_enum(&row, standing_parse);
        row_text(&row, u.bracket, sizeof(u.bracket));
        u.has_password = row_int(&row);
        if (row_end(&row, "app_user", err) < 0)
                return -1;
        *ret = u;
        return 0;
}

int users_insert(struct tx *tx, struct user *u, const char *password, struct err *err) {
        char key[DISPLAY_NAME_KEY];

        display_name_key(u->display, key);
        return insert(tx, SQL_USER_INSERT,
                      ARGS(V(u->tenant), V(u->name), V(role_name(u->role)), V(u->team),
                           V(u->created_ms), V(u->display), V(key), V(standing_name(u->standing)),
                           V(u->bracket), V(password)),
                      &u->id, err);
}

int users_get(struct tx *tx, int64_t id, struct user *ret, struct err *err) {
        struct rows rows;

        if (find(tx, SQL_USER_GET, ARGS(V(id)), "user", &rows, err) < 0)
                return -1;
        return read_user(&rows, 0, ret, err);
}

int users_update(struct tx *tx, const struct user *u, struct err *err) {
        char key[DISPLAY_NAME_KEY];
        struct rows rows;

        display_name_key(u->display, key);
        return find(tx, SQL_USER_UPDATE,
                    ARGS(V(u->id), V(u->name), V(role_name(u->role)), V(u->team), V(u->display),
                         V(key), V(standing_name(u->standing)), V(u->bracket)),
                    "user", &rows, err);
}

int users_password(struct tx *tx, int64_t id, char ret[PASSWORD_SIZE], struct err *err) {
        struct rows rows;
        struct row row;

        if (find(tx, SQL_USER_PASSWORD, ARGS(V(id)), "user", &rows, err) < 0)
                return -1;
        row = row_of(&rows, 0);
        row_text(&row, ret, PASSWORD_SIZE);
        return row_end(&row, "app_user", err);
}

int users_set_password(struct tx *tx, int64_t id, const char *password, struct err *err) {
        struct rows rows;

        return find(tx, SQL_USER_SET_PASSWORD, ARGS(V(id), V(password)), "user", &rows, err);
}

struct users_walk {
        int (*fn)(void *arg, const struct user *, struct err *);
        void *arg;
};

static int give_user(void *walk, const struct rows *rows, size_t i, int64_t *id, struct err *err) {
        struct users_walk *w = walk;
        struct user u;

        if (read_user(rows, i, &u, err) < 0)
                return -1;
        *id = u.id;
        return w->fn(w->arg, &u, err);
}

int users_each(struct tx *tx, int (*fn)(void *arg, const struct user *, struct err *), void *arg,
               struct err *err) {
        return walk(tx, SQL_USER_LIST, give_user, &(struct users_walk){ fn, arg }, err);
}

int teams_members(struct tx *tx, const struct team *team, struct arena *arena, int64_t **ret,
                  size_t *n, struct err *err) {
        struct rows rows;
        int64_t *ids;

        if (tx_exec(tx, SQL_TEAM_MEMBERS, ARGS(V(team->tenant), V(team->id)), tx_scratch(tx), &rows,
                    err) < 0)
                return -1;
        ids = arena_alloc(arena, (rows.n + 1) * sizeof(*ids));
        for (size_t i = 0; i < rows.n; i++)
                ids[i] = rows_get(&rows, i, 0).i;
        *ret = ids;
        *n = rows.n;
        return 0;
}

/* Tokens */

static int read_token(const struct rows *rows, size_t i, struct token *ret, struct err *err) {
        struct row row = row_of(rows, i);
        struct token t = { 0 };

        t.id = row_int(&row);
        t.tenant = row_int(&row);
        t.user = row_int(&row);
        row_hex(&row, t.digest, sizeof(t.digest));
        row_text(&row, t.label, sizeof(t.label));
        t.created_ms = row_int(&row);
        t.expires_ms = row_int(&row);
        t.revoked_ms = row_int(&row);
        t.kind = (enum token_kind)row_enum(&row, token_kind_parse);
        if (row_end(&row, "token", err) < 0)
                return -1;
        *ret = t;
        return 0;
}

int tokens_insert(struct tx *tx, struct token *t, struct err *err) {
        char digest[2 * SHA256_SIZE + 1];

        hex_encode(t->digest, sizeof(t->digest), digest);
        return insert(tx, SQL_TOKEN_INSERT,
                      ARGS(V(t->tenant), V(t->user), V(digest), V(t->label), V(t->created_ms),
                           V(t->expires_ms), V(t->revoked_ms), V(token_kind_name(t->kind))),
                      &t->id, err);
}

int tokens_get(struct tx *tx, int64_t id, struct token *ret, struct err *err) {
        struct rows rows;

        if (find(tx, SQL_TOKEN_GET, ARGS(V(id)), "token", &rows, err) < 0)
                return -1;
        return read_token(&rows, 0, ret, err);
}

int tokens_revoke(struct tx *tx, int64_t id, int64_t now_ms, struct err *err) {
        struct rows rows;

        return find(tx, SQL_TOKEN_REVOKE, ARGS(V(id), V(now_ms)), "token", &rows, err);
}

int tokens_prune(struct tx *tx, int64_t now_ms, struct err *err) {
        return tx_exec(tx, SQL_TOKEN_PRUNE, ARGS(V(now_ms - INT64_C(86400000))), NULL, NULL, err);
}

struct tokens_walk {
        int (*fn)(void *arg, const struct token *, struct err *);
        void *arg;
};

static int give_token(void *walk, const struct rows *rows, size_t i, int64_t *id, struct err *err) {
        struct tokens_walk *w = walk;
        struct token t;

        if (read_token(rows, i, &t, err) < 0)
                return -1;
        *id = t.id;
        return w->fn(w->arg, &t, err);
}

int tokens_each(struct tx *tx, int (*fn)(void *arg, const struct token *, struct err *), void *arg,
                struct err *err) {
        return walk(tx, SQL_TOKEN_LIST, give_token, &(struct tokens_walk){ fn, arg }, err);
}

int tokens_each_live(struct tx *tx, int64_t user, int64_t tenant,
                     int (*fn)(void *arg, const struct token *, struct err *), void *arg,
                     struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct token t = { 0 };
        struct rows rows;

        do {
                arena_reset(&arena);
                if (tx_exec(tx, SQL_TOKEN_LIST_LIVE, ARGS(V(t.id), V(user), V(tenant), V(PAGE)),
                            &arena, &rows, err) < 0)
                        return -1;
                for (size_t i = 0; i < rows.n; i++)
                        if (read_token(&rows, i, &t, err) < 0 || fn(arg, &t, err) < 0)
                                return -1;
        } while (rows.n == PAGE);
        return 0;
}

/* Policies */

int policies_put(struct tx *tx, int64_t tenant, int64_t challenge, const struct policy *p,
                 struct err *err) {
        if (policies_delete(tx, tenant, challenge, err) < 0)
                return -1;
        return tx_exec(tx, SQL_POLICY_INSERT,
                       ARGS(V(tenant), V(challenge), V(p->base_ms), V(p->increment_ms),
                            V(p->max_extensions), V(p->max_lifetime_ms), V(p->grace_ms)),
                       NULL, NULL, err);
}

int policies_delete(struct tx *tx, int64_t tenant, int64_t challenge, struct err *err) {
        return tx_exec(tx, SQL_POLICY_DELETE, ARGS(V(tenant), V(challenge)), NULL, NULL, err);
}

int policies_get(struct tx *tx, int64_t tenant, int64_t challenge, struct policy *ret,
                 struct err *err) {
        struct policy p = { 0 };
        struct rows rows;
        struct row row;

        if (find(tx, SQL_POLICY_GET, ARGS(V(tenant), V(challenge)), "policy", &rows, err) < 0)
                return -1;
        row = row_of(&rows, 0);
        p.base_ms = row_int(&row);
        p.increment_ms = row_int(&row);
        p.max_extensions = row_int(&row);
        p.max_lifetime_ms = row_int(&row);
        p.grace_ms = row_int(&row);
        if (row_end(&row, "policy", err) < 0)
                return -1;
        *ret = p;
        return 0;
}
