/*
 * The verbs: every change that somebody can ask for.
 *
 * Each is a struct whose first member is the command.  Fill in the command's
 * origin, done and arg and the verb's own inputs, call NAME_command() which sets run and
 * refused, then engine_submit() or engine_call().  Results are in `ret` fields once done() is
 * called with result 0.
 */
#pragma once

#include "core/engine.h"
#include "store/accounts.h"

/* Gives the origin's account a lease of CHALLENGE, or the live one it has (created = false).
 * Fails: NOT_FOUND no such visible challenge, INVALID it has no instance, FORBIDDEN no account
 * (team mode, no team), QUOTA the account's limit, UNAVAILABLE the queue is full, CONFLICT the one
 * it has is being stopped. */
struct start {
        struct command command;
        int64_t challenge;
        bool created;
        struct lease ret;
};
void start_command(struct start *s);

/* Extends by the policy's increment.  By lease id, or ("" and) by challenge.
 * Fails as lease_check_extend(). */
struct extend {
        struct command command;
        char lease[LEASE_ID_SIZE];
        int64_t challenge;
        struct lease ret;
};
void extend_command(struct extend *x);

/* Ends it: stopping, and the engine is told after the commit.  A lease that is stopping or ended is
 * given as it is.  An organiser may stop any of the tenant.  Fails: NOT_FOUND. */
struct stop {
        struct command command;
        char lease[LEASE_ID_SIZE];
        int64_t challenge;
        struct lease ret;
};
void stop_command(struct stop *s);

/* A fresh instance for the same lease and deadline.  Fails: NOT_FOUND, GONE expired, CONFLICT not
 * running. */
struct restart {
        struct command command;
        char lease[LEASE_ID_SIZE];
        struct lease ret;
};
void restart_command(struct restart *r);

/* Records that somebody asked for another account's lease. */
struct denied {
        struct command command;
        char lease[LEASE_ID_SIZE];
        const char *what; /* "extend", "logs", ... a literal */
};
void denied_command(struct denied *d);

/* Accounts.  Fail: CONFLICT the name is taken, INVALID a bad name, NOT_FOUND. */
struct tenant_create {
        struct command command;
        struct tenant tenant; /* id is set */
        struct policy policy;
};
void tenant_create_command(struct tenant_create *t);
struct team_create {
        struct command command;
        struct team team;
};
void team_create_command(struct team_create *t);
/* SELF: by who will be that user, where the tenant is open for it; else FORBIDDEN. */
struct user_create {
        struct command command;
        struct user user;
        char password[PASSWORD_SIZE]; /* in its stored form; "": none */
        bool self;
};
void user_create_command(struct user_create *u);
/* Of user.id: what FIELDS says is new.  Fails CONFLICT, too: it would leave the tenant without an
 * admin; FORBIDDEN: the user's role is above the origin's. */
enum user_field {
        USER_ROLE = 1 << 0,
        USER_TEAM = 1 << 1,
        USER_STANDING = 1 << 2,
        USER_BRACKET = 1 << 3,
};
struct user_change {
        struct command command;
        struct user user;
        unsigned fields;
};
void user_change_command(struct user_change *u);
/* The text is shown once, here; only its digest is kept. */
struct token_create {
        struct command command;
        int64_t user;
        char label[NAME_MAX_BYTES];
        int64_t expires_ms; /* 0: never */
        char text[TOKEN_TEXT];
        struct token ret;
};
void token_create_command(struct token_create *t);
struct token_revoke {
        struct command command;
        int64_t token;
        struct token ret;
};
void token_revoke_command(struct token_revoke *t);

/* Makes a tenant's challenges exactly SET (WHOLE), or adds and updates those in SET.  Ids survive
 * by slug. */
struct challenges_sync {
        struct command command;
        struct challenge **set; /* borrowed; ids ignored */
        size_t n;
        bool whole;
        size_t added, changed, hidden;
};
void challenges_sync_command(struct challenges_sync *c);

/* The operator's policy for a challenge (or, CHALLENGE 0, the tenant's); REMOVE takes it away. */
struct policy_set {
        struct command command;
        int64_t challenge;
        struct policy policy;
        bool remove;
};
void policy_set_command(struct policy_set *p);
