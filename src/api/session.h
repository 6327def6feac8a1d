/* Signing in and up, and what both interfaces that do so share: ours, and CTFG's. */
#pragma once

#include "api/call.h"
#include "core/people_verbs.h"

/* Checks NAME and PASSWORD (in the request's arena) in the call's tenant and begins a session;
 * then DONE runs, with the origin filled in and the cookie in the answer.  Where that fails FAILED
 * runs: UNAUTHENTIC, FORBIDDEN banned; or RATE with *wait_us, or UNAVAILABLE which are answered
 * here. */
void session_sign_in(struct call *c, const char *name, const char *password,
                     void (*done)(struct call *c),
                     void (*failed)(struct call *c, const struct err *err));
/* Ends the call's session; DONE runs, with the cookie taken away in the answer. */
void session_sign_out(struct call *c, void (*done)(struct call *c));

/* Puts the session's cookie into the answer; TEXT "": the browser forgets it. */
void session_cookie(struct call *c, const char *text);
/* Goes on in the tenant that the body's "tenant" names, or in the daemon's own.  Fails: INVALID. */
_must_check_ int session_tenant(struct call *c, struct err *err);
/* Answers with who the call's origin is. */
void session_reply(struct call *c);

/* {user, tenant, account, role, points, ...} of the call's origin; false when its user is gone. */
bool session_write(struct call *c, struct buf *b);
/* The call's own name on the board: "" when none was chosen. */
void session_display(struct call *c, char ret[DISPLAY_NAME_SIZE], char name[NAME_MAX_BYTES]);
