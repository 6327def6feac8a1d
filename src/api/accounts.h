/* What the routes of users, teams, tokens and tenants share.  See users.c. */
#pragma once

#include "api/call.h"
#include "base/json.h"

/* Goes on in the tenant that the body's "tenant" names, where the caller may make tenants.
 * Fails: FORBIDDEN, INVALID. */
_must_check_ int account_tenant(struct call *c, struct err *err);
/* A user as JSON, with the read model locked. */
void account_write_user(struct buf *b, const struct read_model *m, const void *item);
/* The user of the call's tenant that V (a name or an id) means.  Fails: NOT_FOUND, INVALID, naming
 * KEY. */
_must_check_ int account_user(struct call *c, const char *key, const json_t *v, struct user *ret,
                              struct err *err);
