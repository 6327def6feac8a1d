/*
 * The first rows: a tenant, its users, their tokens.
 *
 * Made by the same verbs as everything else, so that the log has them.  Each
 * call finds what is there already, and makes only what is missing.
 */
#pragma once

#include "core/verbs.h"

/* The tenant SLUG, made when it is missing. */
_must_check_ int bootstrap_tenant(struct engine *e, const char *slug, bool team_mode,
                                  struct tenant *ret, struct err *err);
_must_check_ int bootstrap_user(struct engine *e, int64_t tenant, const char *name, enum role role,
                                struct user *ret, struct err *err);
/* A fresh token. */
_must_check_ int bootstrap_token(struct engine *e, const struct user *user, const char *label,
                                 char ret[TOKEN_TEXT], struct err *err);

/* The tenant that the folder of challenges belongs to: SLUG, or the only one when SLUG is "".
 * Fails: NOT_FOUND, saying what to do. */
_must_check_ int bootstrap_find(struct engine *e, const char *slug, struct tenant *ret,
                                struct err *err);

/* The tenant "demo" with its users admin, player1 and player2, and PATH (0600) with URL, their
 * passwords and tokens.  Tokens in PATH that are still good stay, and so do passwords. */
_must_check_ int bootstrap_demo(struct engine *e, const char *path, const char *url,
                                struct err *err);
