/* Tenants, teams, users and tokens in the store.  See store.h. */
#pragma once

#include "base/password.h"
#include "model/account.h"
#include "model/lease.h"
#include "store/db.h"

/* The inserts give the new row's id in the struct.  Inserts and updates fail CONFLICT on a taken
 * name, or display name. */
_must_check_ int tenants_insert(struct tx *tx, struct tenant *tenant, struct err *err);
_must_check_ int teams_insert(struct tx *tx, struct team *team, struct err *err);
/* PASSWORD: Argon2id in libsodium's form, "" for none. */
_must_check_ int users_insert(struct tx *tx, struct user *user, const char *password,
                              struct err *err);
_must_check_ int tokens_insert(struct tx *tx, struct token *token, struct err *err);

/* Fail NOT_FOUND. */
_must_check_ int users_get(struct tx *tx, int64_t id, struct user *ret, struct err *err);
_must_check_ int tokens_get(struct tx *tx, int64_t id, struct token *ret, struct err *err);
_must_check_ int teams_get(struct tx *tx, int64_t id, struct team *ret, struct err *err);
_must_check_ int users_update(struct tx *tx, const struct user *user, struct err *err);
_must_check_ int tenants_set_mode(struct tx *tx, int64_t id, bool team_mode, struct err *err);
/* The ids of the team's users, ascending, in ARENA. */
_must_check_ int teams_members(struct tx *tx, const struct team *team, struct arena *arena,
                               int64_t **ret, size_t *n, struct err *err);
_must_check_ int teams_update(struct tx *tx, const struct team *team, struct err *err);
_must_check_ int users_password(struct tx *tx, int64_t id, char ret[PASSWORD_SIZE],
                                struct err *err);
_must_check_ int users_set_password(struct tx *tx, int64_t id, const char *password,
                                    struct err *err);
/* Deletes sessions that ended a day before NOW_MS. */
_must_check_ int tokens_prune(struct tx *tx, int64_t now_ms, struct err *err);
_must_check_ int tokens_revoke(struct tx *tx, int64_t id, int64_t now_ms, struct err *err);

/* Each row once, by id; FN's -1 stops the walk and is given. */
_must_check_ int tenants_each(struct tx *tx,
                              int (*fn)(void *arg, const struct tenant *, struct err *), void *arg,
                              struct err *err);
_must_check_ int teams_each(struct tx *tx, int (*fn)(void *arg, const struct team *, struct err *),
                            void *arg, struct err *err);
_must_check_ int users_each(struct tx *tx, int (*fn)(void *arg, const struct user *, struct err *),
                            void *arg, struct err *err);
_must_check_ int tokens_each(struct tx *tx,
                             int (*fn)(void *arg, const struct token *, struct err *), void *arg,
                             struct err *err);

/* Those that are not revoked, of USER (0: any) of TENANT (0: any). */
_must_check_ int tokens_each_live(struct tx *tx, int64_t user, int64_t tenant,
                                  int (*fn)(void *arg, const struct token *, struct err *),
                                  void *arg, struct err *err);

/* Policies: the tenant's own (CHALLENGE 0) or a challenge's.  Get fails NOT_FOUND. */
_must_check_ int policies_put(struct tx *tx, int64_t tenant, int64_t challenge,
                              const struct policy *policy, struct err *err);
_must_check_ int policies_delete(struct tx *tx, int64_t tenant, int64_t challenge, struct err *err);
_must_check_ int policies_get(struct tx *tx, int64_t tenant, int64_t challenge, struct policy *ret,
                              struct err *err);
