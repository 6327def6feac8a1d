/* What the routes of users, teams, tokens and tenants share.  See users.c. */
#pragma once

#include "api/call.h"
#include "base/json.h"

/* The tenant to make something in: the caller's, or the one that the body's "tenant" names where
 * the caller may make tenants.  Fails: FORBIDDEN, INVALID. */
_must_check_ int account_tenant(struct call *c, int64_t *ret, struct err *err);
/* The user that V (a name or an id) means in TENANT.  Fails: NOT_FOUND, INVALID naming KEY. */
_must_check_ int account_user(struct call *c, int64_t tenant, const char *key, const json_t *v,
                              struct user *ret, struct err *err);
/* Answers 409 with TEXT for a conflict, with the error as it is for all else. */
void account_refuse(struct call *c, const struct err *err, const char *text);
