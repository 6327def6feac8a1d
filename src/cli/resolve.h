/* Names on the command line: the interface takes a name or an id in bodies, and ids in paths. */
#pragma once

#include "base/json.h"
#include "cli/command.h"

/* A number for an id, text for a name; null for "none". */
json_t *resolve_named(const char *text);
/* The id of the user, or team, which may be TEXT itself.  Fail: NOT_FOUND, and as remote_list(). */
_must_check_ int resolve_user(const struct call *call, const char *text, int64_t *ret,
                              struct err *err);
_must_check_ int resolve_team(const struct call *call, const char *text, int64_t *ret,
                              struct err *err);
/* "user:5" as it is, a user's name or id as theirs: the member of BODY that names an account. */
void resolve_account(const char *text, json_t *body);

/* One call whose answer is one object: that with --json, else WHAT and its id.  Gives the exit
 * code. */
int resolve_change(struct call *call, const char *method, const char *path, const json_t *body,
                   const char *what);
