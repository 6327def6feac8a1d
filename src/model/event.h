/*
 * Events: rows of the append-only log.
 *
 * Each row carries the SHA-256 of the one before it and its own fields, so
 * that a row changed, removed or put in between is found.  Checkpoints are
 * Ed25519 signatures over (seq, at_ms, hash): who can write the database but
 * has not the key cannot make a new chain that verifies.
 *
 * The digest is over a canonical text: the hash before it in hexadecimal, then
 * every field in the order of struct event, each as "<length>:<bytes>,"
 * (netstrings; numbers in decimal, kinds and actions by name).
 */
#pragma once

#include "base/buf.h"
#include "model/lease.h"

enum action {
#define ACTION(id, name, what) ACTION_##id,
#include "model/actions.def"
        _ACTION_N,
};
const char *action_name(enum action a);
int action_parse(const char *name); /* -1 when none */

/* An operator is the command line, on the store itself. */
enum actor_kind { ACTOR_SYSTEM, ACTOR_USER, ACTOR_OPERATOR };
const char *actor_kind_name(enum actor_kind k);

#define REQUEST_ID_SIZE  64
#define EVENT_DETAIL_MAX 1024

struct event {
        int64_t seq, at_ms;
        int64_t tenant;
        enum action action;
        enum actor_kind actor_kind;
        int64_t actor; /* user id, 0 for the system */
        struct account account;
        int64_t challenge;         /* 0: none */
        char lease[LEASE_ID_SIZE]; /* "": none */
        char request_id[REQUEST_ID_SIZE];
        char detail[EVENT_DETAIL_MAX]; /* a JSON object */
        uint8_t hash[SHA256_SIZE];
};

/* Builds e->detail, a JSON object, member by member, from "" or "{}" on.  What does not fit is left
 * out whole. */
void event_text(struct event *e, const char *key, const char *value);
void event_int(struct event *e, const char *key, int64_t value);

/* The value of KEY in the detail, which the two above have made, as JSON of *N bytes; NULL when it
 * has none.  Valid as long as E. */
const char *event_member(const struct event *e, const char *key, size_t *n);
/* The same as a number; DEF when there is none. */
int64_t event_number(const struct event *e, const char *key, int64_t def);

/* e->hash from PREVIOUS and the fields. */
void event_seal(struct event *e, const uint8_t previous[SHA256_SIZE]);

struct checkpoint {
        int64_t seq, at_ms;
        uint8_t hash[SHA256_SIZE];
        uint8_t public_key[SIGN_PUBLIC];
        uint8_t signature[SIGNATURE];
};
/* Fills public_key and signature. */
void checkpoint_sign(struct checkpoint *c, const uint8_t secret[SIGN_SECRET]);
/* Is C signed by the owner of PUBLIC_KEY? */
bool checkpoint_valid(const struct checkpoint *c, const uint8_t public_key[SIGN_PUBLIC]);
