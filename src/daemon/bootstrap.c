#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/str.h"
#include "core/people_verbs.h"
#include "core/read_model.h"
#include "daemon/bootstrap.h"
#include "os/file.h"

#define MAX_PER_ACCOUNT 5
#define DEMO_FILE_MAX   4096
#define DEMO_PASSWORD   17 /* with the NUL */

static struct origin operator_of(int64_t tenant) {
        return (struct origin){ .kind = ACTOR_OPERATOR, .tenant = tenant, .role = ROLE_ADMIN };
}

/* What FIND gives, copied out of the read model while it is locked. */
static bool copy_tenant(struct engine *e, const char *slug, struct tenant *ret) {
        struct read_model *m = engine_read_model(e);
        const struct tenant *t;

        read_model_lock(m);
        t = read_model_tenant_by_slug(m, slug);
        if (t)
                *ret = *t;
        read_model_unlock(m);
        return t != NULL;
}

static bool copy_user(struct engine *e, int64_t tenant, const char *name, struct user *ret) {
        struct read_model *m = engine_read_model(e);
        const struct user *u;

        read_model_lock(m);
        u = read_model_user_by_name(m, tenant, name);
        if (u)
                *ret = *u;
        read_model_unlock(m);
        return u != NULL;
}

int bootstrap_tenant(struct engine *e, const char *slug, bool team_mode, struct tenant *ret,
                     struct err *err) {
        struct tenant_create create = { .command.origin = operator_of(0) };

        if (copy_tenant(e, slug, ret))
                return 0;
        str_copy(create.tenant.slug, sizeof(create.tenant.slug), slug);
        str_copy(create.tenant.name, sizeof(create.tenant.name), slug);
        create.tenant.team_mode = team_mode;
        create.tenant.max_per_account = MAX_PER_ACCOUNT;
        create.policy = policy_default;
        tenant_create_command(&create);
        if (engine_call(e, &create.command, err) < 0)
                return -1;
        *ret = create.tenant;
        return 0;
}

int bootstrap_user(struct engine *e, int64_t tenant, const char *name, enum role role,
                   struct user *ret, struct err *err) {
        struct user_create create = { .command.origin = operator_of(tenant) };

        if (copy_user(e, tenant, name, ret))
                return 0;
        str_copy(create.user.name, sizeof(create.user.name), name);
        create.user.role = role;
        user_create_command(&create);
        if (engine_call(e, &create.command, err) < 0)
                return -1;
        *ret = create.user;
        return 0;
}

int bootstrap_token(struct engine *e, const struct user *user, const char *label,
                    char ret[TOKEN_TEXT], struct err *err) {
        struct token_create create = { .command.origin = operator_of(user->tenant),
                                       .user = user->id };

        str_copy(create.label, sizeof(create.label), label);
        token_create_command(&create);
        if (engine_call(e, &create.command, err) < 0)
                return -1;
        str_copy(ret, TOKEN_TEXT, create.text);
        return 0;
}

static size_t count_tenants(const struct read_model *m, const struct tenant **only) {
        const struct tenant *t;
        size_t n = 0;

        /* Ids are given in order, and none is taken back. */
        for (int64_t id = 1; (t = read_model_tenant(m, id)); id++) {
                *only = t;
                n++;
        }
        return n;
}

int bootstrap_find(struct engine *e, const char *slug, struct tenant *ret, struct err *err) {
        struct read_model *m = engine_read_model(e);
        const struct tenant *only = NULL;
        size_t n;

        if (*slug) {
                if (copy_tenant(e, slug, ret))
                        return 0;
                return err_set(err, ERR_NOT_FOUND,
                               "there is no tenant \"%s\": make it with berth init --slug %s", slug,
                               slug);
        }
        read_model_lock(m);
        n = count_tenants(m, &only);
        if (n == 1)
                *ret = *only;
        read_model_unlock(m);
        if (n == 0)
                return err_set(err, ERR_NOT_FOUND,
                               "there is no tenant yet: make one with berth init");
        if (n > 1)
                return err_set(err, ERR_NOT_FOUND,
                               "there are %zu tenants: say with BERTH_TENANT whose the folder of "
                               "challenges is",
                               n);
        return 0;
}

/* Is TEXT a token of USER that may be used now? */
static bool token_good(struct engine *e, const struct user *user, const char *text) {
        struct read_model *m = engine_read_model(e);
        uint8_t digest[SHA256_SIZE];
        const struct token *t;
        bool good;

        token_digest(text, strlen(text), digest);
        read_model_lock(m);
        t = read_model_token(m, digest);
        good = t && t->user == user->id && t->revoked_ms == 0 &&
               (t->expires_ms == 0 || t->expires_ms > clock_now_ms());
        read_model_unlock(m);
        return good;
}

/* The value of KEY in FILE, lines of KEY=VALUE; "" when there is none. */
static void value_of(const char *file, const char *key, char *ret, size_t room) {
        size_t n = strlen(key);

        ret[0] = '\0';
        for (const char *line = file; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                if (strncmp(line, key, n) == 0 && line[n] == '=') {
                        size_t len = strcspn(line + n + 1, "\n");

                        str_copy(ret, len + 1 < room ? len + 1 : room, line + n + 1);
                }
        }
}

/* For people to type: nothing that looks like something else. */
static void draw_password(char ret[DEMO_PASSWORD]) {
        static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";

        for (size_t i = 0; i + 1 < DEMO_PASSWORD; i++)
                ret[i] = letters[random_below(sizeof(letters) - 1)];
        ret[DEMO_PASSWORD - 1] = '\0';
}

/* Tokens end with a change of password: before theirs is looked at. */
static int demo_password(struct engine *e, const struct user *user, char password[DEMO_PASSWORD],
                         struct err *err) {
        struct password_set set = { .command.origin = operator_of(user->tenant), .user = user->id };

        if (user->has_password && *password)
                return 0;
        draw_password(password);
        password_hash(password, set.password);
        password_set_command(&set);
        return engine_call(e, &set.command, err);
}

/* KEY: what its variables are called, "BERTH_ADMIN". */
static int demo_user(struct engine *e, int64_t tenant, const char *name, enum role role,
                     const char *key, const char *file, struct buf *out, struct err *err) {
        char token[TOKEN_TEXT], password[DEMO_PASSWORD], variable[32];
        struct user user;

        if (bootstrap_user(e, tenant, name, role, &user, err) < 0)
                return -1;
        snprintf(variable, sizeof(variable), "%s_PASSWORD", key);
        value_of(file, variable, password, sizeof(password));
        if (demo_password(e, &user, password, err) < 0)
                return -1;
        buf_printf(out, "%s=%s\n", variable, password);
        snprintf(variable, sizeof(variable), "%s_TOKEN", key);
        value_of(file, variable, token, sizeof(token));
        if (!token_good(e, &user, token) && bootstrap_token(e, &user, "demo", token, err) < 0)
                return -1;
        buf_printf(out, "%s=%s\n", variable, token);
        return 0;
}

int bootstrap_demo(struct engine *e, const char *path, const char *url, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        _cleanup_buf_ struct buf out = { 0 };
        struct tenant tenant;
        char *file = NULL;
        size_t n;

        if (file_read(path, DEMO_FILE_MAX, &arena, &file, &n, err) < 0) {
                if (err->kind != ERR_NOT_FOUND)
                        return -1;
                file = arena_printf(&arena, "%s", "");
        }
        buf_printf(&out, "BERTH_URL=%s\n", url);
        if (bootstrap_tenant(e, "demo", false, &tenant, err) < 0 ||
            demo_user(e, tenant.id, "admin", ROLE_ADMIN, "BERTH_ADMIN", file, &out, err) < 0 ||
            demo_user(e, tenant.id, "player1", ROLE_PLAYER, "BERTH_PLAYER1", file, &out, err) < 0 ||
            demo_user(e, tenant.id, "player2", ROLE_PLAYER, "BERTH_PLAYER2", file, &out, err) < 0)
                return -1;
        return file_write(path, 0600, out.data, out.len, err);
}
